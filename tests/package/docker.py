"""As much of Docker as SAM CLI asks for: its API, with containers that are emulators on this machine.

So `sam local` can be watched where there is no Docker: which image it would build, which environment it gives, what
comes back. What it cannot show: the image of Lambda's runtime, and the network between a container and its host.
https://docs.docker.com/reference/api/engine/
"""

import io
import json
import re
import tarfile
import uuid
from pathlib import Path
from typing import Any

from werkzeug.wrappers import Request, Response

from local.serving import Server
from tests.package.emulated import Process, start

NOT_FOUND = Response('{"message": "no such thing"}', status=404, content_type="application/json")


class Docker:
    """Serves the API at `host`, in Docker's own spelling, until it is closed."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, Process] = {}
        self.dockerfiles: list[str] = []
        self.containers: dict[str, dict[str, Any]] = {}
        self._calls = (
            (r"GET /_ping", lambda _: Response("OK")),
            (r"GET /version", lambda _: said({"ApiVersion": "1.44"})),
            (r"GET /images/.+/json", lambda _: said({"Id": "sha256:1"}) if self.dockerfiles else NOT_FOUND),
            (r"POST /build", self._build),
            (r"POST /containers/create", self._create),
            (r"GET /containers/(\w+)/json", self._inspect),
            (r"POST /containers/(\w+)/start", self._start),
            (r"POST /containers/(\w+)/attach", lambda *_: Response()),
            (r"POST /containers/(\w+)/stop", self._end),
            (r"DELETE /containers/(\w+)", self._end),
        )
        self._server = Server(Request.application(self._answer))
        self.host = f"tcp://127.0.0.1:{self._server.port}"

    def close(self) -> None:
        for name in list(self._running):
            self._end(None, name)
        self._server.close()

    def _answer(self, request: Request) -> Response:
        called = f"{request.method} {re.sub(r'^/v[0-9.]+', '', request.path)}"
        for pattern, answer in self._calls:
            found = re.fullmatch(pattern, called)
            if found:
                return answer(request, *found.groups())
        return NOT_FOUND

    def _build(self, request: Request) -> Response:
        with tarfile.open(fileobj=io.BytesIO(request.get_data())) as context:
            content = context.extractfile("Dockerfile")
            assert content
            self.dockerfiles.append(content.read().decode())
        return said({"stream": "Successfully built 1"})

    def _create(self, request: Request) -> Response:
        name = uuid.uuid4().hex
        self.containers[name] = request.get_json()
        return said({"Id": name}, 201)

    def _inspect(self, _: Request, name: str) -> Response:
        status = "running" if name in self._running else "created"
        return said({"Id": name, "Config": {"Tty": False}, "State": {"Status": status}})

    def _start(self, _: Request, name: str) -> Response:
        wanted = self.containers[name]
        (bind,) = (bind for bind in wanted["HostConfig"]["Binds"] if ":/var/task:" in bind)
        (port,) = wanted["HostConfig"]["PortBindings"]["8080/tcp"]
        environment = dict(given.split("=", 1) for given in wanted["Env"])
        folder = Path(bind.partition(":")[0])
        self._running[name] = start(folder, environment, int(port["HostPort"]), self._logs / f"{name}.log")
        return Response(status=204)

    def _end(self, _: Request | None, name: str) -> Response:
        process = self._running.pop(name, None)
        if process:
            process.close()
        return Response(status=204)


def said(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value), status=status, content_type="application/json")
