"""Runs: the Step Functions executions that carry predictions. A run's input is exactly `{"id": …}`."""

import json

from botocore.exceptions import BotoCoreError, ClientError

from lumeo import aws, settings
from lumeo.telemetry import logger


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
