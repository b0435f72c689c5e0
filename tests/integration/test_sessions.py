"""A call is over when it must be, whatever the other side does, and is made on a connection that is then closed."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from lumeo.errors import Ambiguous
from lumeo.providers import http

BOUND = 1.0
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def server(speak: Callable[[socket.socket], None]) -> Iterator[str]:
    """One connection is taken, its request read, and then `speak` has it."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener.accept()[0] as connection:
            connection.recv(65536)
            try:
                speak(connection)
            except OSError:
                return

    thread = threading.Thread(target=serve)
    thread.start()
    with listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    thread.join(20)
    assert not thread.is_alive()


def drips(text: bytes, *, after: bytes = b"") -> Callable[[socket.socket], None]:
    """Says `after` at once, then `text` byte by byte."""

    def speak(connection: socket.socket) -> None:
        connection.sendall(after)
        for n in range(len(text)):
            connection.sendall(text[n : n + 1])
            time.sleep(0.1)

    return speak


def listens(connection: socket.socket) -> None:
    while connection.recv(65536):
        continue


@pytest.mark.parametrize(
    "speak",
    [
        pytest.param(drips(HEAD + b"X: " + b"x" * 100), id="drips its head"),
        pytest.param(drips(b"x" * 100, after=HEAD + b"Content-Length: 100\r\n\r\n"), id="drips its body"),
        pytest.param(
            drips(b"1\r\nx\r\n" * 20, after=HEAD + b"Transfer-Encoding: chunked\r\n\r\n"), id="drips its chunks"
        ),
        pytest.param(listens, id="says nothing"),
    ],
)
def test_who_takes_too_long_is_hung_up_on(speak: Callable[[socket.socket], None]) -> None:
    with server(speak) as url:
        started = time.monotonic()
        with pytest.raises(Ambiguous):
            http.request("POST", url, headers={}, seconds=BOUND, body={})
        took = time.monotonic() - started

    assert BOUND * 0.9 <= took < BOUND + 4


def test_who_answers_in_time_is_heard() -> None:
    with server(lambda to: to.sendall(HEAD + b'Content-Length: 7\r\n\r\n{"a":1}')) as url:
        answer = http.request("GET", url, headers={}, seconds=BOUND)

    assert (answer.status, answer.json) == (200, {"a": 1})
