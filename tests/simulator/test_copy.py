"""`sim/copy` reads its input as Replicate would, and gives back what it read."""

import base64
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme

from local.serving import Server
from local.simulator import DEFAULT_TOKEN, Simulator, serve
from local.simulator.fetching import Unreadable, fetch
from tests.simulator.caller import Caller, HandClock
from tests.simulator.receiver import Receiver, secured

PICTURE = bytes(range(256)) * 1000
REFUSED = ("missing", "endless", "nonsense", "ftp", "nobody", "half", "no base64")


@dataclass
class Elsewhere:
    """An application that has files: `/picture`, as the type that the query names, and ways that lead there or not."""

    requests: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.requests.append(environ)
        path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
        match path:
            case "/picture":
                start("200 OK", [("Content-Type", query or "image/jpeg"), ("Content-Length", str(len(PICTURE)))])
                return [PICTURE]
            case "/untyped":
                start("200 OK", [])
                return [PICTURE]
            case "/half":
                start("200 OK", [("Content-Length", str(len(PICTURE)))])
                return broken_off()
            case "/trickle":
                start("200 OK", [])
                return trickle()
            case "/3" | "/2" | "/1":
                following = int(path[1:]) - 1
                start("302 Found", [("Location", f"/{following}" if following else "/picture")])
            case "/endless":
                start("302 Found", [("Location", path)])
            case _:
                start("404 Not Found", [])
        return [b""]


def broken_off() -> Iterator[bytes]:
    yield PICTURE[:1000]
    raise ConnectionAbortedError


def trickle() -> Iterator[bytes]:
    for _ in range(100):
        time.sleep(0.02)
        yield b"x"


@pytest.fixture
def elsewhere() -> Elsewhere:
    return Elsewhere()


@pytest.fixture
def url(elsewhere: Elsewhere) -> Iterator[str]:
    with Server(elsewhere) as server:
        yield server.url


def copied(sim: Caller, clock: HandClock, image: str) -> dict[str, Any]:
    created = sim.created("sim/copy", {"image": image})
    clock.sleep(0.5)
    return sim.read(created)


def test_bytes_and_type_come_back(sim: Caller, clock: HandClock, url: str) -> None:
    body = copied(sim, clock, f"{url}/picture")
    answer = sim.file(body["output"])

    assert (body["status"], body["output"]) == ("succeeded", f"{sim.url}/files/{body['id']}/0.jpg")
    assert (answer.content, answer.headers["Content-Type"]) == (PICTURE, "image/jpeg")
    assert body["input"] == {"image": f"{url}/picture"}


@pytest.mark.parametrize(
    ("content_type", "name"),
    [("text/plain;charset=utf-8", "0.txt"), ("application/octet-stream", "0.bin"), ("what/ever", "0.bin")],
)
def test_its_file_is_named_after_the_type(
    sim: Caller, clock: HandClock, url: str, content_type: str, name: str
) -> None:
    output = copied(sim, clock, f"{url}/picture?{content_type}")["output"]

    assert output.endswith(f"/{name}")
    assert sim.file(output).headers["Content-Type"] == content_type


def test_a_file_without_a_type_is_bytes(sim: Caller, clock: HandClock, url: str) -> None:
    answer = sim.file(copied(sim, clock, f"{url}/untyped")["output"])

    assert (answer.headers["Content-Type"], answer.content) == ("application/octet-stream", PICTURE)


def test_it_asks_once_and_shows_no_token(sim: Caller, clock: HandClock, url: str, elsewhere: Elsewhere) -> None:
    body = copied(sim, clock, f"{url}/picture")
    for _ in range(2):
        sim.file(body["output"])
    (request,) = elsewhere.requests

    assert request["REQUEST_METHOD"] == "GET"
    assert "HTTP_AUTHORIZATION" not in request


@pytest.mark.parametrize(
    ("image", "content_type", "data"),
    [
        (f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}", "image/png", PICTURE),
        ("data:text/csv,a%2Cb", "text/csv", b"a,b"),
        ("data:,a", "text/plain;charset=US-ASCII", b"a"),
    ],
    ids=["base64", "percent", "no type"],
)
def test_data_urls_hold_the_file_themselves(
    sim: Caller, clock: HandClock, image: str, content_type: str, data: bytes
) -> None:
    answer = sim.file(copied(sim, clock, image)["output"])

    assert (answer.headers["Content-Type"], answer.content) == (content_type, data)


def test_three_redirects_are_followed(sim: Caller, clock: HandClock, url: str) -> None:
    assert sim.file(copied(sim, clock, f"{url}/3")["output"]).content == PICTURE


@pytest.fixture
def refused(url: str, request: pytest.FixtureRequest) -> str:
    """A URL that nothing can be read at."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/picture"
    others = {"nonsense": "nonsense", "ftp": "ftp://127.0.0.1/x", "nobody": nobody, "no base64": "data:;base64,!"}
    return others.get(request.param, f"{url}/{request.param}")


@pytest.mark.parametrize("refused", REFUSED, indirect=True)
def test_what_cannot_be_read_fails_the_run(sim: Caller, clock: HandClock, refused: str) -> None:
    body = copied(sim, clock, refused)

    assert (body["status"], body["output"]) == ("failed", None)
    assert body["error"].startswith("Traceback (most recent call last)")
    assert body["logs"].endswith(body["error"])
    assert sim.counters()["created"] == 1


def test_the_traceback_ends_with_the_reason(sim: Caller, clock: HandClock, url: str) -> None:
    last = copied(sim, clock, f"{url}/missing")["error"].splitlines()[-1]

    assert last == f"requests.exceptions.HTTPError: 404 Client Error: Not Found for url: {url}/missing"


def test_it_is_read_when_it_is_asked_for(sim: Caller, clock: HandClock, elsewhere: Elsewhere) -> None:
    with Server(elsewhere) as server:
        created = sim.created("sim/copy", {"image": f"{server.url}/picture"})
    clock.sleep(0.5)

    assert sim.file(sim.read(created)["output"]).content == PICTURE


def test_what_is_not_acted_on_reads_nothing(sim: Caller, url: str, elsewhere: Elsewhere) -> None:
    sim.fault(call="create", kind="status", status=503)
    sim.create("sim/copy", {"image": f"{url}/picture"})
    sim.create("sim/copy", {"image": f"{url}/picture", "width": 1})

    assert elsewhere.requests == []


def test_without_an_image_it_makes_one(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/copy")
    clock.sleep(0.5)

    assert sim.file(sim.read(created)["output"]).headers["Content-Type"] == "image/png"


def test_who_waits_gets_it_inside(sim: Caller, url: str) -> None:
    body = sim.created("sim/copy", {"image": f"{url}/picture"}, headers={"Prefer": "wait"})

    assert body["output"] == f"data:image/jpeg;base64,{base64.b64encode(PICTURE).decode()}"


@pytest.mark.parametrize("path", ["/slow", "/trickle"])
def test_it_gives_up_in_time(elsewhere: Elsewhere, path: str) -> None:
    receiver = Receiver()
    with Server(receiver if path == "/slow" else elsewhere) as server:
        before = time.monotonic()
        found = fetch(f"{server.url}{path}", None, seconds=0.3)
        took = time.monotonic() - before
        receiver.freed.set()

    assert isinstance(found, Unreadable)
    assert "timed out" in found.reason
    assert took < 1.5


def test_a_certificate_of_ones_own_may_be_trusted(tmp_path: Path) -> None:
    authority = trustme.CA()
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with secured(authority) as url:
        assert status(f"{url}/200", trust=str(bundle)) == "succeeded"
        assert status(f"{url}/200", trust=None) == "failed"


def status(image: str, trust: str | None) -> str:
    """What becomes of a run that reads an image."""
    clock = HandClock()
    with serve(Simulator(clock=clock), trust=trust) as server:
        sim = Caller(server.url, DEFAULT_TOKEN)
        with sim.session:
            return str(copied(sim, clock, image)["status"])
