"""A thousand predictions at once, against a running stack: submitted, in flight, ended, and looked over."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import boto3
import requests

from bench.report import Say
from bench.scale_stack import KNOWN, Stack
from local.template import REGION

POLLED = "sim/tokens"
ONE_POLLED_IN = 10
LONG_SECONDS = 3000
"""None of them ends by itself."""
TERMINAL = {"succeeded", "failed", "canceled"}
CALLERS = 4
"""Requests to create that are under way at once."""
LOT, AHEAD = 25, 15
"""So many are submitted when no more than that are not in flight yet: what comes faster only queues up."""
PAUSE = 0.5
PATIENCE, LONGEST = 60, 600
"""Seconds in which something has to go on, and for all that one waits for."""


@dataclass(slots=True)
class Load:
    """Predictions of two models; of each `ONE_POLLED_IN` one is of the second, which is polled."""

    stack: Stack
    say: Say
    ids: list[str] = field(default_factory=list)
    _local: threading.local = field(default_factory=threading.local)

    def submit(self, number: int) -> None:
        """Bring it to so many in flight: until the provider has them all."""
        made = self.counted()["created"] - len(self.ids)
        with ThreadPoolExecutor(CALLERS) as pool:
            while len(self.ids) < number:
                lot = range(len(self.ids), min(number, len(self.ids) + LOT))
                self.ids.extend(pool.map(self._submit, lot))
                self._until(lambda counted: counted["created"] - made >= len(self.ids) - AHEAD)
            self._until(lambda counted: counted["created"] - made >= number)

    def end(self, apart: float) -> None:
        """Have the provider end all that run, one after another; first those of which no webhook will tell."""
        running = [made for made in self._simulator("predictions") if made["status"] not in TERMINAL]
        running.sort(key=lambda made: made["model"] != POLLED)
        for at in range(0, len(running), LOT):
            lot = [made["id"] for made in running[at : at + LOT]]
            url = f"{self.stack.ready.simulator_url}/_sim/end"
            self._session.post(url, json={"predictions": lot}, timeout=PATIENCE).raise_for_status()
            time.sleep(apart * len(lot))

    def ended(self) -> None:
        """Until all have ended, at the provider and in their records; or nothing goes on any more."""
        self._until(lambda counted: counted["running"] == 0)
        self.say(f"all of {len(self.ids)} have ended at the provider")
        seen, since = -1, time.monotonic()
        while time.monotonic() - since < PATIENCE:
            statuses = self.statuses()
            over = sum(statuses.get(each) in TERMINAL for each in self.ids)
            if over == len(self.ids):
                return
            since, seen = (time.monotonic(), over) if over != seen else (since, seen)
            time.sleep(1)

    def statuses(self) -> dict[str, str]:
        """What our API says of each, page by page."""
        found: dict[str, str] = {}
        page: str | None = f"{self.stack.ready.api_url}/predictions"
        while page:
            shown = self._session.get(page, timeout=PATIENCE).json()
            found.update({prediction["id"]: prediction["status"] for prediction in shown["results"]})
            page = shown["next"]
        return found

    def runs(self) -> Counter[str]:
        """How the executions ended."""
        client = boto3.client(
            "stepfunctions",
            endpoint_url=self.stack.ready.aws_endpoint_url,
            region_name=REGION,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 (moto takes any)
        )
        pages = client.get_paginator("list_executions").paginate(stateMachineArn=self.stack.ready.state_machine_arn)
        return Counter(run["status"] for page in pages for run in page["executions"])

    def paid(self) -> Sequence[int]:
        """How many runs the provider was asked for, prediction by prediction."""
        made = self._simulator("predictions")
        found = Counter(prediction["webhook"].split("/")[-2] for prediction in made)
        return [found[prediction_id] for prediction_id in self.ids]

    def lose_webhooks(self) -> None:
        """From now on, those of the polled model."""
        fault = {"call": "webhook", "kind": "lose", "model": POLLED, "times": -1}
        self._session.post(f"{self.stack.ready.simulator_url}/_sim/faults", json=fault, timeout=10).raise_for_status()

    def counted(self) -> dict[str, Any]:
        return dict(self._simulator("counters"))

    def _submit(self, n: int) -> str:
        polled = n % ONE_POLLED_IN == 0
        given = {"tokens": 1, "processing": LONG_SECONDS} if polled else {"output": "a text", "starting": LONG_SECONDS}
        url = f"{self.stack.ready.api_url}/models/{POLLED if polled else KNOWN}/predictions"
        answer = self._session.post(url, json={"input": given}, timeout=PATIENCE)
        answer.raise_for_status()
        return str(answer.json()["id"])

    def _until(self, enough: Any) -> None:
        """Raises TimeoutError when nothing has changed for too long."""
        seen: Any = None
        begun = since = time.monotonic()
        while True:
            counted = self.counted()
            if enough(counted):
                return
            now = (counted["created"], counted["running"], self.stack.busy // 5)
            since, seen = (time.monotonic(), now) if now != seen else (since, seen)
            if time.monotonic() > min(since + PATIENCE, begun + LONGEST):
                raise TimeoutError(f"nothing goes on any more: {counted}")
            time.sleep(PAUSE)

    def _simulator(self, path: str) -> Any:
        return self._session.get(f"{self.stack.ready.simulator_url}/_sim/{path}", timeout=PATIENCE).json()

    @property
    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False
            self._local.session.headers["Authorization"] = f"Bearer {self.stack.ready.api_key}"
        session: requests.Session = self._local.session
        return session


def per_one(at: Iterable[tuple[int, int]]) -> list[float]:
    """Bytes that each further prediction takes, from one measured number of them to the next."""
    measured = list(at)
    return [(b - a) / (m - n) for (n, a), (m, b) in pairwise(measured)]
