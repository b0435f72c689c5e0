"""What the models take, as Cog writes it down."""

from local.simulator.schemas import ANYTHING, PROMPT, SEED, SIDE, TEXT_OR_NULL, URI, Schema


def inputs(properties: dict[str, Schema], *, required: tuple[str, ...] = ()) -> Schema:
    """The schema of an object with these properties, in that order."""
    ordered = {name: {**schema, "x-order": place} for place, (name, schema) in enumerate(properties.items())}
    return {"type": "object", "title": "Input", "properties": ordered, "required": list(required)}


def _integer(default: int, minimum: int, maximum: int) -> Schema:
    return {"type": "integer", "default": default, "minimum": minimum, "maximum": maximum}


def _seconds(default: float) -> Schema:
    return {"type": "number", "default": default, "minimum": 0}


_PICTURE: dict[str, Schema] = {"prompt": PROMPT, "seed": SEED, "width": SIDE, "height": SIDE}

PICTURE = inputs(_PICTURE, required=("prompt",))
FREE = inputs(_PICTURE)
MANY = inputs({**_PICTURE, "num_outputs": _integer(4, 1, 64)}, required=("prompt",))
BIG = inputs({"bytes": {"type": "integer", "default": 1 << 20, "minimum": 0}})
TOKENS = inputs({**_PICTURE, "processing": _seconds(0.5), "tokens": _integer(9, 1, 1000)})
COPY = inputs({**_PICTURE, "image": URI})
SCRIPT = inputs(
    {
        "starting": _seconds(0),
        "processing": _seconds(0),
        "status": {"type": "string", "default": "succeeded", "enum": ["succeeded", "failed", "canceled", "aborted"]},
        "output": ANYTHING,
        "partial": {"type": "array", "items": ANYTHING, "default": []},
        "error": TEXT_OR_NULL,
        "logs": TEXT_OR_NULL,
        "legacy": {"type": "boolean", "default": False},
        "model": {"type": "string"},
        "version": {"type": "string"},
        "prompt": PROMPT,
        "seed": SEED,
    }
)


def steps_up_to(number: int) -> Schema:
    """A picture's, and so many steps at most."""
    return inputs({**_PICTURE, "steps": _integer(1, 1, number)}, required=("prompt",))
