"""Which webhooks are due when, what they carry, and when they are tried again."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from local.simulator import Delivery, Simulator
from tests.simulator.caller import BEGIN, Caller, HandClock
from tests.simulator.post import Post, signed

URL = "http://127.0.0.1/hook"


def refused(_: Delivery) -> int | None:
    return 503


def test_without_a_webhook_nobody_is_told(sim: Caller, simulator: Simulator) -> None:
    sim.created("sim/instant")
    sim.told("")

    assert simulator.next_delivery() is None


def test_without_a_filter_all_events_are_told(sim: Caller, post: Post) -> None:
    sim.told(starting=1, processing=0.7)

    assert post.lines() == [
        (1, "start"),
        (1, "logs"),
        (1.5, "logs"),
        (1.7, "output"),
        (1.7, "completed"),
    ]


@pytest.mark.parametrize("event", ["start", "logs", "output", "completed"])
def test_a_filter_lets_its_event_through(sim: Caller, post: Post, event: str) -> None:
    sim.told(events=[event], starting=1, processing=0.4)

    assert post.lines() == [({"start": 1, "logs": 1, "output": 1.4, "completed": 1.4}[event], event)]


def test_a_filter_of_two_events(sim: Caller, post: Post) -> None:
    sim.told(events=["completed", "start"], starting=1, processing=4)

    assert post.lines() == [(1, "start"), (5, "completed")]


def test_an_empty_filter_lets_nothing_through(sim: Caller, simulator: Simulator) -> None:
    sim.told(events=[])

    assert simulator.next_delivery() is None


def test_logs_are_told_when_they_have_grown_at_most_every_half_second(sim: Caller, post: Post) -> None:
    sim.told(events=["logs"], processing=2)
    every = post.all()

    assert [told.at for told in every] == [0, 0.5, 1, 1.5]
    assert len({told.body["logs"] for told in every}) == 4


def test_logs_that_do_not_grow_are_not_told_again(sim: Caller, post: Post) -> None:
    sim.told(events=["logs"], processing=100)
    every = post.all()

    assert [told.at for told in every[:3]] == [0, 6, 12]
    assert len({told.body["logs"] for told in every}) == len(every)


def test_logs_of_ones_own_are_told_once(sim: Caller, post: Post) -> None:
    sim.told(events=["logs"], processing=3, logs="one\ntwo")
    sim.told(events=["logs"], processing=3, logs="")

    assert [(told.at, told.body["logs"]) for told in post.all()] == [(0, "one\ntwo")]


def test_a_run_that_never_ends_is_not_told_of_for_ever(sim: Caller, post: Post) -> None:
    body = {"input": {}, "webhook": URL}
    sim.post("/v1/models/sim/stuck/predictions", json=body)
    sim.post("/v1/models/sim/queued/predictions", json=body)

    events = [event for _, event in post.lines()]

    assert events == ["start", *["logs"] * 10]
    assert post.seconds == 20 * 27 / 50


def test_who_takes_no_time_only_completes(sim: Caller, post: Post) -> None:
    sim.told(starting=3, processing=0)

    assert post.lines() == [(3, "completed")]


@pytest.mark.parametrize("status", ["failed", "canceled", "aborted"])
def test_every_end_completes(sim: Caller, post: Post, status: str) -> None:
    sim.told(events=["completed", "output"], processing=1, status=status)

    assert [(told.line, told.body["status"]) for told in post.all()] == [((1, "completed"), status)]


def test_an_output_that_is_nothing_is_not_told(sim: Caller, post: Post) -> None:
    sim.told(events=["output"], processing=1, output=None)

    assert post.all() == []


@pytest.mark.parametrize("starting", [0.3, 1 / 3, 2 / 3])
def test_a_body_is_what_a_read_at_its_moment_shows(sim: Caller, post: Post, starting: float) -> None:
    created = sim.told(events=["start", "logs", "completed"], starting=starting, processing=1.1)
    statuses = []
    while (due := post.simulator.next_delivery()) is not None:
        post.clock.moment = due
        for told in post.now():
            assert told.body == sim.read(created)
            statuses.append(told.body["status"])

    assert statuses == [*["processing"] * 4, "succeeded"]


def test_a_body_is_of_its_moment_however_late_it_is_fetched(sim: Caller, post: Post, clock: HandClock) -> None:
    sim.told(events=["start", "completed"], starting=1, processing=1)
    clock.sleep(30)
    first, second = post.now()

    assert first.body["status"] == "processing"
    assert first.body["logs"].endswith("| 0/50 [00:00<?, ?it/s]\n")
    assert (second.body["status"], second.body["completed_at"]) == ("succeeded", "2026-04-22T11:15:17.329000Z")


def test_the_output_comes_before_the_end_is_in_the_books(sim: Caller, post: Post) -> None:
    created = sim.told(events=["output"], processing=1, error="as the script says")
    (told,) = post.all()

    assert (told.body["status"], told.body["error"]) == ("processing", None)
    assert told.body["output"] == [f"{sim.url}/files/{created['id']}/0.png"]
    assert not {"completed_at", "metrics"} & set(told.body)


def test_a_cancel_completes_at_once(sim: Caller, post: Post, clock: HandClock) -> None:
    created = sim.told(events=["start", "completed"], starting=1, processing=9)
    clock.sleep(2)
    canceled = sim.cancel(created)
    start, end = post.all()

    assert (start.delivery.event, end.delivery.event) == ("start", "completed")
    assert (post.seconds, end.body) == (2, canceled)


def test_a_cancel_before_the_run_began_has_no_start(sim: Caller, post: Post, clock: HandClock) -> None:
    created = sim.told(starting=5, processing=5)
    clock.sleep(2)
    sim.cancel(created)

    assert post.lines() == [(2, "completed")]


def test_a_cancel_takes_away_a_start_that_nothing_follows(sim: Caller, simulator: Simulator) -> None:
    sim.cancel(sim.told(events=["start"], starting=5, processing=5))

    assert simulator.next_delivery() is None


def test_an_end_beyond_all_dates_is_never_due(sim: Caller, simulator: Simulator) -> None:
    sim.told(events=["logs", "completed"], starting=1e12, processing=1e12)

    assert simulator.next_delivery() is None


def test_a_cancel_in_the_moment_of_the_start_still_completes(sim: Caller, post: Post, clock: HandClock) -> None:
    created = sim.told(events=["start", "completed"], starting=5, processing=5)
    clock.sleep(5)
    assert [told.delivery.event for told in post.now()] == ["start"]
    sim.cancel(created)

    assert post.lines() == [(5, "completed")]


def test_a_cancel_after_the_end_tells_nothing(sim: Caller, post: Post) -> None:
    created = sim.told(events=["completed"], processing=1)
    post.all()
    sim.cancel(created)

    assert post.all() == []


@pytest.mark.parametrize(("starting", "status"), [(60, "aborted"), (1, "canceled")])
def test_a_deadline_completes(sim: Caller, post: Post, starting: int, status: str) -> None:
    sim.told(events=["completed"], headers={"Cancel-After": "10"}, starting=starting, processing=60)
    (told,) = post.all()

    assert (told.at, told.body["status"]) == (10, status)


def test_nothing_is_handed_out_before_its_moment_and_everything_once(sim: Caller, post: Post, clock: HandClock) -> None:
    sim.told(events=["completed"], processing=1.5)
    clock.sleep(1.499999)

    assert post.simulator.next_delivery() == BEGIN + timedelta(seconds=1.5)
    assert post.now() == []

    clock.sleep(0.000001)

    assert len(post.now()) == 1
    assert post.now() == []


def test_of_several_runs_the_first_due_comes_first(sim: Caller, post: Post, clock: HandClock) -> None:
    slow = sim.told(events=["start", "completed"], processing=3)["id"]
    quick = sim.told(events=["completed"], processing=2)["id"]
    clock.sleep(60)

    assert [(told.delivery.prediction, told.delivery.event) for told in post.now()] == [
        (slow, "start"),
        (quick, "completed"),
        (slow, "completed"),
    ]


def test_a_delivery_says_what_it_is(sim: Caller, post: Post) -> None:
    created = sim.told(URL, events=["completed"])
    (told,) = post.all()
    delivery = told.delivery

    assert (delivery.prediction, delivery.event, delivery.attempt) == (created["id"], "completed", 1)
    assert (delivery.url, delivery.number) == (URL, 1)
    assert set(delivery.headers) == {"content-type", "webhook-id", "webhook-timestamp", "webhook-signature"}
    assert delivery.headers["content-type"] == "application/json"
    assert delivery.headers["webhook-timestamp"] == str(int(BEGIN.timestamp()))
    assert re.fullmatch(r"msg_[0-9a-z]{26}", delivery.headers["webhook-id"])
    assert signed(delivery, post.simulator.secret.newest)


def test_every_event_has_a_signature_and_an_id_of_its_own(sim: Caller, post: Post) -> None:
    sim.told(processing=1)
    deliveries = [told.delivery for told in post.all()]

    assert all(signed(delivery, post.simulator.secret.newest) for delivery in deliveries)
    assert len({delivery.headers["webhook-id"] for delivery in deliveries}) == len(deliveries) == 5


@pytest.mark.parametrize("status", [None, 301, 400, 404, 503])
def test_a_completed_that_failed_is_tried_again_for_about_a_minute(sim: Caller, post: Post, status: int | None) -> None:
    sim.told(events=["completed"], processing=2)
    every = post.all(lambda _: status)

    assert [told.at for told in every] == [2, 3, 5, 9, 17, 33, 65]
    assert [told.delivery.attempt for told in every] == [1, 2, 3, 4, 5, 6, 7]
    assert len({told.delivery.body for told in every}) == 1
    assert len({told.delivery.headers["webhook-id"] for told in every}) == 1
    assert int(every[-1].delivery.headers["webhook-timestamp"]) == int(BEGIN.timestamp() + 65)
    assert all(signed(told.delivery, post.simulator.secret.newest) for told in every)


def test_a_receiver_that_takes_its_time_to_fail_is_not_tried_after_that_minute(sim: Caller, post: Post) -> None:
    sim.told(events=["completed"], processing=2)

    def hangs(_: Delivery) -> int | None:
        post.clock.sleep(10)
        return None

    assert max(told.at - 10 for told in post.all(hangs)) <= 2 + 70


@pytest.mark.parametrize("status", [200, 204, 299])
def test_one_that_arrived_is_not_tried_again(sim: Caller, post: Post, status: int) -> None:
    sim.told(events=["completed"])
    answers = iter([500, None, status])

    assert post.lines(lambda _: next(answers)) == [(0, "completed"), (1, "completed"), (3, "completed")]


def test_nothing_else_is_tried_again(sim: Caller, post: Post) -> None:
    sim.told(events=["start", "logs", "output"], processing=0.4)

    assert [event for _, event in post.lines(refused)] == ["start", "logs", "output"]


def test_nothing_is_due_again_before_its_outcome_is_known(sim: Caller, simulator: Simulator) -> None:
    sim.told(events=["completed"])
    (delivery,) = simulator.deliveries()
    assert simulator.next_delivery() is None

    simulator.delivered(delivery, 500)

    assert simulator.next_delivery() == BEGIN + timedelta(seconds=1)


def test_an_outcome_counts_once(sim: Caller, simulator: Simulator, clock: HandClock) -> None:
    sim.told(events=["completed"])
    (delivery,) = simulator.deliveries()
    for status in (500, 500, 200):
        simulator.delivered(delivery, status)
    clock.sleep(1)

    assert [delivery.attempt for delivery in simulator.deliveries()] == [2]
    assert simulator.webhooks()[0]["status"] == 500


def test_an_outcome_from_before_a_reset_means_nothing(sim: Caller, simulator: Simulator) -> None:
    sim.told(events=["completed"])
    (delivery,) = simulator.deliveries()
    simulator.reset()
    sim.told(events=["completed"])
    simulator.deliveries()
    simulator.delivered(delivery, 500)

    assert simulator.next_delivery() is None
    assert [line["status"] for line in simulator.webhooks()] == [None]


def test_a_reset_forgets_what_was_due(sim: Caller, simulator: Simulator) -> None:
    sim.told(processing=5)
    sim.post("/_sim/reset")

    assert simulator.next_delivery() is None


def test_every_attempt_can_be_looked_up(sim: Caller, post: Post) -> None:
    created = sim.told(URL, events=["completed"], processing=2)
    answers = iter([None, 204])
    post.all(lambda _: next(answers))
    line: dict[str, Any] = {"prediction": created["id"], "event": "completed", "url": URL, "fault": None}

    assert sim.get("/_sim/webhooks").json() == [
        {**line, "at": "2026-04-22T11:15:17.329Z", "attempt": 1, "status": None},
        {**line, "at": "2026-04-22T11:15:18.329Z", "attempt": 2, "status": 204},
    ]
    assert sim.counters()["webhooks"] == 2
    assert (sim.counters("sim/script")["webhooks"], sim.counters("sim/image")["webhooks"]) == (2, 0)


@pytest.mark.parametrize("url", ["nonsense", "ftp://example.com", "http://", "https://example.com/hook"])
def test_any_text_is_taken_for_a_url(sim: Caller, post: Post, url: str) -> None:
    created = sim.told(url, events=["completed"])

    assert created["webhook"] == url
    assert [told.delivery.url for told in post.all()] == [url]


def test_lists_show_webhooks(sim: Caller) -> None:
    sim.told(URL, events=["completed"])
    (shown,) = sim.get("/v1/predictions").json()["results"]

    assert (shown["webhook"], shown["webhook_events_filter"]) == (URL, ["completed"])


def test_a_body_is_json_as_an_answer_is(sim: Caller, post: Post) -> None:
    created = sim.told(events=["completed"], output="Grüße")
    (told,) = post.all()

    assert json.loads(told.delivery.body) == sim.read(created)
    assert told.delivery.body == sim.get(f"/v1/predictions/{created['id']}").content
