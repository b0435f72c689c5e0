"""What declarations make of their fixtures, without a server: each answer means what is expected of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from local import fixtures
from local.fixtures import Fixture, State
from lumeo.artifacts import Hosts
from lumeo.errors import ErrorCode, Gone, ProviderError, Rejected
from lumeo.prediction import Handle, Phase, Snapshot, Status, Verdict, verdict
from lumeo.providers import http, reading
from lumeo.providers.accounts import Account
from lumeo.providers.answers import refusal
from lumeo.providers.base import Submission
from lumeo.providers.declared import Declared
from lumeo.providers.grammar import Call, Send
from lumeo.providers.http import Answer
from lumeo.providers.templates import filled
from tests.providers.declared import FIXTURES, NAMES, declaration, fault, fixture, good, states
from tests.unit.make import NOW, prediction

WEBHOOK = "https://lumeo.test/v1/hooks/x"


@dataclass(frozen=True)
class Replay:
    """One provider without a network: its requests as they would be made, and answers as they would be read."""

    fixture: Fixture
    declared: Declared

    @property
    def account(self) -> Account:
        return self.declared._account("default")

    @property
    def submission(self) -> Submission:
        declared, played = self.declared.declaration, self.fixture
        return Submission(
            prediction="p",
            credential="default",
            model=played.model,
            version=None,
            options=played.options,
            input=played.input,
            before={step.name: self._kept(step.keep, step.name, {}) for step in declared.before},
            cancel_after=600,
            webhook=WEBHOOK if declared.webhook else None,
        )

    @property
    def beginning(self) -> dict[str, Any]:
        """What requests up to the submission are made of."""
        return self.declared._begun(self.submission)[1]

    @property
    def handle(self) -> Handle:
        submit = self.declared.declaration.submit
        seen = self.beginning | reading.answered(answer(self.fixture.answers["submit"]), "")
        kept = self._kept(submit.keep, "submit", self.beginning)
        return self.declared._handle(str(submit.id.of(seen)), self.submission, kept)

    @property
    def values(self) -> dict[str, Any]:
        """What requests after the submission are made of."""
        return self.declared._known(self.handle, self.account)

    def url(self, send: Send, values: Mapping[str, Any]) -> str:
        query = {name: str(value) for name, value in filled(dict(send.query), values).items()}
        asked = send.url.url(values)
        return (
            f"{asked}{'&' if '?' in asked else '?'}{'&'.join(f'{k}={v}' for k, v in query.items())}" if query else asked
        )

    def look(self, state: State) -> dict[str, Any]:
        """What a look sees in a state. Raises what the engine makes of an answer that is none."""
        declared = self.declared.declaration
        seen: dict[str, Any] = {**self.values, "result": None}
        seen |= self._one_look(declared.status, state.status, seen)
        if declared.result and declared.result.when.holds(seen):
            seen["result"] = self._one_look(declared.result.call, state.result, seen)
        return seen

    def seen(self, state: State) -> tuple[Snapshot | None, ErrorCode | None]:
        """What the engine makes of it; or, where it is gone, the code that it ends as."""
        try:
            return reading.snapshot(self.declared.declaration, self.look(state)), None
        except Gone as gone:
            return None, gone.code

    def _one_look(self, call: Call, said: fixtures.Answer | None, values: Mapping[str, Any]) -> dict[str, Any]:
        assert said, "the declaration makes a call that the state has no answer to"
        if not call.takes(said.status):
            raise Gone("", self.declared.declaration.gone) if said.status in {404, 410} else ProviderError("trouble")
        return reading.answered(answer(said), self.url(call.send, values))

    def _kept(self, keep: Mapping[str, Any], call: str, values: Mapping[str, Any]) -> dict[str, str]:
        seen = {**values, **reading.answered(answer(self.fixture.answers[call]), "")}
        return {name: str(value) for name, inner in keep.items() if (value := inner.of(seen)) is not None}


def answer(said: fixtures.Answer) -> Answer:
    """An answer of a fixture as the engine reads it."""
    kind, content = (said.file.type, said.file.content) if said.file else (said.type, said.text.encode())
    headers = {"content-type": kind} | {name.lower(): value for name, value in said.headers.items()}
    binary = bool(http._BINARY.match(headers["content-type"]))
    return Answer(said.status, headers, said.text, None if binary else http.parsed(content), binary)


@cache
def replay(name: str) -> Replay:
    played = fixture(name)
    return Replay(played, Declared(declaration(name), lambda _: played.account, lambda: b"master"))


@pytest.mark.parametrize("name", NAMES)
def test_every_declaration_has_a_fixture(name: str) -> None:
    assert fault(name) is None


def test_every_fixture_has_a_declaration() -> None:
    assert {path.stem for path in FIXTURES.glob("*.yaml")} <= set(NAMES)


def cases() -> list[Any]:
    return [pytest.param(name, state, id=f"{state.name}-{name}") for name in good() for state in states(name)]


@pytest.mark.parametrize(("name", "state"), cases())
def test_state(name: str, state: State) -> None:
    """The pure mapping of what a look sees in it."""
    played, expect = replay(name), state.expect
    found, gone = played.seen(state)
    if found is None:
        assert expect.gone or expect.status is Status.FAILED
        assert expect.code in {gone, None}
        return
    ended = verdict(prediction(Phase.RUNNING), found, NOW)

    assert not expect.gone
    assert found.unknown == expect.unknown
    wanted = Verdict(expect.status, NOW, expect.code) if expect.status and expect.status.terminal else None
    assert ended == wanted if wanted else (ended, found.status) == (None, expect.status)
    assert (found.remark.value if found.remark else None) == expect.warning
    assert {**found.metrics, **dict(expect.metrics or {})} == found.metrics
    assert expect.counts is None or found.metrics["counts"] == expect.counts
    assert expect.progress is None or found.metrics["progress"] == expect.progress
    files = reading.found(played.declared.declaration, found.output)
    assert [file.url for file in files] == list(expect.files)
    if expect.files or expect.status is Status.SUCCEEDED:
        assert found.output == expect.output
    for file in files:
        check_download(played, file.url, keyed=file.keyed)


def check_download(played: Replay, url: str, *, keyed: bool) -> None:
    """It is on an allowed host, and the key is sent for it if, and only if, it is needed."""
    account, known = played.account, played.fixture.at(url)
    if url.startswith("data:"):
        assert not keyed
        return
    assert (account.files | account.trusted if keyed else account.files).allows(url)
    if keyed:
        assert account.trusted.allows(url), "without the key it would not be given"
    if known:
        assert keyed == known.key


def batches() -> list[Any]:
    known = [(name, state) for name in good() for state in states(name) if state.expect.items is not None]
    return [pytest.param(name, state, id=f"{state.name}-{name}") for name, state in known]


@pytest.mark.parametrize(("name", "state"), batches())
def test_items(name: str, state: State) -> None:
    """What the lines of its result files say of each item."""
    played = replay(name)
    found, _ = played.seen(state)
    assert found
    files = [file for file in reading.found(declaration(name), found.output) if played.declared.has_items(file.pointer)]
    lines = [line for file in files for line in played.fixture.bytes_of(file.url, state).splitlines()]
    said = played.declared.statuses([http.parsed(line) for line in lines])

    assert [{"id": item, "status": status} for item, status in said] == list(state.expect.items or ())


@pytest.mark.parametrize("name", good())
def test_requests_go_to_the_routes(name: str) -> None:
    """Declaration and fixture mean the same API; the key goes nowhere else."""
    played, declared = replay(name), declaration(name)
    before, after = played.beginning, played.values
    calls = [(step.name, step.call.send, before) for step in declared.before]
    calls += [("submit", declared.submit.call.send, before), ("status", declared.status.send, after)]
    if declared.result:
        calls.append(("result", declared.result.call.send, after))
    if declared.cancel:
        calls.append(("cancel", declared.cancel.call.send, after))
    for call, send, values in calls:
        url = played.url(send, values)
        assert played.fixture.call(send.method, url) == call, f"{send.method} {url}"
        assert played.account.trusted.allows(url)

    assert set(played.fixture.routes) == {call for call, _, _ in calls}, "a route that nobody asks for"
    assert played.handle.id == played.fixture.id


@pytest.mark.parametrize("name", good())
def test_adopted_is_what_was_kept(name: str) -> None:
    """Where an id alone has to do, it leads to the same places."""
    played, declared = replay(name), declaration(name)
    if not declared.submit.adopt:
        return
    handle = played.declared.adopt(played.fixture.id, played.submission)
    adopted = played.declared._known(handle, played.account)["kept"]

    assert {key: adopted[key] for key in declared.submit.keep} == played.values["kept"]


def refusals() -> list[Any]:
    return [
        pytest.param(name, refused, id=f"{n}-{name}")
        for name in good()
        for n, refused in enumerate(fixture(name).refused_submit)
    ]


@pytest.mark.parametrize(("name", "refused"), refusals())
def test_refusal_of_a_submission(name: str, refused: fixtures.Refusal) -> None:
    played, said = replay(name), answer(refused.answer)
    seen = played.beginning | reading.answered(said, "")
    declared = [one.code for one in declaration(name).submit.refused if one.when.holds(seen)]
    by_http = refusal(said)

    assert (declared[0] if declared else by_http.code if isinstance(by_http, Rejected) else None) == refused.code


@pytest.mark.parametrize("name", good())
def test_states_cover_the_rules(name: str) -> None:
    """Every rule is met by some state of the fixture: one that none meets may be wrong without anybody seeing it."""
    played, rules = replay(name), declaration(name).rules
    met = set()
    for state in states(name):
        try:
            seen = played.look(state)
        except ProviderError:
            continue
        met.add(id(reading.matching(rules, seen)))
    left = [rule.when.text for rule in rules if rule.when and id(rule) not in met]

    assert left == []


@pytest.mark.parametrize("name", good())
def test_polling_leaves_time(name: str) -> None:
    """Several looks fall into the time for which results are kept, and not too many into the longest run."""
    polling = declaration(name).polling

    assert polling.cap * 6 <= polling.result_window
    assert polling.deadline / polling.cap <= 1500


def test_codes_are_ours() -> None:
    """A provider that refuses content says so in a code of ours somewhere, or why it does not."""
    for name in good():
        refused = fixture(name).states.get("refused")
        assert refused is None or refused.expect.code is ErrorCode.CONTENT_REJECTED
        assert Hosts(declaration(name).hosts).allows("https://evil.example/") is False


def test_batches_have_items() -> None:
    """Whoever declares items has a state that shows what each of their rules means."""
    for name in good():
        items = declaration(name).items
        said = {one["status"] for state in states(name) for one in state.expect.items or ()}
        assert said >= {str(rule.status) for rule in (items.rules if items else ())}
