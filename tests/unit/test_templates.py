"""Templates of requests: texts with expressions in braces, trees of them, and URLs that lead where they should."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumeo.providers.expressions import Expression
from lumeo.providers.templates import Template, Unsayable, compiled, expressions, fields, filled, read
from tests.unit.make import JSON

BASE = "https://api.acme.test/v1"


class TestOf:
    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            pytest.param("", "", id="nothing"),
            pytest.param("plain", "plain", id="no expression"),
            pytest.param("{a}", 1, id="its type"),
            pytest.param("{ a }", 1, id="space around it"),
            pytest.param("{l}", [1, 2], id="a list"),
            pytest.param("{none}", None, id="null"),
            pytest.param("x{a}", "x1", id="a text with one"),
            pytest.param("{a}{s}", "1s", id="two"),
            pytest.param("x{l}", "x[1,2]", id="a list in a text"),
            pytest.param("x{t}", "xtrue", id="a boolean in a text"),
            pytest.param("x{none}", None, id="null in a text"),
            pytest.param("{{a}}", "{a}", id="literal braces"),
            pytest.param("{{{a}}}", "{1}", id="one within literal braces"),
            pytest.param("{ {x: a, y: s} }", {"x": 1, "y": "s"}, id="a map"),
            pytest.param("{s == '}' && 'a' || 'b'}", "b", id="a brace in quotes"),
            pytest.param("{join('', ['{', s, '}'])}", "{s}", id="braces in quotes"),
            pytest.param("{join('', ['\\'', '}'])}", "'}", id="a quote within quotes"),
            pytest.param('{m."x y"}', 7, id="a quoted name"),
            pytest.param('{`{"a": 1}`.a}', 1, id="a literal"),
        ],
    )
    def test_value(self, text: str, wanted: Any) -> None:
        values = {"a": 1, "s": "s", "l": [1, 2], "t": True, "none": None, "m": {"x y": 7}}

        assert Template(text).of(values) == wanted

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("{a", "'{a' opens a brace that it does not close"),
            ("{a'}'", "\"{a'}'\" opens a brace that it does not close"),
            ("a}", "'a}' closes a brace that it does not open: a literal one is written twice"),
            ("{a}}", "'{a}}' closes a brace that it does not open: a literal one is written twice"),
        ],
    )
    def test_braces_that_do_not_fit(self, text: str, message: str) -> None:
        with pytest.raises(ValueError, match=r"a brace that it does not") as caught:
            Template(text)

        assert str(caught.value) == message

    @pytest.mark.parametrize("text", ["{}", "{ }", "{a b}", "{a.}"])
    def test_no_expression_in_them(self, text: str) -> None:
        with pytest.raises(ValueError, match="is no JMESPath"):
            Template(text)

    @given(st.text())
    def test_any_text_can_be_written(self, text: str) -> None:
        assert Template(text.replace("{", "{{").replace("}", "}}")).of({}) == text

    @given(st.text())
    def test_values_are_no_templates(self, text: str) -> None:
        """A caller's text is what it is, whatever braces it has."""
        assert Template("{in.x}").of({"in": {"x": text}}) == text
        assert Template("a {in.x}").of({"in": {"x": text}}) == f"a {text}"


class TestUrl:
    @pytest.mark.parametrize(
        ("text", "values", "wanted"),
        [
            pytest.param("{base}/x", {}, f"{BASE}/x", id="the base"),
            pytest.param("{ base }/x", {}, f"{BASE}/x", id="the base, spaced"),
            pytest.param("{base}", {}, BASE, id="the base alone"),
            pytest.param("{base}/{id}", {"id": "a/b"}, f"{BASE}/a/b", id="slashes stay"),
            pytest.param("{base}/{id}", {"id": "a b?c#d&e=f%2F"}, f"{BASE}/a%20b%3Fc%23d%26e%3Df%252F", id="encoded"),
            pytest.param("{base}/{id}", {"id": "@evil.test:80\\"}, f"{BASE}/%40evil.test%3A80%5C", id="no authority"),
            pytest.param("{base}/{id}", {"id": "ü\r\n"}, f"{BASE}/%C3%BC%0D%0A", id="no line break"),
            pytest.param("{base}/{id}", {"id": 7}, f"{BASE}/7", id="a number"),
            pytest.param("{base}/x?id={id}", {"id": "a&b"}, f"{BASE}/x?id=a%26b", id="in a query"),
            pytest.param("{base}/x?id={id}", {"id": "a/../b"}, f"{BASE}/x?id=a/../b", id="dots in a query"),
            pytest.param("{base}/{id}", {"id": "a..b"}, f"{BASE}/a..b", id="dots in a name"),
            pytest.param("{base}/{id}", {"id": "..."}, f"{BASE}/...", id="three dots"),
            pytest.param("{kept.at}", {"kept": {"at": "https://x.test/?a=b c"}}, "https://x.test/?a=b c", id="whole"),
        ],
    )
    def test_value(self, text: str, values: dict[str, Any], wanted: str) -> None:
        assert Template(text).url({"base": BASE, **values}) == wanted

    @pytest.mark.parametrize("part", [".", "..", "../x", "a/..", "a/../b", "a/./b", "./a", "../../admin"])
    def test_dot_segments_lead_elsewhere(self, part: str) -> None:
        for text in ("{base}/{id}", "{base}/{id}/cancel", "{base}/x/{id}?a=b"):
            with pytest.raises(Unsayable, match="leads elsewhere"):
                Template(text).url({"base": BASE, "id": part})

    def test_two_values_that_make_one(self) -> None:
        with pytest.raises(Unsayable, match="leads elsewhere"):
            Template("{base}/{a}{b}/x").url({"base": BASE, "a": ".", "b": "."})

    @pytest.mark.parametrize("text", ["{base}/{id}", "{id}", "{base}/x?y={id}"])
    def test_of_null(self, text: str) -> None:
        with pytest.raises(Unsayable, match="there is no id"):
            Template(text).url({"base": BASE, "id": None})

    @pytest.mark.parametrize("value", [7, True, ["https://x.test"], {"a": 1}])
    def test_a_whole_one_that_is_no_text(self, value: Any) -> None:
        with pytest.raises(Unsayable, match="there is no id"):
            Template("{id}").url({"id": value})

    def test_half_a_surrogate_pair_cannot_be_said(self) -> None:
        with pytest.raises(Unsayable):
            Template("{base}/{id}").url({"base": BASE, "id": "\ud800"})

    @given(JSON)
    def test_whatever_comes_it_stays_below_the_base(self, value: Any) -> None:
        try:
            made = Template("{base}/{id}/x").url({"base": BASE, "id": value})
        except Unsayable:
            return
        assert made.startswith(f"{BASE}/")
        assert made.endswith("/x")
        assert not set(made.removeprefix(f"{BASE}/")) & set("?#@\\ \r\n")


class TestFilled:
    @pytest.mark.parametrize(
        ("tree", "wanted"),
        [
            pytest.param({"a": "{n}"}, {}, id="null is left out"),
            pytest.param({"a": "x{n}"}, {}, id="so is a text with null"),
            pytest.param({"a": {"b": "{n}"}}, {"a": {}}, id="deeper too"),
            pytest.param(["{n}", 1], [None, 1], id="in a list it stays"),
            pytest.param({"a": 1, "b": True, "c": 1.5}, {"a": 1, "b": True, "c": 1.5}, id="other JSON"),
            pytest.param({"a": None}, {}, id="a null of its own"),
            pytest.param({"...": "{m}", "y": "{z}"}, {"x": 1, "y": 3}, id="spread, what follows wins"),
            pytest.param({"y": "{z}", "...": "{m}"}, {"x": 1, "y": 2}, id="spread, what stands before does not"),
            pytest.param({"a": {"...": "{m}"}}, {"a": {"x": 1, "y": 2}}, id="spread deeper"),
            pytest.param({"...": "{n}", "a": 1}, {"a": 1}, id="spread of null"),
            pytest.param("{m}", {"x": 1, "y": 2}, id="the whole"),
            pytest.param(None, None, id="nothing"),
        ],
    )
    def test_value(self, tree: Any, wanted: Any) -> None:
        assert filled(compiled(tree), {"n": None, "m": {"x": 1, "y": 2}, "z": 3}) == wanted

    @pytest.mark.parametrize("value", ["text", 7, True, [1]])
    def test_only_an_object_can_be_spread(self, value: Any) -> None:
        with pytest.raises(Unsayable, match="only an object"):
            filled(compiled({"...": "{x}"}), {"x": value})

    @given(JSON)
    def test_an_input_is_handed_on_as_it_is(self, value: Any) -> None:
        assert filled(compiled({"input": "{in}"}), {"in": value}) == ({} if value is None else {"input": value})


class TestRead:
    def test_null_stays(self) -> None:
        tree = {"a": Expression("a"), "b": [Expression("b"), {"c": Expression("c")}]}

        assert read(tree, {"a": 1, "c": 2}) == {"a": 1, "b": [None, {"c": 2}]}


class TestExpressions:
    def test_all_of_a_tree(self) -> None:
        tree = [compiled({"a": "{x.y} and {z}", "b": ["{in}", 7]}), Expression("body"), None]

        assert [found.text for found in expressions(tree)] == ["x.y", "z", "in", "body"]

    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            ("Key {account.key}", {"key"}),
            ("{account.key || account.token}", {"key", "token"}),
            ("{!(account.key)}", {"key"}),
            ("{in.account.key}", set()),
            ("{my_account.key}", set()),
            ("{account}", set()),
        ],
    )
    def test_fields(self, text: str, wanted: set[str]) -> None:
        assert fields([compiled({"a": text})], "account") == wanted
