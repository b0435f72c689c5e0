"""EventBridge, as far as the local stack needs it: the event of an execution that has ended, and rules' patterns."""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any


def status_change(execution: Any) -> dict[str, Any]:
    """The event that AWS sends for one of moto's executions."""
    succeeded = execution.status == "SUCCEEDED"
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": execution.account_id,
        "time": f"{execution.stop_date:%Y-%m-%dT%H:%M:%SZ}",
        "region": execution.region_name,
        "resources": [execution.execution_arn],
        "detail": {
            "executionArn": execution.execution_arn,
            "stateMachineArn": execution.state_machine_arn,
            "name": execution.name,
            "status": execution.status,
            "startDate": _milliseconds(execution.start_date),
            "stopDate": _milliseconds(execution.stop_date),
            "input": execution.execution_input,
            "inputDetails": {"included": True},
            "output": json.dumps(execution.output) if succeeded else None,
            "outputDetails": {"included": True} if succeeded else None,
        },
    }


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether a rule with this pattern takes the event. Knows lists of plain values, not EventBridge's operators."""
    return all(_takes(wanted, event.get(key)) for key, wanted in pattern.items())


def deliver(
    event: Mapping[str, Any], rules: Mapping[str, Mapping[str, Any]], invoke: Callable[[str, Any], Any]
) -> None:
    """Invoke the functions whose rule takes the event."""
    for name, pattern in rules.items():
        if matches(pattern, event):
            invoke(name, event)


def _takes(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and matches(wanted, found)
    if any(isinstance(value, Mapping) for value in wanted):
        raise ValueError(f"the local stack does not know {wanted}: teach it in local/events.py")
    return found in wanted


def _milliseconds(moment: datetime) -> int:
    return int(1000 * moment.timestamp())
