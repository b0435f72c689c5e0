"""Faults: what a test declares, and which request it hits."""

from dataclasses import dataclass
from typing import Any

from local.simulator.errors import bad_request
from local.simulator.schemas import Schema, faults_of

CALLS = ("create", "get", "list", "cancel", "file")
FILE_ONLY = {"truncate", "short", "redirect", "wrong_type"}
# The request is not acted on.
BEFORE = {"drop_before", "status", "throttle"}

_STATUS: Schema = {"type": "integer", "minimum": 200, "maximum": 599}
_SECONDS: Schema = {"type": "number", "minimum": 0}
_FRACTION: Schema = {"type": "number", "minimum": 0, "maximum": 1}
_TEXT: Schema = {"type": "string"}
_REPLY: dict[str, Schema] = {"status": _STATUS, "headers": {"type": "object"}, "body": {}}

# What each kind takes besides the common keys, and which of these it needs.
KINDS: dict[str, tuple[dict[str, Schema], tuple[str, ...]]] = {
    "drop_before": ({}, ()),
    "drop_after": ({}, ()),
    "delay": ({"seconds": _SECONDS}, ("seconds",)),
    "status": (_REPLY, ("status",)),
    "status_after": (_REPLY, ("status",)),
    "throttle": (
        {"seconds": _SECONDS, "hint": {"type": "string", "enum": ["header", "body", "text", "none"]}},
        (),
    ),
    "html": ({"status": _STATUS}, ()),
    "half_json": ({}, ()),
    "unknown_status": ({}, ()),
    "truncate": ({"fraction": _FRACTION}, ()),
    "short": ({"fraction": _FRACTION}, ()),
    "redirect": ({"location": _TEXT}, ("location",)),
    "wrong_type": ({"content_type": _TEXT}, ("content_type",)),
}
_COMMON: dict[str, Schema] = {
    "call": {"type": "string", "enum": list(CALLS)},
    "kind": {"type": "string", "enum": list(KINDS)},
    "model": _TEXT,
    "prediction": _TEXT,
    "after": {"type": "integer", "minimum": 0},
    "times": {"type": "integer", "minimum": -1},
}


@dataclass
class Fault:
    """A fault that waits: `after` requests pass it, then it hits `times` requests (-1: all)."""

    declared: dict[str, Any]
    after: int
    times: int

    @property
    def kind(self) -> str:
        return str(self.declared["kind"])

    def get(self, key: str, default: Any = None) -> Any:
        return self.declared.get(key, default)

    def matches(self, call: str | None, model: str | None, prediction: str | None) -> bool:
        wanted = self.declared
        return (
            wanted["call"] == call
            and wanted.get("model") in (None, model)
            and wanted.get("prediction") in (None, prediction)
        )

    def as_json(self) -> dict[str, Any]:
        return {**self.declared, "after": self.after, "times": self.times}


class Faults:
    """Those that wait, in the order in which they were declared."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def add(self, declared: Any) -> None:
        """One fault or a list; all of them or, with a 400 that says why, none."""
        several = declared if isinstance(declared, list) else [declared]
        self.waiting += [_checked(one) for one in several]

    def hit(self, call: str | None, model: str | None, prediction: str | None) -> Fault | None:
        """The first fault that hits this request, which is then one hit nearer its end."""
        for fault in self.waiting:
            if not fault.matches(call, model, prediction):
                continue
            if fault.after:
                fault.after -= 1
                continue
            self._spend(fault)
            return fault
        return None

    def _spend(self, fault: Fault) -> None:
        if fault.times > 0:
            fault.times -= 1
        if fault.times == 0:
            self.waiting.remove(fault)


def _checked(declared: Any) -> Fault:
    kind = declared.get("kind") if isinstance(declared, dict) else None
    extra, needed = KINDS.get(kind, ({}, ())) if isinstance(kind, str) else ({}, ())
    schema: Schema = {
        "type": "object",
        "properties": {**_COMMON, **extra},
        "required": ["call", "kind", *needed],
        "additionalProperties": False,
    }
    wrong = [f"{fault['field'] or 'fault'}: {fault['description']}" for fault in faults_of(schema, declared)]
    wrong = wrong or _contradictions(declared)
    if wrong:
        raise bad_request("; ".join(wrong))
    return Fault(dict(declared), after=declared.get("after", 0), times=declared.get("times", 1))


def _contradictions(declared: dict[str, Any]) -> list[str]:
    call, kind = declared["call"], declared["kind"]
    wrong = []
    if kind in FILE_ONLY and call != "file":
        wrong.append(f"kind: {kind} is for the call file only")
    if kind in {"half_json", "unknown_status"} and call == "file":
        wrong.append(f"kind: {kind} is not for the call file")
    if call == "list" and "model" in declared:
        wrong.append("model: a list request names no model")
    if call in {"create", "list"} and "prediction" in declared:
        wrong.append(f"prediction: a {call} request names no prediction")
    if declared.get("times") == 0:
        wrong.append("times: a fault hits at least once, or -1 for all")
    return wrong
