"""What Lumeo asks of a provider. Nothing outside this package knows a provider's words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lumeo.artifacts import Artifact, Download
from lumeo.faults import Fault
from lumeo.polling import Policy
from lumeo.prediction import Handle, Snapshot, Status, WakeUp
from lumeo.rates import Rate

SUBMIT_SECONDS = 20
STEP_SECONDS = 10
LOOK_SECONDS = 10
CANCEL_SECONDS = 8
"""A call is over after so long, whatever the other side does. A function makes one or two, and perhaps a cancel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What is to be run: a `deployment`, a `version`, or else a `model`; `cancel_after` in seconds.

    `prediction` is our id, `credential` the name of the account, `before` what earlier steps kept, by their names.
    `webhook`: where the provider calls us, if it may.
    """

    prediction: str
    credential: str
    model: str | None
    version: str | None
    deployment: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    input: Mapping[str, Any]
    before: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    cancel_after: int
    webhook: str | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """A submission that may have arrived between two moments, and what the URL of its webhook begins with."""

    webhook: str
    after: str
    before: str
    credential: str = "default"


@dataclass(frozen=True, slots=True)
class WebhookCall:
    """A call of our webhook for a prediction; `headers` by their names in lower case."""

    headers: Mapping[str, str]
    body: bytes
    prediction: str
    credential: str = "default"


def is_id(text: Any) -> bool:
    """Whether it may be a provider's name for a run: one that neither breaks a key nor leads a URL elsewhere."""
    return (
        isinstance(text, str)
        and re.fullmatch(r"[!-~]{1,512}", text) is not None
        and not {".", ".."} & set(text.split("/"))
    )


def as_id(value: Any) -> str | None:
    """The name of a run, if that is what a provider's JSON has there: a text, or a number."""
    text = str(value) if type(value) is int else value
    return text if is_id(text) else None


class Provider(Protocol):
    """An outside API that runs predictions. Every call is one request, or two, without a repeat and without a sleep.

    They raise `Retryable`; `ready`, `prepare`, `submit` and `fetch` also `Rejected`, `submit`, `find` and `adopt`
    `Ambiguous`, `fetch`, `cancel` and `describe` `Gone`, `webhook` `Forged`.
    """

    name: str
    polling: Policy
    room: Rate
    """How many submissions it takes of an account."""
    listing: int
    """Seconds after which what it took is found."""
    cancels: bool
    """Whether it can be told to stop."""
    describes: bool
    """Whether it says what its models take."""
    batches: bool
    """Whether its predictions have items."""
    finishes: bool
    """Whether the answer to a submission may already be the end."""
    options: Mapping[str, str | None]
    """What a request may say beside its input, with the defaults, which may be nothing."""

    def faults(self, model: str | None, options: Mapping[str, Any]) -> list[Fault]:
        """What of a request's model and options it does not take."""

    def statuses(self, rows: Sequence[Any]) -> list[tuple[str | None, Status]]:
        """What the lines of a batch's results say: what each item was called, and how it ended."""

    def has_items(self, pointer: str) -> bool:
        """Whether the file at that place of an output has a line for each item of a batch."""

    def ready(self, credential: str) -> None:
        """Have the credential at hand, so that `submit` needs nothing but the provider. Raises Rejected without one."""

    def calls_back(self, url: str, credential: str) -> bool:
        """Whether it would call a webhook at that URL."""

    def prepare(self, submission: Submission) -> tuple[str, Mapping[str, str]] | None:
        """Make the first step before the submission that was not made yet; its name, and what is to be kept of it.

        None when nothing is left to be done. A step may be repeated.
        """

    def submit(self, submission: Submission) -> tuple[Handle, Snapshot | None]:
        """Start it; the snapshot is what the answer showed, if it showed one."""

    def find(self, search: Search) -> Sequence[Handle]:
        """What a submission became, oldest first. Raises Ambiguous where that cannot be told."""

    def adopt(self, upstream_id: str, submission: Submission) -> Handle:
        """The handle of what a submission became, as a webhook named it. Raises Ambiguous where that is not enough."""

    def fetch(self, handle: Handle) -> Snapshot:
        """Look at it once."""

    def cancel(self, handle: Handle) -> None:
        """Ask for its end; what came of it shows in the next look."""

    def webhook(self, call: WebhookCall) -> WakeUp:
        """What a call of our webhook says, once it is verified."""

    def describe(self, path: str, seconds: float) -> dict[str, Any]:
        """What it says of a model (`owner/name`), its versions (`…/versions`), or one of them (`…/versions/{hash}`).

        Raises Gone for what it does not know.
        """

    def artifacts(self, handle: Handle, output: Any) -> tuple[Artifact, ...]:
        """The files in an output."""

    def open(self, handle: Handle, artifact: Artifact) -> Download:
        """Where a file's bytes are, and what has to be sent for them."""


class WithoutBatches:
    """What a provider says of batches that has none."""

    batches = False

    def statuses(self, rows: Sequence[Any]) -> list[tuple[str | None, Status]]:
        del rows
        return []

    def has_items(self, pointer: str) -> bool:
        del pointer
        return False
