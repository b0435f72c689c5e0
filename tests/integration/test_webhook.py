"""POST /v1/hooks/{provider}/{id}/{token}: verified, a webhook is a reason to look; it never says how it ended."""

import base64
import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from local.gateway import event
from local.simulator import Delivery, signing
from lumeo import documents
from lumeo.hooks import hook_url
from lumeo.store import store
from tests.integration.driver import Driver, http_request
from tests.integration.meeting import asked_of_step_functions, before

KEY = "whsec_" + base64.b64encode(b"another key of the same length").decode()
ROUTE = "POST /v1/hooks/{provider}/{id}/{token}"


def signed(driver: Driver, body: bytes, *, seconds: float = 0, key: str | None = None) -> dict[str, str]:
    """The headers of a message that the provider might have sent now, or so many seconds from now."""
    stamp = int(driver.clock.now().timestamp() + seconds)
    keys = [key or driver.simulator.secret.newest]
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(stamp),
        "webhook-signature": signing.signature(keys, "msg_1", stamp, body),
    }


def named_in(path: str) -> dict[str, str]:
    """What the path of a webhook names."""
    return dict(zip(("provider", "id", "token"), path.split("/")[3:], strict=True))


def path_of(driver: Driver) -> str:
    """The webhook that the only run was given."""
    return str(driver.upstream().request.webhook).removeprefix("https://lumeo.test")


def call(
    driver: Driver, body: Any, headers: Mapping[str, str] | None = None, path: str | None = None
) -> tuple[int, Any]:
    """The answer to a call of our webhook, signed unless `headers` say otherwise."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = signed(driver, content) if headers is None else headers
    response = driver.gateway.answer(http_request("POST", path or path_of(driver), content, sent))
    return response.status_code, json.loads(response.get_data())


def due(driver: Driver, seconds: float = 0) -> Delivery:
    """The only webhook that is due so many seconds from now."""
    driver.clock.passes(seconds)
    (delivery,) = driver.simulator.deliveries()
    return delivery


# What it does


def test_start_is_read_by_the_caller(driver: Driver) -> None:
    """No look was needed for it."""
    prediction_id = driver.running("sim/cold")
    driver.clock.passes(38)
    before_it = driver.record(prediction_id)
    assert driver.deliver() == [200]

    shown = driver.read(prediction_id)
    assert (shown["status"], shown["started_at"]) == ("processing", "2026-11-21T10:00:38.000Z")
    assert (driver.calls()["get"], driver.record(prediction_id).wakes) == (0, 0)
    assert driver.record(prediction_id).polls == before_it.polls


def test_end_ends_the_wait(driver: Driver) -> None:
    """The token that the state stored is handed back: a look comes at once."""
    prediction_id = driver.running("sim/image")
    answer = driver.step("Status", prediction_id)
    assert driver.park(answer, "token-1")
    driver.clock.passes(3)
    with asked_of_step_functions("SendTaskSuccess") as asked:
        assert driver.deliver() == [200, 200]

    assert asked == [{"taskToken": "token-1", "output": "{}"}]
    record = driver.record(prediction_id)
    assert (record.wakes, record.phase, record.verdict) == (1, "running", None)
    assert driver.step("Status", prediction_id)["next"] == "Finalize"


def test_start_ends_no_wait(driver: Driver) -> None:
    prediction_id = driver.running("sim/cold")
    assert driver.park(driver.step("Status", prediction_id), "token-1")
    driver.clock.passes(38)
    with asked_of_step_functions("SendTaskSuccess") as asked:
        driver.deliver()

    assert asked == []


def test_whole_way_with_webhooks(driver: Driver) -> None:
    """Two looks for a prediction of any length: none, really, but the one that the end asks for."""
    prediction_id = driver.submit("sim/stuck")
    answer = driver.step("Create", prediction_id)
    assert driver.park(answer, "token-1")
    driver.clock.passes(3)
    driver.simulator.cancel(driver.upstream())
    driver.deliver()
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("canceled", None)
    assert driver.calls()["get"] == 1


@pytest.mark.parametrize("model", ["sim/instant", "sim/nsfw", "sim/interrupted"])
def test_outcome_is_what_a_look_says(driver: Driver, model: str) -> None:
    prediction_id = driver.running(model)
    driver.clock.passes(1)
    driver.deliver()

    record = driver.record(prediction_id)
    assert (record.phase, record.verdict, record.result, record.error_code) == ("running", None, None, None)
    assert driver.read(prediction_id)["output"] is None
    driver.run(prediction_id, "Status")
    assert driver.read(prediction_id)["status"] == ("succeeded" if model == "sim/instant" else "failed")


def test_lie_with_a_right_signature(driver: Driver) -> None:
    """Who can sign for the provider still cannot end a prediction, nor give it an output: only a look can."""
    prediction_id = driver.running("sim/cold")
    driver.fault("webhook", "early_end", event="start")
    driver.clock.passes(38)
    delivery = due(driver)
    assert json.loads(delivery.body)["status"] == "succeeded"
    assert driver.hook(delivery).status == 200
    record = driver.record(prediction_id)
    assert (record.verdict, record.result, record.output) == (None, None, None)
    assert driver.step("Status", prediction_id)["next"] == "Status"

    driver.run(prediction_id, "Status")
    assert driver.outcome(prediction_id) == ("succeeded", None)
    driver.check_files(driver.record(prediction_id), ["0.png"], "image/png")


@pytest.mark.parametrize(
    "status", ["succeeded", "failed", "canceled", "aborted", "processing", "starting", "levitating"]
)
def test_no_body_brings_an_outcome(driver: Driver, status: str) -> None:
    prediction_id = driver.running("sim/stuck")
    body = {
        "id": driver.upstream().id,
        "status": status,
        "output": ["https://replicate.delivery/x.png"],
        "error": "it failed",
        "logs": "log",
        "metrics": {"predict_time": 1},
        "started_at": "2026-11-21T09:00:00.000Z",
    }
    assert call(driver, body) == (200, {})

    record = driver.record(prediction_id)
    assert (record.phase, record.verdict, record.result, record.raw_error) == ("running", None, None, None)
    assert (record.output, record.outputs, record.error_code) == (None, {}, None)
    assert record.status == ("processing" if status == "processing" else "starting")
    assert record.wakes == (1 if status in {"succeeded", "failed", "canceled", "aborted"} else 0)


def test_start_that_comes_late_changes_no_time(driver: Driver) -> None:
    prediction_id = driver.running("sim/cold")
    driver.clock.passes(38.5)
    driver.step("Status", prediction_id)
    started = driver.record(prediction_id).timeline["started"]
    body = {"id": driver.upstream().id, "status": "processing", "started_at": "2026-11-21T10:00:01.000Z"}
    assert call(driver, body)[0] == 200

    assert driver.record(prediction_id).timeline["started"] == started


@pytest.mark.parametrize("started_at", [None, "soon", 7, "0001-01-01T00:00:00+23:59", {"x": 1}, "x" * 100_000])
def test_time_that_is_none(driver: Driver, started_at: Any) -> None:
    prediction_id = driver.running("sim/stuck")
    assert call(driver, {"id": driver.upstream().id, "status": "processing", "started_at": started_at})[0] == 200

    assert driver.record(prediction_id).timeline["started"] == "2026-11-21T10:00:00.000Z"
    assert driver.read(prediction_id)["status"] == "processing"


# Forgeries


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        pytest.param("forge", {}, id="signed with another key"),
        pytest.param("alter", {}, id="one byte of the body changed"),
        pytest.param("stale", {"seconds": -301}, id="too old"),
        pytest.param("stale", {"seconds": -600}, id="much too old"),
        pytest.param("stale", {"seconds": 301}, id="from too far in the future"),
    ],
)
def test_forged(driver: Driver, lines: list[str], kind: str, more: dict[str, Any]) -> None:
    prediction_id = driver.running("sim/instant")
    record = driver.record(prediction_id)
    driver.fault("webhook", kind, **more)
    answer = driver.hook(due(driver))

    assert answer.status == 401
    assert answer.body["title"] == "Unauthenticated"
    assert driver.record(prediction_id) == record
    assert sum("was not believed" in line for line in lines) == 1


@pytest.mark.parametrize("seconds", [-300, -1, 0, 1, 300])
def test_as_old_as_it_may_be(driver: Driver, seconds: int) -> None:
    driver.running("sim/instant")
    driver.fault("webhook", "stale", seconds=seconds)

    assert driver.hook(due(driver)).status == 200


def another(headers: Mapping[str, str], **changes: str) -> dict[str, str]:
    return {**headers, **{name.replace("_", "-"): value for name, value in changes.items()}}


FORGED: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
    "no id": lambda it: another(it, webhook_id=""),
    "no timestamp": lambda it: another(it, webhook_timestamp=""),
    "no signature": lambda it: another(it, webhook_signature=""),
    "another id": lambda it: another(it, webhook_id="msg_2"),
    "another timestamp": lambda it: another(it, webhook_timestamp=str(int(it["webhook-timestamp"]) + 1)),
    "another signature": lambda it: another(it, webhook_signature="v1," + base64.b64encode(b"x" * 32).decode()),
    "an empty signature": lambda it: another(it, webhook_signature="v1,"),
    "no version": lambda it: another(it, webhook_signature=it["webhook-signature"].removeprefix("v1,")),
    "another version": lambda it: another(it, webhook_signature=it["webhook-signature"].replace("v1,", "v1a,")),
    "half a signature": lambda it: another(it, webhook_signature=it["webhook-signature"][:-10]),
    "more than a signature": lambda it: another(it, webhook_signature=it["webhook-signature"] + "A"),
    "in another alphabet": lambda it: another(it, webhook_signature="v1,ééééé"),
    "a fraction of a second": lambda it: another(it, webhook_timestamp=it["webhook-timestamp"] + ".0"),
    "a sign": lambda it: another(it, webhook_timestamp="+" + it["webhook-timestamp"]),
    "not a number": lambda it: another(it, webhook_timestamp="NaN"),
    "infinite": lambda it: another(it, webhook_timestamp="inf"),
    "milliseconds": lambda it: another(it, webhook_timestamp=it["webhook-timestamp"] + "000"),
    "digits of another script": lambda it: another(it, webhook_timestamp="١٧٩٥٢٥٥٢٠٠"),
    "a very long number": lambda it: another(it, webhook_timestamp="9" * 5000),
    "none of them": lambda _: {},
}


@pytest.mark.parametrize("kind", FORGED)
def test_forged_headers(driver: Driver, kind: str) -> None:
    prediction_id = driver.running("sim/instant")
    record = driver.record(prediction_id)
    body = json.dumps({"id": driver.upstream().id, "status": "succeeded"}).encode()
    right = signed(driver, body)
    headers = {name: value.encode().decode("latin-1") for name, value in FORGED[kind](right).items()}

    assert call(driver, body, headers)[0] == 401
    assert driver.record(prediction_id) == record
    assert call(driver, body, right)[0] == 200, "all but the forgery is right"


def test_signature_of_another_message(driver: Driver) -> None:
    """Recorded, and sent again with another body."""
    prediction_id = driver.running("sim/stuck")
    honest = json.dumps({"id": driver.upstream().id, "status": "processing"}).encode()
    other = json.dumps({"id": driver.upstream().id, "status": "succeeded"}).encode()

    assert call(driver, other, signed(driver, honest))[0] == 401
    assert driver.record(prediction_id).wakes == 0


def test_recorded_and_sent_again_later(driver: Driver) -> None:
    prediction_id = driver.running("sim/stuck")
    body = json.dumps({"id": driver.upstream().id, "status": "succeeded"}).encode()
    recorded = signed(driver, body)
    assert call(driver, body, recorded)[0] == 200
    driver.clock.passes(301)

    assert call(driver, body, recorded)[0] == 401
    assert driver.record(prediction_id).wakes == 1


def test_webhook_of_another_prediction(driver: Driver) -> None:
    """Its owner can sign neither ours nor its own for us: the URL of one is worth nothing at another."""
    first = driver.running("sim/stuck")
    path = path_of(driver)
    driver.clock.passes(1)
    second = driver.running("sim/stuck")
    body = {"id": driver.simulator.all()[1].id, "status": "succeeded"}

    assert call(driver, body, path=path.replace(first, second))[0] == 404
    assert driver.record(second).wakes == 0


def test_body_is_taken_as_the_bytes_that_came(driver: Driver) -> None:
    """White space, order and escapes are signed too."""
    prediction_id = driver.running("sim/stuck")
    body = f' {{"status" :"\\u0073ucceeded",\t"é":"\\/", "id": "{driver.upstream().id}"}}\r\n'.encode()

    assert call(driver, body)[0] == 200
    assert driver.record(prediction_id).wakes == 1
    assert call(driver, body.strip(), signed(driver, body))[0] == 401


@pytest.mark.parametrize("right", [True, False])
def test_body_that_the_gateway_encodes(driver: Driver, *, right: bool) -> None:
    """API Gateway hands over as base64 what it does not take for text: the signature is over what came."""
    prediction_id = driver.running("sim/stuck")
    body = json.dumps({"id": driver.upstream().id, "status": "succeeded", "x": "é"}, ensure_ascii=False).encode()
    headers = signed(driver, body if right else body + b" ")
    made = event(http_request("POST", path_of(driver), body, headers), ROUTE, named_in(path_of(driver)))
    made |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    result = driver.functions.invoke("WebhookFunction", made)

    assert result["statusCode"] == (200 if right else 401)
    assert driver.record(prediction_id).wakes == int(right)


def test_body_that_is_no_text(driver: Driver) -> None:
    """Signed all the same: it was the provider's, but it says nothing."""
    driver.running("sim/stuck")

    assert call(driver, b'{"id": "\xff\xfe"}')[0] == 401
    assert call(driver, b"\x00\xff" * 1000)[0] == 401


@pytest.mark.parametrize("body", ["!!!", "eyJ", "é"])
def test_base64_that_is_none(driver: Driver, body: str) -> None:
    driver.running("sim/stuck")
    made = event(http_request("POST", path_of(driver), b"x", {}), ROUTE, named_in(path_of(driver)))
    result = driver.functions.invoke("WebhookFunction", made | {"body": body, "isBase64Encoded": True})

    assert result["statusCode"] == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b"{}",
        b"not JSON",
        b'{"id": null}',
        b'{"id": ""}',
        b'{"id": "../account"}',
        b'{"id": ["x"]}',
        b'{"id": "' + b"x" * 129 + b'"}',
        b"[" * 100_000,
    ],
)
def test_signed_but_no_prediction(driver: Driver, body: bytes) -> None:
    """Nothing is believed of it, and nothing fails."""
    prediction_id = driver.running("sim/stuck")
    record = driver.record(prediction_id)

    assert call(driver, body)[0] == 401
    assert driver.record(prediction_id) == record


# The URL


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda path: path[:-1] + ("A" if path[-1] != "A" else "B"), id="last character"),
        pytest.param(lambda path: path[:-1], id="cut"),
        pytest.param(lambda path: path + "A", id="longer"),
        pytest.param(lambda path: path.upper(), id="upper case"),
        pytest.param(lambda path: path.replace("/replicate/", "/other/"), id="another provider"),
        pytest.param(lambda path: path.replace("/replicate/", "/Replicate/"), id="another provider's name"),
        pytest.param(lambda path: path.rpartition("/")[0] + "/x", id="another token"),
        pytest.param(lambda path: path.rpartition("/")[0] + "/%C3%A9", id="a token in another alphabet"),
        pytest.param(lambda path: path.rpartition("/")[0] + "/%ED%A0%80", id="half a surrogate pair"),
        pytest.param(lambda path: path.rpartition("/")[0], id="no token"),
        pytest.param(lambda path: f"/v1/hooks/replicate/{'0' * 26}/{path.rpartition('/')[2]}", id="another id"),
        pytest.param(lambda path: f"/v1/hooks/replicate/x/{path.rpartition('/')[2]}", id="no id"),
    ],
)
def test_url_that_is_none(driver: Driver, change: Any) -> None:
    """Before anything is verified, read or asked of the provider."""
    prediction_id = driver.running("sim/stuck")
    record = driver.record(prediction_id)
    status, body = call(driver, {"id": driver.upstream().id, "status": "succeeded"}, path=change(path_of(driver)))

    assert (status, body["status"]) == (404, 404)
    assert driver.record(prediction_id) == record
    assert driver.calls()["secret"] == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_other_methods(driver: Driver, method: str) -> None:
    driver.running("sim/stuck")
    request = http_request(method, path_of(driver), b"", {})

    assert driver.gateway.answer(request).status_code == 404


def test_prediction_that_is_gone(driver: Driver) -> None:
    """Its record was removed in time: there is nothing to take note of."""
    prediction_id = driver.running("sim/instant")
    driver.run(prediction_id, "Status")
    driver.overwrite(prediction_id, expires_at=1)

    assert driver.hook(due(driver)).status == 200


# The secret


def test_secret_is_asked_for_once(driver: Driver) -> None:
    for _ in range(5):
        driver.running("sim/instant")
    assert driver.deliver() == [200] * 5

    assert driver.calls()["secret"] == 1


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("status", {"status": 500}),
        ("status", {"status": 401}),
        ("status", {"status": 404}),
        ("throttle", {"hint": "header", "seconds": 5}),
        ("drop_before", {}),
        ("html", {}),
        ("half_json", {}),
        ("status", {"status": 200, "body": {}}),
        ("status", {"status": 200, "body": {"key": None}}),
        ("status", {"status": 200, "body": {"key": ""}}),
        ("status", {"status": 200, "body": {"key": "whsec_"}}),
        ("status", {"status": 200, "body": {"key": "whsec_not base64"}}),
        ("status", {"status": 200, "body": []}),
    ],
)
def test_secret_out_of_reach(driver: Driver, kind: str, more: dict[str, Any]) -> None:
    """Neither believed nor refused: the provider is told to come again."""
    prediction_id = driver.running("sim/instant")
    driver.fault("secret", kind, **more)
    delivery = due(driver)
    answer = driver.hook(delivery)

    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert driver.record(prediction_id).wakes == 0
    driver.clock.passes(1)
    assert driver.deliver() == [200], "a completed one is told again"
    assert driver.record(prediction_id).wakes == 1


def test_forged_while_the_secret_is_out_of_reach(driver: Driver) -> None:
    """A secret that is known is not asked for again by whoever has no signature at all."""
    driver.running("sim/stuck")
    body = {"id": driver.upstream().id, "status": "processing"}
    assert call(driver, body)[0] == 200
    driver.fault("secret", "status", status=500, times=-1)

    assert call(driver, body, {})[0] == 401
    assert call(driver, body)[0] == 200


def test_rotation(driver: Driver) -> None:
    """While it goes on there are two signatures, then only the new one: none is refused in between."""
    simulator = driver.simulator
    driver.running("sim/instant")
    assert driver.deliver() == [200]
    simulator.secret.rotate()
    driver.running("sim/instant")
    assert driver.deliver() == [200]
    driver.clock.passes(61)
    simulator.secret.settle()
    driver.running("sim/instant")
    assert driver.deliver() == [200]

    assert driver.calls()["secret"] == 2


def test_rotation_that_was_never_announced(driver: Driver) -> None:
    """The one that we know was replaced at once: the next call is not believed for a minute at most."""
    driver.running("sim/instant")
    assert driver.deliver() == [200]
    driver.simulator.secret.rotate()
    driver.simulator.secret.settle()
    prediction_id = driver.running("sim/instant")
    delivery = due(driver)
    first = driver.hook(delivery).status
    driver.clock.passes(61)

    assert first == 401
    assert call(driver, delivery.body, signed(driver, delivery.body), path=_path(delivery))[0] == 200
    assert driver.record(prediction_id).wakes == 1


def _path(delivery: Delivery) -> str:
    return delivery.url.removeprefix("https://lumeo.test")


def test_forger_cannot_make_us_ask_for_it(driver: Driver) -> None:
    driver.running("sim/stuck")
    body = json.dumps({"id": driver.upstream().id, "status": "succeeded"}).encode()
    for _ in range(120):
        assert call(driver, body, signed(driver, body, key=KEY))[0] == 401
        driver.clock.passes(1)

    assert driver.calls()["secret"] <= 3


@pytest.mark.parametrize("holding", [0, 1, 2])
def test_one_of_several_signatures(driver: Driver, holding: int) -> None:
    driver.running("sim/stuck")
    body = json.dumps({"id": driver.upstream().id, "status": "succeeded"}).encode()
    right, wrong = signed(driver, body), signed(driver, body, key=KEY)["webhook-signature"]
    signatures = [wrong, wrong, wrong]
    signatures[holding] = right["webhook-signature"]

    assert call(driver, body, another(right, webhook_signature=" ".join(signatures)))[0] == 200
    assert call(driver, body, another(right, webhook_signature=" ".join([wrong] * 3)))[0] == 401


# Repeated, late, in any order


def test_twice(driver: Driver) -> None:
    prediction_id = driver.running("sim/instant")
    driver.fault("webhook", "duplicate", copies=3)
    assert driver.deliver() == [200] * 4
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert driver.calls()["get"] == 1


def test_end_before_the_start(driver: Driver) -> None:
    """What comes late takes nothing back."""
    prediction_id = driver.running("sim/image")
    driver.fault("webhook", "late", event="start", seconds=20)
    driver.clock.passes(3)
    assert driver.deliver() == [200]
    driver.run(prediction_id, "Status")
    before_it = driver.record(prediction_id)
    assert before_it.phase == "done"
    driver.clock.passes(30)
    assert driver.deliver() == [200]

    assert driver.record(prediction_id) == before_it


@pytest.mark.parametrize("phase", ["settled", "done"])
@pytest.mark.parametrize("status", ["processing", "succeeded", "canceled"])
def test_after_the_end(driver: Driver, phase: str, status: str) -> None:
    prediction_id = driver.settled("sim/instant")
    if phase == "done":
        driver.run(prediction_id, "Finalize")
    before_it = driver.record(prediction_id)
    with asked_of_step_functions("SendTaskSuccess") as asked:
        assert call(driver, {"id": driver.upstream().id, "status": status})[0] == 200

    assert driver.record(prediction_id) == before_it
    assert asked == []
    assert driver.upstream().cancel_calls == 0


def test_lost(driver: Driver) -> None:
    """It costs one wait and no more."""
    prediction_id = driver.submit("sim/image")
    visited = driver.run(prediction_id)

    assert [state for state, _ in visited] == ["Create", "Status", "Finalize"]
    assert driver.outcome(prediction_id) == ("succeeded", None)


# The wait


def test_between_the_read_and_the_handle(driver: Driver) -> None:
    """It came while the provider's answer was on its way: the wait that would follow is none."""
    prediction_id = driver.submit("sim/instant")
    with before("TransactWriteItems", driver.deliver):
        answer = driver.step("Create", prediction_id)

    record = driver.record(prediction_id)
    assert (answer["wakes"], record.wakes, record.phase) == (0, 1, "running")
    assert not driver.park(answer, "token-1"), "it goes straight to a look"
    assert driver.record(prediction_id).task_token is None


def test_between_the_look_and_the_wait(driver: Driver) -> None:
    prediction_id = driver.running("sim/image")
    answer = driver.step("Status", prediction_id)
    driver.clock.passes(3)
    driver.deliver()

    assert not driver.park(answer, "token-1")
    driver.step("Status", prediction_id)
    assert not driver.park(answer | {"wakes": 1}, "token-1"), "nor where there is a verdict"


def test_during_the_look(driver: Driver) -> None:
    """The provider answered what was before the end, and the end was told before that was written down."""
    prediction_id = driver.running("sim/image")
    driver.fault("get", "delay", seconds=4)
    driver.simulator_clock.meanwhile = driver.deliver
    answer = driver.step("Status", prediction_id)

    assert answer["next"] == "Status"
    assert not driver.park(answer, "token-1")
    assert driver.step("Status", prediction_id)["next"] == "Finalize"


def test_overtaken_run_does_not_wait(driver: Driver) -> None:
    prediction_id = driver.running("sim/stuck")
    answer = driver.step("Status", prediction_id)
    driver.overwrite(prediction_id, run=f"{prediction_id}-2")

    assert not driver.park(answer, "token-1")
    assert driver.park(answer, "token-2", f"{prediction_id}-2")


def test_waiting_makes_no_record(driver: Driver) -> None:
    """Of a prediction that is gone."""
    prediction_id = driver.running("sim/stuck")
    answer = driver.step("Status", prediction_id)

    assert not driver.park(answer | {"id": "0" * 26}, "token-1")
    assert store().get("0" * 26) is None


def test_token_is_forgotten_at_the_end(driver: Driver) -> None:
    prediction_id = driver.running("sim/image")
    driver.park(driver.step("Status", prediction_id), "token-1")
    driver.clock.passes(3)
    driver.run(prediction_id, "Status")

    assert driver.record(prediction_id).task_token is None


def test_token_that_is_dead(driver: Driver, lines: list[str]) -> None:
    """The wait was over just before: that is no error."""
    prediction_id = driver.running("sim/image")
    driver.park(driver.step("Status", prediction_id), "token-1")
    driver.clock.passes(3)
    lines.clear()

    assert driver.deliver() == [200, 200]
    assert not [line for line in lines if line.startswith("ERROR")]


def test_cancel_ends_the_wait(driver: Driver) -> None:
    """So that the run does not sleep on what is over."""
    prediction_id = driver.running("sim/stuck")
    driver.park(driver.step("Status", prediction_id), "token-1")
    with asked_of_step_functions("SendTaskSuccess") as asked:
        driver.cancel(prediction_id)

    assert asked == [{"taskToken": "token-1", "output": "{}"}]


def test_waits_are_short_once_it_has_spoken(driver: Driver) -> None:
    """It said that it was over, and a look does not see that yet: no other call will come."""
    prediction_id = driver.running("sim/stuck")
    driver.step("Status", prediction_id)
    call(driver, {"id": driver.upstream().id, "status": "succeeded"})

    assert driver.step("Status", prediction_id)["wait"] <= 5


# Which run it is


def test_while_it_is_sent(driver: Driver) -> None:
    """Before our own request was answered: whoever carries it on need not search."""
    prediction_id = driver.submit("sim/instant")
    driver.fault("create", "delay", seconds=3)
    driver.simulator_clock.meanwhile = driver.deliver
    answer = driver.step("Create", prediction_id)

    record = driver.record(prediction_id)
    assert (answer["next"], record.proposed, record.wakes) == ("Status", driver.upstream().id, 1)
    assert record.handle is not None
    assert (record.handle.id, driver.upstream().cancel_calls) == (driver.upstream().id, 0)


def test_another_run_than_ours(driver: Driver, lines: list[str]) -> None:
    """It was submitted with our URL, and nobody would look at it: it is stopped, and counted."""
    prediction_id = driver.running("sim/stuck")
    mine = driver.upstream()
    driver.clock.passes(1)
    orphan = driver.simulator.create(mine.request)
    body = json.dumps({"id": orphan.id, "status": "starting"}).encode()
    assert call(driver, body, path=_hook(mine))[0] == 200

    assert (orphan.cancel_calls, mine.cancel_calls) == (1, 0)
    assert driver.record(prediction_id).phase == "running"
    assert sum("orphan" in line for line in lines) == 1


def _hook(run: Any) -> str:
    return str(run.request.webhook).removeprefix("https://lumeo.test")


def test_another_run_that_is_over(driver: Driver, lines: list[str]) -> None:
    """There is nothing to stop any more, but it was paid for: the log says so."""
    prediction_id = driver.running("sim/stuck")
    record = driver.record(prediction_id)
    mine = driver.upstream()
    assert call(driver, {"id": "another", "status": "succeeded", "output": ["x"]}, path=_hook(mine))[0] == 200

    assert driver.record(prediction_id) == record
    assert driver.calls()["cancel"] == 0
    assert sum("orphan" in line for line in lines) == 1


@pytest.mark.parametrize("end", ["canceled before it was sent", "given up"])
def test_run_of_a_prediction_that_is_over(driver: Driver, end: str) -> None:
    """Nothing should run for it: it is stopped."""
    if end == "given up":
        driver.fault("create", "drop_after")
        driver.fault("list", "hide_webhook", times=-1)
        driver.fault("get", "hide_webhook", times=-1)
    prediction_id = driver.submit("sim/stuck")
    if end == "given up":
        driver.run(prediction_id)
        run = driver.upstream()
    else:
        driver.running("sim/stuck")
        driver.cancel(prediction_id)
        webhook = _webhook_of(driver, prediction_id)
        run = driver.simulator.create(dataclasses.replace(driver.upstream().request, webhook=webhook))
    assert driver.record(prediction_id).phase == "done"
    body = json.dumps({"id": run.id, "status": "processing"}).encode()
    assert call(driver, body, path=_hook(run))[0] == 200

    assert run.cancel_calls == 1


def _webhook_of(driver: Driver, prediction_id: str) -> str:
    """The webhook's URL, from our own code: nobody else can know it."""
    return hook_url(driver.record(prediction_id))


def test_orphan_that_the_handle_write_finds(driver: Driver) -> None:
    """A call named another run while ours was being sent: ours is the one that was answered, the other is stopped."""
    first = driver.running("sim/stuck")
    asked = driver.upstream().request
    prediction_id = driver.submit("sim/stuck")
    driver.fault("create", "delay", seconds=3)
    orphans: list[Any] = []

    def speaks() -> None:
        orphan = driver.simulator.create(asked)
        orphans.append(orphan)
        path = _webhook_of(driver, prediction_id).removeprefix("https://lumeo.test")
        assert call(driver, {"id": orphan.id, "status": "starting"}, path=path)[0] == 200

    driver.simulator_clock.meanwhile = speaks
    driver.step("Create", prediction_id)

    record = driver.record(prediction_id)
    assert record.handle is not None
    assert record.handle.id not in {orphans[0].id, record.proposed}
    assert orphans[0].cancel_calls == 1
    assert driver.record(first).phase == "running"


# Nothing leaks


def test_url_is_a_secret(driver: Driver, lines: list[str]) -> None:
    """Not in an answer, not in the record, not in the log."""
    prediction_id = driver.running(
        "sim/script", {"logs": "calling https://lumeo.test/v1/hooks/replicate/x", "error": "x"}
    )
    token = _webhook_of(driver, prediction_id).rpartition("/")[2]
    driver.fault("secret", "status", status=500)
    driver.clock.passes(1)
    driver.deliver()
    driver.clock.passes(1)
    driver.deliver()
    call(driver, {"id": "../x"})
    driver.run(prediction_id, "Status")

    assert len(token) >= 40
    assert not [line for line in lines if token in line]
    assert token not in driver.call("GET", f"/v1/predictions/{prediction_id}").text
    assert token not in str(driver.record(prediction_id))


def test_url_in_the_providers_log_is_hidden(driver: Driver) -> None:
    """A model may print what it was given."""
    prediction_id = driver.submit("sim/script")
    url = _webhook_of(driver, prediction_id)
    driver.step("Create", prediction_id)
    body = {"id": driver.upstream().id, "status": "failed", "error": f"cannot call {url}", "logs": f"\n{url}\n"}
    driver.fault("get", "status", status=200, body=body, times=-1)
    driver.run(prediction_id, "Status")

    record = driver.record(prediction_id)
    assert url not in driver.call("GET", f"/v1/predictions/{prediction_id}").text
    assert url not in str(documents.value(record.raw_error))
    assert "/v1/hooks/replicate/" in str(documents.value(record.raw_error))
