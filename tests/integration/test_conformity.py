"""What we answer is what Replicate's own OpenAPI document says, where a copy of it lies beside the checkout."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from local.contract import document
from tests.conftest import ROOT
from tests.integration.driver import Driver

COPY = ROOT.parent / "shared" / "facts" / "replicate-openapi.json"
OUR_OWN = {
    "DELETE /v1/predictions/{}",
    "POST /v1/predictions/{}/rerun",
    "GET /v1/predictions/{}/items",
    "POST /v1/files/uploads",
    "POST /v1/hooks/{}/{}/{}",
    "GET /v1/openapi.json",
}

pytestmark = pytest.mark.skipif(not COPY.exists(), reason="there is no copy of Replicate's OpenAPI document here")


class Theirs:
    """Replicate's document."""

    def __init__(self, content: Any) -> None:
        self._components = _meant(content["components"])
        self._paths = _meant(content["paths"])
        self.operations = {
            f"{method.upper()} /v1{_anonymous(path)}": operation
            for path, item in self._paths.items()
            for method, operation in item.items()
        }

    def follow(self, part: Any) -> Any:
        while "$ref" in part:
            part = self._components[part["$ref"].split("/")[2]][part["$ref"].split("/")[3]]
        return part

    def faults(self, call: str, status: int, body: Any) -> list[str]:
        """All in which an answer is not as it says."""
        schema = self.operations[call]["responses"][str(status)]["content"]["application/json"]["schema"]
        validator = Draft202012Validator({**schema, "components": self._components}, validate_formats=True)
        return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(body)]

    def parameters(self, call: str) -> set[tuple[str, str]]:
        declared = map(self.follow, self.operations[call].get("parameters", []))
        return {(one["in"], one["name"]) for one in declared if one["in"] != "path"}


@pytest.fixture(scope="module")
def theirs() -> Theirs:
    return Theirs(json.loads(COPY.read_text()))


def _meant(part: Any) -> Any:
    """What the document means: it says `nullable` as OpenAPI 3.0 does, and `oneOf` where `hidden` is two of them."""
    if isinstance(part, list):
        return [_meant(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    made = {"anyOf" if name == "oneOf" else name: _meant(inner) for name, inner in part.items()}
    if made.pop("nullable", None) is True:
        made["type"] = [made["type"], "null"]
    return made


def _anonymous(path: str) -> str:
    """A path whose parameters have no names."""
    return re.sub(r"\{[^}]+\}", "{}", path)


OURS = {_anonymous(key): operation for key, operation in document().operations.items()}


# The calls


def test_what_is_our_own(theirs: Theirs) -> None:
    assert set(OURS) - set(theirs.operations) == OUR_OWN


@pytest.mark.parametrize("call", sorted(set(OURS) - OUR_OWN))
def test_a_call_takes_what_theirs_takes(theirs: Theirs, call: str) -> None:
    ours = {(parameter["in"], parameter["name"]) for parameter in OURS[call].parameters}

    assert theirs.parameters(call) <= ours


@pytest.mark.parametrize("call", sorted(key for key, one in OURS.items() if one.body and key not in OUR_OWN))
def test_a_body_holds_what_theirs_holds(theirs: Theirs, call: str) -> None:
    """All but `stream`, which asks for what is not offered."""
    wanted = theirs.follow(theirs.operations[call]["requestBody"])
    for kind, media in wanted["content"].items():
        schema = theirs.follow(media["schema"])
        body = OURS[call].body
        assert body
        ours = document().follow(body["content"][kind]["schema"])
        # The first of several is what can be asked of Replicate.
        ours = document().follow(ours["anyOf"][0]) if "anyOf" in ours else ours

        assert set(schema["properties"]) - {"stream"} <= set(ours["properties"])
        assert set(schema["required"]) >= set(ours.get("required", []))


# The answers


def made(driver: Driver, status: str) -> str:
    """The id of a prediction that reads so."""
    match status:
        case "starting":
            return driver.submit("sim/instant")
        case "processing":
            return driver.settled("sim/one")
        case "succeeded" | "failed":
            model = "sim/one" if status == "succeeded" else "sim/traceback"
            return str(driver.finished(model)[0]["id"])
        case "canceled":
            prediction_id = driver.submit("sim/instant")
            driver.cancel(prediction_id)
            return prediction_id
        case "aborted upstream":
            prediction_id = driver.running("sim/instant")
            body = json.dumps({"id": driver.upstream().id, "status": "aborted"})
            driver.fault("get", "status", status=200, body=body, times=-1)
            driver.run(prediction_id, "Status")
            return prediction_id
        case "deleted":
            prediction_id = str(driver.finished("sim/one")[0]["id"])
            assert driver.call("DELETE", f"/v1/predictions/{prediction_id}").status == 204
            return prediction_id
        case "of a deployment":
            answer = driver.call("POST", "/v1/deployments/sim/deployment/predictions", {"input": {"prompt": "x"}})
            return str(answer.body["id"])
        case "rerun":
            answer = driver.call("POST", f"/v1/predictions/{made(driver, 'succeeded')}/rerun")
            return str(answer.body["id"])
    raise AssertionError(status)


@pytest.mark.parametrize(
    "status",
    [
        "starting",
        "processing",
        "succeeded",
        "failed",
        "canceled",
        "aborted upstream",
        "deleted",
        "of a deployment",
        "rerun",
    ],
)
def test_a_prediction_is_theirs(theirs: Theirs, driver: Driver, status: str) -> None:
    prediction_id = made(driver, status)
    read = driver.call("GET", f"/v1/predictions/{prediction_id}")
    listed = driver.call("GET", "/v1/predictions")

    assert theirs.faults("GET /v1/predictions/{}", read.status, read.body) == []
    assert theirs.faults("GET /v1/predictions", listed.status, listed.body) == []
    assert prediction_id in [one["id"] for one in listed.body["results"]]


@pytest.mark.parametrize(
    ("path", "call", "body"),
    [
        ("/v1/predictions", "POST /v1/predictions", {"version": "sim/one", "input": {"prompt": "x"}}),
        ("/v1/models/sim/one/predictions", "POST /v1/models/{}/{}/predictions", {"input": {"prompt": "x"}}),
        (
            "/v1/deployments/sim/deployment/predictions",
            "POST /v1/deployments/{}/{}/predictions",
            {"input": {"prompt": "x"}, "webhook": "https://example.com/x", "webhook_events_filter": ["completed"]},
        ),
    ],
)
def test_what_is_created_is_theirs(
    theirs: Theirs, driver: Driver, path: str, call: str, body: Mapping[str, Any]
) -> None:
    answer = driver.call("POST", path, body)

    assert theirs.faults(call, answer.status, answer.body) == []


def test_what_is_canceled_is_theirs(theirs: Theirs, driver: Driver) -> None:
    answer = driver.call("POST", f"/v1/predictions/{driver.running('sim/instant')}/cancel")

    assert theirs.faults("POST /v1/predictions/{}/cancel", answer.status, answer.body) == []


def test_a_model_is_theirs(theirs: Theirs, driver: Driver) -> None:
    model = driver.call("GET", "/v1/models/sim/image")
    page = driver.call("GET", "/v1/models/sim/image/versions")
    version = driver.call("GET", f"/v1/models/sim/image/versions/{model.body['latest_version']['id']}")

    assert theirs.faults("GET /v1/models/{}/{}", model.status, model.body) == []
    assert theirs.faults("GET /v1/models/{}/{}/versions", page.status, page.body) == []
    assert theirs.faults("GET /v1/models/{}/{}/versions/{}", version.status, version.body) == []


def test_a_file_is_theirs(theirs: Theirs, driver: Driver) -> None:
    file = driver.upload("a.png", b"bytes", "image/png", {"a": 1})
    read = driver.call("GET", f"/v1/files/{file.body['id']}")
    driver.call("POST", "/v1/files/uploads", {"filename": "b.png", "size": 5})
    page = driver.call("GET", "/v1/files")

    assert theirs.faults("POST /v1/files", file.status, file.body) == []
    assert theirs.faults("GET /v1/files/{}", read.status, read.body) == []
    assert theirs.faults("GET /v1/files", page.status, page.body) == []
    assert len(page.body["results"]) == 2


def test_a_secret_is_theirs(theirs: Theirs, driver: Driver) -> None:
    answer = driver.call("GET", "/v1/webhooks/default/secret")

    assert theirs.faults("GET /v1/webhooks/default/secret", answer.status, answer.body) == []
