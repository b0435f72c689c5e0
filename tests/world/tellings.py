"""What must hold of what callers were told, when a world has come to rest."""

from collections import Counter
from collections.abc import Iterator

from local.contract import contract
from lumeo import announcing, clock, signatures, view
from lumeo.announcing import EVENTS
from lumeo.prediction import Phase, Prediction
from tests.world.hub import BEGIN
from tests.world.receiver import Heard
from tests.world.world import MASTER, World

SENDING_SECONDS = 45.0
"""In which a function that has claimed something new has told of it, or is dead: its time-out, and the way."""
_ENDS = {"succeeded", "failed", "canceled"}
_REMOVED = {"data_removed", "input", "output", "logs"}


def untrue(here: World, record: Prediction) -> Iterator[str]:
    """All that is wrong with what its caller was told, or was not."""
    heard = [one for one in here.receiver.heard if one.message.startswith(f"msg_{record.id}_")]
    ends = [one for one in heard if one.message == f"msg_{record.id}_completed"]
    for one in heard:
        yield from (f"{one.message} at {one.at:.1f} s: {wrong}" for wrong in _wrong(record, one))
        if ends and not _says_end(one) and one.at > ends[0].at + SENDING_SECONDS:
            yield f"{one.message} came {one.at - ends[0].at:.1f} s after the end was told"
    news = Counter(one.message for one in heard if not _says_end(one))
    yield from (f"{message} was told {times} times" for message, times in news.items() if times > 1)
    wanted = announcing.wants(record, "completed")
    if (record.told_at is not None) != (wanted or announcing.wants(record, "output")):
        yield f"{record.id} says that its caller was told at {record.told_at}"
    if wanted and not any(one.delivered for one in ends) and not _stopped(here, record):
        yield f"{record.id} has ended and its caller was not told: {record.announced.get('completed')}"


def _wrong(record: Prediction, heard: Heard) -> Iterator[str]:
    secret = signatures.caller_secret(MASTER.encode(), record.caller)
    fault = signatures.fault(secret, heard.headers, heard.body, BEGIN.timestamp() + heard.at)
    if fault:
        yield fault
    yield from contract().webhook_faults("prediction", heard.headers, heard.body)
    event = next((name for name in EVENTS if f"_{name}" in heard.message), None)
    if event is None or not announcing.wants(record, event):
        yield "nobody asked for it"
    if event in {"start", "logs"} and _says_end(heard):
        yield "it comes after the end"
    if event == "completed" and not (_says_end(heard) and heard.phase == Phase.DONE):
        yield f"its body says {heard.shown['status']}, and the record is {heard.phase}"
    if _says_end(heard):
        yield from _belied(record, heard)


def _belied(record: Prediction, heard: Heard) -> Iterator[str]:
    """The body differs from what a GET says, but for how telling went, and for what was removed since."""
    told, shown = heard.shown, view.shown(record)
    passing = {"webhook_deliveries"} | (_REMOVED if record.removed_at else set())
    for name in sorted((shown.keys() | told.keys()) - passing):
        if shown.get(name) != told.get(name):
            yield f"its body says that {name} is {told.get(name)!r}, a GET says {shown.get(name)!r}"


def _says_end(heard: Heard) -> bool:
    return heard.shown["status"] in _ENDS


def _stopped(here: World, record: Prediction) -> bool:
    """Somebody stopped a run by hand when nothing was left to do but to tell."""
    stopped = [
        clock.stamp(run.stopped)
        for name, run in here.executions().items()
        if name.startswith(record.id) and run.status == "ABORTED" and run.stopped
    ]
    return any(at >= str(record.completed_at) for at in stopped)
