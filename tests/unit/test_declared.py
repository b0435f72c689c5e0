"""Declared providers: the requests that they make, whom they trust with a credential, and what answers become."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
from hypothesis import given, settings
from hypothesis import strategies as st

from lumeo import credentials, offered, outputs, providers, signatures
from lumeo.artifacts import Artifact
from lumeo.errors import (
    Ambiguous,
    ErrorCode,
    Gone,
    OutputRefused,
    OutputUnavailable,
    ProviderError,
    Rejected,
    Retryable,
)
from lumeo.outputs import Destination
from lumeo.prediction import Handle, Output, Phase, Status, Upstream
from lumeo.providers.base import Provider, Search
from lumeo.providers.declared import LONGEST_KEPT, Declared
from lumeo.providers.loading import DeclarationWrong
from lumeo.store import store
from tests.conftest import TestClock
from tests.unit import declaring
from tests.unit.declaring import BASE, HOOK, KEY, MASTER, Api, changed, handle, provider, submission
from tests.unit.make import ID, JSON, NOW, prediction

MADE = {"id": "job1", "look_at": f"{BASE}/jobs/job1"}
QUERY = ('headers: {authorization: "Bearer {account.key}", x-team: "{account.team}"}', 'query: {key: "{account.key}"}')
NO_FORM = declaring.GOOD.partition("before:\n")[2].partition("submit:\n")[0]
IN_BODY = (
    (
        '  headers: {authorization: "Bearer {account.key}", x-team: "{account.team}"}\n',
        '  body: {key: "{account.key}"}\n',
    ),
    (f"before:\n{NO_FORM}", ""),
    ('file: "{before.file.id}", ', ""),
)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, test_clock: TestClock) -> Iterator[Api]:
    with declaring.api(monkeypatch) as found:
        yield found


def secretless(api: Api) -> bool:
    """Whether nothing that was sent holds the key."""
    return not any(KEY in f"{one.url} {dict(one.headers)} {one.body!r}" for one in api.asked)


class TestSubmit:
    def test_the_request(self, api: Api) -> None:
        api.says(MADE, 201)

        made, snapshot = provider().submit(submission(webhook=HOOK, options={"version": "2026-02-02"}))

        assert (api.last.method, api.last.url) == ("POST", f"{BASE}/jobs/acme/fast?wait=0")
        assert api.last.headers["authorization"] == f"Bearer {KEY}"
        assert api.last.headers["x-version"] == "2026-02-02"
        assert "x-team" not in api.last.headers
        secret = signatures.provider_secret(MASTER, "acme", ID)
        assert api.last.json == {"prompt": "a corgi", "hook": HOOK, "secret": secret}
        assert (made.id, made.credential, snapshot) == ("job1", "default", None)
        assert made.kept == {
            "model": "acme/fast",
            "options": {"version": "2026-02-02"},
            "kept": {"look_at": f"{BASE}/jobs/job1"},
        }

    def test_without_a_webhook_there_is_no_secret_for_it(self, api: Api) -> None:
        api.says(MADE, 201)

        provider().submit(submission())

        assert api.last.json == {"prompt": "a corgi"}
        assert api.last.headers["x-version"] == "2026-01-01"

    def test_what_earlier_steps_kept(self, api: Api) -> None:
        api.says(MADE, 201)

        made, _ = provider().submit(submission(before={"file": {"id": "file1"}}))

        assert api.last.json["file"] == "file1"
        assert made.kept["before"] == {"file": {"id": "file1"}}

    def test_what_follows_a_spread_wins(self, api: Api) -> None:
        """A caller's input is no way to name another file or another hook."""
        api.says(MADE, 201)
        given = {"file": "theirs", "hook": "https://evil.test", "secret": "theirs", "x": None}

        provider().submit(submission(input=given, webhook=HOOK, before={"file": {"id": "file1"}}))

        assert api.last.json["file"] == "file1"
        assert api.last.json["hook"] == HOOK
        assert api.last.json["secret"] != "theirs"
        assert api.last.json["x"] is None

    @settings(max_examples=30)
    @given(given=st.dictionaries(st.text(max_size=5), JSON, max_size=3))
    def test_any_input_can_be_sent(self, given: dict[str, Any]) -> None:
        with pytest.MonkeyPatch.context() as patch, declaring.api(patch) as api:
            api.says(MADE)
            provider(('body: {"...": "{in}",', 'body: {input: "{in}",')).submit(submission(input=given))

            assert api.last.json["input"] == given

    def test_values_in_urls_stay_where_they_are(self, api: Api) -> None:
        api.says(MADE)
        acme = provider(("{base}/jobs/{model}", "{base}/jobs/{in.x}"), ('wait: "0"', 'wait: "{in.x}"'))

        acme.submit(submission(input={"x": "a?b#c&d=e/ü"}))

        assert api.last.url.startswith(f"{BASE}/jobs/a%3Fb%23c%26d%3De/%C3%BC?wait=")
        assert api.last.query == [("wait", "a?b#c&d=e/ü")]

    @pytest.mark.parametrize("x", ["..", "../../admin", "a/../..", ".", "\ud800", None])
    def test_what_leads_elsewhere_is_not_sent(self, api: Api, x: Any) -> None:
        """It was the caller's input that made it so."""
        acme = provider(("{base}/jobs/{model}", "{base}/jobs/{in.x}"))

        with pytest.raises(Rejected) as caught:
            acme.submit(submission(input={"x": x}))

        assert caught.value.code is ErrorCode.INVALID_INPUT
        assert api.asked == []

    @pytest.mark.parametrize("x", ["€", "a\nb: c", "a\r\n\r\nGET /", " a", "a ", "\x00", "\ud800", ""])
    def test_what_no_header_can_say_is_not_sent(self, api: Api, x: str) -> None:
        acme = provider(('"{options.version}"}', '"{options.version}", x-in: "{in.x}"}'))

        with pytest.raises(Rejected) as caught:
            acme.submit(submission(input={"x": x}))

        assert caught.value.code is ErrorCode.INVALID_INPUT
        assert api.asked == []

    def test_half_a_surrogate_pair_breaks_no_query(self, api: Api) -> None:
        api.says(MADE)

        provider(('wait: "0"', 'wait: "{in.x}"')).submit(submission(input={"x": "a\ud800"}))

        assert api.last.query[0][1].startswith("a")

    def test_null_and_false_leave_a_header_out(self, api: Api) -> None:
        api.says(MADE)
        headers = 'headers: {x-version: "{options.version && in.a}", x-other: "{in.b}", x-third: "{in.c}"}'
        acme = provider(('headers: {x-version: "{options.version}"}', headers))

        acme.submit(submission(input={"a": None, "b": False, "c": True}))

        assert {"x-version", "x-other"} & set(api.last.headers) == set()
        assert api.last.headers["x-third"] == "true"

    def test_a_credential_in_the_body(self, api: Api) -> None:
        api.says(MADE)

        provider(*IN_BODY).submit(submission(input={"key": "theirs", "x": 1}))

        assert api.last.json == {"key": KEY, "x": 1}

    def test_a_credential_has_no_place_in_a_body_that_is_no_map(self) -> None:
        body = 'body: {"...": "{in}", hook: "{webhook}", secret: "{webhook_secret}"}'
        text = changed((body, 'body: "{in.x || webhook || webhook_secret}"'), text=changed(*IN_BODY))

        with pytest.raises(DeclarationWrong, match="has to be a map"):
            declaring.provider_of(text)

    def test_a_credential_in_the_query(self, api: Api) -> None:
        api.says(MADE)

        provider(QUERY).submit(submission())

        assert api.last.query == [("wait", "0"), ("key", KEY)]
        assert "authorization" not in api.last.headers


class TestId:
    @pytest.mark.parametrize(("said", "wanted"), [("a", "a"), ("a/b:c_1", "a/b:c_1"), (7, "7"), ("x" * 512, "x" * 512)])
    def test_what_is_one(self, api: Api, said: Any, wanted: str) -> None:
        api.says({"id": said})

        assert provider().submit(submission())[0].id == wanted

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(None, id="null"),
            pytest.param([], id="a list"),
            pytest.param(b"", id="nothing"),
            pytest.param(b"<html>", id="no JSON"),
            pytest.param({}, id="no id"),
            *[
                pytest.param({"id": said}, id=f"{said!a}"[:20])
                for said in (None, "", "a b", "a\n", "ü", "\ud800", {}, [], {"a": 1}, ["a"], True, False, "x" * 513)
            ],
            *[pytest.param({"id": said}, id=said) for said in (".", "..", "../x", "a/..", "a/../b", "a/./b")],
        ],
    )
    def test_what_is_none(self, api: Api, body: Any) -> None:
        """It may have arrived: it is not repeated, and nothing else is taken for an id."""
        api.says(body)

        with pytest.raises(Ambiguous, match="without an id"):
            provider().submit(submission())

    def test_numbers_of_other_kinds(self, api: Api) -> None:
        api.says({"id": 7.5})

        with pytest.raises(Ambiguous):
            provider().submit(submission())


class TestKept:
    @pytest.mark.parametrize("said", [None, "", "x" * (LONGEST_KEPT + 1)])
    def test_what_is_not_kept(self, api: Api, said: Any) -> None:
        """Too long for the record, or nothing: what adopts stands in for it."""
        api.says({"id": "job1", "look_at": said})
        acme = provider()

        made, _ = acme.submit(submission())

        assert "kept" not in made.kept
        api.answers.clear()
        api.says({"status": "works"})
        acme.fetch(made)
        assert api.last.url == f"{BASE}/jobs/job1"

    def test_no_half_of_a_pair(self, api: Api) -> None:
        """It goes into an item of the table, after the submission was paid for."""
        api.says({"id": "job1", "look_at": "a\ud800"})

        made, _ = provider().submit(submission())

        json.dumps(made.kept).encode()
        assert made.kept["kept"]["look_at"].encode("utf-8")


FINISHES = ("  id: body.id\n  keep", "  finishes: true\n  id: body.id\n  keep")


class TestFinishes:
    def test_the_answer_is_the_end(self, api: Api) -> None:
        api.says({**MADE, "status": "done", "output": "text"})

        _, snapshot = provider(FINISHES).submit(submission())

        assert snapshot is not None
        assert (snapshot.status, snapshot.output["answer"]) == (Status.SUCCEEDED, "text")

    def test_or_not_yet(self, api: Api) -> None:
        api.says({**MADE, "status": "works"})

        _, snapshot = provider(FINISHES).submit(submission())

        assert snapshot is not None
        assert snapshot.status is Status.PROCESSING

    def test_gone_before_it_was_there(self, api: Api) -> None:
        """It was submitted and is paid for: looks say what became of it."""
        api.says({**MADE, "status": "lost"})

        made, snapshot = provider(FINISHES).submit(submission())

        assert (made.id, snapshot) == ("job1", None)

    def test_only_where_it_is_declared(self, api: Api) -> None:
        api.says({**MADE, "status": "done", "output": "text"})

        assert provider().submit(submission())[1] is None


def outcome(error: ProviderError) -> tuple[type[ProviderError], ErrorCode | None, float | None, bool | None]:
    return (
        type(error),
        getattr(error, "code", None),
        getattr(error, "after", None),
        getattr(error, "throttled", None),
    )


AMBIGUOUS = (Ambiguous, None, None, None)


def rejected(code: ErrorCode) -> tuple[type[ProviderError], ErrorCode | None, float | None, bool | None]:
    return Rejected, code, None, None


class TestStatuses:
    """What HTTP says by itself, whatever stands in the answer."""

    @pytest.mark.parametrize("status", [200, 201, 202, 299])
    def test_accepted(self, api: Api, status: int) -> None:
        api.says(MADE, status)

        assert provider().submit(submission())[0].id == "job1"

    @pytest.mark.parametrize(
        ("status", "wanted"),
        [
            *[(status, rejected(ErrorCode.PROVIDER_ACCOUNT)) for status in (401, 402, 403)],
            (404, rejected(ErrorCode.MODEL_NOT_FOUND)),
            *[(status, rejected(ErrorCode.INVALID_INPUT)) for status in (400, 413, 422)],
            *[(status, rejected(ErrorCode.GENERATION_FAILED)) for status in (405, 410, 418, 451)],
            *[(status, rejected(ErrorCode.PROVIDER_UNAVAILABLE)) for status in (301, 302, 307, 308)],
            *[(status, AMBIGUOUS) for status in (303, 408, 409, 500, 502, 503, 504, 524)],
            (429, (Retryable, None, 7.0, True)),
        ],
    )
    def test_of_a_submission(self, api: Api, status: int, wanted: Any) -> None:
        api.says({**MADE, "error": "why"}, status, Retry_After="7", Location="https://evil.test/")

        with pytest.raises(ProviderError) as caught:
            provider().submit(submission())

        assert outcome(caught.value) == wanted
        assert caught.value.raw.startswith(f"{status}: ")
        assert len(api.asked) == 1

    def test_a_refusal_of_its_own_comes_first(self, api: Api) -> None:
        for status in (200, 400, 403, 429, 500):
            api.answers.clear()
            api.says({"error": {"code": "blocked"}}, status)

            with pytest.raises(Rejected) as caught:
                provider().submit(submission())
            assert caught.value.code is ErrorCode.CONTENT_REJECTED

    @pytest.mark.parametrize(("status", "answers"), [(202, "[200]"), (200, "[201]")])
    def test_accepted_in_another_way_than_declared(self, api: Api, status: int, answers: str) -> None:
        api.says(MADE, status)
        acme = provider(("  id: body.id\n  keep", f"  answers: {answers}\n  id: body.id\n  keep"))

        with pytest.raises(Ambiguous):
            acme.submit(submission())

    @pytest.mark.parametrize(
        ("status", "wanted"),
        [
            *[(status, (Gone, ErrorCode.OUTPUT_EXPIRED, None, None)) for status in (404, 410)],
            (429, (Retryable, None, 7.0, True)),
            *[
                (status, (Retryable, None, 7.0, False))
                for status in (201, 204, 301, 303, 400, 401, 402, 403, 408, 409, 418, 422, 500, 502, 503, 504)
            ],
        ],
    )
    def test_of_a_look(self, api: Api, status: int, wanted: Any) -> None:
        """None of them ends a run that is paid for."""
        api.says({"status": "bad"}, status, Retry_After="7")

        with pytest.raises(ProviderError) as caught:
            provider().fetch(handle())

        assert outcome(caught.value) == wanted

    @pytest.mark.parametrize("status", [200, 202])
    def test_answers_of_a_look(self, api: Api, status: int) -> None:
        api.says({"status": "works"}, status)

        assert provider().fetch(handle()).status is Status.PROCESSING

    @pytest.mark.parametrize(
        ("error", "wanted"),
        [
            (OSError("reset"), Ambiguous),
            (ConnectionError("refused"), Ambiguous),
        ],
    )
    def test_no_answer(self, api: Api, error: Exception, wanted: type[ProviderError]) -> None:
        api.error = urllib3.exceptions.ProtocolError("Connection aborted.", error)

        with pytest.raises(wanted):
            provider().submit(submission())
        with pytest.raises(Retryable):
            provider().fetch(handle())
        with pytest.raises(Retryable):
            provider().prepare(submission(input=TestPrepare.GIVEN))
        with pytest.raises(Retryable):
            provider().cancel(handle())

    def test_an_answer_that_is_too_long(self, api: Api) -> None:
        api.says(b" " * (16 * 1024 * 1024 + 1))

        with pytest.raises(Ambiguous):
            provider().submit(submission())


class TestPrepare:
    GIVEN: Mapping[str, Any] = {"requests": [{"id": 1, "text": "ü\n"}, "x", None]}

    def test_a_form_with_lines_of_json(self, api: Api) -> None:
        api.says({"id": "file1"})

        assert provider().prepare(submission(input=self.GIVEN)) == ("file", {"id": "file1"})

        assert (api.last.method, api.last.url) == ("POST", f"{BASE}/files")
        assert api.last.headers["authorization"] == f"Bearer {KEY}"
        lines = '{"id": 1, "text": "\\u00fc\\n"}\n"x"\nnull\n'
        assert api.last.form == {"purpose": (None, "batch"), "file": ("in.jsonl", lines)}

    def test_an_empty_list(self) -> None:
        """Nothing holds of it, so nothing is made of it."""
        assert provider().prepare(submission(input={"requests": []})) is None

    @pytest.mark.parametrize("given", [{}, {"requests": None}, {"other": 1}])
    def test_when_it_is_not_wanted(self, api: Api, given: dict[str, Any]) -> None:
        assert provider().prepare(submission(input=given)) is None
        assert api.asked == []

    def test_once(self, api: Api) -> None:
        assert provider().prepare(submission(input=self.GIVEN, before={"file": {"id": "file1"}})) is None
        assert api.asked == []

    def test_one_after_the_other(self, api: Api) -> None:
        second = '  - name: second\n    send: {url: "{base}/second/{before.file.id}"}\n    keep: {at: url}\nsubmit:\n'
        acme = provider(("submit:\n", second))
        api.says({"id": "file1"})
        given = submission(input=self.GIVEN, before={"file": {"id": "file1"}})

        assert acme.prepare(given) == ("second", {"at": f"{BASE}/second/file1"})

    @pytest.mark.parametrize("requests", ["text", 7, True, {"a": 1}])
    def test_what_is_no_list(self, api: Api, requests: Any) -> None:
        with pytest.raises(Rejected) as caught:
            provider().prepare(submission(input={"requests": requests}))

        assert caught.value.code is ErrorCode.INVALID_INPUT
        assert api.asked == []

    @pytest.mark.parametrize("body", [None, {}, {"id": None}, {"id": ""}, b"", {"id": "x" * (LONGEST_KEPT + 1)}])
    def test_an_answer_without_what_is_to_be_kept(self, api: Api, body: Any) -> None:
        """The submission would go out without it, and be paid for."""
        api.says(body)

        with pytest.raises(Retryable):
            provider().prepare(submission(input=self.GIVEN))

    @pytest.mark.parametrize(
        ("status", "wanted"),
        [
            (400, rejected(ErrorCode.INVALID_INPUT)),
            (401, rejected(ErrorCode.PROVIDER_ACCOUNT)),
            (429, (Retryable, None, 7.0, True)),
            (409, (Retryable, None, None, False)),
            (500, (Retryable, None, None, False)),
        ],
    )
    def test_statuses(self, api: Api, status: int, wanted: Any) -> None:
        """It may be repeated: nothing of it is uncertain."""
        api.says({"id": "file1"}, status, Retry_After="7")

        with pytest.raises(ProviderError) as caught:
            provider().prepare(submission(input=self.GIVEN))

        assert outcome(caught.value) == wanted


ELSEWHERE = [
    "https://evil.test/jobs/job1",
    "https://api.acme.test.evil.test/",
    "https://evil.test/https://api.acme.test/",
    "https://api.acme.test@evil.test/",
    "https://evil.test#@api.acme.test/",
    "https://api.acme.test\\@evil.test/",
    "https://api.acme.test:8443/jobs",
    "http://api.acme.test/jobs",
    "ftp://api.acme.test/jobs",
    "//api.acme.test/jobs",
    "/jobs/job1",
    "https://run.acme.test/jobs",
    "https://acme.test/",
    "https://127.0.0.1/",
    "https://[::1]/",
    "https://[",
    "https://",
    "",
    " https://api.acme.test/jobs",
    "https://api.acme.test./jobs",
    "https://api%2eacme.test/",
    "file:///etc/passwd",
    "javascript:alert(1)",
]
RELATIVE = {"//api.acme.test/jobs", "/jobs/job1", "", "https://", " https://api.acme.test/jobs"}
"""Those that lead to the same host where they stand in a redirect."""


class TestTrust:
    """The credential goes to the declaration's hosts, whatever an answer or a redirect says."""

    @pytest.mark.parametrize("url", ELSEWHERE)
    @pytest.mark.parametrize("auth", ["headers", "query"])
    def test_kept_urls_that_lead_elsewhere(self, api: Api, url: str, auth: str) -> None:
        api.says({"status": "done", "output": "x"})
        acme = provider(QUERY) if auth == "query" else provider()

        with pytest.raises(ProviderError):
            acme.fetch(handle(kept={"look_at": url}))
        assert api.asked == []

    @pytest.mark.parametrize("name", ["authorization", "Authorization"])
    def test_no_input_stands_for_the_credential(self, api: Api, name: str) -> None:
        api.says(MADE)
        acme = provider(
            (
                'headers: {x-version: "{options.version}"}',
                f'headers: {{x-version: "{{options.version}}", {name}: "{{in.x}}"}}',
            )
        )

        acme.submit(submission(input={"x": "theirs"}))

        assert [said for key, said in api.last.headers.items() if key.lower() == name.lower()] == [f"Bearer {KEY}"]

    @pytest.mark.parametrize("url", ELSEWHERE)
    def test_second_looks_that_lead_elsewhere(self, api: Api, url: str) -> None:
        api.says({"status": "done", "answer_at": url or "x"})

        with pytest.raises(ProviderError):
            provider().fetch(handle())
        assert len(api.asked) == 1

    @pytest.mark.parametrize("url", [url for url in ELSEWHERE if url not in RELATIVE])
    @pytest.mark.parametrize("status", [301, 307])
    def test_redirects_that_lead_elsewhere(self, api: Api, url: str, status: int) -> None:
        api.says(None, status, Location=url)

        with pytest.raises(Retryable):
            provider(QUERY).fetch(handle())
        assert len(api.asked) == 1

    @pytest.mark.parametrize(
        ("location", "wanted"),
        [
            (f"{BASE}/other", f"{BASE}/other"),
            ("/other", "https://api.acme.test/other"),
            ("?page=2", f"{BASE}/jobs/job1?page=2"),
            ("//api.acme.test/other", "https://api.acme.test/other"),
            ("https://eu.run.acme.test/x", "https://eu.run.acme.test/x"),
        ],
    )
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_look_follows_one_redirect_of_its_own_hosts(
        self, api: Api, location: str, wanted: str, status: int
    ) -> None:
        api.says(None, status, Location=location)
        api.says({"status": "works"})

        assert provider().fetch(handle()).status is Status.PROCESSING
        assert api.urls == [f"{BASE}/jobs/job1", wanted]
        assert api.last.headers["authorization"] == f"Bearer {KEY}"

    def test_whatever_stands_in_one(self, api: Api) -> None:
        """Its head says all."""
        api.says(b" " * 17 * 1024 * 1024, 302, Location=f"{BASE}/other")
        api.says({"status": "works"})

        assert provider().fetch(handle()).status is Status.PROCESSING

    def test_and_no_second(self, api: Api) -> None:
        api.says(None, 302, Location=f"{BASE}/a")

        with pytest.raises(Retryable):
            provider().fetch(handle())
        assert len(api.asked) == 2

    def test_submissions_follow_none(self, api: Api) -> None:
        api.says(None, 307, Location=f"{BASE}/other")
        method = ('    url: "{base}/jobs/{model}"\n', '    url: "{base}/jobs/{model}"\n    method: GET\n')

        for acme in (provider(), provider(method)):
            with pytest.raises(Rejected):
                acme.submit(submission())
        assert len(api.asked) == 2

    def test_cancels_follow_none(self, api: Api) -> None:
        api.says(None, 302, Location=f"{BASE}/other")

        for acme in (provider(), provider(("method: DELETE", "method: GET"))):
            with pytest.raises(Retryable):
                acme.cancel(handle())
        assert len(api.asked) == 2

    def test_steps_follow_none(self, api: Api) -> None:
        api.says(None, 302, Location=f"{BASE}/other")
        acme = provider(('send: {url: "{base}/files"', 'send: {method: GET, url: "{base}/files"'))

        with pytest.raises(ProviderError):
            acme.prepare(submission(input=TestPrepare.GIVEN))
        assert len(api.asked) == 1

    @pytest.mark.parametrize(
        "url", ["https://api.acme.test/x", "https://API.acme.test:443/x", "https://a.b.run.acme.test/x"]
    )
    def test_its_own_hosts(self, api: Api, url: str) -> None:
        api.says({"status": "works"})

        provider().fetch(handle(kept={"look_at": url}))

        assert api.last.headers["authorization"] == f"Bearer {KEY}"

    def test_a_fragment_hides_no_query(self, api: Api) -> None:
        api.says({"status": "works"})

        provider(QUERY).fetch(handle(kept={"look_at": f"{BASE}/jobs/job1?a=b#c"}))

        assert api.last.query == [("a", "b"), ("key", KEY)]

    @pytest.mark.parametrize("name", ["..", "../../x", "a/../b"])
    def test_ids_with_dots(self, api: Api, name: str) -> None:
        """A record may hold one from elsewhere."""
        api.says({"status": "works"})
        bad = Handle(name, NOW)

        for act in (provider().fetch, provider().cancel):
            with pytest.raises(ProviderError):
                act(bad)
        assert api.asked == []


class TestAccounts:
    def test_what_was_submitted_by_one_is_asked_for_by_it(self, api: Api) -> None:
        api.says(MADE)
        acme = provider()

        made, _ = acme.submit(submission(credential="alice"))
        api.answers.clear()
        api.says({"status": "works"})
        acme.fetch(made)
        acme.cancel(made)
        download = acme.open(made, Artifact("/results", f"{BASE}/r", keyed=True))

        said = {one.headers["authorization"] for one in api.asked} | {download.headers["authorization"]}
        assert said == {"Bearer alice-key-987654321"}

    @pytest.mark.parametrize(
        "fields", [{}, {"key": ""}, {"key": None}, {"team": "x"}, {"key": KEY, "base_url": "api.acme.test"}]
    )
    def test_one_that_lacks_something(self, fields: dict[str, Any]) -> None:
        with pytest.raises(Rejected) as caught:
            provider(accounts={"default": fields}).ready("default")

        assert caught.value.code is ErrorCode.PROVIDER_ACCOUNT
        assert KEY not in caught.value.raw

    def test_one_that_is_not_there_for_a_moment_ends_no_run(self) -> None:
        with pytest.raises(Retryable):
            provider(accounts={}).fetch(handle())

    def test_what_may_be_missing(self, api: Api) -> None:
        api.says({"status": "works"})

        provider(accounts={"default": {"key": KEY, "team": "blue"}}).fetch(handle())

        assert api.last.headers["x-team"] == "blue"

    def test_a_base_of_its_own(self, api: Api) -> None:
        api.says(MADE)
        acme = provider(accounts={"default": {"key": KEY, "base_url": "https://own.test:8443/api/"}})

        acme.submit(submission())
        assert api.last.url == "https://own.test:8443/api/jobs/acme/fast?wait=0"
        assert api.last.headers["authorization"] == f"Bearer {KEY}"
        api.answers.clear()
        api.says({"status": "works"})
        acme.fetch(handle(kept={"look_at": "https://own.test:8443/other"}))
        acme.fetch(handle(kept={"look_at": f"{BASE}/jobs/job1"}))
        before = len(api.asked)
        for url in ("https://own.test/other", "http://own.test:8443/other", "https://x.own.test:8443/"):
            with pytest.raises(ProviderError):
                acme.fetch(handle(kept={"look_at": url}))
        assert len(api.asked) == before

    @pytest.mark.parametrize("named", ["a.test,*.b.test", " a.test , *.b.test ", ["a.test", "*.b.test"]])
    def test_hosts_of_files(self, named: Any) -> None:
        acme = provider(accounts={"default": {"key": KEY, "output_hosts": named}})
        output = ["https://a.test/1", "https://x.b.test/2", "https://c.test/3", "https://x.files.acme.test/4"]

        assert [file.pointer for file in acme.artifacts(handle(), output)] == ["/0", "/1", "/3"]
        assert not acme.open(handle(), Artifact("/0", output[0])).headers

    @pytest.mark.parametrize("named", [None, "", [], ",", 7, {"a": 1}, [7]])
    def test_hosts_that_are_none(self, named: Any) -> None:
        acme = provider(accounts={"default": {"key": KEY, "output_hosts": named}})

        assert acme.artifacts(handle(), ["https://a.test/1"]) == ()


def put(**accounts: Any) -> None:
    boto3.client("secretsmanager").put_secret_value(
        SecretId=os.environ["PROVIDER_SECRET"], SecretString=json.dumps({"acme": accounts})
    )


@pytest.mark.usefixtures("cloud")
class TestSecret:
    """The accounts as the owner wrote them."""

    def test_of_the_callers_own_name_or_the_default(self) -> None:
        put(default="key-of-all", alice="key-of-alice")

        assert credentials.name("acme", "alice") == "alice"
        assert credentials.name("acme", "bob") == "default"
        assert credentials.name("other", "alice") == "default"
        assert credentials.account("acme", "alice") == {"key": "key-of-alice"}

    @pytest.mark.parametrize(
        "hosts", [pytest.param("a.test, b.test", id="a space"), pytest.param(["a.test", "b.test"], id="a list")]
    )
    def test_fields(self, hosts: Any) -> None:
        put(default={"key": " k\n", "output_hosts": hosts, "team": "", "number": 7})

        found = credentials.account("acme", "default")
        assert found["key"] == "k"
        assert found["output_hosts"] == hosts
        assert found["number"] == 7

    @pytest.mark.parametrize("wrong", ["a b", {"key": "a\nb"}, {"key": "ü"}, {}, [], 7, ""])
    def test_an_own_account_that_is_wrong_is_nobody_elses(self, wrong: Any) -> None:
        """What she runs would be paid for by another."""
        put(default="key-of-all", alice=wrong)

        assert credentials.name("acme", "alice") == "alice"
        with pytest.raises(Rejected) as caught:
            credentials.account("acme", "alice")
        assert caught.value.code is ErrorCode.PROVIDER_ACCOUNT


@pytest.mark.usefixtures("cloud")
def test_two_accounts_may_count_their_jobs_alike() -> None:
    """What another account calls 1 is another job."""
    owned = []
    for n, account in enumerate(("default", "alice", "alice")):
        made = prediction(Phase.SENDING, id=f"{ID[:-1]}{n}", provider="acme")
        assert store().accept(made)
        owned.append(store().own(made, made.run, Handle("1", NOW, account), Upstream(), NOW) is not None)

    assert owned == [True, True, False]


class TestHidden:
    """A provider that repeats the key in its answer shows it to nobody."""

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(json.dumps({"status": "bad", "error": f"no {KEY}"}).encode(), id="as it is"),
            pytest.param(b'{"status": "bad", "error": "no acme\\u002dkey-0123456789"}', id="escaped"),
            pytest.param(json.dumps({"status": "bad", "error": {KEY: [KEY]}}).encode(), id="deeper"),
        ],
    )
    def test_in_a_body(self, api: Api, body: bytes) -> None:
        api.says(body)

        assert KEY not in repr(provider().fetch(handle()))

    def test_in_a_refusal(self, api: Api) -> None:
        api.says({"error": f"no {KEY}"}, 401)

        for act in (lambda: provider().submit(submission()), lambda: provider().fetch(handle())):
            with pytest.raises(ProviderError) as caught:
                act()
            assert KEY not in f"{caught.value!r} {caught.value.raw}"

    def test_in_a_header(self, api: Api) -> None:
        api.says({"status": "bad"}, 200, X_Echo=KEY)
        acme = provider(("error: text(body.error)", 'error: http.headers."x-echo"'))

        assert KEY not in repr(acme.fetch(handle()))

    @pytest.mark.parametrize(
        "named", [r"account.\"api-key\"", r"account | \"api-key\"", r"account.\"api-key\" || model", r"account.*|[0]"]
    )
    def test_by_whatever_name(self, api: Api, named: str) -> None:
        """A field that is no word is written in quotes."""
        api.says({"status": "bad", "error": f"no {KEY}"})
        text = changed(("Bearer {account.key}", f"Bearer {{{named}}}"))
        try:
            acme = declaring.provider_of(text, {"default": {"api-key": KEY}})
        except DeclarationWrong:
            return

        said = acme.fetch(handle())

        assert api.last.headers["authorization"] == f"Bearer {KEY}"
        assert KEY not in repr(said)

    def test_in_the_url_behind_a_redirect(self, api: Api) -> None:
        api.says(None, 302, Location=f"{BASE}/other?key={KEY}")
        api.says({"status": "done", "output": "x"})
        acme = provider(QUERY, ("  answer: result.body || body.output", "  answer: url"))

        assert KEY not in repr(acme.fetch(handle()))

    def test_what_is_short_is_no_secret(self, api: Api) -> None:
        """It would be found anywhere."""
        api.says({"status": "bad", "error": "default settings"})
        acme = provider(accounts={"default": {"key": KEY, "team": "default"}})

        assert acme.fetch(handle()).error == "default settings"

    def test_a_place_is_no_secret(self, api: Api) -> None:
        api.says({"status": "bad", "error": "see https://own.test"})
        acme = provider(accounts={"default": {"key": KEY, "base_url": "https://own.test"}})

        assert acme.fetch(handle(kept={"look_at": "https://own.test/x"})).error == "see https://own.test"


class TestFaults:
    @pytest.mark.parametrize("model", [None, "fast", "acme/fast"])
    def test_what_is_taken(self, model: str | None) -> None:
        assert provider().faults(model, {"version": "2026-02-02"}) == []

    @pytest.mark.parametrize("model", ["", "A", "a/b/c", "a ", "a\n", "a" * 100_000])
    def test_a_model_that_is_none(self, model: str) -> None:
        (wrong,) = provider().faults(model, {})

        assert wrong == ("pattern", "model", "Expected a model of acme, such as acme/fast")

    @pytest.mark.parametrize("model", ["..", "a/..", "../a", "./a", "\ud800", "x" * 2000])
    def test_whatever_the_pattern_says(self, model: str) -> None:
        """It becomes a part of URLs, and of an item of the table."""
        acme = provider(("pattern: '[a-z]+(/[a-z]+)?'", "pattern: '(?s).+'"))

        assert acme.faults(model, {}) != []

    def test_one_that_is_needed(self) -> None:
        acme = provider((", optional: true", ""))

        assert acme.faults(None, {}) == [("required", "model", "model is required: acme takes one such as acme/fast")]

    def test_one_that_is_not_wanted(self) -> None:
        acme = provider(
            ("model: {pattern: '[a-z]+(/[a-z]+)?', example: acme/fast, optional: true}\n", ""),
            ("{base}/jobs/{model}", "{base}/jobs"),
        )

        assert acme.faults("x", {}) == [("additional_property_not_allowed", "model", "acme takes no model")]
        assert acme.faults(None, {}) == []

    def test_options_that_nobody_knows(self) -> None:
        assert provider().faults(None, {"versoin": "x"}) == [
            ("additional_property_not_allowed", "options.versoin", "acme has the options version")
        ]

    @pytest.mark.parametrize("value", [7, None, True, [], {}, "", "ü", "a\nb", "x" * 257, " a", "a "])
    def test_options_that_no_header_could_say(self, value: Any) -> None:
        found = provider().faults(None, {"version": value})

        assert [fault[1] for fault in found] == ["options.version"]


class TestAdopt:
    """The answer of the submission was lost, and a webhook named it."""

    def test_what_is_kept_is_made_of_its_id(self, api: Api) -> None:
        acme = provider()
        adopted = acme.adopt("job/1", submission(credential="alice", before={"file": {"id": "f"}}))
        api.says({"status": "works"})

        acme.fetch(adopted)

        assert api.last.url == f"{BASE}/jobs/job/1"
        assert adopted.credential == "alice"
        assert adopted.kept["before"] == {"file": {"id": "f"}}
        assert adopted.kept["options"] == {"version": "2026-01-01"}

    @pytest.mark.parametrize("name", ["", "..", "../x", "a b", "a\n", "x" * 513, "x" * 300_000, "ü", "\ud800"])
    def test_what_is_no_id(self, name: str) -> None:
        with pytest.raises(Ambiguous):
            provider().adopt(name, submission())

    def test_where_the_id_is_not_enough(self) -> None:
        acme = provider(('  adopt: {look_at: "{base}/jobs/{id}"}\n', ""))

        with pytest.raises(Ambiguous, match="more than the id job1"):
            acme.adopt("job1", submission())

    def test_nothing_can_be_looked_for(self) -> None:
        with pytest.raises(Ambiguous):
            provider().find(Search(HOOK, NOW, NOW))


class TestCancel:
    @pytest.mark.parametrize("status", [200, 202, 409])
    def test_is_told_or_too_late(self, api: Api, status: int) -> None:
        api.says(None, status)

        provider().cancel(handle())

        assert [(one.method, one.url) for one in api.asked] == [("DELETE", f"{BASE}/jobs/job1")]
        assert api.last.headers["authorization"] == f"Bearer {KEY}"

    @pytest.mark.parametrize(
        ("status", "wanted"),
        [
            (404, (Gone, ErrorCode.INTERRUPTED, None, None)),
            (410, (Gone, ErrorCode.INTERRUPTED, None, None)),
            *[(status, (Retryable, None, 7.0, False)) for status in (204, 302, 400, 401, 500, 503)],
            (429, (Retryable, None, 7.0, False)),
        ],
    )
    def test_is_not(self, api: Api, status: int, wanted: Any) -> None:
        api.says(None, status, Retry_After="7")

        with pytest.raises(ProviderError) as caught:
            provider().cancel(handle())
        assert outcome(caught.value) == wanted

    @pytest.mark.parametrize("status", [404, 410])
    def test_too_late_by_a_status_that_means_gone(self, api: Api, status: int) -> None:
        api.says(None, status)

        provider(("too_late: [409]", "too_late: [404, 410]")).cancel(handle())

    @pytest.mark.parametrize("word", ["done", "bad", "stopped"])
    def test_looks_first_where_it_would_harm(self, api: Api, word: str) -> None:
        api.says({"status": word})

        provider(("  too_late: [409]", "  look_first: true")).cancel(handle())

        assert [one.method for one in api.asked] == ["GET"]

    def test_looks_first_and_stops_what_runs(self, api: Api) -> None:
        api.says({"status": "works"})

        provider(("  too_late: [409]", "  look_first: true")).cancel(handle())

        assert [one.method for one in api.asked] == ["GET", "DELETE"]

    def test_stops_nothing_that_it_could_not_look_at(self, api: Api) -> None:
        api.says(None, 500)

        with pytest.raises(Retryable):
            provider(("  too_late: [409]", "  look_first: true")).cancel(handle())
        assert [one.method for one in api.asked] == ["GET"]

    def test_who_cannot_be_told(self, api: Api) -> None:
        lines = declaring.GOOD.partition("cancel:\n")[2].partition("webhook:\n")[0]
        acme = provider((f"cancel:\n{lines}", ""))

        acme.cancel(handle())

        assert (acme.cancels, api.asked) == (False, [])

    def test_an_orphan_is_stopped_with_the_options_that_there_are(self, api: Api) -> None:
        """A webhook named it: nothing of it is in a record."""
        api.says(None, 200)
        acme = provider(
            ('x-team: "{account.team}"', 'x-version: "{options.version}"'), ("optional: [team]", "optional: []")
        )

        acme.cancel(Handle("job1", NOW))

        assert api.last.headers["x-version"] == "2026-01-01"


class TestBinary:
    """Some answer a look with the file itself."""

    CHANGES = (
        ("  - {when: \"body.status == 'lost'\", status: gone}", "  - {when: http.binary, status: succeeded}"),
        ("  answer: result.body || body.output", "  answer: http.binary && url"),
        ("    - {at: /answer/*/video}", "    - {at: /answer, type: image/png}"),
    )

    @pytest.mark.parametrize(
        "kind", ["image/png", "video/mp4", "audio/mpeg", "application/octet-stream", "application/zip"]
    )
    def test_its_url_is_the_file(self, api: Api, kind: str) -> None:
        api.says(b"\x89PNG", 200, Content_Type=kind)
        acme = provider(*self.CHANGES)

        snapshot = acme.fetch(handle())

        assert snapshot.status is Status.SUCCEEDED
        (file,) = acme.artifacts(handle(), snapshot.output)
        assert file == Artifact("/answer", f"{BASE}/jobs/job1", keyed=True, type="image/png")
        assert acme.open(handle(), file).headers == {"authorization": f"Bearer {KEY}"}

    @pytest.mark.parametrize("kind", ["application/json", "text/plain", "image/svg+xml", ""])
    def test_text_is_none(self, api: Api, kind: str) -> None:
        api.says({"status": "works"}, 200, Content_Type=kind)

        assert provider(*self.CHANGES).fetch(handle()).status is Status.PROCESSING

    def test_is_not_read(self, api: Api) -> None:
        """It is fetched when it is stored, and may be of any size."""
        api.says({"results": f"{BASE}/other", "padding": "x" * 17 * 1024 * 1024}, 200, Content_Type="video/mp4")

        found = provider(*self.CHANGES).fetch(handle())

        assert found.output == {"answer": f"{BASE}/jobs/job1", "results": None}

    def test_the_key_is_not_in_its_url(self, api: Api) -> None:
        api.says(b"\x89PNG", 200, Content_Type="image/png")
        acme = provider(*self.CHANGES, QUERY)

        snapshot = acme.fetch(handle())

        assert KEY not in repr(snapshot)
        (file,) = acme.artifacts(handle(), snapshot.output)
        assert acme.open(handle(), file).url == f"{BASE}/jobs/job1?key={KEY}"


class TestLooks:
    def test_a_second_one_where_the_first_says_so(self, api: Api) -> None:
        api.says({"status": "done", "answer_at": f"{BASE}/answers/1"})
        api.says({"text": "hello"})

        snapshot = provider().fetch(handle())

        assert api.urls == [f"{BASE}/jobs/job1", f"{BASE}/answers/1"]
        assert snapshot.output["answer"] == {"text": "hello"}

    def test_its_answer_may_be_a_failure(self, api: Api) -> None:
        api.says({"status": "done", "answer_at": f"{BASE}/answers/1"})
        api.says({"error": "no"}, 422)

        assert provider().fetch(handle()).status is Status.FAILED

    @pytest.mark.parametrize(("status", "wanted"), [(404, Gone), (500, Retryable), (429, Retryable), (400, Retryable)])
    def test_or_trouble(self, api: Api, status: int, wanted: type[ProviderError]) -> None:
        api.says({"status": "done", "answer_at": f"{BASE}/answers/1"})
        api.says({"error": "no"}, status)

        with pytest.raises(wanted):
            provider().fetch(handle())

    @pytest.mark.parametrize("said", [7, True, ["x"], {"a": 1}, "../x", ".."])
    def test_a_place_that_is_none_is_trouble(self, api: Api, said: Any) -> None:
        """One odd answer ends no run that is paid for."""
        api.says({"status": "done", "answer_at": said})

        with pytest.raises((Retryable, Rejected)) as caught:
            provider().fetch(handle())
        assert isinstance(caught.value, Retryable) or isinstance(said, str)

    @pytest.mark.parametrize("place", ["status", "error", "log", "seconds", "counts", "output", "answer_at", "other"])
    def test_no_depth_breaks_it(self, api: Api, place: str) -> None:
        """What can be read as JSON can be nested deeper than what handles it goes."""
        for depth in (*range(100, 1000, 50), 980, 990, 5000):
            api.answers.clear()
            deep = b"[" * depth + b"]" * depth
            api.says(b'{"status": "done", "%s": %s}' % (place.encode(), deep))
            try:
                provider().fetch(handle())
            except ProviderError:
                continue

    @settings(max_examples=30)
    @given(JSON)
    def test_no_answer_breaks_it(self, body: Any) -> None:
        with pytest.MonkeyPatch.context() as patch, declaring.api(patch) as api:
            api.says(body)
            try:
                provider().fetch(handle())
            except ProviderError:
                return

    @settings(max_examples=30)
    @given(JSON, JSON)
    def test_no_word_breaks_it(self, status: Any, other: Any) -> None:
        body = dict.fromkeys(("error", "log", "started_at", "completed_at", "output", "results", "seconds"), other)
        with pytest.MonkeyPatch.context() as patch, declaring.api(patch) as api:
            for word in (status, "bad", "done"):
                api.answers.clear()
                api.says({**body, "status": word, "counts": {"total": other, "failed": other, "done": other}})
                found = provider().fetch(handle())
                for text in (found.upstream.status, found.upstream.started_at, found.upstream.completed_at):
                    assert len((text or "").encode()) <= 1024
                json.dumps(found.metrics, allow_nan=False)


def made_of(acme: Declared, output: Any) -> dict[str, bool]:
    """Which places of an output are files, and whether they are fetched with the key."""
    return {file.pointer: file.keyed for file in acme.artifacts(handle(), output)}


class TestDownloads:
    def test_with_the_key_at_its_place_alone(self) -> None:
        output = {"results": f"{BASE}/r", "other": f"{BASE}/r", "list": [f"{BASE}/r"]}

        assert made_of(provider(), output) == {"/results": True}

    def test_what_is_on_its_hosts(self) -> None:
        acme = provider()
        file = Artifact("/results", f"{BASE}/r", keyed=True)

        found = acme.open(handle(), file)

        assert found.headers == {"authorization": f"Bearer {KEY}"}
        assert found.trusted is not None
        assert found.trusted.allows(f"{BASE}/r")
        assert not found.trusted.allows("https://x.files.acme.test/r")
        assert found.hosts.allows("https://x.files.acme.test/r")
        assert not found.hosts.allows("https://evil.test/")
        assert found.redirects is False

    @pytest.mark.parametrize("url", [url for url in ELSEWHERE if url])
    def test_elsewhere_the_key_is_in_no_query(self, url: str) -> None:
        found = provider(QUERY).open(handle(), Artifact("/results", url, keyed=True))

        assert KEY not in found.url
        assert not found.hosts.allows(found.url)

    def test_in_a_query_before_a_fragment(self) -> None:
        found = provider(QUERY).open(handle(), Artifact("/results", f"{BASE}/r?a=b#c", keyed=True))

        assert found.url.partition("#")[0] == f"{BASE}/r?a=b&key={KEY}"

    def test_without_the_key(self) -> None:
        found = provider().open(handle(), Artifact("/answer", "https://x.files.acme.test/a"))

        assert (found.headers, found.trusted) == ({}, None)
        assert not found.hosts.allows(f"{BASE}/r")

    def test_redirects_where_it_is_declared(self) -> None:
        acme = provider(("  with_key:", "  redirects: public\n  with_key:"))

        assert acme.open(handle(), Artifact("/answer", "https://x.files.acme.test/a")).redirects

    def test_calls_back(self) -> None:
        here = provider(accounts={"default": {"key": KEY, "base_url": "http://127.0.0.1:8000"}})

        assert provider().calls_back("https://lumeo.test/x", "default")
        assert not provider().calls_back("http://lumeo.test/x", "default")
        assert not here.calls_back("http://127.0.0.1:9000/x", "default")


@pytest.mark.usefixtures("cloud")
class TestCopies:
    """Where the key goes while a file is fetched: redirects are followed here."""

    KEYED = Artifact("/results", f"{BASE}/r", keyed=True)
    PLAIN = Artifact("/answer", "https://x.files.acme.test/a")

    def copied(self, acme: Declared, file: Artifact) -> Output:
        return outputs.copy(file, acme.open(handle(), file), Destination("outputs/abc/0", "p-0"), 10)

    def test_with_the_key(self, api: Api) -> None:
        api.says(b"a\nb\n")

        stored = self.copied(provider(), self.KEYED)

        assert (stored.pointer, stored.bytes) == ("/results", 4)
        assert api.last.headers["authorization"] == f"Bearer {KEY}"

    def test_without(self, api: Api) -> None:
        api.says(b"a")

        self.copied(provider(), self.PLAIN)

        assert secretless(api)

    def test_redirected_to_its_files(self, api: Api) -> None:
        api.says(None, 302, Location="https://x.files.acme.test/r?signature=1")
        api.says(b"a")

        self.copied(provider(), self.KEYED)

        assert [("authorization" in one.headers) for one in api.asked] == [True, False]

    def test_redirected_to_its_own_hosts(self, api: Api) -> None:
        api.says(None, 302, Location="/other")
        api.says(b"a")

        self.copied(provider(), self.KEYED)

        assert [("authorization" in one.headers) for one in api.asked] == [True, True]

    @pytest.mark.parametrize("auth", [(), (QUERY,)])
    def test_redirected_anywhere(self, api: Api, auth: tuple[tuple[str, str], ...]) -> None:
        """Where it is declared that it may be, and never with the key."""
        api.says(None, 302, Location="https://cdn.elsewhere.test/r")
        api.says(b"a")

        self.copied(provider(("  with_key:", "  redirects: public\n  with_key:"), *auth), self.KEYED)

        assert api.last.url == "https://cdn.elsewhere.test/r"
        assert KEY not in f"{api.last.url} {dict(api.last.headers)}"

    @pytest.mark.parametrize("url", [url for url in ELSEWHERE if url not in RELATIVE])
    def test_redirected_where_it_must_not_be(self, api: Api, url: str) -> None:
        api.says(None, 302, Location=url)

        for file in (self.KEYED, self.PLAIN):
            with pytest.raises((OutputRefused, OutputUnavailable)):
                self.copied(provider(), file)
        assert len(api.asked) == 2

    @pytest.mark.parametrize(
        "url", ["http://cdn.elsewhere.test/r", "https://u:p@cdn.elsewhere.test/", "https://[", "ftp://a.test/"]
    )
    def test_not_even_where_anywhere_is_allowed(self, api: Api, url: str) -> None:
        api.says(None, 302, Location=url)

        with pytest.raises((OutputRefused, OutputUnavailable)):
            self.copied(provider(("  with_key:", "  redirects: public\n  with_key:")), self.PLAIN)
        assert len(api.asked) == 1

    def test_its_first_host_is_never_anywhere(self, api: Api) -> None:
        acme = provider(("  with_key:", "  redirects: public\n  with_key:"))

        with pytest.raises(OutputRefused):
            self.copied(acme, Artifact("/results", "https://evil.test/r", keyed=True))
        assert api.asked == []


class TestAbsent:
    """A deploy took the declaration away, or broke it, while something ran there."""

    @pytest.fixture(params=["gone", "broken"])
    def absent(self, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
        (tmp_path / "broken.yaml").write_text("title: [")
        monkeypatch.setattr(offered, "DECLARATIONS", tmp_path)
        providers.provider.cache_clear()
        yield providers.provider(request.param)
        providers.provider.cache_clear()

    def test_looks_are_trouble(self, absent: Provider) -> None:
        for act in (absent.fetch, absent.cancel):
            with pytest.raises(Retryable):
                act(handle())

    def test_nothing_new_is_taken(self, absent: Provider) -> None:
        assert absent.faults("x", {}) != []
        with pytest.raises(Rejected) as caught:
            absent.ready("default")
        assert caught.value.code is ErrorCode.PROVIDER_UNAVAILABLE

    def test_what_may_have_been_submitted_is_uncertain(self, absent: Provider) -> None:
        with pytest.raises(Ambiguous):
            absent.find(Search(HOOK, NOW, NOW))
        with pytest.raises(Ambiguous):
            absent.adopt("job1", submission())
