"""No answer lets a caller see what is another's: bob tries every call of the API with what is alice's."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.contract import document
from lumeo import clock, ids
from lumeo.keys import keys
from lumeo.listing import cursor
from lumeo.pages import Place
from tests.integration.driver import Answer, Driver

MARK = "of-alice"
"""In all that alice says."""
REQUEST = {"input": {"prompt": f"a secret {MARK}"}, "webhook": f"https://example.com/{MARK}"}
VERSION = hashlib.sha256(b"sim/one").hexdigest()


@dataclass(slots=True)
class Caller:
    """Calls the API with one key. Keeps what was sent, and what was answered, in the last case."""

    driver: Driver
    key: str
    sent: str = ""
    answers: list[Answer] = field(default_factory=list)

    def tries(self, case: "Case", things: "Things") -> list[Answer]:
        self.sent, self.answers = "", []
        case(self, things)
        return self.answers

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        self.sent += f"{path} {body} {headers}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append(
            self.driver.call(method, path, body, headers={"Authorization": f"Bearer {self.key}", **named})
        )
        return self.answers[-1]

    def upload(self, name: str, content: bytes) -> Answer:
        mine = {"Authorization": f"Bearer {self.key}"}
        self.answers.append(self.driver.upload(name, content, "image/png", {"note": name}, **mine))
        return self.answers[-1]


@dataclass(frozen=True, slots=True)
class Things:
    """What somebody has: ids of predictions and of files, and a cursor in a list."""

    predictions: tuple[str, ...]
    files: tuple[str, ...]
    cursor: str


Case = Callable[[Caller, Things], Any]


def of_predictions(method: str, path: str, body: Any = None) -> Case:
    """A call of each prediction."""
    return lambda caller, things: [caller.call(method, path.format(id=one), body) for one in things.predictions]


def of_files(method: str, path: str) -> Case:
    """A call of each file."""
    return lambda caller, things: [caller.call(method, path.format(id=one)) for one in things.files]


def listed(path: str, *queries: str) -> Case:
    """A list, from its start and from a cursor."""
    return lambda caller, things: [caller.call("GET", path + query.format(things.cursor)) for query in queries]


def create(path: str, more: Mapping[str, Any] | None = None) -> Case:
    """What alice created, word by word: by its key, and as clients repeat it; then with each of her files."""

    def made(caller: Caller, things: Things) -> None:
        request = REQUEST | dict(more or {})
        caller.call("POST", path, request, Idempotency_Key=path)
        caller.call("POST", path, request, X_Stainless_Retry_Count="1")
        for file in things.files:
            image = {"prompt": "x", "image": f"https://lumeo.test/v1/files/{file}"}
            caller.call("POST", path, request | {"input": image})

    return made


HERS: Mapping[str, Case] = {
    "predictions.get": of_predictions("GET", "/v1/predictions/{id}"),
    "predictions.delete": of_predictions("DELETE", "/v1/predictions/{id}"),
    "predictions.cancel": of_predictions("POST", "/v1/predictions/{id}/cancel"),
    "predictions.rerun": of_predictions("POST", "/v1/predictions/{id}/rerun"),
    "predictions.items.list": of_predictions("GET", "/v1/predictions/{id}/items"),
    "hooks.receive": of_predictions("POST", "/v1/hooks/replicate/{id}/token", {}),
    "files.get": of_files("GET", "/v1/files/{id}"),
    "files.delete": of_files("DELETE", "/v1/files/{id}"),
    "files.download": of_files("GET", "/v1/files/{id}/download?owner=alice"),
}
"""Calls of something: to bob, what is alice's is not there."""
HIS: Mapping[str, Case] = {
    "predictions.list": listed(
        "/v1/predictions", "", "?status=succeeded&model=sim/one&provider=replicate", "?cursor={}"
    ),
    "models.list": listed("/v1/models", ""),
    "models.get": listed("/v1/models/sim/one", ""),
    "models.versions.list": listed("/v1/models/sim/one/versions", "", "?cursor={}"),
    "models.versions.get": listed(f"/v1/models/sim/one/versions/{VERSION}", ""),
    "files.create": lambda caller, _: caller.upload("b.png", b"bytes"),
    "files.uploads.create": lambda caller, _: caller.call("POST", "/v1/files/uploads", {"filename": "b", "size": 5}),
    "files.list": listed("/v1/files", "", "?cursor={}"),
    "webhooks.default.secret.get": listed("/v1/webhooks/default/secret", ""),
    "openapi.get": listed("/v1/openapi.json", ""),
    # Last, since he says then what she said.
    "predictions.create": create("/v1/predictions", {"version": "sim/one"}),
    "models.predictions.create": create("/v1/models/sim/one/predictions"),
    "deployments.predictions.create": create("/v1/deployments/sim/deployment/predictions"),
}
"""Calls that show bob what is his, or everybody's."""


@pytest.fixture
def alice(driver: Driver) -> Caller:
    return Caller(driver, driver.key)


@pytest.fixture
def bob(driver: Driver) -> Caller:
    return Caller(driver, keys().create("bob", "a test"))


@pytest.fixture
def things(driver: Driver, alice: Caller) -> Things:
    """One of each of what alice can have."""
    prompt, path = {"prompt": f"a secret {MARK}"}, "/v1/models/sim/one/predictions"
    waiting = [
        alice.call("POST", path, REQUEST, **named).body["id"]
        for named in ({"Idempotency_Key": path}, {"X_Stainless_Retry_Count": "0"})
    ]
    running, saving = driver.running("sim/one", prompt), driver.settled("sim/one", prompt)
    ended = [driver.finished(model, prompt)[0]["id"] for model in ("sim/one", "sim/text", "sim/traceback", "sim/one")]
    canceled = driver.submit("sim/one", prompt)
    driver.cancel(canceled)
    again = alice.call("POST", f"/v1/predictions/{ended[0]}/rerun").body["id"]
    assert alice.call("DELETE", f"/v1/predictions/{ended[-1]}").status == 204
    there = alice.upload(f"{MARK}.png", b"bytes").body["id"]
    awaited = alice.call("POST", "/v1/files/uploads", {"filename": f"{MARK}.mp4", "size": 5}).body["id"]
    place = Place(there, clock.stamp(), newer=False)
    return Things((*waiting, running, saving, *ended, canceled, again), (there, awaited), cursor("alice", place))


def nobodys(things: Things) -> Things:
    """The same, of what is not there."""
    gone = Place(ids.new(), clock.stamp(), newer=False)
    return Things(
        tuple(ids.new() for _ in things.predictions), tuple(ids.new() for _ in things.files), cursor("nobody", gone)
    )


def seen(caller: Caller, things: Things) -> list[tuple[int, str]]:
    """All that somebody can read of these things."""
    paths = ["/v1/predictions", "/v1/files", "/v1/webhooks/default/secret"]
    paths += [f"/v1/predictions/{one}" for one in things.predictions] + [f"/v1/files/{one}" for one in things.files]
    return [(answer.status, answer.text) for answer in (caller.call("GET", path) for path in paths)]


def private(driver: Driver, alice: Caller, things: Things) -> list[str]:
    """What nobody else may be shown, if he does not say it himself: words, ids, the secret, where files are."""
    secret = alice.call("GET", "/v1/webhooks/default/secret").body["key"]
    stored = [key for prefix in ("outputs/", "inputs/", "records/") for key in driver.stored_keys(prefix)]
    return [MARK, secret, things.cursor, *things.predictions, *things.files, *(key.split("/")[1] for key in stored)]


def test_every_call_has_a_case() -> None:
    assert sorted([*HERS, *HIS]) == sorted(operation.id for operation in document().operations.values())


def test_another_callers_things_are_not_there(driver: Driver, alice: Caller, bob: Caller, things: Things) -> None:
    """They are answered like what nobody has, and nothing becomes of them."""
    hidden, before = private(driver, alice, things), seen(alice, things)
    for name, case in {**HERS, **HIS}.items():
        missing = bob.tries(case, nobodys(things))
        found = bob.tries(case, things)

        assert [answer.status for answer in found] == [answer.status for answer in missing], name
        for answer in [*missing, *found]:
            assert [word for word in hidden if word in str(answer) and word not in bob.sent] == [], name
        if name in HERS:
            assert {answer.status for answer in found} == {404}, name
            assert [answer.text for answer in found] == [answer.text for answer in missing], name
        else:
            assert found[0].status in {200, 201}, name
            assert {answer.status for answer in found} <= {200, 201, 400, 404, 422}, name
        # The catalogue is everybody's, and one page.
        if name.endswith(".list") and name != "models.list":
            assert found[-1].status in {400, 404}, f"{name}: a cursor of somebody else"
    assert seen(alice, things) == before


def test_a_callers_own_things_are(alice: Caller, things: Things) -> None:
    """Each case asks for what is there; the provider's own call, and a batch's items, are tested elsewhere."""
    elsewhere = {"hooks.receive", "predictions.items.list"}
    deleted_last = sorted({**HERS, **HIS}.items(), key=lambda case: case[0].endswith(".delete"))
    for name, case in deleted_last:
        assert any(answer.status < 400 for answer in alice.tries(case, things)) == (name not in elsewhere), name
