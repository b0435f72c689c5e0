"""The virtual world keeps its rules: it repeats itself, takes no real time, lets functions die as Lambda does."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from local.simulator.models import MODELS
from local.simulator.prediction import Request
from lumeo import clock
from lumeo.prediction import Status
from lumeo.providers import http
from tests.conftest import TOKEN
from tests.world import invariants
from tests.world.calls import Call, Hook, Refusal
from tests.world.chooser import Script, Seeded, explore
from tests.world.hub import Hub
from tests.world.turns import Death, Stuck
from tests.world.world import World, world


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
        with here.seam.hooked(At("Status", "UpdateItem", die, late=late)):
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


# What the invariants see


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
        here.damage(here.record(prediction_id).outputs["0"].key)

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

    script = Script.along([0, 0, 0, 0, 1, 1])
    play(script)
    play(Script.along(script.choices))

    assert calls[0] == calls[1]


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
