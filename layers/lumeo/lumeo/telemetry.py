"""Logs: one logger for all of Lumeo, as Powertools makes it, which adds X-Ray's trace to each line.

Every line names the function and its request; the API's own id of that request, by which its access log is searched;
and, once `about` or `also` has said so, the prediction and the caller.
"""

import functools
import gc
import json
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lumeo.redaction import redacted


def _line(record: dict[str, Any]) -> str:
    """A line of log. Redacted as a whole: a traceback quotes what it was about, such as a URL with a token."""
    return redacted(json.dumps(record, default=str, separators=(",", ":"), ensure_ascii=False))


logger = Logger(service="lumeo", use_rfc3339=True, json_serializer=_line)

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
        if "requestContext" in event:
            logger.thread_safe_append_keys(api_request_id=event["requestContext"].get("requestId"))
        try:
            return handler(event, context)
        except Exception:
            # Lambda prints it too, but not whose prediction it was.
            logger.exception("it failed")
            raise

    return invoked


def about(prediction_id: str) -> None:
    """Name the prediction that the following lines of this invocation speak of."""
    logger.thread_safe_append_keys(prediction_id=prediction_id)


def also(**names: str) -> None:
    """Name what else they are about: the `caller`, never by a key, or the `file_id`."""
    logger.thread_safe_append_keys(**names)
