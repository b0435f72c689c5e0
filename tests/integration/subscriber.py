"""A caller's application, which is told of predictions by webhooks."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from replicate.webhook import Webhooks, WebhookSigningSecret

from tests.integration.driver import Driver

PATIENCE = 10


@dataclass(frozen=True, slots=True)
class Told:
    """One request that came. `headers` by their names in lower case."""

    path: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def body(self) -> Any:
        return json.loads(self.content)

    def check(self, secret: str) -> None:
        """As the official client does: raises for a signature that does not hold."""
        Webhooks.validate(
            headers=dict(self.headers), body=self.content.decode(), secret=WebhookSigningSecret(key=secret)
        )


@dataclass(slots=True)
class Subscriber:
    """Keeps what it is told; answers what `answers` says, one after the other, and at last 200.

    An answer is a status, or one with headers; `drop` ends the connection, `hold` waits until it is `freed`.
    """

    url: str = ""
    told: list[Told] = field(default_factory=list)
    answers: list[int | tuple[int, Mapping[str, str]] | str] = field(default_factory=list)
    freed: threading.Event = field(default_factory=threading.Event)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Sequence[bytes]:
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_") or name == "CONTENT_TYPE"
        }
        self.told.append(Told(environ["PATH_INFO"], headers, environ["wsgi.input"].read()))
        answer = self.answers.pop(0) if self.answers else 200
        if answer == "drop":
            raise ConnectionError
        if answer == "hold":
            self.freed.wait(PATIENCE)
        status, more = answer if isinstance(answer, tuple) else (answer, {})
        start(f"{200 if status == 'hold' else status} Said so", [("Content-Length", "0"), *more.items()])
        return []

    def submit(
        self, driver: Driver, model: str, events: Sequence[str] | None = None, given: Mapping[str, Any] | None = None
    ) -> str:
        """The id of a new prediction that this application is told of."""
        wanted = {"webhook": self.url} | ({} if events is None else {"webhook_events_filter": list(events)})
        body = {"input": {"prompt": "a corgi", "width": 16, "height": 16, **(given or {})}, **wanted}
        answer = driver.call("POST", f"/v1/models/{model}/predictions", body)
        assert answer.status == 201, answer.text
        return str(answer.body["id"])
