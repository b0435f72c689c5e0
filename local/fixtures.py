"""Fixtures: what a provider answers, state by state, as `docs/providers.md` says. Pure."""

import base64
import binascii
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import yaml
from PIL import Image

from lumeo.errors import ErrorCode
from lumeo.prediction import Status

CALLS = ("submit", "status", "result", "cancel")
"""Calls whose answers have a place of their own. Any other name is that of a step before the submission."""
BEFORE = ("waiting", "running")
REQUIRED = ("succeeded", "failed", "refused", "canceled", "expired", "unknown")
SHORTEST_ID = 8
COLOURS = 256
_HOST = re.compile(r"https://([A-Za-z0-9.-]+)")


class FixtureWrong(ValueError):
    """A fixture that cannot be played: which file, where in it, and what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """The bytes behind a URL; `key`: only for who shows the account's key."""

    type: str
    content: bytes
    key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of the provider: a text, which may be JSON, or a file."""

    status: int = 200
    type: str = "text/plain"
    text: str = ""
    file: File | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """How a call is known: `GET` and the whole URL, as at the real provider."""

    call: str
    method: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """What a state means. `output` holds the provider's own URLs; `files` those of it that are stored.

    `gone`: as if the provider did not know it any more; `unknown`: in a word that nobody knows.
    """

    status: Status | None = None
    code: ErrorCode | None = None
    gone: bool = False
    unknown: bool = False
    output: Any = None
    files: tuple[str, ...] = ()
    warning: str | None = None
    counts: Mapping[str, int] | None = None
    progress: float | None = None
    metrics: Mapping[str, Any] | None = None
    items: tuple[Mapping[str, str], ...] | None = None

    @property
    def over(self) -> bool:
        return self.gone or (self.status is not None and self.status.terminal)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a look sees: the answer of the status, and perhaps of the second request.

    `submit`: what the submission is answered already, where it may be the end.
    """

    name: str
    status: Answer | None
    result: Answer | None = None
    submit: Answer | None = None
    expect: Expect


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer of a submission that says no for good."""

    answer: Answer
    code: ErrorCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """Answers that name a host which must not get the key: instead of the submission's, or of the state `succeeded`."""

    submit: Answer | None = None
    state: State | None = None
    hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """One provider's file. `absent`: why it has no such state; `foreign` may say so too."""

    name: str
    input: Mapping[str, Any]
    account: Mapping[str, Any]
    id: str
    routes: Mapping[str, Route]
    answers: Mapping[str, Answer]
    states: Mapping[str, State]
    absent: Mapping[str, str]
    files: Mapping[str, File]
    foreign: Foreign | str
    model: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    sent: Mapping[str, Any] = field(default_factory=dict)
    refused_submit: tuple[Refusal, ...] = ()
    webhook: Answer | None = None

    @property
    def key(self) -> str:
        """What must not be found anywhere but at the provider; empty where an account needs none."""
        return str(self.account.get("key", ""))

    @property
    def api_hosts(self) -> frozenset[str]:
        """Those that calls go to, and the key with them."""
        return frozenset(urlsplit(route.url).netloc for route in self.routes.values())

    @property
    def hosts(self) -> frozenset[str]:
        """All of the provider's own."""
        return self.api_hosts | {urlsplit(url).netloc for url in self.files}

    @property
    def steps(self) -> tuple[str, ...]:
        return tuple(call for call in self.routes if call not in CALLS)

    def call(self, method: str, url: str) -> str | None:
        """Which call a URL is, with the fixture's own id in it: of several routes the one that says most about it."""
        found = [route for route in self.routes.values() if route.method == method and matches(route.url, url)]
        return max(found, key=lambda route: len(_pairs(route.url))).call if found else None

    def at(self, url: str) -> File | None:
        """The file at a URL, with the fixture's own id in it."""
        return next((file for known, file in self.files.items() if matches(known, url)), None)

    def bytes_of(self, url: str, state: State) -> bytes:
        """The bytes that a stored file must have: those of `url`, where that state names it."""
        if url.startswith("data:"):
            return base64.b64decode(url.partition(",")[2])
        if url in self.files:
            return self.files[url].content
        # The answer itself may be a file: its URL is that of the look.
        call = next(route.call for route in self.routes.values() if route.url == url)
        answer = state.result if call == "result" else state.status
        assert answer is not None
        assert answer.file is not None
        return answer.file.content


def read(path: Path) -> Fixture:
    """The fixture in a file. Raises FixtureWrong."""
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FixtureWrong(f"{path}: {error}") from error
    return _Reader(path).fixture(content)


class _Reader:
    """Reads one file, and knows where it is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files: dict[str, File] = {}

    def fixture(self, content: Any) -> Fixture:
        found = self._map(
            "",
            content,
            required={"input", "account", "id", "routes", "answers", "states"},
            optional={"model", "options", "sent", "refused_submit", "foreign", "webhook", "files"},
        )
        if len(str(found["id"])) < SHORTEST_ID:
            raise self._wrong("id", f"needs {SHORTEST_ID} characters or more: it is looked for in whatever is said")
        files = self._map("files", found.get("files") or {})
        self._files = {url: self._file(f"files.{url}", spec) for url, spec in files.items()}
        routes = {call: self._route(call, text) for call, text in self._map("routes", found["routes"]).items()}
        answers = self._map("answers", found["answers"])
        fixture = Fixture(
            name=self._path.stem,
            model=found.get("model"),
            options=self._map("options", found.get("options") or {}),
            input=self._map("input", found["input"]),
            account=self._map("account", found["account"]),
            id=str(found["id"]),
            routes=routes,
            sent=self._map("sent", found.get("sent") or {}),
            answers={call: self._answer(f"answers.{call}", answer) for call, answer in answers.items()},
            **self._states(found["states"]),
            refused_submit=tuple(
                self._refusal(f"refused_submit.{n}", refusal)
                for n, refusal in enumerate(self._list("refused_submit", found.get("refused_submit") or []))
            ),
            foreign=self._foreign(found.get("foreign")),
            webhook=self._answer("webhook", found["webhook"]) if "webhook" in found else None,
            files=self._files,
        )
        self._check(fixture)
        return fixture

    def _check(self, fixture: Fixture) -> None:
        """What no part shows by itself."""
        for call in ("submit", "status"):
            if call not in fixture.routes:
                raise self._wrong("routes", f"has no {call}")
        for call in fixture.answers:
            if call not in fixture.routes:
                raise self._wrong(f"answers.{call}", "there is no such route")
        for call in set(fixture.routes) - {"status", "result"}:
            if call not in fixture.answers:
                raise self._wrong("answers", f"has none for the route {call}")
        urls = [route.url for route in fixture.routes.values()]
        if not any(fixture.id in text for text in [*urls, *(answer.text for answer in fixture.answers.values())]):
            raise self._wrong("id", "occurs neither in a route nor in an answer")
        for state in fixture.states.values():
            self._check_files(state, {*self._files, *urls})

    def _check_files(self, state: State, known: set[str]) -> None:
        for url in state.expect.files:
            if not url.startswith("data:") and url not in known:
                raise self._wrong(f"states.{state.name}.expect.files", f"{url} is neither in files nor a route")

    def _states(self, content: Any) -> dict[str, Any]:
        found = self._map("states", content)
        absent = {name: text for name, text in found.items() if isinstance(text, str)}
        states = {name: self._state(f"states.{name}", name, found[name]) for name in found if name not in absent}
        if not any(name in states for name in BEFORE):
            raise self._wrong("states", f"needs {' or '.join(BEFORE)}")
        for name in REQUIRED:
            if name not in found:
                raise self._wrong("states", f"has no {name}: write it down, or a sentence why there is none")
        if "succeeded" in absent:
            raise self._wrong("states.succeeded", "every provider has one")
        return {"states": states, "absent": absent}

    def _state(self, at: str, name: str, content: Any) -> State:
        found = self._map(at, content, required={"expect"}, optional={"status", "result", "submit"})
        if not {"status", "submit"} & set(found):
            raise self._wrong(at, "has no status")
        return State(
            name=name,
            **{
                call: self._answer(f"{at}.{call}", found[call]) if call in found else None
                for call in ("status", "result", "submit")
            },
            expect=self._expect(f"{at}.expect", found["expect"]),
        )

    def _expect(self, at: str, content: Any) -> Expect:
        names = set(Expect.__dataclass_fields__)
        found = dict(self._map(at, content, optional=names))
        if "status" not in found and not found.get("gone"):
            raise self._wrong(at, "has neither a status nor gone: true")
        if "status" in found:
            found["status"] = self._word(f"{at}.status", found["status"], Status)
        if "code" in found:
            found["code"] = self._word(f"{at}.code", found["code"], ErrorCode)
        for name in ("files", "items"):
            if name in found:
                found[name] = tuple(self._list(f"{at}.{name}", found[name]))
        return Expect(**found)

    def _foreign(self, content: Any) -> Foreign | str:
        if content is None:
            raise self._wrong("foreign", "is missing: write answers that name a foreign host, or why there are none")
        if isinstance(content, str):
            return content
        found = self._map("foreign", content, optional={"submit", "status", "result", "expect"})
        submit = self._answer("foreign.submit", found["submit"]) if "submit" in found else None
        state = None
        if "status" in found:
            expect = found.get("expect") or {"status": "failed"}
            state = self._state(
                "foreign", "foreign", {name: found[name] for name in found if name != "submit"} | {"expect": expect}
            )
        if submit is None and state is None:
            raise self._wrong("foreign", "has neither submit nor status")
        answers = [submit, *([state.status, state.result] if state else [])]
        said = {host for answer in answers if answer for host in _HOST.findall(_said(answer))}
        return Foreign(submit=submit, state=state, hosts=frozenset(said))

    def _refusal(self, at: str, content: Any) -> Refusal:
        found = dict(self._map(at, content))
        code = self._word(f"{at}.code", found.pop("code", None), ErrorCode)
        return Refusal(self._answer(at, found), code)

    def _answer(self, at: str, content: Any) -> Answer:
        found = self._map(at, content, optional={"status", "json", "text", "file", "headers"})
        if len({"json", "text", "file"} & set(found)) > 1:
            raise self._wrong(at, "is one of json, text and file")
        status = found.get("status", 200)
        if not isinstance(status, int):
            raise self._wrong(f"{at}.status", "is no number")
        headers = {name: str(value) for name, value in self._map(f"{at}.headers", found.get("headers") or {}).items()}
        if "json" in found:
            return Answer(status=status, type="application/json", text=json.dumps(found["json"]), headers=headers)
        if "file" in found:
            return Answer(status=status, file=self._file(f"{at}.file", found["file"]), headers=headers)
        return Answer(status=status, text=str(found.get("text", "")), headers=headers)

    def _file(self, at: str, content: Any) -> File:
        if isinstance(content, str):
            if content not in self._files:
                raise self._wrong(at, f"{content} is not in files")
            return self._files[content]
        kinds = {"picture", "text", "jsonl", "base64"}
        found = self._map(at, content, required={"type"}, optional={"key", *kinds})
        if len(kinds & set(found)) != 1:
            raise self._wrong(at, f"needs one of {', '.join(sorted(kinds))}")
        return File(type=str(found["type"]), content=self._content(at, found), key=found.get("key") is True)

    def _content(self, at: str, found: Mapping[str, Any]) -> bytes:
        if "picture" in found:
            return picture(found["picture"])
        if "text" in found:
            return str(found["text"]).encode()
        if "jsonl" in found:
            return "".join(f"{json.dumps(line)}\n" for line in self._list(f"{at}.jsonl", found["jsonl"])).encode()
        try:
            return base64.b64decode(found["base64"], validate=True)
        except (binascii.Error, TypeError, ValueError) as error:
            raise self._wrong(f"{at}.base64", f"is none: {error}") from error

    def _route(self, call: str, text: Any) -> Route:
        method, _, url = str(text).partition(" ")
        if not re.fullmatch(r"[A-Z]+", method) or not _HOST.match(url):
            raise self._wrong(f"routes.{call}", f"is a method and a whole URL (https), not {text!r}")
        return Route(call, method, url)

    def _word(self, at: str, word: Any, words: Any) -> Any:
        if word not in list(words):
            raise self._wrong(at, f"is one of {', '.join(words)}, not {word!r}")
        return words(word)

    def _map(
        self, at: str, content: Any, *, required: set[str] | None = None, optional: set[str] | None = None
    ) -> Mapping[str, Any]:
        if not isinstance(content, Mapping):
            raise self._wrong(at, "is no map")
        if required is None and optional is None:
            return {str(name): value for name, value in content.items()}
        for name in sorted((required or set()) - set(content)):
            raise self._wrong(at, f"has no {name}")
        for name in content:
            if name not in (required or set()) | (optional or set()):
                raise self._wrong(at, f"has {name!r}, which nobody reads")
        return content

    def _list(self, at: str, content: Any) -> Sequence[Any]:
        if not isinstance(content, list):
            raise self._wrong(at, "is no list")
        return content

    def _wrong(self, at: str, what: str) -> FixtureWrong:
        return FixtureWrong(f"{self._path}: {at} {what}" if at else f"{self._path} {what}")


def matches(known: str, asked: str) -> bool:
    """Whether a URL that was asked for is a known one: the same place, with at least the same query."""
    wanted, given = urlsplit(unquote(known)), urlsplit(unquote(asked))
    here = (wanted.netloc, wanted.path) == (given.netloc, given.path)
    return here and all(pair in _pairs(asked) for pair in _pairs(known))


def _pairs(url: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)


def picture(colour: int) -> bytes:
    """A small PNG of one colour."""
    shade = (37 * colour % COLOURS, 91 * colour % COLOURS, 153 * colour % COLOURS)
    file = io.BytesIO()
    Image.new("RGB", (16, 16), shade).save(file, "PNG")
    return file.getvalue()


def _said(answer: Answer) -> str:
    return "\n".join([answer.text, *answer.headers.values()])
