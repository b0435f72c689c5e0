"""Output that grows while a run is processing: what a read shows of it, and which webhooks tell of it."""

from typing import Any

import pytest

from local.simulator.models import SENTENCE
from tests.simulator.caller import Caller, HandClock
from tests.simulator.post import Post

PARTS: dict[str, Any] = {"processing": 4, "partial": ["a", "a b", "a b c"], "output": "a b c d"}


def outputs(sim: Caller, clock: HandClock, created: dict[str, Any], seconds: int) -> list[Any]:
    """What a read shows now and after each of so many seconds."""
    shown = [sim.read(created)["output"]]
    for _ in range(seconds):
        clock.sleep(1)
        shown.append(sim.read(created)["output"])
    return shown


def test_tokens_come_one_after_another(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/tokens", {"prompt": "a corgi", "processing": 4, "tokens": 4})

    assert outputs(sim, clock, created, 5) == [
        None,
        ["The"],
        ["The", " quick"],
        ["The", " quick", " brown"],
        ["The", " quick", " brown", " corgi"],
        ["The", " quick", " brown", " corgi"],
    ]


def test_as_many_tokens_as_asked_for(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/tokens", {"tokens": 1000, "processing": 1})
    clock.sleep(1)
    tokens = sim.read(created)["output"]

    assert len(tokens) == 1000
    assert "".join(tokens).startswith(f"{SENTENCE} {SENTENCE} ")


@pytest.mark.parametrize("given", [{"tokens": 0}, {"tokens": 1001}, {"processing": -1}], ids=str)
def test_tokens_that_make_no_sense_are_refused(sim: Caller, given: dict[str, Any]) -> None:
    assert sim.create("sim/tokens", given).status_code == 422


def test_a_script_says_what_is_shown_before_its_output(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/script", {"starting": 1, **PARTS})

    assert outputs(sim, clock, created, 5) == [None, None, "a", "a b", "a b c", "a b c d"]


@pytest.mark.parametrize("end", ["failed", "canceled"])
def test_of_a_run_that_comes_to_nothing_nothing_is_left(sim: Caller, clock: HandClock, end: str) -> None:
    created = sim.created("sim/script", {"processing": 4, "partial": ["a", "b"], "status": "failed"})
    clock.sleep(3)
    assert sim.read(created)["output"] == "b"

    if end == "canceled":
        sim.cancel(created)
    clock.sleep(1)

    body = sim.read(created)
    assert (body["status"], body["output"]) == (end, None)


def test_who_waits_in_vain_sees_nothing_of_it(sim: Caller, clock: HandClock) -> None:
    body = sim.created("sim/script", PARTS, headers={"Prefer": "wait=3"})

    assert (body["status"], body["output"]) == ("starting", None)
    assert sim.read(body)["output"] == "a b c"


def test_files_are_there_while_they_are_shown(sim: Caller, clock: HandClock) -> None:
    script = {"processing": 2, "partial": [["$png"]], "output": ["$png", "$text"]}
    done, stopped = sim.created("sim/script", script), sim.created("sim/script", script)
    first, second = (f"{sim.url}/files/{done['id']}/{name}" for name in ("0.png", "1.txt"))
    clock.sleep(0.5)
    assert sim.file(first).status_code == 404

    clock.sleep(0.5)
    assert sim.read(done)["output"] == [first]
    early = sim.file(first)
    assert (early.status_code, sim.file(second).status_code) == (200, 404)

    sim.cancel(stopped)
    clock.sleep(1)
    assert sim.read(done)["output"] == [first, second]
    assert (sim.file(first).content, sim.file(second).status_code) == (early.content, 200)
    assert sim.file(f"{sim.url}/files/{stopped['id']}/0.png").status_code == 404


def test_a_webhook_is_told_whenever_the_output_has_grown(sim: Caller, post: Post) -> None:
    sim.told(events=["output", "completed"], **PARTS)

    assert [(*told.line, told.body["status"], told.body["output"]) for told in post.all()] == [
        (1, "output", "processing", "a"),
        (2, "output", "processing", "a b"),
        (3, "output", "processing", "a b c"),
        (4, "output", "processing", "a b c d"),
        (4, "completed", "succeeded", "a b c d"),
    ]


def test_at_most_every_half_second_and_so_perhaps_not_of_the_whole(sim: Caller, post: Post) -> None:
    sim.told(events=["output"], processing=2, partial=[f"{tenths}" for tenths in range(1, 20)])

    assert [(told.at, told.body["output"]) for told in post.all()] == [(0.1, "1"), (0.6, "6"), (1.1, "11"), (1.6, "16")]


def test_logs_in_between_hold_it_up_by_nothing(sim: Caller, post: Post) -> None:
    sim.told(events=["output", "logs"], **PARTS)
    lines = post.lines()

    assert [at for at, event in lines if event == "output"] == [1, 2, 3, 4]
    assert [at for at, event in lines if event == "logs"] == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]


def test_a_run_that_fails_has_told_what_it_had(sim: Caller, post: Post) -> None:
    sim.told(events=["output", "completed"], processing=2, partial=["a"], status="failed")

    assert [(told.line, told.body["output"]) for told in post.all()] == [
        ((1, "output"), "a"),
        ((2, "completed"), None),
    ]


def test_after_a_cancel_nothing_grows(sim: Caller, post: Post, clock: HandClock) -> None:
    created = sim.told(events=["output", "completed"], **PARTS)
    clock.sleep(1.5)
    post.now()
    sim.cancel(created)

    assert post.lines() == [(1.5, "completed")]
