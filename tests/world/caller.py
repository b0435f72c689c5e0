"""The caller's side of the world: our HTTP API, through the gateway."""

import json
from collections.abc import Mapping
from typing import Any

from local.gateway import Gateway
from tests.integration.driver import PICTURE, Answer, http_request
from tests.world.hub import Hub


class Caller:
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

    def submit(self, model: str, given: Mapping[str, Any] | None = None, **headers: str) -> str:
        """The id of a new prediction."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.call("POST", f"/v1/models/{model}/predictions", {"input": PICTURE | dict(given or {})}, named)
        assert answer.status == 201, answer.text
        return str(answer.body["id"])

    def read(self, prediction_id: str) -> dict[str, Any]:
        answer = self.call("GET", f"/v1/predictions/{prediction_id}")
        assert answer.status == 200, answer.text
        return dict(answer.body)

    def cancel(self, prediction_id: str) -> dict[str, Any]:
        answer = self.call("POST", f"/v1/predictions/{prediction_id}/cancel")
        assert answer.status == 200, answer.text
        return dict(answer.body)
