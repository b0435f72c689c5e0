"""Metrics: the closed list of their names, and how what happened at one moment becomes one line of log.

CloudWatch reads them from there (its embedded metric format), so that they cost no call. The provider is the only
dimension, since each value of a dimension is billed; model and prediction stand beside it, to be searched for.
docs/operations.md says what each one tells.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from lumeo.prediction import Prediction
from lumeo.telemetry import logger

if TYPE_CHECKING:
    from aws_lambda_powertools.metrics.provider.cloudwatch_emf.types import CloudWatchEMFOutput


class Metric(StrEnum):
    """Every metric that there is. The unit is the end of its name, or else a count."""

    ACCEPTED = "Accepted"
    SUBMITTED = "Submitted"
    WAITING_SECONDS = "WaitingSeconds"

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"
    CONTENT_REJECTED = "ContentRejected"
    PROVIDER_SECONDS = "ProviderSeconds"
    OUTPUT_BYTES = "OutputBytes"

    ACCOUNT_REFUSALS = "AccountRefusals"
    REQUEST_REFUSALS = "RequestRefusals"
    THROTTLED = "Throttled"
    UNREACHABLE = "Unreachable"
    LOOKS_WITHOUT_ANSWER = "LooksWithoutAnswer"
    PAST_DEADLINE_SECONDS = "PastDeadlineSeconds"

    COPY_TROUBLES = "CopyTroubles"
    COPIES_GIVEN_UP = "CopiesGivenUp"
    WEBHOOKS_LOST = "WebhooksLost"
    FORGED_WEBHOOKS = "ForgedWebhooks"
    ANNOUNCEMENTS_GIVEN_UP = "AnnouncementsGivenUp"

    ADOPTED = "Adopted"
    ORPHANS = "Orphans"
    SWEPT = "Swept"
    OVERTAKEN = "Overtaken"

    @property
    def unit(self) -> MetricUnit:
        """CloudWatch's word for what it is counted in."""
        units = {"Seconds": MetricUnit.Seconds, "Bytes": MetricUnit.Bytes}
        return next((unit for end, unit in units.items() if self.endswith(end)), MetricUnit.Count)


ALARMED = frozenset(
    {
        Metric.SUBMITTED,
        Metric.WAITING_SECONDS,
        Metric.PROVIDER_SECONDS,
        Metric.ACCOUNT_REFUSALS,
        Metric.THROTTLED,
        Metric.PAST_DEADLINE_SECONDS,
        Metric.COPY_TROUBLES,
        Metric.COPIES_GIVEN_UP,
        Metric.WEBHOOKS_LOST,
    }
)
"""What alarms look at. They cannot look for providers, so these are counted over all of them too: billed once more."""


class _Line(EphemeralMetrics):
    """One line: each metric by its provider, and what alarms look at without any dimension besides."""

    def serialize_metric_set(self, *args: Any, **kwargs: Any) -> "CloudWatchEMFOutput":
        line = super().serialize_metric_set(*args, **kwargs)
        by_provider = line["_aws"]["CloudWatchMetrics"]
        namespace, alarmed = (
            by_provider[0]["Namespace"],
            [one for one in by_provider[0]["Metrics"] if one["Name"] in ALARMED],
        )
        if alarmed:
            by_provider.append({"Namespace": namespace, "Dimensions": [[]], "Metrics": alarmed})
        return line


def measure(whose: Prediction | str, values: Mapping[Metric, float], **beside: str | None) -> None:
    """Write down what happened at one moment, to a prediction or at a provider; `beside`: what else to search for."""
    # Without a service, which would be a dimension too; the namespace is the environment's.
    line = _Line(service="")
    line.add_dimension(name="provider", value=whose if isinstance(whose, str) else whose.provider)
    for metric, value in values.items():
        line.add_metric(name=metric.value, unit=metric.unit, value=value)
    model = {} if isinstance(whose, str) else {"model": whose.model or whose.version, "prediction_id": whose.id}
    for name, said in (model | logger.thread_safe_get_current_keys() | beside).items():
        if said is not None:
            line.add_metadata(name, said)
    line.flush_metrics()
