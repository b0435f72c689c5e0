"""What a client gave its user, in the words of the page."""

from collections import Counter
from typing import Any

from tests.clients.lane import Raised

PLURALS = {"file": "files", "URL": "URLs", "text": "texts", "path": "paths", "value": "values"}


def said(output: Any) -> str:
    """An output: `file`, `list of 2 URLs`, `nothing`."""
    if output["kind"] in {"list", "iterator"}:
        return f"{output['kind']} of {_counted(output['items'])}"
    if output["kind"] == "object":
        return f"object with {_counted([part for part in leaves(output) if part['kind'] in {'file', 'URL'}])}"
    kind: str = output["kind"]
    return kind


def raised(error: Raised) -> str:
    """An error: its class and its HTTP status, else what it says. Of those without a class: how it ended."""
    if error.name == "HttpError":
        return str(error.status)
    if error.name == "CurlError":
        return f"exit {error.message}"
    if error.name == "Ended":
        return f"`{error.status}`: {error.message}" if error.message else f"`{error.status}`"
    return f"`{error.name}` {error.status}" if error.status else f"`{error.name}`: {error.message}"


def leaves(output: Any) -> list[Any]:
    """All parts of an output that are no list and no object."""
    if output["kind"] in {"list", "iterator"}:
        return [leaf for item in output["items"] for leaf in leaves(item)]
    if output["kind"] == "object":
        return [leaf for part in output["fields"].values() for leaf in leaves(part)]
    return [output]


def text(output: Any) -> str:
    """All text of an output, put together."""
    return "".join(leaf["text"] for leaf in leaves(output))


def _counted(items: list[Any]) -> str:
    counts = Counter(item["kind"] for item in items)
    return ", ".join(f"{count} {PLURALS[kind] if count > 1 else kind}" for kind, count in counts.items())
