"""What can go wrong, and the words for it. Everything imports this; it imports the standard library alone.

LumeoError
├── ApiError            becomes the answer to a caller
│   └── NotFound        what is not there, or another's: the same words for each
├── ProviderError       a provider's trouble, split by what to do
│   ├── Rejected        final: the provider took note and said no
│   ├── Retryable       nothing arrived, or nothing was learnt: again, later
│   ├── Ambiguous       a submission that may have arrived
│   ├── Gone            the provider has it no more
│   └── Forged          a webhook that the provider did not send, or not now
├── PrivatePeer         a host outside turned out to be inside
├── Unswept             overdue predictions could not be carried on
└── CopyError           an output could not be stored
    ├── OutputUnavailable   not now: look again
    ├── OutputRefused       never: not a place that outputs are fetched from
    └── OutputTooLarge      never: above the limit
"""

from enum import StrEnum
from typing import Any


class ErrorCode(StrEnum):
    """Why a prediction ended without success: the closed list that callers may rely on."""

    CONTENT_REJECTED = "content_rejected"
    INVALID_INPUT = "invalid_input"
    MODEL_NOT_FOUND = "model_not_found"
    GENERATION_FAILED = "generation_failed"
    INTERRUPTED = "interrupted"
    PROVIDER_BUSY = "provider_busy"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    PROVIDER_ACCOUNT = "provider_account"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    OUTPUT_EXPIRED = "output_expired"
    OUTPUT_TOO_LARGE = "output_too_large"
    EMPTY_OUTPUT = "empty_output"
    SUBMISSION_UNCERTAIN = "submission_uncertain"


class LumeoError(Exception):
    """The root of all errors that Lumeo raises."""


class ApiError(LumeoError):
    """An answer to a caller, in Replicate's shape: `{"title", "detail", "status"}` and what `more` adds.

    `retry_after`: seconds, which are said in the body and in the header.
    """

    def __init__(self, status: int, title: str, detail: str, *, retry_after: int | None = None, **more: Any) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status = status
        self.title = title
        self.detail = detail
        self.more = more if retry_after is None else {"retry_after": retry_after, **more}
        self.headers = {} if retry_after is None else {"Retry-After": str(retry_after)}

    def body(self) -> dict[str, Any]:
        return {"title": self.title, "detail": self.detail, "status": self.status, **self.more}


class NotFound(ApiError):
    """What is not there, or another's."""

    def __init__(self) -> None:
        super().__init__(404, "Not found", "The requested resource could not be found.")


class ProviderError(LumeoError):
    """A provider's trouble. `raw` is its own text: for the log and the record's private field, never for a caller."""

    def __init__(self, raw: str) -> None:
        super().__init__(raw)
        self.raw = raw


class Rejected(ProviderError):
    """The provider said no, and would say it again."""

    def __init__(self, code: ErrorCode, raw: str) -> None:
        super().__init__(raw)
        self.code = code


class Retryable(ProviderError):
    """It surely did not arrive, or a look brought nothing. `after`: the seconds that the provider asked for, if it did.

    `throttled`: it was a 429, so there is no room rather than an outage.
    """

    def __init__(self, raw: str, after: float | None = None, *, throttled: bool = False) -> None:
        super().__init__(raw)
        self.after = after
        self.throttled = throttled


class Ambiguous(ProviderError):
    """A submission that may have arrived: it must not be repeated before that is known."""


class Gone(ProviderError):
    """The provider does not know it (any more). `code`: what it ends as, if that is believed."""

    def __init__(self, raw: str, code: ErrorCode = ErrorCode.INTERRUPTED) -> None:
        super().__init__(raw)
        self.code = code


class Forged(ProviderError):
    """A webhook whose signature does not hold, or no longer."""


class PrivatePeer(LumeoError):
    """The other side is not on the public internet: whoever named it may be after what only we can reach."""


class Unswept(LumeoError):
    """What is overdue could not be carried on: the next sweep tries again."""


class CopyError(LumeoError):
    """An output could not be stored."""


class OutputUnavailable(CopyError):
    """Not there, cut off, or out of reach at the moment. `gone`: whoever has it says that there is no such file."""

    def __init__(self, reason: str, *, gone: bool = False) -> None:
        super().__init__(reason)
        self.gone = gone


class OutputRefused(CopyError):
    """On a host, or behind a redirect to a host, that outputs are not fetched from."""


class OutputTooLarge(CopyError):
    """Above the limit that the owner set."""
