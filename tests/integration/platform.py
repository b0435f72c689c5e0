"""Step Functions as a test wants it to be."""

import json
from typing import Any

import boto3

from lumeo import settings
from tests.integration.driver import Driver
from tests.integration.dying import Reply


class Platform:
    """Step Functions as the test says it is: every run is what it was last told to be."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._ended: dict[str, tuple[str, Any]] = {}
        self.described: list[str] = []

    def ends(self, run: str, status: str) -> None:
        """A run is over now."""
        self._ended[run] = (status, self._driver.clock.now())

    def describe(self, params: dict[str, Any], **_: Any) -> Any:
        run = json.loads(params["body"])["executionArn"].rpartition(":")[2]
        self.described.append(run)
        if run not in self._ended and run not in self._driver.started():
            return None
        status, stopped = self._ended.get(run, ("RUNNING", None))
        return Reply(), {"status": status, **({"stopDate": stopped} if stopped else {})}

    def tells(self, run: str) -> None:
        """The event that EventBridge hands to sweep."""
        status = self._ended[run][0]
        detail = {"name": run, "status": status, "input": json.dumps({"id": run.partition("-")[0]})}
        event = {"source": "aws.states", "detail-type": "Step Functions Execution Status Change", "detail": detail}
        assert self._driver.functions.invoke("SweepFunction", event) == {}


def break_step_functions() -> None:
    """Nothing can be started there."""
    boto3.client("stepfunctions").delete_state_machine(stateMachineArn=settings.state_machine_arn())


def mend_step_functions() -> None:
    """It can again; what there was is forgotten."""
    boto3.client("stepfunctions").create_state_machine(
        name=settings.state_machine_arn().rpartition(":")[2],
        definition='{"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}',
        roleArn="arn:aws:iam::123456789012:role/test",
    )
