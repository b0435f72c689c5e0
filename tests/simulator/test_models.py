"""Each model does what its name says."""

import re
from typing import Any

import pytest

from local.simulator.models import FLAGGED, INTERRUPTED, MODELS, NSFW, SENTENCE
from tests.simulator.caller import Caller, HandClock


def ended(sim: Caller, clock: HandClock, model: str, given: Any = None) -> dict[str, Any]:
    created = sim.created(model, given)
    clock.sleep(60)
    return sim.read(created)


@pytest.mark.parametrize(
    ("model", "starting", "processing"),
    [
        ("sim/instant", 0, 0),
        ("sim/image", 0.3, 2),
        ("sim/slow", 1, 5),
        ("sim/cold", 38, 2),
        ("sim/one", 0, 0.5),
        ("sim/many", 0, 1),
        ("sim/text", 0, 0.5),
        ("sim/video", 0.5, 3),
        ("sim/audio", 0, 1),
        ("sim/big", 0, 0.2),
        ("sim/nsfw", 0, 0.5),
        ("sim/tokens", 0, 0.5),
        ("sim/official", 0, 0.5),
        ("sim/versions", 0, 0.2),
        ("sim/copy", 0, 0.5),
    ],
)
def test_runs_take_their_time(sim: Caller, clock: HandClock, model: str, starting: float, processing: float) -> None:
    body = ended(sim, clock, model)

    assert body["metrics"]["predict_time"] == processing
    assert body["metrics"]["total_time"] == starting + processing


@pytest.mark.parametrize(
    "model", ["sim/instant", "sim/image", "sim/slow", "sim/cold", "sim/strange", "sim/official", "sim/versions"]
)
def test_picture_models_give_a_list_of_one(sim: Caller, clock: HandClock, model: str) -> None:
    body = ended(sim, clock, model)

    assert body["output"] == [f"{sim.url}/files/{body['id']}/0.png"]


def test_one_gives_a_url_and_no_list(sim: Caller, clock: HandClock) -> None:
    body = ended(sim, clock, "sim/one")

    assert body["output"] == f"{sim.url}/files/{body['id']}/0.png"


@pytest.mark.parametrize(("given", "count"), [({}, 4), ({"num_outputs": 2}, 2)], ids=["default", "two"])
def test_many_gives_as_many_as_asked(sim: Caller, clock: HandClock, given: dict[str, int], count: int) -> None:
    body = ended(sim, clock, "sim/many", {"prompt": "a corgi", **given})

    assert body["output"] == [f"{sim.url}/files/{body['id']}/{n}.png" for n in range(count)]
    assert len({sim.file(url).content for url in body["output"]}) == count


def test_text_and_tokens_say_the_same(sim: Caller, clock: HandClock) -> None:
    tokens = ended(sim, clock, "sim/tokens")["output"]

    assert len(tokens) > 5
    assert "".join(tokens) == ended(sim, clock, "sim/text")["output"] == SENTENCE


def test_link_is_a_sentence_around_a_url_that_works(sim: Caller, clock: HandClock) -> None:
    output = ended(sim, clock, "sim/link")["output"]
    link = re.search(r"http\S+", output)

    assert link is not None
    assert not output.startswith("http")
    assert sim.file(link.group()).headers["Content-Type"] == "image/png"


def test_nested_keeps_its_form(sim: Caller, clock: HandClock) -> None:
    body = ended(sim, clock, "sim/nested")
    files = f"{sim.url}/files/{body['id']}"

    assert body["output"] == {
        "image": f"{files}/0.png",
        "masks": [f"{files}/1.png", f"{files}/2.png"],
        "score": 0.87,
        "labels": ["corgi"],
        "caption": "a corgi on a hill",
        "extra": None,
    }


def test_data_gives_the_picture_itself(sim: Caller, clock: HandClock) -> None:
    assert ended(sim, clock, "sim/data")["output"].startswith("data:image/png;base64,iVBORw0KGgo")


@pytest.mark.parametrize(("model", "extension"), [("sim/video", "webm"), ("sim/audio", "wav"), ("sim/big", "bin")])
def test_other_media_are_one_file(sim: Caller, clock: HandClock, model: str, extension: str) -> None:
    body = ended(sim, clock, model, {})

    assert body["output"] == f"{sim.url}/files/{body['id']}/0.{extension}"


@pytest.mark.parametrize(("model", "output"), [("sim/null", None), ("sim/empty", []), ("sim/blank", "")])
def test_nothing_is_a_success_too(sim: Caller, clock: HandClock, model: str, output: Any) -> None:
    body = ended(sim, clock, model)

    assert body["status"] == "succeeded"
    assert body["output"] == output
    assert type(body["output"]) is type(output)


@pytest.mark.parametrize(
    ("model", "error"), [("sim/nsfw", NSFW), ("sim/flagged", FLAGGED), ("sim/interrupted", INTERRUPTED)]
)
def test_failures_say_why(sim: Caller, clock: HandClock, model: str, error: str) -> None:
    body = ended(sim, clock, model)

    assert (body["status"], body["error"], body["output"]) == ("failed", error, None)


def test_a_traceback_is_in_the_error_and_ends_the_logs(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/traceback")
    clock.sleep(0.4)
    before = sim.read(created)
    clock.sleep(0.1)
    body = sim.read(created)

    assert body["error"].startswith("Traceback (most recent call last)")
    assert body["logs"].endswith(body["error"])
    assert "Traceback" not in before["logs"]


def test_stuck_never_ends_by_itself(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/stuck")
    clock.sleep(100_000)

    assert sim.read(created)["status"] == "processing"
    assert sim.cancel(created)["status"] == "canceled"


def test_queued_never_begins(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/queued")
    clock.sleep(100_000)

    assert sim.read(created)["status"] == "starting"


def test_strange_has_a_status_that_nobody_knows(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/strange")
    clock.sleep(0.5)
    assert sim.read(created)["status"] == "reticulating"

    clock.sleep(0.5)
    assert sim.read(created)["status"] == "succeeded"


def test_every_model_can_be_run_and_described(sim: Caller) -> None:
    for name, model in MODELS.items():
        assert sim.created(name)["version"] == model.shown_version
        assert sim.get(f"/v1/models/{name}").json()["latest_version"]["id"] == model.version
