"""Logs and metrics: one logger and one metrics namespace for all of Lumeo, as Powertools makes them.

Every line carries the prediction's id once `about` has named it. A provider is the only dimension of a metric: each
value of a dimension is billed.
"""

import functools
import gc
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="lumeo", use_rfc3339=True)

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


def invocation(handler: Handler) -> Handler:
    """A Lambda handler whose lines carry the request's id, and nothing of the invocation before.

    It is the last that a function's module makes: from here on garbage is collected, but not looked for in modules.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()

    @functools.wraps(handler)
    def invoked(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        logger.thread_safe_clear_keys()
        logger.thread_safe_append_keys(function=context.function_name, request_id=context.aws_request_id)
        return handler(event, context)

    return invoked


def about(prediction_id: str) -> None:
    """Name the prediction that the following lines of this invocation speak of."""
    logger.thread_safe_append_keys(prediction_id=prediction_id)


def count(name: str, provider: str, value: float = 1, unit: MetricUnit = MetricUnit.Count) -> None:
    """Add to a metric, in CloudWatch's embedded format: one line of log, no call."""
    metrics = EphemeralMetrics(namespace="Lumeo", service="lumeo")
    metrics.add_dimension(name="provider", value=provider)
    metrics.add_metric(name=name, unit=unit, value=value)
    metrics.flush_metrics()
