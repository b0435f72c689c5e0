"""Both ends of a copy, each a process of its own: a source of bytes, and as much of S3 as takes them and forgets them.

python -m bench.copying_ends source
python -m bench.copying_ends sink CERTIFICATE ITEM SECONDS

Each prints its port. The source sends `/BYTES` without copying them. The sink speaks TLS, as S3 does, waits so many
seconds before each answer, and takes every update of DynamoDB's, as of the item in that file.
"""

import os
import random
import re
import signal
import socket
import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path

BLOCK = 16 * 1024**2
_UPLOAD = b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
_COMPLETE = b'<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>'


def sink(connection: socket.socket, item: bytes, delay: float) -> None:
    """Answer the requests of one connection."""
    buffer = memoryview(bytearray(1024**2))
    while True:
        line, fields, begun = _head(connection)
        if re.search(rb"(?im)^expect: *100-continue", fields):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        _forget_body(connection, fields, begun, buffer)
        time.sleep(delay)
        body = _said(line, item)
        connection.sendall(b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: %d\r\n\r\n%s' % (len(body), body))


def source(connection: socket.socket, block: int) -> None:
    """Send what is asked for on one connection."""
    while True:
        line, _, _ = _head(connection)
        left = size = int(line.split(b" ")[1].lstrip(b"/"))
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
        connection.sendall(head % size)
        while left:
            left -= os.sendfile(connection.fileno(), block, (size - left) % BLOCK, min(left, BLOCK))


def _said(line: bytes, item: bytes) -> bytes:
    if line.startswith(b"POST / "):
        return item
    if line.startswith(b"POST"):
        return _UPLOAD if b"?uploads" in line else _COMPLETE
    return b""


def _head(connection: socket.socket) -> tuple[bytes, bytes, bytes]:
    """A request's first line, its fields, and what of its body came with them. Raises ConnectionResetError."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(64 * 1024)
        if not piece:
            raise ConnectionResetError
        head += piece
    head, _, body = head.partition(b"\r\n\r\n")
    line, _, fields = head.partition(b"\r\n")
    return line, fields, body


def _forget_body(connection: socket.socket, fields: bytes, begun: bytes, buffer: memoryview) -> None:
    length = re.search(rb"(?im)^content-length: *(\d+)", fields)
    if length:
        left = int(length[1]) - len(begun)
        while left:
            left -= connection.recv_into(buffer[:left]) or left
    elif b"chunked" in fields.lower():
        end = begun[-5:]
        while end != b"0\r\n\r\n":
            size = connection.recv_into(buffer)
            if not size:
                raise ConnectionResetError
            end = (end + bytes(buffer[max(0, size - 5) : size]))[-5:]


def _listen(serve: Callable[[socket.socket], None]) -> None:
    """A process for each connection: none waits for another's."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    while True:
        connection, _ = listening.accept()
        if os.fork() == 0:
            try:
                serve(connection)
            except OSError:
                os._exit(0)
        connection.close()


def main() -> None:
    if sys.argv[1] == "source":
        block = os.memfd_create("block")
        os.write(block, random.Random(7).randbytes(BLOCK))
        _listen(lambda connection: source(connection, block))
    else:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(sys.argv[2])
        item, delay = Path(sys.argv[3]).read_bytes(), float(sys.argv[4])
        _listen(lambda connection: sink(tls.wrap_socket(connection, server_side=True), item, delay))


if __name__ == "__main__":
    main()
