"""The table's writes: each succeeds when `docs/record.md` says so, and otherwise changes nothing; and its reads."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from lumeo import clock, ids
from lumeo.errors import ErrorCode
from lumeo.items import pack
from lumeo.prediction import (
    Announced,
    Document,
    Handle,
    Intent,
    Phase,
    Prediction,
    Status,
    Subscriber,
    Turn,
    Upstream,
    Verdict,
)
from lumeo.store import DUE_SHARDS, Store, due
from lumeo.store import store as the_store
from tests.conftest import TestClock
from tests.unit.make import HANDLE, ID, INTENT, NOW, OUTPUT, UPSTREAM, prediction

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LATER = "2026-11-21T10:30:00.000Z"
VERDICT = Verdict(Status.SUCCEEDED, LATER)
TURN = Turn(LATER, 0)
SAID = Announced(attempts=1, first_at=LATER, last_at=LATER, n=1, status=500)
EVENTS = ("start", "output", "logs", "completed")
SUBSCRIBER = Subscriber("https://hooks.example/lumeo", EVENTS)
BEFORE_A_VERDICT = {Phase.ACCEPTED, Phase.SENDING, Phase.RUNNING}


class Table:
    """The table as it lies there."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def items(self) -> dict[str, Any]:
        return {item["pk"]["S"]: item for item in self._client.scan(TableName=self._name)["Items"]}

    def item(self, prediction_id: str = ID) -> Any:
        return self.items()[f"prediction#{prediction_id}"]


@pytest.fixture
def store(cloud: dict[str, str], test_clock: TestClock) -> Store:
    return the_store()


@pytest.fixture
def table(store: Store, cloud: dict[str, str]) -> Table:
    return Table(boto3.client("dynamodb"), cloud["TABLE_NAME"])


def accepted(store: Store, phase: Phase = Phase.ACCEPTED, **changes: Any) -> Prediction:
    """A prediction in the table."""
    made = prediction(phase, **changes)
    store.accept(made)
    return made


@dataclass(frozen=True)
class Write:
    """One write of the contract: how it is made, in which phases it holds, and whether it holds only once."""

    make: Callable[[Store, Prediction, str], Prediction | None]
    phases: set[Phase]
    fenced: bool = True
    once: bool = True


WRITES = {
    "queue": Write(lambda store, p, run: store.queue(p.id, run, TURN, LATER), {Phase.ACCEPTED}, once=False),
    "intend": Write(lambda store, p, run: store.intend(p.id, run, INTENT, LATER, webhook=True), {Phase.ACCEPTED}),
    "retract": Write(lambda store, p, run: store.retract(p.id, run, INTENT, 1, LATER), {Phase.SENDING}),
    "miss": Write(lambda store, p, run: store.miss(p.id, run, INTENT, LATER), {Phase.SENDING}, once=False),
    "propose": Write(lambda store, p, _: store.propose(p.id, HANDLE.id), {Phase.SENDING}, fenced=False, once=False),
    "own": Write(lambda store, p, run: store.own(p, run, replace(HANDLE, id=p.id), UPSTREAM, LATER), {Phase.SENDING}),
    "wake": Write(lambda store, p, _: store.wake(p.id), {Phase.RUNNING}, fenced=False, once=False),
    "advance": Write(lambda store, p, _: store.advance(p.id, LATER), {Phase.RUNNING}, fenced=False, once=False),
    "observe": Write(lambda store, p, run: store.observe(p.id, run, {"polls": 7}), {Phase.RUNNING}, once=False),
    "settle": Write(lambda store, p, run: store.settle(p, run, VERDICT, LATER, {}), BEFORE_A_VERDICT),
    "refresh": Write(
        lambda store, p, run: store.refresh(p.id, run, {"fresh_look": "gone"}), {Phase.SETTLED}, once=False
    ),
    "keep": Write(lambda store, p, run: store.keep(p.id, run, 0, OUTPUT), {Phase.SETTLED}, once=False),
    "finish": Write(lambda store, p, run: store.finish(p, run, Status.SUCCEEDED, None, None), {Phase.SETTLED}),
    "wish": Write(
        lambda store, p, _: store.wish(p.id, LATER, telling=False), BEFORE_A_VERDICT, fenced=False, once=False
    ),
    "told": Write(lambda store, p, _: store.told(p.id, LATER), {Phase.RUNNING}, fenced=False, once=False),
    "withdraw, unsent": Write(lambda store, p, _: store.withdraw(p, Phase.ACCEPTED), {Phase.ACCEPTED}, fenced=False),
    "withdraw, stopped": Write(lambda store, p, _: store.withdraw(p, Phase.RUNNING), {Phase.RUNNING}, fenced=False),
    "promise": Write(lambda store, p, run: store.promise(p.id, run, LATER), {*Phase} - {Phase.DONE}, once=False),
    "overtake": Write(
        lambda store, p, run: store.overtake(replace(p, run=run), f"{p.id}-2", LATER), {*Phase} - {Phase.DONE}
    ),
    "claim": Write(lambda store, p, _: store.claim(p.id, "logs", SAID), {*Phase} - {Phase.DONE}, fenced=False),
    "note": Write(lambda store, p, _: store.note(p.id, "logs", SAID), {*Phase}, fenced=False, once=False),
    "attempted": Write(lambda store, p, run: store.attempted(p.id, run, SAID, LATER), {Phase.DONE}, once=False),
    "stop telling": Write(lambda store, p, run: store.stop_telling(p.id, run, SAID), {Phase.DONE}),
    "remove": Write(
        lambda store, p, _: store.remove(p.id, {"removed_at": LATER}, LATER), {Phase.DONE}, fenced=False, once=False
    ),
}

each_write = pytest.mark.parametrize("write", [pytest.param(write, id=name) for name, write in WRITES.items()])
each_fenced_write = pytest.mark.parametrize(
    "write", [pytest.param(write, id=name) for name, write in WRITES.items() if write.fenced]
)
each_single_write = pytest.mark.parametrize(
    "write", [pytest.param(write, id=name) for name, write in WRITES.items() if write.once]
)


class TestConditions:
    @each_write
    def test_holds_in_its_phases(self, store: Store, table: Table, write: Write) -> None:
        for phase in write.phases:
            made = accepted(store, phase, id=ids.new())
            before = table.item(made.id)

            written = write.make(store, made, made.run)

            assert written is not None, phase
            assert table.item(made.id) != before, phase
            assert store.get(made.id) == written, phase

    @each_write
    def test_changes_nothing_in_other_phases(self, store: Store, table: Table, write: Write) -> None:
        made = [accepted(store, phase, id=ids.new()) for phase in Phase if phase not in write.phases]
        before = table.items()

        answers = {found.phase: write.make(store, found, found.run) for found in made}

        assert answers == dict.fromkeys(answers)
        assert table.items() == before

    @each_fenced_write
    def test_an_overtaken_run_changes_nothing(self, store: Store, table: Table, write: Write) -> None:
        made = [accepted(store, phase, id=ids.new(), run="the-second") for phase in write.phases]
        before = table.items()

        answers = [write.make(store, found, found.id) for found in made]

        assert answers == [None] * len(made)
        assert table.items() == before

    @each_single_write
    def test_whoever_comes_second_changes_nothing(self, store: Store, table: Table, write: Write) -> None:
        made = [accepted(store, phase, id=ids.new()) for phase in write.phases]
        for found in made:
            write.make(store, found, found.run)
        before = table.items()

        answers = [write.make(store, found, found.run) for found in made]

        assert answers == [None] * len(made)
        assert table.items() == before

    def test_makes_no_ghosts(self, store: Store, table: Table) -> None:
        """An update of what is not there would make an item of it."""
        assert {name: write.make(store, prediction(), ID) for name, write in WRITES.items()} == dict.fromkeys(WRITES)
        assert table.items() == {}

    def test_leaves_others_alone(self, store: Store) -> None:
        other = accepted(store, id="0" * 26)
        for write in WRITES.values():
            mine = accepted(store, min(write.phases), id=ids.new())

            assert write.make(store, mine, mine.run)
            assert store.get(other.id) == other


class TestAccept:
    @pytest.mark.parametrize("phase", Phase)
    def test_is_read_as_it_was_written(self, store: Store, phase: Phase) -> None:
        assert store.get(ID) is None

        made = accepted(store, phase)

        assert store.get(ID) == made

    def test_a_write_that_the_sdk_repeats_has_been_made(self, store: Store) -> None:
        """The answer to the first was lost: it is there, and its caller must hear of it."""
        made = prediction()

        assert [store.accept(made), store.accept(made)] == [True, True]
        assert store.get(ID) == made

    def test_what_is_there_is_not_written_over(self, store: Store) -> None:
        made = accepted(store)

        store.accept(prediction(caller="bob"))

        assert store.get(ID) == made


class TestAcceptBeside:
    """The put of a second item goes with the prediction's, or neither is made."""

    @staticmethod
    def beside(pk: str = "request#ann#0", condition: str = "attribute_not_exists(pk)") -> dict[str, Any]:
        return {"Item": pack({"pk": pk, "prediction": ID}), "ConditionExpression": condition}

    def test_both_are_there(self, store: Store, table: Table) -> None:
        made = prediction()

        assert store.accept(made, self.beside())
        assert store.get(ID) == made
        assert table.items()["request#ann#0"] == {"pk": {"S": "request#ann#0"}, "prediction": {"S": ID}}

    def test_neither_is_there(self, store: Store, table: Table) -> None:
        store.accept(prediction(), self.beside())
        before = table.items()

        assert not store.accept(prediction(id="0" * 26), self.beside())
        assert table.items() == before

    def test_both_of_a_write_that_the_sdk_repeats_have_been_made(self, store: Store) -> None:
        made = prediction()

        assert [store.accept(made, self.beside()), store.accept(made, self.beside())] == [True, True]

    def test_another_caller_is_not_in_the_way(self, store: Store, table: Table) -> None:
        store.accept(prediction(), self.beside())

        assert store.accept(prediction(id="0" * 26), self.beside("request#bob#0"))
        assert len(table.items()) == 4

    def test_one_with_a_condition_of_its_own(self, store: Store) -> None:
        store.accept(prediction(), self.beside())
        over = self.beside(condition="attribute_not_exists(pk) OR expires_at <= :now")

        assert not store.accept(
            prediction(id="0" * 26), {**over, "ExpressionAttributeValues": pack({":now": 1_795_255_200})}
        )


class TestIntend:
    def test_announces_a_submission(self, store: Store) -> None:
        made = accepted(store)

        written = store.intend(ID, ID, INTENT, LATER, webhook=True)

        assert written == replace(made, intent=INTENT, webhook=True, phase=Phase.SENDING, due_at=LATER)

    def test_a_place_in_the_queue_stays_known(self, store: Store) -> None:
        """Until it is taken back, nobody need book again."""
        accepted(store, room=TURN)

        written = store.intend(ID, ID, INTENT, LATER, webhook=False)

        assert written is not None
        assert (written.room, written.webhook) == (TURN, False)

    def test_not_after_a_wish_to_cancel(self, store: Store, table: Table) -> None:
        accepted(store, cancel_requested=NOW)
        before = table.items()

        assert store.intend(ID, ID, INTENT, LATER, webhook=False) is None
        assert table.items() == before


class TestRetract:
    def test_all_is_as_before(self, store: Store) -> None:
        made = accepted(store)
        store.intend(ID, ID, INTENT, LATER, webhook=False)

        written = store.retract(ID, ID, INTENT, 4, LATER)

        assert written == replace(made, troubles=4, due_at=LATER)

    def test_its_turn_is_over_with_it(self, store: Store, table: Table) -> None:
        """Whoever comes again says which one it has then."""
        accepted(store, Phase.SENDING, room=TURN)

        store.retract(ID, ID, INTENT, 1, LATER)

        assert "room" not in table.item()

    def test_not_what_somebody_says_to_have_arrived(self, store: Store, table: Table) -> None:
        """A webhook that came while it was looked for is better informed than a list without it."""
        accepted(store, Phase.SENDING)
        store.propose(ID, HANDLE.id)
        before = table.items()

        assert store.retract(ID, ID, INTENT, 1, LATER) is None
        assert table.items() == before

    def test_not_another_attempts_intent(self, store: Store, table: Table) -> None:
        accepted(store, Phase.SENDING)
        before = table.items()

        assert store.retract(ID, ID, replace(INTENT, attempt="attempt-2"), 1, LATER) is None
        assert table.items() == before

    def test_another_attempt_may_follow(self, store: Store) -> None:
        accepted(store, Phase.SENDING)
        store.retract(ID, ID, INTENT, 1, LATER)

        again = store.intend(ID, ID, Intent("attempt-2", LATER, LATER), LATER, webhook=False)

        assert again is not None
        assert again.intent == Intent("attempt-2", LATER, LATER)


class TestQueue:
    def test_says_when_its_turn_is(self, store: Store) -> None:
        made = accepted(store)

        assert store.queue(ID, ID, TURN, LATER) == replace(made, room=TURN, due_at=LATER)

    def test_a_later_turn_takes_its_place(self, store: Store) -> None:
        accepted(store)
        store.queue(ID, ID, Turn(NOW, 0), NOW)

        written = store.queue(ID, ID, Turn(LATER, 1500), LATER)

        assert written is not None
        assert written.room == Turn(LATER, 1500)


class TestMiss:
    def test_the_intent_knows_when_nothing_was_found(self, store: Store) -> None:
        made = accepted(store, Phase.SENDING)

        written = store.miss(ID, ID, INTENT, LATER)

        assert written == replace(made, intent=replace(INTENT, absent_at=LATER))

    def test_it_still_is_the_same_attempt(self, store: Store) -> None:
        """Whoever read the intent before may take it back."""
        accepted(store, Phase.SENDING)
        store.miss(ID, ID, INTENT, LATER)

        assert store.retract(ID, ID, INTENT, 0, LATER) is not None

    def test_the_next_intent_knows_nothing_of_it(self, store: Store) -> None:
        accepted(store, Phase.SENDING)
        store.miss(ID, ID, INTENT, LATER)
        store.retract(ID, ID, INTENT, 0, LATER)

        again = store.intend(ID, ID, Intent("attempt-2", LATER, LATER), LATER, webhook=True)

        assert again is not None
        assert again.intent is not None
        assert again.intent.absent_at is None

    def test_not_of_another_attempt(self, store: Store, table: Table) -> None:
        accepted(store, Phase.SENDING)
        before = table.items()

        assert store.miss(ID, ID, replace(INTENT, attempt="attempt-2"), LATER) is None
        assert table.items() == before


class TestPropose:
    def test_a_webhook_says_what_it_became(self, store: Store) -> None:
        made = accepted(store, Phase.SENDING)

        assert store.propose(ID, HANDLE.id) == replace(made, proposed=HANDLE.id, wakes=1)

    def test_an_overtaken_run_says_what_its_own_submission_became(self, store: Store) -> None:
        """It may not write the handle any more, but what it paid for must be found."""
        made = accepted(store, Phase.SENDING, run="the-second")

        assert store.propose(ID, HANDLE.id, INTENT) == replace(made, proposed=HANDLE.id, wakes=1)

    def test_not_what_another_attempt_became(self, store: Store, table: Table) -> None:
        """The run that overtook it has taken the intent back and made its own."""
        accepted(store, Phase.SENDING)
        before = table.items()

        assert store.propose(ID, HANDLE.id, replace(INTENT, attempt="attempt-0")) is None
        assert table.items() == before


class TestWake:
    def test_counts_the_reasons(self, store: Store) -> None:
        made = accepted(store, Phase.RUNNING)

        assert store.wake(ID) == replace(made, wakes=1)
        assert store.wake(ID) == replace(made, wakes=2)

    def test_knows_which_wait_to_end(self, store: Store) -> None:
        accepted(store, Phase.RUNNING, task_token="AQCEAAAAKgAAAAMAAAAA")

        woken = store.wake(ID)

        assert woken is not None
        assert woken.task_token == "AQCEAAAAKgAAAAMAAAAA"

    def test_counts_from_nothing(self, store: Store, table: Table, cloud: dict[str, str]) -> None:
        """Predictions that were accepted by an older version have no number yet."""
        accepted(store, Phase.RUNNING)
        boto3.client("dynamodb").update_item(
            TableName=cloud["TABLE_NAME"], Key={"pk": {"S": f"prediction#{ID}"}}, UpdateExpression="REMOVE wakes"
        )

        store.wake(ID)

        assert table.item()["wakes"] == {"N": "1"}

    def test_submit_writes_the_number_that_the_wait_compares(self, store: Store, table: Table) -> None:
        accepted(store)

        assert table.item()["wakes"] == {"N": "0"}


class TestAdvance:
    def test_it_has_begun(self, store: Store) -> None:
        made = accepted(store, Phase.RUNNING, status=Status.STARTING)

        written = store.advance(ID, LATER)

        timeline = {**made.timeline, "started": LATER}
        assert written == replace(made, status=Status.PROCESSING, timeline=timeline)

    def test_what_a_look_saw_before_stays(self, store: Store) -> None:
        """Webhooks come late, and more than once."""
        accepted(store, Phase.RUNNING, timeline={"accepted": NOW, "started": NOW})

        written = store.advance(ID, LATER)

        assert written is not None
        assert written.timeline["started"] == NOW

    def test_wakes_nobody(self, store: Store) -> None:
        accepted(store, Phase.RUNNING, wakes=3)

        written = store.advance(ID, LATER)

        assert written is not None
        assert written.wakes == 3


class TestOwn:
    def test_writes_the_handle_and_whose_it_is(self, store: Store, table: Table) -> None:
        made = accepted(store, Phase.SENDING)
        handle = replace(HANDLE, at=LATER)

        written = store.own(made, ID, handle, UPSTREAM, LATER)

        timeline = {**made.timeline, "submitted": LATER}
        assert written == replace(
            made, handle=handle, upstream=UPSTREAM, phase=Phase.RUNNING, due_at=LATER, timeline=timeline
        )
        assert table.items()[f"handle#replicate#{HANDLE.id}"] == {
            "pk": {"S": f"handle#replicate#{HANDLE.id}"},
            "prediction": {"S": ID},
        }

    def test_the_claim_ends_with_its_prediction(
        self, store: Store, table: Table, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RECORD_DAYS", "1")
        made = accepted(store, Phase.SENDING)

        store.own(made, ID, HANDLE, UPSTREAM, LATER)

        day_after = int((clock.parse(NOW) + timedelta(days=1)).timestamp())
        assert table.items()[f"handle#replicate#{HANDLE.id}"]["expires_at"] == {"N": str(day_after)}

    def test_whose_it_is_can_be_asked(self, store: Store) -> None:
        made = accepted(store, Phase.SENDING)
        assert store.owner("replicate", HANDLE) is None

        store.own(made, ID, HANDLE, UPSTREAM, LATER)

        assert store.owner("replicate", HANDLE) == ID
        assert store.owner("another", HANDLE) is None

    def test_what_was_looked_for_is_found(self, store: Store) -> None:
        """The intent with its first empty look, and the proposal, stay as they were: they say how it was found."""
        made = accepted(store, Phase.SENDING, troubles=2)
        store.miss(ID, ID, INTENT, LATER)
        store.propose(ID, HANDLE.id)

        written = store.own(made, ID, HANDLE, UPSTREAM, LATER)

        assert written is not None
        assert (written.proposed, written.wakes, written.troubles) == (HANDLE.id, 1, 0)

    def test_not_what_another_prediction_owns(self, store: Store, table: Table) -> None:
        other, made = accepted(store, Phase.SENDING, id="0" * 26), accepted(store, Phase.SENDING)
        store.own(other, other.run, HANDLE, UPSTREAM, LATER)
        before = table.items()

        assert store.own(made, ID, HANDLE, UPSTREAM, LATER) is None
        assert table.items() == before

    def test_a_wish_to_cancel_does_not_lose_the_handle(self, store: Store) -> None:
        """What was paid for must be known, in order to be stopped."""
        made = accepted(store, Phase.SENDING)
        store.wish(ID, NOW, telling=False)

        written = store.own(made, ID, HANDLE, UPSTREAM, LATER)

        assert written is not None
        assert (written.handle, written.cancel_requested) == (HANDLE, NOW)

    def test_what_the_answer_did_not_say_is_absent(self, store: Store) -> None:
        made = accepted(store, Phase.SENDING)

        written = store.own(made, ID, HANDLE, Upstream(), LATER)

        assert written is not None
        assert written.upstream == Upstream()


class TestObserve:
    def test_writes_what_a_look_brought(self, store: Store) -> None:
        made = accepted(store, Phase.RUNNING)
        changes: dict[str, Any] = {
            "polls": 3,
            "status": Status.PROCESSING,
            "upstream": Upstream(status="processing"),
            "logs": Document(json='"50 %"'),
            "timeline.started": LATER,
            "due_at": LATER,
        }

        written = store.observe(ID, ID, changes)

        expected = {name: value for name, value in changes.items() if "." not in name}
        assert written == replace(made, **expected, timeline={**made.timeline, "started": LATER})

    def test_none_removes(self, store: Store, table: Table) -> None:
        accepted(store, Phase.RUNNING, fresh_look="asked")

        store.observe(ID, ID, {"fresh_look": None})

        assert "fresh_look" not in table.item()

    def test_zero_and_empty_are_written(self, store: Store) -> None:
        accepted(store, Phase.RUNNING, troubles=3)

        written = store.observe(ID, ID, {"troubles": 0, "model": ""})

        assert written is not None
        assert (written.troubles, written.model) == (0, "")


class TestSettle:
    def test_writes_the_verdict(self, store: Store) -> None:
        made = accepted(store, Phase.RUNNING, troubles=2)
        result = Document(json='{"output":"x","artifacts":[]}')

        written = store.settle(made, ID, VERDICT, LATER, {"result": result, "polls": 9})

        assert written == replace(
            made,
            verdict=VERDICT,
            result=result,
            polls=9,
            troubles=0,
            phase=Phase.SETTLED,
            due_at=LATER,
            timeline={**made.timeline, "completed": LATER},
        )

    def test_the_status_is_not_terminal_yet(self, store: Store) -> None:
        made = accepted(store, Phase.RUNNING)

        written = store.settle(made, ID, Verdict(Status.FAILED, LATER, ErrorCode.INTERRUPTED), LATER, {})

        assert written is not None
        assert written.status is Status.PROCESSING

    @pytest.mark.parametrize("second", [Status.SUCCEEDED, Status.FAILED, Status.CANCELED])
    def test_a_verdict_never_changes(self, store: Store, second: Status) -> None:
        made = accepted(store, Phase.RUNNING)
        first = Verdict(Status.FAILED, NOW, ErrorCode.DEADLINE_EXCEEDED)
        store.settle(made, ID, first, LATER, {})

        assert store.settle(made, ID, Verdict(second, LATER), LATER, {"polls": 99}) is None
        found = store.get(ID)
        assert found is not None
        assert (found.verdict, found.polls) == (first, 0)

    @pytest.mark.parametrize("name", ["settle", "wish", "withdraw, stopped"])
    def test_the_verdict_itself_is_asked_for(self, store: Store, table: Table, name: str) -> None:
        """Not the phase alone, should it ever say something else."""
        made = accepted(store, Phase.RUNNING, verdict=VERDICT)
        before = table.items()

        assert WRITES[name].make(store, made, ID) is None
        assert table.items() == before

    def test_a_late_cancel_is_no_cancel(self, store: Store) -> None:
        made = accepted(store, Phase.RUNNING)
        settled = store.settle(made, ID, VERDICT, LATER, {})

        assert store.wish(ID, LATER, telling=False) is None
        assert store.withdraw(made, Phase.RUNNING) is None
        assert store.get(ID) == settled


class TestRefreshAndKeep:
    def test_a_fresh_look_is_asked_for_and_had(self, store: Store) -> None:
        made = accepted(store, Phase.SETTLED)

        asked = store.refresh(ID, ID, {"fresh_look": "asked", "troubles": 1})
        had = store.refresh(ID, ID, {"fresh_look": None, "result": Document(json='"new"')})

        assert asked == replace(made, fresh_look="asked", troubles=1)
        assert had == replace(made, troubles=1, result=Document(json='"new"'))

    def test_outputs_are_kept_one_by_one(self, store: Store) -> None:
        made = accepted(store, Phase.SETTLED)
        tenth = replace(OUTPUT, pointer="/a~1b", key="outputs/abc/10.png")

        store.keep(ID, ID, 0, OUTPUT)
        written = store.keep(ID, ID, 10, tenth)

        assert written == replace(made, outputs={"0": OUTPUT, "10": tenth})

    def test_an_output_kept_again_is_the_same(self, store: Store) -> None:
        accepted(store, Phase.SETTLED)

        assert store.keep(ID, ID, 0, OUTPUT) == store.keep(ID, ID, 0, OUTPUT)


class TestFinish:
    @pytest.mark.parametrize(
        ("status", "code", "output"),
        [
            pytest.param(Status.SUCCEEDED, None, Document(json='"text"'), id="succeeded"),
            pytest.param(Status.FAILED, ErrorCode.OUTPUT_EXPIRED, None, id="failed"),
            pytest.param(Status.CANCELED, None, None, id="canceled"),
            pytest.param(Status.ABORTED, ErrorCode.DEADLINE_EXCEEDED, None, id="aborted"),
        ],
    )
    def test_writes_the_end(
        self, store: Store, status: Status, code: ErrorCode | None, output: Document | None
    ) -> None:
        made = accepted(store, Phase.SETTLED)

        written = store.finish(made, ID, status, code, output)

        assert written == replace(
            made,
            status=status,
            error_code=code,
            output=output,
            phase=Phase.DONE,
            completed_at=NOW,
            due_at=None,
            due_shard=None,
            timeline={**made.timeline, "saved": NOW},
        )

    @pytest.mark.parametrize(
        ("days", "expected"),
        [
            pytest.param("0", None, id="for ever"),
            pytest.param("1", timedelta(days=1), id="a day"),
            pytest.param("365", timedelta(days=365), id="a year"),
        ],
    )
    def test_a_record_is_kept_for_its_days(
        self, store: Store, table: Table, monkeypatch: pytest.MonkeyPatch, days: str, expected: timedelta | None
    ) -> None:
        """`expires_at` is what DynamoDB's time-to-live reads: a number, in whole epoch seconds."""
        monkeypatch.setenv("RECORD_DAYS", days)
        made = accepted(store, Phase.SETTLED)

        store.finish(made, ID, Status.SUCCEEDED, None, None)

        wanted = {"N": str(int((clock.now() + expected).timestamp()))} if expected else None
        assert table.item().get("expires_at") == wanted

    def test_a_withdrawn_record_is_kept_for_its_days(
        self, store: Store, table: Table, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RECORD_DAYS", "1")
        made = accepted(store)

        store.withdraw(made, Phase.ACCEPTED)

        assert table.item()["expires_at"] == {"N": str(int((clock.now() + timedelta(days=1)).timestamp()))}

    @pytest.mark.parametrize("name", ["finish", "withdraw, stopped"])
    def test_no_wait_is_left_to_be_ended(self, store: Store, table: Table, name: str) -> None:
        """A token is a key to the run: it goes with the need for it."""
        made = accepted(store, min(WRITES[name].phases), task_token="AQCEAAAAKgAAAAMAAAAA")

        WRITES[name].make(store, made, ID)

        assert "task_token" not in table.item()


class TestCancel:
    def test_a_wish_is_noted(self, store: Store) -> None:
        made = accepted(store, Phase.RUNNING)

        assert store.wish(ID, LATER, telling=False) == replace(made, cancel_requested=LATER, wakes=1)

    def test_a_wish_is_noted_together_with_telling(self, store: Store) -> None:
        made = accepted(store, Phase.RUNNING)

        written = store.wish(ID, LATER, telling=True)

        assert written == replace(made, cancel_requested=LATER, cancel_sent=LATER, wakes=1)

    def test_a_wish_knows_which_wait_to_end(self, store: Store) -> None:
        accepted(store, Phase.RUNNING, task_token="AQCEAAAAKgAAAAMAAAAA", wakes=4)

        wished = store.wish(ID, LATER, telling=True)

        assert wished is not None
        assert (wished.task_token, wished.wakes) == ("AQCEAAAAKgAAAAMAAAAA", 5)

    def test_the_first_wish_counts(self, store: Store) -> None:
        accepted(store, Phase.RUNNING)
        store.wish(ID, NOW, telling=False)

        assert store.wish(ID, LATER, telling=False) is None
        found = store.get(ID)
        assert found is not None
        assert found.cancel_requested == NOW

    def test_a_wish_that_the_sdk_repeats_is_noted_once(self, store: Store) -> None:
        """The answer to the first was lost: who asked must go on to tell the provider."""
        accepted(store, Phase.RUNNING)

        first, again = (store.wish(ID, LATER, telling=True) for _ in range(2))

        assert again == first
        assert again is not None
        assert again.wakes == 1

    def test_that_the_provider_was_told_is_noted(self, store: Store) -> None:
        made = accepted(store, Phase.RUNNING)

        assert store.told(ID, LATER) == replace(made, cancel_sent=LATER)

    def test_withdrawn_before_anything_was_sent(self, store: Store) -> None:
        made = accepted(store)

        written = store.withdraw(made, Phase.ACCEPTED)

        assert written == replace(
            made,
            verdict=Verdict(Status.CANCELED, NOW),
            status=Status.CANCELED,
            phase=Phase.DONE,
            cancel_requested=NOW,
            completed_at=NOW,
            due_at=None,
            due_shard=None,
            timeline={"accepted": NOW, "completed": NOW, "saved": NOW},
        )

    def test_withdrawn_when_the_provider_stopped(self, store: Store) -> None:
        made = accepted(store, Phase.RUNNING, cancel_requested=NOW)
        changes = {"logs": Document(json='"half"'), "polls": 3}

        written = store.withdraw(made, Phase.RUNNING, changes)

        assert written == replace(
            made,
            verdict=Verdict(Status.CANCELED, NOW),
            status=Status.CANCELED,
            phase=Phase.DONE,
            logs=Document(json='"half"'),
            polls=3,
            completed_at=NOW,
            due_at=None,
            due_shard=None,
            timeline={"accepted": NOW, "completed": NOW, "saved": NOW},
        )

    def test_an_old_view_does_not_withdraw_what_was_sent(self, store: Store, table: Table) -> None:
        """The caller's function read `accepted`; meanwhile create has written its intent."""
        seen = accepted(store)
        store.intend(ID, ID, INTENT, LATER, webhook=False)
        before = table.items()

        assert store.withdraw(seen, Phase.ACCEPTED) is None
        assert table.items() == before


class TestOvertake:
    def test_the_next_run_is_the_current_one(self, store: Store) -> None:
        made = accepted(store, Phase.RUNNING)

        written = store.overtake(made, f"{ID}-2", LATER)

        assert written == replace(made, run=f"{ID}-2", due_at=LATER)
        assert store.observe(ID, ID, {"polls": 9}) is None
        assert store.observe(ID, f"{ID}-2", {"polls": 9}) is not None

    def test_who_stops_a_run_by_hand_asks_for_the_end(self, store: Store) -> None:
        made = accepted(store, Phase.RUNNING)

        written = store.overtake(made, f"{ID}-2", LATER, stopped=NOW)

        assert written == replace(made, run=f"{ID}-2", due_at=LATER, cancel_requested=NOW)

    def test_whoever_asked_first_asked(self, store: Store) -> None:
        made = accepted(store, Phase.RUNNING, cancel_requested=NOW)

        written = store.overtake(made, f"{ID}-2", LATER, stopped=LATER)

        assert written is not None
        assert written.cancel_requested == NOW

    def test_one_of_two_that_swept_at_once(self, store: Store, table: Table) -> None:
        """Both saw the first run fail; only one of them starts the second."""
        seen = accepted(store, Phase.RUNNING)
        store.overtake(seen, f"{ID}-2", NOW)
        before = table.items()

        assert store.overtake(seen, f"{ID}-2", LATER) is None
        assert table.items() == before


class TestTelling:
    """What becomes of telling a caller: an entry for each event, the last word of which stays."""

    @pytest.mark.parametrize("event", EVENTS)
    def test_what_is_told_is_claimed_once(self, store: Store, event: str) -> None:
        made = accepted(store, Phase.RUNNING, subscriber=SUBSCRIBER)

        first, again = store.claim(ID, event, SAID), store.claim(ID, event, replace(SAID, attempts=2))

        assert (first, again) == (replace(made, announced={event: SAID}), None)

    @pytest.mark.parametrize(("n", "holds"), [(0, False), (1, False), (2, True)])
    def test_what_is_newer_is_told_too(self, store: Store, n: int, holds: bool) -> None:  # noqa: FBT001
        accepted(store, Phase.RUNNING, announced={"logs": SAID})

        assert (store.claim(ID, "logs", replace(SAID, n=n)) is not None) is holds

    @pytest.mark.parametrize(("n", "holds"), [(0, False), (1, True), (2, True)])
    def test_what_came_of_the_older_is_not_noted_over_the_newer(
        self,
        store: Store,
        n: int,
        holds: bool,  # noqa: FBT001
    ) -> None:
        accepted(store, Phase.RUNNING, announced={"logs": SAID})
        said = replace(SAID, n=n, status=200)

        store.note(ID, "logs", said)

        found = store.get(ID)
        assert found is not None
        assert found.announced["logs"] == (said if holds else SAID)

    def test_events_are_not_in_each_others_way(self, store: Store) -> None:
        accepted(store, Phase.RUNNING, announced={"logs": replace(SAID, n=7)})

        claimed = store.claim(ID, "output", SAID)

        assert claimed is not None
        assert claimed.announced == {"logs": replace(SAID, n=7), "output": SAID}

    def test_another_attempt_is_promised(self, store: Store) -> None:
        made = accepted(store, Phase.DONE, due_at=NOW, due_shard=3)

        written = store.attempted(ID, ID, SAID, LATER)

        assert written == replace(made, announced={"completed": SAID}, due_at=LATER)

    @pytest.mark.parametrize("said", [SAID, None])
    def test_nothing_is_promised_to_who_was_told(self, store: Store, table: Table, said: Announced | None) -> None:
        made = accepted(store, Phase.DONE, due_at=NOW, due_shard=3)

        written = store.stop_telling(ID, ID, said)

        told = {"completed": said} if said else {}
        assert written == replace(made, announced=told, told_at=NOW, due_at=None, due_shard=None)
        assert not {"due_at", "due_shard"} & table.item().keys()

    @pytest.mark.parametrize("write", ["attempted", "stop telling"])
    def test_who_was_told_is_not_told_again(self, store: Store, table: Table, write: str) -> None:
        made = accepted(store, Phase.DONE, told_at=NOW)
        before = table.items()

        assert WRITES[write].make(store, made, ID) is None
        assert table.items() == before

    @pytest.mark.parametrize("name", ["finish", "withdraw, unsent", "withdraw, stopped"])
    @pytest.mark.parametrize(
        ("events", "told_at", "is_due"),
        [
            pytest.param(("completed",), None, True, id="of the end"),
            pytest.param(("output",), None, True, id="of the output"),
            pytest.param(("start", "logs"), None, False, id="of the way alone"),
            pytest.param(("completed",), NOW, False, id="told already"),
        ],
    )
    def test_an_end_is_due_until_its_caller_was_told(
        self,
        store: Store,
        name: str,
        events: tuple[str, ...],
        told_at: str | None,
        is_due: bool,  # noqa: FBT001
    ) -> None:
        subscriber = Subscriber("https://hooks.example", events)
        made = accepted(store, min(WRITES[name].phases), subscriber=subscriber, told_at=told_at)

        written = WRITES[name].make(store, made, ID)

        assert written is not None
        assert (written.due_at, written.due_shard) == ((due(0), 3) if is_due else (None, None))


class TestRemove:
    AGAIN = "2026-11-21T10:16:00.000Z"

    def deleted(self, store: Store, **changes: Any) -> Prediction:
        accepted(store, Phase.DONE, **changes)
        written = store.remove(ID, {"removed_at": NOW}, self.AGAIN)
        assert written is not None
        return written

    def test_takes_the_content_and_leaves_the_rest(self, store: Store, table: Table) -> None:
        made = accepted(store, Phase.DONE, outputs={"0": OUTPUT}, logs=Document(json='"x"'))
        contents = {"input": Document(json="{}"), "outputs": None, "logs": None, "output": None, "removed_at": LATER}

        written = store.remove(ID, contents, self.AGAIN)

        assert written is not None
        assert replace(written, due_shard=None) == replace(
            made,
            input=Document(json="{}"),
            outputs={},
            logs=None,
            output=None,
            removed_at=LATER,
            erase_at=self.AGAIN,
            due_at=self.AGAIN,
        )
        assert not {"outputs", "logs", "output"} & table.item().keys()

    def test_is_looked_after_again_by_any_shard(self, store: Store) -> None:
        made = [accepted(store, Phase.DONE, id=ids.new()) for _ in range(40)]

        shards = {written.due_shard for one in made if (written := store.remove(one.id, {}, self.AGAIN))}

        assert shards <= set(range(DUE_SHARDS))
        assert len(shards) > 1

    def test_that_nothing_is_left_to_do_is_noted(self, store: Store, table: Table) -> None:
        made = self.deleted(store)

        written = store.forget(made)

        assert written == replace(made, due_at=None, due_shard=None)
        assert not {"due_at", "due_shard"} & table.item().keys()

    def test_not_where_something_was_promised_since(self, store: Store, table: Table) -> None:
        """It was deleted again meanwhile."""
        made = self.deleted(store)
        store.remove(ID, {"removed_at": NOW}, clock.later(60, self.AGAIN))
        before = table.items()

        assert store.forget(made) is None
        assert table.items() == before

    @pytest.mark.parametrize("first", ["deleted", "told"])
    def test_a_deletion_while_its_caller_is_told_is_looked_after_again(self, store: Store, first: str) -> None:
        """Neither knows of the other; neither brings forward what the deletion promised."""
        accepted(store, Phase.DONE, subscriber=SUBSCRIBER, completed_at=NOW, due_at=NOW, due_shard=3)
        writes: list[Callable[[], Prediction | None]] = [
            lambda: store.remove(ID, {"removed_at": NOW}, self.AGAIN),
            lambda: store.stop_telling(ID, ID, SAID),
        ]

        for write in writes if first == "deleted" else writes[::-1]:
            assert write()

        found = store.get(ID)
        assert found is not None
        assert (found.removed_at, found.told_at, found.announced) == (NOW, NOW, {"completed": SAID})
        assert (found.erase_at, found.due_at) == (self.AGAIN, self.AGAIN)
        assert found.due_shard is not None

    def test_attempts_to_tell_do_not_bring_it_forward(self, store: Store) -> None:
        """They promise their own next one; the last of them brings the other promise back."""
        self.deleted(store, subscriber=SUBSCRIBER, completed_at=NOW)
        store.attempted(ID, ID, SAID, due(5))

        told = store.stop_telling(ID, ID, SAID)

        assert told is not None
        assert told.due_at == self.AGAIN


class TestDue:
    def test_only_what_is_overdue(self, store: Store) -> None:
        for seconds in (-60, -1, 0, 1):
            accepted(store, id=ids.new(), due_at=clock.later(seconds, LATER))

        found = [store.get(prediction_id) for prediction_id in store.due(3, LATER)]

        assert [one.due_at for one in found if one] == [clock.later(-60, LATER), clock.later(-1, LATER)]

    def test_each_shard_has_its_own(self, store: Store) -> None:
        for shard in range(DUE_SHARDS):
            accepted(store, id=f"{shard:026}", due_shard=shard, due_at=NOW)

        found = [store.due(shard, LATER) for shard in range(DUE_SHARDS)]

        assert found == [[f"{shard:026}"] for shard in range(DUE_SHARDS)]

    def test_no_more_than_the_limit(self, store: Store) -> None:
        for n in range(5):
            accepted(store, id=f"{n:026}", due_at=clock.later(-n, NOW))

        assert store.due(3, LATER, limit=2) == [f"{4:026}", f"{3:026}"]

    @pytest.mark.parametrize(
        "name", ["finish", "withdraw, unsent", "withdraw, stopped"], ids=["finished", "unsent", "stopped"]
    )
    def test_what_is_done_is_never_due(self, store: Store, name: str) -> None:
        made = accepted(store, min(WRITES[name].phases), due_at=NOW)
        assert store.due(3, LATER) == [ID]

        WRITES[name].make(store, made, ID)

        assert store.due(3, LATER) == []

    def test_a_promise_is_kept_waiting_for(self, store: Store) -> None:
        accepted(store, due_at=NOW)

        store.promise(ID, ID, LATER)

        assert store.due(3, LATER) == []
        assert store.due(3, clock.later(0.001, LATER)) == [ID]

    @pytest.mark.usefixtures("test_clock")
    def test_two_minutes_after_the_promised_look(self) -> None:
        assert due(5) == "2026-11-21T10:02:05.000Z"


def test_a_handle_is_not_a_prediction(store: Store) -> None:
    made = accepted(store, Phase.SENDING)

    store.own(made, ID, Handle("0" * 26, NOW), UPSTREAM, LATER)

    assert store.get("0" * 26) is None
