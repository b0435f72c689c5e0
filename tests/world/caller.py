"""The caller's side of the world: our HTTP API, through the gateway."""

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from local.gateway import Gateway
from tests.integration.driver import PICTURE, Answer, Calling, http_request
from tests.world.hub import Hub


class Caller(Calling):
    """The one caller that there is. From outside of all tasks, every call lets time pass until its answer."""

    hub: Hub
    gateway: Gateway
    key: str
    accepted: list[str]
    """Ids of all predictions that the caller was told of."""

    @abstractmethod
    def is_gone(self, prediction_id: str) -> None:
        """Take note of a prediction that the caller was told is removed."""

    def subscribed(
        self,
        model: str,
        webhook: str,
        events: Sequence[str] = ("completed",),
        given: Mapping[str, Any] | None = None,
    ) -> str:
        """The id of a new prediction whose caller wants to be told."""
        body = {"input": PICTURE | dict(given or {}), "webhook": webhook, "webhook_events_filter": list(events)}
        answer = self.call("POST", f"/v1/models/{model}/predictions", body)
        assert answer.status == 201, answer.text
        return str(answer.body["id"])

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, *, data: bytes = b""
    ) -> Answer:
        """Call the API as the one caller that there is; `headers` may say otherwise."""
        content = data or (b"" if body is None else json.dumps(body).encode())
        sent = {"Authorization": f"Bearer {self.key}", **(headers or {})}

        def made() -> Answer:
            response = self.gateway.answer(http_request(method, path, content, sent))
            return Answer(response.status_code, dict(response.headers), response.get_data(as_text=True))

        answer: Answer = self.hub.do(made, f"{method} {path}")
        if answer.status == 201 and path.endswith(("/predictions", "/rerun")):
            self.accepted.append(answer.body["id"])
        if answer.status == 204 and path.startswith("/v1/predictions/"):
            self.is_gone(path.rpartition("/")[2])
        return answer
