"""POST /v1/predictions and /v1/models/…/predictions: as API Gateway delivers them."""

import base64
import json
from datetime import datetime
from typing import Any

import boto3
import pytest

from local.gateway import event
from local.simulator.models import MODELS
from lumeo import aws, clock, documents, settings
from lumeo.items import pack
from lumeo.keys import keys
from tests.integration.driver import LAMBDA_ANSWER_BYTES, PICTURE, Driver, http_request

PATH = "/v1/models/sim/instant/predictions"
ROUTE, NAMED = "POST /v1/models/{owner}/{name}/predictions", {"owner": "sim", "name": "instant"}
GOOD: dict[str, Any] = {"input": PICTURE}
TOKEN = "r8_0123456789abcdefghijklmnopqrstuvwxyz"


def problem(title: str, detail: str, status: int) -> dict[str, Any]:
    return {"title": title, "detail": detail, "status": status}


def test_answers_a_prediction_of_replicates_shape(driver: Driver) -> None:
    answer = driver.call("POST", PATH, GOOD)
    body = answer.body

    assert answer.status == 201
    assert answer.headers["Content-Type"] == "application/json"
    here = f"https://lumeo.test/v1/predictions/{body['id']}"
    assert body == {
        "id": body["id"],
        "provider": "replicate",
        "model": "sim/instant",
        "version": "hidden",
        "input": PICTURE,
        "output": None,
        "logs": "",
        "error": None,
        "error_code": None,
        "warnings": [],
        "status": "starting",
        "source": "api",
        "data_removed": False,
        "created_at": "2026-11-21T10:00:00.000Z",
        "deadline": "2026-11-21T11:00:00.000Z",
        "metrics": {},
        "urls": {"get": here, "cancel": f"{here}/cancel", "web": f"https://lumeo.test/p/{body['id']}"},
        "timeline": {"accepted": body["created_at"]},
    }
    assert len(body["id"]) == 26
    assert answer.headers["Location"] == here
    assert driver.read(body["id"]) == body


def test_starts_one_run_that_knows_the_id_and_no_more(driver: Driver) -> None:
    prediction_id = driver.submit("sim/instant")

    assert driver.started() == [prediction_id]
    client = boto3.client("stepfunctions")
    arn = f"{settings.state_machine_arn().replace(':stateMachine:', ':execution:')}:{prediction_id}"
    assert json.loads(client.describe_execution(executionArn=arn)["input"]) == {"id": prediction_id}
    assert driver.simulator.journal() == [], "submitting talks to no provider"


def test_equal_requests_are_different_predictions(driver: Driver) -> None:
    """Four pictures of one prompt are legitimate."""
    assert len({driver.submit("sim/instant") for _ in range(4)}) == 4
    assert len(driver.started()) == 4


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        ("", "You did not pass an authentication token"),
        ("Bearer", "You did not pass an authentication token"),
        ("Bearer ", "You did not pass an authentication token"),
        ("Bearer lum_unknown", "You did not pass a valid authentication token"),
        ("Bearer é", "You did not pass a valid authentication token"),
        ("Basic {key}", "You did not pass a valid authentication token"),
        ("{key}", "You did not pass an authentication token"),
        ("Bearer {key} more", "You did not pass a valid authentication token"),
        ("Bearer {key}x", "You did not pass a valid authentication token"),
    ],
)
def test_without_a_good_key(driver: Driver, header: str, detail: str) -> None:
    answer = driver.call("POST", PATH, GOOD, headers={"Authorization": header.format(key=driver.key)})

    assert answer.status == 401
    assert answer.body == problem("Unauthenticated", detail, 401)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert driver.started() == []


@pytest.mark.parametrize("form", ["Bearer {key}", "Token {key}", "bearer {key}", "TOKEN {key}", "Bearer   {key} "])
def test_forms_of_a_good_key(driver: Driver, form: str) -> None:
    assert driver.call("POST", PATH, GOOD, headers={"Authorization": form.format(key=driver.key)}).status == 201


def test_revoked_key_ends_within_a_minute(driver: Driver) -> None:
    driver.submit("sim/instant")
    (item,) = [item for item in _items() if item["pk"]["S"].startswith("key#")]
    aws.dynamodb().put_item(TableName=settings.table_name(), Item=item | pack({"revoked_at": clock.stamp()}))
    driver.clock.passes(61)

    assert driver.call("POST", PATH, GOOD).status == 401


def _items() -> list[dict[str, Any]]:
    return aws.dynamodb().scan(TableName=settings.table_name())["Items"]


def test_key_is_looked_at_before_the_body(driver: Driver) -> None:
    assert driver.call("POST", PATH, data=b"not JSON", headers={"Authorization": "Bearer x"}).status == 401


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"not JSON", id="not JSON"),
        pytest.param(b'{"input": {}', id="half"),
        pytest.param(b'{"input": {"x": NaN}}', id="NaN"),
        pytest.param(b'{"input": {"x": -Infinity}}', id="Infinity"),
        pytest.param(b'{"input": {"x": 1e999}}', id="a number that is too large"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'"input"', id="a text"),
        pytest.param(b"null", id="null"),
        pytest.param(b"\xff\xfe", id="not UTF-8"),
        pytest.param(b'{"input": ' + b"[" * 100_000, id="a hundred thousand deep, without an end"),
        pytest.param(b'{"input": {"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}", id="a hundred thousand deep"),
        pytest.param(b'{"input": {"x": ' + b"9" * 5000 + b"}}", id="a number of five thousand digits"),
    ],
)
def test_body_that_is_no_json_object(driver: Driver, data: bytes) -> None:
    answer = driver.call("POST", PATH, data=data)

    assert answer.status == 400
    assert set(answer.body) == {"title", "detail", "status"}
    assert answer.body["status"] == 400
    assert driver.started() == []


@pytest.mark.parametrize("depth", [50, 450, 850, 900, 940])
def test_nested_input_is_taken_whole_or_refused(driver: Driver, depth: int) -> None:
    """What is accepted, and paid for, can also be read."""
    answer = driver.call("POST", PATH, data=b'{"input": {"prompt": "x", "x": ' + b"[" * depth + b"]" * depth + b"}}")

    assert answer.status in {201, 400}
    if answer.status == 201:
        driver.run(answer.body["id"])
        assert driver.call("GET", "/v1/predictions").status == 200
        assert driver.read(answer.body["id"])["status"] == "succeeded"
    else:
        assert driver.started() == []


def test_body_that_is_too_large(driver: Driver) -> None:
    answer = driver.call("POST", PATH, {"input": {"prompt": "x" * (1024**2)}})

    assert answer.status == 413
    assert answer.body == problem("Too large", "The body is over 1 MB. Pass large files as URLs.", 413)


@pytest.mark.parametrize("letter", ["x", "\\", "あ", "\N{DOG FACE}", '"', "\x7f"])
def test_largest_input_can_be_answered(driver: Driver, letter: str) -> None:
    """Lambda answers 6 MB at most, as JSON within JSON: what would be more is refused before it is paid for."""
    size = 1_048_000
    unit = len(json.dumps(letter, ensure_ascii=False).encode()) - 2
    text = json.dumps({"input": {"prompt": letter * (size // unit)}}, ensure_ascii=False)
    request = http_request("POST", PATH, text.encode(), {"Authorization": f"Bearer {driver.key}"})
    result = driver.functions.invoke("SubmitFunction", event(request, ROUTE, NAMED))

    assert result["statusCode"] == 201
    assert len(json.dumps(result)) <= LAMBDA_ANSWER_BYTES
    assert json.loads(result["body"])["input"]["prompt"] == letter * (size // unit)


@pytest.mark.parametrize(
    ("path", "body", "fields", "detail"),
    [
        (PATH, {}, [("required", "", "input is required")], "- input is required\n"),
        (
            PATH,
            {"input": "a corgi"},
            [("invalid_type", "input", "Invalid type. Expected: object, given: string")],
            "- input: Invalid type. Expected: object, given: string\n",
        ),
        (
            PATH,
            {"input": None},
            [("invalid_type", "input", "Invalid type. Expected: object, given: null")],
            "- input: Invalid type. Expected: object, given: null\n",
        ),
        (
            "/v1/predictions",
            {"input": {}},
            [("required", "", "version is required")],
            "- version is required\n",
        ),
        (
            "/v1/predictions",
            {"version": 5, "input": {}},
            [("invalid_type", "version", "Invalid type. Expected: string, given: integer")],
            "- version: Invalid type. Expected: string, given: integer\n",
        ),
        (
            "/v1/predictions",
            {"version": "no version!", "input": {}},
            [("pattern", "version", "Expected a version's hash, owner/name, or owner/name:hash")],
            "- version: Expected a version's hash, owner/name, or owner/name:hash\n",
        ),
        (
            "/v1/predictions",
            {},
            [("required", "", "version is required"), ("required", "", "input is required")],
            "- version is required\n- input is required\n",
        ),
    ],
)
def test_wrong_fields(
    driver: Driver, path: str, body: dict[str, Any], fields: list[tuple[str, str, str]], detail: str
) -> None:
    answer = driver.call("POST", path, body)

    assert answer.status == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body == {
        "title": "Input validation failed",
        "detail": detail,
        "status": 422,
        "invalid_fields": [{"type": kind, "field": field, "description": what} for kind, field, what in fields],
    }
    assert driver.started() == []


@pytest.mark.parametrize(
    "version", ["../account", "a/b/c", "sim/instant:", ":abc", "a b", "x" * 257, "", "a/../b", "sim/instant:a/b", "é"]
)
def test_version_that_is_none(driver: Driver, version: str) -> None:
    """It becomes a part of nothing: neither of a URL nor of a key."""
    assert driver.call("POST", "/v1/predictions", {"version": version, "input": {}}).status == 422


@pytest.mark.parametrize("name", ["sim/..", "../x", "sim/a%20b", "sim/%2e%2e", "-/x", "sim/" + "x" * 129, "sim/a:b"])
def test_model_name_that_is_none(driver: Driver, name: str) -> None:
    answer = driver.call("POST", f"/v1/models/{name}/predictions", GOOD)

    assert answer.status == 404
    assert answer.body["title"] == "Not found"
    assert driver.started() == []


def test_fields_that_nobody_knows(driver: Driver) -> None:
    """Official clients send some; the provider refuses them, so they are not passed on."""
    extra = {"stream": True, "webhook": None, "is_training": False, "version": 7}
    answer = driver.call("POST", PATH, GOOD | extra)
    driver.run(answer.body["id"])

    assert driver.read(answer.body["id"])["status"] == "succeeded"


def test_unknown_fields_by_version(driver: Driver) -> None:
    version = MODELS["sim/instant"].version
    answer = driver.call("POST", "/v1/predictions", GOOD | {"version": version, "stream": False, "x": {"y": []}})
    driver.run(answer.body["id"])

    assert driver.read(answer.body["id"])["status"] == "succeeded"


@pytest.mark.parametrize(
    "text",
    [TOKEN, f"my token: {TOKEN}.", f"a line\n{TOKEN}", f"\t{TOKEN}", f"é{TOKEN}"[1:], f'"{TOKEN}"', f"\\{TOKEN}"],
)
def test_tokens_in_an_input_are_kept_nowhere(driver: Driver, text: str) -> None:
    """An official client has a bug that posts its own token as input."""
    answer = driver.call("POST", PATH, {"input": {"prompt": text, "client": {"auth": text}}})

    assert TOKEN not in answer.text
    assert TOKEN not in str(_items())
    assert answer.body["input"]["prompt"] == text.replace(TOKEN, "r8_****")


def test_our_own_key_in_an_input(driver: Driver) -> None:
    answer = driver.call("POST", PATH, {"input": {"prompt": f"key\n{driver.key}"}})

    assert driver.key not in answer.text
    assert driver.key not in str(_items())


def test_long_input_is_kept_in_the_bucket(driver: Driver) -> None:
    text = "corgi " * 20_000
    prediction_id = driver.submit("sim/instant", {"prompt": text + TOKEN})
    driver.step("Create", prediction_id)

    record = driver.record(prediction_id)
    assert record.input.key == f"records/{prediction_id}/input.json"
    stored, head = driver.stored(record.input.key)
    assert TOKEN.encode() not in stored
    assert head["ContentType"] == "application/json"
    assert driver.read(prediction_id)["input"]["prompt"] == f"{text}r8_****"
    assert driver.upstream().request.input["prompt"] == f"{text}r8_****"


@pytest.mark.parametrize(
    "given",
    [
        {"f": 0.1, "i": 10**25, "e": 1e-300, "neg": -0.0, "t": True, "n": None},
        {"empty": {}, "list": [], "text": "", "": "no name", "a.b": 1, "#": 2},
        {"text": "línea\n\u2028\x00\ud83d\udc36", "lone": "\ud800"},
    ],
)
def test_input_comes_back_exactly(driver: Driver, given: dict[str, Any]) -> None:
    prediction_id = driver.submit("sim/text", given)
    driver.step("Create", prediction_id)

    wanted = json.dumps(PICTURE | given)
    assert json.dumps(driver.read(prediction_id)["input"]) == wanted
    assert json.dumps(driver.upstream().request.input) == wanted


def test_body_in_base64(driver: Driver) -> None:
    """As API Gateway delivers what it does not take for text."""
    body = json.dumps({"input": {"prompt": "corgi é あ"}}, ensure_ascii=False).encode()
    made = event(http_request("POST", PATH, body, {"Authorization": f"Bearer {driver.key}"}), ROUTE, NAMED)
    made |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    result = driver.functions.invoke("SubmitFunction", made)

    assert result["statusCode"] == 201
    assert json.loads(result["body"])["input"] == {"prompt": "corgi é あ"}


@pytest.mark.parametrize("body", ["!!!", "eyJ", "/w==", "é"])
def test_base64_that_is_none(driver: Driver, body: str) -> None:
    made = event(http_request("POST", PATH, b"x", {"Authorization": f"Bearer {driver.key}"}), ROUTE, NAMED)
    result = driver.functions.invoke("SubmitFunction", made | {"body": body, "isBase64Encoded": True})

    assert result["statusCode"] == 400


@pytest.mark.parametrize(
    ("prefer", "applied", "longest"),
    [
        ("wait", "wait=60", 25),
        ("wait=1", "wait=1", 1),
        ("wait=5", "wait=5", 5),
        ("wait=99", "wait=60", 25),
        ("wait=0", "wait=1", 1),
        ("wait = 5", "wait=5", 5),
        ("respond-async, wait=5", "wait=5", 5),
        ("wait=soon", None, 0),
        ("wait=5s", None, 0),
        ("wait=-1", None, 0),
        ("await=5", None, 0),
        ("", None, 0),
    ],
)
def test_prefer(driver: Driver, prefer: str, applied: str | None, longest: float) -> None:
    """Held at most so long that the answer comes before the client stops reading."""
    before = driver.clock.now()
    answer = driver.call("POST", PATH, GOOD, headers={"Prefer": prefer})

    assert (answer.status, answer.body["status"]) == (201, "starting")
    assert answer.headers.get("Preference-Applied") == applied
    passed = (driver.clock.now() - before).total_seconds()
    assert longest * 0.3 - 0.1 <= passed <= max(0.0, longest - 0.25)


class Working:
    """A clock on which the newest prediction goes on while somebody sleeps."""

    def __init__(self, driver: Driver, rounds: int) -> None:
        self.driver = driver
        self.rounds = rounds
        self.left = [rounds]

    def now(self) -> datetime:
        return self.driver.clock.now()

    def sleep(self, seconds: float) -> None:
        self.driver.clock.passes(seconds)
        if self.left:
            rounds = self.left.pop()
            self.driver.run(self.driver.started()[0], rounds=rounds)


def test_finished_while_it_is_waited_for(driver: Driver) -> None:
    with clock.using(Working(driver, rounds=100)):
        answer = driver.call("POST", PATH, GOOD, headers={"Prefer": "wait"})

    assert (answer.status, answer.body["status"]) == (201, "succeeded")
    assert answer.body["output"][0].startswith("https://cdn.test/outputs/")
    assert answer.body == driver.read(answer.body["id"])


@pytest.mark.parametrize(("model", "rounds"), [("sim/stuck", 3), ("sim/instant", 2)])
def test_unfinished_after_the_wait_reads_starting(driver: Driver, model: str, rounds: int) -> None:
    """Clients take `processing` for finished, and would look for an output."""
    with clock.using(Working(driver, rounds=rounds)):
        answer = driver.call("POST", f"/v1/models/{model}/predictions", GOOD, headers={"Prefer": "wait=9"})

    assert (answer.body["status"], answer.body["output"]) == ("starting", None)
    assert driver.read(answer.body["id"])["status"] == "processing"


def test_run_that_cannot_be_started(driver: Driver, lines: list[str]) -> None:
    """The record is there: that is what was promised, and sweep starts it later."""
    boto3.client("stepfunctions").delete_state_machine(stateMachineArn=settings.state_machine_arn())
    answer = driver.call("POST", PATH, GOOD)

    assert (answer.status, answer.body["status"]) == (201, "starting")
    assert driver.record(answer.body["id"]).phase == "accepted"
    assert any("could not be started" in line for line in lines)


def test_urls_begin_with_what_the_caller_called(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name of its own it is API Gateway's."""
    monkeypatch.setenv("PUBLIC_URL", "")
    request = http_request("POST", PATH, json.dumps(GOOD).encode(), {"Authorization": f"Bearer {driver.key}"})
    made = event(request, ROUTE, NAMED)
    made["requestContext"]["domainName"] = "abc123.execute-api.eu-central-1.amazonaws.com"
    body = json.loads(driver.functions.invoke("SubmitFunction", made)["body"])

    assert body["urls"]["get"].startswith("https://abc123.execute-api.eu-central-1.amazonaws.com/v1/predictions/")
    monkeypatch.setenv("PUBLIC_URL", "https://later.test")
    assert driver.read(body["id"])["urls"] == body["urls"], "URLs that were given stay as they are"


def test_whoever_submits_owns_it(driver: Driver) -> None:
    key = keys().create("bob", "another")
    answer = driver.call("POST", PATH, GOOD, headers={"Authorization": f"Token {key}"})

    assert driver.record(answer.body["id"]).caller == "bob"
    assert driver.call("GET", f"/v1/predictions/{answer.body['id']}").status == 404


def test_output_key_cannot_be_guessed(driver: Driver) -> None:
    found = {driver.record(driver.submit("sim/instant")).outputs_id for _ in range(3)}

    assert len(found) == 3
    assert all(len(each) == 32 for each in found)


def test_document_of_an_input_reads_as_it_was(driver: Driver) -> None:
    prediction_id = driver.submit("sim/instant", {"seed": 1})

    assert documents.value(driver.record(prediction_id).input) == PICTURE | {"seed": 1}
