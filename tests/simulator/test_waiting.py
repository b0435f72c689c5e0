"""`Prefer: wait`, with the odd statuses that Replicate answers it with."""

import threading

import pytest

from local.simulator import DEFAULT_TOKEN, Simulator, serve
from tests.simulator.caller import Caller, HandClock

WAIT = {"Prefer": "wait"}


def test_a_finished_text_run_reads_processing_with_its_output(sim: Caller) -> None:
    answer = sim.create("sim/tokens", headers=WAIT)

    assert (answer.status_code, answer.headers["Preference-Applied"]) == (201, "wait")
    assert answer.json()["status"] == "processing"
    assert "".join(answer.json()["output"]).startswith("The quick")
    assert "completed_at" not in answer.json()
    assert sim.read(answer.json())["status"] == "succeeded"


def test_a_finished_file_run_has_its_files_inside(sim: Caller) -> None:
    body = sim.created("sim/many", {"prompt": "a corgi", "num_outputs": 2, "width": 64, "height": 64}, headers=WAIT)

    assert len(body["output"]) == 2
    assert all(url.startswith("data:image/png;base64,") for url in body["output"])
    assert all(url.startswith("http") for url in sim.read(body)["output"])


def test_files_of_any_size_and_links_in_sentences_stay_outside(sim: Caller) -> None:
    assert sim.created("sim/big", {}, headers=WAIT)["output"].startswith("http")
    assert "http" in sim.created("sim/link", {}, headers=WAIT)["output"]


def test_a_failed_run_is_told_as_it_is(sim: Caller) -> None:
    body = sim.created("sim/nsfw", headers=WAIT)

    assert (body["status"], body["output"]) == ("failed", None)
    assert body["error"]


@pytest.mark.parametrize("prefer", ["wait=3", "wait=3 "])
def test_an_overrun_reads_starting_even_if_the_run_is_processing(sim: Caller, clock: HandClock, prefer: str) -> None:
    before = clock.now()
    answer = sim.create("sim/slow", headers={"Prefer": prefer})
    body = answer.json()

    assert (clock.now() - before).total_seconds() == pytest.approx(3, abs=0.01)
    assert answer.headers["Preference-Applied"] == "wait=3"
    assert (body["status"], body["output"], body["logs"]) == ("starting", None, "")
    assert "started_at" not in body
    assert sim.read(body)["status"] == "processing"


def test_nobody_waits_longer_than_a_minute(sim: Caller, clock: HandClock) -> None:
    before = clock.now()
    sim.created("sim/stuck", headers={"Prefer": "wait=99"})

    assert (clock.now() - before).total_seconds() == pytest.approx(60, abs=0.01)


def test_another_preference_is_no_wait(sim: Caller) -> None:
    answer = sim.create("sim/slow", headers={"Prefer": "respond-async"})

    assert "Preference-Applied" not in answer.headers


def test_a_cancel_ends_the_wait() -> None:
    with serve(Simulator()) as server:
        waiting, canceling = Caller(server.url, DEFAULT_TOKEN), Caller(server.url, DEFAULT_TOKEN)
        with waiting.session, canceling.session:
            answers: list[str] = []
            thread = threading.Thread(
                target=lambda: answers.append(waiting.created("sim/stuck", headers={"Prefer": "wait=9"})["status"])
            )
            thread.start()
            while not canceling.get("/_sim/predictions").json():
                pass
            canceling.cancel(canceling.get("/_sim/predictions").json()[0])
            thread.join(timeout=5)

    assert answers == ["canceled"]
