"""A provider whose declaration is not there any more, or broken: what runs there is looked after as well as can be."""

from collections.abc import Mapping, Sequence
from typing import Any

from lumeo.artifacts import Artifact, Download
from lumeo.errors import Ambiguous, ErrorCode, Forged, Gone, Rejected, Retryable
from lumeo.faults import Fault
from lumeo.polling import Policy
from lumeo.prediction import Handle, Snapshot, WakeUp
from lumeo.providers.base import Search, Submission, WebhookCall, WithoutBatches
from lumeo.rates import Rate


class Absent(WithoutBatches):
    """Takes nothing new. Looks are trouble, which passes when the declaration is back before the deadline."""

    polling = Policy(first=60, factor=1.5, cap=300, deadline=3600, result_window=86_400)
    room = Rate(60, burst=1)
    listing = 0
    cancels = True
    describes = False
    finishes = False

    def __init__(self, name: str, why: str) -> None:
        self.name = name
        self.options: Mapping[str, str | None] = {}
        self._why = f"{name} cannot be used: {why}"

    def faults(self, model: str | None, options: Mapping[str, Any]) -> list[Fault]:
        del model, options
        return [("enum", "provider", f"{self.name} cannot be used at the moment")]

    def ready(self, credential: str) -> None:
        raise Rejected(ErrorCode.PROVIDER_UNAVAILABLE, f"{self._why} (with {credential})")

    def calls_back(self, url: str, credential: str) -> bool:
        del url, credential
        return False

    def prepare(self, submission: Submission) -> None:
        """Nothing: `ready` has refused it."""

    def submit(self, submission: Submission) -> tuple[Handle, Snapshot | None]:
        raise Rejected(ErrorCode.PROVIDER_UNAVAILABLE, f"{self._why} (for {submission.prediction})")

    def find(self, search: Search) -> Sequence[Handle]:
        raise Ambiguous(f"{self._why} (nor searched for {search.webhook})")

    def adopt(self, upstream_id: str, submission: Submission) -> Handle:
        raise Ambiguous(f"{self._why} (nor {upstream_id} be taken for {submission.prediction})")

    def fetch(self, handle: Handle) -> Snapshot:
        raise Retryable(f"{self._why} (nor asked for {handle.id})")

    def cancel(self, handle: Handle) -> None:
        raise Retryable(f"{self._why} (nor told to stop {handle.id})")

    def webhook(self, call: WebhookCall) -> WakeUp:
        raise Forged(f"{self._why} (nor believed about {call.prediction})")

    def describe(self, path: str, seconds: float) -> dict[str, Any]:
        raise Gone(f"{self._why} (nor describe {path} within {seconds} s)")

    def artifacts(self, handle: Handle, output: Any) -> tuple[Artifact, ...]:
        del handle, output
        return ()

    def open(self, handle: Handle, artifact: Artifact) -> Download:
        raise Rejected(ErrorCode.PROVIDER_UNAVAILABLE, f"{self._why} (nor {artifact.pointer} of {handle.id})")
