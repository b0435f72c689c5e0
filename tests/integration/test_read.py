"""GET /v1/predictions and /v1/predictions/{id}; and the answer to every path that there is not."""

import base64
import dataclasses
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.gateway import event
from lumeo import aws, clock, ids, settings
from lumeo.keys import keys
from lumeo.store import store
from tests.integration.driver import LAMBDA_ANSWER_BYTES, Answer, Driver, http_request

NOT_FOUND = {"title": "Not found", "detail": "The requested resource could not be found.", "status": 404}


def fill(driver: Driver, count: int) -> list[str]:
    """Ids of predictions that were accepted one after another, newest first."""
    model = driver.record(driver.submit("sim/instant"))
    found = [model.id]
    for _ in range(count - 1):
        driver.clock.passes(0.007)
        now = clock.stamp()
        store().accept(dataclasses.replace(model, id=(made := ids.new()), created_at=now, run=made, outputs_id=made))
        found.append(made)
    return found[::-1]


def follow(driver: Driver, url: str) -> Any:
    """The page at an absolute URL, as a client follows it."""
    assert url.startswith("https://lumeo.test/v1/predictions?cursor=")
    parts = urlsplit(url)
    answer = driver.call("GET", f"{parts.path}?{parts.query}")
    assert answer.status == 200
    return answer.body


def ids_of(page: Any) -> list[str]:
    return [prediction["id"] for prediction in page["results"]]


def test_page_of_nothing(driver: Driver) -> None:
    answer = driver.call("GET", "/v1/predictions")

    assert (answer.status, answer.body) == (200, {"previous": None, "next": None, "results": []})


def test_three_pages_there_and_back(driver: Driver) -> None:
    """Every prediction once, newest first, whichever way one goes."""
    made = fill(driver, 230)
    first = driver.call("GET", "/v1/predictions").body
    second = follow(driver, first["next"])
    third = follow(driver, second["next"])

    assert [len(ids_of(page)) for page in (first, second, third)] == [100, 100, 30]
    assert ids_of(first) + ids_of(second) + ids_of(third) == made
    assert (first["previous"], third["next"]) == (None, None)

    back = follow(driver, third["previous"])
    assert ids_of(back) == ids_of(second)
    start = follow(driver, back["previous"])
    assert ids_of(start) == ids_of(first)
    assert start["previous"] is None
    assert ids_of(follow(driver, start["next"])) == ids_of(second)


def test_exactly_one_page(driver: Driver) -> None:
    made = fill(driver, 100)
    page = driver.call("GET", "/v1/predictions").body

    assert ids_of(page) == made
    assert (page["next"], page["previous"]) == (None, None)


def test_what_comes_meanwhile_moves_no_page(driver: Driver) -> None:
    made = fill(driver, 101)
    first = driver.call("GET", "/v1/predictions").body
    driver.clock.passes(1)
    newest = driver.submit("sim/instant")
    second = follow(driver, first["next"])

    assert ids_of(second) == made[100:]
    back = follow(driver, second["previous"])
    assert set(ids_of(back)) <= {newest, *made[:100]}
    assert ids_of(back)[-1] == made[99]


def test_list_shows_what_a_read_shows(driver: Driver) -> None:
    shown, _ = driver.finished("sim/nested")
    driver.clock.passes(1)
    running = driver.running("sim/stuck")

    assert driver.call("GET", "/v1/predictions").body["results"] == [driver.read(running), shown]


def test_list_of_large_predictions_can_be_answered(driver: Driver) -> None:
    """Lambda answers 6 MB at most: a page is shorter then, and nothing is left out."""
    made = []
    for _ in range(8):
        made.append(driver.submit("sim/instant", {"prompt": '"' * 450_000}))
        driver.clock.passes(1)
    seen: list[str] = []
    url: str | None = "https://lumeo.test/v1/predictions"
    while url:
        parts = urlsplit(url)
        page = _read(driver, f"{parts.path}?{parts.query}", "GET /v1/predictions")
        seen += ids_of(page)
        url = page["next"]

    assert seen == made[::-1]
    assert page["previous"]
    back = _read(driver, urlsplit(page["previous"])._replace(scheme="", netloc="").geturl(), "GET /v1/predictions")
    assert ids_of(back) == seen[-len(ids_of(page)) - len(ids_of(back)) : -len(ids_of(page))]


def _read(driver: Driver, path: str, route: str) -> Any:
    """The JSON of an answer that Lambda can give."""
    request = http_request("GET", path, b"", {"Authorization": f"Bearer {driver.key}"})
    result = driver.functions.invoke("ReadFunction", event(request, route, {"id": path.rpartition("/")[2]}))
    assert result["statusCode"] == 200
    assert len(json.dumps(result)) <= LAMBDA_ANSWER_BYTES
    return json.loads(result["body"])


def test_what_a_page_does_not_show_is_not_read(driver: Driver) -> None:
    """A caller with many large inputs must not make the function fetch them all for the two that fit."""
    for _ in range(12):
        driver.submit("sim/instant", {"prompt": "x" * 900_000})
    fetched: list[str] = []
    aws.s3().meta.events.register("before-call.s3.GetObject", lambda **_: fetched.append("object"))
    shown = driver.call("GET", "/v1/predictions").body["results"]

    assert 1 <= len(shown) <= 3
    assert len(fetched) == len(shown) + 1


@pytest.mark.parametrize("output", ["x" * 7_000_000, {"texts": ["\N{DOG FACE}" * 400_000] * 2}, ['"' * 600_000]])
def test_large_output_can_be_answered(driver: Driver, output: Any) -> None:
    """A model may write more text than Lambda can answer: it is a file then."""
    prediction_id = driver.running_with(output)
    driver.run(prediction_id, "Status")

    shown = _read(driver, f"/v1/predictions/{prediction_id}", "GET /v1/predictions/{id}")
    assert shown["status"] == "succeeded"
    content, head = driver.stored(shown["output"].removeprefix("https://cdn.test/"))
    assert (content.decode() if head["ContentType"].startswith("text/") else json.loads(content)) == output


def test_large_output_with_files(driver: Driver) -> None:
    """In the file that holds it the files stand under our URLs."""
    prediction_id = driver.running_with({"picture": "{files}/0.png", "text": ["word "] * 200_000})
    driver.run(prediction_id, "Status")

    shown, record = driver.read(prediction_id), driver.record(prediction_id)
    content, _ = driver.stored(shown["output"].removeprefix("https://cdn.test/"))
    assert json.loads(content)["picture"] == f"https://cdn.test/outputs/{record.outputs_id}/0.png"
    driver.check_files(dataclasses.replace(record, outputs={"0": record.outputs["0"]}), ["0.png"], "image/png")


def test_everybody_sees_their_own(driver: Driver) -> None:
    key = {"Authorization": f"Token {keys().create('bob', 'another')}"}
    mine = driver.submit("sim/instant")
    his = driver.call("POST", "/v1/models/sim/instant/predictions", {"input": {}}, headers=key).body["id"]

    assert ids_of(driver.call("GET", "/v1/predictions").body) == [mine]
    assert ids_of(driver.call("GET", "/v1/predictions", headers=key).body) == [his]
    answer = driver.call("GET", f"/v1/predictions/{mine}", headers=key)
    assert (answer.status, answer.body) == (404, NOT_FOUND)


def test_two_keys_of_one_caller(driver: Driver) -> None:
    prediction_id = driver.submit("sim/instant")
    key = keys().create("alice", "a second")

    assert (
        driver.call("GET", f"/v1/predictions/{prediction_id}", headers={"Authorization": f"Token {key}"}).status == 200
    )


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "bm8",
        base64.urlsafe_b64encode(b"[]").decode(),
        base64.urlsafe_b64encode(b"[1,2,3,4]").decode(),
        base64.urlsafe_b64encode(b'["a","b","c",true]').decode(),
        base64.urlsafe_b64encode(b"\xff\xff").decode(),
        base64.urlsafe_b64encode(b"[" * 50_000).decode(),
    ],
)
def test_cursor_that_is_none(driver: Driver, cursor: str) -> None:
    answer = driver.call("GET", f"/v1/predictions?cursor={cursor}")

    assert answer.status == 400
    assert answer.body["title"] == "Invalid cursor"


def test_cursor_of_somebody_else(driver: Driver) -> None:
    fill(driver, 101)
    page = urlsplit(driver.call("GET", "/v1/predictions").body["next"])
    key = {"Authorization": f"Token {keys().create('bob', 'another')}"}

    assert driver.call("GET", f"{page.path}?{page.query}", headers=key).status == 400


@pytest.mark.parametrize("query", ["cursor=", "cursor", "limit=5", "created_after=2026-01-01T00:00:00Z"])
def test_query_without_a_cursor(driver: Driver, query: str) -> None:
    prediction_id = driver.submit("sim/instant")
    answer = driver.call("GET", f"/v1/predictions?{query}")

    assert (answer.status, ids_of(answer.body)) == (200, [prediction_id])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/"),
        ("GET", "/v1"),
        ("GET", "/v2/predictions"),
        ("GET", "/v1/predictions/"),
        ("GET", "/v1/predictions/x/y/z"),
        ("PUT", "/v1/predictions"),
        ("DELETE", "/v1/predictions"),
        ("PATCH", "/v1/predictions/" + "0" * 26),
        ("POST", "/v1/predictions/" + "0" * 26),
        ("OPTIONS", "/v1/predictions"),
        ("HEAD", "/nothing"),
        ("GET", "/v1/predictions/" + "0" * 26 + "/cancel"),
        ("GET", "/favicon.ico"),
        ("PUT", "/v1/files"),
        ("GET", "/é/%00/..%2f"),
    ],
)
def test_path_that_there_is_not(driver: Driver, method: str, path: str) -> None:
    """Replicate's shape, not API Gateway's, with or without a key."""
    for headers in ({}, {"Authorization": ""}):
        answer: Answer = driver.call(method, path, headers=headers)
        assert answer.status == 404
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert method == "HEAD" or answer.body == NOT_FOUND


@pytest.mark.parametrize("prediction_id", ["0" * 26, "x", "A" * 26, "é" * 26, "0" * 27, "%20"])
def test_prediction_that_there_is_not(driver: Driver, prediction_id: str) -> None:
    answer = driver.call("GET", f"/v1/predictions/{prediction_id}")

    assert (answer.status, answer.body) == (404, NOT_FOUND)


@pytest.mark.parametrize("path", ["/v1/predictions", "/v1/predictions/" + "0" * 26])
def test_without_a_key(driver: Driver, path: str) -> None:
    answer = driver.call("GET", path, headers={"Authorization": ""})

    assert answer.status == 401
    assert answer.body["detail"] == "You did not pass an authentication token"


def test_our_own_trouble_is_in_replicates_shape(driver: Driver) -> None:
    """And tells nothing of what went wrong."""
    prediction_id = driver.submit("sim/instant")
    aws.dynamodb().delete_table(TableName=settings.table_name())
    answer = driver.call("GET", f"/v1/predictions/{prediction_id}")

    assert answer.status == 500
    assert answer.body == {
        "title": "Internal error",
        "detail": "Something went wrong on our side. Please try again.",
        "status": 500,
    }


def test_reading_asks_no_provider(driver: Driver) -> None:
    prediction_id = driver.running("sim/image")
    calls = driver.calls()
    driver.read(prediction_id)
    driver.call("GET", "/v1/predictions")

    assert driver.calls() == calls
