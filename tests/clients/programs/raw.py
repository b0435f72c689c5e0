"""A client that is nothing but HTTP: one call to submit, one to look again until it is over."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.clients.programs.lines import told

PAUSE = 0.2
TERMINAL = {"succeeded", "failed", "canceled"}


class HttpError(Exception):
    """An answer that is no success; its message is the body."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(body.decode())
        self.status = status


class Ended(Exception):
    """A prediction that came to another end than success; its message is the prediction's."""

    def __init__(self, prediction: dict[str, Any]) -> None:
        super().__init__(prediction["error"] or "")
        self.status = prediction["status"]


@dataclass(frozen=True)
class Call:
    """A request."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None = None
    timeout: float = 60


Http = Callable[[Call], tuple[int, bytes]]


class Raw:
    """The API at an origin, by a way to make requests. Every method raises HttpError."""

    def __init__(self, http: Http, at: str, headers: dict[str, str]) -> None:
        self._http = http
        self.base = f"{at}/v1"
        self.headers = headers

    def call(self, method: str, path: str, body: Any = None, timeout: float = 60, **headers: str) -> Any:
        """The answer's JSON; None if it has none."""
        headers = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        url = path if "://" in path else self.base + path
        status, answer = self._http(Call(method, url, headers, content, timeout))
        if status >= 400:
            raise HttpError(status, answer)
        return json.loads(answer) if answer else None

    def read(self, value: Any) -> tuple[str, str, bytes] | None:
        """What an output URL answers, asked without a key."""
        if not isinstance(value, str) or not value.startswith("https:"):
            return None
        status, content = self._http(Call("GET", value, {}))
        if status >= 400:
            raise HttpError(status, content)
        return "URL", value, content


def run(client: Raw, ref: str, given: dict[str, Any], *, wait: bool | int = False) -> Any:
    prediction = create(client, {"version": ref}, given, wait=wait)
    while prediction["status"] not in TERMINAL:
        time.sleep(PAUSE)
        prediction = client.call("GET", prediction["urls"]["get"])
    if prediction["status"] != "succeeded":
        raise Ended(prediction)
    return told(prediction["output"], client.read)


def create(
    client: Raw,
    to: dict[str, str],
    given: dict[str, Any],
    *,
    wait: bool | int = False,
    timeout: float = 60,
    **fields: Any,
) -> Any:
    version = {"version": to["version"]} if "version" in to else {}
    path = "".join(f"/{kind}s/{name}" for kind, name in to.items() if kind != "version") + "/predictions"
    headers = {"Prefer": "wait" if wait is True else f"wait={wait}"} if wait else {}
    return client.call("POST", path, {"input": given, **version, **fields}, timeout, **headers)


def get(client: Raw, name: str) -> Any:
    return client.call("GET", f"/predictions/{name}")


def finish(client: Raw, name: str) -> Any:
    while (prediction := get(client, name))["status"] not in TERMINAL:
        time.sleep(PAUSE)
    return prediction


def cancel(client: Raw, name: str) -> Any:
    return client.call("POST", f"/predictions/{name}/cancel")


def pages(client: Raw, **filters: str) -> list[list[str]]:
    found, url = [], f"/predictions?{urlencode(filters)}"
    while url:
        page = client.call("GET", url)
        found.append([prediction["id"] for prediction in page["results"]])
        url = page["next"]
    return found


COMMANDS = (run, create, get, finish, cancel, pages)
