"""What the tests of the simulator hold in their hands: a clock that they move, and a client that speaks plain HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import requests

BEGIN = datetime(2026, 4, 22, 11, 15, 15, 329000, tzinfo=UTC)


class HandClock:
    """Stands still until it is moved; sleeping moves it."""

    def __init__(self) -> None:
        self.moment = BEGIN

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class Caller:
    """A client of one simulator. It has the token and keeps its connection."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.session.get(self._absolute(path), timeout=10, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self.session.post(self._absolute(path), timeout=10, **options)

    def create(self, model: str, given: Any = None, headers: dict[str, str] | None = None) -> requests.Response:
        """Ask for a run of a model, with a prompt unless told otherwise."""
        body = {"input": {"prompt": "a corgi"} if given is None else given}
        return self.post(f"/v1/models/{model}/predictions", json=body, headers=headers)

    def created(self, model: str, given: Any = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
        answer = self.create(model, given, headers)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def told(
        self,
        url: str = "http://127.0.0.1/hook",
        events: list[str] | None = None,
        headers: dict[str, str] | None = None,
        **script: Any,
    ) -> dict[str, Any]:
        """Start a run of `sim/script` that has a webhook."""
        body: dict[str, Any] = {"input": script, "webhook": url}
        if events is not None:
            body["webhook_events_filter"] = events
        answer = self.post("/v1/models/sim/script/predictions", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def read(self, prediction: dict[str, Any]) -> dict[str, Any]:
        answer = self.get(f"/v1/predictions/{prediction['id']}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def cancel(self, prediction: dict[str, Any]) -> dict[str, Any]:
        answer = self.post(f"/v1/predictions/{prediction['id']}/cancel")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def fault(self, **declared: Any) -> None:
        answer = self.post("/_sim/faults", json=declared)
        assert answer.status_code == 200, answer.text

    def counters(self, model: str | None = None) -> dict[str, Any]:
        return dict(self.get("/_sim/counters", params={"model": model} if model else None).json())

    def journal(self) -> list[dict[str, Any]]:
        return list(self.get("/_sim/journal").json())

    def file(self, url: str, **headers: str) -> requests.Response:
        """Fetch a file as a careful client does: without the token."""
        return requests.get(url, headers={name.replace("_", "-"): text for name, text in headers.items()}, timeout=10)

    def _absolute(self, path: str) -> str:
        return path if path.startswith("http") else self.url + path
