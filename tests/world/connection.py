"""A client's end of a connection in this process: as much of a socket as http.client uses."""

import io
import re
from collections.abc import Callable
from typing import Any

from tests.world.hub import Hub
from tests.world.turns import Flag


class Connection:
    """Hands a whole request, head and body, to `arrived`; gives out what is pushed, until it is finished or reset."""

    def __init__(self, hub: Hub, timeout: float | None, arrived: Callable[["Connection", bytes, bytes], None]) -> None:
        self._hub = hub
        self._arrived = arrived
        self._timeout = timeout
        self._sent = bytearray()
        self._received = bytearray()
        self._end: type[ConnectionResetError] | bool = False
        self._news = Flag(hub)

    # The client's side

    def settimeout(self, seconds: float | None) -> None:
        self._timeout = seconds

    def setsockopt(self, *_: Any) -> None:
        """There is nothing to be set."""

    def getpeername(self) -> tuple[str, int]:
        return "93.184.215.14", 443

    def sendall(self, data: Any) -> None:
        if self._end:
            raise BrokenPipeError
        self._sent += data
        head, found, body = bytes(self._sent).partition(b"\r\n\r\n")
        length = re.search(rb"(?im)^content-length: *(\d+)", head)
        if found and len(body) >= int(length[1] if length else 0):
            self._sent.clear()
            self._arrived(self, head, body)

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self))

    def shutdown(self, _: int) -> None:
        """Hang up: whoever reads gets no more."""
        self.finish()

    def close(self) -> None:
        """What reads from the connection may go on, as with a real socket's file."""

    def receive(self, most: int) -> bytes:
        while not self._received:
            if self._end is ConnectionResetError:
                raise ConnectionResetError(104, "Connection reset by peer")
            if self._end:
                return b""
            self._news = Flag(self._hub)
            if not self._news.wait(self._timeout):
                raise TimeoutError("timed out")
        piece = bytes(self._received[:most])
        del self._received[:most]
        return piece

    # The server's side

    def push(self, data: bytes) -> None:
        if not self._end:
            self._received += data
            self._news.raise_it()

    def finish(self) -> None:
        self._end = self._end or True
        self._news.raise_it()

    def reset(self) -> None:
        """Take back what was not read yet, too."""
        if not self._end:
            self._received.clear()
            self._end = ConnectionResetError
            self._news.raise_it()


class _Reader(io.RawIOBase):
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._connection.receive(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)
