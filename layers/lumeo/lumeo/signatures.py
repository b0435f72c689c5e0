"""Signatures of webhooks (https://www.standardwebhooks.com), and the tokens in our own URLs of them: pure.

A signature is over `id.timestamp.body`, the body as the bytes that came; the key is what `whsec_` and base64 say.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping

TOLERANCE = 300
"""Seconds by which a message's time may differ from ours, both ways: who records one may not replay it later."""
PREFIX = "whsec_"


def hook_token(master: bytes, provider: str, prediction_id: str) -> str:
    """What the URL of a prediction's webhook ends with: nobody but us and the provider can know it."""
    return _base64url(hmac.digest(master, f"hook.{provider}.{prediction_id}".encode(), hashlib.sha256))


def caller_secret(master: bytes, caller: str) -> str:
    """What the webhooks to a caller are signed with: nobody but us and that caller can know it."""
    return PREFIX + base64.b64encode(hmac.digest(master, f"caller.{caller}".encode(), hashlib.sha256)).decode()


def provider_secret(master: bytes, provider: str, prediction_id: str) -> str:
    """What a provider signs its webhooks for a prediction with: nobody but us and that provider can know it."""
    return hmac.digest(master, f"provider.{provider}.{prediction_id}".encode(), hashlib.sha256).hex()


def same(one: str, other: str) -> bool:
    """Whether two tokens are equal, in a time that does not say how far they are."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))


def is_secret(text: str) -> bool:
    """Whether messages can be signed with it."""
    try:
        return bool(_key(text))
    except ValueError:
        return False


def sign(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """The signature `v1,…` of a message. Raises ValueError for a secret that is none."""
    content = f"{message_id}.{timestamp}.".encode("utf-8", "surrogatepass") + body
    return "v1," + base64.b64encode(hmac.digest(_key(secret), content, hashlib.sha256)).decode()


def fault(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> str | None:
    """What is wrong with a signed message, or None. `headers` by their names in lower case; `now` in epoch seconds.

    Of several signatures, separated by spaces, one must hold: keys are rotated.
    """
    found = {name: headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")}
    missing = [name for name, value in found.items() if not value]
    if missing:
        return f"no webhook-{missing[0]}"
    stamp = found["timestamp"]
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        return "its timestamp is none"
    if abs(now - int(stamp)) > TOLERANCE:
        return "its timestamp is too far from now"
    right = sign(secret, found["id"], stamp, body)
    # Every one is compared, whichever holds.
    holds = [same(right, given) for given in found["signature"].split(" ")]
    return None if any(holds) else "no signature holds"


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError as error:
        raise ValueError("not a webhook secret") from error
    if not key:
        raise ValueError("an empty webhook secret")
    return key


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
