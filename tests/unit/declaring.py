"""What tests of declared providers begin with: one good declaration, changes of it, and what stands in for its API."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from functools import cache
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import urllib3

from lumeo import clock
from lumeo.errors import ErrorCode, Rejected
from lumeo.prediction import Handle
from lumeo.providers.base import Submission
from lumeo.providers.declared import Declared
from lumeo.providers.grammar import Declaration
from lumeo.providers.loading import parse
from tests.unit.make import ID, NOW

KEY = "acme-key-0123456789"
MASTER = b"the-master-key"
HOOK = f"https://lumeo.test/v1/hooks/acme/{ID}/token"
BASE = "https://api.acme.test/v1"

GOOD = """\
title: Acme
about: Nobody's; made for tests.
base: https://api.acme.test/v1
hosts: [api.acme.test, "*.run.acme.test"]
model: {pattern: '[a-z]+(/[a-z]+)?', example: acme/fast, optional: true}
options: {version: "2026-01-01"}
auth:
  headers: {authorization: "Bearer {account.key}", x-team: "{account.team}"}
  optional: [team]
room: 60
poll: {first: 5s, factor: 1.5, cap: 1m, deadline: 1h, collect_within: 24h}
before:
  - name: file
    when: in.requests
    send: {url: "{base}/files", form: {purpose: batch, file: {jsonl: "{in.requests}", name: in.jsonl}}}
    keep: {id: body.id}
submit:
  send:
    url: "{base}/jobs/{model}"
    headers: {x-version: "{options.version}"}
    query: {wait: "0"}
    body: {"...": "{in}", file: "{before.file.id}", hook: "{webhook}", secret: "{webhook_secret}"}
  id: body.id
  keep: {look_at: body.look_at}
  adopt: {look_at: "{base}/jobs/{id}"}
  refused:
    - {when: "body.error.code == 'blocked'", code: content_rejected}
status:
  send: {url: "{kept.look_at}"}
  answers: [200, 202]
result:
  when: body.status == 'done' && body.answer_at
  send: {url: "{body.answer_at}"}
  answers: [200, 422]
rules:
  - {when: "body.status == 'lost'", status: gone}
  - {when: "body.status == 'stopped'", status: canceled}
  - {when: "body.status == 'bad' || result.http.status == `422`", status: failed}
  - {when: "body.status == 'blocked'", status: failed, code: content_rejected}
  - {when: "body.status == 'some'", status: succeeded, warning: partial}
  - {when: "body.status == 'done'", status: succeeded}
  - {when: "body.status == 'waits'", status: starting}
  - {when: "body.status == 'works'", status: processing}
word: body.status
gone: output_expired
output:
  answer: result.body || body.output
  results: body.results
files:
  hosts: ["*.files.acme.test"]
  with_key:
    - {at: /results, type: application/x-ndjson}
    - {at: /answer/*/video}
error: text(body.error)
counts: {total: body.counts.total, failed: body.counts.failed}
progress: ratio(body.counts.done, body.counts.total)
metrics: {predict_time: body.seconds}
logs: body.log
started_at: body.started_at
completed_at: body.completed_at
cancel:
  send: {method: DELETE, url: "{base}/jobs/{id}"}
  answers: [200, 202]
  too_late: [409]
webhook:
  verify: hmac
  id: body.id
  ended: body.status == 'done'
  hmac: {header: X-Acme-Signature, prefix: "sha256=", encoding: hex, signed: "{body}", tolerance: 60}
items:
  files: [/results]
  id: custom_id
  rules:
    - {when: ok, status: succeeded}
    - {status: failed}
"""


def changed(*changes: tuple[str, str], text: str = GOOD) -> str:
    """The declaration with other texts in places of it, each of which is there once."""
    for old, new in changes:
        assert text.count(old) == 1, f"{text.count(old)} times: {old}"
        text = text.replace(old, new)
    return text


_parsed = cache(lambda text: parse(text, "acme", "acme.yaml"))
"""A declaration is never changed: one of the same text may serve many tests."""


def declaration(*changes: tuple[str, str], name: str = "acme") -> Declaration:
    return parse(changed(*changes), name, f"{name}.yaml")


ACCOUNTS: Mapping[str, Mapping[str, Any]] = {"default": {"key": KEY}, "alice": {"key": "alice-key-987654321"}}


def provider(*changes: tuple[str, str], accounts: Mapping[str, Mapping[str, Any]] = ACCOUNTS) -> Declared:
    """The provider of the declaration, changed, with these accounts."""
    return provider_of(changed(*changes), accounts)


def provider_of(text: str, accounts: Mapping[str, Mapping[str, Any]] = ACCOUNTS) -> Declared:
    """The provider of a declaration's text."""

    def account(name: str) -> Mapping[str, Any]:
        if name not in accounts:
            raise Rejected(ErrorCode.PROVIDER_ACCOUNT, f"no account {name}")
        return accounts[name]

    return Declared(_parsed(text), account, lambda: MASTER)


def submission(**changes: Any) -> Submission:
    common: dict[str, Any] = {
        "prediction": ID,
        "credential": "default",
        "model": "acme/fast",
        "version": None,
        "input": {"prompt": "a corgi"},
        "cancel_after": 3600,
    }
    return Submission(**(common | changes))


def handle(**kept: Any) -> Handle:
    """What the declaration keeps of a job that it looks at under its own URL."""
    return Handle("job1", NOW, "default", {"kept": {"look_at": f"{BASE}/jobs/job1"}, **kept})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it goes out."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.url).query, keep_blank_values=True)

    @property
    def form(self) -> dict[str, tuple[str | None, str]]:
        """The parts of a multipart body by their names: file name and text."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        found: dict[str, tuple[str | None, str]] = {}
        message = BytesParser().parsebytes(head + self.body)
        for part in message.get_payload():
            assert isinstance(part, Message)
            name = part.get_param("name", header="content-disposition")
            payload = part.get_payload(decode=True)
            assert isinstance(name, str)
            assert isinstance(payload, bytes)
            found[name] = (part.get_filename(), payload.decode())
        return found


@dataclass(slots=True)
class Api:
    """The provider's side: what it answers, in turn and the last from then on, and all that it was asked."""

    asked: list[Asked] = field(default_factory=list)
    answers: list[tuple[int, Any, Mapping[str, str]]] = field(default_factory=list)
    error: Exception | None = None
    seconds: float = 0

    def says(self, body: Any = None, status: int = 200, **headers: str) -> None:
        """One more answer: JSON, or bytes as they are."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append((status, body, named))

    def answer(self, pool: Any, method: str, path: str, options: dict[str, Any]) -> urllib3.HTTPResponse:
        usual = {"https": 443, "http": 80}[pool.scheme]
        place = pool.host if pool.port in {None, usual} else f"{pool.host}:{pool.port}"
        body = options.get("body") or b""
        content = body.encode() if isinstance(body, str) else body
        # As it would be sent: what no header can hold fails here too.
        headers = {str(name): str(value) for name, value in options["headers"].items()}
        for value in headers.values():
            value.encode("latin-1")
        self.asked.append(Asked(method, f"{pool.scheme}://{place}{path}", headers, content))
        clock.sleep(self.seconds)
        if self.error:
            raise self.error
        status, said, more = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        told = said if isinstance(said, bytes) else json.dumps(said).encode()
        told = b"" if status == 204 else told
        return urllib3.HTTPResponse(BytesIO(told), dict(more), status, preload_content=False, request_method=method)

    @property
    def last(self) -> Asked:
        return self.asked[-1]

    @property
    def urls(self) -> list[str]:
        return [one.url for one in self.asked]


@contextmanager
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """Every request of this process, whatever its host, is answered by this."""
    found = Api()

    def urlopen(pool: Any, method: str, url: str, **options: Any) -> urllib3.HTTPResponse:
        return found.answer(pool, method, url, options)

    monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", urlopen)
    yield found
