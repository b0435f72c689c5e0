"""Checks an input against its model's own schema, in the words of gojsonschema, which is what Replicate uses: pure.

A schema that is missing, strange, or says more than is understood here lets everything pass: the provider checks too.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, cast

from jsonschema import Draft202012Validator, ValidationError, validators
from referencing import Registry

from lumeo.faults import Fault, mistyped

Check = Callable[[Any, Any, Any, Any], Any]

MOST_FAULTS = 50
MOST_STEPS = 20_000
"""Keywords that are looked at for one input: a schema could ask for any number."""
_NUMBER: dict[str, tuple[str, str]] = {
    "minimum": ("number_gte", "Must be greater than or equal to {}"),
    "maximum": ("number_lte", "Must be less than or equal to {}"),
    "exclusiveMinimum": ("number_gt", "Must be greater than {}"),
    "exclusiveMaximum": ("number_lt", "Must be less than {}"),
    "minLength": ("string_gte", "String length must be greater than or equal to {}"),
    "maxLength": ("string_lte", "String length must be less than or equal to {}"),
    "minItems": ("array_min_items", "Array must have at least {} items"),
    "maxItems": ("array_max_items", "Array must have at most {} items"),
}
# No pattern: whoever publishes a model could keep us busy for ever with one.
_UNDERSTOOD = ("$ref", "allOf", "anyOf", "oneOf", "properties")
_steps: ContextVar[Iterator[int]] = ContextVar("steps")


def faults(openapi: Any, given: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with an input; `openapi` is the document that came with its version."""
    _steps.set(iter(range(MOST_STEPS)))
    try:
        checker = _Checker({**openapi, "$ref": "#/components/schemas/Input"}, registry=Registry())
        found = [_fault(error) for error, _ in zip(checker.iter_errors(given), range(MOST_FAULTS), strict=False)]
    except Exception:  # noqa: BLE001 (whatever it is that is odd about a schema, it is not the caller's fault)
        return []
    # What is missing comes first, as it does there.
    return sorted(found, key=lambda fault: fault[0] != "required")


def _fault(error: ValidationError) -> Fault:
    place = ".".join(["input", *map(str, error.absolute_path)])
    keyword, wanted = str(error.validator), cast("Any", error.validator_value)
    if keyword in _NUMBER:
        kind, text = _NUMBER[keyword]
        return kind, place, text.format(wanted)
    match keyword:
        case "required":
            return "required", place, f"{error.message} is required"
        case "additionalProperties":
            return "additional_property_not_allowed", place, f"Additional property {error.message} is not allowed"
        case "enum":
            allowed = ", ".join(json.dumps(value, ensure_ascii=False) for value in wanted)
            return "enum", place, f"{place} must be one of the following: {allowed}"
        case "type":
            expected = wanted if isinstance(wanted, str) else "/".join(wanted)
            return mistyped(place, expected, error.instance)
        case "oneOf":
            return "number_one_of", place, "Must validate one and only one schema (oneOf)"
    return "number_any_of", place, "Must validate at least one schema (anyOf)"


def _required(_: Any, names: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """An error for each name that is missing, with that name as its message."""
    del schema
    if isinstance(instance, dict) and isinstance(names, list):
        yield from (ValidationError(name) for name in names if isinstance(name, str) and name not in instance)


def _no_additional(_: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """An error for each name that is too much, with that name as its message."""
    if isinstance(instance, dict) and allowed is False:
        yield from (ValidationError(name) for name in instance if name not in schema.get("properties", {}))


def _limit(keyword: str) -> Check:
    check = Draft202012Validator.VALIDATORS[keyword]

    def checked(validator: Any, limit: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        # In OpenAPI 3.0 an exclusive limit is a flag beside the limit.
        if not isinstance(limit, bool):
            yield from check(validator, limit, instance, schema) or ()

    return checked


def _enum(validator: Any, values: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(values, list):
        yield from Draft202012Validator.VALIDATORS["enum"](validator, values, instance, schema) or ()


def _items(validator: Any, each: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    del schema
    for place, item in enumerate(instance if isinstance(instance, list) and isinstance(each, dict) else ()):
        _step()
        yield from validator.descend(item, each, path=place)


def _type(validator: Any, names: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(names, str | list):
        yield from Draft202012Validator.VALIDATORS["type"](validator, names, instance, schema) or ()


def _step() -> None:
    if next(_steps.get(), None) is None:
        raise TooManySteps


def _bounded(check: Check) -> Check:
    """A check that counts, and that lets pass what may be null, as OpenAPI 3.0 says it."""

    def checked(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        _step()
        if instance is not None or schema.get("nullable") is not True:
            yield from check(validator, value, instance, schema) or ()

    return checked


class TooManySteps(Exception):
    """A schema asks for more than an input is worth."""


_Checker: Any = validators.create(
    Draft202012Validator.META_SCHEMA,
    {
        keyword: _bounded(check)
        for keyword, check in {
            "required": _required,
            "additionalProperties": _no_additional,
            "enum": _enum,
            "items": _items,
            "type": _type,
            **{keyword: Draft202012Validator.VALIDATORS[keyword] for keyword in _UNDERSTOOD},
            **{keyword: _limit(keyword) for keyword in _NUMBER},
        }.items()
    },
    type_checker=Draft202012Validator.TYPE_CHECKER,
)
