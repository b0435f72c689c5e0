"""The template's alarms, and what CloudWatch would make of them: enough of its arithmetic for ours."""

import json
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.template.documents import TEMPLATE, Document, of_type, text, walk

ALARMS: Mapping[str, Document] = of_type("AWS::CloudWatch::Alarm")
OURS = "Lumeo/${AWS::StackName}"
"""The namespace of our own metrics."""
DEFAULTS = {name: parameter["Default"] for name, parameter in TEMPLATE["Parameters"].items()}

STATISTICS: Mapping[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "SampleCount": lambda values: float(len(values)),
}
OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
}
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "SUM": sum,
    "FILL": lambda value, instead: instead if value is None else value,
    "IF": lambda condition, then, otherwise: then if condition else otherwise,
}


@dataclass(frozen=True, slots=True)
class Watched:
    """One metric that an alarm looks at. `by`: its dimensions, with what the template says of them."""

    id: str
    namespace: str
    name: str
    statistic: str
    period: int
    by: Mapping[str, str]


def slug(alarm: Document) -> str:
    """The end of its name, which is the section of docs/operations.md."""
    return text(alarm["AlarmName"]).removeprefix("${AWS::StackName}-")


def watched(alarm: Document) -> list[Watched]:
    """What it looks at."""
    if "MetricName" in alarm:
        return [_watched("value", alarm, alarm["Statistic"], alarm["Period"])]
    found = [one for one in alarm["Metrics"] if "MetricStat" in one]
    return [
        _watched(one["Id"], one["MetricStat"]["Metric"], one["MetricStat"]["Stat"], one["MetricStat"]["Period"])
        for one in found
    ]


def _watched(name: str, metric: Document, statistic: str, period: int) -> Watched:
    by = {one["Name"]: text(one["Value"]) for one in metric.get("Dimensions", [])}
    return Watched(name, text(metric["Namespace"]), metric["MetricName"], statistic, period, by)


def expression(alarm: Document, parameters: Mapping[str, Any] | None = None) -> str | None:
    """Its arithmetic, if it has some, with the parameters in it."""
    found = [text(one["Expression"]) for one in alarm.get("Metrics", []) if "Expression" in one]
    if not found:
        return None
    (said,) = found
    return filled(said, parameters)


def filled(said: str, parameters: Mapping[str, Any] | None = None) -> str:
    """A text with parameters' values in it."""
    values = {**DEFAULTS, **(parameters or {})}
    return re.sub(r"\$\{(\w+)\}", lambda name: str(values.get(name[1], f"${{{name[1]}}}")), said)


def rings(
    alarm: Document, periods: Iterable[Mapping[str, list[float]]], parameters: Mapping[str, Any] | None = None
) -> bool:
    """Whether it does after these periods, the last ones that there were.

    The values of each are by name of a metric; of one function alone, by `Errors of CreateFunction`. What CloudWatch
    does besides is left out: where data are missing it looks further back, and so rings some minutes later; and FILL is
    taken to fill in also what has never been sent.
    """
    limit = alarm["Threshold"]
    if isinstance(limit, dict):
        limit = {**DEFAULTS, **(parameters or {})}[limit["Ref"]]
    broken = [_breaks(alarm, values, float(limit), parameters) for values in periods]
    last = broken[-alarm["EvaluationPeriods"] :]
    return len(last) == alarm["EvaluationPeriods"] and all(last)


def _breaks(
    alarm: Document, values: Mapping[str, list[float]], limit: float, parameters: Mapping[str, Any] | None
) -> bool:
    seen = {one.id: _seen(one, values) for one in watched(alarm)}
    said = expression(alarm, parameters)
    value = _computed(said, seen) if said else next(iter(seen.values()))
    if value is None:
        return bool(alarm["TreatMissingData"] == "breaching")
    return OPERATORS[alarm["ComparisonOperator"]](value, limit)


def _seen(one: Watched, values: Mapping[str, list[float]]) -> float | None:
    whose = "".join(one.by.values()).strip("${}")
    found = values.get(f"{one.name} of {whose}", values.get(one.name))
    return STATISTICS[one.statistic](found) if found else None


def _computed(said: str, seen: Mapping[str, float | None]) -> float | None:
    """None where a value that it needs is missing."""
    try:
        return float(eval(said, {"__builtins__": {}, **FUNCTIONS}, dict(seen)))
    except TypeError:
        return None


def dashboard() -> Document:
    """What the dashboard says, with what it refers to still as it is written."""
    (found,) = of_type("AWS::CloudWatch::Dashboard").values()
    body: Document = json.loads(text(found["DashboardBody"]))
    return body


def shown() -> set[str]:
    """Names of our metrics that are on the dashboard."""
    said = [one for one in walk(dashboard()) if isinstance(one, str)]
    searched = {name for one in said for name in re.findall(r'MetricName="(\w+)"', one)}
    listed = [one for one in walk(dashboard()) if isinstance(one, list) and one[:1] == [OURS]]
    return searched | {one[1] for one in listed}
