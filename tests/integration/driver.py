"""Plays everybody around the handlers by hand: the callers, the state machine, the test that looks into AWS."""

import functools
import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import boto3
import requests
import yaml
from botocore.exceptions import ClientError
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from local.functions import Functions
from local.gateway import Gateway
from local.simulator import Delivery, Simulator
from lumeo import aws, documents, settings
from lumeo.items import pack
from lumeo.keys import keys
from lumeo.prediction import Prediction
from lumeo.store import store
from tests.conftest import TestClock, template
from tests.integration.invoking import Invocation
from tests.world.paths import filled

LAMBDA_ANSWER_BYTES = 6 * 1024 * 1024
"""What a function may answer at most: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html."""
PICTURE = {"prompt": "a corgi", "width": 16, "height": 16}
"""An input of models that make pictures: small ones, since large ones take time to make."""
TRAVELS = {"id", "next", "wait", "wakes", "polls", "provider", "model", "upstream_id"}
"""All that a task may answer: no input, no output and no error text goes through the state machine."""

AFTER = {"Create", "Status", "Finalize", "Announce", "End"}
"""Where the state machine goes on after a task; after Announce only there, or to its end."""


class SimulatorClock:
    """The test's clock; what was put off happens while the simulator holds an answer back."""

    def __init__(self, clock: TestClock) -> None:
        self._clock = clock
        self.meanwhile: Callable[[], Any] | None = None

    def now(self) -> Any:
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        self._clock.passes(seconds)
        act, self.meanwhile = self.meanwhile, None
        if act:
            act()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answered. `body` is its JSON."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text, parse_constant=_no_json)


class Calling(ABC):
    """What a caller mostly asks for, whichever way its calls go."""

    @abstractmethod
    def call(self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Call the API."""

    def submit(self, model: str, given: Mapping[str, Any] | None = None, **headers: str) -> str:
        """The id of a new prediction."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        path = f"/v1/models/{model}/predictions"
        answer = self.call("POST", path, {"input": PICTURE | dict(given or {})}, headers=names)
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


@dataclass(slots=True)
class Driver(Calling):
    """One caller, and one run at a time."""

    clock: TestClock
    simulator: Simulator
    simulator_clock: SimulatorClock
    simulator_url: str
    functions: Functions
    gateway: Gateway
    invocations: list[Invocation]
    key: str = field(init=False)

    def __post_init__(self) -> None:
        self.key = keys().create("alice", "a test")

    # The caller's side

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Call the API as `alice`; `headers` may say otherwise, and `data` is a body as it stands."""
        content = data if data is not None else (b"" if body is None else json.dumps(body).encode())
        sent = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        response = self.gateway.answer(http_request(method, path, content, sent))
        return Answer(response.status_code, dict(response.headers), response.get_data(as_text=True))

    def upload(self, name: str, content: bytes, kind: str, metadata: Any = None, **headers: str) -> Answer:
        """Upload a file, as clients do."""
        parts = {"content": (name, content, kind), "metadata": (None, json.dumps(metadata or {}), "application/json")}
        form = requests.Request("POST", "https://lumeo.test", files=parts).prepare()
        assert isinstance(form.body, bytes)
        sent = {"Content-Type": form.headers["Content-Type"]} | headers
        return self.call("POST", "/v1/files", data=form.body, headers=sent)

    # The provider's side

    def deliver(self) -> list[int]:
        """Make the webhooks that are due by now; what each was answered."""
        return [self.hook(delivery).status for delivery in self.simulator.deliveries()]

    def hook(
        self,
        delivery: Delivery,
        *,
        body: bytes | None = None,
        path: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one webhook as the simulator has it, or with another body, another path, other headers."""
        content = delivery.body if body is None else body
        request = http_request(
            "POST", path or urlsplit(delivery.url).path, content, {**delivery.headers, **(headers or {})}
        )
        response = self.gateway.answer(request)
        self.simulator.delivered(delivery, response.status_code)
        return Answer(response.status_code, dict(response.headers), response.get_data(as_text=True))

    # The state machine's side

    def step(self, state: str, prediction_id: str, run: str | None = None) -> dict[str, Any]:
        """One task, as the state machine asks for it."""
        answer = self.functions.invoke(f"{state}Function", {"id": prediction_id, "run": run or prediction_id})
        assert set(answer) <= TRAVELS
        assert answer["next"] in ({"Announce", "End"} if state == "Announce" else AFTER)
        assert type(answer["wait"]) is int
        assert answer["wait"] >= 1
        assert type(answer.get("wakes", 0)) is int
        return dict(answer)

    def park(self, answer: Mapping[str, Any], token: str, run: str | None = None) -> bool:
        """What WaitForWebhook writes when it is entered with a task's answer; whether its condition held."""
        context = {"Task": {"Token": token}, "Execution": {"Name": run or answer["id"]}}
        request: Any = filled(_parking(), answer, context)
        try:
            aws.dynamodb().update_item(**request)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def run(
        self, prediction_id: str, state: str = "Create", *, rounds: int = 200, run: str | None = None
    ) -> list[tuple[str, int]]:
        """Every state that a run goes through and the wait that it asks for, to the end or `rounds` states.

        Every webhook is lost: each wait lasts as long as it may.
        """
        visited: list[tuple[str, int]] = []
        while state != "End" and len(visited) < rounds:
            answer = self.step(state, prediction_id, run)
            visited.append((state, answer["wait"]))
            told, state = state, answer["next"]
            if state in {"Create", "Status"} or told == state == "Announce":
                self.clock.passes(answer["wait"])
        return visited

    def finished(self, model: str, given: Mapping[str, Any] | None = None) -> tuple[dict[str, Any], Prediction]:
        """A prediction brought to its end: as its caller reads it, and its record."""
        prediction_id = self.submit(model, given)
        self.run(prediction_id)
        shown = self.read(prediction_id)
        assert shown["status"] in {"succeeded", "failed", "canceled"}
        return shown, self.record(prediction_id)

    def running(self, model: str, given: Mapping[str, Any] | None = None) -> str:
        """The id of a prediction that the provider has."""
        prediction_id = self.submit(model, given)
        assert self.step("Create", prediction_id)["next"] == "Status"
        return prediction_id

    def settled(self, model: str, given: Mapping[str, Any] | None = None) -> str:
        """The id of a prediction whose outputs are not stored yet."""
        prediction_id = self.running(model, given)
        self.clock.passes(60)
        assert self.step("Status", prediction_id)["next"] == "Finalize"
        return prediction_id

    def running_with(self, output: Any) -> str:
        """The id of a prediction that the provider has, and will say to have succeeded with this output.

        `{files}` in a text stands for where the provider has its files: `{files}/0.png` is a picture.
        """
        prediction_id = self.running("sim/instant")
        text = json.dumps({"id": self.upstream().id, "status": "succeeded", "output": output})
        body = text.replace("{files}", f"{self.simulator_url}/files/{self.upstream().id}")
        self.fault("get", "status", status=200, body=body, times=-1)
        return prediction_id

    def notify(self) -> list[dict[str, Any]]:
        """Run what functions have invoked by events; those events."""
        asked, self.invocations[:] = self.invocations[:], []
        for name, event in asked:
            self.functions.invoke(name, event)
        return [event for _, event in asked]

    def sweep(self) -> int:
        """What happens every minute; how many predictions were overdue."""
        answer = self.functions.invoke("SweepFunction", {"source": "aws.events", "detail-type": "Scheduled Event"})
        return int(answer["overdue"])

    # What there is to see

    def started(self) -> list[str]:
        """Names of the runs that were started."""
        client = boto3.client("stepfunctions")
        found = client.list_executions(stateMachineArn=settings.state_machine_arn())["executions"]
        return [execution["name"] for execution in found]

    def record(self, prediction_id: str) -> Prediction:
        found = store().get(prediction_id)
        assert found is not None
        return found

    def outcome(self, prediction_id: str) -> tuple[str, str | None]:
        """The status and the error code that the caller reads."""
        shown = self.read(prediction_id)
        return shown["status"], shown["error_code"]

    def overwrite(self, prediction_id: str, **values: Any) -> None:
        """Write attributes as somebody else would."""
        for name, value in values.items():
            aws.dynamodb().update_item(
                TableName=settings.table_name(),
                Key=pack({"pk": f"prediction#{prediction_id}"}),
                UpdateExpression="SET #name = :value",
                ExpressionAttributeNames={"#name": name},
                ExpressionAttributeValues=pack({":value": value}),
            )

    def raw_error(self, prediction_id: str) -> str:
        return str(documents.value(self.record(prediction_id).raw_error))

    def stored(self, key: str) -> tuple[bytes, dict[str, Any]]:
        """A file in the bucket, and what is said of it."""
        found: Any = aws.s3().get_object(Bucket=settings.bucket_name(), Key=key)
        return found["Body"].read(), found

    def stored_keys(self, prefix: str = "outputs/") -> list[str]:
        found = aws.s3().list_objects_v2(Bucket=settings.bucket_name(), Prefix=prefix)
        return [item["Key"] for item in found.get("Contents", [])]

    def fault(self, call: str, kind: str, **more: Any) -> None:
        declared = {"call": call, "kind": kind, **more}
        requests.post(f"{self.simulator_url}/_sim/faults", json=declared, timeout=5).raise_for_status()

    def calls(self) -> dict[str, int]:
        """How many calls of each kind the provider got."""
        return dict(self.simulator.counters()["calls"])

    def created(self) -> int:
        """How many runs would be paid for."""
        return int(self.simulator.counters()["created"])

    def upstream(self) -> Any:
        """The only run at the provider."""
        (found,) = self.simulator.all()
        return found

    def file(self, name: str) -> bytes:
        """The bytes of an output file of the only run, as the provider has them."""
        content = self.simulator.file(self.upstream().id, name)
        assert content is not None
        return b"".join(content.read(0, content.size))

    def check_files(self, prediction: Prediction, names: list[str], content_type: str) -> None:
        """All files of the only run are stored byte by byte, and recorded as what they are."""
        assert len(prediction.outputs) == len(names)
        for n, name in enumerate(names):
            output, wanted = prediction.outputs[str(n)], self.file(name)
            content, head = self.stored(output.key)
            assert content == wanted
            assert output.bytes == len(wanted)
            assert output.sha256 == hashlib.sha256(wanted).hexdigest()
            assert output.content_type == head["ContentType"] == content_type
            assert output.key.startswith(f"outputs/{prediction.outputs_id}/{n}.")


def http_request(method: str, path: str, content: bytes, headers: Mapping[str, str]) -> Request:
    """A request as it reaches API Gateway; a header of an empty text is not sent."""
    environ = EnvironBuilder(
        path=path.partition("?")[0],
        query_string=path.partition("?")[2],
        method=method,
        base_url="https://lumeo.test",
        headers=[(name, value) for name, value in headers.items() if value],
        data=content,
        content_type=headers.get("Content-Type", "application/json"),
    ).get_environ()
    return Request(environ)


@functools.cache
def _parking() -> Any:
    """What the state WaitForWebhook asks of the table."""
    return yaml.safe_load(template().definition())["States"]["WaitForWebhook"]["Parameters"]


def _no_json(constant: str) -> Any:
    raise AssertionError(f"{constant} is not JSON")
