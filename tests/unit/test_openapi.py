"""openapi.yaml is valid, has the template's routes, the code's words, and examples that are what they show."""

from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from local.contract import Operation, document
from lumeo.errors import ErrorCode
from lumeo.prediction import Status
from tests.conftest import template

OPERATIONS = document().operations
SCHEMAS = document().content["components"]["schemas"]
OPEN = {"hooks.receive", "openapi.get"}
"""Operations that need no API key."""


def examples(part: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every example below a part of the document: where it stands, its schema, its value."""
    if isinstance(part, list):
        for n, inner in enumerate(part):
            yield from examples(inner, f"{place}/{n}")
    if not isinstance(part, dict) or "$ref" in part:
        return
    schema = part.get("schema")
    if schema is not None and "example" in part:
        yield f"{place}/example", schema, part["example"]
    if schema is not None:
        for name, example in part.get("examples", {}).items():
            yield f"{place}/examples/{name}", schema, document().follow(example)["value"]
    if schema is None and isinstance(part.get("examples"), list):
        yield from ((f"{place}/examples/{n}", part, value) for n, value in enumerate(part["examples"]))
    for name, inner in part.items():
        if name not in {"example", "examples"}:
            yield from examples(inner, f"{place}/{name}")


EXAMPLES = list(examples(document().content))


def test_it_is_openapi() -> None:
    assert list(OpenAPIV31SpecValidator(document().content).iter_errors()) == []


def test_it_has_the_routes_of_the_template() -> None:
    """But for the gallery's, which are for people."""
    assert set(OPERATIONS) == {route.key for route in template().routes() if "/v1/" in route.key}


def test_it_has_the_words_of_the_code() -> None:
    assert SCHEMAS["ErrorCode"]["enum"] == list(ErrorCode)
    assert SCHEMAS["Status"]["enum"] == [status for status in Status if status is not Status.ABORTED]


@pytest.mark.parametrize(("schema", "value"), [pytest.param(*case, id=place) for place, *case in EXAMPLES])
def test_an_example_is_what_it_shows(schema: Any, value: Any) -> None:
    assert document().faults(schema, value) == []


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 20


@pytest.mark.parametrize("operation", [pytest.param(one, id=key) for key, one in OPERATIONS.items()])
def test_an_operation_says_what_may_go_wrong(operation: Operation) -> None:
    """Without a key, at a limit, for a body that is too large, and on our side."""
    wanted = {"429", "500", "503"} | ({"413"} if operation.body else set())

    assert wanted <= set(operation.responses)
    assert operation.secured == (operation.id not in OPEN)
    assert not operation.secured or "401" in operation.responses


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_schema_is_used(name: str) -> None:
    assert f"'#/components/schemas/{name}'" in str(document().content)
