"""Replicate's words in ours: real strings and bodies, and whatever else it may answer."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumeo.artifacts import Hosts, find
from lumeo.errors import Ambiguous, ErrorCode, ProviderError, Rejected, Retryable
from lumeo.prediction import Phase, Snapshot, Status, Upstream, verdict
from lumeo.providers.answers import retry_after
from lumeo.providers.base import Submission
from lumeo.providers.http import Answer
from lumeo.providers.replicate import Replicate
from lumeo.providers.replicate_words import classify, refusal, snapshot
from lumeo.rates import Rate
from tests.unit.make import JSON, NOW, TEXTS, prediction

HASH = "39ed52f2a78e934b3ba6e2a89f5b1c712de7dfea535525255b1aa35c5565e08b"
URLS = {
    "cancel": "https://api.replicate.com/v1/predictions/hdwst0bb05rgp0cf0p29mzk2am/cancel",
    "get": "https://api.replicate.com/v1/predictions/hdwst0bb05rgp0cf0p29mzk2am",
    "web": "https://replicate.com/p/hdwst0bb05rgp0cf0p29mzk2am",
}
COMMON = {
    "id": "hdwst0bb05rgp0cf0p29mzk2am",
    "model": "stability-ai/sdxl",
    "version": HASH,
    "input": {"prompt": "a corgi", "seed": 42069},
    "logs": "",
    "output": None,
    "data_removed": False,
    "error": None,
    "source": "api",
    "created_at": "2026-04-22T11:15:15.329Z",
    "urls": URLS,
}
RAN = Upstream(
    model="stability-ai/sdxl",
    version=HASH,
    started_at="2026-04-22T11:15:15.803915Z",
    completed_at="2026-04-22T11:15:19.170420Z",
)
BUSY = "Your rate limit for creating predictions is reduced to 6 requests per minute with a burst of 1 requests"

# As JSON, and as what only Python's parser takes for it.
WILD = JSON | st.floats() | st.integers(-(10**400), 10**400) | st.just(10**400)
BODIES = st.dictionaries(
    st.sampled_from([*COMMON, "status", "metrics", "started_at", "completed_at", "title", "detail", "retry_after"])
    | TEXTS,
    WILD | st.sampled_from([*Status, *COMMON.values()]),
    max_size=8,
)


def answered(status: int, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, headers or {}, json.dumps(body), body)


class TestSnapshot:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            pytest.param(
                {**COMMON, "status": "starting"},
                Snapshot(
                    status=Status.STARTING,
                    upstream=Upstream(status="starting", model="stability-ai/sdxl", version=HASH),
                ),
                id="starting",
            ),
            pytest.param(
                {
                    **COMMON,
                    "status": "processing",
                    "logs": "Using seed: 42069\n 18%|#8        | 9/50 [00:01<00:03, 11.76it/s]\n",
                    "started_at": "2026-04-22T11:15:15.803915Z",
                },
                Snapshot(
                    status=Status.PROCESSING,
                    upstream=Upstream(
                        status="processing",
                        model="stability-ai/sdxl",
                        version=HASH,
                        started_at="2026-04-22T11:15:15.803915Z",
                    ),
                    logs="Using seed: 42069\n 18%|#8        | 9/50 [00:01<00:03, 11.76it/s]\n",
                ),
                id="processing",
            ),
            pytest.param(
                {
                    **COMMON,
                    "status": "succeeded",
                    "output": ["https://replicate.delivery/pbxt/Abc123/out-0.png"],
                    "started_at": RAN.started_at,
                    "completed_at": RAN.completed_at,
                    "metrics": {"predict_time": 3.366505, "total_time": 3.84142, "image_count": 1},
                },
                Snapshot(
                    status=Status.SUCCEEDED,
                    upstream=Upstream("succeeded", RAN.model, RAN.version, RAN.started_at, RAN.completed_at),
                    output=["https://replicate.delivery/pbxt/Abc123/out-0.png"],
                    metrics={"predict_time": 3.366505, "total_time": 3.84142, "image_count": 1},
                ),
                id="succeeded",
            ),
            pytest.param(
                {
                    **COMMON,
                    "status": "failed",
                    "model": "black-forest-labs/flux-pro",
                    "version": "hidden",
                    "error": "Error generating image: NSFW content detected.",
                    "metrics": {"image_count": 0, "predict_time": 6.213, "total_time": 6.785},
                },
                Snapshot(
                    status=Status.FAILED,
                    upstream=Upstream(status="failed", model="black-forest-labs/flux-pro", version="hidden"),
                    error="Error generating image: NSFW content detected.",
                    code=ErrorCode.CONTENT_REJECTED,
                    metrics={"image_count": 0, "predict_time": 6.213, "total_time": 6.785},
                ),
                id="failed",
            ),
            pytest.param(
                {
                    **COMMON,
                    "status": "canceled",
                    "logs": None,
                    "started_at": "2026-04-22T11:15:15.375980Z",
                    "completed_at": "2026-04-22T11:15:15.504128Z",
                    "metrics": {"predict_time": 0.128148, "total_time": 0.175128},
                },
                Snapshot(
                    status=Status.CANCELED,
                    upstream=Upstream(
                        "canceled",
                        "stability-ai/sdxl",
                        HASH,
                        "2026-04-22T11:15:15.375980Z",
                        "2026-04-22T11:15:15.504128Z",
                    ),
                    metrics={"predict_time": 0.128148, "total_time": 0.175128},
                ),
                id="canceled",
            ),
            pytest.param(
                {
                    **COMMON,
                    "status": "aborted",
                    "model": "acme/slow",
                    "deadline": "2026-04-22T11:15:20.329Z",
                    "completed_at": "2026-04-22T11:15:20.402Z",
                },
                Snapshot(
                    status=Status.ABORTED,
                    upstream=Upstream("aborted", "acme/slow", HASH, None, "2026-04-22T11:15:20.402Z"),
                ),
                id="aborted",
            ),
            pytest.param(
                {
                    **COMMON,
                    "status": "succeeded",
                    "input": {},
                    "data_removed": True,
                    "metrics": {"predict_time": 3.366505},
                    "started_at": RAN.started_at,
                    "completed_at": RAN.completed_at,
                },
                Snapshot(
                    status=Status.SUCCEEDED,
                    upstream=Upstream("succeeded", RAN.model, RAN.version, RAN.started_at, RAN.completed_at),
                    metrics={"predict_time": 3.366505},
                    removed=True,
                ),
                id="removed an hour later",
            ),
            pytest.param(
                {**COMMON, "status": "processing", "output": ["\n\n", "Fuzzy", ", gentle"]},
                Snapshot(
                    status=Status.PROCESSING,
                    upstream=Upstream(status="processing", model="stability-ai/sdxl", version=HASH),
                    output=["\n\n", "Fuzzy", ", gentle"],
                ),
                id="processing with a filled output",
            ),
            pytest.param(
                {"id": "x", "status": "starting", "version": "d-1", "logs": ""},
                Snapshot(status=Status.STARTING, upstream=Upstream(status="starting", version="d-1")),
                id="an old recording, without today's fields",
            ),
        ],
    )
    def test_real_objects(self, body: dict[str, Any], expected: Snapshot) -> None:
        assert snapshot(body) == expected

    @pytest.mark.parametrize(
        "word", ["queued", "SUCCEEDED", "succeeded ", "", None, 7, True, ["succeeded"], {"status": "succeeded"}]
    )
    def test_an_unknown_word_means_still_running(self, word: Any) -> None:
        """Never give up on what is paid for."""
        found = snapshot({**COMMON, "status": word, "output": ["x"]})

        assert found.status is Status.PROCESSING
        assert found.unknown
        assert verdict(prediction(Phase.RUNNING), found, NOW) is None

    def test_a_missing_word_means_still_running(self) -> None:
        found = snapshot(COMMON)

        assert (found.status, found.unknown) == (Status.PROCESSING, True)

    @pytest.mark.parametrize(
        ("error", "text", "code"),
        [
            pytest.param(None, None, ErrorCode.GENERATION_FAILED, id="null"),
            pytest.param("", "", ErrorCode.GENERATION_FAILED, id="empty"),
            pytest.param({"code": "E005"}, '{"code": "E005"}', ErrorCode.CONTENT_REJECTED, id="an object"),
            pytest.param(["NSFW"], '["NSFW"]', ErrorCode.CONTENT_REJECTED, id="a list"),
            pytest.param(500, "500", ErrorCode.GENERATION_FAILED, id="a number"),
        ],
    )
    def test_an_error_of_any_type(self, error: Any, text: str | None, code: ErrorCode) -> None:
        found = snapshot({**COMMON, "status": "failed", "error": error})

        assert (found.error, found.code) == (text, code)

    def test_no_class_without_a_failure(self) -> None:
        """A canceled run's text says why it was canceled."""
        assert snapshot({**COMMON, "status": "canceled", "error": "NSFW"}).code is None

    @pytest.mark.parametrize("value", [None, False, 0, 1, "true", "yes", []])
    def test_only_true_is_removed(self, value: Any) -> None:
        assert not snapshot({**COMMON, "status": "succeeded", "data_removed": value}).removed

    @given(BODIES)
    def test_any_object_is_a_snapshot(self, body: dict[str, Any]) -> None:
        found = snapshot(body)

        assert isinstance(found.status, Status)
        assert found.error is None or isinstance(found.error, str)
        assert isinstance(found.logs, str)
        assert isinstance(found.metrics, dict)
        names = ("status", "model", "version", "started_at", "completed_at")
        texts = [getattr(found.upstream, name) for name in names]
        assert all(text is None or isinstance(text, str) for text in texts)
        assert (found.code is not None) is (found.status is Status.FAILED)
        assert (verdict(prediction(Phase.RUNNING), found, NOW) is not None) is found.status.terminal
        assert find(found.output, Hosts(("replicate.delivery",))) == ()


class TestClassify:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            pytest.param("", ErrorCode.GENERATION_FAILED, id="nothing"),
            pytest.param("CUDA out of memory", ErrorCode.GENERATION_FAILED, id="anything"),
            pytest.param("Unknown error (E1000)", ErrorCode.GENERATION_FAILED, id="E1000"),
            pytest.param("Model out of memory (E1001)", ErrorCode.GENERATION_FAILED, id="E1001"),
            pytest.param("Internal webhook URL is empty (E4875)", ErrorCode.GENERATION_FAILED, id="E4875"),
            pytest.param("Timeout starting prediction (E6716)", ErrorCode.INTERRUPTED, id="E6716"),
            pytest.param(
                "Director: unexpected error handling prediction (E6716)", ErrorCode.INTERRUPTED, id="Director, E6716"
            ),
            pytest.param("Prediction stopped in a non-terminal state (E8367)", ErrorCode.INTERRUPTED, id="E8367"),
            pytest.param("Model health check failed (E8765)", ErrorCode.INTERRUPTED, id="E8765"),
            pytest.param("Error starting prediction (E9243)", ErrorCode.INTERRUPTED, id="E9243"),
            pytest.param("Failed to upload file (E9825)", ErrorCode.INTERRUPTED, id="E9825"),
            pytest.param("Director: unexpected error handling prediction (E9828)", ErrorCode.INTERRUPTED, id="E9828"),
            pytest.param(
                "We detected content that potentially violates our terms of service",
                ErrorCode.CONTENT_REJECTED,
                id="terms of service",
            ),
            pytest.param("Rejected (E8412)", ErrorCode.CONTENT_REJECTED, id="E8412"),
            pytest.param("Prediction interrupted; please retry (code: PA)", ErrorCode.INTERRUPTED, id="PA"),
            pytest.param("Provider is out of credits (E001)", ErrorCode.PROVIDER_ACCOUNT, id="E001"),
            pytest.param("Provider API key is invalid (E002)", ErrorCode.PROVIDER_ACCOUNT, id="E002"),
            pytest.param(
                "Service is currently unavailable due to high demand. Please try again later. (E003)",
                ErrorCode.PROVIDER_BUSY,
                id="E003",
            ),
            pytest.param(
                "Service is currently unavailable due to high demand. Please try again later.",
                ErrorCode.PROVIDER_BUSY,
                id="high demand",
            ),
            pytest.param(
                "Service is temporarily unavailable. Please try again later. (E004) (uIJ6l3ruRD)",
                ErrorCode.PROVIDER_BUSY,
                id="E004",
            ),
            pytest.param(
                "Service is temporarily unavailable. Please try again later.",
                ErrorCode.PROVIDER_BUSY,
                id="temporarily unavailable",
            ),
            pytest.param(
                "The input or output was flagged as sensitive. Please try again with different inputs. "
                "(E005) (uIJ6l3ruRD)",
                ErrorCode.CONTENT_REJECTED,
                id="E005",
            ),
            pytest.param(
                "The input or output was flagged as sensitive. Please try again with different inputs.",
                ErrorCode.CONTENT_REJECTED,
                id="flagged",
            ),
            pytest.param(
                "The input was invalid. Please try again with different inputs. (E006)",
                ErrorCode.INVALID_INPUT,
                id="E006",
            ),
            pytest.param(
                "The input was invalid. Please try again with different inputs.", ErrorCode.INVALID_INPUT, id="invalid"
            ),
            pytest.param(
                "NSFW content detected. Try running it again, or try a different prompt.",
                ErrorCode.CONTENT_REJECTED,
                id="SDXL",
            ),
            pytest.param(
                "All generated images contained NSFW content. Try running it again with a different prompt.",
                ErrorCode.CONTENT_REJECTED,
                id="flux schnell",
            ),
            pytest.param("Error generating image: NSFW content detected.", ErrorCode.CONTENT_REJECTED, id="flux pro"),
            pytest.param(
                "The request failed because the output video may be related to copyright restrictions. "
                "Request id: 021763a9",
                ErrorCode.CONTENT_REJECTED,
                id="Seedance",
            ),
            pytest.param(
                "Async prediction failed: ModelError: NSFW content detected.",
                ErrorCode.CONTENT_REJECTED,
                id="with a prefix of 2026",
            ),
            pytest.param(
                "Prediction failed: The input was invalid. Please try again with different inputs. (E006)",
                ErrorCode.INVALID_INPUT,
                id="with npm's prefix",
            ),
            pytest.param("E0051 is no such code", ErrorCode.GENERATION_FAILED, id="a longer code"),
            pytest.param("CODE001", ErrorCode.GENERATION_FAILED, id="a code in a word"),
            pytest.param("names are case-sensitive", ErrorCode.GENERATION_FAILED, id="case-sensitive"),
            pytest.param("names are insensitive", ErrorCode.GENERATION_FAILED, id="insensitive"),
        ],
    )
    def test_real_texts(self, text: str, code: ErrorCode) -> None:
        assert classify(text) is code

    @pytest.mark.parametrize(
        ("last", "code"),
        [
            pytest.param("RuntimeError: CUDA error", ErrorCode.GENERATION_FAILED, id="our own fault"),
            pytest.param("Exception: NSFW content detected.", ErrorCode.CONTENT_REJECTED, id="a refusal"),
            pytest.param(
                "Exception: NSFW content detected.\n\n", ErrorCode.CONTENT_REJECTED, id="a line break after it"
            ),
        ],
    )
    def test_the_last_line_of_a_traceback_speaks(self, last: str, code: ErrorCode) -> None:
        """A trace quotes lines of code, and those speak of NSFW checkers whatever went wrong."""
        trace = 'Traceback (most recent call last):\n  File "predict.py", line 7\n    check_NSFW(image)  # E005 NSFW\n'

        assert classify(trace + last) is code

    @given(TEXTS)
    def test_any_text_has_a_class(self, text: str) -> None:
        assert classify(text) in ErrorCode


class TestRefusal:
    @pytest.mark.parametrize("status", [200, 201, 202, 204])
    def test_none_for_what_was_taken(self, status: int) -> None:
        assert refusal(answered(status, {**COMMON, "status": "starting"})) is None

    @pytest.mark.parametrize(
        ("status", "body", "code"),
        [
            pytest.param(
                401,
                {
                    "title": "Unauthenticated",
                    "detail": "You did not pass a valid authentication token",
                    "status": 401,
                },
                ErrorCode.PROVIDER_ACCOUNT,
                id="401, wrong token",
            ),
            pytest.param(
                401,
                {"title": "Unauthenticated", "detail": "You did not pass an authentication token", "status": 401},
                ErrorCode.PROVIDER_ACCOUNT,
                id="401, no token",
            ),
            pytest.param(
                401,
                {"status": 401, "detail": "Invalid or expired API token.", "title": "Authentication required"},
                ErrorCode.PROVIDER_ACCOUNT,
                id="401, expired",
            ),
            pytest.param(
                401,
                {"detail": "Authorization header required"},
                ErrorCode.PROVIDER_ACCOUNT,
                id="401, no header",
            ),
            pytest.param(
                402,
                {
                    "title": "Insufficient credit",
                    "detail": "You have insufficient credit to run this model. Go to "
                    "https://replicate.com/account/billing#billing to purchase credit. Once you purchase credit, "
                    "please wait a few minutes before trying again.",
                    "status": 402,
                },
                ErrorCode.PROVIDER_ACCOUNT,
                id="402, no credit",
            ),
            pytest.param(
                402,
                {"title": "Insufficient credit", "detail": "You've hit your monthly spend limit.", "status": 402},
                ErrorCode.PROVIDER_ACCOUNT,
                id="402, limit",
            ),
            pytest.param(403, {"detail": "Forbidden", "status": 403}, ErrorCode.PROVIDER_ACCOUNT, id="403"),
            pytest.param(
                404,
                {"title": "Not found", "detail": "The requested resource could not be found.", "status": 404},
                ErrorCode.MODEL_NOT_FOUND,
                id="404",
            ),
            pytest.param(
                404,
                {"detail": "The requested resource could not be found."},
                ErrorCode.MODEL_NOT_FOUND,
                id="404 without a title",
            ),
            pytest.param(413, {"detail": "Files must be less than 100MB in size"}, ErrorCode.INVALID_INPUT, id="413"),
            pytest.param(
                422,
                {
                    "detail": "- input: prompt is required\n"
                    "- input.num_inference_steps: Must be less than or equal to 4\n",
                    "status": 422,
                    "title": "Input validation failed",
                    "invalid_fields": [
                        {"type": "required", "field": "input", "description": "prompt is required"},
                        {
                            "type": "number_lte",
                            "field": "input.num_inference_steps",
                            "description": "Must be less than or equal to 4",
                        },
                    ],
                },
                ErrorCode.INVALID_INPUT,
                id="422, input",
            ),
            pytest.param(
                422,
                {
                    "title": "Input validation failed",
                    "detail": "- Additional property lifetime is not allowed\n",
                    "status": 422,
                    "invalid_fields": [
                        {
                            "type": "additional_property_not_allowed",
                            "field": "",
                            "description": "Additional property lifetime is not allowed",
                        }
                    ],
                },
                ErrorCode.INVALID_INPUT,
                id="422, property",
            ),
            pytest.param(
                422,
                {
                    "title": "Invalid version or not permitted",
                    "detail": "The specified version does not exist (or perhaps you don't have permission to use it?)",
                    "status": 422,
                },
                ErrorCode.MODEL_NOT_FOUND,
                id="422, version",
            ),
            pytest.param(400, {"detail": "Bad request"}, ErrorCode.INVALID_INPUT, id="400"),
            pytest.param(405, None, ErrorCode.GENERATION_FAILED, id="405"),
            pytest.param(418, "<html>", ErrorCode.GENERATION_FAILED, id="another 4xx"),
            pytest.param(301, None, ErrorCode.PROVIDER_UNAVAILABLE, id="a redirect"),
        ],
    )
    def test_final(self, status: int, body: Any, code: ErrorCode) -> None:
        found = refusal(answered(status, body))

        assert isinstance(found, Rejected)
        assert found.code is code
        assert str(status) in found.raw

    @pytest.mark.parametrize(
        ("body", "headers", "after"),
        [
            pytest.param(
                {"detail": "Request was throttled. Your rate limit resets in ~30s."}, {}, 30.0, id="hint in the text"
            ),
            pytest.param(
                {
                    "detail": f"Request was throttled. {BUSY} while you have less than $5.0 in credit. "
                    "Your rate limit resets in ~5s.",
                    "status": 429,
                    "retry_after": 5,
                },
                {},
                5.0,
                id="hint in the body",
            ),
            pytest.param(
                {
                    "detail": f"Request was throttled. {BUSY} until you add a payment method. "
                    "Your rate limit resets in ~7s.",
                    "status": 429,
                    "retry_after": 7,
                },
                {},
                7.0,
                id="no payment method",
            ),
            pytest.param({"detail": "Request was throttled."}, {"Retry-After": "12"}, 12.0, id="hint in the header"),
            pytest.param(None, {}, None, id="no hint"),
        ],
    )
    def test_no_room(self, body: Any, headers: dict[str, str], after: float | None) -> None:
        found = refusal(answered(429, body, headers))

        assert isinstance(found, Retryable)
        assert found.throttled
        assert found.after == after

    @pytest.mark.parametrize("status", [408, 409, 500, 502, 503, 504, 520, 599])
    def test_may_have_arrived(self, status: int) -> None:
        """Never repeated before it is known: it may be paid for."""
        assert isinstance(refusal(answered(status, {"detail": "Internal server error"})), Ambiguous)

    @given(st.integers(200, 599), WILD | BODIES)
    def test_any_answer_has_a_meaning(self, status: int, body: Any) -> None:
        found = refusal(Answer(status, {}, "", body))

        assert isinstance(found, ProviderError) is (status >= 300)


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("headers", "body", "seconds"),
        [
            pytest.param({}, None, None, id="nothing"),
            pytest.param({"Retry-After": "7"}, None, 7.0, id="header"),
            pytest.param({"Retry-After": " 7 "}, None, 7.0, id="header with spaces"),
            pytest.param({"Retry-After": "0"}, None, 0.0, id="header, at once"),
            pytest.param({"Retry-After": "0.5"}, None, 0.5, id="header with a fraction"),
            pytest.param({}, {"retry_after": 5}, 5.0, id="body"),
            pytest.param({}, {"retry_after": 5.5}, 5.5, id="body with a fraction"),
            pytest.param({}, {"retry_after": "5"}, 5.0, id="body, as text"),
            pytest.param({}, {"detail": "Your rate limit resets in ~30s."}, 30.0, id="text"),
            pytest.param({}, {"detail": "Your rate limit resets in 2.5 s."}, 2.5, id="text with a fraction"),
            pytest.param({"Retry-After": "7"}, {"retry_after": 5}, 7.0, id="header before body"),
            pytest.param({}, {"retry_after": 5, "detail": "resets in ~9s"}, 5.0, id="body before text"),
            pytest.param(
                {"Retry-After": "Sat, 21 Nov 2026 10:00:30 GMT"}, {"retry_after": 5}, 5.0, id="a date in the header"
            ),
            pytest.param({"Retry-After": "-3"}, {"retry_after": 5}, 5.0, id="a negative header"),
            pytest.param({"Retry-After": "nan"}, {"retry_after": 5}, 5.0, id="no number in the header"),
            pytest.param({"Retry-After": "inf"}, {"detail": "resets in ~9s"}, 9.0, id="for ever"),
            pytest.param({"Retry-After": "86400"}, None, None, id="a day"),
            pytest.param({}, {"retry_after": None}, None, id="null"),
            pytest.param({}, {"retry_after": [5]}, None, id="a list"),
            pytest.param({}, {"retry_after": {"seconds": 5}}, None, id="an object"),
            pytest.param({}, {"retry_after": 10**400}, None, id="an endless number"),
            pytest.param({}, {"detail": ["resets in ~9s"]}, 9.0, id="text in a list"),
            pytest.param({}, ["resets in ~9s"], None, id="a list as body"),
            pytest.param({}, "resets in ~9s", None, id="text as body"),
        ],
    )
    def test_first_of_its_places(self, headers: dict[str, str], body: Any, seconds: float | None) -> None:
        assert retry_after(answered(429, body, headers)) == seconds

    @given(TEXTS, WILD | BODIES, WILD)
    def test_any_answer_is_seconds_or_none(self, header: str, body: Any, hint: Any) -> None:
        for said in (body, {"retry_after": hint}, {"detail": hint}):
            seconds = retry_after(Answer(429, {"Retry-After": header}, "", said))

            assert seconds is None or 0 <= seconds < 86_400


class TestSubmission:
    """What cannot even be sent has surely not arrived."""

    @pytest.mark.parametrize(
        ("base_url", "token", "content"),
        [
            pytest.param("https://api.test", "r8_x", float("inf"), id="a number that JSON has not"),
            pytest.param("https://api.test", "r8_x\n", 1, id="a token with a line break"),
            pytest.param("api.test", "r8_x", 1, id="no scheme"),
            pytest.param("https://", "r8_x", 1, id="no host"),
            pytest.param("ftp://api.test", "r8_x", 1, id="another scheme"),
        ],
    )
    def test_is_not_uncertain(self, base_url: str, token: str, content: Any) -> None:
        provider = Replicate(base_url, Hosts(()), lambda _: token, Rate(600, 30), 60)
        submission = Submission(
            prediction="p", credential="default", model="acme/fast", version=None, input={"x": content}, cancel_after=60
        )

        with pytest.raises((Retryable, Rejected)):
            provider.submit(submission)
