"""What became of a pair that was played: what was promised and is not so, and what can be seen of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lumeo import clock, documents
from lumeo.errors import ErrorCode
from lumeo.prediction import Prediction, Status
from tests.integration.driver import Answer
from tests.reliability.pairs import Pair
from tests.reliability.stage import Stage
from tests.world import invariants


def broken(stage: Stage, pair: Pair, *, disturbed: bool) -> Iterator[str]:
    """All that must not be; `disturbed`: somebody died, or was held up."""
    yield from invariants.violations(stage.here)
    records = invariants.predictions(stage.here)
    if len(records) != 1:
        yield f"{len(records)} predictions of one request"
    # Whoever asks for the end may die first, or come too late.
    allowed = pair.ends | {"succeeded"} if disturbed else pair.ends
    for record in records:
        if str(record.status) not in allowed:
            yield f"ended as {record.status} {record.error_code or ''}, not as {' or '.join(sorted(allowed))}"
        if record.error_code is ErrorCode.SUBMISSION_UNCERTAIN:
            yield "it could have been found"
    if not disturbed and longest(stage) > pair.within:
        yield f"it took {longest(stage):.0f} s, at most {pair.within:.0f} s are promised"
    for asked in stage.asked:
        if asked.answer is None or (asked.answer.status >= 300 and not disturbed):
            yield f"{asked.method} {asked.path} was answered {asked.answer}"
        elif asked.answer.status < 300 and asked.answer.text:
            yield from _belied(asked.answer.body, records)


def seen(stage: Stage) -> tuple[str, ...]:
    """All that two ways that come to the same have in common."""
    here, records = stage.here, invariants.predictions(stage.here)
    counters = here.simulator.counters()
    held = {call for member in stage.members for call in member.calls}
    return (
        *(_said(asked.answer) for asked in stage.asked if asked.answer),
        *(f"{record.status} {record.error_code} {record.phase} {record.run}" for record in records),
        *(f"{record.wakes} wakes, {record.polls} polls, {sorted(record.timeline)}" for record in records),
        *(f"asked {record.cancel_requested}, told {record.cancel_sent}" for record in records),
        *(f"{record.announced} until {record.told_at}, removed {record.removed_at}" for record in records),
        *(f"{heard.message} {heard.status}" for heard in here.receiver.heard),
        *(str(documents.value(record.output)) for record in records),
        *(f"{name} {execution.status}" for name, execution in here.executions().items()),
        str({name: counters[name] for name in ("calls", "created", "succeeded", "canceled")}),
        *(
            " ".join([member.name, *(f"{call.operation} {call.outcome}" for call in member.calls)])
            for member in stage.members
        ),
        *sorted(f"{call.function} {call.operation} {call.outcome}" for call in here.calls() if call not in held),
    )


def longest(stage: Stage) -> float:
    """Seconds from acceptance to the end."""
    records = invariants.predictions(stage.here)
    return max(clock.seconds_between(record.created_at, record.completed_at or record.created_at) for record in records)


def _said(answer: Answer) -> str:
    return f"{answer.status} {answer.body.get('status')}" if answer.text else str(answer.status)


def _belied(body: Mapping[str, Any], records: Sequence[Prediction]) -> Iterator[str]:
    """What an answer said that the end belies."""
    named = next((record for record in records if record.id == body["id"]), None)
    if named is None:
        yield f"an answer named {body['id']}, which is not there"
    elif Status(body["status"]).terminal and body["status"] != str(named.status):
        yield f"it was shown as {body['status']} and ended as {named.status}"
