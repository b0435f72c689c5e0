"""Creations whose request, or whose answer, is lost or late: how many predictions there are, and are paid for."""

import uuid

from tests.clients.between import ANSWER_LOST, LATE, LOST
from tests.clients.lane import Raised
from tests.clients.saying import raised, said
from tests.clients.scenarios.registry import scenario
from tests.clients.scene import PAUSE, Scene
from tests.waiting import until

TIME_OUT = 2.0
"""Seconds for which a client waits that may be told."""


def _outcome(on: Scene, fault: str) -> tuple[str, int]:
    """What the user of a client got of a run, and how many predictions there are in the end."""
    with on.faults(fault):
        try:
            got = said(on.run("sim/one"))
        except Raised as error:
            got = raised(error).partition(":")[0]
    return got, _paid(on)


def _paid(on: Scene) -> int:
    """How many predictions the provider has made, once all of the caller's are over."""
    mine = until(on.mine, lambda seen: all(prediction.get("completed_at") for prediction in seen), every=PAUSE)
    assert len(on.upstream()) == len(mine)
    return len(mine)


def _counted(number: int) -> str:
    return f"{number or 'no'} prediction{'' if number == 1 else 's'}"


@scenario("connection lost before a create arrived")
def request_lost(on: Scene) -> str:
    got, paid = _outcome(on, LOST)

    assert paid == (1 if on.client in {"py2", "npm"} else 0)
    return f"{got}, {_counted(paid)}"


@scenario("connection lost after a create arrived")
def answer_lost(on: Scene) -> str:
    """One client marks what it repeats. Of another, nobody can tell a repeat from a second wish."""
    got, paid = _outcome(on, ANSWER_LOST)

    assert paid == (2 if on.client == "npm" else 1)
    return f"{got}, {_counted(paid)}"


@scenario("the same with an `Idempotency-Key`")
def answer_lost_of_a_named_request(on: Scene) -> str:
    on.headers = {"Idempotency-Key": str(uuid.uuid4())}
    got, paid = _outcome(on, ANSWER_LOST)

    assert paid == 1
    return f"{got}, {_counted(paid)}"


@scenario("read time-out of a create")
def late(on: Scene) -> str:
    """The prediction goes on, and is in the list for whoever looks."""
    # One client's own time-out is what it asked the server to wait, and a little more.
    patience = {"wait": 1} if on.client == "py1" else {"timeout": TIME_OUT}
    with on.faults(LATE):
        try:
            got = f"`{on.create(to={'model': 'sim/stuck'}, **patience)['status']}`"
        except Raised as error:
            got = raised(error).partition(":")[0]

    on.one_processing()
    for prediction in on.mine():
        assert on.caller.call("POST", f"/predictions/{prediction['id']}/cancel").status_code == 200
    paid = _paid(on)
    assert paid == 1
    return f"{got}, {_counted(paid)}"
