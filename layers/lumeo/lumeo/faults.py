"""What is wrong with one field of a request, in the words of gojsonschema, which is what Replicate uses. Pure."""

from typing import Any

Fault = tuple[str, str, str]
"""gojsonschema's type, the field (`input.width`), and what is wrong with it."""


def mistyped(field: str, expected: str, value: Any) -> Fault:
    """A value of another type than is expected there."""
    return "invalid_type", field, f"Invalid type. Expected: {expected}, given: {json_type(value)}"


def json_type(value: Any) -> str:
    """JSON's word for what a value is."""
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")
