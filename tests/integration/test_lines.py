"""Every line that our functions print is JSON, and says whose it is: one id finds the whole life of a prediction."""

import contextlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bench.cost import LINES, METRIC_LOG
from bench.watching import USUAL
from lumeo import aws
from tests.conftest import MASTER, TOKEN
from tests.integration.driver import Driver
from tests.integration.dying import Reply
from tests.integration.printing import Printed
from tests.integration.subscriber import Subscriber

TRACE = "1-67891233-abcdef012345678912345678"


def life(driver: Driver, subscriber: Subscriber) -> str:
    """A prediction from its request to its end, with all that its caller may do with it."""
    prediction_id = subscriber.submit(driver, "sim/image")
    answer = driver.step("Create", prediction_id)
    driver.park(answer, "token")
    driver.clock.passes(2)
    driver.deliver()
    driver.step("Status", prediction_id)
    driver.notify()
    driver.clock.passes(30)
    driver.deliver()
    driver.step("Finalize", prediction_id)
    driver.step("Announce", prediction_id)
    driver.read(prediction_id)
    driver.cancel(prediction_id)
    assert driver.call("DELETE", f"/v1/predictions/{prediction_id}").status == 204
    return prediction_id


def test_one_id_finds_the_whole_life(driver: Driver, subscriber: Subscriber, printed: Printed) -> None:
    prediction_id = life(driver, subscriber)
    lines = [line for line in printed.lines if line.get("prediction_id") == prediction_id]

    assert len(lines) == len(printed.lines)
    functions = ["Submit", "Create", "Webhook", "Finalize", "Announce", "Delete"]
    assert {line["function"] for line in lines} == {f"{name}Function" for name in functions}
    assert all(re.fullmatch(r"[0-9a-f-]{36}", line["request_id"]) for line in lines)
    said = [line["message"] for line in lines if "message" in line]
    assert said == ["submitted", "a webhook", "a webhook", "done", "the caller was told", "deleted"]


def test_a_line_says_who_called_and_by_which_request(driver: Driver, subscriber: Subscriber, printed: Printed) -> None:
    """The API's own id of a request is what its access log knows."""
    life(driver, subscriber)
    called = {line["function"]: line for line in printed.lines if "api_request_id" in line}

    assert called.keys() == {"SubmitFunction", "WebhookFunction", "DeleteFunction"}
    assert {name: line.get("caller") for name, line in called.items()} == {
        "SubmitFunction": "alice",
        "WebhookFunction": None,
        "DeleteFunction": "alice",
    }


def test_no_line_holds_a_secret(driver: Driver, subscriber: Subscriber, printed: Printed) -> None:
    life(driver, subscriber)
    text = json.dumps(printed.lines)
    hook = str(driver.upstream().request.webhook)

    assert driver.key not in text
    assert TOKEN not in text
    assert MASTER not in text
    assert hook.rpartition("/")[2] not in text
    assert "corgi" not in text, "nor what the caller wants to see"


def test_a_line_names_its_trace(driver: Driver, printed: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Lambda sets it, where tracing is on."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1")
    driver.finished("sim/instant")
    messages = [line for line in printed.lines if "message" in line]

    assert messages
    assert {line["xray_trace_id"] for line in messages} == {TRACE}


@contextlib.contextmanager
def no_record(of: str = "prediction#") -> Iterator[None]:
    """None of that kind can be read; who calls can."""

    def refuse(params: dict[str, Any], **_: Any) -> Any:
        if of.encode() not in params["body"]:
            return None
        error = {"Code": "ResourceNotFoundException", "Message": "it is away"}
        return Reply(400), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}

    events: Any = aws.dynamodb().meta.events
    events.register("before-call.dynamodb.GetItem", refuse)
    try:
        yield
    finally:
        events.unregister("before-call.dynamodb.GetItem", refuse)


@pytest.mark.parametrize("way", ["read", "cancel", "delete", "rerun"])
def test_what_fails_says_whose_it_was(driver: Driver, printed: Printed, way: str) -> None:
    """The caller reads that it was ours; the line says of which prediction."""
    prediction_id = driver.submit("sim/instant")
    paths = {"read": ("GET", ""), "cancel": ("POST", "/cancel"), "delete": ("DELETE", ""), "rerun": ("POST", "/rerun")}
    method, path = paths[way]
    with no_record():
        answer = driver.call(method, f"/v1/predictions/{prediction_id}{path}")

    assert answer.status == 500
    (line,) = [line for line in printed.lines if line.get("level") == "ERROR"]
    assert (line["prediction_id"], line["caller"]) == (prediction_id, "alice")


def test_a_step_that_fails_says_whose_it_was(driver: Driver, printed: Printed) -> None:
    """What Lambda prints of it is no JSON, and knows no prediction."""
    prediction_id = driver.submit("sim/instant")
    with no_record(), pytest.raises(ClientError):
        driver.step("Create", prediction_id)

    (line,) = [line for line in printed.lines if line.get("level") == "ERROR"]
    assert (line["prediction_id"], line["message"]) == (prediction_id, "it failed")
    assert "ResourceNotFoundException" in line["exception"]


def test_a_line_about_a_file_names_it(driver: Driver, printed: Printed) -> None:
    file_id = driver.upload("corgi.txt", b"corgi", "text/plain").body["id"]
    with no_record("file#"):
        assert driver.call("GET", f"/v1/files/{file_id}").status == 500

    (line,) = [line for line in printed.lines if line.get("level") == "ERROR"]
    assert (line["file_id"], line["caller"]) == (file_id, "alice")


def test_the_lines_of_a_usual_prediction_are_as_many_and_as_long_as_is_said(
    driver: Driver, subscriber: Subscriber, printed: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docs/cost.md is computed from that."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1")
    life(driver, subscriber)
    found = Counter(line["function"].removesuffix("Function") for line in printed.lines)
    sizes = [len(json.dumps(line, separators=(",", ":"))) for line in printed.lines]

    assert {name: found[name] for name in LINES} == {**LINES, "Webhook": 2 * LINES["Webhook"]}
    assert sum(sizes) / len(sizes) == pytest.approx(METRIC_LOG, rel=0.1)
    assert {point.name for point in printed.points} == USUAL


def test_a_traceback_holds_no_secret(driver: Driver, printed: Printed) -> None:
    """A library's error quotes the URL that it was about, and so does what it was raised from."""
    prediction_id = driver.submit("sim/instant")
    hook, key = f"/v1/hooks/replicate/{prediction_id}/{'t' * 43}", f"lum_{'k' * 43}"

    def fail(**_: Any) -> None:
        raise ValueError(f"{key} and {TOKEN}") from OSError(f"Max retries exceeded with url: {hook}")

    events: Any = aws.dynamodb().meta.events
    events.register("before-call.dynamodb.GetItem", fail)
    with pytest.raises(ValueError, match="lum_"):
        driver.step("Create", prediction_id)
    events.unregister("before-call.dynamodb.GetItem", fail)

    (line,) = [line for line in printed.lines if line.get("level") == "ERROR"]
    assert f"/v1/hooks/replicate/{prediction_id}/****" in line["exception"]
    assert "lum_**** and r8_****" in line["exception"]
    assert not re.search(rf"t{{43}}|k{{43}}|{TOKEN}", json.dumps(line))
