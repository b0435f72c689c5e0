"""The alarms ring for what really happened: what the handlers print is what the template's alarms look at."""

from collections.abc import Callable

import pytest

from lumeo.metrics import ALARMED
from tests.integration.driver import Driver
from tests.integration.platform import Platform
from tests.integration.printing import Printed
from tests.integration.subscriber import Subscriber
from tests.integration.test_metrics import (
    NAMESPACE,
    Scene,
    a_copy_breaks,
    an_output_is_lost,
    goes_on_after_its_deadline,
    is_out_of_reach,
    is_throttled,
    succeeds,
    takes_five_seconds,
    the_account_is_refused,
)
from tests.template.documents import RESOURCES
from tests.template.watching import ALARMS, OURS, rings, watched

Story = Callable[[Scene], object]
OWN = [name for name, alarm in ALARMS.items() if any(one.namespace == OURS for one in watched(alarm))]


@pytest.fixture
def scene(driver: Driver, platform: Platform, subscriber: Subscriber) -> Scene:
    return Scene(driver, platform, subscriber)


def waits_for_long(scene: Scene) -> None:
    """The provider has been out of reach since it was accepted."""
    prediction_id = scene.driver.submit("sim/instant")
    scene.driver.clock.passes(700)
    scene.driver.overwrite(prediction_id, created_at="2026-11-21T10:00:00.000Z")
    is_out_of_reach(scene)
    scene.driver.sweep()


STORIES: dict[str, tuple[Story, int, dict[str, float]]] = {
    "PastDeadlineAlarm": (goes_on_after_its_deadline, 1, {}),
    "ProviderRefusalsAlarm": (the_account_is_refused, 1, {}),
    "ThrottledAlarm": (is_throttled, 10, {}),
    "OldestWaitingAlarm": (waits_for_long, 1, {}),
    "CopyFailuresAlarm": (an_output_is_lost, 1, {}),
    "WebhooksLostAlarm": (succeeds, 20, {}),
    "SpendAlarm": (takes_five_seconds, 1, {"DollarsPerProviderSecond": 0.1, "DollarsPerDay": 0.4}),
}
"""What brings each about, how often it has to happen in each period, and parameters."""


def test_every_alarm_of_ours_has_a_story() -> None:
    assert STORIES.keys() == set(OWN)


def values(printed: Printed, times: int) -> dict[str, list[float]]:
    """What CloudWatch has of a period in which that happened so often: the metrics that have no dimension."""
    found = {name: printed.of(name) * times for name in ALARMED}
    return {name: seen for name, seen in found.items() if seen}


@pytest.mark.parametrize("name", OWN)
def test_it_rings(name: str, scene: Scene, printed: Printed) -> None:
    story, times, parameters = STORIES[name]
    story(scene)
    alarm, seen = ALARMS[name], values(printed, times)

    assert {point.namespace for point in printed.points} == {NAMESPACE}
    assert rings(alarm, [seen] * alarm["EvaluationPeriods"], parameters)
    assert not rings(alarm, [{}] * alarm["EvaluationPeriods"], parameters), "silence is no alarm"
    if times > 1:
        fewer = values(printed, times - 1)
        assert not rings(alarm, [fewer] * alarm["EvaluationPeriods"], parameters)


@pytest.mark.parametrize("name", [name for name in OWN if RESOURCES[name]["Condition"] == "WithAlarms"])
def test_it_does_not_ring_while_all_is_well(name: str, scene: Scene, printed: Printed) -> None:
    """A hundred predictions in each period, each of which was called back."""
    prediction_id = scene.driver.running("sim/instant")
    scene.driver.clock.passes(1)
    scene.driver.deliver()
    scene.driver.run(prediction_id, "Finalize")

    assert not rings(ALARMS[name], [values(printed, 100)] * 3)


def test_ten_tries_in_vain_to_copy_ring_too(scene: Scene, printed: Printed) -> None:
    a_copy_breaks(scene)

    assert rings(ALARMS["CopyFailuresAlarm"], [values(printed, 10)])
    assert not rings(ALARMS["CopyFailuresAlarm"], [values(printed, 9)])
