"""What many unit tests begin with: a prediction in each phase, as `docs/record.md` has them, and any JSON."""

from typing import Any

from hypothesis import strategies as st

from lumeo.errors import ErrorCode
from lumeo.prediction import Document, Handle, Intent, Output, Phase, Prediction, Status, Upstream, Verdict

ID = "01kak8fz00" + "0" * 16
NOW = "2026-11-21T10:00:00.000Z"
DEADLINE = "2026-11-21T11:00:00.000Z"

INTENT = Intent("attempt-1", NOW, "2026-11-21T10:00:30.000Z")
HANDLE = Handle("hdwst0bb05rgp0cf0p29mzk2am", NOW)
UPSTREAM = Upstream(status="processing", model="stability-ai/sdxl", version="39ed", started_at=NOW)
OUTPUT = Output("/0", "outputs/abc/0.png", 3, "9f86d08188", "image/png")

_SENT: dict[str, Any] = {"intent": INTENT}
_RUN: dict[str, Any] = {**_SENT, "handle": HANDLE, "upstream": UPSTREAM, "status": Status.PROCESSING}
_SETTLED: dict[str, Any] = {**_RUN, "verdict": Verdict(Status.SUCCEEDED, NOW), "result": Document(json="{}")}
_DONE: dict[str, Any] = {"status": Status.SUCCEEDED, "completed_at": NOW, "due_at": None, "due_shard": None}

IN_PHASE: dict[Phase, dict[str, Any]] = {
    Phase.ACCEPTED: {},
    Phase.SENDING: _SENT,
    Phase.RUNNING: _RUN,
    Phase.SETTLED: _SETTLED,
    Phase.DONE: {**_SETTLED, **_DONE, "output": Document(json='"text"')},
}


def prediction(phase: Phase = Phase.ACCEPTED, **changes: Any) -> Prediction:
    """A prediction as it is in that phase, but for the changes."""
    common: dict[str, Any] = {
        "id": ID,
        "caller": "ann",
        "created_at": NOW,
        "provider": "replicate",
        "model": "stability-ai/sdxl",
        "input": Document(json='{"prompt":"a corgi"}'),
        "base_url": "https://lumeo.test",
        "outputs_id": "0" * 32,
        "deadline": DEADLINE,
        "run": changes.get("id", ID),
        "due_shard": 3,
        "due_at": "2026-11-21T10:02:00.000Z",
        "timeline": {"accepted": NOW},
        "phase": phase,
    }
    return Prediction(**(common | IN_PHASE[phase] | changes))


CODES = st.sampled_from(ErrorCode)

TEXTS = st.text(st.characters(exclude_categories=()))
"""Any text that JSON can bring, lone surrogates included."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
"""Any JSON value."""
