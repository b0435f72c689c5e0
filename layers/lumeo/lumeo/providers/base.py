"""What Lumeo asks of a provider. Nothing outside this package knows a provider's words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from lumeo.artifacts import Artifact, Hosts
from lumeo.polling import Policy
from lumeo.prediction import Handle, Snapshot

SUBMIT_SECONDS = 20
LOOK_SECONDS = 10
CANCEL_SECONDS = 8
"""A call is over after so long, whatever the other side does. A function makes one, and perhaps a cancel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What is to be run: `model` (`owner/name`) or `version` as the caller named it; `cancel_after` in seconds."""

    model: str | None
    version: str | None
    input: Mapping[str, Any]
    cancel_after: int


class Provider(Protocol):
    """An outside API that runs predictions. Every call is one request, without a repeat and without a sleep.

    They raise `Retryable`; `ready` and `submit` also `Rejected`, `submit` `Ambiguous`, `fetch` and `cancel` `Gone`.
    """

    name: str
    polling: Policy
    hosts: Hosts

    def ready(self) -> None:
        """Have the credential at hand, so that `submit` needs nothing but the provider. Raises Rejected without one."""

    def submit(self, submission: Submission) -> tuple[Handle, Snapshot | None]:
        """Start it; the snapshot is what the answer showed, if it showed one."""

    def fetch(self, handle: Handle) -> Snapshot:
        """Look at it once."""

    def cancel(self, handle: Handle) -> None:
        """Ask for its end; what came of it shows in the next look."""

    def artifacts(self, output: Any) -> tuple[Artifact, ...]:
        """The files in an output."""
