"""A provider that is a declaration: makes its requests, and reads the answers by its rules."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lumeo import clock, signatures, urls
from lumeo.artifacts import Artifact, Download
from lumeo.errors import Ambiguous, ErrorCode, Forged, Gone, ProviderError, Rejected, Retryable
from lumeo.faults import Fault, mistyped
from lumeo.prediction import Handle, Remark, Snapshot, Status, Upstream, WakeUp
from lumeo.providers import accounts, hearing, reading
from lumeo.providers.accounts import Account
from lumeo.providers.answers import mended, refusal, retry_after
from lumeo.providers.base import (
    CANCEL_SECONDS,
    STEP_SECONDS,
    SUBMIT_SECONDS,
    Search,
    Submission,
    WebhookCall,
    as_id,
    is_id,
)
from lumeo.providers.calling import Caller, Unsaid, with_query
from lumeo.providers.expressions import as_text
from lumeo.providers.grammar import Declaration
from lumeo.providers.templates import Unsayable
from lumeo.rates import Rate

LOOKING_SECONDS = 12
"""All requests of a look together are over after so long: the function that makes them also has to tell of a cancel."""
LONGEST_KEPT = 8192
"""Characters of one text that is kept of an answer."""


class Declared:
    """The provider that a declaration describes.

    `account`: the fields of an account, by its name; raises Rejected where there is none. `master`: the key that
    webhooks' secrets are made with.
    """

    listing = 0
    describes = False
    finishes = True

    def __init__(
        self, declaration: Declaration, account: Callable[[str], Mapping[str, Any]], master: Callable[[], bytes]
    ) -> None:
        self.declaration = declaration
        self.name = declaration.name
        self.polling = declaration.polling
        self.room = Rate(declaration.room, burst=max(1, declaration.room // 20))
        self.options = declaration.options
        self.batches = declaration.items is not None
        self.cancels = declaration.cancel is not None
        self._account_of = account
        self._master = master

    def faults(self, model: str | None, options: Mapping[str, Any]) -> list[Fault]:
        """What of a request's model and options it does not take."""
        wanted, known = self.declaration.model, self.declaration.options
        found: list[Fault] = []
        if wanted is None and model is not None:
            found.append(("additional_property_not_allowed", "model", f"{self.name} takes no model"))
        elif wanted and model is None and not wanted.optional:
            found.append(("required", "model", f"model is required: {self.name} takes one such as {wanted.example}"))
        elif wanted and model is not None and not (is_id(model) and re.fullmatch(wanted.pattern, model)):
            found.append(("pattern", "model", f"Expected a model of {self.name}, such as {wanted.example}"))
        for name, value in options.items():
            if name not in known:
                there = f"has the options {', '.join(known)}" if known else "has no options"
                found.append(("additional_property_not_allowed", f"options.{name}", f"{self.name} {there}"))
            elif not isinstance(value, str) or not re.fullmatch(r"[!-~]([ -~]{0,254}[!-~])?", value):
                found.append(mistyped(f"options.{name}", "string", value))
        return found

    def statuses(self, rows: Sequence[Any]) -> list[tuple[str | None, Status]]:
        items = self.declaration.items
        found = []
        for row in rows if items else []:
            rule = reading.matching(items.rules, row) if items and isinstance(row, dict) else None
            name = as_text(items.id.of(row)) if items and isinstance(row, dict) else None
            found.append((name, Status(rule.status) if rule else Status.FAILED))
        return found

    def has_items(self, pointer: str) -> bool:
        return self.declaration.items is not None and pointer in self.declaration.items.files

    def ready(self, credential: str) -> None:
        self._account(credential)

    def calls_back(self, url: str, credential: str) -> bool:
        del credential
        return self.declaration.webhook is not None and url.startswith("https://")

    def prepare(self, submission: Submission) -> tuple[str, Mapping[str, str]] | None:
        account, values = self._begun(submission)
        caller = Caller(self.declaration, account)
        for step in self.declaration.before:
            if step.name in submission.before or (step.when and not step.when.holds(values)):
                continue
            answer, url = caller.ask(step.call.send, values, STEP_SECONDS, ErrorCode.INVALID_INPUT)
            raw = f"{answer.status}: {answer.text}"
            if not step.call.takes(answer.status):
                raise _repeatable(refusal(answer) or Retryable(raw))
            kept = _kept(step.keep, {**values, **reading.answered(answer, url)})
            if set(kept) != set(step.keep):
                raise Retryable(f"{raw} has not all that is to be kept of it")
            return step.name, kept
        return None

    def submit(self, submission: Submission) -> tuple[Handle, Snapshot | None]:
        account, values = self._begun(submission)
        wanted = self.declaration.submit
        caller = Caller(self.declaration, account)
        answer, url = caller.call(wanted.call.send, values, SUBMIT_SECONDS, ErrorCode.INVALID_INPUT)
        seen = {**values, **reading.answered(answer, url)}
        raw = f"{answer.status}: {answer.text}"
        for refused in wanted.refused:
            if refused.when.holds(seen):
                raise Rejected(refused.code, raw)
        if answer.status in wanted.again:
            raise Retryable(raw, retry_after(answer), throttled=True)
        if not wanted.call.takes(answer.status):
            raise refusal(answer) or Ambiguous(raw)
        upstream_id = as_id(wanted.id.of(seen))
        if upstream_id is None:
            raise Ambiguous(f"{answer.status} without an id: {answer.text}")
        handle = self._handle(upstream_id, submission, _kept(wanted.keep, seen))
        lost = self._lost(handle, account)
        if lost:
            return handle, Snapshot(
                status=Status.FAILED,
                upstream=Upstream(),
                error=f"it can never be asked for: {lost}",
                code=ErrorCode.PROVIDER_UNAVAILABLE,
                remark=Remark.NOT_STOPPED,
            )
        if not wanted.finishes:
            return handle, None
        known = {**self._known(handle, account), **reading.answered(answer, url), "result": None}
        try:
            return handle, reading.snapshot(self.declaration, known, account.files)
        except Gone:  # Looks will say so, if it is so.
            return handle, None

    def find(self, search: Search) -> Sequence[Handle]:
        raise Ambiguous(f"{self.declaration.title} has no list of submissions in which {search.webhook} could be found")

    def adopt(self, upstream_id: str, submission: Submission) -> Handle:
        if not is_id(upstream_id) or set(self.declaration.submit.keep) - set(self.declaration.submit.adopt):
            raise Ambiguous(f"{self.declaration.title} has to be asked by more than the id {upstream_id}")
        return self._handle(upstream_id, submission, {})

    def fetch(self, handle: Handle) -> Snapshot:
        try:
            return self._fetched(handle)
        except Rejected as error:
            if error.code is ErrorCode.OUTPUT_TOO_LARGE:
                raise
            # An owner's mistake costs looks, not a paid run: an account that is gone, a host that was taken away.
            raise Retryable(error.raw) from error

    def _fetched(self, handle: Handle) -> Snapshot:
        account = self._account(handle.credential)
        caller = Caller(self.declaration, account, LOOKING_SECONDS)
        seen = {**self._known(handle, account), "result": None}
        seen |= caller.look(self.declaration.status, seen)
        result = self.declaration.result
        if result and result.when.holds(seen):
            seen["result"] = caller.look(result.call, seen)
        return reading.snapshot(self.declaration, seen, account.files)

    def cancel(self, handle: Handle) -> None:
        cancel = self.declaration.cancel
        if cancel is None or (cancel.look_first and self.fetch(handle).status.terminal):
            return
        account = self._account(handle.credential)
        caller = Caller(self.declaration, account)
        answer, _ = caller.ask(cancel.call.send, self._known(handle, account), CANCEL_SECONDS)
        if answer.status in cancel.too_late or cancel.call.takes(answer.status):
            return
        raw = f"{answer.status}: {answer.text}"
        raise Gone(raw) if answer.status in {404, 410} else Retryable(raw, retry_after(answer))

    def webhook(self, call: WebhookCall) -> WakeUp:
        webhook = self.declaration.webhook
        if webhook is None:
            raise Forged(f"{self.declaration.title} calls no webhooks")
        account = self._account(call.credential)
        # What stands in for the provider on this machine has keys of its own.
        keys = account.fields.get("webhook_keys") if account.base.startswith("http://") else None
        return hearing.heard(webhook, call, self._webhook_secret(call.prediction), keys)

    def describe(self, path: str, seconds: float) -> dict[str, Any]:
        del seconds
        raise Gone(f"{self.declaration.title} does not describe {path}")

    def artifacts(self, handle: Handle, output: Any) -> tuple[Artifact, ...]:
        try:
            files = self._account(handle.credential).files
        except Rejected:  # An account that is not there for a moment loses nothing but hosts of its own.
            files = None
        return reading.found(self.declaration, output, files)

    def open(self, handle: Handle, artifact: Artifact) -> Download:
        account = self._account(handle.credential)
        redirects = self.declaration.redirects
        if not artifact.keyed:
            return Download(artifact.url, account.files, redirects=redirects)
        auth = Caller(self.declaration, account).authorized(self._known(handle, account))
        hosts = account.files | account.trusted
        url = with_query(artifact.url, auth.query) if account.trusted.allows(artifact.url) else artifact.url
        return Download(url, hosts, auth.headers, account.trusted, redirects)

    # What requests are made of

    def _account(self, credential: str) -> Account:
        """Raises Rejected for an account that is not there, or lacks a field."""
        return accounts.read(self.declaration, credential, self._account_of(credential))

    def _begun(self, submission: Submission) -> tuple[Account, dict[str, Any]]:
        """The account, and what the requests up to the submission are made of."""
        account = self._account(submission.credential)
        secret = self._webhook_secret(submission.prediction) if submission.webhook else None
        return account, {
            "in": submission.input,
            "model": submission.model,
            "options": self._options(submission),
            "base": account.base,
            "prediction": submission.prediction,
            "webhook": submission.webhook,
            "webhook_secret": secret,
            "seconds": submission.cancel_after,
            "before": submission.before,
        }

    def _options(self, submission: Submission) -> dict[str, str | None]:
        return {**self.declaration.options, **submission.options}

    def _handle(self, upstream_id: str, submission: Submission, kept: Mapping[str, str]) -> Handle:
        known: dict[str, Any] = {"model": submission.model, "options": self._options(submission)}
        known |= {"before": {name: dict(step) for name, step in submission.before.items()}, "kept": dict(kept)}
        return Handle(
            upstream_id, clock.stamp(), submission.credential, {name: value for name, value in known.items() if value}
        )

    def _known(self, handle: Handle, account: Account) -> dict[str, Any]:
        """What requests after the submission are made of."""
        known = {"model": None, "options": self.options, "before": {}, **handle.kept}
        known |= {"id": handle.id, "base": account.base}
        kept = dict(known.get("kept", {}))
        submit = self.declaration.submit
        for name, template in submit.adopt.items() if set(submit.keep) - set(kept) else ():
            if name not in kept:
                try:
                    kept[name] = template.url({**known, "kept": kept})
                except Unsayable as error:
                    raise Unsaid(ErrorCode.PROVIDER_UNAVAILABLE, f"{template.text}: {error}") from error
        return known | {"kept": kept}

    def _lost(self, handle: Handle, account: Account) -> str | None:
        """Why the looks at a run could not be made, if they could not: it names nowhere, or somebody else's host."""
        try:
            url = self.declaration.status.send.url.url(self._known(handle, account))
        except (Unsayable, Unsaid) as error:
            return str(error)
        return None if account.trusted.allows(url) else f"{urls.host(url)} is none of its hosts"

    def _webhook_secret(self, prediction: str) -> str:
        return signatures.provider_secret(self._master(), self.name, prediction)


def _kept(wanted: Mapping[str, Any], seen: Mapping[str, Any]) -> dict[str, str]:
    texts = {name: mended(as_text(expression.of(seen)) or "") for name, expression in wanted.items()}
    return {name: text for name, text in texts.items() if text and len(text) <= LONGEST_KEPT}


def _repeatable(error: ProviderError) -> ProviderError:
    """A step may be repeated, whatever became of it."""
    return Retryable(error.raw) if isinstance(error, Ambiguous) else error
