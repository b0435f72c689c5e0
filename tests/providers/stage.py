"""The stage of a case: one provider, its fixture behind real HTTP, and the whole machine in the test's own time."""

import json
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from local.fixtures import Expect, Fixture, State
from local.player import PREFIX, Player, Seen
from lumeo import artifacts, aws, clock, settings
from lumeo.artifacts import Hosts
from lumeo.prediction import Status
from lumeo.providers.grammar import Declaration
from tests.conftest import TOKEN, client
from tests.integration.driver import Answer, Driver, http_request
from tests.providers.declared import declaration, fixture
from tests.providers.signing import Signatures

PUBLIC = {"base_url", "output_hosts"}
CDN = "https://cdn.test"
ROUNDS = 60
SHORTEST_HIDDEN = 8
REMARKS = {"partial", "incomplete", "not_stopped"}
_HOOK = re.compile(r"https://lumeo\.test(/v1/hooks/[\w/.-]+)")


@dataclass
class Stage:
    """What a case plays with. `said`: all that the API has answered."""

    name: str
    driver: Driver
    player: Player
    lines: list[str]
    signatures: Signatures
    said: list[str] = field(default_factory=list)

    @property
    def fixture(self) -> Fixture:
        return fixture(self.name)

    @property
    def declaration(self) -> Declaration:
        return declaration(self.name)

    # The owner's side

    def accounts(self, **accounts: Mapping[str, Any]) -> None:
        """Put these into the secret, as the provider's only accounts."""
        secret = {"replicate": {"default": TOKEN}, self.name: accounts}
        client("secretsmanager").put_secret_value(
            SecretId=os.environ["PROVIDER_SECRET"], SecretString=json.dumps(secret)
        )

    @property
    def account(self) -> dict[str, Any]:
        own = {"webhook_keys": self.signatures.url} if self.declaration.webhook else {}
        return self.player.account(self.name, self.declaration.base) | own

    @property
    def hidden(self) -> list[str]:
        """What of the account must be seen by nobody but the provider."""
        found = [value for name, value in self.fixture.account.items() if name not in PUBLIC]
        return [value for value in found if isinstance(value, str) and len(value) >= SHORTEST_HIDDEN]

    # The caller's side

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        answer = self.driver.call(method, path, body)
        self.said.append(answer.text)
        return answer

    @property
    def wanted(self) -> dict[str, Any]:
        """The body of a create call."""
        played = self.fixture
        body: dict[str, Any] = {"provider": self.name, "input": played.input}
        optional = {"model": played.model, "options": played.options}
        return body | {name: value for name, value in optional.items() if value}

    def submit(self) -> str:
        answer = self.call("POST", "/v1/predictions", self.wanted)
        assert answer.status == 201, answer.text
        return str(answer.body["id"])

    def read(self, prediction_id: str) -> dict[str, Any]:
        answer = self.call("GET", f"/v1/predictions/{prediction_id}")
        assert answer.status == 200, answer.text
        return dict(answer.body)

    # The machine's side

    def create(self, prediction_id: str) -> dict[str, Any]:
        """All that comes before the first look; what the last task answered."""
        for _ in range(ROUNDS):
            answer = self.driver.step("Create", prediction_id)
            if answer["next"] != "Create":
                return answer
            self.driver.clock.passes(answer["wait"])
        raise AssertionError("it is never submitted")

    def running(self, *states: str) -> str:
        """The id of a prediction that the provider has; its looks see these states, or else the usual ones."""
        if states:
            self.player.script(self.name, states)
        prediction_id = self.submit()
        assert self.create(prediction_id)["next"] == "Status"
        return prediction_id

    def look(self, prediction_id: str) -> dict[str, Any]:
        """One look, and the wait after it."""
        answer = self.driver.step("Status", prediction_id)
        self.driver.clock.passes(answer["wait"])
        return answer

    def ended(self, prediction_id: str, state: str = "Status") -> dict[str, Any]:
        """The prediction when its run is over, as its caller reads it."""
        self.driver.run(prediction_id, state, rounds=ROUNDS)
        shown = self.read(prediction_id)
        assert Status(shown["status"]).terminal, f"{shown['status']} after {ROUNDS} tasks"
        return shown

    # The provider's side

    @property
    def usual(self) -> list[str]:
        """States that fixtures have before the end."""
        return [name for name in ("waiting", "running") if name in self.fixture.states]

    @property
    def job(self) -> str:
        """The only submission."""
        (found,) = self.player.ids(self.name)
        return found

    def seen(self, call: str) -> list[Seen]:
        return self.player.seen(self.name, call)

    def hook(self) -> str:
        """Where the provider was told to call us."""
        (submitted,) = self.seen("submit")
        found = _HOOK.search(unquote(submitted.url) + submitted.body.decode())
        assert found, "the submission names no webhook"
        return found[1]

    def deliver(self, path: str, body: bytes, headers: Mapping[str, str]) -> int:
        """What the provider's call of our webhook is answered."""
        return self.driver.gateway.answer(http_request("POST", path, body, headers)).status_code

    # What has to hold

    def check(self, shown: Mapping[str, Any], state: State, job: str | None = None) -> None:
        """It ended as the fixture expects of a state, with every file in the bucket byte for byte."""
        expect = state.expect
        code = expect.code or (self.declaration.gone if expect.gone else None)
        assert (shown["status"], shown["error_code"]) == (expect.status or Status.FAILED, code)
        said = {one["code"] for one in shown["warnings"]} & REMARKS
        assert said == ({expect.warning} if expect.warning else set())
        self.check_metrics(shown, expect)
        self.check_output(shown, state, job or self.job)

    def check_metrics(self, shown: Mapping[str, Any], expect: Expect) -> None:
        wanted = {"counts": expect.counts, "progress": expect.progress, **(expect.metrics or {})}
        for name, value in wanted.items():
            assert value is None or shown["metrics"][name] == value

    def check_output(self, shown: Mapping[str, Any], state: State, job: str) -> None:
        """The provider's output with our URLs in the places of its files."""
        expect, record = state.expect, self.driver.record(shown["id"])
        stored = [output for _, output in sorted(record.outputs.items(), key=lambda item: int(item[0]))]
        for url, output in zip(expect.files, stored, strict=True):
            assert artifacts.at(expect.output, output.pointer) == url
            content, head = self.driver.stored(output.key)
            assert content == self.fixture.bytes_of(url, state)
            assert (output.bytes, output.content_type) == (len(content), head["ContentType"])
        told = expect.output if stored or expect.status is Status.SUCCEEDED else None
        wanted = self.player.as_answered(self.name, told, job)
        ours = {output.pointer: f"{CDN}/{output.key}" for output in stored}
        assert shown["output"] == (artifacts.replace(wanted, ours) if ours else wanted)
        left = json.dumps({**shown, "output": None})
        assert PREFIX not in left
        assert not any(self.player.as_answered(self.name, url, job) in json.dumps(shown) for url in expect.files)

    def check_failed(self, shown: Mapping[str, Any], code: str) -> None:
        """It failed, in our words alone."""
        assert (shown["status"], shown["error_code"], shown["output"]) == ("failed", code, None)

    def check_secrets(self) -> None:
        """The key is where the API is, and nowhere else."""
        self.call("GET", "/v1/predictions")
        places = {
            "answers": self.said,
            "log": self.lines,
            "table": list(_items()),
            "bucket": [self.driver.stored(key)[0].decode("latin-1") for key in self.driver.stored_keys("")],
        }
        for secret in self.hidden:
            assert [place for place, texts in places.items() if _holds(texts, secret)] == []
        for seen in self.player.foreign:
            assert not any(seen.shows(secret) for secret in self.hidden)
        hosts = self._hosts()
        for seen in self.player.requests:
            assert seen.call, f"the fixture does not know {seen.method} {seen.url}"
            for_the_key = not seen.media and hosts.allows(f"https://{urlsplit(seen.url).netloc}/")
            assert for_the_key or not any(seen.shows(secret) for secret in self.hidden)

    def _hosts(self) -> Hosts:
        """Who may get the key."""
        own = urlsplit(str(self.fixture.account.get("base_url", ""))).netloc
        return Hosts([*self.declaration.hosts, *([own] if own else [])])


def seconds_since(moment: str) -> float:
    return clock.seconds_between(moment, clock.stamp())


def _items() -> Collection[str]:
    tables = aws.dynamodb().list_tables()["TableNames"]
    assert settings.table_name() in tables
    return [str(item) for table in tables for item in aws.dynamodb().scan(TableName=table)["Items"]]


def _holds(texts: Collection[str], secret: str) -> bool:
    return any(secret in text for text in texts)
