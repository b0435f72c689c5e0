"""The whole application in virtual time: real handlers, real state machine, moto, the simulator; nothing else runs.

`with world(seed=7) as here:` is a new one. Everything in it follows from its seed, and from what the test does.
"""

import functools
import json
import os
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import yaml
from aws_lambda_powertools.utilities import parameters
from aws_lambda_powertools.utilities.parameters.constants import DEFAULT_PROVIDERS

from local.contract import contract
from local.environment import variables
from local.gateway import Gateway
from local.simulator import Simulator
from local.simulator.http import create_app
from local.template import Template
from lumeo import aws, clock, keys, models
from lumeo.prediction import Prediction
from lumeo.store import store
from tests.backends import backends
from tests.conftest import ROOT, TOKEN, template
from tests.world import cloud
from tests.world.bus import Bus
from tests.world.caller import Caller
from tests.world.calls import Call, Hook, Seam
from tests.world.chooser import Chooser, Seeded
from tests.world.deliveries import Deliveries
from tests.world.functions import Lambda
from tests.world.hub import Hub
from tests.world.logs import captured
from tests.world.machine import Execution, Outside
from tests.world.net import Net
from tests.world.receiver import Receiver
from tests.world.replaced import replaced
from tests.world.states import States
from tests.world.turns import Stuck

HOST = "provider.test"
RECEIVER = "http://receiver.test"
ORIGIN = "https://lumeo.test"
MASTER = "master-secret-that-must-not-be-seen-anywhere"
QUIET_SECONDS = 24 * 3600.0


class World(Caller):
    """Everybody around the handlers, and what there is to see."""

    def __init__(
        self, hub: Hub, net: Net, template: Template, machine: Mapping[str, Any] | None, *, cold: bool
    ) -> None:
        self.hub = hub
        self.net = net
        self.seam = net.seam
        self.template = template
        self.cold = cold
        self.lines: list[str] = []
        self.accepted = []
        self.removed: set[str] = set()
        """Ids of predictions of which the caller was told that they are gone."""
        self.statuses: dict[str, list[str]] = {}
        self.seam.hooks.append(_Witness(self))
        self.simulator = Simulator(clock=hub, token=TOKEN)
        net.applications[HOST] = create_app(self.simulator)
        self.receiver = Receiver(hub, lambda prediction_id: self._attribute(prediction_id, "phase"))
        net.applications[RECEIVER.removeprefix("http://")] = self.receiver
        self.functions = Lambda(hub, template.functions(), self.lines, self._freshen)
        self.gateway = Gateway(template.routes(), self.functions, contract())
        self.deliveries = Deliveries(hub, self.simulator, self.gateway)
        net.answered = self.deliveries.look
        self.bus = Bus(hub, template, self.functions)
        ((machine_name, _),) = template.resources("AWS::Serverless::StateMachine").items()
        outside = Outside(invoke=self._invoke, update_item=cloud.update_item, ended=self.bus.ended)
        self.states = States(hub, template.arn(machine_name), machine or _definition(), outside)
        self.cloud = cloud.Cloud(self.seam, self.states.answer, self.functions.send)
        ((table, _),) = template.resources("AWS::DynamoDB::Table").items()
        self.table = template.name(table)
        ((bucket, _),) = template.resources("AWS::S3::Bucket").items()
        self.bucket = template.name(bucket)
        self.key = ""

    # The operator's side, and time's

    def stop_run(self, prediction_id: str) -> None:
        """Stop the current run, as somebody does in the console."""
        self.states.answer("StopExecution", {"executionArn": self.states.arn(self.record(prediction_id).run)})

    def sweep(self) -> Any:
        """One run of sweep, now."""
        return self.hub.do(lambda: self.functions.invoke("SweepFunction", {"source": "aws.events"}), "schedule")

    def fault(self, call: str, kind: str, **more: Any) -> None:
        """Let the provider fail: `local/simulator/README.md` says how."""
        self.simulator.add_faults({"call": call, "kind": kind, **more})

    def passes(self, seconds: float) -> None:
        """Let that much time pass."""
        self.hub.sleep(seconds)

    def until(self, holds: Callable[[], bool], seconds: float = QUIET_SECONDS) -> None:
        """Let time pass until something holds. Raises Stuck when it does not within that time."""
        self.hub.run(holds, seconds)
        if not holds():
            raise Stuck(f"not after {seconds} s")

    def until_quiet(self, seconds: float = QUIET_SECONDS) -> None:
        """Let time pass until nobody has anything left to do. Raises Stuck when that takes too long."""
        self.hub.run(self.quiet, seconds)
        if not self.quiet():
            tasks = sorted(task.name for task in self.hub.tasks)
            raise Stuck(f"not quiet after {seconds} s: tasks {tasks}, promised looks {self._promised()}")

    def quiet(self) -> bool:
        """Nothing runs, nothing is on its way, and the record promises no further look."""
        busy = self.hub.tasks or self.states.open() or self.deliveries.pending() or self.bus.untold
        return not busy and not self._promised()

    # What there is to see

    def record(self, prediction_id: str) -> Prediction:
        found = store().get(prediction_id)
        assert found is not None
        return found

    def items(self) -> list[dict[str, Any]]:
        """Every item of the table, in DynamoDB's notation."""
        return list(cloud.items(self.table))

    def executions(self) -> dict[str, Execution]:
        return self.states.executions

    def history(self, run: str) -> list[dict[str, Any]]:
        return self.states.executions[run].history

    def calls(self) -> list[Call]:
        """Every external call of every function so far, in the order in which they were acted on."""
        return self.seam.calls

    def created(self) -> int:
        """How many runs would be paid for."""
        return int(self.simulator.counters()["created"])

    def objects(self, prefix: str) -> list[str]:
        """Keys of what lies in the bucket."""
        listed = aws.s3().list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [one["Key"] for one in listed.get("Contents", ())]

    def put(self, key: str, content: bytes) -> None:
        """Put a file into the bucket, past all that is ours."""
        cloud.put(self.bucket, key, content)

    # Inside

    def is_gone(self, prediction_id: str) -> None:
        """Note it; and somebody who began before the end stores more just now, as a function may that nobody awaits."""
        self.removed.add(prediction_id)
        self.put(f"outputs/{self._attribute(prediction_id, 'outputs_id')}/late", b"late")
        self.put(f"records/{prediction_id}/late", b"late")

    def begin(self) -> None:
        """The clock's first minute, and what is there before the first request."""
        self.key = keys.keys().create("alice", "a test")
        self.bus.start(self._overdue)

    def _overdue(self) -> bool:
        return any(at < clock.stamp() for at in self._promised())

    def _promised(self) -> list[str]:
        return [item["due_at"]["S"] for item in cloud.items(self.table) if "due_at" in item]

    def _attribute(self, prediction_id: str, name: str) -> str:
        """A text of a record, read past every seam; empty when there is none."""
        items = (item for item in cloud.items(self.table) if item["pk"]["S"] == f"prediction#{prediction_id}")
        return next((str(item[name]["S"]) for item in items), "")

    def _freshen(self) -> None:
        if self.cold:
            parameters.clear_caches()  # type: ignore[no-untyped-call]
            _provide_secrets()
            keys.keys.cache_clear()
            models.models.cache_clear()

    def _invoke(self, arn: str, payload: Any, seconds: float | None) -> Any:
        return self.functions.outcome(self.functions.start(arn.rpartition(":")[2], payload), seconds)


class _Witness(Hook):
    """Keeps every status that a prediction ever had."""

    def __init__(self, here: World) -> None:
        self._here = here

    def after(self, call: Call) -> None:
        if call.service == "dynamodb" and call.writes:
            for item in cloud.items(self._here.table):
                if "status" in item:
                    trail = self._here.statuses.setdefault(item["pk"]["S"], [])
                    if not trail or trail[-1] != item["status"]["S"]:
                        trail.append(item["status"]["S"])


@contextmanager
def world(
    seed: int | str = 0,
    chooser: Chooser | None = None,
    *,
    cold: bool = False,
    machine: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[World]:
    """A new world. `cold`: every invocation is a cold start. `machine`: another definition than the template's."""
    hub = Hub(chooser or Seeded(seed))
    with ExitStack() as stack:
        stack.enter_context(cloud.quick())
        net = Net(hub, Seam(hub))
        chance = stack.enter_context(replaced(hub, net))
        stack.enter_context(clock.using(hub))
        stack.enter_context(variables(_environment(template()) | dict(environment or {})))
        os.environ["DISTRIBUTION_ID"] = stack.enter_context(backends(_made))
        # Making clients draws on chance, and only the first world makes them.
        for made in (aws.dynamodb, aws.s3, aws.stepfunctions, _provide_secrets):
            made()
        chance.seed(f"bytes {seed}")
        random.seed(f"jitter {seed}")
        cloud.forget_retries()
        here = World(hub, net, template(), machine, cold=cold)
        stack.enter_context(captured(here.lines))
        cloud.Cloud.current = here.cloud
        stack.callback(setattr, cloud.Cloud, "current", None)
        here.begin()
        stack.callback(hub.close)
        yield here


def _made() -> str:
    secrets = {}
    for name, spec in template().resources("AWS::SecretsManager::Secret").items():
        made = "GenerateSecretString" in spec
        secrets[name] = MASTER if made else json.dumps({"replicate": {"default": TOKEN}})
    return cloud.create(template(), secrets)


@functools.cache
def _definition() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(template().definition())
    return read


def _environment(template: Template) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for function in template.functions().values():
        wanted |= function.environment
    return wanted | {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "PUBLIC_URL": ORIGIN,
        "OUTPUTS_URL": "https://cdn.test",
        "CATALOGUE_FILE": str(ROOT / "local" / "catalogue.toml"),
        "REPLICATE_BASE_URL": f"http://{HOST}/v1",
        "REPLICATE_OUTPUT_HOSTS": f"http://{HOST}",
        "WEBHOOK_ORIGINS": RECEIVER,
    }


def _provide_secrets() -> None:
    DEFAULT_PROVIDERS["secrets"] = provider = cloud.secrets_provider()
    provider.clear_cache()  # type: ignore[no-untyped-call]
