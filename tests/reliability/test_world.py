"""The virtual world keeps its rules: it repeats itself, takes no real time, lets functions die as Lambda does."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests

from local.simulator.models import MODELS
from local.simulator.prediction import Request
from lumeo import aws, clock
from lumeo.announcing import EVENTS
from lumeo.prediction import Status
from lumeo.providers import http
from tests.conftest import ROOT, TOKEN
from tests.world import invariants
from tests.world.calls import Call, Hook, Refusal
from tests.world.chooser import Script, Seeded, explore
from tests.world.hub import Hub
from tests.world.receiver import Trouble
from tests.world.turns import Death, Stuck
from tests.world.world import RECEIVER, World, world


class At(Hook):
    """Does something at the nth call of a kind, once."""

    def __init__(
        self, function: str, operation: str, act: Callable[[], Any], *, n: int = 1, late: bool = False
    ) -> None:
        self.wanted = (function, operation)
        self.left = n
        self.act = act
        self.late = late
        self.met: list[Call] = []

    def before(self, call: Call) -> Any:
        return None if self.late else self._meet(call)

    def after(self, call: Call) -> Any:
        return self._meet(call) if self.late else None

    def _meet(self, call: Call) -> Any:
        if (call.function, call.operation) != self.wanted:
            return None
        self.met.append(call)
        self.left -= 1
        return self.act() if self.left == 0 else None


def die() -> None:
    raise Death


def trace(seed: int) -> list[str]:
    """All that happens to three predictions, one of which is cancelled."""
    with world(seed) as here:
        ids = [here.submit(model) for model in ("sim/instant", "sim/slow", "sim/stuck")]
        here.passes(3)
        here.cancel(ids[2])
        here.until_quiet()
        invariants.check(here)
        history = [str(event) for run in ids for event in here.history(run)]
        return [str(call) for call in here.calls()] + history


# The hub


def test_tasks_take_turns_by_time() -> None:
    hub, seen = Hub(Seeded(1)), list[tuple[str, float]]()

    def work(name: str, pause: float) -> None:
        for _ in range(2):
            hub.sleep(pause)
            seen.append((name, hub.elapsed()))

    hub.spawn(lambda: work("slow", 5), "slow")
    hub.spawn(lambda: work("quick", 2), "quick")
    hub.run(hub.idle)

    assert seen == [("quick", 2), ("quick", 4), ("slow", 5), ("slow", 10)]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("xx", "xx", 6), ("xx", "yy", 1), ("xy", "xz", 2), ("xy", "yx", 3)],
    ids=["one item", "two items", "one of both", "crosswise"],
)
def test_orders_that_matter(one: str, other: str, expected: int) -> None:
    """Two tasks of two calls each can meet in six orders; those of calls on different items are not told apart."""
    ends: set[str] = set()

    def play(script: Script) -> None:
        hub, written = Hub(script), dict[str, str]()

        def work(name: str, items: str) -> None:
            assert hub.task
            for item in items:
                hub.task.about = Call(name, "dynamodb", "UpdateItem", (item,), writes=True)
                hub.sleep(0)
                written[item] = written.get(item, "") + name

        hub.spawn(lambda: work("a", one), "a")
        hub.spawn(lambda: work("b", other), "b")
        hub.run(hub.idle)
        ends.add(str(sorted(written.items())))

    assert explore(play) == len(ends) == expected


def test_killed_task_does_nothing_more() -> None:
    """Whatever stands in its finally clauses: they do not run where a Lambda function dies."""
    hub, done = Hub(), list[str]()

    def work() -> None:
        try:
            hub.sleep(10)
        finally:
            hub.sleep(0)
            done.append("cleaned up")

    task = hub.spawn(work, "work")
    hub.sleep(1)
    hub.kill(task)
    hub.run(hub.idle)

    assert (task.done, done, hub.elapsed()) == (True, [], 1)


def test_what_a_task_raises_is_not_lost() -> None:
    hub = Hub()
    hub.spawn(lambda: 1 / 0, "work")

    with pytest.raises(ZeroDivisionError):
        hub.run(hub.idle)


# The world


def test_the_example_of_the_readme() -> None:
    (example,) = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "tests/world/README.md").read_text(), re.MULTILINE | re.DOTALL
    )

    assert "assert" in example
    exec(example, {"world": world, "invariants": invariants})


def test_same_seed_same_world() -> None:
    assert trace(5) == trace(5)


def test_another_seed_another_world() -> None:
    assert trace(5) != trace(6)


def test_time_is_virtual() -> None:
    """A queue of 38 s and a week take no time."""
    begun = time.monotonic()
    with world() as here:
        here.submit("sim/cold")
        here.until_quiet()
        waited = here.hub.elapsed()
        here.passes(7 * 86_400)

    assert waited > 38
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    ("model", "status", "code"),
    [
        ("sim/instant", "succeeded", None),
        ("sim/many", "succeeded", None),
        ("sim/big", "succeeded", None),
        ("sim/text", "succeeded", None),
        ("sim/cold", "succeeded", None),
        ("sim/nsfw", "failed", "content_rejected"),
        ("sim/null", "failed", "empty_output"),
    ],
)
@pytest.mark.parametrize("cold", [False, True], ids=["warm", "cold"])
def test_whole_way(model: str, status: str, code: str | None, *, cold: bool) -> None:
    with world(seed=3, cold=cold) as here:
        prediction_id = here.submit(model)
        here.until_quiet()
        shown = here.read(prediction_id)

        assert (shown["status"], shown["error_code"]) == (status, code)
        assert here.created() == 1
        assert here.history(prediction_id)[-1]["type"] == "ExecutionSucceeded"
        invariants.check(here)


def test_webhook_wakes() -> None:
    """The end of the run is known at once, not at the next look."""
    with world(seed=1) as here:
        here.submit("sim/cold")
        here.until_quiet()

        woken = [call for call in here.calls() if call.boundary == ("Webhook", "states", "SendTaskSuccess")]
        assert woken
        assert here.hub.elapsed() < 44


def test_waiting_caller() -> None:
    """An answer that is held back costs time, and lets the run go on meanwhile."""
    with world(seed=1) as here:
        answer = here.call(
            "POST", "/v1/models/sim/instant/predictions", {"input": {"prompt": "a corgi"}}, {"Prefer": "wait=20"}
        )

        assert answer.body["status"] == "succeeded"
        assert 0 < here.hub.elapsed() < 20


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_dead_function_is_repeated(late: bool) -> None:  # noqa: FBT001 (a case)
    """The machine sees an error of Lambda's, waits, and asks again."""
    with world(seed=2) as here:
        prediction_id = here.submit("sim/instant")
        with here.seam.hooked(At("Finalize", "UpdateItem", die, late=late)):
            here.until_quiet()

        events = here.history(prediction_id)
        failed = [event["taskFailedEventDetails"]["error"] for event in events if event["type"] == "TaskFailed"]
        assert failed.count("Runtime.ExitError") == 1
        assert here.read(prediction_id)["status"] == "succeeded"
        invariants.check(here)


@pytest.mark.parametrize("function", ["Create", "Finalize"])
def test_death_while_a_file_or_a_run_is_on_its_way(function: str) -> None:
    """Also in the middle of what boto3 does by itself."""
    operation = {"Create": "TransactWriteItems", "Finalize": "PutObject"}[function]
    with world(seed=2) as here:
        prediction_id = here.submit("sim/many")
        with here.seam.hooked(At(function, operation, die)):
            here.until_quiet()

        assert here.read(prediction_id)["status"] == "succeeded"
        invariants.check(here)


def test_slow_post_of_a_killed_function_arrives() -> None:
    """Nobody waits for it any more; it is paid for all the same, once."""
    with world(seed=4) as here:
        prediction_id = here.submit("sim/image")
        here.until(lambda: any(task.about for task in _tasks(here, "Create")))
        here.until(lambda: any(call.operation == "create" for call in here.calls()))
        (create,) = _tasks(here, "Create")
        assert here.created() == 0
        here.hub.kill(create)
        here.passes(3)
        assert create.done
        assert here.created() == 1

        here.until_quiet()
        assert here.read(prediction_id)["status"] == "succeeded"
        invariants.check(here)


def test_lambda_time_out() -> None:
    """A function that takes too long is killed at its limit, and the machine is told so."""
    with world(seed=1) as here:
        prediction_id = here.submit("sim/instant")
        with here.seam.hooked(At("Create", "UpdateItem", lambda: here.hub.sleep(100))):
            here.until_quiet()

        failed = [event for event in here.history(prediction_id) if event["type"] == "TaskFailed"]
        assert failed[0]["taskFailedEventDetails"]["error"] == "Sandbox.Timedout"
        assert here.read(prediction_id)["status"] == "succeeded"
        invariants.check(here)


def test_sdk_repeats_what_aws_refuses_for_a_moment() -> None:
    """A refusal on the wire is seen by the SDK first, as AWS's own would be."""
    with world(seed=1) as here:
        refused = At("Submit", "PutItem", lambda: Refusal("ThrottlingException"))
        with here.seam.hooked(refused):
            here.submit("sim/instant")

        assert len(refused.met) == 2
        here.until_quiet()
        invariants.check(here)


def test_lost_answer_of_a_write() -> None:
    """The table took the write, the connection broke: the SDK writes again, and its condition does not hold."""
    with world(seed=1) as here:
        prediction_id = here.submit("sim/instant")
        lost = At("Create", "UpdateItem", lambda: requests.ConnectionError("reset"), n=2, late=True)
        with here.seam.hooked(lost):
            here.until_quiet()

        assert here.read(prediction_id)["status"] == "succeeded"
        assert here.created() == 1
        invariants.check(here)


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ({"kind": "drop_before"}, "Ambiguous"),
        ({"kind": "drop_after"}, "Ambiguous"),
        ({"kind": "delay", "seconds": 15}, "Ambiguous"),
        ({"kind": "half_json"}, None),
        ({"kind": "status", "status": 503}, None),
    ],
    ids=lambda case: case["kind"] if isinstance(case, dict) else "",
)
def test_provider_errors_are_the_real_ones(fault: dict[str, Any], raised: str | None) -> None:
    """The socket has the troubles: what requests and urllib3 make of them is their own."""
    with world() as here:
        here.fault("get", times=1, **fault)
        here.simulator.create(_a_run())
        (run,) = here.simulator.all()

        assert _outcome(here, f"http://provider.test/v1/predictions/{run.id}") == raised


def test_refused_connection_never_arrives() -> None:
    with world() as here:
        with here.seam.hooked(At("test", "get", lambda: ConnectionRefusedError(111, "refused"))):
            assert _outcome(here, "http://provider.test/v1/predictions/x") == "Retryable"

        assert here.simulator.counters()["calls"]["get"] == 0
        assert _outcome(here, "http://nobody.test/") == "Retryable"


def test_client_hangs_up_when_its_time_is_over() -> None:
    """The whole exchange is bounded, not each read."""
    with world() as here:
        here.fault("get", "delay", seconds=9)
        begun = here.hub.elapsed()

        assert _outcome(here, "http://provider.test/v1/predictions/x", seconds=3) == "Ambiguous"
        assert here.hub.elapsed() - begun == pytest.approx(3, abs=0.1)


def test_cut_file_is_not_stored() -> None:
    with world(seed=1) as here:
        here.fault("file", "truncate")
        here.fault("file", "short")
        prediction_id = here.submit("sim/big")
        here.until_quiet()

        assert here.read(prediction_id)["status"] == "succeeded"
        assert here.simulator.counters()["calls"]["file"] == 3
        invariants.check(here)


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("n", [1, 3])
def test_function_dies_with_its_threads(n: int, late: bool) -> None:  # noqa: FBT001 (a case)
    """Whichever of them is hit; the next invocation copies what is missing."""
    with world(seed=2) as here:
        prediction_id = here.submit("sim/many", {"num_outputs": 9})
        hook = At("Finalize", "UpdateItem", die, n=n, late=late)
        with here.seam.hooked(hook):
            here.until_quiet()

        calls = [call for call in here.calls() if call.function == "Finalize"]
        after = calls[calls.index(hook.met[n - 1]) + 1 :]
        assert after[0].operation == "GetItem"
        assert after[0].items == (f"prediction#{prediction_id}",)
        assert [here.record(prediction_id).outputs[str(m)].pointer for m in range(9)] == [f"/{m}" for m in range(9)]
        invariants.check(here)


def test_copies_in_any_order_are_recorded_alike() -> None:
    """Which file is the first to be stored is chance, what is recorded is not."""
    orders, records = set(), set()
    for seed in range(6):
        with world(seed=seed) as here:
            prediction_id = here.submit("sim/many", {"num_outputs": 6})
            here.until_quiet()

            puts = [call for call in here.calls() if call.operation == "PutObject" and call.function == "Finalize"]
            orders.add(tuple(name.rpartition("/")[2] for call in puts for name in call.items if "outputs/" in name))
            outputs = sorted(here.record(prediction_id).outputs.items())
            records.add(tuple((n, output.pointer, output.key.rpartition("/")[2]) for n, output in outputs))
            invariants.check(here)

    assert len(orders) > 1
    assert len(records) == 1


def test_stopped_run() -> None:
    """Ended at once; EventBridge tells sweep, which sees to the rest."""
    with world(seed=1) as here:
        prediction_id = here.submit("sim/stuck")
        here.passes(10)
        here.stop_run(prediction_id)
        assert here.executions()[prediction_id].status == "ABORTED"
        assert here.history(prediction_id)[-1]["type"] == "ExecutionAborted"

        here.until_quiet(120)
        assert here.record(prediction_id).status is Status.CANCELED
        assert here.simulator.counters()["running"] == 0
        invariants.check(here)


def test_function_of_a_stopped_run_goes_on() -> None:
    with world(seed=1) as here:
        prediction_id = here.submit("sim/slow")
        here.until(lambda: any(task.about for task in _tasks(here, "Create")))
        (zombie,) = _tasks(here, "Create")
        here.stop_run(prediction_id)
        here.until(lambda: zombie.done)

        assert not zombie.killed
        here.until_quiet()
        invariants.check(here)


def test_run_that_nobody_started() -> None:
    """Death between the record and the run: the clock's sweep finds it."""
    with world(seed=1) as here:
        with here.seam.hooked(At("Submit", "StartExecution", die)):
            answer = here.call("POST", "/v1/models/sim/instant/predictions", {"input": {"prompt": "a corgi"}})
        assert answer.status == 500

        here.until_quiet()
        (record,) = invariants.predictions(here)
        assert record.status is Status.SUCCEEDED
        assert clock.seconds_between(record.created_at, record.completed_at or "") < 300
        invariants.check(here)


def test_orders_of_a_world() -> None:
    """A cancel beside a create: whatever comes first, the rules hold. A failing way can be gone again."""
    created = set()

    def play(script: Script) -> None:
        with world(chooser=script) as here:
            prediction_id = here.submit("sim/stuck")
            here.hub.spawn(lambda: here.cancel(prediction_id), "caller")
            here.until_quiet()
            invariants.check(here)
            assert here.read(prediction_id)["status"] == "canceled"
            created.add(here.created())

    assert explore(play, most=20) == 20
    assert created == {0, 1}


def test_quiet_is_not_stuck() -> None:
    with world() as here:
        here.submit("sim/stuck")

        with pytest.raises(Stuck):
            here.until_quiet(100)


# Who is told


@pytest.mark.parametrize("cold", [False, True], ids=["warm", "cold"])
def test_caller_is_told(*, cold: bool) -> None:
    """Of each event, over the network, as a GET shows it; of the end until it is heard."""
    with world(seed=1, cold=cold) as here:
        here.receiver.troubles.append(Trouble(times=2, event="completed", status=503))
        prediction_id = here.subscribed("sim/slow", f"{RECEIVER}/a", EVENTS)
        here.until_quiet()

        shown = here.read(prediction_id)
        heard = [(one.path, one.message.split("_")[2], one.status) for one in here.receiver.heard]
        assert heard[0] == ("/a", "start", 200)
        assert heard[-4:] == [("/a", "output", 200), *[("/a", "completed", status) for status in (503, 503, 200)]]
        assert here.receiver.heard[-1].shown | {"webhook_deliveries": None} == shown | {"webhook_deliveries": None}
        assert shown["webhook_deliveries"]["completed"]["attempts"] == 3
        invariants.check(here)


def test_event_begins_a_function() -> None:
    """Whoever invokes it goes on at once; nobody is quiet before it has ended."""
    with world(seed=1) as here:
        here.receiver.troubles.append(Trouble(event="start", seconds=8))
        here.subscribed("sim/slow", f"{RECEIVER}/a", ["start"])
        here.until(lambda: any(call.operation == "Invoke" and call.outcome for call in here.calls()))
        assert not here.receiver.heard

        here.until_quiet()
        assert [one.status for one in here.receiver.heard] == [200]


@pytest.mark.parametrize(
    "trouble",
    [Trouble(seconds=60), Trouble(drops=True), Trouble(status=500), None],
    ids=["slow", "drops", "500", "gone"],
)
def test_ends_as_fast_for_a_deaf_caller(trouble: Trouble | None) -> None:
    """Whoever does not listen, at whichever event, is no reason for anything to wait."""
    model, script = "sim/script", {"starting": 1, "processing": 25, "partial": ["a", "ab"], "output": "abc"}
    ends: list[str | None] = []
    for origin in (RECEIVER, RECEIVER if trouble else "http://gone.test"):
        with world(chooser=_in_turn(), environment={"WEBHOOK_ORIGINS": origin}) as here:
            if ends and trouble:
                here.receiver.troubles.append(replace(trouble, times=9))
            body = {"input": script, "webhook": f"{origin}/a"}
            answer = here.call("POST", f"/v1/models/{model}/predictions", body)
            here.until_quiet()
            ends.append(here.record(answer.body["id"]).completed_at)

    assert ends[0] == ends[1]


# What the invariants see


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ({"body": b'{"id": "x", "status": "succeeded"}'}, "no signature holds"),
        ({"phase": "settled"}, "the record is settled"),
        ({"status": 500}, "its caller was not told"),
    ],
)
def test_a_false_telling_is_seen(change: dict[str, Any], seen: str) -> None:
    with world() as here:
        here.subscribed("sim/instant", f"{RECEIVER}/a")
        here.until_quiet()
        here.receiver.heard[-1] = replace(here.receiver.heard[-1], **change)

        assert seen in "\n".join(invariants.violations(here))


def test_telling_too_much_is_seen() -> None:
    """Before the end, of what nobody asked for, after the end."""
    with world() as here:
        prediction_id = here.subscribed("sim/slow", f"{RECEIVER}/a", ["start", "completed"])
        here.until_quiet()
        start, end = here.receiver.heard
        here.receiver.heard[:] = [end, replace(start, at=end.at + 46)]
        assert f"msg_{prediction_id}_start came 46.0 s after the end was told" in list(invariants.violations(here))

        aws.dynamodb().update_item(
            TableName=here.table,
            Key={"pk": {"S": f"prediction#{prediction_id}"}},
            UpdateExpression="SET subscriber.events = :none",
            ExpressionAttributeValues={":none": {"L": []}},
        )
        assert any("nobody asked for it" in line for line in invariants.violations(here))


def test_what_is_left_of_a_removed_one_is_seen() -> None:
    with world() as here:
        prediction_id = here.submit("sim/instant")
        here.until_quiet()
        assert here.call("DELETE", f"/v1/predictions/{prediction_id}").status == 204
        assert any("is still there" in line for line in invariants.violations(here))
        here.until_quiet()
        invariants.check(here)
        key = f"outputs/{here.record(prediction_id).outputs_id}/0.png"
        here.put(key, b"late")

        assert list(invariants.violations(here)) == [f"{prediction_id} was removed, and {key} is still there"]


def test_what_counts_twice_is_seen() -> None:
    with world() as here:
        prediction_id = here.submit("sim/instant")
        here.until_quiet()
        ends = [line for line in here.lines if '"Succeeded":' in line or '"Accepted":' in line]
        assert len(ends) == 2
        here.lines += [*ends, ends[1].replace("Succeeded", "Failed")]

        twice, otherwise = invariants.violations(here)
        assert twice == f"{prediction_id} counted as Accepted 2 times"
        assert otherwise.startswith(f"{prediction_id} ended as succeeded and counted as ")


def test_a_leak_is_seen() -> None:
    with world() as here:
        here.lines.append(f"the token is {TOKEN}")

        assert list(invariants.violations(here)) == ["the provider's token stands in the log"]


def test_two_payments_are_seen() -> None:
    with world() as here:
        prediction_id = here.submit("sim/instant")
        here.until_quiet()
        (run,) = here.simulator.all()
        here.simulator.create(run.request)

        assert f"{prediction_id} was paid for 2 times" in list(invariants.violations(here))


def test_a_damaged_output_is_seen() -> None:
    with world() as here:
        prediction_id = here.submit("sim/instant")
        here.until_quiet()
        here.put(here.record(prediction_id).outputs["0"].key, b"damaged")

        assert list(invariants.violations(here)) == [f"{prediction_id}: output 0 differs from what the provider made"]


def test_what_goes_on_is_seen() -> None:
    with world() as here:
        prediction_id = here.submit("sim/stuck")
        here.passes(20)
        (run,) = here.simulator.all()

        wrong = list(invariants.violations(here))
        assert f"the run {prediction_id} is open" in wrong
        assert f"{run.id} still runs at the provider" in wrong
        assert any("has not ended" in line for line in wrong)


def test_way_can_be_gone_again() -> None:
    calls: list[list[str]] = []

    def play(script: Script) -> None:
        with world(chooser=script) as here:
            prediction_id = here.submit("sim/instant")
            here.hub.spawn(lambda: here.cancel(prediction_id), "caller")
            here.until_quiet()
            calls.append([str(call) for call in here.calls()])

    ways: list[Script] = []
    explore(lambda way: play(ways.append(way) or way), most=6)  # type: ignore[func-returns-value]
    play(Script.along(ways[-1].choices))

    assert calls[-1] == calls[-2] != calls[0]


def _in_turn() -> Script:
    """Nothing takes time of its own, and of several who may go on the first does."""
    script = Script()
    script.branches = False
    return script


def _tasks(here: World, function: str) -> list[Any]:
    return [task for task in here.hub.tasks if task.function == function]


def _outcome(here: World, url: str, seconds: float = 60) -> str | None:
    """The name of what a request raised, or None."""

    def made() -> str | None:
        try:
            http.request("GET", url, headers={"Authorization": f"Bearer {TOKEN}"}, seconds=seconds)
        except Exception as error:  # noqa: BLE001 (its name is what is asked for)
            return type(error).__name__
        return None

    said: str | None = here.hub.do(made, "test")
    return said


def _a_run() -> Any:
    return Request(MODELS["sim/instant"], {"prompt": "a corgi"})
