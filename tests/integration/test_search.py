"""A submission whose answer was lost: what it became is found, and until that is known nothing is paid for again."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local.environment import variables
from local.simulator import Simulator, serve
from local.simulator.prediction import Prediction as Run
from lumeo import clock
from lumeo.prediction import Intent
from tests.conftest import TestClock
from tests.integration.driver import Driver
from tests.integration.dying import dying
from tests.integration.meeting import before

OUTAGES = [
    pytest.param("status", {"status": 500}, id="500"),
    pytest.param("status", {"status": 429}, id="429"),
    pytest.param("status", {"status": 401}, id="401"),
    pytest.param("status", {"status": 404}, id="404"),
    pytest.param("status", {"status": 302, "headers": {"Location": "/v1/predictions"}}, id="302"),
    pytest.param("html", {}, id="a page"),
    pytest.param("half_json", {}, id="half an answer"),
    pytest.param("drop_before", {}, id="reset"),
    pytest.param("drop_after", {}, id="reset after it was read"),
    pytest.param("status", {"status": 200, "body": {"results": None}}, id="no results"),
    pytest.param("status", {"status": 200, "body": {"results": [{"id": "../../x"}]}}, id="an id that is none"),
    pytest.param("status", {"status": 200, "body": {"results": ["x"]}}, id="results of another type"),
    pytest.param("status", {"status": 200, "body": []}, id="a list"),
]


def lost(driver: Driver, model: str = "sim/instant", kind: str = "drop_after", **more: Any) -> str:
    """The id of a prediction whose submission was answered by nobody."""
    driver.fault("create", kind, **more)
    prediction_id = driver.submit(model)
    assert driver.step("Create", prediction_id)["next"] == "Create"
    assert driver.record(prediction_id).phase == "sending"
    return prediction_id


def intent(driver: Driver, prediction_id: str) -> Intent:
    found = driver.record(prediction_id).intent
    assert found is not None
    return found


def others(driver: Driver, number: int, **changes: Any) -> list[Run]:
    """Runs of somebody else with the same input on the same account."""
    asked = dataclasses.replace(driver.simulator.all()[0].request, **changes)
    return [driver.simulator.create(asked) for _ in range(number)]


def asked(driver: Driver, call: str = "list") -> list[str]:
    """When the provider was asked."""
    return [entry["at"] for entry in driver.simulator.journal() if entry["call"] == call]


def handle_of(driver: Driver, prediction_id: str) -> str | None:
    handle = driver.record(prediction_id).handle
    return handle.id if handle else None


# Found


def test_is_looked_for_at_once_then_more_and_more_rarely(driver: Driver) -> None:
    prediction_id = lost(driver, kind="drop_before")
    visited = driver.run(prediction_id)

    waits = [wait for state, wait in visited if state == "Create"]
    looks = waits[: waits.index(10)]
    assert looks[0] == 2
    assert looks[:-1] == sorted(looks[:-1])
    assert max(waits) <= 30
    assert len(waits) < 15


@pytest.mark.parametrize("seconds", [1, 10, 31, 60, 89])
def test_listed_late(driver: Driver, seconds: float) -> None:
    """The provider promises to list a run within a minute: so long it is waited for, from the last possible moment."""
    driver.fault("list", "lag", seconds=seconds, times=-1)
    prediction_id = lost(driver)
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert (driver.calls()["create"], driver.created()) == (1, 1)


def test_found_by_the_second_of_two_looks(driver: Driver) -> None:
    """One that finds nothing may have met a part of the provider that was behind."""
    driver.fault("list", "lag", seconds=95, times=-1)
    prediction_id = lost(driver)
    driver.run(prediction_id)

    assert driver.record(prediction_id).intent.absent_at is not None  # type: ignore[union-attr]
    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert driver.created() == 1


@pytest.mark.parametrize("number", [99, 100, 101, 250])
def test_behind_many_others(driver: Driver, number: int) -> None:
    prediction_id = lost(driver)
    mine = driver.upstream()
    others(driver, number, webhook="https://elsewhere.test/hook")
    driver.step("Create", prediction_id)

    assert handle_of(driver, prediction_id) == mine.id
    assert driver.calls()["list"] == number // 100 + 1


def test_asks_only_for_the_time_in_question(driver: Driver) -> None:
    """An account has made a million before; clocks may differ by a minute."""
    earlier = driver.running("sim/instant")
    others(driver, 300)
    driver.clock.passes(61)
    driver.run(earlier, "Status")
    prediction_id = lost(driver)
    driver.step("Create", prediction_id)

    assert handle_of(driver, prediction_id) == driver.simulator.all()[-1].id
    assert driver.calls()["list"] == 1


@pytest.mark.parametrize("seconds", [-59, 59])
def test_by_the_providers_own_clock(driver: Driver, test_clock: TestClock, seconds: float) -> None:
    prediction_id = lost(driver, "sim/stuck")
    mine = driver.upstream()
    mine.created = clock.parse(clock.later(seconds, intent(driver, prediction_id).at))
    driver.step("Create", prediction_id)

    assert handle_of(driver, prediction_id) == mine.id


def test_each_of_four_equal_ones_is_its_own(driver: Driver) -> None:
    """The input says nothing: four pictures of one prompt are legitimate."""
    ids = [lost(driver) for _ in range(4)]
    made = [run.id for run in driver.simulator.all()]
    driver.clock.passes(2)
    for prediction_id in reversed(ids):
        driver.step("Create", prediction_id)

    assert [handle_of(driver, prediction_id) for prediction_id in ids] == made
    assert driver.created() == 4


def test_what_only_looks_like_ours_is_not(driver: Driver) -> None:
    """The same input, and a webhook that differs in one part."""
    prediction_id = lost(driver, kind="drop_before")
    twin = driver.running("sim/instant")
    url = str(driver.upstream().request.webhook)
    for webhook in (
        url.replace("lumeo.test", "lumeo.test.evil.test"),
        url.replace("/replicate/", "/other/"),
        url.replace(twin, twin[:-1]),
        f"https://evil.test/?{url.replace(twin, prediction_id)}",
        f"{url.replace(twin, prediction_id)}".upper(),
    ):
        others(driver, 1, webhook=webhook)
    driver.step("Create", prediction_id)

    assert handle_of(driver, prediction_id) is None


def test_two_of_one_prediction(driver: Driver, lines: list[str]) -> None:
    """It should not happen: the older one is kept, the other one is not left running."""
    prediction_id = lost(driver, "sim/stuck")
    (mine,) = driver.simulator.all()
    driver.clock.passes(1)
    (second,) = others(driver, 1)
    driver.step("Create", prediction_id)

    assert handle_of(driver, prediction_id) == mine.id
    assert (mine.cancel_calls, second.cancel_calls) == (0, 1)
    assert sum("orphan" in line for line in lines) == 1


# The list and what it shows


def test_next_page_on_another_host_is_not_followed(driver: Driver, test_clock: TestClock) -> None:
    """The token goes to the provider's own host alone; of the next page's address only the cursor is taken."""
    prediction_id = lost(driver)
    mine = driver.upstream()
    others(driver, 120, webhook="https://elsewhere.test/hook")
    foreign = Simulator(clock=test_clock)
    with serve(foreign) as server:
        first = driver.simulator.show(driver.simulator.all()[-1], driver.simulator_url)
        cursor = "cD0zMA=="  # p=30
        body = {"next": f"{server.url}/v1/predictions?cursor={cursor}", "previous": None, "results": [first]}
        driver.fault("list", "status", status=200, body=body)
        driver.step("Create", prediction_id)

        assert foreign.journal() == []
    assert handle_of(driver, prediction_id) == mine.id
    assert driver.calls()["list"] == 2
    assert "cursor=cD0zMA" in driver.simulator.journal()[-1]["path"]


@pytest.mark.parametrize("following", ["nonsense", "", 7, {"cursor": "x"}, "?cursor=", "https://[oops/?cursor=x"])
def test_next_page_that_is_none(driver: Driver, following: Any) -> None:
    """It is as if there were none, or it is looked again; nothing fails, nothing is paid again."""
    prediction_id = lost(driver)
    driver.fault("list", "status", status=200, body={"next": following, "results": []})
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert driver.created() == 1


def test_list_without_end(driver: Driver) -> None:
    """A next page that is the same again: the function ends in time, and it is looked again."""
    prediction_id = lost(driver)
    page = {
        "next": "?cursor=cD0x",
        "results": [driver.simulator.show(driver.upstream(), "http://x") | {"webhook": "y"}],
    }
    driver.fault("list", "status", status=200, body=page, times=-1)
    before = driver.clock.now()
    with passing(driver, 1):
        answer = driver.step("Create", prediction_id)

    assert answer["next"] == "Create"
    assert (driver.clock.now() - before).total_seconds() <= 30
    assert driver.record(prediction_id).phase == "sending"


@contextmanager
def passing(driver: Driver, seconds: float) -> Iterator[None]:
    """Every request to the provider takes that long."""
    hit = driver.simulator.hit

    def slow(entry: Any) -> Any:
        driver.clock.passes(seconds)
        return hit(entry)

    driver.simulator.hit = slow  # type: ignore[method-assign]
    try:
        yield
    finally:
        driver.simulator.hit = hit  # type: ignore[method-assign]


def test_list_that_hides_webhooks(driver: Driver) -> None:
    """Each run is looked at then: a look shows what the list does not."""
    driver.fault("list", "hide_webhook", times=-1)
    prediction_id = lost(driver)
    mine = driver.upstream()
    others(driver, 5, webhook="https://elsewhere.test/hook")
    driver.step("Create", prediction_id)

    assert handle_of(driver, prediction_id) == mine.id
    assert driver.calls()["get"] == 6


@pytest.mark.parametrize("number", [0, 5, 30])
def test_provider_that_hides_webhooks(driver: Driver, number: int) -> None:
    """It cannot be known which one is ours, nor whether one is: it is given up rather than paid for twice."""
    driver.fault("list", "hide_webhook", times=-1)
    driver.fault("get", "hide_webhook", times=-1)
    prediction_id = lost(driver)
    others(driver, number)
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("failed", "submission_uncertain")
    assert driver.calls()["create"] == 1
    assert "webhook" in driver.raw_error(prediction_id)


def test_list_that_hides_webhooks_for_a_moment(driver: Driver) -> None:
    """While the submission may still be under way there is time to look again."""
    driver.fault("list", "hide_webhook", times=2)
    driver.fault("get", "hide_webhook", times=2)
    prediction_id = lost(driver)
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert driver.created() == 1


@pytest.mark.parametrize("number", [1, 30])
def test_absent_beside_runs_that_were_given_no_webhook(driver: Driver, number: int) -> None:
    """The owner tries something out on the same account: that says nothing of ours."""
    somebody = driver.running("sim/instant")
    prediction_id = lost(driver, kind="drop_before")
    others(driver, number, webhook=None, webhook_events_filter=None)
    driver.run(somebody, "Status")
    driver.clock.passes(100)
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert driver.calls()["create"] == 3


@pytest.mark.parametrize("number", [1, 19, 30])
def test_looks_at_many_end_in_time(driver: Driver, number: int) -> None:
    """The function has 40 s, however slow the provider is."""
    driver.fault("list", "hide_webhook", times=-1)
    prediction_id = lost(driver)
    others(driver, number, webhook="https://elsewhere.test/hook")
    before = driver.clock.now()
    with passing(driver, 5):
        driver.step("Create", prediction_id)

    assert (driver.clock.now() - before).total_seconds() <= 40


def test_without_a_webhook(driver: Driver) -> None:
    """Nothing can be found by it: while it may be under way it is waited, then it is given up."""
    prediction_id = lost(driver)
    driver.overwrite(prediction_id, webhook=False)
    not_after = intent(driver, prediction_id).not_after
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("failed", "submission_uncertain")
    assert driver.calls()["create"] == 1
    assert str(driver.record(prediction_id).completed_at) >= not_after


# Absent


def test_absent_only_after_two_looks(driver: Driver) -> None:
    """The first a minute after it can have arrived at all, the second ten seconds later."""
    prediction_id = lost(driver, kind="drop_before")
    not_after = intent(driver, prediction_id).not_after
    driver.run(prediction_id)

    first, second = asked(driver)[-2:]
    assert first >= clock.later(60, not_after)
    assert clock.seconds_between(first, second) >= 10
    assert asked(driver, "create")[1] >= second
    assert driver.outcome(prediction_id) == ("succeeded", None)


def test_absent_is_not_said_by_calls_that_come_too_early(driver: Driver) -> None:
    """Whoever calls the function as often as it likes cannot make it sure any sooner."""
    prediction_id = lost(driver, kind="drop_before")
    for _ in range(150):
        driver.step("Create", prediction_id)
        if driver.calls()["create"] > 1:
            break
        driver.clock.passes(1)

    assert clock.seconds_between(asked(driver, "create")[0], asked(driver, "create")[1]) >= 30 + 60 + 10


@pytest.mark.parametrize(("kind", "more"), OUTAGES)
def test_look_that_failed_does_not_count(driver: Driver, kind: str, more: dict[str, Any]) -> None:
    """Between two that found nothing, or instead of one."""
    prediction_id = lost(driver)
    driver.clock.passes(91)
    driver.fault("list", "lag", seconds=1000)
    driver.fault("list", kind, **more)
    assert driver.step("Create", prediction_id)["wait"] == 10
    driver.clock.passes(10)
    assert driver.step("Create", prediction_id)["next"] == "Create"
    driver.clock.passes(10)
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert (driver.calls()["create"], driver.created()) == (1, 1)


def test_length_of_the_list_is_the_owners_to_say(driver: Driver) -> None:
    with variables({"REPLICATE_LISTING_SECONDS": "600"}):
        prediction_id = lost(driver, kind="drop_before")
        not_after = intent(driver, prediction_id).not_after
        driver.run(prediction_id)

    assert asked(driver, "create")[1] >= clock.later(610, not_after)


# The provider cannot be asked


@pytest.mark.parametrize(("kind", "more"), OUTAGES)
def test_outage_during_the_search(driver: Driver, kind: str, more: dict[str, Any]) -> None:
    """However long it is, the deadline apart: what it became is asked for until there is an answer."""
    prediction_id = lost(driver)
    driver.simulator.retention = 1e9
    driver.fault("list", kind, times=100, **more)
    driver.run(prediction_id, rounds=300)

    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert (driver.calls()["create"], driver.created()) == (1, 1)


def test_outage_beyond_the_deadline(driver: Driver) -> None:
    """Nobody can say what came of it: that is what the caller reads, and nothing is paid for again."""
    prediction_id = lost(driver)
    driver.clock.passes(3400)
    driver.fault("list", "status", status=503, times=-1)
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("failed", "submission_uncertain")
    assert driver.calls()["create"] == 1
    record = driver.record(prediction_id)
    assert clock.later(60, record.deadline) <= str(record.completed_at) <= clock.later(90, record.deadline)


# Other ways to know


def test_slow_submission_that_outlives_its_function(driver: Driver) -> None:
    """The request was still on its way when the function was killed: it arrives, and is found."""
    driver.fault("create", "slow_accept", seconds=18)
    prediction_id = driver.submit("sim/instant")
    looks: list[str] = []

    def meanwhile() -> None:
        looks.append(driver.step("Create", prediction_id)["next"])
        assert driver.created() == 0

    driver.simulator_clock.meanwhile = meanwhile
    with dying(2):
        driver.step("Create", prediction_id)
    record = driver.record(prediction_id)
    assert (looks, record.phase, driver.created()) == (["Create"], "sending", 1)
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert (driver.calls()["create"], driver.created()) == (1, 1)


@pytest.mark.parametrize("writes", [1, 2, 3])
def test_function_that_died_in_the_middle(driver: Driver, writes: int) -> None:
    prediction_id = driver.submit("sim/instant")
    with dying(writes):
        driver.step("Create", prediction_id)
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert driver.created() == 1


def test_webhook_names_it_before_the_list_does(driver: Driver) -> None:
    """A verified call says which run it is: a look confirms it, and no list is read."""
    driver.fault("list", "lag", seconds=1000, times=-1)
    prediction_id = lost(driver)
    assert driver.deliver() == [200]
    record = driver.record(prediction_id)
    assert (record.phase, record.proposed, record.handle) == ("sending", driver.upstream().id, None)
    answer = driver.step("Create", prediction_id)

    assert (answer["next"], answer["upstream_id"]) == ("Status", driver.upstream().id)
    assert driver.calls()["list"] == 0
    driver.run(prediction_id, "Status")
    assert driver.outcome(prediction_id) == ("succeeded", None)


def test_proposal_that_cannot_be_confirmed_yet(driver: Driver) -> None:
    prediction_id = lost(driver)
    driver.deliver()
    driver.fault("get", "status", status=404)
    driver.fault("get", "status", status=500)
    visited = driver.run(prediction_id)

    assert visited[:2] == [("Create", 10), ("Create", 10)]
    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert driver.created() == 1


def test_webhook_just_before_it_is_given_up(driver: Driver) -> None:
    """Two looks found nothing, then the provider called after all: nothing is sent again."""
    driver.fault("list", "lag", seconds=1000, times=-1)
    prediction_id = lost(driver)
    for seconds in (91, 10):
        driver.clock.passes(seconds)
        with before("UpdateItem", driver.deliver, nth=1 if seconds == 10 else 2):
            assert driver.step("Create", prediction_id)["next"] == "Create"
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert (driver.calls()["create"], driver.created()) == (1, 1)


def test_overtaken_while_nothing_is_listed_yet(driver: Driver) -> None:
    """The next run searches in vain when the function of the one before has its answer: it is told, and adopts."""
    driver.fault("list", "lag", seconds=1000, times=-1)
    driver.fault("create", "delay", seconds=5)
    prediction_id = driver.submit("sim/stuck")
    second = f"{prediction_id}-2"

    def overtaken() -> None:
        driver.overwrite(prediction_id, run=second)
        assert driver.step("Create", prediction_id, second)["next"] == "Create"

    driver.simulator_clock.meanwhile = overtaken
    assert driver.step("Create", prediction_id)["upstream_id"] is None
    answer = driver.step("Create", prediction_id, second)

    assert (answer["next"], answer["upstream_id"]) == ("Status", driver.upstream().id)
    assert driver.step("Status", prediction_id)["next"] == "End", "the run before is over"
    assert (driver.created(), driver.upstream().cancel_calls) == (1, 0)


def test_overtaken_by_one_that_found_it(driver: Driver) -> None:
    """Both know the same run: it is nobody's orphan."""
    driver.fault("create", "delay", seconds=5)
    prediction_id = driver.submit("sim/stuck")
    second = f"{prediction_id}-2"

    def overtaken() -> None:
        driver.overwrite(prediction_id, run=second)
        assert driver.step("Create", prediction_id, second)["next"] == "Status"

    driver.simulator_clock.meanwhile = overtaken
    driver.step("Create", prediction_id)

    assert handle_of(driver, prediction_id) == driver.upstream().id
    assert (driver.created(), driver.upstream().cancel_calls) == (1, 0)


# The caller and the deadline


@pytest.mark.parametrize("when", ["before a look", "between looks", "after the first of two"])
def test_cancel_during_the_search(driver: Driver, when: str) -> None:
    """Absent, and no longer wanted: it is over, and was never paid for."""
    prediction_id = lost(driver, kind="drop_before")
    driver.clock.passes({"before a look": 1, "between looks": 40, "after the first of two": 91}[when])
    driver.step("Create", prediction_id)
    assert driver.cancel(prediction_id)["status"] == "starting"
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("canceled", None)
    assert (driver.calls()["create"], driver.created(), driver.calls()["cancel"]) == (1, 0, 0)


def test_cancel_of_what_is_then_found(driver: Driver) -> None:
    """The provider is told as soon as it is known what to stop."""
    driver.fault("list", "lag", seconds=20, times=-1)
    prediction_id = lost(driver, "sim/stuck")
    driver.cancel(prediction_id)
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("canceled", None)
    assert driver.upstream().cancel_calls == 1
    assert clock.seconds_between(intent(driver, prediction_id).at, asked(driver, "cancel")[0]) < 45


def test_cancel_while_it_cannot_be_known(driver: Driver) -> None:
    driver.fault("list", "hide_webhook", times=-1)
    driver.fault("get", "hide_webhook", times=-1)
    prediction_id = lost(driver, "sim/stuck")
    driver.cancel(prediction_id)
    driver.run(prediction_id)

    assert driver.outcome(prediction_id)[0] in {"failed", "canceled"}
    assert driver.calls()["create"] == 1


def test_deadline_during_the_search(driver: Driver) -> None:
    """Absent, and too late to be made again."""
    driver.fault("create", "drop_before")
    prediction_id = driver.submit("sim/instant")
    driver.clock.passes(3590)
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("failed", "deadline_exceeded")
    assert (driver.calls()["create"], driver.created()) == (1, 0)


def test_deadline_before_it_is_found(driver: Driver) -> None:
    """What is found too late was ended by the provider itself, at the time that it was given."""
    driver.fault("list", "lag", seconds=60, times=-1)
    driver.fault("create", "drop_after")
    prediction_id = driver.submit("sim/stuck")
    driver.clock.passes(3590)
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("failed", "deadline_exceeded")
    assert driver.simulator.counters()["running"] == 0
    assert driver.created() == 1


def test_what_had_succeeded_when_it_was_found_is_not_lost(driver: Driver) -> None:
    driver.fault("list", "lag", seconds=60, times=-1)
    driver.fault("create", "drop_after")
    prediction_id = driver.submit("sim/instant")
    driver.clock.passes(3590)
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("succeeded", None)


def test_nothing_of_the_search_in_the_log(driver: Driver, lines: list[str]) -> None:
    """The webhook's URL is a secret: who has it can call us."""
    driver.fault("get", "half_json")
    driver.fault("list", "half_json")
    prediction_id = lost(driver)
    token = str(driver.upstream().request.webhook).rpartition("/")[2]
    driver.deliver()
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert not [line for line in lines if token in line]
