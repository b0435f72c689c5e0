"""A YAML document that is read key by key: what is wrong is collected, each with its line, in words for its author."""

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeVar

from lumeo.providers.expressions import Expression, close_to
from lumeo.providers.templates import Template
from lumeo.providers.yaml_lines import Place

Word = TypeVar("Word", bound=str)

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Sheet:
    """One document; `faults` are `(line, message)`."""

    def __init__(self, lines: Mapping[Place, int]) -> None:
        self.faults: list[tuple[int, str]] = []
        self._lines = lines

    def fault(self, place: Place, message: str) -> None:
        """Note what is wrong at a place, or at the nearest one above it that is there."""
        while place and place not in self._lines:
            place = place[:-1]
        self.faults.append((self._lines.get(place, 1), message))


class Section:
    """A map of the document; what is asked for and not there, or of another type, is noted, and a stand-in answered."""

    def __init__(self, sheet: Sheet, value: Any, place: Place, known: Collection[str]) -> None:
        self.sheet = sheet
        self.place = place
        self._values: dict[str, Any] = value if isinstance(value, dict) else {}
        self._is_one = isinstance(value, dict)
        if not isinstance(value, dict):
            sheet.fault(place, f"{self.name} should be a map with {', '.join(known)}")
        for name in self._values:
            if name not in known:
                hint = close_to(name, known) or f"; there is {', '.join(known)}"
                sheet.fault((*place, name), f"nobody knows the key {name!r}{' in ' + self.name if place else ''}{hint}")

    @property
    def name(self) -> str:
        return ".".join(str(part) for part in self.place) or "the declaration"

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def fault(self, name: str, message: str) -> None:
        """Note what is wrong with one of its values."""
        self.sheet.fault((*self.place, name), message)

    def raw(self, name: str, *, required: bool = False) -> Any:
        """A value of whatever type."""
        if required and name not in self and self._is_one:
            self.sheet.fault(self.place, f"{self.name} has no {name!r}, which it needs")
        return self._values.get(name)

    def text(self, name: str, default: str | None = None) -> str:
        """A text; required where there is no default."""
        value = self.raw(name, required=default is None)
        if value is None:
            return default or ""
        if not isinstance(value, str):
            self.fault(name, f"{name} should be a text: put it in quotes, not {value!r}")
            return default or ""
        return value

    def number(self, name: str, default: float | None = None) -> float:
        value = self.raw(name, required=default is None)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            if value is not None:
                self.fault(name, f"{name} should be a number, not {value!r}")
            return default or 1
        return value

    def flag(self, name: str) -> bool:
        value = self._values.get(name, False)
        if not isinstance(value, bool):
            self.fault(name, f"{name} should be true or false, not {value!r}")
        return value is True

    def seconds(self, name: str) -> int:
        """A duration such as `10s`, `5m`, `24h` or `7d`."""
        value = self.raw(name, required=True)
        found = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", str(value))
        if found is None:
            if value is not None:
                self.fault(name, f"{name} should be a duration such as 10s, 5m, 24h or 7d, not {value!r}")
            return 1
        return int(found[1]) * _UNITS[found[2]]

    def one_of(self, name: str, known: Collection[Word], default: Word | None = None) -> Word | None:
        """One of some words."""
        value = self.raw(name)
        if value is None and default is None and self._is_one:
            self.sheet.fault(self.place, f"{self.name} has no {name!r}: one of {', '.join(known)}")
        if value is None:
            return default
        found = next((word for word in known if word == value), None)
        if found is None:
            self.fault(name, f"{name} is one of {', '.join(known)}, not {value!r}{close_to(str(value), list(known))}")
        return found

    def statuses(self, name: str, default: Collection[int] = ()) -> frozenset[int]:
        """HTTP statuses."""
        value = self._values.get(name, list(default))
        right = isinstance(value, list) and all(type(one) is int and 100 <= one < 600 for one in value)
        right = right and (bool(value) or name not in self)
        if not right:
            self.fault(name, f"{name} should be a list of HTTP statuses such as [200, 202], not {value!r}")
        return frozenset(value) if right else frozenset()

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self._values.get(name) or []
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self.fault(name, f"{name} should be a list of texts, not {value!r}")
            return ()
        return tuple(value)

    def section(self, name: str, known: Collection[str]) -> "Section | None":
        """A map in it, if it is there."""
        return Section(self.sheet, self._values[name], (*self.place, name), known) if name in self else None

    def sections(self, name: str, known: Collection[str]) -> "Iterator[Section]":
        """The maps of a list."""
        value = self._values.get(name) or []
        if not isinstance(value, list):
            self.fault(name, f"{name} should be a list, not {value!r}")
            return
        for n, one in enumerate(value):
            yield Section(self.sheet, one, (*self.place, name, n), known)

    def items(self, name: str) -> "Iterator[tuple[str, Any]]":
        """The keys and values of a map whose keys are the author's."""
        value = self._values.get(name) or {}
        if not isinstance(value, dict):
            self.fault(name, f"{name} should be a map, not {value!r}")
            return
        yield from value.items()

    def expression(self, name: str, names: Collection[str] | None, *, required: bool = False) -> Expression | None:
        """An expression that may begin with these names."""
        value = self.raw(name, required=required)
        return self._expression(value, (*self.place, name), names) if value is not None else None

    def expressions(self, name: str, names: Collection[str]) -> dict[str, Expression]:
        """A map of expressions."""
        found = {key: self._expression(value, (*self.place, name, key), names) for key, value in self.items(name)}
        return {key: value for key, value in found.items() if value is not None}

    def tree(self, name: str, names: Collection[str]) -> Any:
        """An expression, or a map or a list of them."""
        return self._tree(
            self.raw(name, required=True), (*self.place, name), lambda leaf, at: self._expression(leaf, at, names)
        )

    def template(self, name: str, names: Collection[str], default: str | None = None) -> Template | None:
        """A text with expressions in braces."""
        value = self.raw(name, required=default is None)
        value = default if value is None else value
        return None if value is None else self._template(value, (*self.place, name), names)

    def templates(self, name: str, names: Collection[str]) -> dict[str, Template]:
        """A map of templates."""
        found = {key: self._template(value, (*self.place, name, key), names) for key, value in self.items(name)}
        return {key: value for key, value in found.items() if value is not None}

    def body(self, name: str, names: Collection[str]) -> Any:
        """A template, or a map or a list of them, and of other JSON."""
        value = self.raw(name)
        return self._tree(value, (*self.place, name), lambda leaf, at: self._template(leaf, at, names), other=True)

    def _tree(self, value: Any, place: Place, leaf: Callable[[Any, Place], Any], *, other: bool = False) -> Any:
        if isinstance(value, dict):
            return {key: self._tree(inner, (*place, key), leaf, other=other) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._tree(inner, (*place, n), leaf, other=other) for n, inner in enumerate(value)]
        if other and not isinstance(value, str):
            return value
        return leaf(value, place) if value is not None else None

    def _expression(self, value: Any, place: Place, names: Collection[str] | None) -> Expression | None:
        if not isinstance(value, str):
            self.sheet.fault(place, f"{place[-1]} should be an expression, in quotes, not {value!r}")
            return None
        try:
            found = Expression(value)
        except ValueError as error:
            self.sheet.fault(place, str(error))
            return None
        for fault in found.faults(names):
            self.sheet.fault(place, f"{value!r}: {fault}")
        return found

    def _template(self, value: Any, place: Place, names: Collection[str]) -> Template | None:
        if not isinstance(value, str):
            self.sheet.fault(place, f"{place[-1]} should be a text, in quotes, not {value!r}")
            return None
        try:
            found = Template(value)
        except ValueError as error:
            self.sheet.fault(place, str(error))
            return None
        for expression in found.expressions():
            for fault in expression.faults(names):
                self.sheet.fault(place, f"{value!r}: {fault}")
        return found
