"""Requests as declarations write them: texts in which `{expression}` stands for a value. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from lumeo.providers.expressions import Expression, as_text

SPREAD = "..."
"""The key whose object is spread into the one that it stands in."""
_QUOTED = "'`\""


class Unsayable(ValueError):
    """A request that cannot be made of the values that there are."""


class Template:
    """A text with expressions in braces. Raises ValueError for a brace that does not close, and as Expression."""

    __slots__ = ("_parts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._parts = tuple(_parts(text))

    def __repr__(self) -> str:
        return f"Template({self.text!r})"

    @property
    def whole(self) -> Expression | None:
        """The expression that it is, if it is one and nothing beside."""
        only = self._parts[0] if len(self._parts) == 1 else None
        return only if isinstance(only, Expression) else None

    def of(self, values: Mapping[str, Any]) -> Any:
        """Its value: of any type where it is one expression, else a text; None where a part of it is null."""
        if self.whole:
            return self.whole.of(values)
        parts = [part if isinstance(part, str) else as_text(part.of(values)) for part in self._parts]
        return None if None in parts else "".join(str(part) for part in parts)

    def url(self, values: Mapping[str, Any]) -> str:
        """A URL: values are encoded, all but `/`, except for the base and for a URL that is the whole of it.

        Raises Unsayable where a part is null, or would lead elsewhere.
        """
        if self.whole and self.whole.text != "base":
            found = self.whole.of(values)
            if not isinstance(found, str):
                raise Unsayable(f"there is no {self.whole.text}")
            return found
        made = "".join(part if isinstance(part, str) else _encoded(part, values) for part in self._parts)
        if re.search(r"/\.{1,2}(/|$)", made.partition("?")[0]):
            raise Unsayable(f"{made} leads elsewhere")
        return made

    def expressions(self) -> Iterator[Expression]:
        yield from (part for part in self._parts if isinstance(part, Expression))


def compiled(value: Any) -> Any:
    """A tree whose texts have become templates. Raises ValueError as Template."""
    if isinstance(value, str):
        return Template(value)
    if isinstance(value, list):
        return [compiled(inner) for inner in value]
    if isinstance(value, dict):
        return {name: compiled(inner) for name, inner in value.items()}
    return value


def filled(tree: Any, values: Mapping[str, Any]) -> Any:
    """A tree with its values; keys whose value is null are left out."""
    if isinstance(tree, Template):
        return tree.of(values)
    if isinstance(tree, list):
        return [filled(inner, values) for inner in tree]
    if not isinstance(tree, dict):
        return tree
    found: dict[str, Any] = {}
    for name, inner in tree.items():
        value = filled(inner, values)
        if name != SPREAD:
            found |= {name: value} if value is not None else {}
        elif isinstance(value, dict):
            found |= value
        elif value is not None:
            raise Unsayable("only an object can be spread into another")
    return found


def read(tree: Any, values: Mapping[str, Any]) -> Any:
    """The value of an expression, or of a map or a list of them, in which null stays null."""
    if tree is None or isinstance(tree, Expression):
        return tree and tree.of(values)
    if isinstance(tree, list):
        return [read(inner, values) for inner in tree]
    return {name: read(inner, values) for name, inner in tree.items()}


def expressions(tree: Any) -> Iterator[Expression]:
    """All expressions in a tree of templates, or of expressions."""
    if isinstance(tree, Expression):
        yield tree
    elif isinstance(tree, Template):
        yield from tree.expressions()
    elif isinstance(tree, list | tuple):
        for inner in tree:
            yield from expressions(inner)
    elif isinstance(tree, dict):
        yield from expressions(list(tree.values()))


def fields(trees: Collection[Any], name: str) -> set[str]:
    """Which fields of a value templates ask for: `account.key` asks for `key` of `account`."""
    texts = [found.text for found in expressions(list(trees))]
    return {word for text in texts for word in re.findall(rf"(?<![\w.]){name}\.(\w+)", text)}


def _encoded(part: Expression, values: Mapping[str, Any]) -> str:
    text = as_text(part.of(values))
    if text is None:
        raise Unsayable(f"there is no {part.text}")
    try:
        return text if part.text == "base" else quote(text, safe="/")
    except UnicodeEncodeError as error:
        raise Unsayable(f"{part.text} is no text that a URL can say") from error


def _parts(text: str) -> Iterator[str | Expression]:
    literal, at = "", 0
    while at < len(text):
        if text[at : at + 2] in {"{{", "}}"}:
            literal, at = literal + text[at], at + 2
        elif text[at] == "{":
            if literal:
                yield literal
            end = _closing(text, at)
            yield Expression(text[at + 1 : end].strip())
            literal, at = "", end + 1
        elif text[at] == "}":
            raise ValueError(f"{text!r} closes a brace that it does not open: a literal one is written twice")
        else:
            literal, at = literal + text[at], at + 1
    if literal or not text:
        yield literal


def _closing(text: str, opening: int) -> int:
    """Where the brace ends that opens there: braces in quotes do not count, nor do pairs."""
    depth, quoted, at = 0, "", opening
    while at < len(text):
        letter = text[at]
        if quoted:
            at += letter == "\\"
            quoted = "" if letter == quoted else quoted
        elif letter in _QUOTED:
            quoted = letter
        else:
            depth += {"{": 1, "}": -1}.get(letter, 0)
            if depth == 0:
                return at
        at += 1
    raise ValueError(f"{text!r} opens a brace that it does not close")
