"""Draws plans from seeds: which predictions, which clients, and what goes wrong."""

import random
from collections.abc import Callable
from typing import Any

from tests.reliability import interventions
from tests.reliability.interventions import Draft
from tests.reliability.plans import ENDLESS, LISTING, LONG, Plan

MODELS = (
    *("sim/instant",) * 3,
    *("sim/slow",) * 4,
    *("sim/image",) * 2,
    *("sim/many",) * 2,
    *("sim/script",) * 2,
    "sim/nested",
    "sim/text",
    "sim/data",
    "sim/big",
    "sim/cold",
    "sim/strange",
    "sim/blank",
    "sim/nsfw",
    "sim/traceback",
    "sim/interrupted",
    "sim/null",
    "sim/stuck",
)
EVENTS = (["completed"], ["completed"], ["start", "completed"], ["start", "output", "logs", "completed"], ["output"])
"""What callers want to be told of."""


def draw(seed: int) -> Plan:
    """The plan that follows from a seed."""
    draft = Draft(random.Random(f"plan {seed}"))
    chance = draft.chance
    for name in "abc"[: chance.choice((1, 1, 1, 1, 2, 2, 3))]:
        _prediction(draft, name)
    if chance.random() < 0.4:
        _one(draft, interventions.STORMS)
    for _ in range(chance.choice((0, 1, 2, 2, 3, 4, 5))):
        _one(draft, interventions.OFTEN if chance.random() < 0.9 else interventions.RARELY)
    # By a chance of their own: whatever is drawn here leaves the rest of a plan as it was.
    _tell(Draft(random.Random(f"tellings {seed}"), draft.acts))
    _keep_the_premise(draft)
    return Plan(seed, draft.acts, cold=chance.random() < 0.3)


def _one(draft: Draft, ways: tuple[Callable[[Draft], None], ...]) -> None:
    way: Callable[[Draft], None] = draft.chance.choice(ways)
    way(draft)


def _prediction(draft: Draft, name: str) -> None:
    chance, model = draft.chance, draft.chance.choice(MODELS)
    given: dict[str, Any] = {"prompt": f"prediction {name}", "width": 16, "height": 16}
    if model == "sim/script":
        given |= _script(chance)
    elif model == "sim/big":
        given |= {"bytes": chance.choice((0, 1000, 100_000))}
    elif model == "sim/many":
        given |= {"num_outputs": chance.randint(1, 5)}
    headers = {}
    if chance.random() < 0.12:
        headers["Cancel-After"] = str(chance.choice((5, 10, 30, 60)))
    if chance.random() < 0.12:
        headers["Prefer"] = f"wait={chance.choice((1, 5, 20))}"
    never_ends = model == "sim/stuck" and "Cancel-After" not in headers
    # Who gives up after one try knows of no prediction that they could cancel.
    way = "key" if never_ends else chance.choice(("once", "once", "key", "key", "counted"))
    tries = chance.randint(2, 3) if way == "key" and chance.random() < 0.5 else 1
    at = draft.moment(20)
    act = {"act": "submit", "name": name, "at": at, "model": model, "input": given, "headers": headers}
    draft.acts.append({**act, "way": way, "tries": tries, "long": chance.random() < 0.15})
    _afterwards(draft, name, at, never_ends=never_ends)


def _script(chance: random.Random) -> dict[str, Any]:
    script: dict[str, Any] = {
        "starting": round(chance.random() * chance.choice((0, 1, 30)), 2),
        "processing": round(chance.random() * chance.choice((1, 10, 100)), 2),
    }
    if chance.random() < 0.25:
        return script | {"status": "failed", "error": "it broke"}
    outputs = (["$png"], ["$png", "$jpeg"], LONG, {"file": "$text", "more": ["$html"]}, ["$bytes:70000"])
    return script | {"output": chance.choice(outputs)}


def _afterwards(draft: Draft, name: str, after: float, *, never_ends: bool) -> None:
    """What its caller, and now and then the operator, does to it later."""
    chance = draft.chance
    ways = ["cancel"] * chance.choice((1, 1, 2)) if never_ends or chance.random() < 0.2 else []
    ways += ["stop"] if chance.random() < 0.06 else []
    ways += ["read"] if chance.random() < 0.2 else []
    draft.acts += [{"act": way, "of": name, "at": round(after + draft.moment(60), 2)} for way in ways]


def _tell(draft: Draft) -> None:
    """Some callers want to be told, or ask for the same again, or have it taken away in the end."""
    chance, told = draft.chance, False
    for act in [act for act in draft.acts if act["act"] == "submit"]:
        if chance.random() < 0.4:
            act["events"], told = chance.choice(EVENTS), True
        if chance.random() < 0.1 and act["model"] not in ENDLESS:
            draft.acts.append({"act": "rerun", "of": act["name"], "at": round(act["at"] + draft.moment(60), 2)})
        if chance.random() < 0.1:
            draft.acts.append({"act": "remove", "of": act["name"], "at": round(act["at"] + draft.moment(60), 2)})
    for _ in range(chance.choice((0, 1, 2)) if told else 0):
        interventions.listener(draft)
    if (told or draft.has("remove")) and chance.random() < 0.3:
        interventions.teller(draft)
    if chance.random() < 0.1:
        interventions.fault(draft, "model", chance.choice((*interventions.ANY_CALL, "html", "half_json")))


def _keep_the_premise(draft: Draft) -> None:
    """What the provider took is in its list within the time that `REPLICATE_LISTING_SECONDS` says.

    From an intent until a look may say that nothing arrived there are 90 s. A submission leaves in the first 10 of
    them, later if its function stalls; then it may be taken slowly, and be listed late.
    """
    slow = max((act["seconds"] for act in draft.acts if act.get("kind") == "slow_accept"), default=0)
    stalls = (act["seconds"] for act in draft.acts if act["act"] in {"stall", "lose"} and act["function"] == "Create")
    most = 75 - slow - min(20, max(stalls, default=0))
    for act in draft.acts:
        if act.get("kind") == "lag":
            act["seconds"] = max(0, min(act["seconds"], LISTING - 1, most))
