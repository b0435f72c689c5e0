"""The models, as a table: how long each takes, and how it ends."""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import Any

from local.simulator import inputs, schemas
from local.simulator.fetching import Unreadable
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
UNREADABLE = """Traceback (most recent call last):
  File "/usr/local/lib/python3.11/site-packages/cog/server/runner.py", line 361, in _predict
    payload = fetch_inputs(payload)
{reason}
"""
SENTENCE = "The quick brown corgi jumps over the lazy dog."
UNKNOWN_STATUS = "reticulating"
HIDDEN = "hidden"
MANY_VERSIONS = 150


@dataclass(frozen=True)
class Script:
    """What one run does.

    `output` is a template, see `outputs`, and so is each of `partial`, which are shown one after another before it;
    `last_words` end the logs that are made.
    """

    starting: float = 0
    processing: float = 0
    status: str = "succeeded"
    output: Any = None
    partial: Sequence[Any] = ()
    error: str | None = None
    logs: str | None = None
    last_words: str = ""
    while_processing: str = "processing"
    legacy: bool = False
    shown_model: str | None = None
    shown_version: str | None = None


@dataclass(frozen=True)
class Model:
    """A version of a model: its inputs, its outputs, and the script that an input makes it follow."""

    name: str
    description: str
    script: Callable[[dict[str, Any]], Script]
    input_schema: Schema
    output_schema: Schema
    official: bool = False
    files: tuple[str, ...] = ()
    """The inputs that are files: the script is made from what they hold."""
    serial: int = 0
    """Its place among several versions, from 1, the oldest."""

    @property
    def full_name(self) -> str:
        return f"{OWNER}/{self.name}"

    @property
    def version(self) -> str:
        """64 hex digits."""
        key = f"{self.full_name}/{self.serial}" if self.serial else self.full_name
        return hashlib.sha256(key.encode()).hexdigest()

    @property
    def shown_version(self) -> str:
        """What its predictions call it."""
        return HIDDEN if self.official else self.version


def _pictures(name: str, script: Script, output_schema: Schema = schemas.URIS) -> Model:
    return Model(name, "Makes a picture of the prompt.", lambda _: script, inputs.PICTURE, output_schema)


def _other(name: str, description: str, script: Script, output_schema: Schema) -> Model:
    return Model(name, description, lambda _: script, inputs.FREE, output_schema)


def _failing(name: str, error: str, last_words: str = "") -> Model:
    script = Script(processing=0.5, status="failed", error=error, last_words=last_words)
    return _other(name, "Fails every time.", script, schemas.URIS)


def _of_many_versions(number: int) -> Model:
    script = Script(processing=0.2, output=["$png"])
    return replace(_pictures("versions", script), input_schema=inputs.steps_up_to(number), serial=number)


def _many(given: dict[str, Any]) -> Script:
    return Script(processing=1, output=["$png"] * given.get("num_outputs", 4))


def _big(given: dict[str, Any]) -> Script:
    return Script(processing=0.2, output=f"$bytes:{given.get('bytes', 1 << 20)}")


def _tokens(given: dict[str, Any]) -> Script:
    words = islice(cycle(SENTENCE.split()), given.get("tokens", 9))
    tokens = [f" {word}" if place else word for place, word in enumerate(words)]
    partial = [tokens[:length] for length in range(1, len(tokens))]
    return Script(processing=given.get("processing", 0.5), output=tokens, partial=partial)


def _copy(given: dict[str, Any]) -> Script:
    image = given.get("image", "$png")
    if isinstance(image, Unreadable):
        error = UNREADABLE.format(reason=image.reason)
        return Script(processing=0.5, status="failed", error=error, last_words=error)
    return Script(processing=0.5, output=image)


def _scripted(given: dict[str, Any]) -> Script:
    status = given.get("status", "succeeded")
    return Script(
        starting=given.get("starting", 0),
        processing=given.get("processing", 0),
        status=status,
        output=given.get("output", ["$png"] if status == "succeeded" else None),
        partial=given.get("partial", ()),
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
_TABLE = (
    _pictures("instant", Script(output=["$png"])),
    _pictures("image", Script(starting=0.3, processing=2, output=["$png"])),
    _pictures("slow", Script(starting=1, processing=5, output=["$png"])),
    _pictures("cold", Script(starting=38, processing=2, output=["$png"])),
    _pictures("one", Script(processing=0.5, output="$png"), schemas.URI),
    Model("many", "Makes several pictures of the prompt.", _many, inputs.MANY, schemas.URIS),
    _other("text", "Writes a sentence.", Script(processing=0.5, output=SENTENCE), schemas.TEXT),
    Model("tokens", "Writes a sentence, piece by piece.", _tokens, inputs.TOKENS, schemas.TOKENS),
    _other("link", "Writes a sentence with a link in it.", Script(processing=0.2, output="$link"), schemas.TEXT),
    _pictures("nested", Script(processing=0.5, output=NESTED), NESTED_SCHEMA),
    _pictures("data", Script(processing=0.5, output="$data:png"), schemas.URI),
    _other("video", "Makes a film.", Script(starting=0.5, processing=3, output="$webm"), schemas.URI),
    _other("audio", "Plays a tune.", Script(processing=1, output="$wav"), schemas.URI),
    Model("big", "Makes a file of any size.", _big, inputs.BIG, schemas.URI),
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
    Model("copy", "Copies a picture.", _copy, inputs.COPY, schemas.URI, files=("image",)),
    replace(_pictures("official", Script(processing=0.5, output=["$png"])), official=True),
    *(_of_many_versions(number) for number in range(1, MANY_VERSIONS + 1)),
    Model("script", "Does what its input says.", _scripted, inputs.SCRIPT, schemas.ANYTHING),
)

MODELS = {model.full_name: model for model in _TABLE}
"""Each model at its newest version."""
BY_VERSION = {model.version: model for model in _TABLE if not model.official}


def versions_of(model: Model) -> list[Model]:
    """Every version of a model, the newest first; an official model shows none."""
    return [version for version in reversed(BY_VERSION.values()) if version.name == model.name]


def named_by(version: str) -> Model | None:
    """The model that a create request's `version` means: 64 hex digits, `owner/name:hash` or `owner/name`."""
    name, _, digits = version.partition(":")
    if not digits:
        return MODELS.get(name) or BY_VERSION.get(name)
    model = BY_VERSION.get(digits)
    return model if model and model.full_name == name else None
