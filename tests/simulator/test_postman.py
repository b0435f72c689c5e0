"""The sending of webhooks, over real sockets and in real time."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from local.serving import Server
from local.simulator import DEFAULT_TOKEN, Simulator, serve
from local.simulator.signing import signature
from tests.simulator.caller import Caller
from tests.simulator.receiver import PATIENCE, Receiver, secured


@dataclass
class Scene:
    """A simulator that sends, a client of it, and a receiver."""

    simulator: Simulator
    sim: Caller
    receiver: Receiver
    url: str

    def outcomes(self, count: int) -> list[dict[str, Any]]:
        """So many attempts whose outcome is known."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            lines = [line for line in self.simulator.webhooks() if line["status"] is not None]
            if len(lines) >= count:
                return lines
            time.sleep(0.01)
        raise AssertionError(self.simulator.webhooks())


@pytest.fixture
def scene() -> Iterator[Scene]:
    receiver, simulator = Receiver(), Simulator()
    with Server(receiver) as listening, serve(simulator, webhooks=True) as server:
        sim = Caller(server.url, DEFAULT_TOKEN)
        with sim.session:
            yield Scene(simulator, sim, receiver, listening.url)
        receiver.freed.set()


def test_what_is_due_is_sent(scene: Scene) -> None:
    created = scene.sim.told(f"{scene.url}/hook", processing=0.2)
    requests = scene.receiver.wait_for(4)
    statuses = [line["status"] for line in scene.outcomes(4)]

    assert statuses == [200] * 4
    assert {request["REQUEST_METHOD"] for request in requests} == {"POST"}
    assert {request["CONTENT_TYPE"] for request in requests} == {"application/json"}
    assert all(created["id"].encode() in request["body"] for request in requests)


def test_what_is_sent_is_signed(scene: Scene) -> None:
    scene.sim.told(f"{scene.url}/hook", events=["completed"])
    (request,) = scene.receiver.wait_for(1)
    message, timestamp = request["HTTP_WEBHOOK_ID"], int(request["HTTP_WEBHOOK_TIMESTAMP"])

    assert request["HTTP_WEBHOOK_SIGNATURE"] == signature(
        [scene.simulator.secret.newest], message, timestamp, request["body"]
    )
    assert abs(time.time() - timestamp) < PATIENCE


def test_it_comes_at_its_time(scene: Scene) -> None:
    before = time.monotonic()
    scene.sim.told(f"{scene.url}/hook", events=["completed"], processing=0.5)
    (request,) = scene.receiver.wait_for(1)

    assert 0.5 <= request["at"] - before < 1.5


def test_a_new_run_wakes_who_waits_for_a_later_one(scene: Scene) -> None:
    scene.sim.told(f"{scene.url}/later", events=["completed"], processing=3600)
    time.sleep(0.2)
    before = time.monotonic()
    scene.sim.told(f"{scene.url}/now", events=["completed"])
    (request,) = scene.receiver.wait_for(1, "/now")

    assert request["at"] - before < 1
    assert scene.receiver.of("/later") == []


def test_a_cancel_is_told_at_once(scene: Scene) -> None:
    created = scene.sim.told(f"{scene.url}/hook", events=["completed"], processing=3600)
    time.sleep(0.2)
    before = time.monotonic()
    scene.sim.cancel(created)
    (request,) = scene.receiver.wait_for(1)

    assert request["at"] - before < 1
    assert b'"status": "canceled"' in request["body"]


def test_a_completed_that_is_refused_comes_again(scene: Scene) -> None:
    scene.sim.told(f"{scene.url}/503", events=["completed"])
    first, second = scene.receiver.wait_for(2)

    assert first["HTTP_WEBHOOK_ID"] == second["HTTP_WEBHOOK_ID"]
    assert 1 <= second["at"] - first["at"] < 2


def test_a_redirect_is_not_followed_and_has_failed(scene: Scene) -> None:
    scene.sim.told(f"{scene.url}/301", events=["completed"])
    scene.receiver.wait_for(2, "/301")

    assert scene.receiver.of("/200") == []
    assert scene.outcomes(1)[0]["status"] == 301


def test_a_url_that_is_none_reaches_nobody_and_harms_nobody(scene: Scene) -> None:
    urls = ["nonsense", "ftp://127.0.0.1/x", "http://", "http://[", f"http://{'a' * 64}.b"]
    for url in urls:
        scene.sim.told(url, events=["completed"])
    wait_until(lambda: len(scene.simulator.webhooks()) >= 2 * len(urls))
    scene.sim.told(f"{scene.url}/hook", events=["completed"])
    scene.receiver.wait_for(1)
    lines = scene.simulator.webhooks()

    assert all([line["attempt"] for line in lines if line["url"] == url][:2] == [1, 2] for url in urls)
    assert {line["status"] for line in lines if line["url"] in urls} == {None}


def test_one_that_nobody_listens_for_comes_again(scene: Scene) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    scene.sim.told(f"http://127.0.0.1:{port}/hook", events=["completed"])
    time.sleep(0.3)
    with Server(scene.receiver, port):
        (request,) = scene.receiver.wait_for(1)

        assert request["PATH_INFO"] == "/hook"


def test_a_slow_receiver_holds_up_nobody_else(scene: Scene) -> None:
    for _ in range(20):
        scene.sim.told(f"{scene.url}/slow", events=["completed"])
    scene.receiver.wait_for(20, "/slow")
    before = time.monotonic()
    scene.sim.told(f"{scene.url}/quick", events=["completed"])
    (request,) = scene.receiver.wait_for(1, "/quick")

    assert request["at"] - before < 2
    assert {line["url"] for line in scene.outcomes(1)} == {f"{scene.url}/quick"}


def test_nothing_is_sent_unless_asked_for() -> None:
    receiver, simulator = Receiver(), Simulator()
    with Server(receiver) as listening, serve(simulator) as server:
        sim = Caller(server.url, DEFAULT_TOKEN)
        with sim.session:
            sim.told(f"{listening.url}/hook", events=["completed"])
            time.sleep(0.2)

    assert receiver.requests == []
    assert simulator.next_delivery() is not None


def test_closing_ends_the_thread_and_the_sending() -> None:
    receiver, simulator = Receiver(), Simulator()
    with Server(receiver) as listening:
        with serve(simulator, webhooks=True) as server:
            sim = Caller(server.url, DEFAULT_TOKEN)
            with sim.session:
                sim.told(f"{listening.url}/hook", events=["completed"], processing=0.3)
            assert postmen() == 1
        assert postmen() == 0
        time.sleep(0.5)

    assert receiver.requests == []


def test_closing_waits_for_no_receiver() -> None:
    receiver = Receiver()
    with Server(receiver) as listening:
        with serve(Simulator(), webhooks=True) as server:
            sim = Caller(server.url, DEFAULT_TOKEN)
            with sim.session:
                sim.told(f"{listening.url}/slow", events=["completed"])
            receiver.wait_for(1)
            before = time.monotonic()
        took = time.monotonic() - before
        receiver.freed.set()

    assert took < 2


def test_receivers_with_a_certificate_of_ones_own(tmp_path: Path) -> None:
    authority = trustme.CA()
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with secured(authority) as url:
        assert outcome(url, trust=str(bundle)) == 200
        assert outcome(url, trust=None) is None


def outcome(url: str, trust: str | None) -> int | None:
    """What the first attempt to reach a receiver comes to."""
    simulator = Simulator()
    with serve(simulator, webhooks=True, trust=trust) as server:
        sim = Caller(server.url, DEFAULT_TOKEN)
        with sim.session:
            sim.told(f"{url}/hook", events=["completed"])
            # Either it has an answer, or there is another attempt.
            wait_until(lambda: any(line["status"] or line["attempt"] > 1 for line in simulator.webhooks()))
    status: int | None = simulator.webhooks()[0]["status"]
    return status


def wait_until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


def postmen() -> int:
    return sum(thread.name == "postman" for thread in threading.enumerate())
