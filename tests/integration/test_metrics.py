"""What the operator sees: every metric is measured by the real handlers, once for each fact."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from local.environment import variables
from lumeo.metrics import ALARMED, Metric
from tests.conftest import TestClock
from tests.integration.driver import Driver
from tests.integration.meeting import before
from tests.integration.platform import Platform, break_step_functions, mend_step_functions
from tests.integration.printing import Printed
from tests.integration.subscriber import Subscriber

NAMESPACE = "Lumeo/lumeo-local"


@dataclass(frozen=True, slots=True)
class Scene:
    """Everybody whom a story needs."""

    driver: Driver
    platform: Platform
    subscriber: Subscriber


@pytest.fixture
def scene(driver: Driver, platform: Platform, subscriber: Subscriber) -> Scene:
    return Scene(driver, platform, subscriber)


def accepted(scene: Scene) -> str:
    return scene.driver.submit("sim/instant")


def succeeds(scene: Scene) -> str:
    return str(scene.driver.finished("sim/instant")[0]["id"])


def takes_five_seconds(scene: Scene) -> str:
    return str(scene.driver.finished("sim/slow")[0]["id"])


def makes_a_file_of_a_hundred_bytes(scene: Scene) -> str:
    return str(scene.driver.finished("sim/script", {"output": ["$bytes:100"]})[0]["id"])


def fails(scene: Scene) -> str:
    return str(scene.driver.finished("sim/traceback")[0]["id"])


def is_rejected(scene: Scene) -> str:
    return str(scene.driver.finished("sim/nsfw")[0]["id"])


def is_canceled(scene: Scene) -> str:
    prediction_id = scene.driver.running("sim/stuck")
    scene.driver.cancel(prediction_id)
    scene.driver.run(prediction_id, "Status")
    return prediction_id


def the_account_is_refused(scene: Scene) -> str:
    scene.driver.fault("create", "status", status=402, body={"detail": "You have no credit."})
    return succeeds(scene)


def the_model_is_unknown(scene: Scene) -> str:
    scene.driver.fault("create", "status", status=404, body={"detail": "Not found"})
    return succeeds(scene)


def is_throttled(scene: Scene) -> str:
    scene.driver.fault("create", "throttle", hint="header", seconds=42)
    prediction_id = scene.driver.submit("sim/instant")
    scene.driver.step("Create", prediction_id)
    return prediction_id


def is_out_of_reach(scene: Scene) -> str:
    with variables({"REPLICATE_BASE_URL": "http://127.0.0.1:9/v1"}):
        prediction_id = scene.driver.submit("sim/instant")
        scene.driver.step("Create", prediction_id)
    return prediction_id


def a_look_is_in_vain(scene: Scene) -> str:
    prediction_id = scene.driver.running("sim/instant")
    scene.driver.fault("get", "status", status=500)
    scene.driver.step("Status", prediction_id)
    return prediction_id


def goes_on_after_its_deadline(scene: Scene) -> str:
    prediction_id = scene.driver.running("sim/stuck")
    scene.driver.clock.passes(4000)
    scene.driver.fault("cancel", "status", status=500, times=-1)
    scene.driver.fault("get", "status", status=500)
    scene.driver.step("Status", prediction_id)
    return prediction_id


def nobody_looks_after_its_deadline(scene: Scene) -> str:
    prediction_id = scene.driver.running("sim/stuck")
    scene.driver.clock.passes(4000)
    assert scene.driver.sweep() == 1
    return prediction_id


def a_copy_breaks(scene: Scene) -> str:
    prediction_id = scene.driver.settled("sim/instant")
    scene.driver.fault("file", "status", status=500)
    scene.driver.step("Finalize", prediction_id)
    return prediction_id


def an_output_is_lost(scene: Scene) -> str:
    scene.driver.simulator.retention = 100
    prediction_id = scene.driver.settled("sim/instant")
    scene.driver.clock.passes(100)
    scene.driver.run(prediction_id, "Finalize")
    return prediction_id


def a_webhook_is_forged(scene: Scene) -> str:
    scene.driver.fault("webhook", "forge", event="completed")
    prediction_id = scene.driver.running("sim/instant")
    scene.driver.clock.passes(10)
    assert 401 in scene.driver.deliver()
    return prediction_id


def nobody_listens(scene: Scene) -> str:
    scene.subscriber.answers = [410]
    prediction_id = scene.subscriber.submit(scene.driver, "sim/instant", ["completed"])
    scene.driver.run(prediction_id)
    return prediction_id


def an_answer_is_lost(scene: Scene) -> str:
    scene.driver.fault("create", "drop_after")
    return succeeds(scene)


def nobody_knows_of_a_run(scene: Scene) -> str:
    """The prediction has ended while the provider answered."""
    prediction_id = scene.driver.submit("sim/stuck")
    scene.driver.fault("create", "delay", seconds=5)
    ended = {"run": f"{prediction_id}-2", "phase": "done", "status": "failed"}
    scene.driver.simulator_clock.meanwhile = lambda: scene.driver.overwrite(prediction_id, **ended)
    scene.driver.step("Create", prediction_id)
    return prediction_id


def a_run_never_starts(scene: Scene) -> str:
    break_step_functions()
    prediction_id = scene.driver.submit("sim/instant")
    mend_step_functions()
    scene.driver.clock.passes(121)
    assert scene.driver.sweep() == 1
    return prediction_id


def a_run_fails(scene: Scene) -> str:
    prediction_id = scene.driver.running("sim/stuck")
    scene.platform.ends(prediction_id, "FAILED")
    scene.driver.clock.passes(61)
    scene.platform.tells(prediction_id)
    return prediction_id


Story = Callable[[Scene], str]
STORIES: Mapping[Metric, tuple[Story, list[float]]] = {
    Metric.ACCEPTED: (accepted, [1]),
    Metric.SUBMITTED: (succeeds, [1]),
    Metric.WAITING_SECONDS: (is_throttled, [42]),
    Metric.SUCCEEDED: (succeeds, [1]),
    Metric.FAILED: (fails, [1]),
    Metric.CANCELED: (is_canceled, [1]),
    Metric.CONTENT_REJECTED: (is_rejected, [1]),
    Metric.PROVIDER_SECONDS: (takes_five_seconds, [5]),
    Metric.OUTPUT_BYTES: (makes_a_file_of_a_hundred_bytes, [100]),
    Metric.ACCOUNT_REFUSALS: (the_account_is_refused, [1]),
    Metric.REQUEST_REFUSALS: (the_model_is_unknown, [1]),
    Metric.THROTTLED: (is_throttled, [1]),
    Metric.UNREACHABLE: (is_out_of_reach, [1]),
    Metric.LOOKS_WITHOUT_ANSWER: (a_look_is_in_vain, [1]),
    Metric.PAST_DEADLINE_SECONDS: (goes_on_after_its_deadline, [400]),
    Metric.COPY_TROUBLES: (a_copy_breaks, [1]),
    Metric.COPIES_GIVEN_UP: (an_output_is_lost, [1]),
    Metric.WEBHOOKS_LOST: (succeeds, [1]),
    Metric.FORGED_WEBHOOKS: (a_webhook_is_forged, [1]),
    Metric.ANNOUNCEMENTS_GIVEN_UP: (nobody_listens, [1]),
    Metric.ADOPTED: (an_answer_is_lost, [1]),
    Metric.ORPHANS: (nobody_knows_of_a_run, [1]),
    Metric.SWEPT: (a_run_never_starts, [1]),
    Metric.OVERTAKEN: (a_run_fails, [1]),
}
"""What brings each about, and the values that follow."""


def test_every_metric_has_a_story() -> None:
    assert STORIES.keys() == set(Metric)


@pytest.mark.parametrize("metric", Metric)
def test_it_is_measured(metric: Metric, scene: Scene, printed: Printed) -> None:
    story, values = STORIES[metric]
    prediction_id = story(scene)

    assert printed.of(metric, provider="replicate") == values
    assert printed.of(metric) == (values if metric in ALARMED else [])
    for point in printed.points:
        assert (point.namespace, point.unit) == (NAMESPACE, Metric(point.name).unit.value)
        assert point.by in ({}, {"provider": "replicate"})
    for line in printed.measured:
        assert line["prediction_id"] == prediction_id
        assert (line["provider"], line["model"].partition("/")[0]) == ("replicate", "sim")


def test_a_webhook_that_came_is_counted_as_none_lost(scene: Scene, printed: Printed) -> None:
    """So that the mean is the share that is lost, and the number of values how many were expected."""
    prediction_id = scene.driver.running("sim/instant")
    scene.driver.clock.passes(1)
    assert scene.driver.deliver() == [200]
    scene.driver.run(prediction_id, "Finalize")

    assert printed.of(Metric.WEBHOOKS_LOST) == [0]


def test_an_output_that_is_too_large_was_paid_for_in_vain_too(scene: Scene, printed: Printed) -> None:
    with variables({"MAX_OUTPUT_BYTES": "20"}):
        assert scene.driver.finished("sim/data")[0]["error_code"] == "output_too_large"

    assert printed.of(Metric.COPIES_GIVEN_UP) == [1]


def test_what_failed_at_the_provider_was_no_copy(scene: Scene, printed: Printed) -> None:
    fails(scene)

    assert printed.of(Metric.COPIES_GIVEN_UP) == []


def test_a_cancel_is_counted_wherever_it_is_settled(scene: Scene, printed: Printed) -> None:
    """Before anything was sent, and by the provider's own answer to it."""
    scene.driver.cancel(scene.driver.submit("sim/instant"))
    scene.driver.cancel(scene.driver.running("sim/stuck"))

    assert printed.of(Metric.CANCELED, provider="replicate") == [1, 1]


def test_the_oldest_that_waits_is_seen(scene: Scene, printed: Printed, test_clock: TestClock) -> None:
    """When its turn is booked it is known how long it will have waited; sweep sees what nobody carries on."""
    with variables({"REPLICATE_CREATES_PER_MINUTE": "6"}):
        for _ in range(3):
            scene.driver.step("Create", scene.driver.submit("sim/instant"))
    assert printed.of(Metric.WAITING_SECONDS) == [0, 10, 20]
    test_clock.passes(500)
    scene.driver.sweep()

    assert sorted(printed.of(Metric.WAITING_SECONDS))[-2:] == [500, 500]


def test_past_its_deadline_it_is_seen_by_whoever_looks(scene: Scene, printed: Printed) -> None:
    nobody_looks_after_its_deadline(scene)

    assert printed.of(Metric.PAST_DEADLINE_SECONDS) == [400]


def test_before_its_deadline_nothing_is_late(scene: Scene, printed: Printed) -> None:
    scene.driver.step("Status", scene.driver.running("sim/stuck"))

    assert printed.of(Metric.PAST_DEADLINE_SECONDS) == []


def test_repeats_count_nothing_again(scene: Scene, printed: Printed) -> None:
    """Each step is done twice, as the state machine's retries do."""
    driver = scene.driver
    prediction_id = driver.submit("sim/instant", Idempotency_Key="once")
    assert driver.submit("sim/instant", Idempotency_Key="once") == prediction_id
    for state in ("Create", "Create", "Status", "Status", "Finalize", "Finalize", "Create", "Status"):
        driver.step(state, prediction_id)
        driver.clock.passes(2)

    counts = [point.name for point in printed.points if point.by]
    assert sorted(counts) == sorted(
        [
            *(Metric.ACCEPTED, Metric.SUBMITTED, Metric.WAITING_SECONDS),
            *(Metric.SUCCEEDED, Metric.WEBHOOKS_LOST, Metric.OUTPUT_BYTES, Metric.PROVIDER_SECONDS),
        ]
    )


@pytest.mark.parametrize("broken", [False, True])
def test_a_run_that_was_overtaken_counts_nothing(scene: Scene, printed: Printed, *, broken: bool) -> None:
    """Neither the end, nor a copy that broke, right before it would write them."""
    driver = scene.driver
    prediction_id = driver.settled("sim/instant" if broken else "sim/text")
    if broken:
        driver.fault("file", "status", status=500)
    counted = len(printed.points)
    with before("UpdateItem", lambda: driver.overwrite(prediction_id, run=f"{prediction_id}-2")):
        driver.step("Finalize", prediction_id)

    assert len(printed.points) == counted


@pytest.mark.parametrize("said", ["1e400", '"long"', "-1", "1e300", "true", "null"])
def test_what_a_provider_says_of_its_seconds_is_not_believed_blindly(scene: Scene, printed: Printed, said: str) -> None:
    """One value that is none would spoil the sum of a day."""
    prediction_id = scene.driver.running("sim/instant")
    upstream = scene.driver.upstream().id
    body = f'{{"id": "{upstream}", "status": "succeeded", "output": ["x"], "metrics": {{"predict_time": {said}}}}}'
    scene.driver.fault("get", "status", status=200, body=body, times=-1)
    scene.driver.clock.passes(3)
    scene.driver.run(prediction_id, "Status")

    (seconds,) = printed.of(Metric.PROVIDER_SECONDS) or [0]
    assert 0 <= seconds < 60
    assert len(printed.of(Metric.SUCCEEDED, provider="replicate")) == 1
