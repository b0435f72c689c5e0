"""What Lumeo asks of a provider. Nothing outside this package knows a provider's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from lumeo.artifacts import Artifact, Hosts
from lumeo.polling import Policy
from lumeo.prediction import Handle, Snapshot, WakeUp
from lumeo.rates import Rate

SUBMIT_SECONDS = 20
LOOK_SECONDS = 10
CANCEL_SECONDS = 8
"""A call is over after so long, whatever the other side does. A function makes one, and perhaps a cancel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What is to be run: a `deployment`, a `version`, or else a `model` (`owner/name`); `cancel_after` in seconds.

    `webhook`: where the provider calls us, if it may.
    """

    model: str | None
    version: str | None
    deployment: str | None = None
    input: Mapping[str, Any]
    cancel_after: int
    webhook: str | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """A submission that may have arrived between two moments, and what the URL of its webhook begins with."""

    webhook: str
    after: str
    before: str


class Provider(Protocol):
    """An outside API that runs predictions. Every call is one request, without a repeat and without a sleep.

    They raise `Retryable`; `ready` and `submit` also `Rejected`, `submit` and `find` `Ambiguous`, `fetch`, `cancel` and
    `describe` `Gone`, `webhook` `Forged`. `room` is how many submissions it takes; after `listing` seconds what it took
    is found.
    """

    name: str
    polling: Policy
    hosts: Hosts
    room: Rate
    listing: int

    def ready(self) -> None:
        """Have the credential at hand, so that `submit` needs nothing but the provider. Raises Rejected without one."""

    def calls_back(self, url: str) -> bool:
        """Whether it would call a webhook at that URL."""

    def submit(self, submission: Submission) -> tuple[Handle, Snapshot | None]:
        """Start it; the snapshot is what the answer showed, if it showed one."""

    def find(self, search: Search) -> Sequence[Handle]:
        """What a submission became, oldest first. Raises Ambiguous where that cannot be told."""

    def fetch(self, handle: Handle) -> Snapshot:
        """Look at it once."""

    def cancel(self, handle: Handle) -> None:
        """Ask for its end; what came of it shows in the next look."""

    def webhook(self, headers: Mapping[str, str], body: bytes) -> WakeUp:
        """What a call of our webhook says, once it is verified; `headers` by their names in lower case."""

    def describe(self, path: str, seconds: float) -> dict[str, Any]:
        """What it says of a model (`owner/name`), its versions (`…/versions`), or one of them (`…/versions/{hash}`).

        Raises Gone for what it does not know.
        """

    def artifacts(self, output: Any) -> tuple[Artifact, ...]:
        """The files in an output."""
