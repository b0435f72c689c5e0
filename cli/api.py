"""The API, as a command calls it. What may pass is tried again; what is wrong is raised as a person reads it."""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from cli.codes import Code, CommandFailed, Uncertain
from cli.place import Place
from cli.trying import persistently
from lumeo import ids

SECONDS = (5, 40)
"""To connect, and between two bytes of an answer: the service answers within 30."""
PATIENCE = 30.0
_CODES = {
    **dict.fromkeys((401, 403), Code.NOT_ALLOWED),
    **dict.fromkeys((404, 410), Code.NOT_FOUND),
    409: Code.FAILED,
    429: Code.UNREACHABLE,
}
"""Of what the API refuses; all else is an input that it does not take."""

Prediction = dict[str, Any]


class _Bearer(AuthBase):
    """As an `auth`, since a header would be overruled by what ~/.netrc says."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


class Api:
    """One caller's API. `patience`: seconds for which a request is made again; `notice` is told of each time."""

    def __init__(self, place: Place, *, patience: float = PATIENCE, notice: Callable[[str], None] = print) -> None:
        self._place, self._patience, self._notice = place, patience, notice
        self._session = self._without_key()
        self._session.auth = _Bearer(place.key)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """The JSON of an answer; None where there is none. `options` as requests has them. Raises CommandFailed."""

        def attempt() -> requests.Response:
            url = self._place.api_url + path
            return self._session.request(method, url, timeout=SECONDS, allow_redirects=False, **options)

        return self._read(persistently(attempt, patience=self._patience, notice=self._notice))

    def prediction(self, prediction_id: str) -> Prediction:
        """A prediction as it is now."""
        return self.one("GET", f"/predictions/{checked(prediction_id)}")

    def one(self, method: str, path: str, **options: Any) -> Prediction:
        """The prediction that a call answers with."""
        found = self.call(method, path, **options)
        if not isinstance(found, dict) or not {"id", "status", "urls", "error_code", "logs"} <= found.keys():
            raise self._stranger()
        return found

    def pages(self, path: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """The results of a list, page by page."""
        found = self.call("GET", path, params=query)
        while True:
            try:
                yield from found["results"]
                following = found["next"]
            except (KeyError, TypeError) as error:
                raise self._stranger() from error
            if not following:
                return
            # Wherever that URL leads, the key goes to the API alone.
            found = self.call("GET", f"{path}?{urlsplit(following).query}")

    def file(self, method: str, url: str, use: Callable[[requests.Session], requests.Response]) -> None:
        """A request for the bytes of a file, which may be anywhere, so that it goes without the key."""
        with self._without_key() as session:
            answer = persistently(lambda: use(session), patience=self._patience, notice=self._notice)
        if not answer.ok:
            code = Code.UNREACHABLE if answer.status_code >= 500 else Code.FAILED
            raise CommandFailed(code, f"{method} {url.partition('?')[0]}: {answer.status_code} {answer.reason}")

    def _without_key(self) -> requests.Session:
        session = requests.Session()
        session.headers["User-Agent"] = "lumeo-cli"
        session.trust_env = not self._place.is_here
        session.verify = self._place.ca_bundle or os.environ.get("SSL_CERT_FILE") or True
        return session

    def _read(self, answer: requests.Response) -> Any:
        if answer.status_code == 204:
            return None
        try:
            body = answer.json()
        except ValueError:
            body = None
        if answer.ok and body is not None:
            return body
        if answer.status_code in {301, 302, 307, 308} or answer.ok:
            raise self._stranger()
        raise self._refused(answer, body if isinstance(body, dict) else {})

    def _refused(self, answer: requests.Response, body: dict[str, Any]) -> CommandFailed:
        """What the API says no with: title, detail, and the fields that are wrong."""
        status = answer.status_code
        title = body.get("title") or body.get("message") or answer.reason or "Refused"
        lines = [f"{title} ({status})", *str(body.get("detail") or "").strip().splitlines()]
        fields = [f"- {one.get('field')}: {one.get('description')}" for one in body.get("invalid_fields") or []]
        lines += [
            field for field in fields if not any(field.removeprefix("- ").partition(": ")[2] in said for said in lines)
        ]
        if status == 401:
            lines.append(f"The key is the one of {self._place.key_from}.")
        if status >= 500:
            return Uncertain(*lines)
        return CommandFailed(_CODES.get(status, Code.WRONG_USE), *lines)

    def _stranger(self) -> Uncertain:
        return Uncertain(f"What answers at {self._place.api_url} is not Lumeo's API.")


def checked(prediction_id: str) -> str:
    """An id that can stand in a path. Raises CommandFailed for what is none."""
    if not ids.looks_right(prediction_id):
        hint = "An id has 26 letters and digits; `lumeo list` shows yours."
        raise CommandFailed(Code.NOT_FOUND, f"{prediction_id!r} is no prediction's id.", hint)
    return prediction_id
