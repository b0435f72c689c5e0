"""What may go wrong in a plan, at the provider, at AWS, with functions and runs: single faults, and storms."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.reliability.plans import cancel_after

CALLED = ("Submit", "Create", "Create", "Create", "Status", "Status", "Finalize", "Finalize", "Webhook")
"""Functions that every prediction calls."""
AWS_KINDS = {
    "dynamodb": ("throttled", "broken", "refused", "lost", "silent", "conflict", "conflict"),
    "s3": ("throttled", "broken", "refused", "lost"),
    "states": ("throttled", "broken", "refused", "lost"),
    "secretsmanager": ("throttled", "broken", "refused"),
    "lambda": ("throttled", "broken", "refused", "lost"),
    "cloudfront": ("throttled", "broken", "refused", "lost"),
}
USERS = {
    "dynamodb": (*CALLED, "Machine"),
    "s3": ("Finalize",),
    "states": ("Submit", "Submit", "Webhook"),
    "secretsmanager": ("Create", "Create", "Status", "Webhook"),
}
PROVIDER_KINDS = {
    "create": ("slow_accept", "slow_accept", "status_after", "drop_after", "throttle", "throttle", "html", "half_json"),
    "get": ("unknown_status", "not_found", "html", "half_json"),
    "list": ("lag", "lag", "html", "half_json"),
    "cancel": ("html", "half_json"),
    "file": ("truncate", "short", "truncate", "short", "expired", "wrong_type"),
}
ANY_CALL = ("drop_before", "drop_after", "delay", "status", "throttle")
DETAILS: Mapping[str, Callable[[random.Random], dict[str, Any]]] = {
    "delay": lambda chance: {"seconds": round(chance.random() * chance.choice((5, 25, 55)), 1)},
    "slow_accept": lambda chance: {"seconds": round(chance.random() * chance.choice((15, 30, 55)), 1)},
    "status_after": lambda chance: {"status": chance.choice((500, 502, 504))},
    "expired": lambda _: {"status": 404},
    "not_found": lambda _: {"status": 404},
    "throttle": lambda chance: {
        "hint": chance.choice(("header", "body", "text", "none")),
        "seconds": chance.choice((1, 3, 10, 40)),
    },
    "lag": lambda chance: {"seconds": chance.choice((5, 20, 45, 59))},
    "truncate": lambda chance: {"fraction": round(chance.random(), 2)},
    "short": lambda chance: {"fraction": round(chance.random(), 2)},
    "wrong_type": lambda chance: {"content_type": chance.choice(("text/html", "application/octet-stream", "nonsense"))},
    "early_end": lambda _: {"event": "start"},
    "late": lambda chance: {"seconds": chance.choice((1, 5, 30, 90))},
    "stale": lambda chance: {"seconds": chance.choice((-600, 600))},
    "duplicate": lambda chance: {"copies": chance.randint(1, 3)},
}
"""What else is said of a provider's fault."""


@dataclass(slots=True)
class Draft:
    """A plan in the making."""

    chance: random.Random
    acts: list[dict[str, Any]] = field(default_factory=list)

    def add(self, act: dict[str, Any], longest: float, least: float = 5) -> None:
        """With the time in which it may happen: mostly from the beginning."""
        begin = 0.0 if self.chance.random() < 0.75 else self.moment(60)
        lasting = least + self.chance.random() * (longest - least)
        self.acts.append({**act, "at": begin, "until": round(begin + lasting, 2)})

    def moment(self, most: float) -> float:
        """Mostly early: that is when most of it happens."""
        return round(most * self.chance.random() ** 3, 2)

    def has(self, *kinds: str) -> bool:
        return any(act["act"] in kinds for act in self.acts)

    @property
    def cancels(self) -> bool:
        """Whether the provider may be told to cancel."""
        return self.has("cancel", "stop") or any(act["act"] == "submit" and cancel_after(act) for act in self.acts)


# Single faults


def provider(draft: Draft) -> None:
    calls = ["create", "create", "get", "get", "file", "list", *(["cancel", "cancel"] if draft.cancels else [])]
    call = draft.chance.choice(calls)
    fault(draft, call, draft.chance.choice((*ANY_CALL, *PROVIDER_KINDS[call])))
    # Only who has lost an answer asks for the list.
    if call == "list" and not any(act.get("call") == "create" for act in draft.acts):
        fault(draft, "create", draft.chance.choice(("drop_after", "slow_accept", "drop_before", "half_json")))


def fault(draft: Draft, call: str, kind: str) -> None:
    """A fault of the provider's."""
    chance = draft.chance
    more = DETAILS[kind](chance) if kind in DETAILS else {}
    if kind == "status":
        more = {"status": chance.choice((500, 503, 403) if call == "file" else (500, 502, 503, 504, 408))}
    # Three "not found" in a row would say that it is gone; a list lags for everybody.
    times = {"not_found": 1, "lag": -1}.get(kind, chance.choice((1, 1, 1, 2, 3, 6)))
    said = "status" if kind in {"expired", "not_found"} else kind
    draft.add({"act": "provider", "call": call, "kind": said, "times": times, **more}, 120)


def webhook(draft: Draft) -> None:
    kinds = ("lose", "lose", "late", "late", "duplicate", "forge", "stale", "alter", "early_end")
    told(draft, draft.chance.choice(kinds))


def told(draft: Draft, kind: str) -> None:
    """A fault of the provider's webhooks."""
    chance = draft.chance
    more = DETAILS[kind](chance) if kind in DETAILS else {}
    if kind != "early_end" and chance.random() < 0.5:
        more["event"] = chance.choice(("start", "completed", "completed"))
    times = chance.choice((1, 1, 2, -1))
    draft.add({"act": "provider", "call": "webhook", "kind": kind, "times": times, **more}, 120)


def amazon(draft: Draft) -> None:
    chance = draft.chance
    service = chance.choice((*("dynamodb",) * 5, "s3", "s3", "states", "states", "secretsmanager"))
    act: dict[str, Any] = {"act": "aws", "service": service, "kind": chance.choice(AWS_KINDS[service])}
    if chance.random() < 0.6:
        act["function"] = chance.choice(USERS[service])
    # The SDK tries four times, the state machine nine: few are seen by nobody, more by the function, most by the run.
    draft.add(
        {**act, "after": chance.choice((0, 0, 0, 1, 2, 5)), "times": chance.choice((1, 1, 2, 4, 5, 9, 40, 200))}, 60
    )


def death(draft: Draft) -> None:
    draft.add({"act": "die", **at_a_call(draft)}, 120)


def given_up(draft: Draft) -> None:
    hang(draft, "lose")


def stall(draft: Draft) -> None:
    hang(draft, "stall")


def hang(draft: Draft, act: str, function: str = "") -> None:
    """A function stops for a while at a call, and goes on, perhaps when nobody waits for it any more."""
    seconds = round(draft.chance.random() * draft.chance.choice((3, 10, 20, 60)), 1)
    draft.add({"act": act, **at_a_call(draft, function), "seconds": seconds}, 120)


def at_a_call(draft: Draft, function: str = "") -> dict[str, Any]:
    """Before or after one of the first calls of a function."""
    chance = draft.chance
    others = [*(["Cancel"] * 4 if draft.has("cancel") else []), *(["Read"] if draft.has("read") else [])]
    others += ["Sweep"] * 3 if draft.has("silence", "stop", "aws", "die") else []
    function = function or chance.choice((*CALLED, *others))
    return {"function": function, "after": chance.choice((0, 0, 1, 2, 3, 4, 5)), "late": chance.random() < 0.5}


def run_not_started(draft: Draft) -> None:
    kind = draft.chance.choice(AWS_KINDS["states"])
    act = {"act": "aws", "service": "states", "operation": "StartExecution", "kind": kind, "times": 200, "after": 0}
    draft.add(act, 90)


def run_fails(draft: Draft) -> None:
    """A function fails more often than the state machine repeats it."""
    function = draft.chance.choice(("Create", "Status", "Finalize"))
    act = {"act": "aws", "service": "dynamodb", "function": function, "kind": "broken", "after": 0, "times": 400}
    draft.add(act, 150, least=100)
    if draft.chance.random() < 0.5:
        silence(draft)


def silence(draft: Draft) -> None:
    draft.add({"act": "silence"}, 200, least=100)


def rotation(draft: Draft) -> None:
    draft.acts.append({"act": "rotate", "at": draft.moment(60)})


# Whoever is told, and those who tell


def listener(draft: Draft) -> None:
    """Those who are to be told fail for a while."""
    chance = draft.chance
    act: dict[str, Any] = {"act": "receiver", "kind": chance.choice(("status", "status", "slow", "drops"))}
    if act["kind"] == "status":
        act["status"] = chance.choice((302, 404, 429, 500, 503))
    if act["kind"] == "slow":
        act["seconds"] = chance.choice((2, 9, 30))
    if chance.random() < 0.3:
        act["retry_after"] = chance.choice((1, 20, 60))
    if chance.random() < 0.3:
        act["event"] = chance.choice(("start", "output", "completed"))
    draft.add({**act, "times": chance.choice((1, 2, 3, -1))}, 150)


def teller(draft: Draft) -> None:
    """Something befalls those who tell callers, or take away what was told of."""
    chance = draft.chance
    function = chance.choice(("Announce", "Announce", "Delete"))
    kind = chance.choice(("die", "lose", "stall", "aws"))
    if kind == "die":
        draft.add({"act": "die", **at_a_call(draft, function)}, 120)
    elif kind == "aws":
        service = chance.choice(("dynamodb", "lambda", "cloudfront"))
        act = {"act": "aws", "service": service, "kind": chance.choice(AWS_KINDS[service])}
        draft.add({**act, "after": chance.choice((0, 1)), "times": chance.choice((1, 4, 9, 40))}, 60)
    else:
        hang(draft, kind, function)


# Storms: several at once, where they hurt


def lost_submission(draft: Draft) -> None:
    """Nobody knows whether the provider took it, and all ways to find out are slow."""
    chance = draft.chance
    fault(
        draft,
        "create",
        chance.choice(("slow_accept", "slow_accept", "slow_accept", "drop_after", "drop_before", "delay")),
    )
    fault(draft, "list", chance.choice(("lag", "lag", "status", "drop_after")))
    told(draft, chance.choice(("lose", "late", "forge", "duplicate")))
    hang(draft, chance.choice(("lose", "stall")), "Create")
    if chance.random() < 0.3:
        draft.add({"act": "die", **at_a_call(draft, "Create")}, 120)


def lost_run(draft: Draft) -> None:
    """The run ends while a function of it goes on."""
    chance = draft.chance
    fault(draft, "create", chance.choice(("slow_accept", "delay")))
    name = next(act["name"] for act in draft.acts if act["act"] == "submit")
    if chance.random() < 0.3:
        draft.acts.append({"act": "stop", "of": name, "at": draft.moment(40)})
    else:
        run_fails(draft)
    hang(draft, "lose", chance.choice(("Create", "Create", "Status")))


def contested_end(draft: Draft) -> None:
    """A cancel, the end and its webhook meet."""
    chance = draft.chance
    for submit in [act for act in draft.acts if act["act"] == "submit"]:
        at = submit["at"] + chance.choice((0.2, 0.5, 1, 2, 3, 6)) + chance.random()
        draft.acts.append({"act": "cancel", "of": submit["name"], "at": round(at, 2)})
    told(draft, chance.choice(("late", "duplicate", "early_end")))
    hang(draft, chance.choice(("stall", "lose")))


def lost_outputs(draft: Draft) -> None:
    """Files cannot be fetched or stored, and whoever copies them dies."""
    chance = draft.chance
    for _ in range(2):
        fault(draft, "file", chance.choice((*PROVIDER_KINDS["file"], *ANY_CALL)))
    act = {"act": "aws", "service": "s3", "function": "Finalize", "kind": chance.choice(AWS_KINDS["s3"])}
    draft.add({**act, "after": chance.choice((0, 1)), "times": chance.choice((1, 4, 9))}, 60)
    hang(draft, chance.choice(("stall", "lose", "lose")), "Finalize")
    draft.add({"act": "die", **at_a_call(draft, "Finalize")}, 120)


OFTEN = (provider, provider, provider, webhook, amazon, amazon, death, given_up, stall)
RARELY = (run_not_started, run_fails, silence, rotation)
STORMS = (lost_submission, lost_submission, lost_run, contested_end, contested_end, lost_outputs)
