"""The local stack is as strict as what it stands in for."""

import sys
import time
from types import ModuleType
from typing import Any

import pytest
from werkzeug.test import Client, create_environ
from werkzeug.wrappers import Request

from local.cdn import Cdn
from local.contract import BrokenContract, contract
from local.functions import Functions
from local.gateway import Gateway
from local.stack import UpstreamMissing, _front, running
from local.template import Function, Route
from tests.conftest import ROOT


def functions(monkeypatch: pytest.MonkeyPatch, handler: Any, timeout: int = 10) -> Functions:
    """One function, `Step`, with that handler."""
    module = ModuleType("a_step")
    module.handler = handler  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "a_step", module)
    return Functions({"Step": Function("Step", "a_step", timeout, 128, {})})


def test_function_over_its_time_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = functions(monkeypatch, lambda *_: time.sleep(1.05), timeout=1)

    with pytest.raises(TimeoutError, match="longer than its 1 s"):
        slow.invoke("Step", {})


def test_function_answers_six_megabytes_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    large = functions(monkeypatch, lambda *_: "x" * (6 * 1024**2))

    with pytest.raises(ValueError, match="more than Lambda hands on"):
        large.invoke("Step", {})


def test_function_takes_and_gives_json(monkeypatch: pytest.MonkeyPatch) -> None:
    unspeakable = functions(monkeypatch, lambda *_: {1, 2})

    with pytest.raises(TypeError):
        unspeakable.invoke("Step", {})


@pytest.mark.parametrize(
    ("size", "status", "message"),
    [(1, 200, "heard"), (6 * 1024**2, 413, "Request Too Long"), (11 * 1024**2, 413, "Request Entity Too Large")],
)
def test_gateway_hands_on_what_lambda_takes(
    monkeypatch: pytest.MonkeyPatch, size: int, status: int, message: str
) -> None:
    heard = functions(monkeypatch, lambda *_: {"statusCode": 200, "body": "heard"})
    gateway = Gateway([Route("POST /v1/x", "Step")], heard)
    answer = gateway.answer(Request(create_environ("/v1/x", method="POST", data=b"x" * size)))

    assert (answer.status_code, message in answer.get_data(as_text=True)) == (status, True)


def test_gateway_with_a_contract_answers_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the gateway has a server before it, nobody would see what it raises: that is answered, and logged."""
    strange = functions(monkeypatch, lambda *_: {"statusCode": 218, "body": "{}"})
    gateway = Gateway([Route("GET /v1/openapi.json", "Step")], strange, contract())

    with pytest.raises(BrokenContract, match="status 218"):
        gateway.answer(Request(create_environ("/v1/openapi.json")))
    answer = Client(_front(gateway, Cdn(None, ""))).get("/v1/openapi.json")
    assert (answer.status_code, "status 218" in answer.get_data(as_text=True)) == (500, True)


def test_upstream_is_one_of_two() -> None:
    """A word that is misspelled must not mean the one that costs money."""
    with (
        pytest.raises(UpstreamMissing, match="simulator or replicate"),
        running(log=ROOT / ".local" / "unused.log", upstream="Simulator"),
    ):
        pass
