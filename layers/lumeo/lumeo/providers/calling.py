"""Makes the requests of a declaration with the credential of one account, which goes to trusted hosts alone."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from lumeo import clock, urls
from lumeo.errors import Ambiguous, ErrorCode, Gone, Rejected, Retryable
from lumeo.providers import http, reading
from lumeo.providers.accounts import Account
from lumeo.providers.answers import mended, retry_after
from lumeo.providers.base import LOOK_SECONDS
from lumeo.providers.expressions import as_text
from lumeo.providers.grammar import Call, Declaration, JsonLines, Send
from lumeo.providers.http import Answer, Form
from lumeo.providers.templates import Unsayable, filled

_REDIRECTS = {301, 302, 303, 307, 308}


class Unsaid(Rejected):
    """A request that cannot be made of what there is."""


@dataclass(frozen=True, slots=True)
class Authorized:
    """What is put into a request to the provider's own hosts."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Request:
    """A request, but for where it goes."""

    method: str
    headers: Mapping[str, str]
    body: Any = None
    form: Form | None = None


class Caller:
    """Calls a provider by one account. `values` are what requests are made of, see docs/providers.md, Requests."""

    def __init__(self, declaration: Declaration, account: Account, seconds: float = 3600) -> None:
        """`seconds`: for all of its requests together."""
        self._declaration = declaration
        self._account = account
        self._end = clock.now().timestamp() + seconds

    def authorized(self, values: Mapping[str, Any]) -> Authorized:
        """The credential, as it is sent."""
        auth = self._declaration.auth
        known = {"options": {}, "model": None, **values, "account": self._account.fields}
        found = Authorized(*(_texts(part, known) for part in (auth.headers, auth.query, auth.body)))
        if not all(map(_is_header, found.headers.values())):
            raise Rejected(ErrorCode.PROVIDER_ACCOUNT, "the account's credential is nothing that a header can say")
        return found

    def call(
        self, send: Send, values: Mapping[str, Any], seconds: float, code: ErrorCode = ErrorCode.PROVIDER_UNAVAILABLE
    ) -> tuple[Answer, str]:
        """The answer, and the URL that gave it. Raises Unsaid, with that code, where the request cannot be made."""
        auth = self.authorized(values)
        try:
            url = with_query(send.url.url(values), filled(dict(send.query), values))
            request = _Request(
                send.method,
                {**_headers(send, values), **auth.headers},
                _with_fields(filled(send.body, values), auth.body),
                _form(send.form, values),
            )
        except Unsayable as error:
            raise Unsaid(code, f"{send.method} {send.url.text}: {error}") from error
        return self._sent(request, url, auth, seconds), url

    def ask(
        self, send: Send, values: Mapping[str, Any], seconds: float, code: ErrorCode = ErrorCode.PROVIDER_UNAVAILABLE
    ) -> tuple[Answer, str]:
        """A call that may be repeated without harm."""
        try:
            return self.call(send, values, seconds, code)
        except http.TooLong as error:
            raise Rejected(ErrorCode.OUTPUT_TOO_LARGE, error.raw) from error
        except Ambiguous as error:
            raise Retryable(error.raw) from error

    def look(self, wanted: Call, values: Mapping[str, Any]) -> dict[str, Any]:
        """What expressions see of the answer to a look. Raises Gone, and Retryable for what is no answer."""
        answer, url = self.ask(wanted.send, values, LOOK_SECONDS)
        if answer.status in _REDIRECTS:
            answer, url = self._behind(answer, url, values)
        if wanted.takes(answer.status):
            return reading.answered(answer, url)
        raw = f"{answer.status}: {answer.text}"
        if answer.status in {404, 410}:
            raise Gone(raw, self._declaration.gone)
        raise Retryable(raw, retry_after(answer), throttled=answer.status == 429)

    def _behind(self, answer: Answer, url: str, values: Mapping[str, Any]) -> tuple[Answer, str]:
        """What is where the answer to a look leads, if that is one of the provider's own hosts."""
        behind = urls.joined(url, answer.headers.get("Location", ""))
        if behind == url or not self._account.trusted.allows(behind):
            return answer, url
        auth = self.authorized(values)
        try:
            return self._sent(_Request("GET", auth.headers), behind, auth, LOOK_SECONDS), behind
        except Ambiguous as error:
            raise Retryable(error.raw) from error

    def _sent(self, request: _Request, url: str, auth: Authorized, seconds: float) -> Answer:
        if not self._account.trusted.allows(url):
            raise Rejected(
                ErrorCode.PROVIDER_UNAVAILABLE, f"{urls.host(url)} is none of the hosts that may get the credential"
            )
        left = self._end - clock.now().timestamp()
        if left < 1:
            raise Retryable("no time is left for another request")
        return http.request(
            request.method,
            with_query(url, auth.query),
            headers=request.headers,
            seconds=min(seconds, left),
            body=request.body,
            form=request.form,
            hidden=self._account.hidden,
        )


def with_query(url: str, query: Mapping[str, Any]) -> str:
    """A URL with more in its query."""
    more = urlencode({name: mended(as_text(value) or "") for name, value in query.items()})
    # What stands behind a # is never sent.
    whole = url.partition("#")[0]
    return f"{whole}{'&' if '?' in whole else '?'}{more}" if more else url


def _texts(templates: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
    """Those that are neither null nor false."""
    found = filled(dict(templates), values)
    return {name: as_text(value) or "" for name, value in found.items() if value is not False}


def _is_header(text: str) -> bool:
    return re.fullmatch(r"[!-~]([ -~]*[!-~])?", text) is not None


def _headers(send: Send, values: Mapping[str, Any]) -> dict[str, str]:
    found = _texts(send.headers, values)
    wrong = [name for name, text in found.items() if not _is_header(text)]
    if wrong:
        raise Unsayable(f"no header {wrong[0]} can say what it should")
    return found


def _with_fields(body: Any, fields: Mapping[str, str]) -> Any:
    if not fields:
        return body
    if not isinstance(body, dict | None):
        raise Unsayable("the credential has no place in a body that is no object")
    return {**(body or {}), **fields}


def _form(form: Mapping[str, Any] | None, values: Mapping[str, Any]) -> Form | None:
    if form is None:
        return None
    texts, files = {}, {}
    for name, part in form.items():
        if isinstance(part, JsonLines):
            rows = part.rows.of(values)
            if not isinstance(rows, list):
                raise Unsayable(f"{part.rows.text} is no list")
            files[name] = (part.name, "".join(json.dumps(row) + "\n" for row in rows).encode())
        elif (text := as_text(part.of(values))) is not None:
            texts[name] = mended(text)
    return Form(texts, files)
