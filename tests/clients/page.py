"""docs/compatibility.md: its table, a row for each scenario and a column for each client."""

import os
from collections.abc import Mapping
from pathlib import Path

from tests.clients.clients import CLIENTS

PATH = Path(__file__).parents[2] / "docs" / "compatibility.md"
WRITING = os.environ.get("COMPATIBILITY") == "write"
BEGIN = "<!-- The table: written by `make compatibility` -->"
END = "<!-- The table ends -->"
NOT_THERE = "—"

Cells = Mapping[tuple[str, str], str]
"""By a row's title and a client's name."""


def read() -> dict[tuple[str, str], str]:
    """The cells as the page has them, the top left to the bottom right."""
    lines = PATH.read_text().partition(BEGIN)[2].partition(END)[0].strip().splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {(row[0], client): cell for row in rows for client, cell in zip(CLIENTS, row[1:], strict=True)}


def write(rows: list[str], cells: Cells) -> None:
    """Put a table with these rows in place of the one that is there."""
    head, _, rest = PATH.read_text().partition(BEGIN)
    table = [_line(["", *(client.title for client in CLIENTS.values())]), "|---" * (len(CLIENTS) + 1) + "|"]
    table += [_line([row, *(cells.get((row, client), NOT_THERE) for client in CLIENTS)]) for row in rows]
    PATH.write_text("\n".join([head + BEGIN, "", *table, "", END + rest.partition(END)[2]]))


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
