"""What is new in a prediction while it runs, and who hears of it: told by a function of its own, in its own time."""

import json

from botocore.exceptions import BotoCoreError, ClientError

from lumeo import announcing, aws, settings
from lumeo.announcing import Event
from lumeo.prediction import Prediction
from lumeo.telemetry import logger


def send(before: Prediction, now: Prediction) -> None:
    """Have the caller told of what has come since. A failure is logged: the end is told in any case."""
    for event in news(before, now):
        if announcing.wants(now, event):
            _invoke(now, event)


def news(before: Prediction, now: Prediction) -> list[Event]:
    """The events that lie between two states of a prediction."""
    found: list[Event] = []
    if "started" in now.timeline and "started" not in before.timeline:
        found.append("start")
    if now.logs and now.logs != before.logs:
        found.append("logs")
    if now.partial and now.partial != before.partial:
        found.append("output")
    return found


def _invoke(prediction: Prediction, event: Event) -> None:
    # It starts once, whoever sees it.
    payload = {"id": prediction.id, "event": event, "n": 0 if event == "start" else prediction.polls + 1}
    try:
        aws.functions().invoke(
            FunctionName=settings.announce_function(), InvocationType="Event", Payload=json.dumps(payload).encode()
        )
    except (ClientError, BotoCoreError):
        logger.exception("a caller is not told of something new", announced=event)
