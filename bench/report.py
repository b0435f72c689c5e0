"""What a part of the measurements brings, and how it is written down: JSON, and Markdown with plots."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
DATA = ROOT / "docs" / "benchmarks.json"
PLOTS = ROOT / "docs" / "benchmarks"

Say = Callable[[str], None]
"""Tells whoever waits what is being measured."""


@dataclass(frozen=True, slots=True)
class Goal:
    """`at most 1.1`, `at least 0.9`."""

    side: Literal["at most", "at least"]
    bound: float

    def met_by(self, value: float) -> bool:
        return value <= self.bound if self.side == "at most" else value >= self.bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number. `limit`: what stands in the way where the goal is not reached."""

    name: str
    value: float
    unit: str = ""
    goal: Goal | None = None
    limit: str = ""

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return ""
        return "reached" if self.goal.met_by(self.value) else f"not reached: {self.limit or 'see below'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Numbers side by side; cells are texts or numbers."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str | float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A picture under docs/benchmarks/, which its part has drawn."""

    file: str
    caption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One chapter of the page. `method`: how it was measured, in Markdown; `raw`: what else the JSON keeps."""

    title: str
    method: str
    figures: Sequence[Figure]
    tables: Sequence[Table] = ()
    plots: Sequence[Plot] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)


def number(value: str | float) -> str:
    """Three significant digits, which is more than the machine gives twice."""
    if isinstance(value, str):
        return value
    whole = isinstance(value, int) or abs(value) >= 1000
    return f"{value:,.0f}" if whole else f"{value:#.3g}".rstrip(".")


def markdown(parts: Mapping[str, Part], about: Sequence[str]) -> str:
    """The whole page."""
    lines = ["# Measured", "", *about, ""]
    for part in parts.values():
        lines += [f"## {part.title}", "", part.method.strip(), ""]
        if part.figures:
            lines += table(["what", "measured", "goal", ""], [_row(figure) for figure in part.figures])
        for each in part.tables:
            lines += [f"{each.caption}", "", *table(each.head, [[number(cell) for cell in row] for row in each.rows])]
        for plot in part.plots:
            lines += [f"![{plot.caption}](benchmarks/{plot.file})", "", f"*{plot.caption}*", ""]
    return "\n".join(lines).rstrip() + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table and an empty line."""
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows), ""]


def _row(figure: Figure) -> list[str]:
    goal = f"{figure.goal.side} {number(figure.goal.bound)}" if figure.goal else ""
    return [figure.name, f"{number(figure.value)} {figure.unit}".strip(), goal, figure.verdict]


def write(parts: Mapping[str, Part], about: Sequence[str]) -> None:
    """The page and its data."""
    PAGE.write_text(markdown(parts, about))
    data = {"about": list(about), "parts": {name: asdict(part) for name, part in parts.items()}}
    DATA.write_text(json.dumps(data, indent=1, default=str) + "\n")
