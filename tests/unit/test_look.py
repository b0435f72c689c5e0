"""What a look brings into the record: bounded, readable, and without tokens, wherever it is cut."""

from typing import Any

import pytest

from lumeo import documents
from lumeo.prediction import Document, Phase, Snapshot, Status, Upstream
from lumeo.steps.look import LOGS_KEPT, METRICS_KEPT, changes, moment
from tests.conftest import TestClock
from tests.unit.make import NOW, prediction

SECRET = "Ab3Cd5" * 7
TOKEN = f"r8_{SECRET}"
EARLIER = "2026-11-21T09:59:58.500Z"

pytestmark = pytest.mark.usefixtures("cloud", "test_clock")


def looked(status: Status = Status.PROCESSING, started_at: str | None = None, **more: Any) -> Snapshot:
    return Snapshot(status=status, upstream=Upstream(status=status, started_at=started_at), **more)


class TestLogs:
    @pytest.mark.parametrize("kept", range(0, len(TOKEN) + 2, 5))
    def test_a_token_that_the_cut_goes_through_is_not_kept(self, kept: int) -> None:
        """`kept` of its letters are within the last ones that are kept."""
        log = "x" * 50 + TOKEN + "-" * (LOGS_KEPT - kept)

        found = documents.value(changes(prediction(Phase.RUNNING), looked(logs=log))["logs"])

        assert "Ab3Cd5" not in found
        assert len(found) == LOGS_KEPT

    def test_the_end_of_a_long_one_is_kept(self) -> None:
        log = "first " + "x" * LOGS_KEPT + " last"

        found = documents.value(changes(prediction(Phase.RUNNING), looked(logs=log))["logs"])

        assert found.endswith(" last")
        assert len(found) == LOGS_KEPT

    def test_a_token_alone_is_no_reason_to_keep_it_twice(self) -> None:
        found = changes(prediction(Phase.RUNNING), looked(logs=f"using {TOKEN}"))

        assert documents.value(found["logs"]) == "using r8_****"
        assert "raw_logs" not in found

    def test_none_leaves_what_there_was(self) -> None:
        assert not {"logs", "raw_logs"} & changes(prediction(Phase.RUNNING), looked()).keys()


class TestMetrics:
    def test_are_kept_as_they_came(self) -> None:
        found = changes(prediction(Phase.RUNNING), looked(metrics={"predict_time": 3.366505}))

        assert documents.value(found["metrics"]) == {"predict_time": 3.366505}

    def test_too_many_are_not(self) -> None:
        found = changes(prediction(Phase.RUNNING), looked(metrics={"x": "y" * METRICS_KEPT}))

        assert "metrics" not in found


class TestPartial:
    @pytest.mark.parametrize("output", ["Once", ["Once", " upon"], ["a", ""], "see https://replicate.delivery/x.png"])
    def test_text_is_kept(self, output: Any) -> None:
        found = changes(prediction(Phase.RUNNING), looked(output=output))

        assert documents.value(found["partial"]) == output

    @pytest.mark.parametrize(
        "output",
        [
            pytest.param(None, id="nothing"),
            pytest.param("", id="no text"),
            pytest.param([], id="no texts"),
            pytest.param("https://replicate.delivery/xezq/out.png", id="a file"),
            pytest.param(["https://replicate.delivery/xezq/out.png"], id="a list of files"),
            pytest.param(["Once", "https://replicate.delivery/xezq/out.png"], id="a file among texts"),
            pytest.param("data:image/png;base64,iVBORw0KGgo=", id="a file in itself"),
            pytest.param({"text": "Once"}, id="an object"),
            pytest.param([1, 2], id="numbers"),
            pytest.param(["Once", None], id="a null among texts"),
            pytest.param(7, id="a number"),
            pytest.param([["Once"]], id="lists of texts"),
        ],
    )
    def test_what_is_no_text_or_a_file_is_not(self, output: Any) -> None:
        """Files are served from our own storage alone, and are not there yet."""
        assert "partial" not in changes(prediction(Phase.RUNNING), looked(output=output))

    @pytest.mark.parametrize("status", [status for status in Status if status is not Status.PROCESSING])
    def test_what_is_over_or_has_not_begun_has_none(self, status: Status) -> None:
        assert "partial" not in changes(prediction(Phase.RUNNING), looked(status, output="Once"))

    def test_a_look_that_shows_none_leaves_what_there_was(self) -> None:
        made = prediction(Phase.RUNNING, partial=Document(json='"Once"'))

        assert "partial" not in changes(made, looked())


class TestBegun:
    def test_when_the_provider_says(self) -> None:
        found = changes(prediction(Phase.RUNNING), looked(started_at=EARLIER))

        assert (found["timeline.started"], found["status"]) == (EARLIER, Status.PROCESSING)

    def test_is_noted_once(self) -> None:
        made = prediction(Phase.RUNNING, timeline={"accepted": NOW, "started": EARLIER})

        assert "timeline.started" not in changes(made, looked(started_at=NOW))

    def test_not_while_it_starts(self) -> None:
        assert not {"timeline.started", "status"} & changes(prediction(Phase.RUNNING), looked(Status.STARTING)).keys()

    def test_a_look_counts_and_ends_the_troubles(self) -> None:
        found = changes(prediction(Phase.RUNNING, polls=4, troubles=3, gone_looks=2), looked())

        assert (found["polls"], found["troubles"], found["gone_looks"]) == (5, 0, 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(EARLIER, EARLIER, id="a time"),
        pytest.param("2026-11-21T10:59:58.500123+01:00", EARLIER, id="of another zone"),
        pytest.param(None, NOW, id="none"),
        pytest.param("", NOW, id="nothing"),
        pytest.param("yesterday", NOW, id="a word"),
        pytest.param("2026-11-21T09:59:58", NOW, id="of no zone"),
    ],
)
def test_a_moment_is_the_providers_or_now(test_clock: TestClock, text: str | None, expected: str) -> None:
    assert moment(text) == expected
