"""What is new in a prediction while it runs, and who hears of it: told by a function of its own, in its own time."""

import json

from botocore.exceptions import BotoCoreError, ClientError

from lumeo import announcing, aws, clock, settings
from lumeo.announcing import Event
from lumeo.prediction import Prediction
from lumeo.telemetry import logger

UNDER_WAY_SECONDS = 15
IN_VAIN_SECONDS = 60


def send(before: Prediction, now: Prediction) -> None:
    """Have the caller told of what has come since. A failure is logged: the end is told in any case."""
    for event in news(before, now):
        if announcing.wants(now, event) and not _is_busy(now, event):
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


def _is_busy(prediction: Prediction, event: Event) -> bool:
    """Whether the one before is still being told, or was told in vain just now: who hangs must not hold many of us."""
    said = prediction.announced.get(event)
    if said is None or said.status is not None:
        return False
    patience = IN_VAIN_SECONDS if said.error else UNDER_WAY_SECONDS
    return clock.seconds_between(said.last_at, clock.stamp()) < patience


def _invoke(prediction: Prediction, event: Event) -> None:
    # It starts once, whoever sees it.
    payload = {"id": prediction.id, "event": event, "n": 0 if event == "start" else prediction.polls + 1}
    try:
        aws.functions().invoke(
            FunctionName=settings.announce_function(), InvocationType="Event", Payload=json.dumps(payload).encode()
        )
    except (ClientError, BotoCoreError):
        logger.exception("a caller is not told of something new", announced=event)
