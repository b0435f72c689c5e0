"""A function of a declared provider's run dies at any of its writes: nothing is paid for twice, and it ends."""

from typing import Literal

import pytest

from tests.integration.dying import dying
from tests.providers.stage import Stage

SHAPES = {
    "together_batch": "a step before the submission",
    "banana": "the answer to the submission is the end",
    "fal": "looks need what was kept of the answer",
    "luma": "it cannot be told to stop",
}
MOST_WRITES = 40


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("name", SHAPES, indirect=True)
def test_any_write(stage: Stage, moment: Literal["before", "after"]) -> None:
    """It is carried on from the start, as the next run would; what nobody knows the id of is uncertain."""
    outcomes: set[tuple[str, str | None]] = set()
    stage.player.script(stage.name, [*stage.usual, "succeeded"])
    for writes in range(MOST_WRITES):
        paid, uploaded = stage.player.submitted(stage.name), len(stage.seen("file"))
        prediction_id = stage.submit()
        with dying(writes, moment):
            stage.driver.run(prediction_id)
            break
        shown = stage.ended(prediction_id, "Create")
        outcomes.add((shown["status"], shown["error_code"]))
        made = stage.player.submitted(stage.name) - paid
        assert made == 1 if shown["status"] == "succeeded" else made <= 1
        assert len(stage.seen("file")) - uploaded <= 2
        stage.driver.clock.passes(60)
    else:
        raise AssertionError("it never came to its end")

    assert ("succeeded", None) in outcomes
    assert outcomes <= {("succeeded", None), ("failed", "submission_uncertain")}


@pytest.mark.parametrize("name", ["luma"], indirect=True)
def test_cancel_of_what_cannot_be_stopped(stage: Stage) -> None:
    """The wish is in the record before anything else: whoever comes next sees it."""
    stage.player.script(stage.name, ["waiting"])
    for writes in range(4):
        prediction_id = stage.submit()
        assert stage.create(prediction_id)["next"] == "Status"
        with dying(writes):
            stage.call("POST", f"/v1/predictions/{prediction_id}/cancel")
        if stage.driver.record(prediction_id).cancel_requested is None:
            continue
        shown = stage.ended(prediction_id)
        assert (shown["status"], [one["code"] for one in shown["warnings"]]) == ("canceled", ["not_stopped"])
