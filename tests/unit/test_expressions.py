"""Expressions of declarations: what they are worth, what fails quietly, and what is found in them on load."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumeo.providers.expressions import Expression, as_text, close_to
from tests.unit.make import JSON


def of(text: str, **values: Any) -> Any:
    return Expression(text).of(values)


class TestOf:
    @pytest.mark.parametrize(
        ("text", "body", "wanted"),
        [
            pytest.param("body.a.b", {"a": {"b": 1}}, 1, id="a path"),
            pytest.param("body.a.b", {"a": "text"}, None, id="a path into a text"),
            pytest.param("body.a", None, None, id="no body"),
            pytest.param("body.a", [1], None, id="a list for a map"),
            pytest.param("body.a", "text", None, id="a text for a map"),
            pytest.param("body[0]", {"a": 1}, None, id="a map for a list"),
            pytest.param("body[-1]", [1, 2], 2, id="from the end"),
            pytest.param("body[:1]", [1, 2], [1], id="a slice"),
            pytest.param("body[::0]", [1, 2], None, id="a slice without a step"),
            pytest.param("body.a > `1`", {"a": None}, None, id="null compared"),
            pytest.param("body.a > `1`", {"a": "2"}, None, id="a text compared"),
            pytest.param("sort(body)", [1, "a"], None, id="sorted, of two types"),
            pytest.param("join(',', body)", [1], None, id="joined, of a number"),
            pytest.param("keys(body)", None, None, id="keys of nothing"),
            pytest.param("ceil(body)", 1.5, 2, id="a function"),
            pytest.param("nothing(body)", 1, None, id="a function that is not there"),
            pytest.param("lower(body, body)", "A", None, id="too many arguments"),
        ],
    )
    def test_value(self, text: str, body: Any, wanted: Any) -> None:
        assert of(text, body=body) == wanted

    @given(JSON)
    def test_no_answer_breaks_it(self, body: Any) -> None:
        for text in ("lower(body)", "has(body, 'x')", "size(body)", "num(body)", "text(body)", "parts(body, '/')"):
            of(text, body=body)
        for text in ("ratio(body, body)", "has(body, body)", "body.*.a[].b | [0]", "sort_by(body, &a)", "sum(body)"):
            Expression(text).holds({"body": body})


class TestFunctions:
    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            ("lower('Ab')", "ab"),
            ("lower(`null`)", None),
            ("lower(`7`)", None),
            ("has('abc', 'b')", True),
            ("has('abc', 'd')", False),
            ("has('abc', `7`)", False),
            ("has(`null`, 'd')", False),
            ('has(`["a", "b"]`, \'a\')', True),
            ("has(`[\"ab\"]`, 'a')", False),
            ("has(`7`, 'a')", False),
            ("has(`{\"a\": 1}`, 'a')", False),
            ("size('abc')", 3),
            ("size(`[1]`)", 1),
            ('size(`{"a": 1}`)', 1),
            ("size(`null`)", 0),
            ("size(`12`)", 0),
            ("num('7')", 7),
            ("num('7.5')", 7.5),
            ("num(`7`)", 7),
            ("num(`true`)", None),
            ("num('x')", None),
            ("num(`null`)", None),
            ("num(`[1]`)", None),
            ("ratio(`1`, `4`)", 0.25),
            ("ratio('1', '4')", 0.25),
            ("ratio(`1`, `0`)", None),
            ("ratio(`0`, `4`)", 0),
            ("ratio(`null`, `4`)", None),
            ("ratio(`1`, `null`)", None),
            ("ratio(`true`, `4`)", None),
            ("parts('a/b', '/')", ["a", "b"]),
            ("parts('a', '/')", ["a"]),
            ("parts('a/b/c', '/')[:2]", ["a", "b"]),
            ("parts('ab', '')", None),
            ("parts(`null`, '/')", None),
            ("parts('ab', `null`)", None),
            ("text('a')", "a"),
            ("text(`null`)", None),
            ("text(`7`)", "7"),
            ('text(`{"a": [1, true]}`)', '{"a":[1,true]}'),
        ],
    )
    def test_value(self, text: str, wanted: Any) -> None:
        found = of(text)

        assert (found, type(found) is bool) == (wanted, type(wanted) is bool)

    @pytest.mark.parametrize("word", ["nan", "NaN", "inf", "-Infinity", "1e999", "1_0", "٣"])
    def test_a_number_is_one_that_json_can_say(self, word: str) -> None:
        """It goes into the record and to the caller as JSON."""
        assert of("num(body)", body=word) is None

    def test_a_ratio_is_finite(self) -> None:
        for part, whole in (("inf", "inf"), ("1e999", 1), (1, "nan"), (10**400, 1)):
            found = of("ratio(body.a, body.b)", body={"a": part, "b": whole})
            assert found is None or math.isfinite(found)


class TestHolds:
    @pytest.mark.parametrize("value", [None, False, "", [], {}])
    def test_not(self, value: Any) -> None:
        assert not Expression("body").holds({"body": value})

    @pytest.mark.parametrize("value", [True, 0, 0.0, "0", "false", [None], {"a": None}])
    def test_does(self, value: Any) -> None:
        assert Expression("body").holds({"body": value})

    def test_not_where_it_fails(self) -> None:
        assert not Expression("join(',', body)").holds({"body": 7})


class TestSyntax:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            pytest.param(
                "body.a == 404",
                "'body.a == 404' is no JMESPath: numbers stand in backticks, as in http.status == `404`",
                id="a bare number",
            ),
            pytest.param(
                "body.a == -1",
                "'body.a == -1' is no JMESPath: numbers stand in backticks, as in http.status == `404`",
                id="a negative one",
            ),
        ],
    )
    def test_what_helps(self, text: str, message: str) -> None:
        with pytest.raises(ValueError, match="numbers stand in backticks") as caught:
            Expression(text)

        assert str(caught.value) == message

    def test_a_text_in_backticks(self) -> None:
        """JMESPath takes it, with a warning that it will not for ever."""
        with pytest.raises(ValueError, match="single quotes"):
            Expression("body.status == `done`")

    @pytest.mark.parametrize("text", ["body.", "", "body.a ==", "'open", "`1", "a b", "body.a || ", "[", '"\\x"', "&"])
    def test_what_is_none(self, text: str) -> None:
        with pytest.raises(ValueError, match="is no JMESPath"):
            Expression(text)


NAMES = {"body", "http", "kept"}


class TestFaults:
    @pytest.mark.parametrize(
        "text",
        [
            "body.status == 'done' && http.status == `200`",
            "body.list[?type == 'x'].name | [0]",
            "body.list[].{name: id, all: @}",
            "body.{a: x, b: y}",
            "sort_by(body.list, &created)[0]",
            "map(&x.y, body.list)",
            "!(body.a)",
            "!body",
            "!body[0]",
            "body.*.a",
            "body[*].a",
            "body.a[1:2].b",
            "has(body.a, 'x') || size(body.b) == `0`",
            "[body.a, http.status]",
            "parts(body.a, '/')[:2]",
        ],
    )
    def test_none(self, text: str) -> None:
        assert Expression(text).faults(NAMES) == []

    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            pytest.param(
                "boddy.a",
                ["nothing is called 'boddy' here: did you mean body?; there is body, http, kept"],
                id="a slip",
            ),
            pytest.param(
                "body.status == COMPLETED",
                [
                    (
                        "nothing is called 'COMPLETED' here (texts stand in single quotes: 'COMPLETED'); "
                        "there is body, http, kept"
                    )
                ],
                id="a text without quotes",
            ),
            pytest.param("!body.a", ["!a.b means (!a).b, which is null: write !(a.b)"], id="not, of a path"),
            pytest.param(
                "http && !body.a.b", ["!a.b means (!a).b, which is null: write !(a.b)"], id="not, of a longer one"
            ),
            pytest.param(
                "contains(body.a, 'x')",
                ["contains() fails on null, and what a provider leaves out is null: write has(x, 'part')"],
                id="contains",
            ),
            pytest.param(
                "length(body.a)",
                ["length() fails on null, and what a provider leaves out is null: write size(x)"],
                id="length",
            ),
            pytest.param(
                "to_string(body.a)",
                ["to_string() fails on null, and what a provider leaves out is null: write text(x)"],
                id="to_string",
            ),
            pytest.param("lowr(body.a)", ["there is no function lowr(): did you mean lower?"], id="a function"),
            pytest.param("quux(body.a)", ["there is no function quux()"], id="no function at all"),
            pytest.param(
                "map(&lowr(@), body.a)", ["there is no function lowr(): did you mean lower?"], id="in a reference"
            ),
            pytest.param(
                "a.x == b.y",
                [
                    "nothing is called 'a' here (texts stand in single quotes: 'a'); there is body, http, kept",
                    "nothing is called 'b' here (texts stand in single quotes: 'b'); there is body, http, kept",
                ],
                id="both sides",
            ),
            pytest.param(
                "body.list[?x].{y: size(z)} || q",
                ["nothing is called 'q' here (texts stand in single quotes: 'q'); there is body, http, kept"],
                id="only what begins",
            ),
        ],
    )
    def test_each(self, text: str, wanted: list[str]) -> None:
        assert Expression(text).faults(NAMES) == wanted

    def test_any_name_where_they_are_anybodys(self) -> None:
        assert Expression("whatever.a == 'x'").faults(None) == []
        assert Expression("!whatever.a").faults(None) != []

    @pytest.mark.parametrize("text", ["lower()", "has(body.a)", "ratio(body.a)", "num(body.a, body.b)"])
    def test_the_wrong_number_of_arguments(self, text: str) -> None:
        """It would be null for ever."""
        assert Expression(text).faults(NAMES) != []


class TestAsText:
    @pytest.mark.parametrize(
        ("value", "wanted"),
        [(None, None), ("a", "a"), ("", ""), (7, "7"), (1.5, "1.5"), (True, "true"), ([], "[]"), ({"a": 1}, '{"a":1}')],
    )
    def test_value(self, value: Any, wanted: str | None) -> None:
        assert as_text(value) == wanted


@given(st.text(max_size=8), st.lists(st.text(max_size=8), max_size=4))
def test_a_hint_names_something_that_is_there(word: str, known: list[str]) -> None:
    hint = close_to(word, known)

    assert hint == "" or any(hint == f": did you mean {one}?" for one in known)
