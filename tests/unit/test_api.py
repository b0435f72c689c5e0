"""The HTTP API's common part: every error in Replicate's shape, who calls, what came, how long to hold an answer."""

import base64
import importlib
import json
from contextlib import suppress
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumeo import api
from lumeo.errors import ApiError, NotFound
from lumeo.keys import keys
from lumeo.routes import Answer, Request, Routes, answer, no_content, redirect
from lumeo.store import store
from tests.conftest import template
from tests.unit.make import ID, prediction

SECRET = "r8_in_a_message_of_ours"
MEGABYTE = 1024**2


def event(method: str = "GET", path: str = "/ok", body: str | bytes | None = None, **headers: str) -> dict[str, Any]:
    """A request as API Gateway hands it over: payload format 2.0, names of headers in lower case."""
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{method} {path}",
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
def app() -> Routes:
    """A function with a route for each thing that may go wrong."""
    routes = Routes()

    @routes.to("GET /ok")
    def ok(_: Request) -> Answer:
        return answer(201, {"umlaut": "\u00e4", "lone": "\ud800"}, {"Preference-Applied": "wait=5"})

    @routes.to("GET /refused")
    def refused(_: Request) -> Answer:
        raise api.invalid(("required", "input", "prompt is required"))

    @routes.to("GET /broken")
    def broken(_: Request) -> Answer:
        raise RuntimeError(SECRET)

    @routes.to("GET /caller")
    def caller(request: Request) -> Answer:
        return answer(200, {"caller": api.caller(request)})

    @routes.to("POST /body")
    def body(request: Request) -> Answer:
        return answer(200, api.body(request))

    @routes.to("GET /wait")
    def wait(request: Request) -> Answer:
        return answer(200, {"wait": api.preferred_wait(request)})

    @routes.to("GET /busy")
    def busy(_: Request) -> Answer:
        raise ApiError(429, "Too many requests", "Slow down.", retry_after=7)

    @routes.to("GET /origin")
    def origin(request: Request) -> Answer:
        return answer(200, {"origin": api.origin(request)})

    return routes


def ask(app: Routes, *request: Any, **headers: str) -> tuple[int, Any, dict[str, Any]]:
    """Status, body and headers of the answer."""
    found = app.answer(event(*request, **headers))
    assert found["isBase64Encoded"] is False
    return found["statusCode"], json.loads(found["body"]), found["headers"]


class TestErrors:
    @pytest.mark.parametrize(
        ("line", "status", "title", "detail"),
        [
            pytest.param("GET /nowhere", 404, "Not found", NotFound().detail, id="no such path"),
            pytest.param("DELETE /ok", 404, "Not found", NotFound().detail, id="no such method"),
            pytest.param("GET /ok/", 404, "Not found", NotFound().detail, id="a slash at the end"),
            pytest.param("GET /ok/more", 404, "Not found", NotFound().detail, id="more behind a path"),
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
    def test_have_replicates_shape(self, app: Routes, line: str, status: int, title: str, detail: str | None) -> None:
        found, body, headers = ask(app, *line.split())

        assert found == status
        assert (body["title"], body["status"]) == (title, status)
        assert isinstance(body["detail"], str)
        assert detail in {None, body["detail"]}
        assert headers["Content-Type"] == "application/problem+json"

    def test_wrong_fields_are_named(self, app: Routes) -> None:
        assert ask(app, "GET", "/refused")[1] == {
            "title": "Input validation failed",
            "detail": "- input: prompt is required\n",
            "status": 422,
            "invalid_fields": [{"type": "required", "field": "input", "description": "prompt is required"}],
        }

    def test_who_comes_too_often_is_told_when_to_come_again(self, app: Routes) -> None:
        status, body, headers = ask(app, "GET", "/busy")

        assert (status, body["retry_after"], headers["Retry-After"]) == (429, 7, "7")

    def test_our_own_faults_tell_nothing(self, app: Routes) -> None:
        """The log says what it was; the caller reads that it was ours."""
        _, body, _ = ask(app, "GET", "/broken")

        assert SECRET not in json.dumps(body)
        assert "Traceback" not in json.dumps(body)
        assert set(body) == {"title", "detail", "status"}

    def test_each_function_has_its_own_routes(self, app: Routes) -> None:
        other = Routes()

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


def test_each_function_answers_the_templates_routes() -> None:
    """API Gateway names a route as the template does."""
    wanted: dict[str, set[str]] = {}
    for route in template().routes():
        # What is no route at all is answered as unknown.
        keys = {route.key} - {"$default"}
        wanted.setdefault(template().functions()[route.function].module, set()).update(keys)

    assert {module: set(importlib.import_module(module).routes) for module in wanted} == wanted


class TestAnswer:
    def test_is_json_with_its_headers(self, app: Routes) -> None:
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
    def test_is_known_by_its_key(self, app: Routes, header: str) -> None:
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
    def test_is_refused(self, app: Routes, headers: dict[str, str], detail: str) -> None:
        key = keys().create("ann", "laptop")

        status, body, _ = ask(app, "GET", "/caller", **{name: text.format(key=key) for name, text in headers.items()})

        assert (status, body) == (401, {"title": "Unauthenticated", "detail": detail, "status": 401})

    def test_is_refused_with_a_revoked_key(self, cloud: dict[str, str], app: Routes) -> None:
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
    def test_is_an_object(self, app: Routes, body: str | bytes, value: Any) -> None:
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
    def test_anything_else_is_a_bad_request(self, app: Routes, body: str | bytes | None) -> None:
        status, found, _ = ask(app, "POST", "/body", body)

        assert (status, found["status"], found["title"]) == (400, 400, "Bad request")

    def test_broken_base64_is_a_bad_request(self, app: Routes) -> None:
        request = event("POST", "/body", b"{}")

        assert app.answer({**request, "body": "A"})["statusCode"] == 400

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param('{"a": "' + "x" * (MEGABYTE - 8) + '"}', id="one byte over"),
            pytest.param('{"a": "' + "\u00e4" * (2 * MEGABYTE) + '"}', id="over in bytes, not in letters"),
            pytest.param(b'{"a": "' + b"x" * (MEGABYTE) + b'"}', id="over in base64"),
            pytest.param("x" * (5 * MEGABYTE), id="no JSON besides"),
        ],
    )
    def test_too_large(self, app: Routes, body: str | bytes) -> None:
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
    def test_preferred(self, app: Routes, header: str | None, seconds: int | None) -> None:
        headers = {} if header is None else {"prefer": header}

        assert ask(app, "GET", "/wait", **headers)[1] == {"wait": seconds}

    @given(st.text())
    def test_any_header_is_seconds_or_none(self, header: str) -> None:
        assert read(api.preferred_wait, prefer=header) in {None, *range(1, 61)}

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


def read(reader: Any, *request: Any, **headers: str) -> Any:
    """What one of the readers makes of a request."""
    return reader(Request.of(event(*request, **headers)))


def queried(asked: dict[str, Any]) -> dict[str, str]:
    """The query of a request."""
    return api.query(Request.of(asked))


class TestCancelAfter:
    """Replicate's grammar: seconds, or hours, minutes and seconds, each once and in this order."""

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            pytest.param("5", 5, id="the least"),
            pytest.param("30", 30, id="a number"),
            pytest.param("30s", 30, id="seconds"),
            pytest.param("90s", 90, id="more than a minute of them"),
            pytest.param("5m", 300, id="minutes"),
            pytest.param("2h", 7200, id="hours"),
            pytest.param("1h30m", 5400, id="hours and minutes"),
            pytest.param("1h30m45s", 5445, id="all of them"),
            pytest.param("1h5s", 3605, id="without minutes"),
            pytest.param("1m0s", 60, id="nothing of one"),
            pytest.param("0h0m5s", 5, id="nothing of two"),
            pytest.param("  5m  ", 300, id="with spaces around"),
            pytest.param("007", 7, id="with zeros"),
            pytest.param("86400", 86_400, id="a day"),
            pytest.param("", None, id="empty"),
            pytest.param("   ", None, id="spaces"),
        ],
    )
    def test_is_seconds(self, header: str, seconds: int | None) -> None:
        assert read(api.cancel_after, cancel_after=header) == seconds

    def test_is_none_without_the_header(self) -> None:
        assert read(api.cancel_after) is None

    @pytest.mark.parametrize(
        "header",
        [
            pytest.param("4", id="less than the least"),
            pytest.param("4s", id="less than the least, in seconds"),
            pytest.param("0", id="nothing"),
            pytest.param("0h0m0s", id="nothing of all"),
            pytest.param("-30", id="negative"),
            pytest.param("+30", id="a sign"),
            pytest.param("1.5m", id="a fraction"),
            pytest.param("30 s", id="a space in it"),
            pytest.param("1h 30m", id="a space between"),
            pytest.param("30S", id="upper case"),
            pytest.param("30ms", id="milliseconds"),
            pytest.param("1d", id="days"),
            pytest.param("m", id="a unit alone"),
            pytest.param("30m1h", id="another order"),
            pytest.param("1m1m", id="twice"),
            pytest.param("PT5M", id="ISO 8601"),
            pytest.param("soon", id="a word"),
            pytest.param("30,60", id="two headers"),
            pytest.param("9" * 5000, id="an endless number"),
            pytest.param("9" * 5000 + "m", id="an endless number of minutes"),
            pytest.param("9" * 5000 + "h", id="an endless number of hours"),
            pytest.param("\u0663\u0660", id="other digits"),
        ],
    )
    def test_anything_else_is_refused(self, header: str) -> None:
        """Not taken for none: who asked for an end would pay until the default one."""
        with pytest.raises(ApiError) as caught:
            read(api.cancel_after, cancel_after=header)

        assert caught.value.status == 422
        assert caught.value.body()["detail"].startswith("Cancel-After: ")

    @given(st.text())
    def test_any_header_is_seconds_none_or_refused(self, header: str) -> None:
        with suppress(ApiError):
            seconds = read(api.cancel_after, cancel_after=header)

            assert seconds is None or seconds >= api.SHORTEST_CANCEL_AFTER


class TestIdempotencyKey:
    @pytest.mark.parametrize(
        ("header", "key"),
        [
            pytest.param("8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324", id="a UUID"),
            pytest.param("  k-1 ", "k-1", id="spaces around"),
            pytest.param("a b", "a b", id="a space in it"),
            pytest.param('"k-1"', '"k-1"', id="quotes"),
            pytest.param("\u00e4", "\u00e4", id="a letter with dots"),
            pytest.param("x" * 255, "x" * 255, id="as long as may be"),
            pytest.param("", None, id="empty"),
            pytest.param("   ", None, id="spaces"),
        ],
    )
    def test_is_text(self, header: str, key: str | None) -> None:
        assert read(api.idempotency_key, idempotency_key=header) == key

    def test_is_none_without_the_header(self) -> None:
        assert read(api.idempotency_key) is None

    @pytest.mark.parametrize("length", [256, 10_000])
    def test_too_long(self, length: int) -> None:
        with pytest.raises(ApiError) as caught:
            read(api.idempotency_key, idempotency_key="x" * length)

        assert (caught.value.status, "255" in caught.value.detail) == (400, True)


class TestRepeat:
    @pytest.mark.parametrize(
        ("header", "count"),
        [
            pytest.param("0", 0, id="the first try"),
            pytest.param("1", 1, id="the first repeat"),
            pytest.param("12", 12, id="the twelfth"),
            pytest.param(" 2 ", 2, id="spaces around"),
            pytest.param("999", 999, id="many"),
            pytest.param("", None, id="empty"),
            pytest.param("1000", None, id="too many"),
            pytest.param("-1", None, id="negative"),
            pytest.param("1.0", None, id="a fraction"),
            pytest.param("1,2", None, id="two headers"),
            pytest.param("one", None, id="a word"),
            pytest.param("\u0661", None, id="another digit"),
        ],
    )
    def test_is_a_number_or_nothing(self, header: str, count: int | None) -> None:
        """What is no number says nothing, and is no reason to refuse a request."""
        assert read(api.repeat, x_stainless_retry_count=header) == count

    def test_is_none_without_the_header(self) -> None:
        assert read(api.repeat) is None


class TestReplayed:
    def test_says_so(self) -> None:
        assert api.replayed(again=True) == {"Idempotent-Replayed": "true"}

    def test_says_nothing_else(self) -> None:
        assert api.replayed(again=False) == {}


class TestQuery:
    @pytest.mark.parametrize(
        ("said", "read_as"),
        [
            pytest.param({"cursor": "abc"}, {"cursor": "abc"}, id="one"),
            pytest.param({"a": "1", "b": ""}, {"a": "1", "b": ""}, id="two, one of them empty"),
            pytest.param({"cursor": "first,second"}, {"cursor": "first"}, id="twice: API Gateway joins them"),
            pytest.param({"x": ",second"}, {"x": ""}, id="twice, the first empty"),
            pytest.param({"x": "2026-11-21T10:00:00+01:00"}, {"x": "2026-11-21T10:00:00+01:00"}, id="a moment"),
            pytest.param({}, {}, id="empty"),
        ],
    )
    def test_is_the_first_of_each(self, said: dict[str, str], read_as: dict[str, str]) -> None:
        asked = event()
        asked["queryStringParameters"] = said

        assert queried(asked) == read_as

    @pytest.mark.parametrize("said", [{}, {"queryStringParameters": None}])
    def test_there_may_be_none(self, said: dict[str, Any]) -> None:
        assert queried(event() | said) == {}


class TestOtherAnswers:
    def test_nothing_left_to_say_is_nothing(self) -> None:
        routes = Routes()
        routes.to("DELETE /x")(lambda _: no_content())

        found = routes.answer(event("DELETE", "/x"))

        assert (found["statusCode"], found["body"], found["headers"]) == (204, "", {})

    def test_a_redirect_says_where(self) -> None:
        routes = Routes()
        routes.to("GET /x")(lambda _: redirect("https://cdn.test/inputs/0/a.png"))

        status, body, headers = ask(routes, "GET", "/x")

        assert (status, headers["Location"]) == (302, "https://cdn.test/inputs/0/a.png")
        assert body == {"url": "https://cdn.test/inputs/0/a.png"}


class TestDescription:
    def test_is_that_of_the_origin_that_was_asked(self) -> None:
        found, other = (api.description(origin) for origin in ("https://a.test", "https://b.test"))

        assert (found["servers"], other["servers"]) == ([{"url": "https://a.test"}], [{"url": "https://b.test"}])
        assert found["paths"] == other["paths"]
        assert found["openapi"].startswith("3.1")

    def test_can_be_written_as_json(self) -> None:
        """YAML knows dates, and keys that are no texts."""
        description = api.description("https://a.test")

        assert json.loads(json.dumps(description, allow_nan=False)) == description


class TestContent:
    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(b'{"id": 1}', id="JSON"),
            pytest.param(b'{ "id" :1 }\r\n', id="odd spaces"),
            pytest.param("\u00e4\U0001f415".encode(), id="letters"),
            pytest.param(b"\xff\x00\xfe", id="no text"),
            pytest.param(b"", id="nothing"),
        ],
    )
    def test_is_the_bytes_that_came(self, content: bytes) -> None:
        """Whether the gateway took them for text or not: what was signed is bytes."""
        assert read(api.content, "POST", "/ok", content) == content

    @pytest.mark.parametrize("text", ['{"id": 1}', "\u00e4\U0001f415", "\ud800", ""])
    def test_is_the_texts_bytes(self, text: str) -> None:
        assert read(api.content, "POST", "/ok", text) == text.encode("utf-8", "surrogatepass")

    def test_is_nothing_without_a_body(self) -> None:
        assert read(api.content, "POST", "/ok") == b""

    @pytest.mark.parametrize("text", ["A", "A===", "a b", "\u00e4", "e30=e30="])
    def test_broken_base64_is_a_bad_request(self, text: str) -> None:
        with pytest.raises(ApiError) as caught:
            api.content(Request.of({**event("POST", "/ok", b""), "body": text}))

        assert caught.value.status == 400


class TestHeaders:
    def test_names_are_in_lower_case(self) -> None:
        """API Gateway makes them so; who calls a function by hand may not."""
        made = event()
        made["headers"] = {"Webhook-Id": "msg_1", "WEBHOOK-TIMESTAMP": "1", "webhook-signature": "v1,X"}

        assert Request.of(made).headers == {
            "webhook-id": "msg_1",
            "webhook-timestamp": "1",
            "webhook-signature": "v1,X",
        }

    def test_there_may_be_none(self) -> None:
        assert Request.of({**event(), "headers": {}}).headers == {}


class TestOrigin:
    def test_is_the_owners_where_there_is_one(self, app: Routes, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PUBLIC_URL", "https://predictions.example.com/")

        assert ask(app, "GET", "/origin")[1] == {"origin": "https://predictions.example.com"}

    def test_is_the_requests_else(self, app: Routes, monkeypatch: pytest.MonkeyPatch) -> None:
        """The gateway's word for it: a client's own `Host` header must not end up in our URLs."""
        monkeypatch.delenv("PUBLIC_URL", raising=False)

        answer = ask(app, "GET", "/origin", host="evil.com", x_forwarded_host="evil.com")

        assert answer[1] == {"origin": "https://abc.execute-api.us-east-1.amazonaws.com"}
