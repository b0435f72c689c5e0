"""The secret of the webhooks, and the signatures made with it."""

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"


class Secret:
    """What webhooks are signed with: one secret, or two while it is being rotated, the newest first."""

    def __init__(self) -> None:
        self._first = new_secret()
        self.reset()

    def reset(self) -> None:
        """Back to the first one."""
        self.keys = [self._first]

    @property
    def newest(self) -> str:
        return self.keys[0]

    def rotate(self) -> None:
        """A new one, beside the one before."""
        self.keys = [new_secret(), self.newest]

    def settle(self) -> None:
        """The newest one alone."""
        self.keys = [self.newest]


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()


def signature(keys: list[str], message: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header: an entry for each key."""
    signed = f"{message}.{timestamp}.".encode() + body
    return " ".join(f"v1,{_digest(key, signed)}" for key in keys)


def _digest(key: str, signed: bytes) -> str:
    raw = base64.b64decode(key.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(raw, signed, hashlib.sha256)).decode()
