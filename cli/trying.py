"""Requests that are made again after what may pass: lost connections, a busy or faulty service."""

import random
from collections.abc import Callable, Iterator

import requests

from cli.codes import Code, CommandFailed, Uncertain
from lumeo import clock

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0
"""Seconds between two tries; each pause is twice the one before, less up to a quarter by chance."""
PASSING = {429, 500, 502, 503, 504}
_LOST = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


def persistently(
    attempt: Callable[[], requests.Response], *, patience: float, notice: Callable[[str], None]
) -> requests.Response:
    """The answer, once there is one that is no passing trouble; or the last, once patience is at its end.

    `patience`: seconds from the first trouble on. Raises Uncertain if nobody answered.
    """
    pauses, end = _pauses(), None
    while True:
        answer, trouble = _tried(attempt)
        if answer is not None and answer.status_code not in PASSING:
            return answer
        now, pause = clock.now().timestamp(), next(pauses)
        end = now + patience if end is None else end
        wait = max(pause, _asked(answer)) if answer is not None else pause
        if now + wait > end:
            if answer is None:
                raise Uncertain(trouble)
            return answer
        notice(f"{trouble}; trying again in {wait:.0f} s" if wait >= 1 else f"{trouble}; trying again")
        clock.sleep(wait)


def _tried(attempt: Callable[[], requests.Response]) -> tuple[requests.Response | None, str]:
    """What came of one try: an answer, and what is wrong in words."""
    try:
        answer = attempt()
    except _LOST as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            hint = "SSL_CERT_FILE names the file of certificates to trust."
            raise CommandFailed(
                Code.UNREACHABLE, f"{_host(error)} has a certificate that is not trusted.", hint
            ) from error
        kind = "did not answer in time" if isinstance(error, requests.Timeout) else "could not be reached"
        return None, f"{_host(error)} {kind}"
    except requests.RequestException as error:
        raise CommandFailed(Code.WRONG_USE, f"No request can be made of this: {error}") from error
    return answer, f"{answer.status_code} {answer.reason}".strip()


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE
    while True:
        yield pause * random.uniform(0.75, 1)  # noqa: S311 (so that not all come back at once)
        pause = min(LONGEST_PAUSE, 2 * pause)


def _asked(answer: requests.Response) -> float:
    """The seconds for which the service asks; what is no number of them is none."""
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else 0.0


def _host(error: requests.RequestException) -> str:
    url = error.request.url if error.request is not None else None
    return "/".join(str(url).split("/", 3)[:3]) if url else "The other side"
