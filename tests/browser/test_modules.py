"""What the page decides, as tables: its pure modules, in the browser that runs them."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from functions.gallery.app import gallery
from tests.stack import Stack

CDN = "https://cdn.test"
PNG = f"{CDN}/outputs/0a/0.png"
MP4 = f"{CDN}/outputs/0a/1.mp4"
BIN = f"{CDN}/outputs/0a/2.bin"
HASH = "a" * 64
MADE: dict[str, Any] = {
    "id": "01",
    "provider": "replicate",
    "model": "acme/fast",
    "version": HASH,
    "input": {"prompt": "it's", "seed": 7, "tile": False, "mask": None, "sizes": [1, 2.5]},
    "status": "succeeded",
    "error": None,
    "error_code": None,
    "logs": "",
    "metrics": {},
    "timeline": {},
    "data_removed": False,
}

CALL = "([file, name, given]) => import(file).then((module) => module[name](...given) ?? null)"


@pytest.fixture(scope="module")
def page(chromium: Browser, stack: Stack) -> Iterator[Page]:
    """One window for all of them: nothing here leaves anything behind."""
    context = chromium.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.goto(stack.ready["api_url"].removesuffix("/v1"))
    yield page
    context.close()


def call(page: Page, file: str, name: str, *given: Any) -> Any:
    return page.evaluate(CALL, [f"/gallery/{gallery.version}/{file}.js", name, list(given)])


def parts(files: list[str], text: str = "", rest: Any = None) -> dict[str, Any]:
    kinds = {"png": "image", "mp4": "video", "bin": "file"}
    return {
        "files": [{"url": url, "name": url.split("/")[-1], "kind": kinds[url[-3:]]} for url in files],
        "text": text,
        "rest": rest,
    }


OUTPUTS: list[tuple[Any, dict[str, Any]]] = [
    (None, parts([])),
    (PNG, parts([PNG])),
    ([PNG, MP4, BIN], parts([PNG, MP4, BIN])),
    ("a text", parts([], "a text")),
    (["a ", "text"], parts([], "a text")),
    (["see ", PNG], parts([PNG], "see ")),
    ("", parts([])),
    (f"see {PNG}", parts([], f"see {PNG}")),
    ("https://elsewhere.test/outputs/0.png", parts([], "https://elsewhere.test/outputs/0.png")),
    ({"image": PNG, "score": 0.5}, parts([PNG], rest={"image": PNG, "score": 0.5})),
    ([{"masks": [PNG, {"film": MP4}]}], parts([PNG, MP4], rest=[{"masks": [PNG, {"film": MP4}]}])),
    (7, parts([], rest=7)),
    ([], parts([])),
]


def test_parts_of_an_output(page: Page) -> None:
    found = [call(page, "outputs", "partsOf", output, CDN) for output, _ in OUTPUTS]

    assert found == [expected for _, expected in OUTPUTS]


STATES = [
    ({"status": "starting"}, "starting"),
    ({"status": "failed", "error_code": "generation_failed"}, "failed"),
    ({"status": "failed", "error_code": "content_rejected"}, "refused"),
    ({"status": "canceled", "error_code": "deadline_exceeded"}, "canceled"),
    ({"status": "succeeded", "data_removed": True}, "deleted"),
]
PROGRESS = [
    ({"logs": ""}, None),
    ({"logs": None}, None),
    ({"logs": "Using seed: 7\n 18%|#8        | 9/50 [00:01]"}, 0.18),
    ({"logs": " 18%|#| 9/50\n 54%|##| 27/50"}, 0.54),
    ({"logs": "100%|####| 50/50"}, 1),
    ({"logs": "of 30% of all"}, None),
    ({"logs": " 18%|#| 9/50", "metrics": {"progress": 0.4}}, 0.4),
]
TITLES = [
    ({"input": {"prompt": "a corgi"}}, "a corgi"),
    ({"input": {"seed": 7, "text": "read me"}}, "read me"),
    ({"input": {"seed": 7, "image": "https://x.test/a.png"}}, "https://x.test/a.png"),
    ({"input": {}}, "acme/fast"),
]


@pytest.mark.parametrize(
    ("name", "table"),
    [("stateOf", STATES), ("progressOf", PROGRESS), ("titleOf", TITLES)],
    ids=lambda one: str(one)[:9],
)
def test_what_is_said_of_a_prediction(page: Page, name: str, table: list[tuple[dict[str, Any], Any]]) -> None:
    found = [call(page, "states", name, MADE | given) for given, _ in table]

    assert found == [expected for _, expected in table]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (89, "89 s"), (91, "2 min"), (5399, "90 min"), (7200, "2 h")],
)
def test_how_long(page: Page, seconds: float, words: str) -> None:
    assert call(page, "states", "lasted", seconds) == words


def test_timeline(page: Page) -> None:
    """In the order of the steps, whosever clock said what."""
    at = {
        "accepted": "2026-11-21T10:00:00.000Z",
        "started": "2026-11-21T10:00:01.500Z",
        "saved": "2026-11-21T10:00:01.000Z",
    }
    found = call(page, "states", "timelineOf", MADE | {"timeline": at})

    assert [(step["name"], step["seconds"]) for step in found] == [
        ("Accepted", 0),
        ("Started there", 1.5),
        ("Kept here", 0),
    ]


WHERE = [
    ({}, "/v1/predictions", f"acme/fast:{HASH}"),
    ({"version": "hidden"}, "/v1/models/acme/fast/predictions", "acme/fast"),
    ({"model": "lumeo/portrait"}, "/v1/models/lumeo/portrait/predictions", "lumeo/portrait"),
    ({"deployment": "acme/mine"}, "/v1/deployments/acme/mine/predictions", None),
    ({"provider": "fal", "model": "fal-ai/flux/dev", "version": "hidden"}, "/v1/predictions", None),
]


@pytest.mark.parametrize(("given", "path", "run"), WHERE)
def test_snippets(page: Page, given: dict[str, Any], path: str, run: str | None) -> None:
    found = call(page, "snippets", "snippetsOf", MADE | given, "https://lumeo.test")

    assert list(found) == ["curl", "Python", "JavaScript"]
    assert f"'https://lumeo.test{path}'" in found["curl"]
    for client in ("Python", "JavaScript"):
        assert (f'client.run("{run}"' in found[client]) == (run is not None)
        assert "lum_" not in found[client]
    if "provider" in given:
        assert '"provider": "fal"' in found["Python"]


def test_python_literals(page: Page) -> None:
    given = {"text": 'it\'s "so"\n\u2028', "no": False, "yes": True, "none": None, "list": [1, 2.5, {"é": []}]}

    assert eval(call(page, "snippets", "python", given)) == given


SCHEMA = {
    "components": {
        "schemas": {
            "Ratio": {"type": "string", "enum": ["1:1", "16:9"], "title": "Ratio"},
            "Input": {
                "required": ["prompt"],
                "properties": {
                    "seed": {"type": "integer", "x-order": 3, "minimum": 0},
                    "prompt": {"type": "string", "title": "Prompt", "x-order": 0},
                    "ratio": {"allOf": [{"$ref": "#/components/schemas/Ratio"}], "default": "1:1", "x-order": 1},
                    "image": {"type": "string", "format": "uri", "x-order": 2},
                    "tile": {"type": "boolean"},
                    "loras": {"type": "array"},
                },
            },
        }
    }
}


def test_fields_of_a_schema(page: Page) -> None:
    found = call(page, "schemas", "fieldsOf", {"openapi_schema": SCHEMA})

    assert [(one["name"], one["kind"], one["required"]) for one in found] == [
        ("prompt", "text", True),
        ("ratio", "choice", False),
        ("image", "file", False),
        ("seed", "integer", False),
        ("tile", "boolean", False),
        ("loras", "json", False),
    ]
    assert (found[1]["choices"], found[1]["preset"], found[1]["label"]) == (["1:1", "16:9"], "1:1", "Ratio")
    assert call(page, "schemas", "fieldsOf", None) == []


VALUES = [
    ("integer", "7", 7),
    ("integer", str(2**53 - 1), 2**53 - 1),
    ("number", "2.5", 2.5),
    ("number", "", None),
    ("integer", " ", None),
    ("number", " -1e3 ", -1000),
    ("boolean", "false", False),
    ("json", '["a", 1]', ["a", 1]),
    ("text", " as it is ", " as it is "),
    ("text", "", None),
]
WRONG = [
    ("integer", "seven"),
    ("number", "12e"),
    ("integer", "0x10"),
    ("number", "1e999"),
    ("integer", "12345678901234567890"),
    ("json", "{a}"),
    ("json", '{"seed": [12345678901234567890]}'),
]


@pytest.mark.parametrize(("kind", "text", "value"), VALUES)
def test_what_a_field_says(page: Page, kind: str, text: str, value: Any) -> None:
    assert call(page, "schemas", "saidBy", {"kind": kind, "choices": []}, text) == value


def test_a_text_is_of_one_meaning(page: Page) -> None:
    """What was written for another model's field of that name is not sent to this one."""
    fields = [{"name": "high", "kind": kind, "choices": choices} for kind, choices in MEANINGS]

    assert len({call(page, "schemas", "keyOf", field) for field in fields}) == len(MEANINGS)


MEANINGS: list[tuple[str, list[str]]] = [("text", []), ("boolean", []), ("choice", ["high"]), ("choice", ["low"])]


@pytest.mark.parametrize(("kind", "text"), WRONG)
def test_what_a_field_cannot_say(page: Page, kind: str, text: str) -> None:
    with pytest.raises(Exception, match="This "):
        call(page, "schemas", "saidBy", {"kind": kind, "choices": []}, text)
