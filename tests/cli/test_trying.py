"""Faults between a command and the service: what may pass is tried again, and nothing is paid for twice."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from local.serving import Server
from lumeo import clock
from tests.cli.conftest import Lumeo, Ran
from tests.clients.between import ANSWER_LOST, LOST, Between
from tests.conftest import TestClock
from tests.stack import Caller, Stack

ID = "01m80000000000000000000000"


@pytest.fixture
def between(stack: Stack) -> Between:
    return Between(stack.ready["api_url"].removesuffix("/v1"), stack.ready["ca_bundle"], [])


@pytest.fixture
def through(bare: Lumeo, caller: Caller, between: Between) -> Iterator[Lumeo]:
    """Runs a command whose requests, and the answers to them, may get lost."""
    with Server(between) as server:
        yield lambda *arguments: bare(*arguments, "--url", server.url, "--key", caller.key)


@pytest.mark.parametrize("faults", [[LOST], [ANSWER_LOST], [LOST, ANSWER_LOST, LOST]])
def test_a_submission_is_made_again_and_paid_once(
    through: Lumeo, caller: Caller, between: Between, test_clock: TestClock, faults: list[str]
) -> None:
    between.faults = list(faults)
    ran = through("submit", "sim/script", "output=x")

    assert ran.code == 0, ran.err
    assert ran.err.count("trying again") == len(faults)
    assert between.posts == len(faults) + 1
    assert [one["id"] for one in caller.call("GET", "/predictions").json()["results"]] == ran.out.split()


def test_patience_comes_to_an_end_and_says_how_to_go_on(
    through: Lumeo, caller: Caller, between: Between, test_clock: TestClock
) -> None:
    between.faults = [ANSWER_LOST] * 100
    ran = through("submit", "sim/script", "output=x")

    assert (ran.code, ran.out) == (7, "")
    waited = (test_clock.now() - TestClock().now()).total_seconds()
    assert 20 < waited <= 30
    assert between.posts < 12, "each pause is longer than the one before"
    *_, key = ran.err.split()
    between.faults = []
    again = through("submit", "sim/script", "output=x", "--idempotency-key", key)
    assert [one["id"] for one in caller.call("GET", "/predictions").json()["results"]] == again.out.split()


def test_a_file_that_is_in_is_not_handed_in_again(
    through: Lumeo, caller: Caller, between: Between, test_clock: TestClock, tmp_path: Path
) -> None:
    """It would have another URL, and the request would be another one."""
    (tmp_path / "corgi.txt").write_text("woof")
    between.faults = ["", *([ANSWER_LOST] * 100)]
    first = through("submit", "sim/script", f"a=@{tmp_path / 'corgi.txt'}", "b=1")
    between.faults = []
    *_, option, key, pair = first.err.split()

    again = through("submit", "sim/script", "b=1", pair, option, key)
    assert (again.code, again.err.count("lumeo:")) == (0, 0), again.err
    assert [one["id"] for one in caller.call("GET", "/predictions").json()["results"]] == again.out.split()


def test_what_was_accepted_of_several_is_told(
    through: Lumeo, caller: Caller, between: Between, test_clock: TestClock
) -> None:
    between.faults = ["", "", *([LOST] * 100)]
    ran = through("submit", "sim/script", "output=x", "-n", "5")

    listed = [one["id"] for one in caller.call("GET", "/predictions").json()["results"]]
    assert ran.code == 7
    assert sorted(ran.out.split()) == sorted(listed)
    assert len(listed) == 2
    assert "Accepted, as far as is known: 2 of 5." in ran.err
    *_, key = ran.err.split()
    between.faults = []
    again = through("submit", "sim/script", "output=x", "-n", "5", "--idempotency-key", key)
    assert set(listed) < set(again.out.split())
    assert len(caller.call("GET", "/predictions").json()["results"]) == 5


def prediction(status: str, **more: Any) -> dict[str, Any]:
    stamp = clock.stamp()
    shown: dict[str, Any] = {
        "id": ID,
        "status": status,
        "urls": {},
        "error": None,
        "error_code": None,
        "logs": "",
        "output": "a text",
    }
    return {**shown, "created_at": stamp, **more}


Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]


@pytest.fixture
def service(bare: Lumeo, test_clock: TestClock) -> Callable[..., tuple[Ran, list[str]]]:
    """Runs a command against a service that answers so, one after another; tells what it was asked, too."""

    def run(answers: list[Answer], *arguments: str) -> tuple[Ran, list[str]]:
        asked: list[str] = []

        @Request.application
        def answer(request: Request) -> Response:
            asked.append(f"{request.method} {request.full_path.removesuffix('?')}")
            status, body, *headers = answers[min(len(asked), len(answers)) - 1]
            text = body if isinstance(body, str) else json.dumps(body)
            return Response(text, status, headers[0] if headers else None)

        with Server(answer) as server:
            return bare(*arguments, "--url", server.url, "--key", "lum_x"), asked

    return run


Service = Callable[..., tuple[Ran, list[str]]]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_error_of_the_service_may_pass(service: Service, status: int) -> None:
    ran, asked = service([(status, {"title": "Oops"}), (200, prediction("succeeded"))], "get", ID, "--json")

    assert (ran.code, len(asked)) == (0, 2)


def test_an_error_of_the_service_that_does_not_pass(service: Service) -> None:
    ran, asked = service([(500, {"title": "Internal error", "detail": "Something went wrong."})], "get", ID)

    assert (ran.code, len(asked) > 3) == (7, True)
    assert ran.err.splitlines()[-2:] == ["lumeo: Internal error (500)", "  Something went wrong."]


def test_no_patience(service: Service) -> None:
    assert len(service([(500, {})], "get", ID, "--patience", "0")[1]) == 1


def test_a_busy_service_says_when(service: Service, test_clock: TestClock) -> None:
    before = test_clock.now()
    ran, _ = service([(429, {}, {"Retry-After": "17"}), (200, prediction("succeeded"))], "get", ID, "--json")

    assert (ran.code, (test_clock.now() - before).total_seconds()) == (0, 17)
    assert "trying again in 17 s" in ran.err


def test_a_service_that_is_busy_for_long(service: Service, test_clock: TestClock) -> None:
    ran, asked = service([(429, {"title": "Too many requests"}, {"Retry-After": "31"})], "get", ID)

    assert (ran.code, len(asked), ran.err.strip()) == (7, 1, "lumeo: Too many requests (429)")


def test_what_was_surely_refused_is_not_said_to_be_uncertain(service: Service) -> None:
    throttled, _ = service([(429, {"title": "Too many requests"}, {"Retry-After": "31"})], "submit", "a/b")
    failed, _ = service([(503, {"title": "Unavailable"})], "submit", "a/b")

    assert (throttled.code, "--idempotency-key" in throttled.err) == (7, False)
    assert (failed.code, "--idempotency-key" in failed.err) == (7, True)


@pytest.mark.parametrize(("status", "code"), [(429, 7), (401, 6), (422, 2)])
def test_what_is_refused_after_some_were_accepted_says_how_not_to_make_those_again(
    service: Service, status: int, code: int
) -> None:
    made = (201, prediction("starting"))
    ran, _ = service([made, made, (status, {"title": "No"}, {"Retry-After": "31"})], "submit", "a/b", "-n", "4")

    assert (ran.code, ran.out.split()) == (code, [ID, ID])
    assert "Accepted, as far as is known: 2 of 4." in ran.err
    assert re.search(r"^ +--idempotency-key [0-9a-f-]{36}$", ran.err, re.MULTILINE)


@pytest.mark.parametrize(
    ("status", "code"), [(400, 2), (401, 6), (403, 6), (404, 5), (409, 1), (410, 5), (413, 2), (422, 2)]
)
def test_a_refusal_is_said_once(service: Service, status: int, code: int) -> None:
    ran, asked = service([(status, {"title": "No", "detail": "a\nb"})], "get", ID)

    assert (ran.code, len(asked)) == (code, 1)
    assert ran.err.splitlines()[:3] == [f"lumeo: No ({status})", "  a", "  b"]


def test_the_fields_that_are_wrong_are_said_once(service: Service) -> None:
    fields = [{"field": "width", "description": "is too small"}, {"field": "seed", "description": "is no number"}]
    body = {"title": "Wrong", "detail": "- width: is too small\n", "invalid_fields": fields}
    ran, _ = service([(422, body)], "submit", "sim/image")

    assert ran.err.splitlines() == ["lumeo: Wrong (422)", "  - width: is too small", "  - seed: is no number"]


@pytest.mark.parametrize(
    "answer",
    [
        (200, "<html>a portal</html>"),
        (200, "[]"),
        (200, {"id": ID}),
        (302, "", {"Location": "http://127.0.0.1:9/"}),
        (404, "<html>nothing</html>"),
        (200, "{" * 100_000),
    ],
)
@pytest.mark.parametrize("command", [["get", ID], ["list"], ["submit", "a/b"], ["models"], ["cancel", ID]])
def test_who_answers_is_not_lumeo(service: Service, answer: Answer, command: list[str]) -> None:
    ran, asked = service([answer], *command)

    assert ran.code == (5 if answer[0] == 404 else 7), ran.err
    assert ran.out == ""
    assert len(asked) == 1


def test_the_next_page_is_the_apis_own(service: Service) -> None:
    """Wherever its URL leads: the key goes nowhere else."""
    first = {"results": [], "next": "https://elsewhere.example.com/v1/predictions?cursor=abc"}
    ran, asked = service([(200, first), (200, {"results": [], "next": None})], "list")

    assert (ran.code, asked) == (0, ["GET /v1/predictions", "GET /v1/predictions?cursor=abc"])


def test_watching_survives_a_fault(service: Service, test_clock: TestClock) -> None:
    seen = [(200, prediction("starting")), (503, {}), (200, prediction("processing")), (200, prediction("succeeded"))]
    ran, asked = service(seen, "watch", ID)

    assert (ran.code, ran.out, len(asked)) == (0, "a text\n", 4)
    assert [line.split()[-1] for line in ran.err.splitlines() if line.startswith(ID)] == [
        *("starting", "processing", "succeeded")
    ]


def test_watching_looks_ever_more_seldom(service: Service, test_clock: TestClock) -> None:
    before = test_clock.now()
    _, asked = service([(200, prediction("processing"))] * 100 + [(200, prediction("succeeded"))], "watch", ID)

    waited = (test_clock.now() - before).total_seconds()
    assert 120 < waited < 300, f"{len(asked)} looks"


def test_open_runs_no_program(service: Service, browser: Path) -> None:
    ran, _ = service([(200, prediction("succeeded", urls={"web": "file:///bin/sh"}))], "open", ID)

    assert (ran.code, browser.exists()) == (1, False)
