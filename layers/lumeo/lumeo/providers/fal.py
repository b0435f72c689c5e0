"""Webhooks of fal, signed with Ed25519 by keys that it publishes (as five public programs verify them).

Headers `X-Fal-Webhook-{Request-Id,User-Id,Timestamp,Signature}`; signed, in hex, are the lines request id, user id,
timestamp, and the SHA-256 of the body in hex.
"""

import base64
import binascii
import hashlib
from functools import cache
from typing import Any

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from lumeo import clock
from lumeo.errors import Ambiguous, Forged, Retryable
from lumeo.providers import http
from lumeo.providers.base import LOOK_SECONDS, WebhookCall

KEYS_URL = "https://rest.fal.ai/.well-known/jwks.json"
TOLERANCE = 300
KEYS_SECONDS = 24 * 3600
"""For so long the keys are trusted; where none holds they are read again, at most once a minute."""
KEYS_AGAIN_SECONDS = 60
_LINES = ("request-id", "user-id", "timestamp")


def verify(call: WebhookCall, keys_url: str) -> None:
    """Raises Forged for what fal did not sign, Retryable where its keys cannot be read."""
    lines = [call.headers.get(f"x-fal-webhook-{name}", "") for name in _LINES]
    stamp = lines[-1]
    if not all(lines) or not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        raise Forged("it is not signed")
    if abs(clock.now().timestamp() - int(stamp)) > TOLERANCE:
        raise Forged("its timestamp is too far from now")
    message = "\n".join([*lines, hashlib.sha256(call.body).hexdigest()]).encode("utf-8", "replace")
    try:
        signature = bytes.fromhex(call.headers.get("x-fal-webhook-signature", ""))
    except ValueError as error:
        raise Forged("its signature is no hex") from error
    known = _published(keys_url)
    if not any(_holds(known.keys(age), message, signature) for age in (KEYS_SECONDS, KEYS_AGAIN_SECONDS)):
        raise Forged("no signature holds")


def _holds(keys: list[bytes], message: bytes, signature: bytes) -> bool:
    for key in keys:
        try:
            VerifyKey(key).verify(message, signature)
        except (BadSignatureError, ValueError):
            continue
        return True
    return False


class _Published:
    """The keys of one URL (RFC 7517, with RFC 8037's `x`), as they were when they were last read."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: list[bytes] = []
        self._read_at = float("-inf")

    def keys(self, age: float) -> list[bytes]:
        """The keys, not older than `age` seconds."""
        now = clock.now().timestamp()
        if now - self._read_at >= age:
            self._keys, self._read_at = _read(self._url), now
        return self._keys


@cache
def _published(url: str) -> _Published:
    return _Published(url)


def _read(url: str) -> list[bytes]:
    try:
        answer = http.request("GET", url, headers={}, seconds=LOOK_SECONDS)
    except Ambiguous as error:
        raise Retryable(error.raw) from error
    keys = answer.json.get("keys") if answer.status == 200 and isinstance(answer.json, dict) else None
    found = [key for one in (keys if isinstance(keys, list) else []) if (key := _key(one))]
    if not found:
        raise Retryable(f"{answer.status} without keys: {answer.text}")
    return found


def _key(one: Any) -> bytes | None:
    text = one.get("x") if isinstance(one, dict) else None
    try:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) if isinstance(text, str) else b""
    except (ValueError, binascii.Error):
        return None
    return key if len(key) == 32 else None
