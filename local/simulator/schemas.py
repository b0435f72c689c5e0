"""JSON schemas of requests and models, and the small part of a checker that they need.

The words are those of gojsonschema, which is what checks inputs at Replicate.
"""

from typing import Any

Schema = dict[str, Any]

PROMPT: Schema = {"type": "string", "title": "Prompt", "description": "What to make"}
SEED: Schema = {"type": "integer", "title": "Seed", "description": "The same seed makes the same picture"}
SIDE: Schema = {"type": "integer", "default": 512, "minimum": 16, "maximum": 2048}

URI: Schema = {"type": "string", "format": "uri"}
URIS: Schema = {"type": "array", "items": URI}
TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": "string", "nullable": True}
TOKENS: Schema = {
    "type": "array",
    "items": TEXT,
    "x-cog-array-type": "iterator",
    "x-cog-array-display": "concatenate",
}
ANYTHING: Schema = {}

JSON_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": list,
}


CREATE_BODY: Schema = {
    "type": "object",
    "required": ["input"],
    "additionalProperties": False,
    "properties": {
        "input": {"type": "object"},
        "stream": {"type": "boolean"},
        "webhook": {"type": "string"},
        "webhook_events_filter": {
            "type": "array",
            "items": {"type": "string", "enum": ["start", "output", "logs", "completed"]},
        },
    },
}
CREATE_BY_VERSION_BODY: Schema = {
    **CREATE_BODY,
    "required": ["version", "input"],
    "properties": {**CREATE_BODY["properties"], "version": {"type": "string"}},
}


def faults_of(schema: Schema, value: Any, field: str = "") -> list[dict[str, str]]:
    """Everything that is wrong with `value`, as Replicate lists it in `invalid_fields`."""
    if value is None and schema.get("nullable"):
        return []
    if not _has_type(value, schema.get("type")):
        given = f"Invalid type. Expected: {schema['type']}, given: {_type_name(value)}"
        return [_fault("invalid_type", field, given)]
    if isinstance(value, dict):
        return _faults_of_object(schema, value, field)
    if isinstance(value, list) and "items" in schema:
        return [
            fault for place, item in enumerate(value) for fault in faults_of(schema["items"], item, f"{field}.{place}")
        ]
    return _faults_of_scalar(schema, value, field)


def _faults_of_object(schema: Schema, value: dict[str, Any], field: str) -> list[dict[str, str]]:
    known = schema.get("properties", {})
    found = [
        _fault("required", field, f"{name} is required") for name in schema.get("required", []) if name not in value
    ]
    if schema.get("additionalProperties") is False:
        found += [
            _fault("additional_property_not_allowed", field, f"Additional property {name} is not allowed")
            for name in value
            if name not in known
        ]
    for name, part in known.items():
        if name in value:
            found += faults_of(part, value[name], f"{field}.{name}".lstrip("."))
    return found


def _faults_of_scalar(schema: Schema, value: Any, field: str) -> list[dict[str, str]]:
    found = []
    if "enum" in schema and value not in schema["enum"]:
        allowed = ", ".join(f'"{word}"' for word in schema["enum"])
        found.append(_fault("enum", field, f"{field} must be one of the following: {allowed}"))
    if "minimum" in schema and value < schema["minimum"]:
        found.append(_fault("number_gte", field, f"Must be greater than or equal to {schema['minimum']}"))
    if "maximum" in schema and value > schema["maximum"]:
        found.append(_fault("number_lte", field, f"Must be less than or equal to {schema['maximum']}"))
    return found


def _fault(kind: str, field: str, description: str) -> dict[str, str]:
    return {"type": kind, "field": field, "description": description}


def _has_type(value: Any, name: str | None) -> bool:
    if name is None:
        return True
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, JSON_TYPES[name])


def _type_name(value: Any) -> str:
    if value is None:
        return "null"
    return next(
        name for name in ("boolean", "string", "integer", "number", "object", "array") if _has_type(value, name)
    )
