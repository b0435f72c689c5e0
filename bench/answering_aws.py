"""AWS that answers at once: what moto said to the same calls, over connections that are kept. A process of its own.

python -m bench.answering_aws FILE, which holds `[[words, body], …]`; prints its port.
"""

import asyncio
import json
import sys
from pathlib import Path

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n"


class Answering(asyncio.Protocol):
    """One connection. The answer is the first of which all words stand in the request."""

    def __init__(self, answers: list[tuple[list[bytes], bytes]]) -> None:
        self._answers = answers
        self._came = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._came += data
        head, found, body = self._came.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        request, self._came = self._came, b""
        answer = next(body for words, body in self._answers if all(word in request for word in words))
        self._transport.write(HEAD % len(answer) + answer)


async def main() -> None:
    answers = [([word.encode() for word in words], body.encode()) for words, body in json.loads(_given())]
    server = await asyncio.get_running_loop().create_server(lambda: Answering(answers), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _given() -> str:
    return Path(sys.argv[1]).read_text()


if __name__ == "__main__":
    asyncio.run(main())
