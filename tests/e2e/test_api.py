"""The API over TLS, as a client without a library meets it."""

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.stack import Caller, Stack


def test_an_output_is_what_its_record_says(stack: Stack, caller: Caller) -> None:
    made = caller.ended(caller.submit("sim/one", prompt="an output")["id"])
    content = caller.call("GET", made["output"]).content

    stored = stack.record(made["id"])["outputs"]["M"]["0"]["M"]
    assert stored["sha256"]["S"] == hashlib.sha256(content).hexdigest()
    assert int(stored["bytes"]["N"]) == len(content)
    assert made["output"].endswith(stored["key"]["S"])


def test_outputs_have_ranges_and_head(stack: Stack, caller: Caller) -> None:
    url = caller.ended(caller.submit("sim/one", prompt="ranges")["id"])["output"]
    whole, part, head = (
        caller.call("GET", url),
        caller.call("GET", url, headers={"Range": "bytes=8-15"}),
        caller.call("HEAD", url),
    )

    assert (part.status_code, part.content) == (206, whole.content[8:16])
    assert part.headers["Content-Range"] == f"bytes 8-15/{len(whole.content)}"
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(whole.content)
    assert caller.call("GET", url, headers={"Range": f"bytes={len(whole.content)}-"}).status_code == 416


def test_an_output_url_needs_no_key_and_minds_none(stack: Stack, caller: Caller) -> None:
    url = caller.ended(caller.submit("sim/one", prompt="no key")["id"])["output"]
    with requests.Session() as anybody:
        anybody.trust_env, anybody.verify = False, stack.ready["ca_bundle"]

        assert anybody.get(url).status_code == 200
        assert anybody.get(url, headers={"Authorization": "Bearer whatever"}).status_code == 200
        assert anybody.get(url.replace("/outputs/", "/records/")).status_code == 404
        assert anybody.get(url + "x").status_code == 403


def test_the_longest_way_for_a_held_answer(caller: Caller) -> None:
    started = time.monotonic()
    finished = caller.submit("sim/one", headers={"Prefer": "wait=20"}, prompt="held")
    held = time.monotonic() - started
    unfinished = caller.submit("sim/stuck", headers={"Prefer": "wait=1"}, prompt="held")

    assert finished["status"] == "succeeded"
    assert held < 15
    assert (unfinished["status"], unfinished["output"]) == ("starting", None)
    caller.call("POST", f"/predictions/{unfinished['id']}/cancel")


@pytest.mark.parametrize("path", ["/v1/nothing", "/nothing", "/v1/predictions/x/y/z"])
def test_an_unknown_path_has_our_404(stack: Stack, caller: Caller, path: str) -> None:
    answer = caller.call("GET", stack.ready["api_url"].removesuffix("/v1") + path)

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "title": "Not found",
        "detail": "The requested resource could not be found.",
        "status": 404,
    }


def test_callers_see_only_their_own(stack: Stack, caller: Caller) -> None:
    other = Caller(stack, "somebody-else")
    with other.session:
        mine = caller.submit("sim/instant", prompt="mine")["id"]

        assert other.call("GET", f"/predictions/{mine}").status_code == 404
        assert other.call("POST", f"/predictions/{mine}/cancel").status_code == 404
        assert other.call("GET", "/predictions").json()["results"] == []
        assert [p["id"] for p in caller.call("GET", "/predictions").json()["results"]] == [mine]


def test_many_at_once_are_each_paid_once(stack: Stack, caller: Caller) -> None:
    before = stack.simulator("counters", model="sim/text")["created"]
    with ThreadPoolExecutor(10) as pool:
        made = list(pool.map(lambda n: caller.submit("sim/text", prompt=f"many {n}")["id"], range(30)))
        ended = list(pool.map(lambda made: caller.ended(made, 60), made))

    assert [prediction["status"] for prediction in ended] == ["succeeded"] * 30
    assert stack.simulator("counters", model="sim/text")["created"] - before == 30


def test_a_key_is_nowhere_in_what_is_kept(stack: Stack, caller: Caller) -> None:
    made = caller.submit("sim/script", status="failed", error=f"someone posted {caller.key}", note=caller.key)
    ended = caller.ended(made["id"])

    assert caller.key not in str(stack.record(made["id"]))
    assert caller.key not in str(ended)
    assert caller.key not in str(stack.history(made["id"]))
