"""The log of the whole stack: one id finds a prediction's life through all functions, and no line holds a secret."""

import json
from typing import Any

from tests.stack import Caller, Stack
from tests.waiting import until


def lines(stack: Stack) -> list[dict[str, Any]]:
    """What our functions have written by now; what libraries write is no JSON."""
    assert stack.log
    return [json.loads(line) for line in stack.log.read_text().splitlines() if line.startswith("{")]


def test_one_id_finds_a_prediction_in_every_function(stack: Stack, caller: Caller) -> None:
    prediction_id = caller.ended(caller.submit("sim/slow", prompt="a corgi in the log")["id"], 60)["id"]
    assert caller.call("DELETE", f"/predictions/{prediction_id}").status_code == 204
    found = until(
        lambda: [line for line in lines(stack) if line.get("prediction_id") == prediction_id],
        lambda seen: any(line["message"] == "deleted" for line in seen),
        10,
    )

    said = {line["message"]: line["function"] for line in found}
    assert (
        said.items() >= {"submitted": "CreateFunction", "done": "FinalizeFunction", "deleted": "DeleteFunction"}.items()
    )
    assert all(line["request_id"] and line["level"] for line in found)


def test_every_line_names_its_function_and_holds_no_secret(stack: Stack, caller: Caller) -> None:
    caller.ended(caller.submit("sim/one", prompt="no secret")["id"])
    ours = [line for line in lines(stack) if line.get("service") == "lumeo" and "function" in line]
    text = json.dumps(ours)

    assert ours
    assert all(line["request_id"] for line in ours)
    assert caller.key not in text
    assert "/v1/hooks/" not in text
