"""JMESPath (https://jmespath.org) as declarations use it: what fails is null, and its traps are found on load. Pure."""

import difflib
import json
import math
import re
import warnings
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError, LexerError
from jmespath.functions import Functions, signature

_RAISE_ON_NULL = {
    "contains": "has(x, 'part')",
    "starts_with": "has(x, 'part')",
    "ends_with": "has(x, 'part')",
    "length": "size(x)",
    "to_number": "num(x)",
    "to_string": "text(x)",
}
"""JMESPath's own functions that fail, or turn null into the text "null", and what takes null instead."""


_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class _NullSafe(Functions):
    """JMESPath's functions, and those that an absent value does not break."""

    @signature({"types": []})
    def _func_lower(self, value: Any) -> str | None:
        return value.lower() if isinstance(value, str) else None

    @signature({"types": []}, {"types": []})
    def _func_has(self, value: Any, part: Any) -> bool:
        if isinstance(value, str):
            return isinstance(part, str) and part in value
        return isinstance(value, list) and part in value

    @signature({"types": []})
    def _func_size(self, value: Any) -> int:
        return len(value) if isinstance(value, str | list | dict) else 0

    @signature({"types": []})
    def _func_num(self, value: Any) -> float | int | None:
        if isinstance(value, str):
            value = float(value) if _NUMBER.fullmatch(value) else None
        right = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return value if right else None

    @signature({"types": []}, {"types": []})
    def _func_parts(self, value: Any, separator: Any) -> list[str] | None:
        return value.split(separator) if isinstance(value, str) and isinstance(separator, str) and separator else None

    @signature({"types": []}, {"types": []})
    def _func_ratio(self, part: Any, whole: Any) -> float | None:
        part, whole = self._func_num(part), self._func_num(whole)
        return part / whole if part is not None and whole else None

    @signature({"types": []})
    def _func_text(self, value: Any) -> str | None:
        return as_text(value)


_OPTIONS = jmespath.Options(custom_functions=_NullSafe())


class Expression:
    """One expression. Raises ValueError, in words for whoever wrote it, where it is none."""

    __slots__ = ("_compiled", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                self._compiled = jmespath.compile(text)
        except JMESPathError as error:
            raise ValueError(_syntax(text, error)) from error
        except Warning as error:
            raise ValueError(f"{text!r}: backticks hold JSON; texts stand in single quotes, as in 'done'") from error

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def of(self, values: Mapping[str, Any]) -> Any:
        """Its value; None where it cannot be evaluated."""
        try:
            return self._compiled.search(values, options=_OPTIONS)
        except (JMESPathError, ArithmeticError, ValueError, TypeError, RecursionError):
            return None

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether its value is true as JMESPath sees it: not null, false, or empty."""
        value = self.of(values)
        return value is not None and value is not False and value not in ("", [], {})

    def faults(self, names: Collection[str] | None) -> list[str]:
        """What it surely does not mean; `names`: all that it may begin with, None where that is anybody's."""
        return list(_faults(self._compiled.parsed, names, at_root=True))


def as_text(value: Any) -> str | None:
    """A text as it is, null as null, all else as JSON."""
    if isinstance(value, str) or value is None:
        return value
    try:
        return json.dumps(value, separators=(",", ":"))
    except RecursionError:  # What is nested so deeply says nothing to anybody.
        return None


def close_to(word: str, known: Collection[str]) -> str:
    """`: did you mean …?` where there is something that may have been meant."""
    found = difflib.get_close_matches(word, known, n=1)
    return f": did you mean {found[0]}?" if found else ""


def _syntax(text: str, error: JMESPathError) -> str:
    said = str(error).splitlines()[0].rstrip(".: ")
    if text.startswith("{") and text.endswith("}"):
        return f"{text!r} is no JMESPath: braces are for requests, here it is {text[1:-1].strip()!r}"
    if re.search(r"[^=<>!]=[^=]", text):
        return f"{text!r} is no JMESPath: what is equal is written =="
    if re.search(r"[=<>]\s*-?\d", text):
        return f"{text!r} is no JMESPath: numbers stand in backticks, as in http.status == `404`"
    if isinstance(error, LexerError) and "'" in text:
        return f"{text!r} is no JMESPath: texts stand in single quotes, as in 'COMPLETED' ({said})"
    return f"{text!r} is no JMESPath: {said}"


def _faults(node: Mapping[str, Any], names: Collection[str] | None, *, at_root: bool) -> Iterator[str]:
    # A slice has numbers for children.
    kind, children = node["type"], node["children"] if node["type"] != "slice" else []
    if kind == "field" and at_root and names is not None and node["value"] not in names:
        name = node["value"]
        hint = close_to(name, names) or f" (texts stand in single quotes: '{name}')"
        yield f"nothing is called {name!r} here{hint}; there is {', '.join(sorted(names))}"
    if kind == "function_expression":
        yield from _function(node["value"], len(children))
    if children and children[0]["type"] == "not_expression" and kind in _FOLLOWING:
        yield "!a.b means (!a).b, which is null: write !(a.b)"
    for n, child in enumerate(children):
        inside = (kind in _FOLLOWING and n > 0) or kind == "expref"
        yield from _faults(child, names, at_root=at_root and not inside)


_FOLLOWING = {"subexpression", "index_expression", "projection", "value_projection", "filter_projection", "pipe"}
"""What evaluates all but its first child on what came of that."""


def _function(name: str, given: int) -> Iterator[str]:
    if name in _RAISE_ON_NULL:
        yield f"{name}() fails on null, and what a provider leaves out is null: write {_RAISE_ON_NULL[name]}"
    elif name not in _NullSafe.FUNCTION_TABLE:
        yield f"there is no function {name}(){close_to(name, _NullSafe.FUNCTION_TABLE)}"
    else:
        signature_of = _NullSafe.FUNCTION_TABLE[name]["signature"]
        more = bool(signature_of) and signature_of[-1].get("variadic", False)
        if given < len(signature_of) or (given > len(signature_of) and not more):
            yield f"{name}() takes {len(signature_of)} arguments{' or more' if more else ''}, not {given}"
