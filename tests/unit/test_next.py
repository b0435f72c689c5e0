"""What a task answers to the state machine: `wakes` exactly where a webhook may end the wait, and nothing opaque."""

import json
from typing import Any

import pytest

from lumeo.prediction import Phase, Subscriber
from lumeo.steps.next import answer, current, end, over
from lumeo.store import store
from tests.unit.make import HANDLE, ID, NOW, prediction

TOLD_OF_ALL = Subscriber("https://hooks.example/x", ("start", "output", "logs", "completed"))


class TestAnswer:
    def test_where_a_webhook_may_come_the_wait_can_be_ended(self) -> None:
        """By the number as it was before the look: whatever has come since is a reason to look again."""
        seen = prediction(Phase.RUNNING, webhook=True, wakes=3)
        written = prediction(Phase.RUNNING, webhook=True, wakes=4)

        assert answer(written, "Status", 6, parked_since=seen)["wakes"] == 3

    def test_none_yet_is_a_number_too(self) -> None:
        seen = prediction(Phase.RUNNING, webhook=True)

        found = answer(seen, "Status", 6, parked_since=seen)

        assert found["wakes"] == 0
        assert type(found["wakes"]) is int

    def test_where_none_may_come_it_cannot(self) -> None:
        """The choice asks whether the field is there, not what it says."""
        seen = prediction(Phase.RUNNING, webhook=False)

        assert "wakes" not in answer(seen, "Status", parked_since=seen)

    @pytest.mark.parametrize("to", ["Create", "Status", "Finalize"])
    def test_other_waits_cannot(self, to: Any) -> None:
        assert "wakes" not in answer(prediction(Phase.RUNNING, webhook=True), to)

    @pytest.mark.parametrize("phase", Phase)
    def test_is_what_may_travel(self, phase: Phase) -> None:
        found = answer(prediction(phase, task_token="AQCEAAAAKgAAAAMAAAAA"), "Status", 7)

        assert found == {
            "id": ID,
            "next": "Status",
            "wait": 7,
            "polls": 0,
            "provider": "replicate",
            "model": "stability-ai/sdxl",
            "upstream_id": HANDLE.id if phase not in {Phase.ACCEPTED, Phase.SENDING} else None,
        }
        assert len(json.dumps(found)) < 1024

    def test_a_version_stands_for_its_model(self) -> None:
        assert answer(prediction(model=None, version="39ed"), "Create")["model"] == "39ed"


def test_end_leaves_nothing_to_do() -> None:
    assert end(ID) == {"id": ID, "next": "End", "wait": 1}


@pytest.mark.usefixtures("cloud")
class TestCurrent:
    @pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.DONE])
    def test_is_the_prediction_of_its_run(self, phase: Phase) -> None:
        store().accept(prediction(phase))

        assert current(ID, ID) == prediction(phase)

    @pytest.mark.parametrize("run", [f"{ID}-2", "", "another"])
    def test_an_overtaken_run_ends(self, run: str) -> None:
        store().accept(prediction(Phase.RUNNING))

        assert current(ID, run) == end(ID)

    def test_the_run_of_one_that_is_over_ends(self) -> None:
        store().accept(prediction(Phase.DONE))

        assert current(ID, ID) == end(ID)

    def test_the_run_of_one_that_is_over_tells_its_caller(self) -> None:
        made = prediction(Phase.DONE, subscriber=TOLD_OF_ALL)
        store().accept(made)

        assert current(ID, ID) == answer(made, "Announce")

    def test_one_that_is_not_there_ends(self) -> None:
        assert current(ID, ID) == end(ID)


class TestOver:
    @pytest.mark.parametrize(
        ("changes", "to"),
        [
            pytest.param({}, "End", id="nobody wants to know"),
            pytest.param({"subscriber": TOLD_OF_ALL}, "Announce", id="of all"),
            pytest.param({"subscriber": Subscriber("https://a.example", ("completed",))}, "Announce", id="of the end"),
            pytest.param({"subscriber": Subscriber("https://a.example", ("output",))}, "Announce", id="of the output"),
            pytest.param({"subscriber": Subscriber("https://a.example", ("start", "logs"))}, "End", id="of the way"),
            pytest.param({"subscriber": TOLD_OF_ALL, "told_at": NOW}, "End", id="told already"),
            pytest.param({"subscriber": TOLD_OF_ALL, "run": f"{ID}-2"}, "End", id="of another run"),
        ],
    )
    def test_its_caller_is_told_once_by_its_own_run(self, changes: dict[str, Any], to: str) -> None:
        assert over(prediction(Phase.DONE, **changes), ID, ID)["next"] == to

    @pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.DONE])
    def test_nobody_is_told_before_the_end(self, phase: Phase) -> None:
        assert over(prediction(phase, subscriber=TOLD_OF_ALL), ID, ID) == end(ID)
