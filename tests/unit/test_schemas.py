"""Inputs against their models' schemas: gojsonschema's words for what is wrong, and nothing for what is odd."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumeo.faults import Fault, json_type
from lumeo.schemas import MOST_FAULTS, faults
from tests.unit.make import JSON


def document(properties: Any, others: dict[str, Any] | None = None, **inputs: Any) -> dict[str, Any]:
    """The document of a version, as cog writes it; `others`: what its input refers to."""
    schemas = {"Input": {"type": "object", "title": "Input", "properties": properties, **inputs}, **(others or {})}
    return {"openapi": "3.0.2", "info": {"title": "Cog", "version": "0.1.0"}, "components": {"schemas": schemas}}


def wrong(schema: Any, value: Any, others: dict[str, Any] | None = None) -> list[Fault]:
    """What is wrong with `x` when it has that schema."""
    return faults(document({"x": schema}, others), {"x": value})


CHOICE = {"Choice": {"title": "Choice", "enum": ["1:1", "16:9"], "type": "string"}}
"""What a choice is in cog's documents, and how an input refers to it."""
CHOSEN = {"allOf": [{"$ref": "#/components/schemas/Choice"}], "default": "1:1", "description": "Aspect ratio"}


class TestFaults:
    @pytest.mark.parametrize(
        ("schema", "value", "kind", "description"),
        [
            pytest.param(
                {"type": "string"}, 7, "invalid_type", "Invalid type. Expected: string, given: integer", id="type"
            ),
            pytest.param(
                {"type": "integer"},
                1.5,
                "invalid_type",
                "Invalid type. Expected: integer, given: number",
                id="fraction",
            ),
            pytest.param(
                {"type": "integer"},
                True,
                "invalid_type",
                "Invalid type. Expected: integer, given: boolean",
                id="boolean",
            ),
            pytest.param(
                {"type": "string"}, None, "invalid_type", "Invalid type. Expected: string, given: null", id="null"
            ),
            pytest.param(
                {"type": ["string", "array"]},
                {},
                "invalid_type",
                "Invalid type. Expected: string/array, given: object",
                id="types",
            ),
            pytest.param(
                {"enum": ["a", 2, None]}, "b", "enum", 'input.x must be one of the following: "a", 2, null', id="enum"
            ),
            pytest.param({"minimum": 1}, 0, "number_gte", "Must be greater than or equal to 1", id="minimum"),
            pytest.param({"maximum": 500}, 501, "number_lte", "Must be less than or equal to 500", id="maximum"),
            pytest.param({"exclusiveMinimum": 0}, 0, "number_gt", "Must be greater than 0", id="above"),
            pytest.param({"exclusiveMaximum": 1.5}, 1.5, "number_lt", "Must be less than 1.5", id="below"),
            pytest.param(
                {"minLength": 3}, "ab", "string_gte", "String length must be greater than or equal to 3", id="short"
            ),
            pytest.param(
                {"maxLength": 3}, "abcd", "string_lte", "String length must be less than or equal to 3", id="long"
            ),
            pytest.param({"minItems": 1}, [], "array_min_items", "Array must have at least 1 items", id="few"),
            pytest.param({"maxItems": 1}, [1, 2], "array_max_items", "Array must have at most 1 items", id="many"),
            pytest.param(
                {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                [],
                "number_any_of",
                "Must validate at least one schema (anyOf)",
                id="any of",
            ),
            pytest.param(
                {"oneOf": [{"type": "number"}, {"type": "integer"}]},
                1,
                "number_one_of",
                "Must validate one and only one schema (oneOf)",
                id="one of",
            ),
        ],
    )
    def test_have_gojsonschemas_words(self, schema: Any, value: Any, kind: str, description: str) -> None:
        assert wrong(schema, value) == [(kind, "input.x", description)]

    def test_what_is_missing_is_named(self) -> None:
        found = faults(document({"prompt": {"type": "string"}}, required=["prompt"]), {})

        assert found == [("required", "input", "prompt is required")]

    def test_what_is_too_much_is_named_where_nothing_more_may_be(self) -> None:
        closed = document({"prompt": {"type": "string"}}, additionalProperties=False)

        found = faults(closed, {"prompt": "a corgi", "promt": "a corgi"})

        assert found == [
            ("additional_property_not_allowed", "input", "Additional property promt is not allowed"),
        ]

    @pytest.mark.parametrize("more", [{}, {"additionalProperties": True}, {"additionalProperties": {"type": "string"}}])
    def test_what_nobody_knows_passes_elsewhere(self, more: dict[str, Any]) -> None:
        assert faults(document({}, **more), {"seed": 7}) == []

    def test_all_are_named_and_the_missing_first(self) -> None:
        schema = document({"a": {"type": "string"}, "b": {"minimum": 1}}, required=["a", "c"])

        assert [(kind, field) for kind, field, _ in faults(schema, {"a": 1, "b": 0})] == [
            ("required", "input"),
            ("invalid_type", "input.a"),
            ("number_gte", "input.b"),
        ]

    def test_their_places_are_named(self) -> None:
        items = {"type": "array", "items": {"properties": {"at": {"type": "integer"}}, "required": ["name"]}}

        found = wrong(items, [{"name": "x"}, {"at": "1", "name": "y"}, {}])

        assert [(kind, field) for kind, field, _ in found] == [
            ("required", "input.x.2"),
            ("invalid_type", "input.x.1.at"),
        ]

    def test_no_more_than_anybody_would_read(self) -> None:
        assert len(wrong({"items": {"type": "string"}}, [1] * 1000)) == MOST_FAULTS


class TestRight:
    @pytest.mark.parametrize(
        ("schema", "value"),
        [
            pytest.param({"type": "integer"}, 1.0, id="a whole number with a fraction of 0"),
            pytest.param({"type": "number"}, 1, id="a whole number"),
            pytest.param({"minimum": 1, "maximum": 1}, 1, id="the limits themselves"),
            pytest.param({"minLength": 2, "maxLength": 2}, "\U0001f600\u00e9", id="letters, not bytes"),
            pytest.param({"minimum": 5}, "abc", id="a limit of numbers alone"),
            pytest.param({"minLength": 5}, 1, id="a limit of texts alone"),
            pytest.param({"type": "string", "format": "uri"}, "no URI", id="a format"),
            pytest.param({"type": "string", "pattern": "^a$"}, "b", id="a pattern"),
            pytest.param({"not": {}}, 1, id="a word that is not understood"),
            pytest.param({"const": 1}, 2, id="another"),
            pytest.param({"if": {}, "then": {"type": "string"}}, 1, id="a condition"),
            pytest.param(True, 1, id="a schema that is true"),
            pytest.param({}, None, id="none at all"),
        ],
    )
    def test_passes(self, schema: Any, value: Any) -> None:
        assert wrong(schema, value) == []

    @pytest.mark.parametrize(("value", "fine"), [("16:9", True), ("2:1", False)])
    def test_a_choice_is_looked_up(self, value: str, fine: bool) -> None:  # noqa: FBT001 (a table's row)
        expected = [("enum", "input.x", 'input.x must be one of the following: "1:1", "16:9"')]

        assert wrong(CHOSEN, value, CHOICE) == ([] if fine else expected)


class TestNullable:
    @pytest.mark.parametrize(
        "schema",
        [
            pytest.param({"type": "string", "nullable": True}, id="a text"),
            pytest.param({"type": "integer", "minimum": 1, "nullable": True}, id="a number with a limit"),
            pytest.param({"enum": ["a"], "nullable": True}, id="one of several"),
            pytest.param({**CHOSEN, "nullable": True}, id="a choice"),
            pytest.param({"anyOf": [{"type": "string", "nullable": True}, {"type": "integer"}]}, id="one of two types"),
            pytest.param({"oneOf": [{"type": "string", "nullable": True}, {"type": "integer"}]}, id="just one of two"),
            pytest.param({"$ref": "#/components/schemas/Maybe"}, id="elsewhere"),
        ],
    )
    def test_null_passes(self, schema: Any) -> None:
        others = CHOICE | {"Maybe": {"type": "string", "nullable": True}}

        assert wrong(schema, None, others) == []
        assert wrong({"items": schema}, [None], others) == []
        assert wrong({"properties": {"y": schema}}, {"y": None}, others) == []

    @pytest.mark.parametrize("nullable", [False, "true", None, 1])
    def test_null_does_not_pass_elsewhere(self, nullable: Any) -> None:
        assert [kind for kind, *_ in wrong({"type": "string", "nullable": nullable}, None)] == ["invalid_type"]

    def test_what_may_be_null_has_to_be_right_all_the_same(self) -> None:
        assert [kind for kind, *_ in wrong({"type": "string", "nullable": True}, 7)] == ["invalid_type"]

    def test_what_may_be_null_has_to_be_there_all_the_same(self) -> None:
        schema = document({"x": {"type": "string", "nullable": True}}, required=["x"])

        assert faults(schema, {"x": None}) == []
        assert [kind for kind, *_ in faults(schema, {})] == ["required"]


class TestOpenApi30:
    @pytest.mark.parametrize(
        ("schema", "value", "kinds"),
        [
            pytest.param({"minimum": 0, "exclusiveMinimum": True}, -1, ["number_gte"], id="below the limit"),
            pytest.param({"minimum": 0, "exclusiveMinimum": True}, 1, [], id="above the limit"),
            pytest.param({"maximum": 1, "exclusiveMaximum": False}, 1, [], id="the limit itself"),
            pytest.param({"maximum": 1, "exclusiveMaximum": False}, 2, ["number_lte"], id="above it"),
        ],
    )
    def test_an_exclusive_limit_is_a_flag(self, schema: Any, value: Any, kinds: list[str]) -> None:
        assert [kind for kind, *_ in wrong(schema, value)] == kinds


class TestStrange:
    @pytest.mark.parametrize(
        "openapi",
        [
            pytest.param(None, id="none"),
            pytest.param({}, id="empty"),
            pytest.param([], id="a list"),
            pytest.param("{}", id="text"),
            pytest.param({"components": None}, id="no components"),
            pytest.param({"components": {"schemas": {}}}, id="no input"),
            pytest.param({"components": {"schemas": {"Input": None}}}, id="null as input"),
            pytest.param({"components": {"schemas": {"Input": "x"}}}, id="text as input"),
            pytest.param(document(None), id="no properties"),
            pytest.param(document(["x"]), id="a list of properties"),
            pytest.param(document({"x": "string"}), id="a property of text"),
            pytest.param(document({}, required="prompt"), id="text as required"),
            pytest.param(document({}, required=[5, None]), id="no names as required"),
            pytest.param(document({}, required=True), id="a flag as required"),
        ],
    )
    def test_a_document_lets_everything_pass(self, openapi: Any) -> None:
        assert faults(openapi, {"x": 7}) == []

    @pytest.mark.parametrize(
        "schema",
        [
            pytest.param({"type": "file"}, id="a type that nobody knows"),
            pytest.param({"type": 7}, id="a number as type"),
            pytest.param({"type": {}}, id="an object as type"),
            pytest.param({"enum": "abc"}, id="text as enum"),
            pytest.param({"enum": {"a": 1}}, id="an object as enum"),
            pytest.param({"minimum": "many"}, id="text as limit"),
            pytest.param({"minimum": None}, id="null as limit"),
            pytest.param({"minimum": [1]}, id="a list as limit"),
            pytest.param({"anyOf": 7}, id="a number as any of"),
            pytest.param({"$ref": 7}, id="a number as reference"),
            pytest.param({"$ref": "#/components/schemas/Nowhere"}, id="a reference to nothing"),
            pytest.param({"$ref": "#/%zz"}, id="a broken reference"),
            pytest.param({"$ref": "#/components/schemas/Input/properties/x"}, id="a reference to itself"),
            pytest.param({"properties": 7}, id="a number as properties"),
        ],
    )
    def test_a_schema_lets_everything_pass(self, schema: Any) -> None:
        assert wrong(schema, 7) == []
        assert wrong(schema, {"y": 1}) == []

    @pytest.mark.parametrize(
        "url",
        [
            "https://example.com/schema.json",
            "http://127.0.0.1:1/",
            "file:///etc/passwd",
            "//example.com/x",
            "other.json",
        ],
    )
    def test_nothing_is_fetched(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever publishes a model must not send us anywhere: no socket is opened, and no file."""

        def fetched(*_: Any) -> None:
            pytest.fail("something is opened")

        monkeypatch.setattr("builtins.open", fetched)
        monkeypatch.setattr("urllib.request.urlopen", fetched)

        assert wrong({"$ref": url}, 7) == []
        assert faults({**document({"x": {"$ref": "x.json"}}), "$id": url}, {"x": 7}) == []


class TestBounded:
    """Whoever publishes a model, or sends a large input, must not keep a function busy."""

    SECONDS = 5
    """Many times what it takes, and far from what it took without a bound."""

    @pytest.mark.parametrize("word", ["allOf", "anyOf", "oneOf"])
    def test_a_schema_that_doubles_with_each_level(self, word: str) -> None:
        levels = {
            f"L{n}": {word: [{"$ref": f"#/components/schemas/L{n + 1}"}, {"$ref": f"#/components/schemas/L{n + 1}"}]}
            for n in range(40)
        }
        begun = time.monotonic()

        assert wrong({"$ref": "#/components/schemas/L0"}, "x", levels | {"L40": {"type": "string"}}) == []
        assert time.monotonic() - begun < self.SECONDS

    @pytest.mark.parametrize(
        "items",
        [
            pytest.param({"type": "number", "minimum": 0}, id="limits"),
            pytest.param({"$ref": "#/components/schemas/N"}, id="a reference"),
            pytest.param({}, id="nothing"),
            pytest.param({"description": "a number"}, id="words that are not understood"),
        ],
    )
    def test_a_large_input(self, items: Any) -> None:
        begun = time.monotonic()

        assert wrong({"type": "array", "items": items}, [1] * 500_000, {"N": {"type": "number"}}) == []
        assert time.monotonic() - begun < self.SECONDS

    def test_a_pattern_that_never_ends(self) -> None:
        begun = time.monotonic()

        assert wrong({"type": "string", "pattern": "^(a+)+$"}, "a" * 40 + "!") == []
        assert time.monotonic() - begun < self.SECONDS

    def test_an_input_that_is_nested_as_deep_as_its_schema(self) -> None:
        nested: Any = "x"
        for _ in range(5000):
            nested = [nested]
        schema = {"T": {"type": "array", "items": {"$ref": "#/components/schemas/T"}}}

        assert wrong({"$ref": "#/components/schemas/T"}, nested, schema) == []

    def test_each_input_has_the_whole_of_it(self) -> None:
        """Also after one that used it up."""
        wrong({"items": {"type": "number"}}, [1] * 500_000)

        assert [kind for kind, *_ in wrong({"type": "string"}, 7)] == ["invalid_type"]

    def test_an_input_of_thousands_of_values_is_looked_at(self) -> None:
        assert [field for _, field, _ in wrong({"items": {"type": "number"}}, [1] * 5000 + ["x"])] == ["input.x.5000"]


WORDS = st.sampled_from(
    ["$ref", "allOf", "anyOf", "oneOf", "enum", "items", "properties", "type", "required", "additionalProperties"]
) | st.sampled_from(
    ["minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength", "minItems", "maxItems", "nullable", "pattern"]
)
VALUES = JSON | st.sampled_from(["string", "integer", "object", "array", "#/components/schemas/Input", True, ["x"]])
SCHEMAS = st.recursive(
    st.dictionaries(WORDS, VALUES, max_size=4),
    lambda inner: st.dictionaries(WORDS, inner | st.lists(inner, max_size=3) | VALUES, max_size=4),
    max_leaves=8,
)


@given(SCHEMAS | JSON, JSON)
def test_any_schema_and_any_input_have_an_answer(schema: Any, value: Any) -> None:
    """Words that JSON can say, whatever a model's owner and its caller have written."""
    for kind, field, description in wrong(schema, value):
        assert kind
        assert field.startswith("input")
        assert isinstance(description, str)


@given(JSON, st.dictionaries(st.text(), JSON, max_size=3))
def test_any_document_has_an_answer(openapi: Any, given_input: dict[str, Any]) -> None:
    assert isinstance(faults(openapi, given_input), list)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "null"),
        (True, "boolean"),
        (1, "integer"),
        (1.5, "number"),
        ("", "string"),
        ([], "array"),
        ({}, "object"),
    ],
)
def test_a_value_has_jsons_word_for_it(value: Any, name: str) -> None:
    assert json_type(value) == name
