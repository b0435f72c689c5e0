"""Replicate (https://replicate.com/docs/reference/http): submit, find, look, cancel, hear."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlencode

from lumeo import artifacts, clock, credentials, settings, signatures
from lumeo.artifacts import Artifact, Download, Hosts
from lumeo.errors import Ambiguous, Forged, Gone, Rejected, Retryable
from lumeo.faults import Fault
from lumeo.offered import DEADLINE
from lumeo.polling import Policy
from lumeo.prediction import Handle, Snapshot, WakeUp
from lumeo.providers import http
from lumeo.providers.answers import retry_after
from lumeo.providers.base import (
    CANCEL_SECONDS,
    LOOK_SECONDS,
    SUBMIT_SECONDS,
    Search,
    Submission,
    WebhookCall,
    WithoutBatches,
)
from lumeo.providers.http import Answer
from lumeo.providers.replicate_words import refusal, snapshot
from lumeo.rates import Rate

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
SHORTEST_CANCEL_AFTER = 5
"""Seconds: Replicate takes no shorter `Cancel-After`."""
EVENTS = ("start", "completed")
"""What it calls our webhook for. Its default is worded in two ways, so it is always told."""
FIND_SECONDS = 15
"""After so long no further page of its list is asked for."""
MOST_UNCLEAR = 20
SIGNING_SECONDS = 3600
"""For so long the signing secret is trusted; one that does not hold is read again, at most once a minute."""
SIGNING_AGAIN_SECONDS = 60


class Replicate(WithoutBatches):
    """The provider `replicate`."""

    name = "replicate"
    polling = Policy(first=1, factor=1.5, cap=5, deadline=DEADLINE, result_window=3600)
    cancels = True
    describes = True
    finishes = False
    options: Mapping[str, str | None] = {}

    def __init__(self, base_url: str, hosts: Hosts, token: Callable[[str], str], room: Rate, listing: int) -> None:
        self._base_url = base_url
        self._token = token
        self.hosts = hosts
        self.room = room
        self.listing = listing
        self._signing: dict[str, tuple[str, float]] = {}

    def faults(self, model: str | None, options: Mapping[str, Any]) -> list[Fault]:
        del model, options
        return []

    def ready(self, credential: str) -> None:
        self._token(credential)

    def calls_back(self, url: str, credential: str) -> bool:
        del credential
        # It calls https alone; what stands in for it on this machine also calls what is on this machine.
        return url.startswith("https://") or self._base_url.startswith("http://")

    def prepare(self, submission: Submission) -> None:
        """Nothing: it takes all at once."""

    def submit(self, submission: Submission) -> tuple[Handle, Snapshot | None]:
        body: dict[str, Any] = {"input": submission.input}
        path = "/predictions"
        if submission.deployment:
            path = f"/deployments/{submission.deployment}/predictions"
        elif submission.version:
            body["version"] = submission.version
        else:
            path = f"/models/{submission.model}/predictions"
        if submission.webhook:
            body |= {"webhook": submission.webhook, "webhook_events_filter": list(EVENTS)}
        # Replicate ends the run by itself then, so that it outlives nothing of ours.
        deadline = {"Cancel-After": f"{max(SHORTEST_CANCEL_AFTER, submission.cancel_after)}s"}
        answer = self._call("POST", path, submission.credential, seconds=SUBMIT_SECONDS, headers=deadline, body=body)
        refused = refusal(answer)
        if refused:
            raise refused
        if not isinstance(answer.json, dict) or not _is_id(answer.json.get("id")):
            raise Ambiguous(f"{answer.status} without a prediction: {answer.text}")
        return self.adopt(answer.json["id"], submission), snapshot(answer.json)

    def find(self, search: Search) -> Sequence[Handle]:
        end = clock.now().timestamp() + FIND_SECONDS
        who = search.credential
        listed = list(self._listed(end, who, created_after=search.after, created_before=search.before))
        urls = [shown.get("webhook") for shown in listed]
        # A list that shows the webhook of one, of whatever time, shows those of all.
        if listed and not _shows_webhooks(listed) and not _shows_webhooks(self._page({}, who)[0]):
            urls = self._webhooks(listed, end, who)
        ours = [
            Handle(id=shown["id"], at=clock.stamp(), credential=who)
            for shown, url in zip(listed, urls, strict=True)
            if isinstance(url, str) and url.startswith(search.webhook)
        ]
        return ours[::-1]

    def adopt(self, upstream_id: str, submission: Submission) -> Handle:
        return Handle(id=upstream_id, at=clock.stamp(), credential=submission.credential)

    def fetch(self, handle: Handle) -> Snapshot:
        return snapshot(self._shown(handle.id, handle.credential))

    def cancel(self, handle: Handle) -> None:
        answer = self._asked("POST", f"/predictions/{handle.id}/cancel", handle.credential, CANCEL_SECONDS)
        if answer.status == 404:
            raise Gone(answer.text)
        if answer.status not in {200, 201, 202}:
            raise Retryable(f"{answer.status}: {answer.text}", retry_after(answer))

    def webhook(self, call: WebhookCall) -> WakeUp:
        known = self._secret(call.credential, SIGNING_SECONDS)
        wrong = signatures.fault(known, call.headers, call.body, clock.now().timestamp())
        if wrong:
            # It may have been signed with a secret that is newer than what we read.
            fresh = self._secret(call.credential, SIGNING_AGAIN_SECONDS)
            wrong = signatures.fault(fresh, call.headers, call.body, clock.now().timestamp())
        if wrong:
            raise Forged(wrong)
        shown = http.parsed(call.body)
        if not isinstance(shown, dict) or not _is_id(shown.get("id")):
            raise Forged("no prediction in it")
        return WakeUp(shown["id"], snapshot(shown))

    def describe(self, path: str, seconds: float) -> dict[str, Any]:
        answer = self._asked("GET", f"/models/{path}", credentials.DEFAULT, seconds)
        if answer.status == 404:
            raise Gone(answer.text)
        if answer.status != 200 or not isinstance(answer.json, dict):
            raise Retryable(f"{answer.status}: {answer.text}", retry_after(answer))
        return answer.json

    def artifacts(self, handle: Handle, output: Any) -> tuple[Artifact, ...]:
        del handle
        return artifacts.find(output, self.hosts)

    def open(self, handle: Handle, artifact: Artifact) -> Download:
        del handle
        return Download(artifact.url, self.hosts)

    def _shown(self, upstream_id: str, credential: str) -> dict[str, Any]:
        answer = self._asked("GET", f"/predictions/{upstream_id}", credential, LOOK_SECONDS)
        if answer.status == 404:
            raise Gone(answer.text)
        if answer.status != 200 or not isinstance(answer.json, dict) or answer.json.get("id") != upstream_id:
            raise Retryable(f"{answer.status}: {answer.text}", retry_after(answer))
        return answer.json

    def _listed(self, end: float, credential: str, **query: str) -> Iterator[dict[str, Any]]:
        """What it lists of a time, newest first. Raises Retryable when that takes until `end`."""
        cursor: dict[str, str] | None = {}
        while cursor is not None:
            _in_time(end)
            results, cursor = self._page(query | cursor, credential)
            yield from results
            if _older(results, query["created_after"]):
                return

    def _page(self, query: Mapping[str, str], credential: str) -> tuple[list[dict[str, Any]], dict[str, str] | None]:
        """A page of its list, and what to add to the query for the next one, if there is one."""
        answer = self._asked("GET", f"/predictions?{urlencode(query)}", credential, LOOK_SECONDS)
        page = answer.json if answer.status == 200 and isinstance(answer.json, dict) else {}
        results = page.get("results")
        if not isinstance(results, list) or not all(isinstance(one, dict) and _is_id(one.get("id")) for one in results):
            raise Retryable(f"{answer.status}: {answer.text}", retry_after(answer))
        # Only the cursor is taken from what it calls the next page: the token goes nowhere but to its own host.
        cursor = parse_qs(str(page.get("next") or "").partition("?")[2]).get("cursor")
        return results, {"cursor": cursor[0]} if cursor else None

    def _webhooks(self, listed: Sequence[Mapping[str, Any]], end: float, credential: str) -> list[Any]:
        """Those that a look at each shows. Raises Ambiguous where none does."""
        if len(listed) > MOST_UNCLEAR:
            raise Ambiguous("its list shows no webhooks")
        shown = []
        for one in listed:
            _in_time(end)
            shown.append(self._shown(one["id"], credential))
        if not _shows_webhooks(shown):
            raise Ambiguous("it shows no webhooks")
        return [one.get("webhook") for one in shown]

    def _secret(self, credential: str, age: float) -> str:
        """What it signs webhooks with, as it was not longer ago than `age` seconds."""
        now = clock.now().timestamp()
        known = self._signing.get(credential)
        if known is None or now - known[1] >= age:
            answer = self._asked("GET", "/webhooks/default/secret", credential, LOOK_SECONDS)
            key = answer.json.get("key") if answer.status == 200 and isinstance(answer.json, dict) else None
            if not isinstance(key, str) or not signatures.is_secret(key):
                raise Retryable(f"{answer.status} without a signing secret", retry_after(answer))
            known = self._signing[credential] = (key, now)
        return known[0]

    def _asked(self, method: str, path: str, credential: str, seconds: float) -> Answer:
        """A call that may be repeated without harm."""
        try:
            return self._call(method, path, credential, seconds=seconds)
        except (Ambiguous, Rejected) as error:  # An owner's mistake with the token costs looks, not a paid run.
            raise Retryable(error.raw) from error

    def _call(  # noqa: PLR0913 (all that a call is made of)
        self,
        method: str,
        path: str,
        credential: str,
        *,
        seconds: float,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Answer:
        authorized = {"Authorization": f"Bearer {self._token(credential)}", **(headers or {})}
        return http.request(method, self._base_url + path, headers=authorized, seconds=seconds, body=body)


def from_environment() -> Replicate:
    """Replicate as the settings say."""
    return Replicate(
        settings.replicate_base_url(),
        Hosts(settings.replicate_output_hosts()),
        lambda account: credentials.token(Replicate.name, account),
        _room(settings.replicate_creates_per_minute()),
        settings.replicate_listing_seconds(),
    )


def _room(per_minute: int) -> Rate:
    """A twentieth of a minute's submissions at once: what is refused all the same moves the clock."""
    return Rate(per_minute, burst=max(1, per_minute // 20))


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _shows_webhooks(shown: Sequence[Mapping[str, Any]]) -> bool:
    return any("webhook" in one for one in shown)


def _in_time(end: float) -> None:
    if clock.now().timestamp() > end:
        raise Retryable("its list is too long to be read in one go")


def _older(results: Sequence[Mapping[str, Any]], than: str) -> bool:
    """Whether a page goes back far enough, whatever the list was asked for."""
    try:
        return bool(results) and clock.parse(str(results[-1].get("created_at"))) < clock.parse(than)
    except ValueError:
        return False
