"""Whatever is sent, the answer is one that openapi.yaml says: requests made by chance, as it says and against it.

Those that are as the document says ask for what is there; those that are not, mostly for what is not.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from local.contract import document
from tests.stack import TERMINAL, Caller, Stack
from tests.waiting import until

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
VERSION = hashlib.sha256(b"sim/one").hexdigest()
api = schemathesis.openapi.from_dict(document().content)


@pytest.fixture
def things(caller: Caller) -> Iterator[Mapping[str, Mapping[str, str]]]:
    """What is there, by the beginning of a path that names it. Whatever is created ends."""
    model = {"owner": "sim", "name": "one", "id": VERSION}
    file = caller.call("POST", "/files", files={"content": ("a.png", b"bytes", "image/png")}).json()
    yield {
        "/v1/predictions/": {"id": caller.submit("sim/instant", prompt="any")["id"]},
        "/v1/models/": model,
        "/v1/deployments/": {"owner": "sim", "name": "deployment"},
        "/v1/files/": {"id": file["id"]},
    }
    until(lambda: caller.call("GET", "/predictions").json()["results"], _all_over, 60, every=0.25)


def any_request_of(operation: str) -> Any:
    """A test of one operation, by its id: schemathesis gives those of all one name, of which only one would be run."""

    @api.include(operation_id=operation).parametrize()
    @settings(
        max_examples=10, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    def test(case: Case[Any], stack: Stack, caller: Caller, things: Mapping[str, Mapping[str, str]]) -> None:
        if case.meta and case.meta.generation.mode is GenerationMode.POSITIVE:
            found = next((there for path, there in things.items() if case.path.startswith(path)), {})
            case.path_parameters |= {name: value for name, value in found.items() if name in case.path_parameters}
        _be_harmless(case)
        origin = stack.ready["api_url"].removesuffix("/v1")
        trusted = stack.ready["ca_bundle"]
        case.call_and_validate(base_url=origin, session=caller.session, verify=trusted, timeout=30, checks=CHECKS)

    return test


for known in document().operations.values():
    globals()[f"test_{known.id.replace('.', '_')}"] = any_request_of(known.id)


def _all_over(predictions: list[dict[str, Any]]) -> bool:
    """But for other providers, whose first look may be a minute away."""
    return all(one["status"] in TERMINAL for one in predictions if one["provider"] == "replicate")


def _be_harmless(case: Case[Any]) -> None:
    """Nobody outside is called, and no answer is held for long."""
    if isinstance(case.body, dict) and str(case.body.get("webhook")).startswith("http"):
        case.body["webhook"] = "https://nobody.invalid"
    if case.headers and "wait" in case.headers.get("Prefer", ""):
        case.headers["Prefer"] = "wait=1"
