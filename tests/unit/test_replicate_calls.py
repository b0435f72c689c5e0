"""What Replicate is asked, and what its answers make of a search and of a webhook. No socket is open here."""

import json
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3

from lumeo import clock, signatures
from lumeo.artifacts import Hosts
from lumeo.errors import Ambiguous, Forged, Gone, ProviderError, Retryable
from lumeo.prediction import Handle, Status
from lumeo.providers.base import Search, Submission, WebhookCall
from lumeo.providers.replicate import (
    FIND_SECONDS,
    MOST_UNCLEAR,
    SIGNING_AGAIN_SECONDS,
    SIGNING_SECONDS,
    Replicate,
    _room,
)
from lumeo.rates import Rate
from tests.conftest import TestClock
from tests.unit.make import HANDLE, ID, NOW

TOKEN = "r8_simulator00000000000000000000000000000000"  # pragma: allowlist secret
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
HOOK = f"https://lumeo.test/v1/hooks/replicate/{ID}/"
SEARCH = Search(HOOK, "2026-11-21T09:59:00.000Z", "2026-11-21T10:02:30.000Z")
CREATED = {"id": "upstream1", "status": "starting"}
SUBMISSION = Submission(
    prediction="p",
    credential="default",
    model="acme/fast",
    version=None,
    input={"prompt": "a corgi"},
    cancel_after=3600,
)


class Upstream:
    """Replicate as far as one test needs it: what it answers to each call, in turn, and what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, Any]]] = {}
        self.asked: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[Any] = []
        self.seconds = 0.0

    def says(self, call: str, *answers: Any, status: int = 200) -> None:
        """The last of several is said from then on."""
        self.answers[call] = [(status, answer) for answer in answers]

    def answer(self, pool: Any, method: str, url: str, options: dict[str, Any]) -> urllib3.HTTPResponse:
        assert (pool.scheme, pool.host) == ("https", "api.test")
        clock.sleep(self.seconds)
        self.asked.append((method, url))
        self.headers.append(dict(options["headers"]))
        self.bodies.append(json.loads(options["body"]) if options.get("body") else None)
        waiting = self.answers[f"{method} {url.partition('?')[0]}"]
        status, answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return urllib3.HTTPResponse(
            BytesIO(json.dumps(answer).encode()), {}, status, preload_content=False, request_method=method
        )

    def count(self, call: str) -> int:
        return sum(f"{method} {url.partition('?')[0]}" == call for method, url in self.asked)


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch, test_clock: TestClock) -> Iterator[Upstream]:
    found = Upstream()

    def urlopen(pool: Any, method: str, url: str, **options: Any) -> urllib3.HTTPResponse:
        return found.answer(pool, method, url, options)

    monkeypatch.setattr(urllib3.HTTPSConnectionPool, "urlopen", urlopen)
    yield found
    assert all(headers["Authorization"] == f"Bearer {TOKEN}" for headers in found.headers)


@pytest.fixture
def replicate() -> Replicate:
    return Replicate("https://api.test/v1", Hosts(()), lambda _: TOKEN, Rate(600, 30), 60)


def listed(n: int, webhook: Any = None, created_at: str = NOW, **more: Any) -> dict[str, Any]:
    """An entry of its list; `webhook` may be HIDDEN."""
    shown = {"id": f"upstream{n}", "status": "processing", "created_at": created_at, **more}
    return shown if webhook is HIDDEN else {**shown, "webhook": webhook}


HIDDEN = object()


def page(*entries: Any, next_: str | None = None) -> dict[str, Any]:
    return {"previous": None, "next": next_, "results": list(entries)}


class TestSubmit:
    def test_is_told_where_to_call_and_for_what(self, upstream: Upstream, replicate: Replicate) -> None:
        upstream.says("POST /v1/models/acme/fast/predictions", CREATED, status=201)

        replicate.submit(
            replace(
                SUBMISSION, model="acme/fast", version=None, input={"x": 1}, cancel_after=90, webhook=f"{HOOK}token"
            )
        )

        assert upstream.bodies == [
            {"input": {"x": 1}, "webhook": f"{HOOK}token", "webhook_events_filter": ["start", "completed"]}
        ]

    def test_is_told_of_no_webhook_where_there_is_none(self, upstream: Upstream, replicate: Replicate) -> None:
        upstream.says("POST /v1/predictions", CREATED, status=201)

        replicate.submit(replace(SUBMISSION, model=None, version="39ed", input={}, cancel_after=90))

        assert upstream.bodies == [{"input": {}, "version": "39ed"}]

    @pytest.mark.parametrize(("seconds", "said"), [(3600, "3600s"), (6, "6s"), (5, "5s"), (4, "5s"), (-3, "5s")])
    def test_is_told_how_long_it_may_take(
        self, upstream: Upstream, replicate: Replicate, seconds: int, said: str
    ) -> None:
        upstream.says("POST /v1/models/acme/fast/predictions", CREATED, status=201)

        replicate.submit(replace(SUBMISSION, model="acme/fast", version=None, input={}, cancel_after=seconds))

        assert upstream.headers[0]["Cancel-After"] == said

    @pytest.mark.parametrize(
        "body",
        [None, [], {}, {"id": None}, {"id": 7}, {"id": ""}, {"id": "../x"}, {"id": "x" * 129}, {"id": "a b"}],
        ids=["null", "a list", "empty", "no id", "a number", "nothing", "a path", "too long", "a space"],
    )
    def test_an_answer_without_an_id_may_have_arrived(
        self, upstream: Upstream, replicate: Replicate, body: Any
    ) -> None:
        upstream.says("POST /v1/models/acme/fast/predictions", body, status=201)

        with pytest.raises(Ambiguous):
            replicate.submit(SUBMISSION)


class TestCallsBack:
    @pytest.mark.parametrize(
        ("base_url", "url", "calls"),
        [
            pytest.param("https://api.replicate.com/v1", "https://lumeo.test/v1/hooks", True, id="TLS"),
            pytest.param("https://api.replicate.com/v1", "http://127.0.0.1:80/v1/hooks", False, id="this machine"),
            pytest.param("https://api.replicate.com/v1", "HTTPS://lumeo.test", False, id="an odd one"),
            pytest.param("http://127.0.0.1:8123/v1", "http://127.0.0.1:80/v1/hooks", True, id="the simulator"),
            pytest.param("http://127.0.0.1:8123/v1", "https://lumeo.test/v1/hooks", True, id="the simulator, TLS"),
        ],
    )
    def test_only_where_it_can(self, base_url: str, url: str, calls: bool) -> None:  # noqa: FBT001 (a table's row)
        assert Replicate(base_url, Hosts(()), lambda _: TOKEN, Rate(1, 1), 60).calls_back(url, "default") is calls


class TestFind:
    def test_what_has_our_webhook_oldest_first(self, upstream: Upstream, replicate: Replicate) -> None:
        """Whichever token it ends with: the key may have been replaced meanwhile."""
        other = HOOK.replace(ID, "0" * 26)
        upstream.says(
            "GET /v1/predictions",
            page(
                listed(5, f"{HOOK}new"),
                listed(4, f"{other}token"),
                listed(3),
                listed(2, "https://elsewhere.test/hook"),
                listed(1, f"{HOOK}old"),
            ),
        )

        found = replicate.find(SEARCH)

        assert found == [Handle("upstream1", NOW), Handle("upstream5", NOW)]

    @pytest.mark.parametrize(
        "webhook",
        [
            pytest.param(f"x{HOOK}token", id="before it"),
            pytest.param(HOOK.upper(), id="upper case"),
            pytest.param([f"{HOOK}token"], id="a list"),
            pytest.param({"url": f"{HOOK}token"}, id="an object"),
            pytest.param(HOOK[:-1], id="without its end"),
            pytest.param(None, id="null"),
        ],
    )
    def test_nothing_else_is_ours(self, upstream: Upstream, replicate: Replicate, webhook: Any) -> None:
        upstream.says("GET /v1/predictions", page(listed(1, webhook)))

        assert replicate.find(SEARCH) == []

    def test_asks_for_the_time_in_question(self, upstream: Upstream, replicate: Replicate) -> None:
        upstream.says("GET /v1/predictions", page())

        replicate.find(SEARCH)

        assert parse_qs(urlsplit(upstream.asked[0][1]).query) == {
            "created_after": [SEARCH.after],
            "created_before": [SEARCH.before],
        }

    def test_reads_every_page_of_it(self, upstream: Upstream, replicate: Replicate) -> None:
        upstream.says(
            "GET /v1/predictions",
            page(listed(3), next_="https://api.test/v1/predictions?cursor=two"),
            page(listed(2), next_="https://api.test/v1/predictions?cursor=three%3D"),
            page(listed(1, f"{HOOK}token")),
        )

        assert replicate.find(SEARCH) == [Handle("upstream1", NOW)]
        cursors = [parse_qs(urlsplit(url).query).get("cursor") for _, url in upstream.asked]
        assert cursors == [None, ["two"], ["three="]]

    @pytest.mark.parametrize(
        "next_",
        [
            "https://evil.test/v1/predictions?cursor=two",
            "http://api.test:1/x?cursor=two",
            "?cursor=two",
            "//evil.test?cursor=two",
        ],
    )
    def test_the_next_page_is_where_the_first_was(self, upstream: Upstream, replicate: Replicate, next_: str) -> None:
        """The token goes to no other host, whatever a list says; the fixture checks each call's."""
        upstream.says("GET /v1/predictions", page(listed(2, "x"), next_=next_), page(listed(1, f"{HOOK}token")))

        assert replicate.find(SEARCH) == [Handle("upstream1", NOW)]
        assert [url.partition("?")[0] for _, url in upstream.asked] == ["/v1/predictions"] * 2

    @pytest.mark.parametrize("next_", ["", None, "https://api.test/v1/predictions", "?cursor=", 7, ["x"]])
    def test_no_cursor_is_the_end(self, upstream: Upstream, replicate: Replicate, next_: Any) -> None:
        upstream.says("GET /v1/predictions", page(listed(1, f"{HOOK}token"), next_=next_))

        assert len(replicate.find(SEARCH)) == 1
        assert len(upstream.asked) == 1

    def test_a_list_that_knows_no_times_is_read_as_far_as_needed(
        self, upstream: Upstream, replicate: Replicate
    ) -> None:
        older = "2026-11-21T09:58:59.999Z"
        upstream.says(
            "GET /v1/predictions",
            page(listed(2, f"{HOOK}token"), next_="?cursor=two"),
            page(listed(1, "x", created_at=older), next_="?cursor=three"),
        )

        replicate.find(SEARCH)

        assert len(upstream.asked) == 2

    def test_a_list_without_an_end_is_no_answer(self, upstream: Upstream, replicate: Replicate) -> None:
        upstream.says("GET /v1/predictions", page(listed(1, "x"), next_="?cursor=again"))
        upstream.seconds = 1

        with pytest.raises(Retryable):
            replicate.find(SEARCH)

        assert len(upstream.asked) <= FIND_SECONDS + 2

    @pytest.mark.parametrize(
        ("status", "answer"),
        [
            pytest.param(500, {"detail": "broken"}, id="500"),
            pytest.param(404, {"detail": "no list"}, id="404"),
            pytest.param(200, [], id="a list"),
            pytest.param(200, {}, id="no results"),
            pytest.param(200, {"results": None}, id="null"),
            pytest.param(200, {"results": {"id": "x"}}, id="an object"),
            pytest.param(200, {"results": ["x"]}, id="texts"),
            pytest.param(200, {"results": [{"webhook": f"{HOOK}token"}]}, id="one without an id"),
            pytest.param(200, {"results": [{"id": "../x", "webhook": f"{HOOK}token"}]}, id="an id that is none"),
        ],
    )
    def test_what_is_no_list_is_no_answer(
        self, upstream: Upstream, replicate: Replicate, status: int, answer: Any
    ) -> None:
        """Taken for an empty one, it would say that nothing has arrived."""
        upstream.says("GET /v1/predictions", answer, status=status)

        with pytest.raises(Retryable):
            replicate.find(SEARCH)

    def test_a_strange_time_is_not_older(self, upstream: Upstream, replicate: Replicate) -> None:
        upstream.says(
            "GET /v1/predictions",
            page(listed(2, "x", created_at="yesterday"), next_="?cursor=two"),
            page(listed(1, f"{HOOK}token")),
        )

        assert len(replicate.find(SEARCH)) == 1


class TestHiddenWebhooks:
    """A list need not show what each of its entries does."""

    def test_each_is_looked_at(self, upstream: Upstream, replicate: Replicate) -> None:
        upstream.says("GET /v1/predictions", page(listed(2, HIDDEN), listed(1, HIDDEN)))
        upstream.says("GET /v1/predictions/upstream2", listed(2))
        upstream.says("GET /v1/predictions/upstream1", listed(1, f"{HOOK}token"))

        assert replicate.find(SEARCH) == [Handle("upstream1", NOW)]

    def test_where_one_is_shown_the_others_have_none(self, upstream: Upstream, replicate: Replicate) -> None:
        upstream.says("GET /v1/predictions", page(listed(2, HIDDEN), listed(1, f"{HOOK}token")))

        assert replicate.find(SEARCH) == [Handle("upstream1", NOW)]
        assert len(upstream.asked) == 1

    def test_where_the_newest_show_theirs_these_have_none(self, upstream: Upstream, replicate: Replicate) -> None:
        """Somebody else's runs without a webhook do not make it uncertain whether ours has arrived."""
        upstream.says("GET /v1/predictions", page(listed(1, HIDDEN)), page(listed(9, "https://elsewhere.test")))

        assert replicate.find(SEARCH) == []

    def test_where_none_is_shown_it_cannot_be_told(self, upstream: Upstream, replicate: Replicate) -> None:
        upstream.says("GET /v1/predictions", page(listed(1, HIDDEN)))
        upstream.says("GET /v1/predictions/upstream1", listed(1, HIDDEN))

        with pytest.raises(Ambiguous):
            replicate.find(SEARCH)

    def test_so_many_are_not_looked_at(self, upstream: Upstream, replicate: Replicate) -> None:
        upstream.says("GET /v1/predictions", page(*(listed(n, HIDDEN) for n in range(MOST_UNCLEAR + 1))))

        with pytest.raises(Ambiguous):
            replicate.find(SEARCH)

        assert {url.partition("?")[0] for _, url in upstream.asked} == {"/v1/predictions"}

    def test_nothing_listed_is_nothing(self, upstream: Upstream, replicate: Replicate) -> None:
        upstream.says("GET /v1/predictions", page())

        assert replicate.find(SEARCH) == []

    def test_the_looks_end_in_time(self, upstream: Upstream, replicate: Replicate) -> None:
        """Twenty slow ones would outlast the function."""
        upstream.says("GET /v1/predictions", page(*(listed(n, HIDDEN) for n in range(MOST_UNCLEAR))))
        for n in range(MOST_UNCLEAR):
            upstream.says(f"GET /v1/predictions/upstream{n}", listed(n, HIDDEN))
        upstream.seconds = 4

        with pytest.raises(Retryable):
            replicate.find(SEARCH)

        assert len(upstream.asked) * 4 <= FIND_SECONDS + 10


class TestLookAndCancel:
    @pytest.mark.parametrize("before", [0, 4060, 4080, 4090, 4095])
    def test_what_is_logged_of_an_answer_holds_no_token(
        self, upstream: Upstream, replicate: Replicate, before: int
    ) -> None:
        """Nor the half of one that a cut has left."""
        upstream.says(f"GET /v1/predictions/{HANDLE.id}", "x" * before + TOKEN, status=500)

        with pytest.raises(Retryable) as caught:
            replicate.fetch(HANDLE)

        assert "simulator" not in caught.value.raw
        assert "x" * before in caught.value.raw

    def test_another_run_than_asked_for_is_no_answer(self, upstream: Upstream, replicate: Replicate) -> None:
        upstream.says(f"GET /v1/predictions/{HANDLE.id}", {"id": "another", "status": "succeeded"})

        with pytest.raises(Retryable):
            replicate.fetch(HANDLE)

    @pytest.mark.parametrize(
        ("status", "error"), [(404, Gone), (400, Retryable), (409, Retryable), (429, Retryable), (500, Retryable)]
    )
    def test_a_cancel_that_did_not_take(
        self, upstream: Upstream, replicate: Replicate, status: int, error: type[ProviderError]
    ) -> None:
        upstream.says(f"POST /v1/predictions/{HANDLE.id}/cancel", {"detail": "no"}, status=status)

        with pytest.raises(error):
            replicate.cancel(HANDLE)

    @pytest.mark.parametrize("status", [200, 201, 202])
    def test_a_cancel_that_took(self, upstream: Upstream, replicate: Replicate, status: int) -> None:
        upstream.says(f"POST /v1/predictions/{HANDLE.id}/cancel", {}, status=status)

        replicate.cancel(HANDLE)

        assert len(upstream.asked) == 1


def signed(body: Any, secret: str = SECRET, **headers: str) -> tuple[dict[str, str], bytes]:
    """A webhook as it comes, signed now."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = str(int(clock.now().timestamp()))
    signature = signatures.sign(secret, "msg_1", stamp, content)
    return {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": signature, **headers}, content


class TestWebhook:
    SECRET_CALL = "GET /v1/webhooks/default/secret"

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            pytest.param({"status": "starting"}, Status.STARTING, id="starting"),
            pytest.param({"status": "processing", "started_at": NOW}, Status.PROCESSING, id="started"),
            pytest.param({"status": "succeeded", "output": ["https://x.test/0.png"]}, Status.SUCCEEDED, id="succeeded"),
            pytest.param({"status": "failed", "error": "NSFW"}, Status.FAILED, id="failed"),
            pytest.param({"status": "canceled"}, Status.CANCELED, id="canceled"),
            pytest.param({"status": "aborted"}, Status.ABORTED, id="aborted"),
            pytest.param({"status": "exploded"}, Status.PROCESSING, id="a word that nobody knows"),
            pytest.param({}, Status.PROCESSING, id="no word"),
        ],
    )
    def test_says_of_which_run_and_what(
        self, upstream: Upstream, replicate: Replicate, body: dict[str, Any], status: Status
    ) -> None:
        upstream.says(self.SECRET_CALL, {"key": SECRET})

        said = replicate.webhook(WebhookCall(*signed({"id": HANDLE.id, **body}), "p"))

        assert said.upstream_id == HANDLE.id
        assert said.snapshot.status is status
        assert said.snapshot.unknown is (body.get("status") in {None, "exploded"})

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b"", id="nothing"),
            pytest.param(b"<html>", id="no JSON"),
            pytest.param(b"\xff\xfe", id="no text"),
            pytest.param([], id="a list"),
            pytest.param("text", id="text"),
            pytest.param(None, id="null"),
            pytest.param({}, id="no id"),
            pytest.param({"id": 7}, id="a number"),
            pytest.param({"id": ""}, id="an empty id"),
            pytest.param({"id": "../../account"}, id="a path"),
            pytest.param({"id": "x?y=1"}, id="a query"),
            pytest.param({"id": "x" * 129}, id="too long"),
        ],
    )
    def test_of_no_prediction_is_not_believed(self, upstream: Upstream, replicate: Replicate, body: Any) -> None:
        """Signed, and yet nothing that a call may be made of."""
        upstream.says(self.SECRET_CALL, {"key": SECRET})

        with pytest.raises(Forged):
            replicate.webhook(WebhookCall(*signed(body), "p"))

    def test_is_believed_by_its_signature_alone(self, upstream: Upstream, replicate: Replicate) -> None:
        upstream.says(self.SECRET_CALL, {"key": SECRET})
        headers, body = signed({"id": HANDLE.id, "status": "succeeded"})

        with pytest.raises(Forged):
            replicate.webhook(WebhookCall(headers, body.replace(b"succeeded", b"failed"), "p"))

    def test_the_secret_is_read_once_an_hour(
        self, upstream: Upstream, replicate: Replicate, test_clock: TestClock
    ) -> None:
        upstream.says(self.SECRET_CALL, {"key": SECRET})
        for _ in range(3):
            replicate.webhook(WebhookCall(*signed({"id": HANDLE.id}), "p"))
        within = upstream.count(self.SECRET_CALL)
        test_clock.passes(SIGNING_SECONDS)
        replicate.webhook(WebhookCall(*signed({"id": HANDLE.id}), "p"))

        assert (within, upstream.count(self.SECRET_CALL)) == (1, 2)

    def test_a_new_secret_is_read_when_it_is_used(
        self, upstream: Upstream, replicate: Replicate, test_clock: TestClock
    ) -> None:
        upstream.says(self.SECRET_CALL, {"key": SECRET}, {"key": NEW_SECRET})
        replicate.webhook(WebhookCall(*signed({"id": HANDLE.id}), "p"))
        test_clock.passes(SIGNING_AGAIN_SECONDS)

        said = replicate.webhook(WebhookCall(*signed({"id": HANDLE.id}, NEW_SECRET), "p"))

        assert said.upstream_id == HANDLE.id

    def test_the_old_secret_is_forgotten_with_it(
        self, upstream: Upstream, replicate: Replicate, test_clock: TestClock
    ) -> None:
        upstream.says(self.SECRET_CALL, {"key": SECRET}, {"key": NEW_SECRET})
        replicate.webhook(WebhookCall(*signed({"id": HANDLE.id}), "p"))
        test_clock.passes(SIGNING_AGAIN_SECONDS)
        replicate.webhook(WebhookCall(*signed({"id": HANDLE.id}, NEW_SECRET), "p"))

        with pytest.raises(Forged):
            replicate.webhook(WebhookCall(*signed({"id": HANDLE.id}), "p"))

    def test_a_flood_of_forgeries_reads_it_once_a_minute(
        self, upstream: Upstream, replicate: Replicate, test_clock: TestClock
    ) -> None:
        """Else anybody who knows a URL could use up our rate at the provider."""
        upstream.says(self.SECRET_CALL, {"key": SECRET})
        for _ in range(50):
            with pytest.raises(Forged):
                replicate.webhook(WebhookCall(*signed({"id": HANDLE.id}, NEW_SECRET), "p"))
            test_clock.passes(1)

        assert upstream.count(self.SECRET_CALL) == 1

    @pytest.mark.parametrize(
        ("status", "answer"),
        [
            pytest.param(500, {"detail": "broken"}, id="500"),
            pytest.param(401, {"key": SECRET}, id="refused"),
            pytest.param(200, [], id="a list"),
            pytest.param(200, {}, id="no key"),
            pytest.param(200, {"key": None}, id="null"),
            pytest.param(200, {"key": 7}, id="a number"),
            pytest.param(200, {"key": ""}, id="empty"),
            pytest.param(200, {"key": "whsec_"}, id="a prefix alone"),
            pytest.param(200, {"key": "whsec_no base64!"}, id="no base64"),
        ],
    )
    def test_without_a_secret_nothing_is_known(
        self, upstream: Upstream, replicate: Replicate, status: int, answer: Any
    ) -> None:
        """Neither believed nor called a forgery: the provider comes again."""
        upstream.says(self.SECRET_CALL, answer, status=status)

        with pytest.raises(Retryable):
            replicate.webhook(WebhookCall(*signed({"id": HANDLE.id}), "p"))

    def test_a_secret_that_could_not_be_read_is_read_again(self, upstream: Upstream, replicate: Replicate) -> None:
        upstream.says(self.SECRET_CALL, {"key": ""}, {"key": SECRET})
        with pytest.raises(Retryable):
            replicate.webhook(WebhookCall(*signed({"id": HANDLE.id}), "p"))

        assert replicate.webhook(WebhookCall(*signed({"id": HANDLE.id}), "p")).upstream_id == HANDLE.id


@pytest.mark.parametrize(("per_minute", "burst"), [(600, 30), (60, 3), (20, 1), (6, 1), (1, 1)])
def test_a_twentieth_of_a_minute_goes_at_once(per_minute: int, burst: int) -> None:
    assert _room(per_minute) == Rate(per_minute, burst)
