"""Every model of the simulator, from the call that creates it to what its caller reads at the end."""

import json
import re

import pytest

from local.simulator.models import FLAGGED, INTERRUPTED, MODELS, NSFW, SENTENCE, TRACEBACK
from tests.integration.driver import PICTURE, Driver

NEVER_END = {"sim/stuck", "sim/queued"}
FAIL = {"sim/null", "sim/empty", "sim/nsfw", "sim/flagged", "sim/traceback", "sim/interrupted"}


def url(driver: Driver, prediction_id: str, n: int, extension: str) -> str:
    return f"https://cdn.test/outputs/{driver.record(prediction_id).outputs_id}/{n}.{extension}"


@pytest.mark.parametrize("model", sorted(set(MODELS) - NEVER_END))
def test_paid_once_and_brought_to_an_end(driver: Driver, model: str) -> None:
    """Whatever a model does, it is paid for once, ends, and leaves nothing to be swept."""
    shown, record = driver.finished(model)

    assert shown["status"] == ("failed" if model in FAIL else "succeeded")
    assert driver.created() == 1
    assert driver.calls()["create"] == 1
    assert driver.simulator.counters()["leaked_tokens"] == 0
    assert record.due_at is None
    assert record.due_shard is None
    assert record.verdict is not None
    assert shown["completed_at"]
    assert shown["error"] is None if shown["status"] == "succeeded" else shown["error"]
    assert driver.simulator_url not in json.dumps(shown) or model == "sim/link"


@pytest.mark.parametrize("model", ["sim/instant", "sim/slow", "sim/cold", "sim/strange"])
def test_list_of_one_picture(driver: Driver, model: str) -> None:
    shown, record = driver.finished(model, {"seed": 7})

    assert shown["output"] == [url(driver, record.id, 0, "png")]
    assert shown["input"] == PICTURE | {"seed": 7}
    assert shown["logs"].startswith("Using seed: 7")
    assert shown["metrics"]["image_count"] == 1
    driver.check_files(record, ["0.png"], "image/png")
    assert record.outputs["0"].pointer == "/0"


@pytest.mark.parametrize(
    ("model", "extension", "content_type"),
    [("sim/one", "png", "image/png"), ("sim/video", "webm", "video/webm"), ("sim/audio", "wav", "audio/wav")],
)
def test_one_file_that_is_no_list(driver: Driver, model: str, extension: str, content_type: str) -> None:
    shown, record = driver.finished(model)

    assert shown["output"] == url(driver, record.id, 0, extension)
    driver.check_files(record, [f"0.{extension}"], content_type)
    assert record.outputs["0"].pointer == ""


def test_big_file(driver: Driver) -> None:
    """Above the size from which a file is uploaded in parts."""
    shown, record = driver.finished("sim/big", {"bytes": 9 * 1024**2 + 1})

    assert shown["output"] == url(driver, record.id, 0, "bin")
    driver.check_files(record, ["0.bin"], "application/octet-stream")


def test_many_pictures(driver: Driver) -> None:
    shown, record = driver.finished("sim/many")

    assert shown["output"] == [url(driver, record.id, n, "png") for n in range(4)]
    driver.check_files(record, [f"{n}.png" for n in range(4)], "image/png")
    assert len({output.sha256 for output in record.outputs.values()}) == 4


def test_more_than_ten_files_keep_their_places(driver: Driver) -> None:
    shown, record = driver.finished("sim/many", {"num_outputs": 12})

    assert shown["output"] == [url(driver, record.id, n, "png") for n in range(12)]
    driver.check_files(record, [f"{n}.png" for n in range(12)], "image/png")


def test_nested_output(driver: Driver) -> None:
    shown, record = driver.finished("sim/nested")

    assert shown["output"] == {
        "image": url(driver, record.id, 0, "png"),
        "masks": [url(driver, record.id, 1, "png"), url(driver, record.id, 2, "png")],
        "score": 0.87,
        "labels": ["corgi"],
        "caption": "a corgi on a hill",
        "extra": None,
    }
    driver.check_files(record, ["0.png", "1.png", "2.png"], "image/png")
    assert [record.outputs[str(n)].pointer for n in range(3)] == ["/image", "/masks/0", "/masks/1"]


def test_odd_names_in_an_output(driver: Driver) -> None:
    """JSON Pointers escape `/` and `~`, and a name may be empty."""
    odd = {"a/b": "$png", "~1": "$png", "": "$png", "é.x": "$png"}
    shown, record = driver.finished("sim/script", {"output": odd})

    assert shown["output"] == {name: url(driver, record.id, n, "png") for n, name in enumerate(odd)}
    driver.check_files(record, [f"{n}.png" for n in range(4)], "image/png")


def test_data_url_is_stored_as_a_file(driver: Driver) -> None:
    shown, record = driver.finished("sim/data")

    assert shown["output"] == url(driver, record.id, 0, "png")
    driver.check_files(record, ["0.png"], "image/png")
    assert driver.calls()["file"] == 0


@pytest.mark.parametrize(
    ("token", "extension", "content_type"),
    [
        ("$jpeg", "jpg", "image/jpeg"),
        ("$webp", "webp", "image/webp"),
        ("$gif", "gif", "image/gif"),
        ("$text", "txt", "text/plain; charset=utf-8"),
        ("$html", "html", "text/html"),
        ("$svg", "svg", "image/svg+xml"),
        ("$bytes:1", "bin", "application/octet-stream"),
        ("$bytes:0", "bin", "application/octet-stream"),
    ],
)
def test_kinds_of_files(driver: Driver, token: str, extension: str, content_type: str) -> None:
    shown, record = driver.finished("sim/script", {"output": {"file": token}})

    assert shown["output"] == {"file": url(driver, record.id, 0, extension)}
    driver.check_files(record, [f"0.{extension}"], content_type)


@pytest.mark.parametrize("token", ["$html", "$svg"])
def test_what_a_browser_would_run_is_an_attachment(driver: Driver, token: str) -> None:
    _, record = driver.finished("sim/script", {"output": token})

    _, head = driver.stored(record.outputs["0"].key)
    assert head["ContentDisposition"].startswith("attachment;")


def test_html_that_says_it_is_a_picture_is_an_attachment(driver: Driver) -> None:
    driver.fault("file", "wrong_type", content_type="image/png")
    _, record = driver.finished("sim/script", {"output": "$html"})

    _, head = driver.stored(record.outputs["0"].key)
    assert head["ContentType"] == "text/html"
    assert head["ContentDisposition"].startswith("attachment;")


def test_picture_without_a_type_is_still_a_picture(driver: Driver) -> None:
    driver.fault("file", "wrong_type", content_type="application/octet-stream")
    shown, record = driver.finished("sim/one")

    assert shown["output"].endswith("/0.png")
    driver.check_files(record, ["0.png"], "image/png")


def test_picture_is_shown_and_kept_for_good(driver: Driver) -> None:
    _, record = driver.finished("sim/one")

    _, head = driver.stored(record.outputs["0"].key)
    assert head["ContentDisposition"] == f'inline; filename="{record.id}-0.png"'
    assert head["CacheControl"] == "public, max-age=31536000, immutable"


def test_text_stays_as_it_is(driver: Driver) -> None:
    assert driver.finished("sim/text")[0]["output"] == SENTENCE


def test_pieces_of_text_stay_a_list(driver: Driver) -> None:
    shown, record = driver.finished("sim/tokens")

    assert "".join(shown["output"]) == SENTENCE
    assert len(shown["output"]) > 1
    assert record.outputs == {}


def test_sentence_with_a_link_is_text(driver: Driver) -> None:
    shown, record = driver.finished("sim/link")

    assert re.fullmatch(r"Your picture is ready at http://\S+ for an hour\.", shown["output"])
    assert record.outputs == {}
    assert driver.calls()["file"] == 0


@pytest.mark.parametrize(
    "output",
    [
        0,
        False,
        {},
        [[], None, "", 1.5e300, 12345678901234567890123, "0.10"],
        {"b": 1, "a": [1.0, -0.0]},
        "\ud83d\udc36 línea\nnueva\u2028\x00",
        "https://example.com/not-ours.png",
        ["data:text/plain,no%20base64", "data:image/png;base64,", "HTTP://127.0.0.1/x.png"],
    ],
    ids=repr,
)
def test_output_that_is_no_file_comes_back_exactly(driver: Driver, output: object) -> None:
    shown, record = driver.finished("sim/script", {"output": output})

    assert json.dumps(shown["output"]) == json.dumps(output)
    assert shown["status"] == "succeeded"
    assert record.outputs == {}


def test_long_text_is_kept_beside_the_record(driver: Driver) -> None:
    text = "0123456789" * 5_000
    shown, record = driver.finished("sim/script", {"output": text, "logs": text})

    assert shown["output"] == text
    assert shown["logs"] == text
    assert record.output is not None
    assert record.output.key == f"records/{record.id}/output.json"


@pytest.mark.parametrize("model", ["sim/null", "sim/empty"])
def test_nothing_is_a_failure(driver: Driver, model: str) -> None:
    shown, _ = driver.finished(model)

    assert (shown["status"], shown["error_code"]) == ("failed", "empty_output")
    assert shown["error"] == "The generation finished without an output."
    assert shown["output"] is None


def test_empty_text_is_a_success(driver: Driver) -> None:
    shown, _ = driver.finished("sim/blank")

    assert (shown["status"], shown["error"], shown["output"]) == ("succeeded", None, "")


@pytest.mark.parametrize(
    ("model", "code", "sentence", "raw"),
    [
        ("sim/nsfw", "content_rejected", "This content was rejected.", NSFW),
        ("sim/flagged", "content_rejected", "This content was rejected.", FLAGGED),
        ("sim/traceback", "generation_failed", "The generation failed.", TRACEBACK),
        ("sim/interrupted", "interrupted", "The generation was interrupted. Please try again.", INTERRUPTED),
    ],
)
def test_failure_says_what_a_person_may_read(
    driver: Driver, lines: list[str], model: str, *, code: str, sentence: str, raw: str
) -> None:
    """The provider's own text is for the operator: in the record and the log, never in an answer."""
    shown, record = driver.finished(model)

    assert (shown["status"], shown["error_code"], shown["error"]) == ("failed", code, sentence)
    assert shown["output"] is None
    assert driver.raw_error(record.id) == raw
    assert any(raw in line or repr(raw)[1:-1] in line for line in lines)
    assert "Traceback" not in json.dumps(shown)
    assert not any(line in shown["logs"] for line in raw.splitlines())
    assert raw not in json.dumps(shown)


def test_content_class_is_not_read_from_a_traceback(driver: Driver) -> None:
    """Of a traceback only the last line speaks: a path with the word in it rejects nothing."""
    error = 'Traceback (most recent call last):\n  File "/src/sensitive/NSFW flagged.py"\nValueError: no'
    shown, _ = driver.finished("sim/script", {"status": "failed", "error": error})

    assert shown["error_code"] == "generation_failed"


def test_failure_without_a_text(driver: Driver) -> None:
    shown, record = driver.finished("sim/script", {"status": "failed"})

    assert (shown["status"], shown["error_code"]) == ("failed", "generation_failed")
    assert record.raw_error is None


def test_unknown_status_is_taken_as_still_running(driver: Driver, lines: list[str]) -> None:
    """It is looked at again until the status is known, and said once, not at each look."""
    driver.fault("get", "unknown_status", times=3)
    shown, record = driver.finished("sim/strange")

    assert shown["status"] == "succeeded"
    assert record.polls >= 4
    assert sum("a status that nobody knows" in line for line in lines) == 1


def test_aborted_is_served_as_canceled(driver: Driver) -> None:
    """Official clients break on a word that they do not know."""
    shown, record = driver.finished("sim/script", {"status": "aborted"})

    assert (shown["status"], shown["error_code"]) == ("canceled", "deadline_exceeded")
    assert record.status == "aborted"


def test_canceled_upstream_by_somebody_else(driver: Driver) -> None:
    shown, _ = driver.finished("sim/script", {"status": "canceled"})

    assert (shown["status"], shown["error"], shown["output"]) == ("canceled", None, None)


@pytest.mark.parametrize("given", [{}, {"status": "failed", "error": "no"}])
def test_provider_of_earlier_years(driver: Driver, given: dict[str, str]) -> None:
    """Fields that Replicate added later may be missing; without `output` there is nothing to keep."""
    shown, _ = driver.finished("sim/script", {"legacy": True, **given})

    assert shown["status"] == "failed"
    assert shown["error_code"] == ("generation_failed" if given else "empty_output")


def test_model_and_version_that_really_ran(driver: Driver) -> None:
    """The model is what was asked for, the version what ran."""
    shown, record = driver.finished("sim/script", {"model": "internal/alias", "version": "hidden"})

    assert (shown["model"], shown["version"]) == ("sim/script", "hidden")
    assert (record.upstream.model, record.upstream.version) == ("internal/alias", "hidden")


def test_output_with_numbers_that_are_none_is_served_as_json(driver: Driver) -> None:
    """Python's JSON knows NaN and Infinity, JavaScript's stops at them: an answer must not hold them."""
    prediction_id = driver.running_with({"score": float("nan"), "scores": [float("inf"), 1.5]})
    driver.run(prediction_id, "Status")

    answer = driver.call("GET", f"/v1/predictions/{prediction_id}")
    assert answer.body["output"] == {"score": None, "scores": [None, 1.5]}


def test_output_nested_deeper_than_python_walks(driver: Driver) -> None:
    """Whatever a model answers, its prediction ends."""
    prediction_id = driver.running_with(json.loads("[" * 700 + "]" * 700))
    driver.run(prediction_id, "Status")

    assert driver.read(prediction_id)["status"] in {"succeeded", "failed"}


def test_data_url_that_is_broken(driver: Driver) -> None:
    """Five characters of base64 are no bytes; the prediction ends all the same."""
    shown, _ = driver.finished("sim/script", {"output": ["$png", "data:image/png;base64,AAAAA"]})

    assert shown["status"] in {"succeeded", "failed"}
