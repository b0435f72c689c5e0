"""Documents: inline up to a limit, in the bucket above it, without tokens, and otherwise exactly as they came."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumeo import aws
from lumeo.documents import INLINE_BYTES, keep, value
from lumeo.prediction import Document
from lumeo.redaction import redacted
from tests.unit.make import ID, JSON

TOKEN = "r8_" + "Ab3" * 12 + "x"
OURS = "lum_" + "Ab-3_" * 8 + "xyz"
SIGNING = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
HOOK = f"https://lumeo.test/v1/hooks/replicate/{ID}/"


def stored(bucket: str) -> dict[str, str]:
    """The bucket's objects."""
    found = aws.s3().list_objects_v2(Bucket=bucket).get("Contents", [])
    return {
        entry["Key"]: aws.s3().get_object(Bucket=bucket, Key=entry["Key"])["Body"].read().decode() for entry in found
    }


class TestSize:
    @pytest.mark.parametrize(
        "content",
        [
            pytest.param("x" * (INLINE_BYTES - 2), id="exactly the limit"),
            pytest.param("\N{GREEK SMALL LETTER ALPHA}" * ((INLINE_BYTES - 2) // 6), id="below it, escaped"),
        ],
    )
    def test_up_to_the_limit_inline(self, cloud: dict[str, str], content: str) -> None:
        document = keep(ID, "input", content)

        assert document == Document(json=json.dumps(content))
        assert len(document.json or "") <= INLINE_BYTES == 16_384
        assert stored(cloud["BUCKET_NAME"]) == {}

    @pytest.mark.parametrize(
        "content",
        [
            pytest.param("x" * (INLINE_BYTES - 1), id="one byte over"),
            pytest.param("\N{GREEK SMALL LETTER ALPHA}" * INLINE_BYTES, id="as many letters, escaped"),
            pytest.param("\ud800" * INLINE_BYTES, id="lone surrogates"),
            pytest.param([0.1] * INLINE_BYTES, id="numbers"),
        ],
    )
    def test_above_the_limit_in_the_bucket(self, cloud: dict[str, str], content: Any) -> None:
        document = keep(ID, "logs", content)

        assert document == Document(key=f"records/{ID}/logs.json", digest=document.digest)
        assert json.loads(stored(cloud["BUCKET_NAME"])[f"records/{ID}/logs.json"]) == content
        assert value(document) == content

    @pytest.mark.usefixtures("cloud")
    def test_what_lies_there_is_told_apart_by_its_digest(self) -> None:
        """Its key stays the same, whatever is in it."""
        first, same, other = (keep(ID, "logs", letter * INLINE_BYTES) for letter in "aab")

        assert first == same
        assert first.key == other.key
        assert first.digest != other.digest

    def test_what_is_renewed_has_one_object(self, cloud: dict[str, str]) -> None:
        keep(ID, "logs", "a" * INLINE_BYTES)

        document = keep(ID, "logs", "b" * INLINE_BYTES)

        assert value(document) == "b" * INLINE_BYTES
        assert len(stored(cloud["BUCKET_NAME"])) == 1


class TestValues:
    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(None, id="null"),
            pytest.param("", id="empty text"),
            pytest.param([], id="an empty list"),
            pytest.param({}, id="an empty object"),
            pytest.param({"": ""}, id="an empty name"),
            pytest.param([[], {}, "", None, 0, False], id="empties"),
            pytest.param(0.1, id="a fraction"),
            pytest.param(1.0, id="a whole fraction"),
            pytest.param(-0.0, id="minus nothing"),
            pytest.param(5e-324, id="the smallest"),
            pytest.param(1.7976931348623157e308, id="the largest"),
            pytest.param(2**70, id="a long number"),
            pytest.param("\U0001f415 \u00e9 \u0000 \u2028", id="unicode"),
            pytest.param("\ud83d alone", id="a lone surrogate"),
            pytest.param({"b": 1, "a": 2}, id="an order"),
        ],
    )
    def test_survive_exactly(self, content: Any) -> None:
        found = value(keep(ID, "input", content))

        assert json.dumps(found) == json.dumps(content)
        assert type(found) is type(content)

    @given(JSON)
    def test_any_survives_exactly(self, content: Any) -> None:
        found = value(Document(json=keep(ID, "input", content).json))

        assert json.dumps(found) == json.dumps(content)

    def test_no_document_is_none(self) -> None:
        assert value(None) is None


class TestRedaction:
    @pytest.mark.parametrize(
        ("content", "kept"),
        [
            pytest.param(TOKEN, "r8_****", id="Replicate's"),
            pytest.param(OURS, "lum_****", id="ours"),
            pytest.param(f"Bearer {TOKEN}", "Bearer r8_****", id="after a word"),
            pytest.param(f"auth={TOKEN}&x=1", "auth=r8_****&x=1", id="in a query"),
            pytest.param(f'"{TOKEN}"', '"r8_****"', id="in quotes"),
            pytest.param(f"({TOKEN})", "(r8_****)", id="in brackets"),
            pytest.param(f"line\n{TOKEN}\nline", "line\nr8_****\nline", id="at the beginning of a line"),
            pytest.param(f"key:\t{TOKEN}", "key:\tr8_****", id="after a tab"),
            pytest.param(f"\u00ab{TOKEN}\u00bb", "\u00abr8_****\u00bb", id="in other quotes"),
            pytest.param(f"{TOKEN} {OURS}", "r8_**** lum_****", id="two"),
            pytest.param({"auth": TOKEN}, {"auth": "r8_****"}, id="in an object"),
            pytest.param([[{"a": [OURS]}]], [[{"a": ["lum_****"]}]], id="deep"),
            pytest.param({TOKEN: 1}, {"r8_****": 1}, id="as a name"),
            pytest.param(
                json.dumps({"headers": {"auth": f"Token {TOKEN}"}}),
                json.dumps({"headers": {"auth": "Token r8_****"}}),
                id="in JSON in text",
            ),
            pytest.param(SIGNING, "whsec_****", id="a webhook's"),
            pytest.param(f"key={SIGNING};", "key=whsec_****;", id="a webhook's, in a text"),
            pytest.param("whsec_" + "A" * 43 + "=", "whsec_****", id="a webhook's, padded"),
            pytest.param(f"{HOOK}q-Zy_3 failed", f"{HOOK}**** failed", id="at the end of our URL"),
            pytest.param({"webhook": f"{HOOK}q-Zy_3"}, {"webhook": f"{HOOK}****"}, id="our URL in an object"),
            pytest.param(f"{HOOK}q-Zy_3?x=1", f"{HOOK}****?x=1", id="our URL with a query"),
            pytest.param(
                json.dumps({"body": json.dumps({"webhook": f"{HOOK}q-Zy_3"})}),
                json.dumps({"body": json.dumps({"webhook": f"{HOOK}****"})}),
                id="our URL in JSON in text",
            ),
            pytest.param(f"/v1/hooks/another-1/{ID}/q", f"/v1/hooks/another-1/{ID}/****", id="another provider's"),
            pytest.param(f"{TOKEN} {HOOK}q {SIGNING}", f"r8_**** {HOOK}**** whsec_****", id="three at once"),
            pytest.param(HOOK, HOOK, id="our URL without its token"),
            pytest.param("/v1/hooks/replicate/short/q", "/v1/hooks/replicate/short/q", id="no URL of ours"),
            pytest.param("whsec_short", "whsec_short", id="too short for a webhook's"),
            pytest.param("r8_short", "r8_short", id="too short for one"),
            pytest.param("lum_inous r8_", "lum_inous r8_", id="words"),
            pytest.param("a corgi on a sofa", "a corgi on a sofa", id="a prompt"),
        ],
    )
    def test_tokens_are_not_kept(self, content: Any, kept: Any) -> None:
        assert value(keep(ID, "input", content)) == kept

    def test_tokens_are_not_put_into_the_bucket(self, cloud: dict[str, str]) -> None:
        keep(ID, "logs", f"{TOKEN} " * 1000)

        assert TOKEN not in str(stored(cloud["BUCKET_NAME"]))

    @given(st.characters().filter(lambda mark: not re.match(r"\w", mark)), st.sampled_from([TOKEN, OURS, SIGNING]))
    def test_a_token_after_any_mark_is_not_kept(self, mark: str, token: str) -> None:
        """After a letter, a digit or an underscore it is a part of a longer word, and no token."""
        kept = keep(ID, "input", f"text{mark}{token}").json

        assert kept is not None
        assert token not in kept

    def test_text_for_the_log_is_redacted(self) -> None:
        assert redacted(f"401: {TOKEN}\n{OURS}") == "401: r8_****\nlum_****"
        assert "Ab3" not in redacted(TOKEN)
