"""Plays providers from their fixtures: answers over HTTP as they do, state by state.

What a fixture has at `https://{host}/…` is served at `{url}/-/{host}/…`, and answers name it there. Hosts that have
files alone are at `{media_url}/-/{host}/…`, since the key is not for them.
"""

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote, unquote, unquote_plus, urlsplit

import yaml
from werkzeug.wrappers import Request, Response

from local.fixtures import BEFORE, Answer, Fixture, Foreign, State
from local.serving import Server
from lumeo import providers

PREFIX = "/-/"
DOWNLOAD = "download"
"""The call that fetches a file."""
COUNTED = 4
"""Last characters of an id that are its submission's own."""
ALWAYS = -1
KEPT = 2000
"""Requests that are remembered: a server may be up for days."""
Found = tuple[str | None, str | None, str | None]
"""A request's provider, call and submission, as far as they are known."""
_URL = re.compile(r"https://([A-Za-z0-9.-]+)")
_DIGITS = "0123456789"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request: of which provider and call, as far as it is known, and the URL as at the real provider.

    `media`: it came to where files are, and the key is not for.
    """

    provider: str | None
    call: str | None
    id: str | None
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    media: bool = False

    def shows(self, text: str) -> bool:
        """Whether a text occurs in it anywhere."""
        said = [self.url, unquote_plus(self.url), *self.headers.values(), self.body.decode("utf-8", "replace")]
        return any(text in part for part in said)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True, kw_only=True)
class Fault:
    """What befalls the next `times` requests of a call: another answer, or, `drop`, the end of the connection.

    A 4xx, and what is dropped `before`, have no effect; all else takes effect first, and only its answer is lost. With
    headers alone the answer is as ever, and has them too. A body that is a text is an HTML page, all else JSON. `url`:
    it befalls requests of that alone.
    """

    call: str
    times: int
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = ""
    drop: Literal["before", "after"] | None = None
    url: str = ""

    @property
    def in_vain(self) -> bool:
        return self.drop == "before" or (self.status is not None and 400 <= self.status < 500)

    @property
    def hides_the_answer(self) -> bool:
        return self.status is not None or self.drop is not None


@dataclass(slots=True)
class Job:
    """One submission that took effect."""

    id: str
    looks: int = 0
    shown: str | None = None
    canceled: bool = False


@dataclass(slots=True)
class Part:
    """One provider: its fixture, and what tests made of it."""

    fixture: Fixture
    script: tuple[str, ...] = ()
    astray: bool = False
    faults: list[Fault] = field(default_factory=list)
    jobs: dict[str, Job] = field(default_factory=dict)

    def forget(self) -> None:
        self.script = tuple(name for name in (*BEFORE, "succeeded") if name in self.fixture.states)
        self.astray = False
        self.faults.clear()
        self.jobs.clear()


class Player:
    """Several providers at once. `requests`: what they were asked; `foreign`: what a host that is nobody's was."""

    def __init__(self, fixtures: Mapping[str, Fixture]) -> None:
        self.url = ""
        self.media_url = ""
        self.foreign_url = ""
        self.requests: list[Seen] = []
        self.foreign: list[Seen] = []
        self._parts = {name: Part(fixture) for name, fixture in fixtures.items()}
        self._lock = threading.Lock()
        self.reset()

    # What is to happen

    def reset(self) -> None:
        """Forget all that was asked and said."""
        with self._lock:
            self.requests.clear()
            self.foreign.clear()
            for part in self._parts.values():
                part.forget()

    def script(self, name: str, states: Sequence[str]) -> None:
        """What looks see from now on: one state each, and then the last one for ever."""
        part = self._parts[name]
        unknown = [state for state in states if state not in part.fixture.states]
        if unknown or not states:
            raise ValueError(f"{name} has no state {', '.join(unknown)}")
        with self._lock:
            part.script = tuple(states)
            for job in part.jobs.values():
                job.looks = 0

    def lead_astray(self, name: str) -> None:
        """Name the foreign host where the fixture says so."""
        self._parts[name].astray = True

    def fault(self, name: str, call: str, times: int = 1, **what: Any) -> None:
        """Have something go wrong with the next requests of a call (`times`; -1: all); `what` is as in Fault."""
        with self._lock:
            self._parts[name].faults.append(Fault(call=call, times=times, **what))

    def mend(self, name: str) -> None:
        """Let no fault befall that provider any more."""
        with self._lock:
            self._parts[name].faults.clear()

    # What happened

    def account(self, name: str, base: str | None = None, at: str | None = None) -> dict[str, Any]:
        """The account for the secret. `base` is the declaration's; `at`: another origin of the API's server."""
        fixture, origin = self._parts[name].fixture, at or self.url
        base = base or _declared_base(name)
        if base == "account":
            base = str(fixture.account["base_url"])
        parts = urlsplit(base)
        where = f"{origin}{PREFIX}{parts.netloc}{parts.path}"
        # Some files are given freely by the API itself.
        free = any(urlsplit(url).netloc in fixture.api_hosts and not file.key for url, file in fixture.files.items())
        files = [self.media_url, origin] if free else [self.media_url]
        return {**fixture.account, "base_url": where, "output_hosts": files}

    def submitted(self, name: str) -> int:
        """How many submissions took effect."""
        return len(self._parts[name].jobs)

    def ids(self, name: str) -> list[str]:
        """Those of the submissions, oldest first."""
        return list(self._parts[name].jobs)

    def seen(self, name: str, call: str) -> list[Seen]:
        """The requests of one call, oldest first."""
        with self._lock:
            return [request for request in self.requests if (request.provider, request.call) == (name, call)]

    def as_answered(self, name: str, value: Any, job_id: str | None = None) -> Any:
        """A value of the fixture, as it stands in an answer: with the submission's id, and URLs of this server."""
        return json.loads(self._localized(self._parts[name].fixture, json.dumps(value), job_id, self.url))

    def at_media(self, name: str, url: str, job_id: str) -> str:
        """Where a file, whichever host has it, can be had without the key."""
        asked = url.replace(self._parts[name].fixture.id, job_id)
        return asked.replace("https://", f"{self.media_url}{PREFIX}", 1)

    def webhook(self, name: str, job_id: str) -> bytes:
        """The body of its call at the end."""
        fixture = self._parts[name].fixture
        assert fixture.webhook
        return self._localized(fixture, fixture.webhook.text, job_id, self.url).encode()

    # The servers

    def answer(self, request: Request) -> Response:
        """What the provider answers that the URL is of. Raises ConnectionError where the connection ends instead."""
        here, url = request.host_url.rstrip("/"), _real(request)
        found = self._find(request.method, url, request.get_data())
        seen = _seen(request, url, found, media=here == self.media_url)
        origin = self.url if seen.media else here
        with self._lock:
            self.requests.append(seen)
            del self.requests[:-KEPT]
            part = self._parts.get(found[0] or "")
            fault = _hit(part.faults, found[1], url) if part else None
        if part is None or found[1] is None or (seen.media and found[1] != DOWNLOAD):
            answer = _no_answer(f"No fixture has an answer to {request.method} {url}.")
            return Response(answer.text, status=answer.status, content_type=answer.type)
        if fault and fault.in_vain:
            return self._faulty(part, fault, found[2], origin)
        if not _authorized(part.fixture, seen):
            return Response('{"error": "the key is missing"}', status=401, content_type="application/json")
        with self._lock:
            job_id, answer = self._played(part, found[1], url, found[2])
        if fault and fault.hides_the_answer:
            return self._faulty(part, fault, job_id, origin)
        response = self._response(part.fixture, answer, job_id, origin)
        response.headers.update(fault.headers if fault else {})
        return response

    def elsewhere(self, request: Request) -> Response:
        """The foreign host: it takes whatever it gets."""
        with self._lock:
            self.foreign.append(_seen(request, _real(request), (None, None, None)))
        return Response("{}", content_type="application/json")

    def _find(self, method: str, url: str, body: bytes) -> Found:
        """Of which provider a request is, which call, and of which submission."""
        for name, part in self._parts.items():
            asked = _as_fixture(part.fixture, url)
            call = part.fixture.call(method, asked)
            if call is None and method == "GET" and part.fixture.at(asked):
                call = DOWNLOAD
            if call:
                named = _ids(part.fixture.id).search(f"{unquote(url)} {body.decode('utf-8', 'replace')}")
                return name, call, named[0] if named else None
        return None, None, None

    def _played(self, part: Part, call: str, url: str, named: str | None) -> tuple[str | None, Answer]:
        """What a call is answered, and to which submission; it takes effect."""
        fixture = part.fixture
        if call == DOWNLOAD:
            return named, Answer(file=fixture.at(_as_fixture(fixture, url)))
        if call == "submit":
            job = Job(_numbered(fixture.id, len(part.jobs) + 1))
            part.jobs[job.id] = job
            return job.id, self._submitted(part)
        if call not in {"status", "result", "cancel"}:
            return None, fixture.answers[call]
        known = part.jobs.get(named or "")
        if known is None:
            return None, _no_answer(f"There is no submission {named}.")
        if call == "cancel":
            known.canceled = known.canceled or not self._state(part, known.shown).expect.over
            return known.id, fixture.answers["cancel"]
        if call == "status":
            known.shown = _next(part, known)
            known.looks += 1
        answer = getattr(self._state(part, known.shown), call)
        return known.id, answer or _no_answer(f"The fixture has no {call} in the state {known.shown}.")

    def _submitted(self, part: Part) -> Answer:
        foreign = part.fixture.foreign
        if part.astray and isinstance(foreign, Foreign) and foreign.submit:
            return foreign.submit
        return part.fixture.states[part.script[0]].submit or part.fixture.answers["submit"]

    def _state(self, part: Part, name: str | None) -> State:
        foreign = part.fixture.foreign
        if part.astray and name == "succeeded" and isinstance(foreign, Foreign) and foreign.state:
            return foreign.state
        return part.fixture.states[name or part.script[0]]

    def _faulty(self, part: Part, fault: Fault, job_id: str | None, origin: str) -> Response:
        if fault.drop:
            raise ConnectionAbortedError(fault.call)
        text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
        kind = "text/html" if isinstance(fault.body, str) else "application/json"
        answer = Answer(status=fault.status or 200, type=kind, text=text, headers=fault.headers)
        return self._response(part.fixture, answer, job_id, origin)

    def _response(self, fixture: Fixture, answer: Answer, job_id: str | None, origin: str) -> Response:
        if answer.file:
            return Response(answer.file.content, status=answer.status, content_type=answer.file.type)
        text = self._localized(fixture, answer.text, job_id, origin)
        response = Response(text, status=answer.status, content_type=answer.type)
        # A redirect leads where it says, not to what werkzeug makes of it.
        response.autocorrect_location_header = False
        for name, value in answer.headers.items():
            response.headers[name] = self._localized(fixture, value, job_id, origin)
        return response

    def _localized(self, fixture: Fixture, text: str, job_id: str | None, origin: str) -> str:
        """A text of the provider's with the submission's id, and with URLs that lead to this machine."""
        foreign = fixture.foreign.hosts - fixture.hosts if isinstance(fixture.foreign, Foreign) else frozenset()

        def here(found: re.Match[str]) -> str:
            if found[1] in fixture.hosts:
                return f"{origin if found[1] in fixture.api_hosts else self.media_url}{PREFIX}{found[1]}"
            return f"{self.foreign_url}{PREFIX}{found[1]}" if found[1] in foreign else found[0]

        text = _URL.sub(here, text)
        if job_id is None:
            return text
        return text.replace(fixture.id, job_id).replace(quote(fixture.id, safe=""), quote(job_id, safe=""))


@contextmanager
def play(fixtures: Mapping[str, Fixture], port: int = 0) -> Iterator[Player]:
    """Providers on 127.0.0.1 for the length of a `with` block, by the names that predictions give them."""
    player = Player(fixtures)
    with (
        Server(Request.application(player.answer), port) as server,
        Server(Request.application(player.answer)) as media,
        Server(Request.application(player.elsewhere)) as foreign,
    ):
        player.url, player.media_url, player.foreign_url = server.url, media.url, foreign.url
        yield player


def _declared_base(name: str) -> str:
    declared = yaml.safe_load((providers.DECLARATIONS / f"{name}.yaml").read_text())
    return str(declared["base"])


def _real(request: Request) -> str:
    """The URL as at the real provider, encoded as it came."""
    path = str(request.environ.get("RAW_URI", request.full_path))
    return f"https://{path.removeprefix(PREFIX)}" if path.startswith(PREFIX) else path


def _seen(request: Request, url: str, found: Found, *, media: bool = False) -> Seen:
    provider, call, job_id = found
    return Seen(
        provider=provider,
        call=call,
        id=job_id,
        method=request.method,
        url=url,
        headers=dict(request.headers),
        body=request.get_data(),
        media=media,
    )


def _hit(faults: list[Fault], call: str | None, url: str) -> Fault | None:
    fault = next((fault for fault in faults if fault.call == call and fault.url in {"", url}), None)
    if fault and fault.times > 0:
        fault.times -= 1
    if fault and fault.times == 0:
        faults.remove(fault)
    return fault


def _no_answer(sentence: str) -> Answer:
    return Answer(status=404, type="application/json", text=json.dumps({"error": sentence}))


def _authorized(fixture: Fixture, request: Seen) -> bool:
    """Whether it shows the key: every call must, and of the files those that say so."""
    file = fixture.at(_as_fixture(fixture, request.url)) if request.call == DOWNLOAD else None
    return (file is not None and (request.media or not file.key)) or request.shows(fixture.key)


def _as_fixture(fixture: Fixture, url: str) -> str:
    """A URL with the fixture's own id where a submission's stands."""
    encoded = quote(fixture.id, safe="/")
    return _ids(encoded).sub(lambda _: encoded, _ids(fixture.id).sub(lambda _: fixture.id, url))


def _next(part: Part, job: Job) -> str:
    """The state that the next look at a submission sees."""
    if job.canceled and "canceled" in part.fixture.states:
        return "canceled"
    return part.script[min(job.looks, len(part.script) - 1)]


def _tail(text: str) -> list[int]:
    """Where the last characters stand that a counter may take the place of."""
    return [n for n, letter in enumerate(text) if letter.isascii() and letter.isalnum()][-COUNTED:]


def _numbered(text: str, number: int) -> str:
    """An id of the same length and alphabet."""
    letters, places = list(text), _tail(text)
    alphabet = _DIGITS if any(letter.isdecimal() for letter in text) else _LETTERS
    for place in reversed(places):
        number, digit = divmod(number, len(alphabet))
        letters[place] = alphabet[digit] if letters[place].islower() or alphabet is _DIGITS else alphabet[digit].upper()
    return "".join(letters)


def _ids(text: str) -> re.Pattern[str]:
    """All ids that may have been made of one."""
    places = set(_tail(text))
    return re.compile("".join("[0-9A-Za-z]" if n in places else re.escape(letter) for n, letter in enumerate(text)))
