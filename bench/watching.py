"""How many metrics and alarms there are to be paid for: counted in the template, and in what a prediction prints."""

from functools import cache

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


def _looks_at(alarm: dict[str, object]) -> int:
    found = alarm.get("Metrics")
    return sum("MetricStat" in one for one in found) if isinstance(found, list) else 1
