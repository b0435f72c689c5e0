"""A prediction: its phases and statuses, and how it may end. Pure; the table is `docs/record.md`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from lumeo.errors import ErrorCode


class Status(StrEnum):
    """Replicate's words. `aborted` is kept in the record and served as `canceled`: official clients break on it."""

    STARTING = "starting"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    ABORTED = "aborted"

    @property
    def terminal(self) -> bool:
        return self in {Status.SUCCEEDED, Status.FAILED, Status.CANCELED, Status.ABORTED}


class Remark(StrEnum):
    """What its caller should know of a prediction beside its status."""

    PARTIAL = "partial"
    INCOMPLETE = "incomplete"
    NOT_STOPPED = "not_stopped"


class Phase(StrEnum):
    """How far it has come with us."""

    ACCEPTED = "accepted"
    SENDING = "sending"
    RUNNING = "running"
    SETTLED = "settled"
    DONE = "done"


TRANSITIONS: Mapping[Phase, frozenset[Phase]] = {
    Phase.ACCEPTED: frozenset({Phase.SENDING, Phase.SETTLED, Phase.DONE}),
    Phase.SENDING: frozenset({Phase.ACCEPTED, Phase.RUNNING, Phase.SETTLED}),
    Phase.RUNNING: frozenset({Phase.SETTLED, Phase.DONE}),
    Phase.SETTLED: frozenset({Phase.DONE}),
    Phase.DONE: frozenset(),
}
"""Legal steps from phase to phase; the table's conditions are made from it."""

CLOCKS_DIFFER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Document:
    """Something opaque to us: its JSON text, or the key in the bucket under which that text lies, and its digest."""

    json: str | None = None
    key: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """When it may go to its provider; `shift`: the milliseconds that all turns had been put off by until then."""

    at: str
    shift: int


@dataclass(frozen=True, slots=True)
class Intent:
    """A submission that may be under way, or may have arrived, until it is known; `credential`: by which account."""

    attempt: str
    at: str
    not_after: str
    absent_at: str | None = None
    credential: str = "default"


@dataclass(frozen=True, slots=True)
class Handle:
    """All that is needed to ask a provider again; never a secret: `credential` is the name of the account used.

    `kept`: what else the provider's declaration needs, texts and maps of texts.
    """

    id: str
    at: str
    credential: str = "default"
    kept: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How it ended at the provider, or with us. Written once."""

    status: Status
    at: str
    code: ErrorCode | None = None


@dataclass(frozen=True, slots=True)
class Upstream:
    """What the provider last said of it, in its own words."""

    status: str | None = None
    model: str | None = None
    version: str | None = None
    started_at: str | None = None
    completed_at: str | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """One stored file: where it stands in the output, and what lies in the bucket."""

    pointer: str
    key: str
    bytes: int
    sha256: str
    content_type: str


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Where a caller wants to be told of a prediction, and of which events."""

    url: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What became of telling a caller of one event: `status` is what the last attempt was answered, `error` a word.

    `n`: which of several events of that name it was.
    """

    attempts: int
    first_at: str
    last_at: str
    n: int = 0
    status: int | None = None
    error: str | None = None
    delivered_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One look at a provider, translated. `unknown`: its word for the status is none that we know.

    `stored`: its output has files that are to be stored however it ended; `remark`: what qualifies a success.
    """

    status: Status
    upstream: Upstream
    output: Any = None
    error: str | None = None
    code: ErrorCode | None = None
    logs: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    removed: bool = False
    unknown: bool = False
    stored: bool = False
    remark: Remark | None = None


@dataclass(frozen=True, slots=True)
class WakeUp:
    """What a verified webhook says: of which run, and what it looked like. A hint: a look decides."""

    upstream_id: str
    snapshot: Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """The item `prediction#{id}`; attribute by attribute in `docs/record.md`."""

    id: str
    caller: str
    created_at: str
    provider: str
    input: Document
    base_url: str
    outputs_id: str
    deadline: str
    run: str
    due_shard: int | None
    due_at: str | None
    deadline_by: Literal["default", "caller"] = "default"
    model: str | None = None
    version: str | None = None
    deployment: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    latest: str | None = None
    rerun_of: str | None = None
    subscriber: Subscriber | None = None
    phase: Phase = Phase.ACCEPTED
    status: Status = Status.STARTING
    room: Turn | None = None
    before: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    intent: Intent | None = None
    webhook: bool = False
    proposed: str | None = None
    handle: Handle | None = None
    wakes: int = 0
    task_token: str | None = None
    polls: int = 0
    looked_at: str | None = None
    troubles: int = 0
    gone_looks: int = 0
    upstream: Upstream = field(default_factory=Upstream)
    logs: Document | None = None
    metrics: Document | None = None
    partial: Document | None = None
    cancel_requested: str | None = None
    cancel_sent: str | None = None
    verdict: Verdict | None = None
    promised_at: str | None = None
    collect_by: str | None = None
    remarks: tuple[Remark, ...] = ()
    result: Document | None = None
    raw_error: Document | None = None
    raw_logs: Document | None = None
    fresh_look: Literal["asked", "gone"] | None = None
    outputs: Mapping[str, Output] = field(default_factory=dict)
    output: Document | None = None
    error_code: ErrorCode | None = None
    completed_at: str | None = None
    expires_at: int | None = None
    removed_at: str | None = None
    erase_at: str | None = None
    timeline: Mapping[str, str] = field(default_factory=dict)
    announced: Mapping[str, Announced] = field(default_factory=dict)
    told_at: str | None = None


def verdict(prediction: Prediction, snapshot: Snapshot, now: str) -> Verdict | None:
    """How a prediction ended according to one look, or None while it has not."""
    if not snapshot.status.terminal:
        return None
    if snapshot.status is Status.SUCCEEDED and snapshot.removed:
        return Verdict(Status.FAILED, now, ErrorCode.OUTPUT_EXPIRED)
    if snapshot.status is Status.SUCCEEDED:
        empty = snapshot.output is None or snapshot.output == []
        return Verdict(Status.FAILED, now, ErrorCode.EMPTY_OUTPUT) if empty else Verdict(Status.SUCCEEDED, now)
    if snapshot.status is Status.FAILED:
        return Verdict(Status.FAILED, now, snapshot.code or ErrorCode.GENERATION_FAILED)
    if snapshot.status is Status.ABORTED:
        return Verdict(Status.ABORTED, now, ErrorCode.DEADLINE_EXCEEDED)
    if not prediction.cancel_requested and _about(now, prediction.deadline):
        return overdue(prediction, now)
    return Verdict(Status.CANCELED, now)


def _about(now: str, deadline: str) -> bool:
    """Past the deadline, or so shortly before it that the provider kept it by another clock."""
    return datetime.fromisoformat(now) >= datetime.fromisoformat(deadline) - CLOCKS_DIFFER


def overdue(prediction: Prediction, now: str) -> Verdict:
    """The end by deadline: what the caller asked for is `canceled`, our own default is a failure."""
    status = Status.CANCELED if prediction.deadline_by == "caller" else Status.FAILED
    return Verdict(status, now, ErrorCode.DEADLINE_EXCEEDED)


def asked_of(prediction: Prediction) -> tuple[str | None, str | None]:
    """The provider's name of the model that was asked for, and the version, if either was named."""
    model, version = named(prediction.version)
    return model or (None if prediction.version else prediction.model), version


def is_hash(version: str) -> bool:
    """Whether it is a version's own name, which always means the same."""
    return re.fullmatch(r"[0-9a-f]{64}", version) is not None


def named(version: str | None) -> tuple[str | None, str | None]:
    """The model and the hash in `owner/name:hash`, `owner/name` or a bare hash."""
    found = re.fullmatch(r"(?:(?P<model>[^/:]+/[^/:]+)(?::|$))?(?P<hash>[^/:]+)?", version or "")
    return (found["model"], found["hash"]) if found else (None, None)
