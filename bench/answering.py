"""Answering: what a warm function adds to the calls of AWS that it makes."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from bench.report import ROOT, Figure, Goal, Part, Say, Table
from local.aws import Aws
from local.environment import variables
from local.functions import Context, Functions
from local.template import Template
from lumeo import aws
from lumeo.keys import keys
from lumeo.models import models

TURNS = 600
ENDED = {"next": "End", "wait": 1}
"""What the runs that are started here are told by their first task."""
DYNAMODB_MS = 4.0
"""A call of DynamoDB from the same region takes some milliseconds: what AWS names as usual is single-digit."""
SILENT = "POWERTOOLS_METRICS_DISABLED"
SAMPLES = {"submit": "submit_model", "read": "read_prediction"}
"""Sample events of `events/`, by function."""
METHOD = f"""
Handlers are called with the sample events of `events/`, in a process that is warm: the caller's key and the model's
schema are remembered, the input is checked against it. AWS is a process that answers at once, over kept connections,
with what moto said to the same calls. In turns, {TURNS} times: one invocation; the calls of AWS that it makes, by boto3
alone with the same parameters; a function that answers 204 and does nothing else, with our router and logger; the same
with Powertools' resolver and logger. Times are medians, ratios medians of those within a turn. AWS that answers at once
is the worst case: with {DYNAMODB_MS:.0f} ms for each of its calls, the last column is the ratio.
"""


@dataclass(slots=True)
class Recorded:
    """One invocation: the event, the calls of AWS that it made when warm; `answers` also to what it asked before."""

    function: str
    event: Mapping[str, Any]
    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    answers: list[tuple[list[str], str]] = field(default_factory=list)


def measure(say: Say) -> Part:
    took: dict[str, Mapping[str, Sequence[float]]] = {}
    made: dict[str, str] = {}
    with _application() as key:
        for function in SAMPLES:
            recorded = _record(function, key)
            made[function] = ", ".join(name for _, name, _ in recorded.calls)
            took[function] = _measured(recorded)
            say(f"{function}: {_ratio(took[function]):.2f} × {made[function]}")
    limit = "what is left is reading and writing of items and of JSON: see the table"
    head = [
        "function",
        "calls",
        "it, ms",
        "calls alone, ms",
        "9 of 10 within, ms",
        "its own, ms",
        "ratio",
        "ratio in AWS",
    ]
    return Part(
        title="Answering",
        method=METHOD,
        figures=[
            Figure(
                name=f"{function}, over its calls of AWS ({made[function]})",
                value=_ratio(found),
                unit="×",
                goal=Goal("at most", 1.5),
                limit=limit,
            )
            for function, found in took.items()
        ],
        tables=[
            Table(caption="Warm functions.", head=head, rows=[_row(name, made[name], took[name]) for name in took]),
            Table(
                caption="A function that does nothing.",
                head=["with", "ms"],
                rows=[[name, _ms(took["read"][way])] for name, way in (("ours", "routes"), ("Powertools", "resolver"))],
            ),
        ],
        raw={name: {way: _ms(each) for way, each in found.items()} for name, found in took.items()},
    )


@contextmanager
def _application() -> Iterator[str]:
    """What the functions need of AWS, in moto; the key of a caller."""
    template = Template(ROOT / "template.yaml")
    functions = template.functions()
    cloud = Aws(lambda *_: ENDED)
    try:
        made = cloud.create(template, json.dumps({"replicate": {"default": "none"}}))
        found = {name: value for each in functions.values() for name, value in each.environment.items()}
        own = {"OUTPUTS_URL": "https://cdn.test", "CATALOGUE_FILE": str(ROOT / "local" / "catalogue.toml")}
        # Who creates faster than its rate moves its clock by a second call.
        own |= {SILENT: "true", "CALLER_CREATES_PER_MINUTE": "60000"}
        with variables(found | cloud.environment | made | own):
            Functions(functions)
            models().keep("replicate", "sim/image", DESCRIBED)
            yield keys().create("alice", "to measure with")
    finally:
        cloud.close()


def _record(function: str, key: str) -> Recorded:
    """The calls of a function: all of its first invocation are answered, those of its second are what it makes warm."""
    event = json.loads((ROOT / "events" / f"{SAMPLES[function]}.json").read_text())
    event["headers"]["authorization"] = f"Bearer {key}"
    if function == "read":
        event["pathParameters"]["id"] = _submitted(key)
    recorded = Recorded(function, event)
    with variables({}):
        for client in (aws.dynamodb(), aws.stepfunctions()):
            listen: Any = client.meta.events
            listen.register("provide-client-params", lambda params, model, **_: _note(recorded, params, model))
            listen.register("before-parse", lambda response_dict, **_: _answered(recorded, response_dict))
        for _ in range(2):
            recorded.calls.clear()
            _invoke(function, event)
    return recorded


def _submitted(key: str) -> str:
    event = json.loads((ROOT / "events" / f"{SAMPLES['submit']}.json").read_text())
    event["headers"]["authorization"] = f"Bearer {key}"
    return str(json.loads(_invoke("submit", event)["body"])["id"])


def _invoke(function: str, event: Mapping[str, Any]) -> Any:
    module: Any = sys.modules[f"functions.{function}.app"]
    return module.handler(event, Context(function, 512, 30))


def _note(recorded: Recorded, params: dict[str, Any], model: Any) -> None:
    recorded.calls.append((model.service_model.service_name, model.name, params))


def _answered(recorded: Recorded, answer: Mapping[str, Any]) -> None:
    """The last call's answer, by its operation and the kind of its item."""
    assert answer["status_code"] == 200, answer
    _, name, params = recorded.calls[-1]
    kind = params.get("Key", {}).get("pk", {}).get("S", "").partition("#")[0]
    recorded.answers.append(([f".{name}\r\n", *([f'"{kind}#'] if kind else [])], answer["body"].decode()))


def _measured(recorded: Recorded) -> Mapping[str, Sequence[float]]:
    """Seconds of each way, in the order of the turns."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.json"
        path.write_text(json.dumps(recorded.answers))
        command = [sys.executable, "-m", "bench.answering_aws", str(path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 (our own)
            try:
                assert server.stdout
                environment = {**os.environ, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{int(server.stdout.readline())}"}
                # Metrics are written, too.
                environment.pop(SILENT)
                command = [sys.executable, "-m", "bench.answering_turns", str(TURNS)]
                given = json.dumps(asdict(recorded))
                told = subprocess.check_output(command, cwd=ROOT, env=environment, input=given, text=True)  # noqa: S603
            finally:
                server.terminate()
    found: Mapping[str, Sequence[float]] = json.loads(told.splitlines()[-1])
    return found


def _ratio(took: Mapping[str, Sequence[float]]) -> float:
    return median(ours / calls for ours, calls in zip(took["ours"], took["calls"], strict=True))


def _row(function: str, made: str, took: Mapping[str, Sequence[float]]) -> list[str | float]:
    ours, calls = _ms(took["ours"]), _ms(took["calls"])
    own = 1000 * median(ours - calls for ours, calls in zip(took["ours"], took["calls"], strict=True))
    there = calls + DYNAMODB_MS * (made.count(",") + 1)
    within = 1000 * quantiles(took["ours"], n=10)[-1]
    return [function, made, ours, calls, within, own, _ratio(took), (there + own) / there]


def _ms(seconds: Sequence[float]) -> float:
    return 1000 * median(seconds)


DESCRIBED = {
    "owner": "sim",
    "name": "image",
    "latest_version": {
        "id": "5c" * 32,
        "openapi_schema": {
            "components": {
                "schemas": {
                    "Input": {
                        "type": "object",
                        "required": ["prompt"],
                        "properties": {
                            "prompt": {"type": "string"},
                            "seed": {"type": "integer"},
                            "width": {"type": "integer", "minimum": 256, "maximum": 1440, "default": 1024},
                            "height": {"type": "integer", "minimum": 256, "maximum": 1440, "default": 1024},
                            "guidance": {"type": "number", "minimum": 0, "maximum": 10, "default": 3},
                            "format": {"allOf": [{"$ref": "#/components/schemas/format"}], "default": "webp"},
                        },
                    },
                    "format": {"enum": ["webp", "jpg", "png"], "type": "string"},
                }
            }
        },
    },
}
"""What a model says of itself, as far as it matters here."""
