"""Calls of our webhook by declared providers: verified, and read as a reason to look."""

import base64
import hashlib
import hmac
import re

from lumeo import clock, signatures
from lumeo.errors import Forged
from lumeo.prediction import Snapshot, Status, Upstream, WakeUp
from lumeo.providers import http
from lumeo.providers.base import WebhookCall, as_id
from lumeo.providers.grammar import Hmac, Webhook


def heard(webhook: Webhook, call: WebhookCall, secret: str, keys: str | None = None) -> WakeUp:
    """What a call says; `keys`: where fal's public keys are, if not where fal has them.

    Raises Forged for a call that the provider did not make, Retryable while that cannot be known.
    """
    if webhook.hmac:
        wrong = fault(webhook.hmac, call, secret, clock.now().timestamp())
        if wrong:
            raise Forged(wrong)
    elif webhook.verify == "fal":
        # Its library is loaded where it is needed alone.
        from lumeo.providers import fal  # noqa: PLC0415

        fal.verify(call, keys or fal.KEYS_URL)
    seen = {"body": http.parsed(call.body)}
    upstream_id = as_id(webhook.id.of(seen))
    if upstream_id is None:
        raise Forged("it names no run")
    ended = webhook.ended is None or webhook.ended.holds(seen)
    # It is a hint: of what kind the end is, a look says.
    return WakeUp(upstream_id, Snapshot(status=Status.SUCCEEDED if ended else Status.PROCESSING, upstream=Upstream()))


def fault(signing: Hmac, call: WebhookCall, secret: str, now: float) -> str | None:
    """What is wrong with a call that is signed by HMAC-SHA256, or None. `now` in epoch seconds."""
    given = call.headers.get(signing.header, "")
    if not given:
        return f"no {signing.header}"
    if signing.prefix and not given.startswith(signing.prefix):
        return f"{signing.header} does not begin with {signing.prefix}"
    stamp = call.headers.get(signing.timestamp_header, "") if signing.timestamp_header else ""
    if signing.timestamp_header:
        if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
            return "its timestamp is none"
        if abs(now - int(stamp)) > signing.tolerance:
            return "its timestamp is too far from now"
    right = _signature(signing, call, secret, stamp)
    return None if signatures.same(right, given.removeprefix(signing.prefix)) else "the signature does not hold"


def _signature(signing: Hmac, call: WebhookCall, secret: str, stamp: str) -> str:
    message_id = call.headers.get(signing.id_header, "") if signing.id_header else ""
    parts = {"{id}": message_id.encode("utf-8", "replace"), "{timestamp}": stamp.encode(), "{body}": call.body}
    said = re.split(r"(\{id\}|\{timestamp\}|\{body\})", signing.signed)
    digest = hmac.digest(secret.encode(), b"".join(parts.get(part, part.encode()) for part in said), hashlib.sha256)
    return digest.hex() if signing.encoding == "hex" else base64.b64encode(digest).decode()
