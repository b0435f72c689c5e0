"""What the functions print, as CloudWatch reads it: lines of JSON, and the metrics that some of them hold."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest


@dataclass(frozen=True, slots=True)
class Point:
    """One value of one metric. `by`: its dimensions, with their values."""

    namespace: str
    name: str
    unit: str
    by: Mapping[str, str]
    value: float


@dataclass(slots=True)
class Printed:
    """All that was printed since the last look."""

    capsys: pytest.CaptureFixture[str]
    logged: list[str]
    _lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Each line. Raises for what is no JSON."""
        texts = self.capsys.readouterr().out.splitlines() + self.logged
        self.logged.clear()
        self._lines += [json.loads(text) for text in texts if text]
        return self._lines

    @property
    def measured(self) -> list[dict[str, Any]]:
        """The lines that hold metrics."""
        return [line for line in self.lines if "_aws" in line]

    @property
    def points(self) -> list[Point]:
        """Every value that CloudWatch takes from them."""
        return [point for line in self.measured for point in points(line)]

    def of(self, name: str, **by: str) -> list[float]:
        """The values of one metric under exactly these dimensions."""
        return [point.value for point in self.points if (point.name, point.by) == (name, by)]


def points(line: Mapping[str, Any]) -> list[Point]:
    """What one line holds.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    assert isinstance(line["_aws"]["Timestamp"], int)
    found = []
    for directive in line["_aws"]["CloudWatchMetrics"]:
        assert directive.keys() == {"Namespace", "Dimensions", "Metrics"}
        for names in directive["Dimensions"]:
            by = {name: line[name] for name in names}
            assert all(isinstance(value, str) and value for value in by.values())
            for metric in directive["Metrics"]:
                values = line[metric["Name"]]
                assert 0 < len(values) <= 100
                found += [
                    Point(directive["Namespace"], metric["Name"], metric["Unit"], by, float(value)) for value in values
                ]
    return found
