"""Runs: their names in order, and what Step Functions says of them."""

import logging
from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber
from hypothesis import given
from hypothesis import strategies as st

from lumeo import aws, ids, runs
from lumeo.runs import DEAD_TOKENS, LAST, following, is_last, number, prediction_of
from tests.unit.make import ID

TOKEN = "AQCEAAAAKgAAAAMAAAAA"


@pytest.fixture
def stubbed(cloud: dict[str, str]) -> Iterator[Stubber]:
    """Step Functions as AWS answers where moto does not."""
    with Stubber(aws.stepfunctions()) as stubber:
        yield stubber


@pytest.fixture
def errors(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """What is logged as an error."""
    found: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record.getMessage())

    kept = Kept(logging.ERROR)
    logging.getLogger("lumeo").addHandler(kept)
    yield found
    logging.getLogger("lumeo").removeHandler(kept)


class TestNames:
    @pytest.mark.parametrize(
        ("run", "n", "next_"),
        [
            pytest.param(ID, 1, f"{ID}-2", id="first"),
            pytest.param(f"{ID}-2", 2, f"{ID}-3", id="second"),
            pytest.param(f"{ID}-9", 9, f"{ID}-10", id="ninth"),
            pytest.param(f"{ID}-10", 10, f"{ID}-11", id="tenth"),
        ],
    )
    def test_count_up(self, run: str, n: int, next_: str) -> None:
        assert number(run) == n
        assert following(run) == next_
        assert prediction_of(run) == ID

    @pytest.mark.parametrize(("n", "last"), [(1, False), (2, False), (4, False), (5, True), (6, True), (10, True)])
    def test_the_fifth_is_the_last(self, n: int, last: bool) -> None:  # noqa: FBT001 (a row of the table)
        """And whichever comes after it, should it fail too."""
        assert LAST == 5
        assert is_last(f"{ID}-{n}" if n > 1 else ID) is last

    @given(st.integers(1, 10_000))
    def test_any(self, n: int) -> None:
        run = ids.new()
        for _ in range(min(n, 20)):
            run = following(run)

        assert number(run) == min(n, 20) + 1
        assert len(run) <= 80

    def test_the_first_is_named_as_its_prediction(self) -> None:
        """Ids hold no dash: what follows one is a number."""
        assert number(ids.new()) == 1


class TestStart:
    def test_runs_with_its_id_alone(self, cloud: dict[str, str]) -> None:
        assert runs.start(ID, f"{ID}-2")

        client = boto3.client("stepfunctions")
        (found,) = client.list_executions(stateMachineArn=cloud["STATE_MACHINE_ARN"])["executions"]
        assert found["name"] == f"{ID}-2"
        assert client.describe_execution(executionArn=found["executionArn"])["input"] == f'{{"id": "{ID}"}}'

    def test_one_that_has_run_is_not_started_again(self, stubbed: Stubber, errors: list[str]) -> None:
        stubbed.add_client_error("start_execution", "ExecutionAlreadyExists")

        assert runs.start(ID, ID)
        assert errors == ["the run has ended before its prediction did"]

    @pytest.mark.parametrize("code", ["ThrottlingException", "StateMachineDoesNotExist", "AccessDeniedException"])
    def test_a_fault_is_logged_and_left_to_sweep(self, stubbed: Stubber, errors: list[str], code: str) -> None:
        stubbed.add_client_error("start_execution", code)

        assert not runs.start(ID, ID)
        assert errors == ["the run could not be started: sweep will"]

    @pytest.mark.usefixtures("cloud")
    def test_no_connection_is_left_to_sweep(self, errors: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(**_: object) -> None:
            raise EndpointConnectionError(endpoint_url="https://states.test")

        monkeypatch.setattr(aws.stepfunctions(), "start_execution", fail)

        assert not runs.start(ID, ID)
        assert errors == ["the run could not be started: sweep will"]


@pytest.mark.usefixtures("cloud")
class TestLook:
    def test_one_that_never_started(self) -> None:
        assert runs.look(ID) is None

    def test_one_that_was_started(self) -> None:
        runs.start(ID, ID)

        found = runs.look(ID)

        assert found is not None
        assert (found.status, found.stopped_at) == ("RUNNING", None)

    def test_one_that_was_stopped_by_hand(self, cloud: dict[str, str]) -> None:
        runs.start(ID, ID)
        arn = f"{cloud['STATE_MACHINE_ARN'].replace(':stateMachine:', ':execution:')}:{ID}"
        boto3.client("stepfunctions").stop_execution(executionArn=arn)

        found = runs.look(ID)

        assert found is not None
        assert found.status == "ABORTED"
        assert found.stopped_at is not None
        assert found.stopped_at.endswith("Z")

    def test_another_run_of_it_is_another(self) -> None:
        runs.start(ID, f"{ID}-2")

        assert runs.look(ID) is None

    def test_a_fault_is_no_answer(self, stubbed: Stubber) -> None:
        """Taken for one that never started, it would be started twice."""
        stubbed.add_client_error("describe_execution", "ThrottlingException")

        with pytest.raises(Exception, match="ThrottlingException"):
            runs.look(ID)


class TestWake:
    def test_ends_the_wait(self, stubbed: Stubber) -> None:
        stubbed.add_response("send_task_success", {}, {"taskToken": TOKEN, "output": "{}"})

        runs.wake(TOKEN)

        stubbed.assert_no_pending_responses()

    @pytest.mark.usefixtures("stubbed")
    def test_there_is_none(self) -> None:
        """A call would be refused by the stub."""
        runs.wake(None)

    @pytest.mark.parametrize("code", sorted(DEAD_TOKENS))
    def test_it_is_over_already(self, stubbed: Stubber, errors: list[str], code: str) -> None:
        stubbed.add_client_error("send_task_success", code, expected_params={"taskToken": TOKEN, "output": ANY})

        runs.wake(TOKEN)

        assert errors == []

    def test_all_three_words_for_it_are_known(self) -> None:
        assert {"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"} == DEAD_TOKENS

    def test_a_fault_is_logged_and_the_wait_ends_by_itself(self, stubbed: Stubber, errors: list[str]) -> None:
        stubbed.add_client_error("send_task_success", "ThrottlingException")

        runs.wake(TOKEN)

        assert errors == ["a wait could not be ended"]
