"""Plans: what callers, the provider, AWS and the operator do in one world, as data that follows from a seed.

An act is a mapping that JSON can say, so that a plan can be printed, shortened and played again.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from local.simulator.models import MODELS
from lumeo.errors import ErrorCode
from lumeo.prediction import Status

Act = Mapping[str, Any]

LONG = "a long text"
LONG_TEXT = "x" * 20_000
"""What stands for it in a plan, and what it is: above what an item holds, so that it goes to the bucket."""
DEADLINE = 3600.0
"""Seconds from acceptance, unless the caller shortens it."""
LISTING = 60
"""Seconds after which the provider lists what it accepted: the premise of `REPLICATE_LISTING_SECONDS`."""

ASIDE = frozenset({"receiver", "remove", "rerun"})
"""Acts that no prediction ends later for: what becomes of telling a caller, and what is done to one that is over."""
ENDLESS = frozenset({"sim/stuck", "sim/queued"})
"""Models that do not end by themselves."""

CODES: Mapping[str, ErrorCode] = {
    "sim/nsfw": ErrorCode.CONTENT_REJECTED,
    "sim/flagged": ErrorCode.CONTENT_REJECTED,
    "sim/traceback": ErrorCode.GENERATION_FAILED,
    "sim/interrupted": ErrorCode.INTERRUPTED,
    "sim/null": ErrorCode.EMPTY_OUTPUT,
    "sim/empty": ErrorCode.EMPTY_OUTPUT,
    "sim/stuck": ErrorCode.DEADLINE_EXCEEDED,
}
"""How the models that do not succeed end with us."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is decided beforehand. `cold`: every invocation is a cold start."""

    seed: int
    acts: Sequence[Act]
    cold: bool = False

    @classmethod
    def parsed(cls, text: str) -> Self:
        """The plan that `str` wrote."""
        return cls(**json.loads(text))

    def __str__(self) -> str:
        return json.dumps({"seed": self.seed, "cold": self.cold, "acts": list(self.acts)})

    def of(self, *kinds: str) -> Iterator[Act]:
        """The acts of these kinds."""
        return (act for act in self.acts if act["act"] in kinds)

    def about(self, name: str) -> Iterator[Act]:
        """What is done to the prediction of that name."""
        return (act for act in self.acts if act.get("of") == name)

    def without(self, gone: Sequence[Act]) -> "Plan":
        """The same without some of its acts."""
        return Plan(self.seed, [act for act in self.acts if not any(act is one for one in gone)], self.cold)

    @property
    def over(self) -> float:
        """When all is done that may delay an end, the last fault included, in seconds from the beginning."""
        return max((max(act["at"], act.get("until", 0)) for act in self.acts if act["act"] not in ASIDE), default=0.0)


def given(act: Act) -> dict[str, Any]:
    """The input that a submit act sends."""
    sent = dict(act["input"])
    if act["long"]:
        sent["prompt"] += f" {LONG_TEXT}"
    if sent.get("output") == LONG:
        sent["output"] = LONG_TEXT
    return sent


def again(act: Act) -> Act:
    """The submit act that a rerun of another comes to."""
    return {**act, "name": f"{act['name']} again", "headers": {}}


def provider_seconds(act: Act) -> float:
    """How long the provider takes for what a submit act asks for."""
    script = MODELS[act["model"]].script(act["input"])
    return min(script.starting + script.processing, DEADLINE)


def natural_end(act: Act) -> tuple[Status, ErrorCode | None]:
    """How it ends when nobody intervenes and faults end."""
    if act["model"] == "sim/script" and act["input"].get("status") == "failed":
        return Status.FAILED, ErrorCode.GENERATION_FAILED
    code = CODES.get(act["model"])
    return (Status.FAILED, code) if code else (Status.SUCCEEDED, None)


def cancel_after(act: Act) -> float | None:
    """Seconds that the caller gives a prediction."""
    text = act["headers"].get("Cancel-After")
    return float(text) if text else None


def ended_by(plan: Plan, act: Act) -> float:
    """When somebody ends it at the latest, in seconds from the beginning: never is infinity."""
    shorter = cancel_after(act)
    ends = [one["at"] for one in plan.about(act["name"]) if one["act"] == "cancel"]
    return min([*ends, *([act["at"] + shorter] if shorter else [])], default=float("inf"))


def is_repeated_safely(plan: Plan, act: Act) -> bool:
    """Whether however many requests make one prediction.

    A counted repeat cannot know of a first request that nobody waits for any more, and that has written nothing yet.
    """
    hanging = any(one["function"] == "Submit" for one in plan.of("lose"))
    return act["way"] == "key" or (act["way"] == "counted" and not hanging)


def may_end(plan: Plan, act: Act) -> set[tuple[Status, ErrorCode | None]]:
    """Every end that is right for a prediction: one alone, unless somebody ends it."""
    ends = {natural_end(act)}
    if any(one["act"] in {"cancel", "stop"} for one in plan.about(act["name"])):
        ends |= {(Status.CANCELED, None)}
    if cancel_after(act):
        ends |= {(Status.CANCELED, ErrorCode.DEADLINE_EXCEEDED), (Status.ABORTED, ErrorCode.DEADLINE_EXCEEDED)}
        # So short a time can be over before the provider has room for it, or can be reached.
        busy = any(True for _ in plan.of("provider"))
        ends |= (
            {(Status.FAILED, ErrorCode.PROVIDER_BUSY), (Status.FAILED, ErrorCode.PROVIDER_UNAVAILABLE)}
            if busy
            else set()
        )
    return ends
