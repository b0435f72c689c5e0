"""Webhooks to the caller, checked as the clients check them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from replicate.webhook import Webhooks, WebhookSigningSecret

from local.serving import Server
from tests.clients.scenarios.registry import WITH_CURL, scenario
from tests.clients.scene import Scene
from tests.simulator.receiver import Receiver

HEADERS = {"HTTP_WEBHOOK_ID": "webhook-id", "HTTP_WEBHOOK_TIMESTAMP": "webhook-timestamp"}
HEADERS |= {"HTTP_WEBHOOK_SIGNATURE": "webhook-signature"}


@contextmanager
def _receiver() -> Iterator[tuple[Receiver, str]]:
    receiver = Receiver()
    with Server(receiver) as server:
        yield receiver, server.url


@scenario("`webhook`: `completed`, signed", *WITH_CURL)
def webhook(on: Scene) -> str:
    with _receiver() as (receiver, url):
        created = on.create(webhook=f"{url}/200", webhook_events_filter=["completed"])
        (told,) = receiver.wait_for(1)

    body = told["body"].decode()
    shown = on.caller.get(created["id"])
    assert json.loads(body) == {name: value for name, value in shown.items() if name != "webhook_deliveries"}
    headers = {theirs: told[name] for name, theirs in HEADERS.items()}
    return _checked(on, headers, body)


@scenario("`webhook_events_filter`", *WITH_CURL)
def webhook_events_filter(on: Scene) -> str:
    with _receiver() as (receiver, url):
        on.create({"processing": 3}, {"model": "sim/script"}, webhook=url, webhook_events_filter=["start", "completed"])
        told = receiver.wait_for(2)

    events = [request["HTTP_WEBHOOK_ID"].split("_")[2] for request in told]
    assert events == ["start", "completed"]
    return ", ".join(f"`{event}`" for event in events)


def _checked(on: Scene, headers: dict[str, str], body: str) -> str:
    """The client itself checks where it can; where not, another's validator does, with the key that it was given."""
    key = on.do("secret")
    if on.client in {"py1", "npm"}:
        assert on.do("valid", signed=headers, body=body, secret=key) is True
        return "signature valid, by its own validator"
    Webhooks.validate(headers=headers, body=body, secret=WebhookSigningSecret(key=key), tolerance=60)
    return "signature valid"
