"""Webhooks on their way: what each attempt carries, and what a fault makes of that."""

import json
from dataclasses import dataclass
from datetime import datetime

from local.simulator import signing
from local.simulator.events import Event, body_of, lie_of
from local.simulator.faults import Fault
from local.simulator.prediction import Prediction

# In no prediction's id: base32 has no zero.
OTHER_DIGIT = b"0"


@dataclass(frozen=True)
class Delivery:
    """One attempt to tell a webhook of one event."""

    prediction: str
    event: str
    attempt: int
    url: str
    headers: dict[str, str]
    body: bytes
    number: int
    """Its place among all attempts."""


@dataclass(frozen=True)
class Letter:
    """An event that a webhook is to be told of: what stays the same however often that is tried."""

    prediction: Prediction
    event: Event
    message: str
    last: datetime
    """No attempt is made after that."""
    attempt: int = 1
    fault: Fault | None = None
    """What has hit this attempt."""

    @property
    def fresh(self) -> bool:
        """Whether it waits for its event, not for another attempt or a fault's pause."""
        return self.attempt == 1 and self.fault is None

    @property
    def lost(self) -> bool:
        return self.fault is not None and self.fault.kind == "lose"

    @property
    def url(self) -> str:
        return self.prediction.request.webhook or ""


def delivery_of(letter: Letter, number: int, now: datetime, keys: list[str]) -> Delivery:
    """The attempt as it is sent now, signed with each of the keys."""
    fault = letter.fault
    kind = fault.kind if fault else None
    told = lie_of if kind == "early_end" else body_of
    body = json.dumps(told(letter.prediction, letter.event)).encode()
    timestamp = int(now.timestamp() + (fault.get("seconds") if fault and kind == "stale" else 0))
    signed_with = [signing.new_secret()] if kind == "forge" else keys
    headers = {
        "content-type": "application/json",
        "webhook-id": letter.message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signing.signature(signed_with, letter.message, timestamp, body),
    }
    return Delivery(
        prediction=letter.prediction.id,
        event=letter.event.name,
        attempt=letter.attempt,
        url=letter.url,
        headers=headers,
        body=_altered(body, letter.prediction.id) if kind == "alter" else body,
        number=number,
    )


def _altered(body: bytes, prediction_id: str) -> bytes:
    """With another first character of its id: still JSON, but about somebody else."""
    at = body.index(prediction_id.encode())
    return body[:at] + OTHER_DIGIT + body[at + 1 :]
