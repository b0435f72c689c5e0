"""The HTTP API's common part: every error in Replicate's shape, who calls, what came, how long to hold an answer."""

import base64
import json
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from aws_lambda_powertools.utilities.typing import LambdaContext
from hypothesis import given
from hypothesis import strategies as st

from lumeo import api
from lumeo.errors import ApiError
from lumeo.keys import keys
from lumeo.store import store
from tests.unit.make import ID, prediction

SECRET = "r8_in_a_message_of_ours"
MEGABYTE = 1024**2


def event(method: str = "GET", path: str = "/ok", body: str | bytes | None = None, **headers: str) -> dict[str, Any]:
    """A request as API Gateway hands it over: payload format 2.0, names of headers in lower case."""
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "abc.execute-api.test"} | {name.replace("_", "-"): text for name, text in headers.items()},
        "requestContext": {
            "domainName": "abc.execute-api.us-east-1.amazonaws.com",
            "http": {"method": method, "path": path, "sourceIp": "127.0.0.1"},
            "requestId": "1",
            "stage": "$default",
        },
        "isBase64Encoded": isinstance(body, bytes),
    }
    if body is not None:
        made["body"] = base64.b64encode(body).decode() if isinstance(body, bytes) else body
    return made


@pytest.fixture
def app() -> APIGatewayHttpResolver:
    """A function with a route for each thing that may go wrong."""
    router = api.resolver()

    @router.get("/ok")
    def ok() -> Response[str]:
        return api.answer(201, {"umlaut": "\u00e4", "lone": "\ud800"}, {"Preference-Applied": "wait=5"})

    @router.get("/refused")
    def refused() -> None:
        raise api.invalid(("required", "input", "prompt is required"))

    @router.get("/broken")
    def broken() -> None:
        raise RuntimeError(SECRET)

    @router.get("/caller")
    def caller() -> Response[str]:
        return api.answer(200, {"caller": api.caller(router)})

    @router.post("/body")
    def body() -> Response[str]:
        return api.answer(200, api.body(router))

    @router.get("/wait")
    def wait() -> Response[str]:
        return api.answer(200, {"wait": api.preferred_wait(router)})

    @router.get("/origin")
    def origin() -> Response[str]:
        return api.answer(200, {"origin": api.origin(router)})

    return router


def ask(app: APIGatewayHttpResolver, *request: Any, **headers: str) -> tuple[int, Any, dict[str, Any]]:
    """Status, body and headers of the answer."""
    answer = app.resolve(event(*request, **headers), LambdaContext())
    assert answer["isBase64Encoded"] is False
    return answer["statusCode"], json.loads(answer["body"]), answer["headers"]


class TestErrors:
    @pytest.mark.parametrize(
        ("line", "status", "title", "detail"),
        [
            pytest.param("GET /nowhere", 404, "Not found", api.NOT_FOUND[1], id="no such path"),
            pytest.param("DELETE /ok", 404, "Not found", api.NOT_FOUND[1], id="no such method"),
            pytest.param("GET /ok/", 404, "Not found", api.NOT_FOUND[1], id="a slash at the end"),
            pytest.param("GET /ok/more", 404, "Not found", api.NOT_FOUND[1], id="more behind a path"),
            pytest.param("GET /refused", 422, "Input validation failed", "- input: prompt is required\n", id="refused"),
            pytest.param(
                "GET /caller",
                401,
                "Unauthenticated",
                "You did not pass an authentication token",
                id="unauthenticated",
            ),
            pytest.param("POST /body", 400, "Bad request", None, id="no body"),
            pytest.param("GET /broken", 500, "Internal error", None, id="broken"),
        ],
    )
    def test_have_replicates_shape(
        self, app: APIGatewayHttpResolver, line: str, status: int, title: str, detail: str | None
    ) -> None:
        found, body, headers = ask(app, *line.split())

        assert found == status
        assert (body["title"], body["status"]) == (title, status)
        assert isinstance(body["detail"], str)
        assert detail in {None, body["detail"]}
        assert headers["Content-Type"] == "application/problem+json"

    def test_wrong_fields_are_named(self, app: APIGatewayHttpResolver) -> None:
        assert ask(app, "GET", "/refused")[1] == {
            "title": "Input validation failed",
            "detail": "- input: prompt is required\n",
            "status": 422,
            "invalid_fields": [{"type": "required", "field": "input", "description": "prompt is required"}],
        }

    def test_our_own_faults_tell_nothing(self, app: APIGatewayHttpResolver) -> None:
        """The log says what it was; the caller reads that it was ours."""
        _, body, _ = ask(app, "GET", "/broken")

        assert SECRET not in json.dumps(body)
        assert "Traceback" not in json.dumps(body)
        assert set(body) == {"title", "detail", "status"}

    def test_each_function_has_its_own_routes(self, app: APIGatewayHttpResolver) -> None:
        other = api.resolver()

        assert (ask(app)[0], ask(other)[0]) == (201, 404)

    @pytest.mark.parametrize(
        ("fields", "detail"),
        [
            pytest.param([("required", "input", "prompt is required")], "- input: prompt is required\n", id="one"),
            pytest.param(
                [("required", "input", "prompt is required"), ("number_lte", "input.steps", "Must be 4")],
                "- input: prompt is required\n- input.steps: Must be 4\n",
                id="two",
            ),
            pytest.param([("required", "", "input is required")], "- input is required\n", id="of the whole"),
        ],
    )
    def test_invalid_is_replicates_422(self, fields: list[tuple[str, str, str]], detail: str) -> None:
        error = api.invalid(*fields)

        assert (error.status, error.title, error.detail) == (422, "Input validation failed", detail)
        assert [tuple(field.values()) for field in error.more["invalid_fields"]] == fields


class TestAnswer:
    def test_is_json_with_its_headers(self, app: APIGatewayHttpResolver) -> None:
        status, body, headers = ask(app)

        assert (status, body) == (201, {"umlaut": "\u00e4", "lone": "\ud800"})
        assert headers["Content-Type"] == "application/json"
        assert headers["Preference-Applied"] == "wait=5"


@pytest.mark.usefixtures("cloud")
class TestCaller:
    @pytest.mark.parametrize(
        "header",
        [
            pytest.param("Bearer {key}", id="Bearer"),
            pytest.param("Token {key}", id="Token"),
            pytest.param("bearer {key}", id="lower case"),
            pytest.param("TOKEN {key}", id="upper case"),
            pytest.param("  Bearer   {key}  ", id="spaces"),
        ],
    )
    def test_is_known_by_its_key(self, app: APIGatewayHttpResolver, header: str) -> None:
        key = keys().create("ann", "laptop")

        assert ask(app, "GET", "/caller", authorization=header.format(key=key))[:2] == (200, {"caller": "ann"})

    @pytest.mark.parametrize(
        ("headers", "detail"),
        [
            pytest.param({}, "You did not pass an authentication token", id="no header"),
            pytest.param({"authorization": ""}, "You did not pass an authentication token", id="an empty header"),
            pytest.param({"authorization": "Bearer"}, "You did not pass an authentication token", id="no key"),
            pytest.param({"authorization": "Bearer  "}, "You did not pass an authentication token", id="a space"),
            pytest.param(
                {"authorization": "Bearer lum_unknown"},
                "You did not pass a valid authentication token",
                id="an unknown key",
            ),
            pytest.param(
                {"authorization": "Basic {key}"}, "You did not pass a valid authentication token", id="another scheme"
            ),
            pytest.param(
                {"authorization": "Bearer {key}x"}, "You did not pass a valid authentication token", id="a letter more"
            ),
            pytest.param(
                {"authorization": "Bearer \u00e9"}, "You did not pass a valid authentication token", id="no ASCII"
            ),
            pytest.param({"x_api_key": "{key}"}, "You did not pass an authentication token", id="another header"),
        ],
    )
    def test_is_refused(self, app: APIGatewayHttpResolver, headers: dict[str, str], detail: str) -> None:
        key = keys().create("ann", "laptop")

        status, body, _ = ask(app, "GET", "/caller", **{name: text.format(key=key) for name, text in headers.items()})

        assert (status, body) == (401, {"title": "Unauthenticated", "detail": detail, "status": 401})

    def test_is_refused_with_a_revoked_key(self, cloud: dict[str, str], app: APIGatewayHttpResolver) -> None:
        key = keys().create("ann", "laptop")
        client = boto3.client("dynamodb")
        (item,) = client.scan(TableName=cloud["TABLE_NAME"])["Items"]
        client.put_item(TableName=cloud["TABLE_NAME"], Item={**item, "revoked_at": {"S": "2026-11-21T10:00:00.000Z"}})

        assert ask(app, "GET", "/caller", authorization=f"Bearer {key}")[0] == 401


@pytest.mark.usefixtures("cloud")
class TestOwned:
    def test_is_the_callers_own(self) -> None:
        store().accept(prediction())

        assert api.owned(ID, "ann") == prediction()

    @pytest.mark.parametrize(
        ("prediction_id", "caller"),
        [
            pytest.param(ID, "bob", id="another's"),
            pytest.param(ID, "", id="nobody's"),
            pytest.param("0" * 26, "ann", id="not there"),
            pytest.param("x", "ann", id="no id"),
            pytest.param("", "ann", id="nothing"),
            pytest.param(ID.upper(), "ann", id="upper case"),
        ],
    )
    def test_anything_else_is_not_found(self, prediction_id: str, caller: str) -> None:
        """The same words for each: nobody learns that another's prediction is there."""
        store().accept(prediction())

        with pytest.raises(ApiError) as caught:
            api.owned(prediction_id, caller)

        assert caught.value.body() == {
            "title": "Not found",
            "detail": "The requested resource could not be found.",
            "status": 404,
        }


class TestBody:
    @pytest.mark.parametrize(
        ("body", "value"),
        [
            pytest.param("{}", {}, id="empty"),
            pytest.param('{"input": {"x": 1.0}}', {"input": {"x": 1.0}}, id="an object"),
            pytest.param('{"a": "\\ud800"}', {"a": "\ud800"}, id="a lone surrogate"),
            pytest.param('{"a": "\u00e4"}', {"a": "\u00e4"}, id="an umlaut"),
            pytest.param('{"a": "\u00e4"}'.encode(), {"a": "\u00e4"}, id="base64"),
            pytest.param('{"a": 1, "a": 2}', {"a": 2}, id="a name twice"),
            pytest.param('{"a": "' + "x" * (MEGABYTE - 9) + '"}', None, id="exactly the limit"),
            pytest.param('{"a":' + "[" * 100 + "]" * 100 + "}", None, id="a hundred lists deep"),
        ],
    )
    def test_is_an_object(self, app: APIGatewayHttpResolver, body: str | bytes, value: Any) -> None:
        status, found, _ = ask(app, "POST", "/body", body)

        assert status == 200
        assert found == (json.loads(body) if value is None else value)

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(None, id="no body"),
            pytest.param("", id="empty"),
            pytest.param("{", id="half"),
            pytest.param("input=1", id="a form"),
            pytest.param("[]", id="a list"),
            pytest.param("null", id="null"),
            pytest.param('"text"', id="text"),
            pytest.param("{'a': 1}", id="Python"),
            pytest.param('{"a": NaN}', id="not a number"),
            pytest.param('{"a": -Infinity}', id="infinity"),
            pytest.param('{"a": 1e400}', id="a number above all floats"),
            pytest.param('{"a": [-1e999]}', id="a number below all floats"),
            pytest.param('{"a": ' + "9" * 5000 + "}", id="an endless number"),
            pytest.param('{"a":' + "[" * 100_000 + "]" * 100_000 + "}", id="too deep"),
            pytest.param(b"\xff\xfe{}", id="no UTF-8"),
            pytest.param(b"", id="empty base64"),
            pytest.param("\ufeff{}", id="a byte order mark"),
        ],
    )
    def test_anything_else_is_a_bad_request(self, app: APIGatewayHttpResolver, body: str | bytes | None) -> None:
        status, found, _ = ask(app, "POST", "/body", body)

        assert (status, found["status"], found["title"]) == (400, 400, "Bad request")

    def test_broken_base64_is_a_bad_request(self, app: APIGatewayHttpResolver) -> None:
        request = event("POST", "/body", b"{}")

        answer = app.resolve({**request, "body": "A"}, LambdaContext())

        assert answer["statusCode"] == 400

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param('{"a": "' + "x" * (MEGABYTE - 8) + '"}', id="one byte over"),
            pytest.param('{"a": "' + "\u00e4" * (2 * MEGABYTE) + '"}', id="over in bytes, not in letters"),
            pytest.param(b'{"a": "' + b"x" * (MEGABYTE) + b'"}', id="over in base64"),
            pytest.param("x" * (5 * MEGABYTE), id="no JSON besides"),
        ],
    )
    def test_too_large(self, app: APIGatewayHttpResolver, body: str | bytes) -> None:
        status, found, _ = ask(app, "POST", "/body", body)

        assert (status, found["status"]) == (413, 413)
        assert "1 MB" in found["detail"]


class TestWait:
    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            pytest.param(None, None, id="no header"),
            pytest.param("", None, id="empty"),
            pytest.param("wait", 60, id="wait"),
            pytest.param("wait=1", 1, id="the least"),
            pytest.param("wait=5", 5, id="5"),
            pytest.param("wait=60", 60, id="the most"),
            pytest.param("wait=61", 60, id="61"),
            pytest.param("wait=99", 60, id="99"),
            pytest.param("wait=3600", 60, id="an hour"),
            pytest.param("wait=86400", 60, id="a day"),
            pytest.param("wait=100000000", 60, id="years"),
            pytest.param("wait=0", 1, id="nothing"),
            pytest.param("wait = 5", 5, id="with spaces"),
            pytest.param("  wait=5  ", 5, id="with spaces around"),
            pytest.param("respond-async, wait=10", 10, id="after another"),
            pytest.param("wait=10, respond-async", 10, id="before another"),
            pytest.param("wait=10;x=1", 10, id="with a parameter"),
            pytest.param("respond-async", None, id="another"),
            pytest.param("nowait", None, id="a longer word"),
            pytest.param("wait-for=5", None, id="a longer name"),
            pytest.param("wait=-5", None, id="negative"),
            pytest.param("wait=soon", None, id="a word"),
            pytest.param("wait=1.5", None, id="a fraction"),
            pytest.param("x=wait", None, id="as a value"),
        ],
    )
    def test_preferred(self, app: APIGatewayHttpResolver, header: str | None, seconds: int | None) -> None:
        headers = {} if header is None else {"prefer": header}

        assert ask(app, "GET", "/wait", **headers)[1] == {"wait": seconds}

    @given(st.text())
    def test_any_header_is_seconds_or_none(self, header: str) -> None:
        router = api.resolver()
        router.current_event = APIGatewayProxyEventV2(event(prefer=header))

        assert api.preferred_wait(router) in {None, *range(1, 61)}

    @pytest.mark.parametrize(
        ("wait", "seconds"),
        [
            pytest.param(None, 0.0, id="none"),
            pytest.param(1, 0.5, id="1"),
            pytest.param(5, 4.5, id="5"),
            pytest.param(25, 24.5, id="25"),
            pytest.param(26, 25.0, id="26"),
            pytest.param(60, 25.0, id="60"),
        ],
    )
    def test_an_answer_comes_before_the_clients_time_out(self, wait: int | None, seconds: float) -> None:
        assert api.hold(wait) == seconds

    @pytest.mark.parametrize("wait", range(1, 61))
    def test_an_answer_is_held_within_every_limit(self, wait: int) -> None:
        """API Gateway gives up after 30 s, the function's own time-out is 30 s, the client's wait is its wish."""
        assert 0 < api.hold(wait) < min(wait, 30)

    @pytest.mark.parametrize(
        ("wait", "headers"),
        [
            pytest.param(None, {}, id="none"),
            pytest.param(5, {"Preference-Applied": "wait=5"}, id="5"),
            pytest.param(60, {"Preference-Applied": "wait=60"}, id="60"),
        ],
    )
    def test_the_applied_preference_is_echoed(self, wait: int | None, headers: dict[str, str]) -> None:
        assert api.preference_applied(wait) == headers


class TestOrigin:
    def test_is_the_owners_where_there_is_one(
        self, app: APIGatewayHttpResolver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PUBLIC_URL", "https://predictions.example.com/")

        assert ask(app, "GET", "/origin")[1] == {"origin": "https://predictions.example.com"}

    def test_is_the_requests_else(self, app: APIGatewayHttpResolver, monkeypatch: pytest.MonkeyPatch) -> None:
        """The gateway's word for it: a client's own `Host` header must not end up in our URLs."""
        monkeypatch.delenv("PUBLIC_URL", raising=False)

        answer = ask(app, "GET", "/origin", host="evil.com", x_forwarded_host="evil.com")

        assert answer[1] == {"origin": "https://abc.execute-api.us-east-1.amazonaws.com"}
