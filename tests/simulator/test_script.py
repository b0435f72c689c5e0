"""`sim/script` does what its input says."""

from typing import Any

import pytest

from tests.simulator.caller import Caller, HandClock


def test_without_a_script_it_makes_a_picture_at_once(sim: Caller) -> None:
    body = sim.created("sim/script", {})

    assert (body["status"], body["output"]) == ("succeeded", [f"{sim.url}/files/{body['id']}/0.png"])


def test_it_takes_the_times_that_it_is_given(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/script", {"starting": 2, "processing": 1.5})
    seen = []
    for _ in range(8):
        seen.append(sim.read(created)["status"])
        clock.sleep(0.5)

    assert seen == ["starting"] * 4 + ["processing"] * 3 + ["succeeded"]


@pytest.mark.parametrize("status", ["failed", "canceled", "aborted"])
def test_it_ends_as_told(sim: Caller, status: str) -> None:
    body = sim.created("sim/script", {"status": status, "error": "no luck"})

    assert (body["status"], body["error"], body["output"]) == (status, "no luck", None)
    assert ("started_at" in body) == (status != "aborted")


def test_texts_stand_as_they_are(sim: Caller) -> None:
    body = sim.created("sim/script", {"logs": "one\ntwo", "error": "three", "status": "failed", "output": {"a": [1]}})

    assert (body["logs"], body["error"], body["output"]) == ("one\ntwo", "three", {"a": [1]})


def test_no_error_and_no_logs_of_its_own_may_be_said_outright(sim: Caller) -> None:
    body = sim.created("sim/script", {"error": None, "logs": None, "output": None})

    assert (body["error"], body["output"]) == (None, None)
    assert body["logs"].startswith("Using seed: ")


def test_files_stand_anywhere_in_the_output(sim: Caller) -> None:
    output: dict[str, Any] = {"a": ["$jpeg", {"b": "$bytes:10"}], "c": "$text", "d": "not a $png", "e": "$data:png"}

    body = sim.created("sim/script", {"output": output})

    files = f"{sim.url}/files/{body['id']}"
    shown = body["output"]
    assert shown.pop("e").startswith("data:image/png;base64,")
    assert shown == {"a": [f"{files}/0.jpg", {"b": f"{files}/1.bin"}], "c": f"{files}/2.txt", "d": "not a $png"}


def test_legacy_answers_as_replicate_did(sim: Caller) -> None:
    created = sim.created("sim/script", {"legacy": True})
    read = sim.read(created)

    assert not {"output", "data_removed"} & set(read)
    assert set(read["urls"]) == {"get", "cancel"}
    assert created["created_at"] != read["created_at"]
    assert created["created_at"][:19] == read["created_at"][:19]


def test_model_and_version_may_be_other_than_asked(sim: Caller) -> None:
    body = sim.created("sim/script", {"model": "inner/name", "version": "hidden"})

    assert (body["model"], body["version"]) == ("inner/name", "hidden")


@pytest.mark.parametrize(
    "given",
    [{"status": "reticulating"}, {"starting": -1}, {"processing": "soon"}, {"legacy": 1}, {"partial": "a"}],
    ids=str,
)
def test_a_script_that_makes_no_sense_is_refused(sim: Caller, given: dict[str, Any]) -> None:
    assert sim.create("sim/script", given).status_code == 422
