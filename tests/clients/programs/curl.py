"""The command `curl`, as documentation would have it typed."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.clients.programs import raw
from tests.clients.programs.lines import serve, with_files, written
from tests.clients.programs.raw import Call, HttpError, Raw


class CurlError(Exception):
    """curl ended with this code, see its manual page."""


class Curl(Raw):
    """And forms, which are curl's own."""

    def form(self, path: str, *fields: str) -> Any:
        options = [part for field in fields for part in ("--form", field)]
        status, answer = _curl(Call("POST", self.base + path, self.headers), *options)
        if status >= 400:
            raise HttpError(status, answer)
        return json.loads(answer)


def connect(at: str, key: str, headers: dict[str, str]) -> Curl:
    return Curl(_http, at, {"Authorization": f"Bearer {key}", **headers})


def run(client: Curl, ref: str, given: dict[str, Any], *, wait: bool | int = True) -> Any:
    given = with_files(given, lambda path: _uploaded(client, path, {})["urls"]["get"])
    return raw.run(client, ref, given, wait=wait)


def model(client: Curl, name: str) -> Any:
    return client.call("GET", f"/models/{name}")


def versions(client: Curl, name: str) -> list[str]:
    return [version["id"] for version in client.call("GET", f"/models/{name}/versions")["results"]]


def version(client: Curl, name: str, digits: str) -> Any:
    return client.call("GET", f"/models/{name}/versions/{digits}")


def upload(client: Curl, name: str, size: int, metadata: dict[str, Any]) -> Any:
    return _uploaded(client, written(name, size), metadata)


def file(client: Curl, name: str) -> Any:
    return client.call("GET", f"/files/{name}")


def files(client: Curl) -> Any:
    return client.call("GET", "/files")["results"]


def delete(client: Curl, name: str) -> None:
    client.call("DELETE", f"/files/{name}")


def secret(client: Curl) -> Any:
    return client.call("GET", "/webhooks/default/secret")["key"]


def _uploaded(client: Curl, path: Path, metadata: dict[str, Any]) -> Any:
    return client.form("/files", f"content=@{path}", f"metadata={json.dumps(metadata)};type=application/json")


def _http(call: Call) -> tuple[int, bytes]:
    body = [] if call.body is None else ["--data-binary", "@-"]
    return _curl(call, "--request", call.method, *body)


def _curl(call: Call, *options: str) -> tuple[int, bytes]:
    headers = [part for name, value in call.headers.items() for part in ("--header", f"{name}: {value}")]
    ended = subprocess.run(
        [
            *("curl", "--silent", "--cacert", os.environ["SSL_CERT_FILE"], "--max-time", str(call.timeout)),
            *("--write-out", "%{stderr}%{http_code}", *headers, *options, call.url),
        ],
        input=call.body or b"",
        capture_output=True,
        check=False,
    )
    if ended.returncode:
        raise CurlError(ended.returncode)
    return int(ended.stderr), ended.stdout


if __name__ == "__main__":
    serve(connect, (*raw.COMMANDS, run, model, versions, version, upload, file, files, delete, secret))
