"""The models, as a table: how long each takes, and how it ends."""

import hashlib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.simulator import schemas
from local.simulator.schemas import Schema

OWNER = "sim"
FOR_EVER = math.inf

NSFW = "NSFW content detected. Try running it again, or try a different prompt."
FLAGGED = "The input or output was flagged as sensitive. Please try again with different inputs. (E005) (uIJ6l3ruRD)"
INTERRUPTED = "Prediction interrupted; please retry (code: PA)"
TRACEBACK = """Traceback (most recent call last):
  File "/usr/local/lib/python3.11/site-packages/cog/server/runner.py", line 374, in _predict
    output = predict(**payload)
  File "/src/predict.py", line 88, in predict
    image = self.pipe(prompt=prompt, generator=generator).images[0]
RuntimeError: The size of tensor a (64) must match the size of tensor b (77) at non-singleton dimension 1
"""
SENTENCE = "The quick brown corgi jumps over the lazy dog."
UNKNOWN_STATUS = "reticulating"


@dataclass(frozen=True)
class Script:
    """What one run does: `output` is a template, see `outputs`; `last_words` end the logs that are made."""

    starting: float = 0
    processing: float = 0
    status: str = "succeeded"
    output: Any = None
    error: str | None = None
    logs: str | None = None
    last_words: str = ""
    while_processing: str = "processing"
    legacy: bool = False
    shown_model: str | None = None
    shown_version: str | None = None


@dataclass(frozen=True)
class Model:
    """A model: its inputs, its outputs, and the script that an input makes it follow."""

    name: str
    description: str
    script: Callable[[dict[str, Any]], Script]
    input_schema: Schema
    output_schema: Schema

    @property
    def full_name(self) -> str:
        return f"{OWNER}/{self.name}"

    @property
    def version(self) -> str:
        return hashlib.sha256(self.full_name.encode()).hexdigest()


def _pictures(name: str, script: Script, output_schema: Schema = schemas.URIS) -> Model:
    return Model(name, "Makes a picture of the prompt.", lambda _: script, schemas.PICTURE_INPUT, output_schema)


def _other(name: str, description: str, script: Script, output_schema: Schema) -> Model:
    return Model(name, description, lambda _: script, schemas.FREE_INPUT, output_schema)


def _failing(name: str, error: str, last_words: str = "") -> Model:
    script = Script(processing=0.5, status="failed", error=error, last_words=last_words)
    return _other(name, "Fails every time.", script, schemas.URIS)


def _many(given: dict[str, Any]) -> Script:
    return Script(processing=1, output=["$png"] * given.get("num_outputs", 4))


def _big(given: dict[str, Any]) -> Script:
    return Script(processing=0.2, output=f"$bytes:{given.get('bytes', 1 << 20)}")


def _scripted(given: dict[str, Any]) -> Script:
    status = given.get("status", "succeeded")
    return Script(
        starting=given.get("starting", 0),
        processing=given.get("processing", 0),
        status=status,
        output=given.get("output", ["$png"] if status == "succeeded" else None),
        error=given.get("error"),
        logs=given.get("logs"),
        legacy=given.get("legacy", False),
        shown_model=given.get("model"),
        shown_version=given.get("version"),
    )


NESTED = {
    "image": "$png",
    "masks": ["$png", "$png"],
    "score": 0.87,
    "labels": ["corgi"],
    "caption": "a corgi on a hill",
    "extra": None,
}
NESTED_SCHEMA: Schema = {
    "type": "object",
    "properties": {
        "image": schemas.URI,
        "masks": schemas.URIS,
        "score": {"type": "number"},
        "labels": {"type": "array", "items": schemas.TEXT},
        "caption": schemas.TEXT,
        "extra": schemas.TEXT_OR_NULL,
    },
}
SECONDS: Schema = {"type": "number", "default": 0, "minimum": 0}
SCRIPT_INPUT = schemas.inputs(
    {
        "starting": SECONDS,
        "processing": SECONDS,
        "status": {"type": "string", "default": "succeeded", "enum": ["succeeded", "failed", "canceled", "aborted"]},
        "output": schemas.ANYTHING,
        "error": schemas.TEXT_OR_NULL,
        "logs": schemas.TEXT_OR_NULL,
        "legacy": {"type": "boolean", "default": False},
        "model": {"type": "string"},
        "version": {"type": "string"},
        "prompt": schemas.PROMPT,
        "seed": schemas.SEED,
    }
)
MANY_INPUT = schemas.inputs(
    {
        **schemas.PICTURE_INPUT["properties"],
        "num_outputs": {"type": "integer", "default": 4, "minimum": 1, "maximum": 64},
    },
    required=("prompt",),
)
BIG_INPUT = schemas.inputs({"bytes": {"type": "integer", "default": 1 << 20, "minimum": 0}})

_TABLE = (
    _pictures("instant", Script(output=["$png"])),
    _pictures("image", Script(starting=0.3, processing=2, output=["$png"])),
    _pictures("slow", Script(starting=1, processing=5, output=["$png"])),
    _pictures("cold", Script(starting=38, processing=2, output=["$png"])),
    _pictures("one", Script(processing=0.5, output="$png"), schemas.URI),
    Model("many", "Makes several pictures of the prompt.", _many, MANY_INPUT, schemas.URIS),
    _other("text", "Writes a sentence.", Script(processing=0.5, output=SENTENCE), schemas.TEXT),
    _other(
        "tokens",
        "Writes a sentence, piece by piece.",
        Script(processing=0.5, output=re.findall(r" ?\S+", SENTENCE)),
        schemas.TOKENS,
    ),
    _other("link", "Writes a sentence with a link in it.", Script(processing=0.2, output="$link"), schemas.TEXT),
    _pictures("nested", Script(processing=0.5, output=NESTED), NESTED_SCHEMA),
    _pictures("data", Script(processing=0.5, output="$data:png"), schemas.URI),
    _other("video", "Makes a film.", Script(starting=0.5, processing=3, output="$webm"), schemas.URI),
    _other("audio", "Plays a tune.", Script(processing=1, output="$wav"), schemas.URI),
    Model("big", "Makes a file of any size.", _big, BIG_INPUT, schemas.URI),
    _other("null", "Succeeds with nothing.", Script(processing=0.2, output=None), schemas.ANYTHING),
    _other("empty", "Succeeds with no pictures.", Script(processing=0.2, output=[]), schemas.URIS),
    _other("blank", "Succeeds with an empty text.", Script(processing=0.2, output=""), schemas.TEXT),
    _failing("nsfw", NSFW),
    _failing("flagged", FLAGGED),
    _failing("traceback", TRACEBACK, last_words=TRACEBACK),
    _failing("interrupted", INTERRUPTED),
    _other("stuck", "Never ends.", Script(processing=FOR_EVER), schemas.URIS),
    _other("queued", "Never begins.", Script(starting=FOR_EVER), schemas.URIS),
    _pictures("strange", Script(processing=1, output=["$png"], while_processing=UNKNOWN_STATUS)),
    Model("script", "Does what its input says.", _scripted, SCRIPT_INPUT, schemas.ANYTHING),
)

MODELS = {model.full_name: model for model in _TABLE}
BY_VERSION = {model.version: model for model in _TABLE}


def named_by(version: str) -> Model | None:
    """The model that a create request's `version` means: 64 hex digits, `owner/name:hash` or `owner/name`."""
    name, _, digits = version.partition(":")
    if not digits:
        return MODELS.get(name) or BY_VERSION.get(name)
    model = MODELS.get(name)
    return model if model and model.version == digits else None
