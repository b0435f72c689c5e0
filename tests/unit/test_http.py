"""What is known of a request to a provider that brought no answer: only what surely did not arrive may be repeated."""

import ssl
from http.client import RemoteDisconnected
from typing import Any, NoReturn

import pytest
import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    IncompleteRead,
    InvalidHeader,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from lumeo.errors import Ambiguous, ProviderError, Retryable
from lumeo.providers import http

URL = "https://api.test/v1/predictions"
POOL = urllib3.HTTPSConnectionPool("api.test")
CONNECTION = urllib3.connection.HTTPSConnection("api.test")


def failed(reason: Exception) -> MaxRetryError:
    """As urllib3 wraps what it was told not to repeat."""
    return MaxRetryError(POOL, URL, reason)


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        pytest.param(failed(NewConnectionError(CONNECTION, "refused")), Retryable, id="connection refused"),
        pytest.param(failed(NameResolutionError("api.test", CONNECTION, OSError())), Retryable, id="no such host"),  # type: ignore[arg-type]
        pytest.param(failed(ConnectTimeoutError(CONNECTION, "timed out")), Retryable, id="no connection in time"),
        pytest.param(failed(SSLError(ssl.SSLCertVerificationError("expired"))), Retryable, id="no trust"),
        pytest.param(failed(SSLError(ssl.SSLEOFError("EOF"))), Ambiguous, id="cut off within TLS"),
        pytest.param(ProtocolError("Connection aborted.", RemoteDisconnected("closed")), Ambiguous, id="closed"),
        pytest.param(ProtocolError("Connection aborted.", ConnectionResetError()), Ambiguous, id="reset"),
        pytest.param(ReadTimeoutError(POOL, URL, "Read timed out."), Ambiguous, id="no answer in time"),
        pytest.param(failed(ReadTimeoutError(POOL, URL, "Read timed out.")), Ambiguous, id="no answer, wrapped"),
        pytest.param(ProtocolError("broken", IncompleteRead(1, 2)), Ambiguous, id="half an answer"),
        pytest.param(
            InvalidHeader("Content-Length contained multiple unmatching values (1, 2)"), Ambiguous, id="two lengths"
        ),
    ],
)
def test_what_came_instead_of_an_answer(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, expected: type[ProviderError]
) -> None:
    """The library's errors as the library raises them, since no socket is open here."""

    def urlopen(*_: Any, **__: Any) -> NoReturn:
        raise raised

    monkeypatch.setattr(urllib3.HTTPSConnectionPool, "urlopen", urlopen)

    with pytest.raises(ProviderError) as caught:
        http.request("POST", URL, headers={"Authorization": "Bearer r8_x"}, seconds=5, body={"input": {}})

    assert type(caught.value) is expected
    assert "r8_x" not in caught.value.raw


@pytest.mark.parametrize(
    ("url", "headers", "body"),
    [
        pytest.param(URL, {}, {"x": float("nan")}, id="a number that JSON has not"),
        pytest.param(URL, {"Authorization": "Bearer r8_x\n"}, {}, id="a header with a line break"),
        pytest.param("api.test/v1", {}, {}, id="no scheme"),
        pytest.param("https:///v1", {}, {}, id="no host"),
        pytest.param("gopher://api.test/v1", {}, {}, id="another scheme"),
    ],
)
def test_what_cannot_be_sent_has_not_arrived(url: str, headers: dict[str, str], body: Any) -> None:
    with pytest.raises(Retryable) as caught:
        http.request("POST", url, headers=headers, seconds=5, body=body)

    assert "r8_x" not in caught.value.raw


@pytest.mark.parametrize(
    ("content", "value"),
    [
        pytest.param(b'{"a": 1.5}', {"a": 1.5}, id="an object"),
        pytest.param(b"[]", [], id="a list"),
        pytest.param(b'{"a": "\\ud800"}', {"a": "\ud800"}, id="a lone surrogate"),
        pytest.param(b"", None, id="nothing"),
        pytest.param(b"<html>", None, id="a page"),
        pytest.param(b'{"a": 1', None, id="cut off"),
        pytest.param(b"\xff\xfe\x00", None, id="no text"),
        pytest.param(b'{"a": NaN}', {"a": None}, id="not a number"),
        pytest.param(b'{"a": 1e999}', {"a": None}, id="a number above all floats"),
        pytest.param(b"[" * 200_000, None, id="too deep"),
    ],
)
def test_a_body_is_json_or_nothing(content: bytes, value: Any) -> None:
    assert http.parsed(content) == value
