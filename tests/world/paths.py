"""As much of Amazon States Language's paths, payload templates and choices as the project's machine uses.

What is not known here is refused, so that the machine cannot come to mean one thing here and another on AWS.
"""

import re
from collections.abc import Mapping
from typing import Any

_PATH = re.compile(r"\$(\$)?((?:\.[A-Za-z_][A-Za-z0-9_]*)*)")
_FORMAT = re.compile(r"States\.Format\('([^'\\]*)'((?:, *\$[$.\w]*)*)\)")


class Unknown(NotImplementedError):
    """Something in the definition that these pages do not know."""


class Absent(LookupError):
    """A path that leads nowhere."""


def at(path: str, given: Any, context: Mapping[str, Any]) -> Any:
    """What stands at `$.a.b`, or in the context object at `$$.A.B`. Raises Absent."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise Unknown(f"the path {path}")
    value: Any = context if found[1] else given
    for name in found[2].split(".")[1:]:
        if not isinstance(value, Mapping) or name not in value:
            raise Absent(path)
        value = value[name]
    return value


def filled(template: Any, given: Any, context: Mapping[str, Any]) -> Any:
    """A payload template with its `.$` fields filled in."""
    if isinstance(template, list):
        return [filled(value, given, context) for value in template]
    if not isinstance(template, Mapping):
        return template
    made = {}
    for name, value in template.items():
        if name.endswith(".$"):
            made[name.removesuffix(".$")] = _evaluated(value, given, context)
        else:
            made[name] = filled(value, given, context)
    return made


def holds(rule: Mapping[str, Any], given: Any, context: Mapping[str, Any]) -> bool:
    """Whether a Choice rule does."""
    if "And" in rule:
        return all(holds(inner, given, context) for inner in rule["And"])
    ((operator, wanted),) = (
        (name, value) for name, value in rule.items() if name not in {"Variable", "Next", "Comment"}
    )
    if operator == "IsPresent":
        try:
            at(rule["Variable"], given, context)
        except Absent:
            return wanted is False
        return wanted is True
    if operator == "StringEquals":
        return bool(at(rule["Variable"], given, context) == wanted)
    raise Unknown(f"the comparison {operator}")


def _evaluated(expression: str, given: Any, context: Mapping[str, Any]) -> Any:
    if not expression.startswith("States."):
        return at(expression, given, context)
    found = _FORMAT.fullmatch(expression)
    if found is None:
        raise Unknown(f"the intrinsic function {expression}")
    pieces = found[1].split("{}")
    values = [at(path.strip(), given, context) for path in found[2].split(",")[1:]]
    if len(values) != len(pieces) - 1:
        raise Unknown(f"the number of values in {expression}")
    return pieces[0] + "".join(f"{value}{piece}" for value, piece in zip(values, pieces[1:], strict=True))
