"""A prediction as it is answered: JSON that every client reads, and of the output only what may be seen yet."""

import json
from typing import Any

import pytest
from hypothesis import given

from lumeo.prediction import Document, Phase, Prediction, Status
from lumeo.routes import as_json
from lumeo.view import created, shown, with_urls
from tests.unit.make import JSON, OUTPUT, prediction

HALF = Document(json='["Once"," upon"]')


class TestAsJson:
    @given(JSON)
    def test_is_json_of_the_same(self, value: Any) -> None:
        assert json.loads(as_json(value)) == value

    @given(JSON)
    def test_is_utf_8(self, value: Any) -> None:
        as_json(value).encode("utf-8")

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ({"a": [1, None]}, '{"a":[1,null]}'),
            ("\u00e4\u20ac\U0001f600", '"\u00e4\u20ac\U0001f600"'),
            ("\ud83d", '"\\ud83d"'),
            ("x\ude00y", '"x\\ude00y"'),
            ({"\ud83d": 1}, '{"\\ud83d":1}'),
            ("\\ud83d", '"\\\\ud83d"'),
            ("\u0000\n", '"\\u0000\\n"'),
        ],
    )
    def test_is_short_and_as_it_came(self, value: Any, text: str) -> None:
        assert as_json(value) == text


@pytest.mark.usefixtures("environment")
class TestOutput:
    @pytest.mark.parametrize(
        ("made", "output"),
        [
            pytest.param(prediction(), None, id="accepted"),
            pytest.param(prediction(Phase.RUNNING), None, id="running"),
            pytest.param(prediction(Phase.RUNNING, partial=HALF), ["Once", " upon"], id="running, with text"),
            pytest.param(prediction(Phase.SETTLED, partial=HALF), ["Once", " upon"], id="being stored"),
            pytest.param(prediction(Phase.DONE, partial=HALF), "text", id="succeeded"),
            pytest.param(prediction(Phase.DONE, partial=HALF, output=Document(json="null")), None, id="without one"),
            *(
                pytest.param(prediction(Phase.DONE, status=status, output=None, partial=HALF), None, id=status)
                for status in (Status.FAILED, Status.CANCELED, Status.ABORTED)
            ),
        ],
    )
    def test_is_text_while_it_runs_and_then_what_was_stored(self, made: Prediction, output: Any) -> None:
        assert shown(made)["output"] == output

    def test_files_have_our_urls(self) -> None:
        done = prediction(Phase.DONE, output=Document(json="[null]"), outputs={"0": OUTPUT})

        assert shown(done)["output"] == [f"https://cdn.test/{OUTPUT.key}"]

    def test_text_before_the_end_has_no_urls_in_it(self) -> None:
        """What is stored already stands for nothing that is seen yet."""
        running = prediction(Phase.SETTLED, partial=HALF, outputs={"0": OUTPUT})

        assert shown(running)["output"] == ["Once", " upon"]

    def test_a_url_stands_where_its_file_stood(self) -> None:
        assert with_urls([None, "x"], [OUTPUT]) == [f"https://cdn.test/{OUTPUT.key}", "x"]


@pytest.mark.usefixtures("environment")
class TestCreated:
    @pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.DONE])
    def test_what_is_not_over_is_starting(self, phase: Phase) -> None:
        """Official clients take anything else that they do not wait for to be finished."""
        body = created(prediction(phase, partial=HALF))

        assert (body["status"], body["output"]) == ("starting", None)

    @pytest.mark.parametrize("status", ["succeeded", "failed", "canceled"])
    def test_what_is_over_is_as_it_is(self, status: str) -> None:
        done = prediction(Phase.DONE, status=Status(status))

        assert created(done) == shown(done)
