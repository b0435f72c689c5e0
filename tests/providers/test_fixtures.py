"""Fixtures are read whole, or it is said where they are wrong."""

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.fixtures import Fixture, FixtureWrong, Foreign, picture, read
from lumeo.errors import ErrorCode
from lumeo.prediction import Status
from tests.providers.examples import BODY, QUEUE


def fixture(folder: Path, text: str, name: str = "queue") -> Fixture:
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return read(path)


def test_parts(tmp_path: Path) -> None:
    found = fixture(tmp_path, QUEUE)

    assert found.name == "queue"
    assert found.hosts == {"queue.example.com", "media.example.net"}
    assert found.steps == ("upload",)
    assert found.key == "queue-key-for-tests-0123456789"
    assert (found.routes["cancel"].method, found.answers["submit"].status) == ("PUT", 201)
    assert set(found.states) >= {"waiting", "running", "succeeded", "failed", "refused", "canceled", "expired"}
    assert found.states["expired"].expect.gone
    assert found.states["expired"].expect.code is ErrorCode.OUTPUT_EXPIRED
    assert found.states["running"].expect.status is Status.PROCESSING
    assert found.refused_submit[0].code is ErrorCode.CONTENT_REJECTED
    assert isinstance(found.foreign, Foreign)
    assert found.foreign.hosts == {"evil.example"}
    assert [state.name for state in found.states.values() if state.expect.over] == [
        "succeeded",
        "failed",
        "refused",
        "canceled",
        "expired",
    ]


def test_what_is_not_there_says_why(tmp_path: Path) -> None:
    found = fixture(tmp_path, BODY)

    assert found.absent["canceled"] == "It cannot be canceled."
    assert found.foreign == "No answer names a URL."


def test_bytes_of_files(tmp_path: Path) -> None:
    """Of a URL, of an answer that is a file itself, and of a `data:` URL."""
    queue, body = fixture(tmp_path, QUEUE), fixture(tmp_path, BODY, "body")
    inline = f"data:text/plain;base64,{base64.b64encode(b'hello').decode()}"

    assert queue.bytes_of("https://media.example.net/a.png", queue.states["succeeded"]) == picture(1)
    assert body.bytes_of("https://api.example.org/check", body.states["succeeded"]) == picture(2)
    assert queue.bytes_of(inline, queue.states["succeeded"]) == b"hello"
    assert picture(1) != picture(2)
    assert picture(1).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ({"type": "text/plain", "text": "grün"}, "grün".encode()),
        ({"type": "application/x-ndjson", "jsonl": [{"a": 1}, [2]]}, b'{"a": 1}\n[2]\n'),
        ({"type": "video/mp4", "base64": "AAEC"}, b"\x00\x01\x02"),
    ],
)
def test_kinds_of_files(tmp_path: Path, file: dict[str, Any], content: bytes) -> None:
    changed = yaml.safe_load(QUEUE)
    changed["files"]["https://media.example.net/b"] = file
    found = fixture(tmp_path, yaml.safe_dump(changed))

    assert found.files["https://media.example.net/b"].content == content


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        pytest.param("id", "short", "id needs 8 characters", id="short id"),
        pytest.param("id", "0123456789", "id occurs neither", id="an id that nobody says"),
        pytest.param("routes.submit", "https://x.example", "routes.submit is a method and", id="no method"),
        pytest.param("routes.submit", None, "routes has no submit", id="no submit"),
        pytest.param("answers.cancel", None, "answers has none for the route cancel", id="no answer"),
        pytest.param("answers.other", {"json": {}}, "answers.other there is no such route", id="no route"),
        pytest.param("states.failed", None, "states has no failed", id="no failed"),
        pytest.param("states.succeeded", "None.", "states.succeeded every provider has one", id="no success"),
        pytest.param("states.failed.expect.status", "fialed", "states.failed.expect.status is one of", id="status"),
        pytest.param("states.failed.expect.code", "bad_luck", "states.failed.expect.code is one of", id="code"),
        pytest.param("states.failed.expect.wraning", "partial", "has 'wraning', which nobody reads", id="misspelt"),
        pytest.param("states.failed.expect", None, "states.failed has no expect", id="no expect"),
        pytest.param("states.failed.status.status", "200", "states.failed.status.status is no number", id="number"),
        pytest.param("states.failed.status.text", "x", "is one of json, text and file", id="two bodies"),
        pytest.param(
            "states.succeeded.expect.files", ["https://media.example.net/b.png"], "is neither in files", id="no file"
        ),
        pytest.param("files.x", {"type": "image/png"}, "files.x needs one of base64, jsonl", id="no bytes"),
        pytest.param("files.x", {"type": "a/b", "base64": "?"}, "files.x.base64 is none", id="no base64"),
        pytest.param("foreign", None, "foreign is missing", id="no foreign"),
        pytest.param("foreign", {}, "foreign has neither submit nor status", id="empty foreign"),
        pytest.param("input", ["a corgi"], "input is no map", id="no map"),
        pytest.param("colour", "red", "has 'colour', which nobody reads", id="unknown key"),
    ],
)
def test_mistake(tmp_path: Path, path: str, value: Any, said: str) -> None:
    changed = yaml.safe_load(QUEUE)
    *above, last = path.split(".")
    place = changed
    for name in above:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value

    with pytest.raises(FixtureWrong, match=r"queue\.yaml") as raised:
        fixture(tmp_path, yaml.safe_dump(changed))
    assert said in str(raised.value)


def test_no_yaml(tmp_path: Path) -> None:
    with pytest.raises(FixtureWrong, match=r"(?s)queue\.yaml: .*line 2"):
        fixture(tmp_path, "input: {\n  a: [}\n")
    with pytest.raises(FixtureWrong, match=r"none\.yaml"):
        read(tmp_path / "none.yaml")
