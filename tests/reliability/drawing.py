"""Draws plans: which predictions, which clients, which faults, all from one seed."""

import random
from collections.abc import Callable
from typing import Any

from tests.reliability import plans
from tests.reliability.plans import LISTING, Act, Plan

FUNCTIONS = ("Submit", "Create", "Status", "Finalize", "Cancel", "Webhook", "Read", "Sweep")
MODELS = (
    *("sim/instant",) * 3,
    *("sim/slow",) * 4,
    *("sim/image",) * 2,
    *("sim/many",) * 3,
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
    "sim/script",
    "sim/script",
)
AWS_KINDS = {
    "dynamodb": ("throttled", "broken", "refused", "lost", "silent", "conflict", "conflict"),
    "s3": ("throttled", "broken", "refused", "lost"),
    "states": ("throttled", "broken", "refused", "lost"),
    "secretsmanager": ("throttled", "broken", "refused"),
}


class Draw:
    """One plan in the making."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(f"plan {seed}")
        self.acts: list[dict[str, Any]] = []

    def plan(self, seed: int) -> Plan:
        names = "abc"[: self.chance.choice((1, 1, 1, 2, 2, 3))]
        for name in names:
            self._prediction(name)
        kinds = (self._provider, self._provider, self._provider, self._webhook, self._aws, self._die, self._stall)
        rare = (self._silence, self._rotation, self._start_fails, self._kill_run)
        for _ in range(self.chance.choice((0, 1, 2, 3, 4, 5, 6, 8))):
            add: Callable[[], None] = self.chance.choice(kinds if self.chance.random() < 0.85 else rare)
            add()
        self._keep_the_premises()
        return Plan(seed, self.acts, cold=self.chance.random() < 0.3)

    # What callers do

    def _prediction(self, name: str) -> None:
        chance, model = self.chance, self.chance.choice(MODELS)
        given: dict[str, Any] = {"prompt": f"prediction {name}", "width": 16, "height": 16}
        if model == "sim/script":
            given |= self._script()
        elif model == "sim/big":
            given |= {"bytes": chance.choice((0, 1000, 100_000))}
        elif model == "sim/many":
            given |= {"num_outputs": chance.randint(1, 5)}
        headers = {}
        if chance.random() < 0.12:
            headers["Cancel-After"] = str(chance.choice((5, 10, 30, 60)))
        if chance.random() < 0.12:
            headers["Prefer"] = f"wait={chance.choice((1, 5, 20))}"
        act = {"act": "submit", "name": name, "at": self._moment(20), "model": model, "input": given, "headers": headers}
        never_ends = model == "sim/stuck" and "Cancel-After" not in headers
        way = "key" if never_ends else chance.choice(("once", "once", "key", "key", "counted"))
        tries = chance.randint(2, 3) if way == "key" and chance.random() < 0.5 else 1
        self.acts.append({**act, "way": way, "tries": tries, "long": chance.random() < 0.15})
        self._afterwards(name, act["at"], never_ends=never_ends)

    def _script(self) -> dict[str, Any]:
        chance = self.chance
        script: dict[str, Any] = {
            "starting": round(chance.random() * chance.choice((0, 1, 30)), 2),
            "processing": round(chance.random() * chance.choice((1, 10, 100)), 2),
        }
        if chance.random() < 0.25:
            return script | {"status": "failed", "error": "it broke"}
        outputs = (["$png"], ["$png", "$jpeg"], plans.LONG, {"file": "$text", "more": ["$html"]}, ["$bytes:70000"])
        return script | {"output": chance.choice(outputs)}

    def _afterwards(self, name: str, after: float, *, never_ends: bool) -> None:
        chance = self.chance
        if never_ends or chance.random() < 0.2:
            for _ in range(chance.choice((1, 1, 2))):
                self.acts.append({"act": "cancel", "of": name, "at": after + self._moment(60)})
        if chance.random() < 0.08:
            self.acts.append({"act": "stop", "of": name, "at": after + self._moment(60)})
        if chance.random() < 0.2:
            self.acts.append({"act": "read", "of": name, "at": after + self._moment(60)})

    # What goes wrong

    def _provider(self) -> None:
        chance, call = self.chance, self.chance.choice(("create", "create", "get", "get", "list", "cancel", "file"))
        kinds = ["drop_before", "drop_after", "delay", "status", "throttle"]
        if call == "create":
            kinds += ["slow_accept", "slow_accept", "status_after", "drop_after", "throttle"]
        if call == "file":
            kinds += ["truncate", "short", "truncate", "short", "expired", "wrong_type"]
        else:
            kinds += ["html", "half_json"]
        if call == "get":
            kinds += ["unknown_status", "not_found"]
        if call == "list":
            kinds += ["lag", "lag"]
        self._add_provider(call, chance.choice(kinds))

    def _add_provider(self, call: str, kind: str) -> None:
        chance, more = self.chance, dict[str, Any]()
        times = chance.choice((1, 1, 1, 2, 3, 6))
        if kind in {"delay", "slow_accept"}:
            more["seconds"] = round(chance.random() * chance.choice((5, 25, 55)), 1)
        elif kind == "status":
            more["status"] = chance.choice((500, 502, 503, 504, 408) if call != "file" else (500, 503, 403))
        elif kind == "expired":
            kind, more["status"] = "status", 404
        elif kind == "not_found":
            # Three in a row would say that it is gone.
            kind, times, more["status"] = "status", 1, 404
        elif kind == "status_after":
            more["status"] = chance.choice((500, 502, 504))
        elif kind == "throttle":
            more |= {"hint": chance.choice(("header", "body", "text", "none")), "seconds": chance.choice((1, 3, 10, 40))}
        elif kind == "lag":
            times, more["seconds"] = -1, chance.choice((5, 20, 45, 59))
        elif kind in {"truncate", "short"}:
            more["fraction"] = round(chance.random(), 2)
        elif kind == "wrong_type":
            more["content_type"] = chance.choice(("text/html", "application/octet-stream", "nonsense"))
        self._add({"act": "provider", "call": call, "kind": kind, "times": times, **more}, 120)
        # Mostly only who has lost an answer asks for the list.
        if call == "list" and not any(act.get("call") == "create" for act in self.acts):
            self._add_provider("create", chance.choice(("drop_after", "slow_accept", "drop_before", "half_json")))

    def _webhook(self) -> None:
        chance = self.chance
        kind = chance.choice(("lose", "lose", "late", "late", "duplicate", "forge", "stale", "alter", "early_end"))
        more: dict[str, Any] = {"event": "start"} if kind == "early_end" else {}
        if kind == "late":
            more |= {"seconds": chance.choice((1, 5, 30, 90))}
        elif kind == "stale":
            more |= {"seconds": chance.choice((-600, 600))}
        elif kind == "duplicate":
            more |= {"copies": chance.randint(1, 3)}
        if kind != "early_end" and chance.random() < 0.5:
            more["event"] = chance.choice(("start", "completed", "completed"))
        fault = {"act": "provider", "call": "webhook", "kind": kind, "times": chance.choice((1, 1, 2, -1)), **more}
        self._add(fault, 120)

    def _aws(self) -> None:
        chance = self.chance
        service = chance.choice(("dynamodb",) * 5 + ("s3", "s3", "states", "states", "secretsmanager"))
        fault: dict[str, Any] = {"act": "aws", "service": service, "kind": chance.choice(AWS_KINDS[service])}
        if chance.random() < 0.6:
            fault["function"] = chance.choice((*FUNCTIONS, "Machine") if service == "dynamodb" else FUNCTIONS[:5])
        # The SDK tries four times, the state machine nine: few are seen by nobody, many by the function, most by the run.
        times = chance.choice((1, 1, 2, 4, 5, 9, 40, 200))
        self._add({**fault, "after": chance.choice((0, 0, 1, 2, 5, 10)), "times": times}, 60)

    def _start_fails(self) -> None:
        kind = self.chance.choice(("throttled", "broken", "refused", "lost"))
        fault = {"act": "aws", "service": "states", "operation": "StartExecution", "kind": kind, "times": 200, "after": 0}
        self._add(fault, 90)

    def _die(self) -> None:
        self._add({"act": "die", **self._at_a_call()}, 120)

    def _stall(self) -> None:
        seconds = round(self.chance.random() * self.chance.choice((3, 15, 60)), 1)
        self._add({"act": "stall", **self._at_a_call(), "seconds": seconds}, 120)

    def _at_a_call(self) -> dict[str, Any]:
        chance = self.chance
        function = chance.choice((*FUNCTIONS, "Create", "Create", "Create", "Status", "Finalize", "Finalize"))
        return {"function": function, "after": chance.randint(0, 7), "late": chance.random() < 0.5}

    def _kill_run(self) -> None:
        """A function that fails more often than the state machine repeats it: its run fails."""
        function = self.chance.choice(("Create", "Status", "Finalize"))
        fault = {"act": "aws", "service": "dynamodb", "function": function, "kind": "broken", "after": 0, "times": 400}
        self._add(fault, 150, least=100)

    def _silence(self) -> None:
        self._add({"act": "silence"}, 200)

    def _rotation(self) -> None:
        self.acts.append({"act": "rotate", "at": self._moment(60)})

    # How it is drawn

    def _add(self, act: dict[str, Any], longest: float, least: float = 5) -> None:
        """With the time in which it happens: mostly from the beginning."""
        begin = 0.0 if self.chance.random() < 0.6 else self._moment(60)
        lasting = least + self.chance.random() * (longest - least)
        self.acts.append({**act, "at": begin, "until": round(begin + lasting, 2)})

    def _moment(self, most: float) -> float:
        """Mostly early: that is when most of it happens."""
        return round(most * self.chance.random() ** 3, 2)

    def _keep_the_premises(self) -> None:
        """A provider that takes a submission late, and lists it later still, must not take both times at their longest.

        From the intent until a look may say that nothing arrived there are 90 s, of which 10 may pass before it is sent.
        """
        slow = max((act["seconds"] for act in self.acts if act.get("kind") == "slow_accept"), default=0)
        stalled = max((act["seconds"] for act in self.acts if act["act"] == "stall" and act["function"] == "Create"), default=0)
        for act in self.acts:
            if act.get("kind") == "lag":
                act["seconds"] = max(0, min(act["seconds"], LISTING - 1, 75 - slow - min(stalled, 20)))


def draw(seed: int) -> Plan:
    """The plan that follows from a seed."""
    return Draw(seed).plan(seed)


def faults(plan: Plan) -> list[Act]:
    """Those acts that are faults: each has a time in which it happens."""
    return [act for act in plan.acts if "until" in act]
