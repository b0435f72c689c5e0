"""How much there is to be paid for to know how it is: counted in the template, and in what a prediction prints."""

import json
from functools import cache
from typing import Any

from bench.report import ROOT
from local.template import Template
from lumeo.metrics import ALARMED, Metric

USUAL = frozenset(
    {
        Metric.ACCEPTED,
        Metric.SUBMITTED,
        Metric.WAITING_SECONDS,
        Metric.SUCCEEDED,
        Metric.PROVIDER_SECONDS,
        Metric.OUTPUT_BYTES,
        Metric.WEBHOOKS_LOST,
    }
)
"""What predictions print where all goes well: tests/integration/test_lines.py."""


def metrics(*, usual: bool, further: bool = False) -> int:
    """Metrics of one provider, and those over all; of a `further` provider the latter are there already."""
    names = USUAL if usual else frozenset(Metric)
    return len(names) + (0 if further else len(names & ALARMED))


@cache
def alarmed(*, spend: bool) -> int:
    """Metrics that alarms look at, as each is billed; with the one on what is spent, or without."""
    alarms = Template(ROOT / "template.yaml").resources("AWS::CloudWatch::Alarm")
    return sum(_looks_at(alarm) for name, alarm in alarms.items() if spend or name != "SpendAlarm")


@cache
def shown(providers: int) -> int:
    """Metrics that the dashboard shows: what it searches for has one of each provider. Statistics are counted apart."""
    (dashboard,) = Template(ROOT / "template.yaml").resources("AWS::CloudWatch::Dashboard").values()
    widgets = json.loads(dashboard["DashboardBody"])["widgets"]
    rows: list[list[Any]] = [row for widget in widgets for row in widget["properties"].get("metrics", [])]
    computed = [row[0]["expression"] for row in rows if isinstance(row[0], dict)]
    return len(rows) - len(computed) + providers * sum("SEARCH" in one for one in computed)


def _looks_at(alarm: dict[str, object]) -> int:
    found = alarm.get("Metrics")
    return sum("MetricStat" in one for one in found) if isinstance(found, list) else 1
