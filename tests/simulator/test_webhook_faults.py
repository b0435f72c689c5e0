"""What can become of a webhook on its way."""

import json

import pytest

from local.simulator import Delivery
from tests.simulator.caller import BEGIN, Caller, HandClock
from tests.simulator.post import Post, Told, signed


def fault(sim: Caller, kind: str, **more: object) -> None:
    sim.fault(call="webhook", kind=kind, **more)


def right(post: Post, told: Told) -> bool:
    return signed(told.delivery, post.simulator.secret.newest)


def refused(_: Delivery) -> int | None:
    return 503


def test_a_lost_one_goes_to_nobody_and_does_not_come_again(sim: Caller, post: Post) -> None:
    created = sim.told(events=["start", "completed"], processing=1)
    fault(sim, "lose", event="completed")

    assert post.lines() == [(0, "start")]
    assert [(line["event"], line["fault"], line["status"]) for line in sim.get("/_sim/webhooks").json()] == [
        ("start", None, 200),
        ("completed", "lose", None),
    ]
    assert sim.counters()["webhooks"] == 1
    assert sim.read(created)["status"] == "succeeded"


def test_a_late_one_comes_so_much_later(sim: Caller, post: Post) -> None:
    sim.told(events=["completed"], processing=1)
    fault(sim, "late", seconds=30)
    (told,) = post.all()

    assert told.at == 31
    assert told.body["completed_at"] == "2026-04-22T11:15:16.329000Z"
    assert told.delivery.headers["webhook-timestamp"] == str(int(BEGIN.timestamp() + 31))
    assert right(post, told)


def test_a_start_can_come_after_its_end(sim: Caller, post: Post) -> None:
    sim.told(events=["start", "completed"], processing=5)
    fault(sim, "late", event="start", seconds=9)
    every = post.all()

    assert [(told.line, told.body["status"]) for told in every] == [
        ((5, "completed"), "succeeded"),
        ((9, "start"), "processing"),
    ]


def test_a_late_one_is_in_its_place_when_all_are_fetched_together(sim: Caller, post: Post, clock: HandClock) -> None:
    sim.told(events=["start", "completed"], processing=5)
    fault(sim, "late", event="start", seconds=9)
    clock.sleep(60)

    assert [told.delivery.event for told in post.now()] == ["completed", "start"]


def test_all_can_be_late_and_each_is_so_once(sim: Caller, post: Post) -> None:
    sim.told(events=["completed"], processing=1)
    fault(sim, "late", seconds=10, times=-1)

    assert [told.at for told in post.all(refused)][:3] == [11, 22, 34]


def test_a_late_one_that_fails_has_its_minute_too(sim: Caller, post: Post) -> None:
    sim.told(events=["completed"])
    fault(sim, "late", seconds=100)

    assert [told.at for told in post.all(refused)] == [100, 101, 103, 107, 115, 131, 163]


def test_a_duplicate_is_the_same_again_at_once(sim: Caller, post: Post) -> None:
    sim.told(events=["completed"])
    fault(sim, "duplicate", copies=2)
    every = post.all()

    assert [told.line for told in every] == [(0, "completed")] * 3
    assert len({(told.delivery.body, str(told.delivery.headers)) for told in every}) == 1
    assert [told.delivery.number for told in every] == [1, 2, 3]
    assert [line["attempt"] for line in sim.get("/_sim/webhooks").json()] == [1, 1, 1]
    assert sim.counters()["webhooks"] == 3


def test_one_copy_is_made_unless_told_otherwise(sim: Caller, post: Post) -> None:
    sim.told(events=["start", "completed"], processing=1)
    fault(sim, "duplicate", event="start")

    assert post.lines() == [(0, "start"), (0, "start"), (1, "completed")]


def test_only_the_first_of_the_copies_is_tried_again(sim: Caller, post: Post) -> None:
    sim.told(events=["completed"])
    fault(sim, "duplicate")
    outcomes = iter([500, 500, 200])

    assert [told.at for told in post.all(lambda _: next(outcomes))] == [0, 0, 1]


@pytest.mark.parametrize(("outcomes", "sent"), [((200, 500), 2), ((500, 200, 200), 3)])
def test_what_a_copy_is_answered_changes_nothing(sim: Caller, post: Post, outcomes: tuple[int, ...], sent: int) -> None:
    sim.told(events=["completed"])
    fault(sim, "duplicate")
    answers = iter(outcomes)

    assert len(post.all(lambda _: next(answers))) == sent


def test_a_forged_one_has_another_keys_signature(sim: Caller, post: Post) -> None:
    sim.told(events=["completed"])
    fault(sim, "forge")
    forged, genuine = post.all(lambda delivery: 200 if delivery.attempt == 2 else 401)

    assert (right(post, forged), right(post, genuine)) == (False, True)
    assert forged.delivery.headers["webhook-signature"].startswith("v1,")
    assert forged.delivery.body == genuine.delivery.body


@pytest.mark.parametrize("seconds", [-600, 600])
def test_a_stale_one_is_signed_for_its_timestamp(sim: Caller, post: Post, seconds: int) -> None:
    sim.told(events=["completed"])
    fault(sim, "stale", seconds=seconds)
    (told,) = post.all()

    assert int(told.delivery.headers["webhook-timestamp"]) == int(BEGIN.timestamp() + seconds)
    assert (told.at, right(post, told)) == (0, True)


def test_an_altered_one_names_another_prediction(sim: Caller, post: Post) -> None:
    created = sim.told(events=["completed"])
    fault(sim, "alter")
    altered, genuine = post.all(lambda delivery: 200 if delivery.attempt == 2 else 401)
    differing = sum(a != b for a, b in zip(altered.delivery.body, genuine.delivery.body, strict=True))

    assert (right(post, altered), right(post, genuine)) == (False, True)
    assert differing == 1
    assert altered.body["id"] != created["id"]


@pytest.mark.parametrize("output", [["$png"], "$png", None])
def test_an_early_end_lies_under_a_right_signature(sim: Caller, post: Post, output: object) -> None:
    created = sim.told(events=["start", "completed"], processing=9, output=output)
    fault(sim, "early_end", event="start")
    (lie,) = post.now()

    assert (lie.body["status"], right(post, lie)) == ("succeeded", True)
    assert f"{sim.url}/files/{created['id']}/0.png" in lie.body["output"]
    assert {"completed_at", "metrics"} <= set(lie.body)
    assert sim.read(created)["status"] == "processing"
    assert sim.file(f"{sim.url}/files/{created['id']}/0.png").status_code == 404
    assert [told.body["output"] for told in post.all()] == [sim.read(created)["output"]]


def test_a_fault_hits_the_event_the_model_and_the_run_that_it_names(sim: Caller, post: Post) -> None:
    hit, missed = (sim.told(events=["start", "completed"], processing=1)["id"] for _ in range(2))
    fault(sim, "lose", event="start", prediction=hit, model="sim/script", times=-1)
    fault(sim, "lose", model="sim/image", times=-1)

    assert {(told.delivery.prediction, told.delivery.event) for told in post.all()} == {
        (hit, "completed"),
        (missed, "start"),
        (missed, "completed"),
    }


def test_a_fault_lets_attempts_pass_and_hits_as_often_as_told(sim: Caller, post: Post) -> None:
    sim.told(events=["completed"])
    fault(sim, "forge", after=1, times=2)
    every = post.all(refused)

    assert [right(post, told) for told in every] == [True, False, False, *[True] * 4]
    assert [line["fault"] for line in sim.get("/_sim/webhooks").json()] == [None, "forge", "forge", *[None] * 4]
    assert sim.get("/_sim/faults").json() == []


def test_a_fault_of_a_request_leaves_webhooks_alone(sim: Caller, post: Post) -> None:
    sim.told(events=["completed"])
    sim.fault(call="get", kind="drop_before", times=-1)

    assert json.loads(post.all()[0].delivery.body)["status"] == "succeeded"
