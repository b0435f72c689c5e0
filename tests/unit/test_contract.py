"""What holds the local gateway's answers against openapi.yaml notices what is wrong."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from local.contract import BrokenContract, contract, document

CREATE = "POST /v1/models/{owner}/{name}/predictions"
LIST = "GET /v1/predictions"
UPLOAD = "POST /v1/files"
SIM = {"owner": "sim", "name": "image"}
EXAMPLES = document().content["components"]["examples"]
STARTING = EXAMPLES["starting"]["value"]
EMPTY_PAGE: dict[str, Any] = {"next": None, "previous": None, "results": []}
PROBLEM = {"title": "Not found", "detail": "It is not there.", "status": 404}
GOOD = b'{"input": {}, "stream": true}'


def check(
    route: str,
    answer: Response,
    body: Any = b"",
    *,
    path: Mapping[str, str] = SIM,
    query: str = "",
    headers: Mapping[str, str] | None = None,
) -> None:
    sent = {"Authorization": "Bearer lum_…"} | dict(headers or {})
    made = EnvironBuilder(
        method=route.partition(" ")[0], query_string=query, headers=[(k, v) for k, v in sent.items() if v], data=body
    )
    contract().check(route, path, Request(made.get_environ()), answer)


def answer(
    body: Any, status: int = 200, kind: str = "application/json", headers: Mapping[str, str] | None = None
) -> Response:
    return Response(body if isinstance(body, str) else json.dumps(body), status, headers, content_type=kind)


def created(changed: Mapping[str, Any] | None = None, kind: str = "application/json", **headers: str) -> Response:
    said = {"Location": "https://lumeo.test"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return answer(STARTING | dict(changed or {}), 201, kind, said)


def uploaded() -> Response:
    return answer(EXAMPLES["file"]["value"], 201)


@pytest.mark.parametrize(
    "headers",
    [{}, {"Prefer": "wait=5"}, {"Prefer": "respond-async"}, {"Cancel-After": "1h30m"}, {"Idempotency-Key": "x"}],
    ids=str,
)
def test_answer_that_it_says(headers: dict[str, str]) -> None:
    check(CREATE, created(Preference_Applied="wait=5"), GOOD, headers=headers)


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        pytest.param(answer(STARTING, 202), "^status 202", id="status"),
        pytest.param(created(kind="text/html"), "^content type text/html", id="content type"),
        pytest.param(created(Set_Cookie="a=b"), "^header Set-Cookie$", id="header that is not said"),
        pytest.param(created(Preference_Applied="soon"), "^header Preference-Applied/: ", id="header that is wrong"),
        pytest.param(answer(STARTING, 201), "^no header Location", id="header that is missing"),
        pytest.param(answer("{", 201), "^body that is not JSON", id="not JSON"),
        pytest.param(created({"output": float("nan")}), "^body that is not JSON", id="NaN"),
        pytest.param(created({"caller": "alice"}), "^body/: .*'caller'", id="field that is not said"),
        pytest.param(created({"status": "aborted"}), "^body/status: ", id="word that is not said"),
        pytest.param(created({"status": "processing"}), "^body/status: ", id="what a create call never shows"),
        pytest.param(created({"created_at": "2026-11-21T25:00:00.000Z"}), "^body/created_at: ", id="format"),
        pytest.param(created({"completed_at": None}), "^body/completed_at: ", id="null for what is not known"),
    ],
)
def test_answer_that_it_does_not_say(wrong: Response, fault: str) -> None:
    with pytest.raises(BrokenContract, match=f"(?m){fault}"):
        check(CREATE, wrong, GOOD)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"completed_at": None}, "completed_at"),
        ({"error_code": "generation_failed"}, "error_code"),
        ({"metrics": {}}, "total_time"),
        ({"data_removed": True}, "output"),
        ({"status": "failed"}, "error"),
        ({"status": "processing"}, "completed_at"),
    ],
    ids=str,
)
def test_prediction_that_contradicts_itself(changed: dict[str, Any], fault: str) -> None:
    body = EXAMPLES["succeeded"]["value"] | changed

    with pytest.raises(BrokenContract, match=fault):
        check("GET /v1/predictions/{id}", answer(body), path={"id": body["id"]})


@pytest.mark.parametrize(
    ("body", "headers", "fault"),
    [
        (b"", {}, "^request's body that is not JSON"),
        (b"{}", {}, "^request's body/: .*input"),
        (b'{"input": []}', {}, "^request's body/input: "),
        (b'{"input": {}, "webhook_events_filter": ["end"]}', {}, "^request's body/webhook_events_filter/0: "),
        (GOOD, {"Cancel-After": "soon"}, "^header parameter Cancel-After/: "),
        (GOOD, {"Idempotency-Key": "x" * 256}, "^header parameter Idempotency-Key/: "),
        (GOOD, {"Authorization": ""}, "^no API key"),
    ],
)
def test_request_that_should_have_been_refused(body: bytes, headers: dict[str, str], fault: str) -> None:
    with pytest.raises(BrokenContract, match=f"(?m){fault}"):
        check(CREATE, created(), body, headers=headers)


@pytest.mark.parametrize("query", ["status=aborted", "source=api", "status=aborted&status=failed"])
def test_query_that_should_have_been_refused(query: str) -> None:
    with pytest.raises(BrokenContract, match=r"(?m)^query parameter \w+/: "):
        check(LIST, answer(EMPTY_PAGE), query=query)


def test_filter_beside_a_cursor_does_not_count() -> None:
    check(LIST, answer(EMPTY_PAGE), query="cursor=x&status=aborted")


def test_request_that_was_refused() -> None:
    check(LIST, answer(PROBLEM, 400, "application/problem+json"), query="status=aborted")


def test_form() -> None:
    check(UPLOAD, uploaded(), {"content": (b"bytes", "a.png"), "metadata": '{"a": 1}'})


@pytest.mark.parametrize(
    ("parts", "fault"),
    [({"filename": "a.png"}, "content"), ({"content": "bytes", "metadata": "[]"}, "metadata")],
    ids=["no content", "metadata"],
)
def test_form_that_should_have_been_refused(parts: dict[str, str], fault: str) -> None:
    with pytest.raises(BrokenContract, match=rf"(?m)^request's parts.*{fault}"):
        check(UPLOAD, uploaded(), parts)


def test_webhook() -> None:
    body = json.dumps(STARTING).encode()
    headers = {
        "webhook-id": f"msg_{STARTING['id']}_logs_3",
        "webhook-timestamp": "1795255200",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }

    assert contract().webhook_faults("prediction", headers, body) == []
    for name in headers:
        assert contract().webhook_faults("prediction", headers | {name: "?"}, body)
        assert contract().webhook_faults("prediction", {one: headers[one] for one in headers if one != name}, body)
    assert contract().webhook_faults("prediction", headers, b"{}")


def test_path_that_is_none() -> None:
    check("$default", answer(PROBLEM, 404, "application/problem+json"))

    with pytest.raises(BrokenContract, match="content type text/plain"):
        check("$default", answer("not found", 404, "text/plain"))


def test_answer_without_a_body() -> None:
    route, path = "DELETE /v1/predictions/{id}", {"id": STARTING["id"]}
    check(route, Response(status=204), path=path)

    with pytest.raises(BrokenContract, match="a body"):
        check(route, answer("{}", 204), path=path)
