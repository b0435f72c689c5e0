"""The tree of errors, the closed list of codes, and the shape of an answer that tells of one."""

import re

import pytest

from lumeo import errors
from lumeo.errors import (
    Ambiguous,
    ApiError,
    CopyError,
    ErrorCode,
    Forged,
    Gone,
    LumeoError,
    NotFound,
    OutputRefused,
    OutputTooLarge,
    OutputUnavailable,
    PrivatePeer,
    ProviderError,
    Rejected,
    Retryable,
    Unswept,
)


def test_codes_are_a_closed_list() -> None:
    """Callers rely on it: a change here is a change of the API."""
    assert {code.value for code in ErrorCode} == {
        "content_rejected",
        "invalid_input",
        "model_not_found",
        "generation_failed",
        "interrupted",
        "provider_busy",
        "provider_unavailable",
        "provider_account",
        "deadline_exceeded",
        "output_expired",
        "output_too_large",
        "empty_output",
        "submission_uncertain",
    }


@pytest.mark.parametrize(
    ("error", "parent"),
    [
        pytest.param(ApiError, LumeoError, id="api"),
        pytest.param(NotFound, ApiError, id="not found"),
        pytest.param(ProviderError, LumeoError, id="provider"),
        pytest.param(Rejected, ProviderError, id="rejected"),
        pytest.param(Retryable, ProviderError, id="retryable"),
        pytest.param(Ambiguous, ProviderError, id="ambiguous"),
        pytest.param(Gone, ProviderError, id="gone"),
        pytest.param(Forged, ProviderError, id="forged"),
        pytest.param(PrivatePeer, LumeoError, id="private peer"),
        pytest.param(Unswept, LumeoError, id="unswept"),
        pytest.param(CopyError, LumeoError, id="copy"),
        pytest.param(OutputUnavailable, CopyError, id="unavailable"),
        pytest.param(OutputRefused, CopyError, id="refused"),
        pytest.param(OutputTooLarge, CopyError, id="too large"),
    ],
)
def test_each_error_has_one_parent(error: type[Exception], parent: type[Exception]) -> None:
    assert error.__bases__ == (parent,)


def test_the_modules_text_shows_the_whole_tree() -> None:
    drawn = set(re.findall(r"^[│├└─ ]*(\w+)", errors.__doc__ or "", re.MULTILINE))
    defined = {
        name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, LumeoError)
    }

    assert defined <= drawn


def test_an_api_error_has_replicates_shape() -> None:
    assert ApiError(404, "Not found", "There is no such thing.").body() == {
        "title": "Not found",
        "detail": "There is no such thing.",
        "status": 404,
    }


def test_an_api_error_carries_more_fields() -> None:
    fields = [{"type": "required", "field": "input", "description": "prompt is required"}]

    body = ApiError(422, "Input validation failed", "- input: prompt is required\n", invalid_fields=fields).body()

    assert body["invalid_fields"] == fields
    assert set(body) == {"title", "detail", "status", "invalid_fields"}


@pytest.mark.parametrize("seconds", [0, 1, 30])
def test_an_api_error_says_when_to_come_again(seconds: int) -> None:
    """In the header for what follows the standard, in the body for what follows Replicate."""
    error = ApiError(429, "Too many requests", "Slow down.", retry_after=seconds)

    assert error.headers == {"Retry-After": str(seconds)}
    assert error.body()["retry_after"] == seconds


def test_an_api_error_says_nothing_of_it_else() -> None:
    error = ApiError(404, "Not found", "There is no such thing.")

    assert error.headers == {}
    assert "retry_after" not in error.body()


def test_an_api_error_reads_as_a_line() -> None:
    assert str(ApiError(404, "Not found", "There is no such thing.")) == "404 Not found: There is no such thing."


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(Rejected(ErrorCode.INVALID_INPUT, "its own words"), id="rejected"),
        pytest.param(Retryable("its own words"), id="retryable"),
        pytest.param(Ambiguous("its own words"), id="ambiguous"),
        pytest.param(Gone("its own words"), id="gone"),
        pytest.param(Forged("its own words"), id="forged"),
    ],
)
def test_a_providers_words_are_kept(error: ProviderError) -> None:
    assert error.raw == "its own words"


def test_a_plain_trouble_asks_for_nothing() -> None:
    error = Retryable("503")

    assert error.after is None
    assert error.throttled is False


def test_a_429_says_when_to_come_again() -> None:
    error = Retryable("429", 5.0, throttled=True)

    assert error.after == 5.0
    assert error.throttled is True
