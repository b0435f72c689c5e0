"""The caller's side of the world: our HTTP API, through the gateway."""

import json
from collections.abc import Mapping
from typing import Any

from local.gateway import Gateway
from tests.integration.driver import Answer, Calling, http_request
from tests.world.hub import Hub


class Caller(Calling):
    """The one caller that there is. From outside of all tasks, every call lets time pass until its answer."""

    hub: Hub
    gateway: Gateway
    key: str
    accepted: list[str]
    """Ids of all predictions that the caller was told of."""

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
        if answer.status == 201:
            self.accepted.append(answer.body["id"])
        return answer
