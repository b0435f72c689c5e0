"""Runs: the Step Functions executions that carry predictions. A run's input is exactly `{"id": …}`.

The first is named as its prediction, later ones `{id}-2`, `{id}-3`, …
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from lumeo import aws, clock, settings
from lumeo.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.literals import ExecutionStatusType

LAST = 5
"""The number of the run that tries nothing any more."""
DEAD_TOKENS = {"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"}


@dataclass(frozen=True, slots=True)
class Run:
    """What became of a run: Step Functions' word for it, and when it stopped."""

    status: "ExecutionStatusType"
    stopped_at: str | None


def prediction_of(run: str) -> str:
    """The id of the prediction that it carries."""
    return run.partition("-")[0]


def number(run: str) -> int:
    """Which run of its prediction it is, from 1."""
    return int(run.partition("-")[2] or 1)


def following(run: str) -> str:
    """The name of the run after this one."""
    return f"{prediction_of(run)}-{number(run) + 1}"


def is_last(run: str) -> bool:
    """Whether so many have failed before it that it only closes."""
    return number(run) >= LAST


def start(prediction_id: str, run: str) -> bool:
    """Start a run; True if it runs, or has run. A failure is logged and left to sweep: the record is there."""
    try:
        aws.stepfunctions().start_execution(
            stateMachineArn=settings.state_machine_arn(), name=run, input=json.dumps({"id": prediction_id})
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionAlreadyExists":
            # The same name with the same input is no error while it runs: this one has ended.
            logger.error("the run has ended before its prediction did", run=run)
            return True
        logger.exception("the run could not be started: sweep will", run=run)
        return False
    except BotoCoreError:
        logger.exception("the run could not be started: sweep will", run=run)
        return False
    return True


def look(run: str) -> Run | None:
    """What became of a run; None if it never started."""
    arn = f"{settings.state_machine_arn().replace(':stateMachine:', ':execution:')}:{run}"
    try:
        found = aws.stepfunctions().describe_execution(executionArn=arn)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
            return None
        raise
    stopped = found.get("stopDate")
    return Run(found["status"], clock.stamp(stopped) if stopped else None)


def wake(token: str | None) -> None:
    """End a wait, if it is still that one. A failure is logged: the wait ends by itself."""
    if token is None:
        return
    try:
        aws.stepfunctions().send_task_success(taskToken=token, output="{}")
    except ClientError as error:
        if error.response["Error"]["Code"] not in DEAD_TOKENS:
            logger.exception("a wait could not be ended")
    except BotoCoreError:
        logger.exception("a wait could not be ended")
