"""The table of cases that every declaration goes through: API, state machine and store as they deploy, real HTTP."""

import json
import socket
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
from werkzeug.wrappers import Request

from local.fixtures import Foreign, Refusal, State
from local.player import ALWAYS, DOWNLOAD, PREFIX
from local.serving import HOST, Server
from lumeo.prediction import Status
from lumeo.providers.templates import Template
from tests.providers.declared import declaration, fixture, good, states
from tests.providers.stage import ROUNDS, Stage, seconds_since

RAW = "what the provider says to its customer alone"
PAGE = "<!doctype html><title>One moment</title>"
HINT = 47

Case = Callable[[Stage], None]
CASES: dict[str, tuple[Case, Callable[[str], bool]]] = {}


def case(applies: Callable[[str], bool] = lambda _: True) -> Callable[[Case], Case]:
    """Enter a function into the table; `applies`: to which providers, by their names."""

    def enter(played: Case) -> Case:
        CASES[played.__name__] = (played, applies)
        return played

    return enter


# What states mean


def in_state(stage: Stage, state: State) -> None:
    """What a caller sees while, or when, it is in a state."""
    if state.submit:
        stage.player.script(stage.name, [state.name])
        stage.check(stage.ended(stage.submit(), "Create"), state)
        return
    if state.expect.over:
        prediction_id = stage.running(*stage.usual, state.name)
        stage.check(stage.ended(prediction_id), state)
        check_items(stage, prediction_id, state)
        return
    prediction_id = stage.running(state.name, "succeeded")
    stage.look(prediction_id)
    shown = stage.read(prediction_id)
    assert (shown["status"], shown["output"]) == (state.expect.status, None)
    assert any("a status that nobody knows" in line for line in stage.lines) == state.expect.unknown
    stage.check_metrics(shown, state.expect)
    stage.check(stage.ended(prediction_id), stage.fixture.states["succeeded"])


def check_items(stage: Stage, prediction_id: str, state: State) -> None:
    """What a batch has for each item, where the fixture says so."""
    if state.expect.items is None:
        return
    answer = stage.call("GET", f"/v1/predictions/{prediction_id}/items")
    assert answer.status == 200, answer.text
    assert [{"id": one["id"], "status": one["status"]} for one in answer.body["results"]] == list(state.expect.items)


# The submission


@case()
def submit(stage: Stage) -> None:
    """What it sends is what the provider documents, and what was asked for is shown."""
    answer = stage.call("POST", "/v1/predictions", stage.wanted)

    assert answer.status == 201
    shown = answer.body
    assert (shown["status"], shown["provider"], shown["output"]) == ("starting", stage.name, None)
    assert shown["input"] == stage.fixture.input
    assert shown["model"] == (stage.fixture.model or "")
    assert stage.player.requests == [], "submitting talks to no provider"
    stage.create(shown["id"])
    assert stage.player.submitted(stage.name) == 1
    for call, wanted in stage.fixture.sent.items():
        (seen,) = stage.seen(call)
        template = stage.declaration.submit.call.send.body if call == "submit" else None
        body = {name: value for name, value in seen.json.items() if name not in stage.declaration.auth.body}
        assert own_part(template, body) == wanted
    assert set(stage.driver.record(shown["id"]).before) == set(stage.fixture.steps)


def own_part(template: Any, body: Any) -> Any:
    """What a fixture can know of a body: all but where, by what secret and under which id of ours we are called."""
    if not isinstance(template, dict) or not isinstance(body, dict):
        return body
    ours = {
        name: isinstance(value, Template)
        and value.text in {"{webhook}", "{webhook_secret}", "{prediction}", "{seconds}"}
        for name, value in template.items()
    }
    left = {name: own_part(template.get(name), value) for name, value in body.items() if not ours.get(name)}
    return {name: value for name, value in left.items() if value != {} or body[name] == {}}


def refused_submission(stage: Stage, refused: Refusal) -> None:
    """It ends with the code, without a second try."""
    answer = refused.answer
    body = json.loads(answer.text) if answer.type == "application/json" else answer.text
    stage.player.fault(stage.name, "submit", status=answer.status, body=body, headers=answer.headers)
    shown = stage.ended(stage.submit(), "Create")

    stage.check_failed(shown, refused.code)
    assert len(stage.seen("submit")) == 1


@case()
def unauthorized(stage: Stage) -> None:
    """The caller reads a sentence; what the provider said, key and all, is for nobody but the operator."""
    said = {"error": f"{RAW}: no such key: {stage.fixture.key}"}
    stage.player.fault(stage.name, "submit", ALWAYS, status=401, body=said)
    shown = stage.ended(stage.submit(), "Create")

    stage.check_failed(shown, "provider_account")
    assert shown["error"] == "This service cannot run the model at the moment. Its operator has to look into it."
    assert RAW not in json.dumps(shown)
    assert RAW in stage.driver.raw_error(shown["id"])
    assert len(stage.seen("submit")) == 1


@case()
def own_account(stage: Stage) -> None:
    """Whoever has an account of the own name runs on that one, from the submission to the last file."""
    other = {name: value[::-1] for name, value in stage.account.items() if value in stage.hidden}
    stage.accounts(default=stage.account | other | {"output_hosts": []}, alice=stage.account)
    prediction_id = stage.running()

    assert stage.driver.record(prediction_id).handle.credential == "alice"  # type: ignore[union-attr]
    stage.check(stage.ended(prediction_id), stage.fixture.states["succeeded"])


@case()
def no_account(stage: Stage) -> None:
    """The owner has put none into the secret: nobody is asked anything."""
    stage.accounts()
    shown = stage.ended(stage.submit(), "Create")

    stage.check_failed(shown, "provider_account")
    assert stage.player.requests == []


@case()
def throttled_with_a_hint(stage: Stage) -> None:
    """It waits as it is told, and is paid once."""
    shown = throttled(stage, {"Retry-After": str(HINT)}, at_least=HINT, at_most=HINT + 2)
    stage.check(shown, stage.fixture.states["succeeded"])


@case()
def throttled_without_a_hint(stage: Stage) -> None:
    shown = throttled(stage, {}, at_least=1, at_most=3600)
    stage.check(shown, stage.fixture.states["succeeded"])


def throttled(stage: Stage, headers: Mapping[str, str], *, at_least: int, at_most: int) -> dict[str, Any]:
    stage.player.fault(stage.name, "submit", status=429, body={"error": RAW}, headers=headers)
    prediction_id = stage.submit()
    while not stage.seen("submit"):
        stage.driver.clock.passes(stage.driver.step("Create", prediction_id)["wait"])
    refused_at = stage.driver.record(prediction_id).timeline["accepted"]
    stage.create(prediction_id)

    assert at_least <= seconds_since(refused_at) <= at_most
    assert (len(stage.seen("submit")), stage.player.submitted(stage.name)) == (2, 1)
    return stage.ended(prediction_id)


@case()
def submission_answered_by_a_page(stage: Stage) -> None:
    uncertain(stage, status=200, body=PAGE)


@case()
def submission_answered_500(stage: Stage) -> None:
    uncertain(stage, status=500, body={"error": RAW})


@case()
def submission_dropped_after_arrival(stage: Stage) -> None:
    uncertain(stage, drop="after")


def uncertain(stage: Stage, **fault: Any) -> None:
    """It may have arrived: never a second one, and its caller is told."""
    stage.player.fault(stage.name, "submit", **fault)
    shown = stage.ended(stage.submit(), "Create")

    stage.check_failed(shown, "submission_uncertain")
    assert (len(stage.seen("submit")), stage.player.submitted(stage.name)) == (1, 1)


@case()
def submission_refused_before_arrival(stage: Stage) -> None:
    """Nobody listens at first: nothing arrived, so it is sent again."""
    with socket.socket() as held:
        held.bind((HOST, 0))
        port = held.getsockname()[1]
        there = f"http://{HOST}:{port}"
        stage.accounts(default=stage.player.account(stage.name, stage.declaration.base, there))
        prediction_id = stage.submit()
        first = stage.driver.step("Create", prediction_id)
        assert (first["next"], stage.player.requests) == ("Create", [])
    stage.driver.clock.passes(first["wait"])
    with Server(Request.application(stage.player.answer), port):
        stage.create(prediction_id)
        shown = stage.ended(prediction_id)

    assert stage.player.submitted(stage.name) == 1
    assert shown["status"] == "succeeded"


@case()
def submission_redirected(stage: Stage) -> None:
    """A redirect is not followed, least of all with the key."""
    elsewhere = {"Location": f"{stage.player.foreign_url}/submit"}
    stage.player.fault(stage.name, "submit", status=307, headers=elsewhere)
    shown = stage.ended(stage.submit(), "Create")

    stage.check_failed(shown, "provider_unavailable")
    assert stage.player.foreign == []


def can_be_adopted(name: str) -> bool:
    """Whether its webhook names all that is needed to go on."""
    submit = declaration(name).submit
    return calls_us(name) and not set(submit.keep) - set(submit.adopt)


@case(can_be_adopted)
def adopted(stage: Stage) -> None:
    """The answer was lost, but the provider's webhook names what it became."""
    stage.player.fault(stage.name, "submit", drop="after")
    prediction_id = stage.submit()
    while not stage.seen("submit"):
        stage.driver.clock.passes(stage.driver.step("Create", prediction_id)["wait"])
    assert call_us(stage, prediction_id) == 200
    stage.driver.clock.passes(60)
    stage.create(prediction_id)

    stage.check(stage.ended(prediction_id), stage.fixture.states["succeeded"])
    assert len(stage.seen("submit")) == 1


def calls_us(name: str) -> bool:
    return declaration(name).webhook is not None


@case(calls_us)
def webhook(stage: Stage) -> None:
    """It ends the wait; what it says is looked up."""
    prediction_id = stage.running("running", "succeeded")
    stage.look(prediction_id)

    assert call_us(stage, prediction_id) == 200
    assert stage.driver.record(prediction_id).wakes == 1
    stage.check(stage.ended(prediction_id), stage.fixture.states["succeeded"])


@case(calls_us)
def forged_webhook(stage: Stage) -> None:
    """Of somebody who knows no secret of ours, or has changed what was signed."""
    prediction_id = stage.running()
    path, body = stage.hook(), stage.player.webhook(stage.name, stage.job)
    right = stage.signatures.headers(stage, prediction_id, body)
    elsewhere = path[:-1] + ("a" if path[-1] != "a" else "b")
    answers = [stage.deliver(elsewhere, body, right)]
    if right:
        answers += [stage.deliver(path, body, {}), stage.deliver(path, body + b" ", right)]

    assert answers == [404, 401, 401][: len(answers)]
    assert stage.driver.record(prediction_id).wakes == 0


def call_us(stage: Stage, prediction_id: str) -> int:
    body = stage.player.webhook(stage.name, stage.job)
    return stage.deliver(stage.hook(), body, stage.signatures.headers(stage, prediction_id, body))


def has_steps(name: str) -> bool:
    return bool(fixture(name).steps)


@case(has_steps)
def step_dropped(stage: Stage) -> None:
    """A step whose answer was lost is made again; the submission is still made once."""
    for step in stage.fixture.steps:
        stage.player.fault(stage.name, step, drop="after")
    prediction_id = stage.submit()
    stage.create(prediction_id)

    assert [len(stage.seen(step)) for step in stage.fixture.steps] == [2] * len(stage.fixture.steps)
    assert stage.player.submitted(stage.name) == 1
    stage.check(stage.ended(prediction_id), stage.fixture.states["succeeded"])


@case(has_steps)
def step_not_repeated(stage: Stage) -> None:
    """What a step brought is in the record: a submission that has to wait does not make it again."""
    stage.player.fault(stage.name, "submit", status=429, headers={"Retry-After": str(HINT)})
    prediction_id = stage.submit()
    stage.create(prediction_id)

    assert [len(stage.seen(step)) for step in stage.fixture.steps] == [1] * len(stage.fixture.steps)


# Looks that bring nothing


@case()
def look_429(stage: Stage) -> None:
    trouble(stage, status=429, body={"error": RAW})


@case()
def look_429_with_a_hint(stage: Stage) -> None:
    told_to_wait(stage, 429)


@case()
def look_503(stage: Stage) -> None:
    trouble(stage, status=503, body=PAGE)


@case()
def look_503_with_a_hint(stage: Stage) -> None:
    told_to_wait(stage, 503)


@case()
def look_5xx(stage: Stage) -> None:
    """Of those that are no state of a run in its own words."""
    taken = stage.declaration.status.takes
    trouble(stage, status=next(status for status in (500, 502, 504) if not taken(status)), body=PAGE)


@case()
def look_401(stage: Stage) -> None:
    """A key that does not hold for a moment ends nothing that is paid for."""
    trouble(stage, status=401, body={"error": f"{RAW}: no such key: {stage.fixture.key}"})


@case()
def look_dropped(stage: Stage) -> None:
    trouble(stage, drop="after")


@case()
def look_answered_by_a_page(stage: Stage) -> None:
    """With status 200, which somebody in between makes of it."""
    trouble(stage, status=200, body=PAGE)


@case()
def look_redirected(stage: Stage) -> None:
    """A redirect is not followed, least of all with the key."""
    trouble(stage, status=302, headers={"Location": f"{stage.player.foreign_url}/status"})
    assert stage.player.foreign == []


def looks_by_get(name: str) -> bool:
    return fixture(name).routes["status"].method == "GET"


@case(looks_by_get)
def look_moved(stage: Stage) -> None:
    """To another place of the provider's own: that is where the answer is."""
    stage.player.script(stage.name, ["succeeded"])
    prediction_id = stage.running()
    asked = stage.player.as_answered(stage.name, stage.fixture.routes["status"].url, stage.job)
    moved = f"{asked}{'&' if '?' in asked else '?'}again=1"
    stage.player.fault(stage.name, "status", status=303, headers={"Location": moved})

    assert stage.look(prediction_id)["next"] == "Finalize"
    assert len(stage.seen("status")) == 2


def has_results(name: str) -> bool:
    return "result" in fixture(name).routes


@case(has_results)
def result_not_there_yet(stage: Stage) -> None:
    """The second request fails while the first says that it is over."""
    trouble(stage, call="result", drop="after")


def trouble(stage: Stage, *, call: str = "status", **fault: Any) -> None:
    """It is still running, and the answers after it count."""
    stage.player.script(stage.name, ["succeeded"])
    prediction_id = stage.running()
    stage.player.fault(stage.name, call, **fault)
    answer = stage.look(prediction_id)

    assert answer["next"] == "Status"
    assert stage.read(prediction_id)["status"] in {"starting", "processing"}
    succeeds(stage, prediction_id)


def told_to_wait(stage: Stage, status: int) -> None:
    """As long as the provider wishes, unless what it has made meanwhile could be gone by then."""
    polling = stage.declaration.polling
    hint = 10 * HINT + 2 * int(polling.cap)
    prediction_id = stage.running("running", "succeeded")
    stage.player.fault(stage.name, "status", status=status, headers={"Retry-After": str(hint)}, body={"error": RAW})
    wanted = min(hint, int(polling.longest))

    assert polling.cap < wanted <= stage.look(prediction_id)["wait"] <= wanted + 1
    succeeds(stage, prediction_id)


def succeeds(stage: Stage, prediction_id: str) -> None:
    """The next looks are as ever; what comes after them is the case of that state."""
    while stage.look(prediction_id)["next"] == "Status":
        assert len(stage.seen("status")) < ROUNDS
    verdict = stage.driver.record(prediction_id).verdict

    assert verdict
    assert verdict.status is Status.SUCCEEDED


# Ends that nobody wishes for


@case()
def cancel_while_running(stage: Stage) -> None:
    """Told upstream where that can be told; else it is over for us, with a warning."""
    prediction_id = stage.running(*stage.usual, "succeeded")
    stage.look(prediction_id)
    answer = stage.call("POST", f"/v1/predictions/{prediction_id}/cancel")
    assert answer.status == 200

    if stage.declaration.cancel is None:
        assert answer.body["status"] == "canceled"
        assert [one["code"] for one in answer.body["warnings"]] == ["not_stopped"]
        asked = len(stage.player.requests)
        assert stage.ended(prediction_id)["status"] == "canceled"
        assert len(stage.player.requests) == asked, "who has given up does not look"
        return
    shown = stage.ended(prediction_id)
    assert len(stage.seen("cancel")) == 1
    # Where there is no such state, it ends as it ends.
    stage.check(shown, stage.fixture.states.get("canceled", stage.fixture.states["succeeded"]))


def is_heard_or_not(name: str) -> bool:
    """Whether a 404 says that there is nobody to tell, and not that it is too late."""
    cancel = declaration(name).cancel
    return cancel is not None and 404 not in cancel.too_late


@case(is_heard_or_not)
def cancel_that_nobody_knows(stage: Stage) -> None:
    """What runs on at a provider that twice knows nothing of what it is told to stop is let go."""
    prediction_id = stage.running(*stage.usual)
    stage.look(prediction_id)
    stage.player.fault(stage.name, "cancel", ALWAYS, status=404, body={"error": RAW})
    stage.call("POST", f"/v1/predictions/{prediction_id}/cancel")
    shown = stage.ended(prediction_id)

    assert (shown["status"], [one["code"] for one in shown["warnings"]]) == ("canceled", ["not_stopped"])
    assert len(stage.seen("cancel")) == 2


@case()
def deadline(stage: Stage) -> None:
    """It is stopped, if it can be, and ends for its caller in any case."""
    prediction_id = stage.running("running")
    stage.look(prediction_id)
    stage.driver.clock.passes(stage.declaration.polling.deadline)
    shown = stage.ended(prediction_id)

    assert (shown["status"], shown["error_code"]) == ("failed", "deadline_exceeded")
    assert bool(stage.seen("cancel")) == (stage.declaration.cancel is not None)


@case()
def result_gone(stage: Stage) -> None:
    """404 for a run that was there: believed when three looks in a row say so, and not in its first minute."""
    prediction_id = stage.running("running")
    stage.look(prediction_id)
    stage.driver.clock.passes(61)
    looks = len(stage.seen("status"))
    stage.player.fault(stage.name, "status", ALWAYS, status=404, body={"error": RAW})
    shown = stage.ended(prediction_id)

    stage.check_failed(shown, stage.declaration.gone)
    assert len(stage.seen("status")) == looks + 3
    assert RAW not in json.dumps(shown)


@case()
def gone_for_a_moment(stage: Stage) -> None:
    """In its first minute a provider may not know yet what it took, however often it says so."""
    prediction_id = stage.running("succeeded")
    stage.player.fault(stage.name, "status", 4, status=404, body={"error": RAW})

    assert [stage.driver.step("Status", prediction_id)["next"] for _ in range(5)] == ["Status"] * 4 + ["Finalize"]


def with_a_download(name: str) -> State | None:
    """A state that brings a file which has to be fetched."""
    played = fixture(name)
    over = [state for state in states(name) if state.expect.status is Status.SUCCEEDED]
    return next((state for state in over if any(played.at(url) for url in state.expect.files)), None)


def has_downloads(name: str) -> bool:
    return with_a_download(name) is not None


@case(has_downloads)
def file_gone(stage: Stage) -> None:
    """Never a success with a hole."""
    prediction_id = collecting(stage)
    stage.player.fault(stage.name, DOWNLOAD, ALWAYS, status=404, body={"error": RAW})
    answer = stage.driver.step("Finalize", prediction_id)
    assert answer["next"] == "Status", "it may only be late"
    shown = stage.ended(prediction_id)

    stage.check_failed(shown, "output_expired")
    asked = Counter(seen.url for seen in stage.seen(DOWNLOAD))
    assert max(asked.values()) <= 21, "what is gone is not asked for until the window closes"


@case(lambda name: name in {"anthropic", "fal"})
def file_out_of_reach(stage: Stage) -> None:
    """Where it is kept longest it is tried for a day, and not more often than a run's history can hold."""
    prediction_id = collecting(stage)
    stage.player.fault(stage.name, DOWNLOAD, ALWAYS, status=500, body=PAGE)
    began = stage.driver.clock.time
    visited = stage.driver.run(prediction_id, "Finalize", rounds=1000)

    stage.check_failed(stage.read(prediction_id), "output_expired")
    assert (stage.driver.clock.time - began).total_seconds() <= 1.1 * 86_400
    assert len(visited) <= 300


@case(has_downloads)
def file_and_run_gone(stage: Stage) -> None:
    """Who asks again where the file is hears that there was no such run."""
    prediction_id = collecting(stage)
    stage.player.fault(stage.name, DOWNLOAD, ALWAYS, status=404, body={"error": RAW})
    assert stage.driver.step("Finalize", prediction_id)["next"] == "Status"
    stage.player.fault(stage.name, "status", ALWAYS, status=404, body={"error": RAW})
    shown = stage.ended(prediction_id)

    stage.check_failed(shown, "output_expired")
    assert len(stage.seen("status")) == 4, "it is believed as late as of a run that goes on"


@case(has_downloads)
def file_late(stage: Stage) -> None:
    """A file that is not there yet is fetched again."""
    prediction_id = collecting(stage)
    stage.player.fault(stage.name, DOWNLOAD, status=500, body=PAGE)
    assert stage.driver.step("Finalize", prediction_id)["next"] == "Status"

    state = with_a_download(stage.name)
    assert state
    stage.check(stage.ended(prediction_id), state)


@case(has_downloads)
def file_late_and_then_a_page(stage: Stage) -> None:
    """The look that asks where it is now may be answered by anything: that says nothing of the file."""
    prediction_id = collecting(stage)
    stage.player.fault(stage.name, DOWNLOAD, status=500, body=PAGE)
    assert stage.driver.step("Finalize", prediction_id)["next"] == "Status"
    stage.player.fault(stage.name, "status", 2, status=200, body=PAGE)

    state = with_a_download(stage.name)
    assert state
    stage.check(stage.ended(prediction_id), state)


@case(has_downloads)
def file_redirected(stage: Stage) -> None:
    """To a host that nobody has named: it is not asked at all."""
    prediction_id = collecting(stage)
    elsewhere = {"Location": f"{stage.player.foreign_url}/file"}
    stage.player.fault(stage.name, DOWNLOAD, ALWAYS, status=302, headers=elsewhere)
    shown = stage.ended(prediction_id, "Finalize")

    stage.check_failed(shown, "output_expired")
    assert stage.player.foreign == []


def has_keyed_downloads(name: str) -> bool:
    state, played = with_a_download(name), fixture(name)
    files = [file for url in (state.expect.files if state else ()) if (file := played.at(url))]
    return any(file.key for file in files)


@case(has_keyed_downloads)
def file_behind_a_redirect(stage: Stage) -> None:
    """A file that needs the key turns out to be on a host that only has files: the key stays at home."""
    prediction_id = collecting(stage)
    state = with_a_download(stage.name)
    assert state
    first = state.expect.files[0].replace(stage.fixture.id, stage.job)
    elsewhere = stage.player.at_media(stage.name, first, stage.job)
    stage.player.fault(stage.name, DOWNLOAD, status=302, headers={"Location": elsewhere}, url=first)

    stage.check(stage.ended(prediction_id, "Finalize"), state)
    assert [seen.media for seen in stage.seen(DOWNLOAD) if seen.url == first] == [False, True]


def collecting(stage: Stage) -> str:
    """The id of a prediction that has succeeded at its provider, and whose files are not stored yet."""
    state = with_a_download(stage.name)
    assert state
    prediction_id = stage.running(state.name)
    assert stage.look(prediction_id)["next"] == "Finalize"
    return prediction_id


def names_a_foreign_host(name: str) -> bool:
    return isinstance(fixture(name).foreign, Foreign)


@case(names_a_foreign_host)
def foreign_host(stage: Stage) -> None:
    """An answer leads to a host that is not the provider's: the key does not go there, and the prediction ends."""
    stage.player.lead_astray(stage.name)
    prediction_id = stage.submit()
    shown = stage.ended(prediction_id, "Create")

    assert (shown["status"], shown["output"]) == ("failed", None)
    assert shown["completed_at"] < shown["deadline"], "it does not hang until then"
    assert stage.player.foreign == []
    assert PREFIX not in json.dumps(shown)


# The table


def table() -> list[Any]:
    """Every case of every provider: those of all, and one for each state and refusal of its fixture."""
    found = []
    for name in good():
        own = {case_name: played for case_name, (played, applies) in CASES.items() if applies(name)}
        for state in fixture(name).states.values():
            own |= {state.name: partial(in_state, state=state)}
        for n, refused in enumerate(fixture(name).refused_submit):
            own |= {f"refused_submit_{n}": partial(refused_submission, refused=refused)}
        found += [pytest.param(name, played, id=f"{case_name}-{name}") for case_name, played in own.items()]
    return found


@pytest.mark.parametrize(("name", "played"), table(), indirect=["name"])
def test_case(stage: Stage, played: Case) -> None:
    played(stage)
