"""Predictions on a local stack, one every second: how soon each was ours, and the states that its run entered."""

import time
from dataclasses import dataclass
from typing import Any

import boto3
import requests

from bench.scale_stack import KNOWN, started
from local.stack import Ready
from local.template import REGION
from lumeo import clock

PATIENCE, APART, LOOK_EVERY = 60, 1.0, 0.5
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds from the provider's end to ours; states entered."""

    delay: float
    transitions: int


def runs(seconds: float, n: int) -> list[Run]:
    """So many predictions of that length, after one that is not counted."""
    with started(seconds) as stack, requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {stack.ready.api_key}"
        made = []
        for _ in range(n + 1):
            made.append(_made(session, stack.ready, seconds))
            time.sleep(APART)
        # Not until they have ended: who asks takes time from those who work.
        time.sleep(seconds)
        return [_run(session, stack.ready, each) for each in made[1:]]


def _made(session: requests.Session, ready: Ready, seconds: float) -> str:
    body = {"input": {"processing": seconds, "output": "one"}}
    url = f"{ready.api_url}/models/{KNOWN}/predictions"
    made: str = session.post(url, json=body, timeout=PATIENCE).json()["id"]
    return made


def _run(session: requests.Session, ready: Ready, made: str) -> Run:
    end = time.monotonic() + PATIENCE
    while (events := _history(ready, made))[-1]["type"] != "ExecutionSucceeded":
        if time.monotonic() > end:
            raise RuntimeError(f"the run of {made} does not end")
        time.sleep(LOOK_EVERY)
    shown = session.get(f"{ready.api_url}/predictions/{made}", timeout=PATIENCE).json()
    if shown["status"] != "succeeded":
        raise RuntimeError(f"{made} has not succeeded: {shown['status']}")
    ours = shown["completed_at"]
    entered = sum("stateEnteredEventDetails" in event for event in events)
    return Run(clock.seconds_between(_upstream(ready, made), ours), entered)


def _history(ready: Ready, made: str) -> list[dict[str, Any]]:
    arn = f"{ready.state_machine_arn.replace(':stateMachine:', ':execution:')}:{made}"
    events: list[dict[str, Any]] = _client(ready, "stepfunctions").get_execution_history(executionArn=arn)["events"]
    return events


def _client(ready: Ready, service: str) -> Any:
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    make: Any = boto3.client
    return make(service, endpoint_url=ready.aws_endpoint_url, region_name=REGION, **keys)


def _upstream(ready: Ready, made: str) -> str:
    """When it ended, as its provider says."""
    item = _client(ready, "dynamodb").get_item(TableName=ready.table_name, Key={"pk": {"S": f"prediction#{made}"}})
    ended: str = item["Item"]["upstream"]["M"]["completed_at"]["S"]
    return ended
