"""The kinds of faults: what each takes, which calls it is for, and what else a declaration must not say."""

from typing import Any

from local.simulator.errors import bad_request
from local.simulator.schemas import Schema, faults_of

WEBHOOK = "webhook"
CALLS = ("create", "get", "list", "cancel", "file", "model", "secret", WEBHOOK)
REQUESTS = frozenset(CALLS) - {WEBHOOK}

_STATUS: Schema = {"type": "integer", "minimum": 200, "maximum": 599}
_SECONDS: Schema = {"type": "number", "minimum": 0}
_FRACTION: Schema = {"type": "number", "minimum": 0, "maximum": 1}
_TEXT: Schema = {"type": "string"}
_REPLY: dict[str, Schema] = {"status": _STATUS, "headers": {"type": "object"}, "body": {}}
_EVENT: dict[str, Schema] = {"event": {"type": "string", "enum": ["start", "output", "logs", "completed"]}}
_START: dict[str, Schema] = {"event": {"type": "string", "enum": ["start"]}}
_HINT: Schema = {"type": "string", "enum": ["header", "body", "text", "none"]}

# What each kind takes besides the common keys, and which of these it needs.
KINDS: dict[str, tuple[dict[str, Schema], tuple[str, ...]]] = {
    "drop_before": ({}, ()),
    "drop_after": ({}, ()),
    "delay": ({"seconds": _SECONDS}, ("seconds",)),
    "slow_accept": ({"seconds": _SECONDS}, ("seconds",)),
    "status": (_REPLY, ("status",)),
    "status_after": (_REPLY, ("status",)),
    "throttle": ({"seconds": _SECONDS, "hint": _HINT}, ()),
    "html": ({"status": _STATUS}, ()),
    "hide_webhook": ({}, ()),
    "lag": ({"seconds": _SECONDS}, ("seconds",)),
    "half_json": ({}, ()),
    "unknown_status": ({}, ()),
    "truncate": ({"fraction": _FRACTION}, ()),
    "short": ({"fraction": _FRACTION}, ()),
    "redirect": ({"location": _TEXT}, ("location",)),
    "wrong_type": ({"content_type": _TEXT}, ("content_type",)),
    "lose": (_EVENT, ()),
    "late": ({**_EVENT, "seconds": _SECONDS}, ("seconds",)),
    "duplicate": ({**_EVENT, "copies": {"type": "integer", "minimum": 1}}, ()),
    "forge": (_EVENT, ()),
    "stale": ({**_EVENT, "seconds": {"type": "number"}}, ("seconds",)),
    "alter": (_EVENT, ()),
    "early_end": (_START, ("event",)),
}
_FOR: dict[str, frozenset[str]] = {
    "slow_accept": frozenset({"create"}),
    "hide_webhook": frozenset({"get", "list"}),
    "lag": frozenset({"list"}),
    "half_json": REQUESTS - {"file"},
    "unknown_status": REQUESTS - {"file", "model", "secret"},
    **dict.fromkeys(("truncate", "short", "redirect", "wrong_type"), frozenset({"file"})),
    **dict.fromkeys(("lose", "late", "duplicate", "forge", "stale", "alter", "early_end"), frozenset({WEBHOOK})),
}
_COMMON: dict[str, Schema] = {
    "call": {"type": "string", "enum": list(CALLS)},
    "kind": {"type": "string", "enum": list(KINDS)},
    "model": _TEXT,
    "prediction": _TEXT,
    "after": {"type": "integer", "minimum": 0},
    "times": {"type": "integer", "minimum": -1},
}


def check(declared: Any) -> None:
    """Raise a 400 that says what is wrong with a declaration, if anything is."""
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


def _contradictions(declared: dict[str, Any]) -> list[str]:
    call, kind = declared["call"], declared["kind"]
    wrong = []
    if call not in _FOR.get(kind, REQUESTS):
        wrong.append(f"kind: {kind} is not for the call {call}")
    if call in {"list", "secret"} and "model" in declared:
        wrong.append(f"model: a {call} request names no model")
    if call in {"create", "list", "model", "secret"} and "prediction" in declared:
        wrong.append(f"prediction: a {call} request names no prediction")
    if declared.get("times") == 0:
        wrong.append("times: a fault hits at least once, or -1 for all")
    return wrong
