"""Who gets what: tokens go to the provider's own host alone, and nothing goes to what is not on the public internet."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.environment import variables
from local.simulator import Simulator, serve
from lumeo import aws, settings
from lumeo.hooks import hook_url
from tests.conftest import MASTER, TOKEN, TestClock
from tests.integration.driver import PICTURE, Driver

NAMES = ("files.test", "*.files.test")


class Listener:
    """Takes connections, answers nothing, and keeps every byte that it is sent."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                connection.settimeout(5)
                said = connection.recv(65536)
                if said == b"over":
                    return
                self.heard.append(said)

    def close(self) -> None:
        """After whoever is connected now."""
        with socket.create_connection(("127.0.0.1", self.port)) as last:
            last.sendall(b"over")
        self._thread.join()
        self._listener.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    if made._thread.is_alive():
        made.close()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch, listener: Listener) -> list[str]:
    """Every name below `files.test` is this machine's, whatever port is asked for. The names that were looked up."""
    real, asked = socket.getaddrinfo, []

    def resolve(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        if not str(host).endswith("files.test"):
            return real(host, port, *args, **options)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", listener.port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


@contextmanager
def output_hosts(driver: Driver, *hosts: str) -> Iterator[None]:
    with variables({"REPLICATE_OUTPUT_HOSTS": ",".join([driver.simulator_url, *hosts])}):
        yield


# Outputs from inside


@pytest.mark.parametrize("host", ["files.test", "a.files.test", "A.B.files.TEST", "files.test:443"])
def test_name_of_what_is_not_public(
    driver: Driver, listener: Listener, names: list[str], lines: list[str], host: str
) -> None:
    """A name that the provider chose leads to where only we can go: not one byte is sent there."""
    with output_hosts(driver, *NAMES):
        prediction_id = driver.running_with(f"https://{host}/latest/meta-data/0.png")
        driver.run(prediction_id, "Status")
    listener.close()

    assert len(names) == 1
    assert listener.heard == [b""], "connected, looked at, and left"
    assert driver.outcome(prediction_id) == ("failed", "output_expired")
    assert driver.stored_keys() == []
    assert any("not on the public internet" in line for line in lines)


@pytest.mark.parametrize("location", ["https://files.test/x.png", "https://a.files.test/x.png"])
def test_redirect_to_what_is_not_public(driver: Driver, listener: Listener, names: list[str], location: str) -> None:
    with output_hosts(driver, *NAMES):
        prediction_id = driver.settled("sim/instant")
        driver.fault("file", "redirect", location=location, times=-1)
        driver.run(prediction_id, "Finalize")
    listener.close()

    assert listener.heard == [b""]
    assert driver.outcome(prediction_id) == ("failed", "output_expired")


def test_origin_that_the_owner_named_may_be_anywhere(driver: Driver, listener: Listener, names: list[str]) -> None:
    """So that the whole of it runs on one machine; and so that the tests above mean something."""
    with output_hosts(driver, "https://files.test"):
        prediction_id = driver.running_with("https://files.test/0.png")
        driver.step("Status", prediction_id)
        driver.step("Finalize", prediction_id)
    listener.close()

    assert listener.heard[0][:2] == b"\x16\x03", "a TLS handshake"


@pytest.mark.parametrize(
    "url", ["http://files.test/0.png", "https://files.test:8443/0.png", "https://files.test.evil.test/0.png"]
)
def test_what_is_not_on_the_list_is_a_text(driver: Driver, names: list[str], listener: Listener, url: str) -> None:
    with output_hosts(driver, *NAMES):
        prediction_id = driver.running_with(url)
        driver.run(prediction_id, "Status")

    assert names == []
    assert driver.read(prediction_id)["output"] == url


@pytest.mark.parametrize("status", [302, 308])
@pytest.mark.parametrize("location", ["http://127.0.0.1:{port}/x", "http://[::1]:{port}/x", "//localhost:{port}/x"])
def test_redirect_by_address(driver: Driver, listener: Listener, status: int, location: str) -> None:
    prediction_id = driver.settled("sim/instant")
    headers = {"Location": location.format(port=listener.port)}
    driver.fault("file", "status", status=status, headers=headers, body="", times=-1)
    driver.clock.passes(3700)
    driver.run(prediction_id, "Finalize")
    listener.close()

    assert listener.heard == []
    assert driver.outcome(prediction_id) == ("failed", "output_expired")


# The provider's token


@pytest.fixture
def foreign(test_clock: TestClock) -> Iterator[tuple[Simulator, str]]:
    """Another host, which would answer as the provider does."""
    simulator = Simulator(clock=test_clock, token=TOKEN)
    with serve(simulator) as server:
        yield simulator, server.url


@pytest.mark.parametrize("status", [301, 307])
@pytest.mark.parametrize("call", ["create", "get", "list", "cancel", "secret"])
def test_token_does_not_follow_a_redirect(
    driver: Driver, foreign: tuple[Simulator, str], call: str, status: int
) -> None:
    simulator, url = foreign
    location = {"create": "/v1/models/sim/stuck/predictions", "secret": "/v1/webhooks/default/secret"}
    headers = {"Location": url + location.get(call, "/v1/predictions")}
    if call == "list":
        driver.fault("create", "drop_before")
    driver.fault(call, "status", status=status, headers=headers, times=5)
    prediction_id = driver.submit("sim/stuck")
    driver.step("Create", prediction_id)
    driver.step("Create", prediction_id)
    driver.step("Status", prediction_id)
    driver.cancel(prediction_id)
    driver.deliver()

    assert simulator.journal() == []


def test_token_goes_to_no_url_of_an_answer(driver: Driver, foreign: tuple[Simulator, str]) -> None:
    """What the provider names as the place to look and to cancel is a text."""
    simulator, url = foreign
    prediction_id = driver.running("sim/stuck")
    urls = {name: f"{url}/v1/predictions/{driver.upstream().id}" for name in ("get", "cancel", "web", "stream")}
    body = {
        "id": driver.upstream().id,
        "status": "processing",
        "urls": urls,
        "logs": urls["get"],
        "output": urls["get"],
    }
    driver.fault("get", "status", status=200, body=body, times=3)
    for _ in range(3):
        driver.step("Status", prediction_id)
    driver.cancel(prediction_id)
    driver.run(prediction_id, "Status")

    assert simulator.journal() == []
    assert driver.outcome(prediction_id) == ("canceled", None)


def test_token_goes_to_no_output_host(driver: Driver, foreign: tuple[Simulator, str]) -> None:
    """Not even where the file is only to be had with one."""
    simulator, url = foreign
    with output_hosts(driver, url):
        prediction_id = driver.running_with(f"{url}/v1/account")
        driver.clock.passes(3700)
        driver.run(prediction_id, "Status")

    assert simulator.journal()
    assert not [entry for entry in simulator.journal() if "Authorization" in entry["headers"]]
    assert simulator.counters()["leaked_tokens"] == 0


def test_upstream_id_is_no_path(driver: Driver) -> None:
    """An answer with an id that would lead elsewhere on the provider's host is no answer."""
    driver.fault("create", "status", status=201, body={"id": "../account", "status": "starting"})
    prediction_id = driver.submit("sim/instant")
    driver.run(prediction_id)

    assert not [entry for entry in driver.simulator.journal() if "account" in entry["path"]]
    assert driver.outcome(prediction_id) == ("succeeded", None)


# Kept and said nowhere


def everything(driver: Driver, prediction_id: str) -> str:
    """All that is kept in the table and in the bucket, and all that a caller reads."""
    found = [json.dumps(aws.dynamodb().scan(TableName=settings.table_name())["Items"], default=str)]
    found += [driver.stored(key)[0].decode("utf-8", "replace") for key in driver.stored_keys("")]
    found += [driver.call("GET", "/v1/predictions").text, driver.call("GET", f"/v1/predictions/{prediction_id}").text]
    return "\n".join(found)


def secrets_of(driver: Driver, prediction_id: str) -> dict[str, str]:
    return {
        "the provider's token": TOKEN,
        "our API key": driver.key,
        "the webhook's token": hook_url(driver.record(prediction_id)).rpartition("/")[2],
        "the signing secret": driver.simulator.secret.newest.removeprefix("whsec_"),
        "the master secret": MASTER,
    }


@pytest.mark.parametrize("status", ["succeeded", "failed", "canceled", "processing"])
@pytest.mark.parametrize("size", [1, 2000])
def test_provider_that_repeats_our_secrets(driver: Driver, lines: list[str], status: str, size: int) -> None:
    """In whatever it says, short enough for the table or not: none of them is kept, logged or shown."""
    prediction_id = driver.running("sim/stuck")
    url = hook_url(driver.record(prediction_id))
    said = f"Bearer {TOKEN} key\\n{driver.key} {url} {driver.simulator.secret.newest} " * size
    body = {
        "id": driver.upstream().id,
        "status": status,
        "output": {"text": said, "list": [said]},
        "error": said if status == "failed" else None,
        "logs": said,
        "metrics": {"predict_time": 1.0, "note": said[:300]},
    }
    driver.fault("get", "status", status=200, body=body, times=4)
    answers = [driver.step("Status", prediction_id) for _ in range(2)]
    driver.run(prediction_id, answers[-1]["next"], rounds=3)

    kept, logged = everything(driver, prediction_id), "\n".join(lines)
    for name, secret in secrets_of(driver, prediction_id).items():
        assert secret not in kept, name
        assert secret not in logged, name
        assert secret not in json.dumps(answers), name


@pytest.mark.parametrize("field", ["model", "version", "status", "started_at"])
def test_secret_in_a_word(driver: Driver, lines: list[str], field: str) -> None:
    prediction_id = driver.running("sim/stuck")
    body = {"id": driver.upstream().id, "status": "processing", field: TOKEN}
    driver.fault("get", "status", status=200, body=body)
    answer = driver.step("Status", prediction_id)

    assert TOKEN not in everything(driver, prediction_id)
    assert TOKEN not in "\n".join(lines) + json.dumps(answer)


@pytest.mark.parametrize("call", ["create", "get", "cancel", "list", "secret"])
@pytest.mark.parametrize("status", [422, 429, 500])
def test_secret_in_an_error(driver: Driver, lines: list[str], call: str, status: int) -> None:
    if call == "list":
        driver.fault("create", "drop_before")
    prediction_id = driver.submit("sim/stuck")
    url = hook_url(driver.record(prediction_id))
    said = {"detail": f"{TOKEN} may not call {url}", "title": TOKEN, "status": status}
    driver.fault(call, "status", status=status, body=said, times=3)
    answers = [driver.step(state, prediction_id) for state in ("Create", "Create", "Status")]
    driver.cancel(prediction_id)
    driver.deliver()
    answers.append(driver.step("Status", prediction_id))

    kept, logged = everything(driver, prediction_id), "\n".join(lines)
    for name, secret in secrets_of(driver, prediction_id).items():
        assert secret not in kept, name
        assert secret not in logged, name
        assert secret not in json.dumps(answers), name


def test_secrets_in_an_input(driver: Driver) -> None:
    """A client's bug, or a prompt that asks what is hidden: the provider does not get them either."""
    other = hook_url(driver.record(driver.submit("sim/instant")))
    text = f"{TOKEN}\n{driver.key}\t{other} {driver.simulator.secret.newest}"
    prediction_id = driver.submit("sim/text", {"prompt": text, "nested": [{text: text}]})
    driver.run(prediction_id)

    sent = json.dumps(driver.upstream().request.input)
    kept = everything(driver, prediction_id)
    for name, secret in secrets_of(driver, prediction_id).items():
        assert secret not in sent, name
        assert secret not in kept, name
    assert urlsplit(other).path.rpartition("/")[2] not in sent + kept


@pytest.mark.parametrize("version", [TOKEN, f"sim/{TOKEN}", f"sim/instant:{TOKEN}"])
def test_token_as_a_version(driver: Driver, lines: list[str], version: str) -> None:
    """It would stand in the execution's history, where nothing can be taken back."""
    answer = driver.call("POST", "/v1/predictions", {"version": version, "input": PICTURE})

    assert answer.status == 422
    assert TOKEN not in answer.text + "\n".join(lines)
    assert TOKEN not in everything(driver, driver.submit("sim/instant"))


def test_token_as_a_model(driver: Driver) -> None:
    answer = driver.call("POST", f"/v1/models/sim/{TOKEN}/predictions", {"input": PICTURE})

    assert answer.status in {404, 422}
    assert TOKEN not in answer.text + everything(driver, driver.submit("sim/instant"))


def test_token_as_a_key(driver: Driver) -> None:
    """An `Idempotency-Key` may be anything: it is kept as a hash."""
    prediction_id = driver.submit("sim/instant", idempotency_key=driver.key)

    assert driver.key not in everything(driver, prediction_id)


def test_whole_life_in_the_log(driver: Driver, lines: list[str]) -> None:
    """Accepted, throttled, lost, found, told, run and stored, with a bad webhook and a cancel that is refused."""
    driver.fault("create", "throttle", hint="text", seconds=2)
    driver.fault("create", "drop_after")
    driver.fault("get", "status", status=500)
    driver.fault("file", "status", status=500)
    driver.fault("webhook", "forge")
    prediction_id = driver.submit("sim/instant", idempotency_key="k")
    state = "Create"
    while state != "End":
        answer = driver.step(state, prediction_id)
        driver.deliver()
        driver.clock.passes(answer["wait"])
        state = answer["next"]
    driver.cancel(prediction_id)

    assert driver.outcome(prediction_id) == ("succeeded", None)
    logged = "\n".join(lines)
    assert len(lines) > 5
    for name, secret in secrets_of(driver, prediction_id).items():
        assert secret not in logged, name
