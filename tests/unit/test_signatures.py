"""Signatures of webhooks: the published example holds, and nothing that anybody could make of it does."""

import base64
import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lumeo.signatures import TOLERANCE, caller_secret, fault, hook_token, is_secret, same, sign
from tests.unit.make import ID, TEXTS

# https://github.com/standard-webhooks/standard-webhooks, and Replicate's own documentation.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
SIGNED_AT = 1_614_265_330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
HEADERS = {"webhook-id": MESSAGE, "webhook-timestamp": str(SIGNED_AT), "webhook-signature": SIGNATURE}
MASTER = b"a-key-of-ours"


def resigned(secret: str = SECRET, body: bytes = BODY, **changes: str) -> dict[str, str]:
    """The headers of a message that is signed as it is."""
    headers = HEADERS | {f"webhook-{name}": value for name, value in changes.items()}
    signature = sign(secret, headers["webhook-id"], headers["webhook-timestamp"], body)
    return headers | {"webhook-signature": signature}


class TestSign:
    def test_the_published_example(self) -> None:
        assert sign(SECRET, MESSAGE, str(SIGNED_AT), BODY) == SIGNATURE

    def test_the_prefix_is_not_a_part_of_the_key(self) -> None:
        assert sign(SECRET.removeprefix("whsec_"), MESSAGE, str(SIGNED_AT), BODY) == SIGNATURE

    @pytest.mark.parametrize(
        "secret",
        [
            pytest.param("whsec_no base64!", id="no base64"),
            pytest.param("whsec_MfKQ9", id="half a group"),
            pytest.param("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", id="a line break"),
            pytest.param("whsec_", id="no key"),
            pytest.param("", id="nothing"),
        ],
    )
    def test_what_is_no_secret_signs_nothing(self, secret: str) -> None:
        """An empty key is one that everybody has."""
        with pytest.raises(ValueError, match="webhook secret"):
            sign(secret, MESSAGE, str(SIGNED_AT), BODY)


class TestFault:
    def test_none_in_the_published_example(self) -> None:
        assert fault(SECRET, HEADERS, BODY, SIGNED_AT) is None

    @pytest.mark.parametrize("seconds", [-TOLERANCE, -1, 0, 0.9, 1, TOLERANCE])
    def test_none_within_the_tolerance(self, seconds: float) -> None:
        assert fault(SECRET, HEADERS, BODY, SIGNED_AT + seconds) is None

    @pytest.mark.parametrize(
        "seconds",
        [
            pytest.param(-TOLERANCE - 1, id="from the future"),
            pytest.param(TOLERANCE + 1, id="stale"),
            pytest.param(TOLERANCE + 0.001, id="just stale"),
            pytest.param(86_400, id="a day old"),
            pytest.param(-SIGNED_AT, id="at the beginning of time"),
        ],
    )
    def test_a_time_too_far_from_ours(self, seconds: float) -> None:
        """Who has recorded a message may not send it again."""
        assert fault(SECRET, HEADERS, BODY, SIGNED_AT + seconds) == "its timestamp is too far from now"

    def test_tolerance_is_five_minutes(self) -> None:
        assert TOLERANCE == 300

    @pytest.mark.parametrize(
        ("secret", "headers", "body"),
        [
            pytest.param(OTHER_SECRET, {}, BODY, id="another key"),
            pytest.param(SECRET, {}, BODY.replace(b"2432232314", b"2432232315"), id="another digit in the body"),
            pytest.param(SECRET, {}, BODY + b"\n", id="a line break after the body"),
            pytest.param(SECRET, {}, BODY.replace(b" ", b""), id="the same JSON in other bytes"),
            pytest.param(SECRET, {}, b"", id="no body"),
            pytest.param(SECRET, {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJel"}, BODY, id="another id"),
            pytest.param(SECRET, {"webhook-timestamp": str(SIGNED_AT + 1)}, BODY, id="a second later"),
            pytest.param(SECRET, {"webhook-timestamp": f"0{SIGNED_AT}"}, BODY, id="the same second, in other letters"),
            pytest.param(
                SECRET, resigned(body=b'{"test": 1}'), BODY, id="another message's signature, of another body"
            ),
            pytest.param(
                SECRET,
                {"webhook-signature": sign(SECRET, "msg_another", str(SIGNED_AT), BODY)},
                BODY,
                id="another message's signature, of the same body",
            ),
            pytest.param(SECRET, resigned(OTHER_SECRET), BODY, id="signed with another key"),
            pytest.param(
                SECRET,
                {"webhook-id": f"{MESSAGE}.{SIGNED_AT}", "webhook-timestamp": str(SIGNED_AT)},
                BODY,
                id="the dot in another place",
            ),
        ],
    )
    def test_a_forgery(self, secret: str, headers: dict[str, str], body: bytes) -> None:
        assert fault(secret, HEADERS | headers, body, SIGNED_AT) == "no signature holds"

    @pytest.mark.parametrize("name", ["id", "timestamp", "signature"])
    @pytest.mark.parametrize("value", [None, ""], ids=["absent", "empty"])
    def test_a_header_is_missing(self, name: str, value: str | None) -> None:
        headers = {key: text for key, text in HEADERS.items() if key != f"webhook-{name}"}
        if value is not None:
            headers[f"webhook-{name}"] = value

        assert fault(SECRET, headers, BODY, SIGNED_AT) == f"no webhook-{name}"

    @pytest.mark.parametrize(
        "stamp",
        [
            pytest.param("soon", id="a word"),
            pytest.param(f"{SIGNED_AT}.0", id="a fraction"),
            pytest.param(f"-{SIGNED_AT}", id="negative"),
            pytest.param(f"+{SIGNED_AT}", id="a sign"),
            pytest.param(f" {SIGNED_AT}", id="a space"),
            pytest.param(f"{SIGNED_AT}\n", id="a line break"),
            pytest.param("1_614_265_330", id="as Python may write it"),
            pytest.param("1.614265330e9", id="a power"),
            pytest.param("0x60379432", id="hexadecimal"),
            pytest.param("2021-02-25T15:02:10Z", id="a date"),
            pytest.param("\u0661\u0666\u0661\u0664\u0662\u0666\u0665\u0663\u0663\u0660", id="other digits"),
            pytest.param("\u00b2", id="a digit that is none"),
            pytest.param("1" * 5000, id="an endless number"),
            pytest.param("nan", id="not a number"),
            pytest.param("inf", id="for ever"),
        ],
    )
    def test_a_timestamp_that_is_none(self, stamp: str) -> None:
        """Signed as it stands, so that nothing but the timestamp is wrong."""
        assert fault(SECRET, resigned(timestamp=stamp), BODY, SIGNED_AT) == "its timestamp is none"

    def test_a_stamp_in_milliseconds(self) -> None:
        stamp = str(SIGNED_AT * 1000)

        assert fault(SECRET, resigned(timestamp=stamp), BODY, SIGNED_AT) is not None

    @pytest.mark.parametrize(
        "signature",
        [
            pytest.param(f"{SIGNATURE} v1,Zm9yZ2Vk", id="the first"),
            pytest.param(f"v1,Zm9yZ2Vk {SIGNATURE}", id="the last"),
            pytest.param(f"v1,Zm9yZ2Vk {SIGNATURE} v1,YWdhaW4=", id="one in between"),
            pytest.param(f"v1a,Zm9yZ2Vk {SIGNATURE}", id="beside one of another kind"),
            pytest.param(f"v1,\u00e9 {SIGNATURE}", id="beside one that is no base64"),
            pytest.param(f"\ud800 {SIGNATURE}", id="beside half a surrogate pair"),
            pytest.param(f"  {SIGNATURE}  ", id="with more spaces"),
            pytest.param(" ".join(["v1,Zm9yZ2Vk"] * 500 + [SIGNATURE]), id="the last of many"),
        ],
    )
    def test_one_of_several_holds(self, signature: str) -> None:
        """While a key is replaced, each message is signed with both."""
        assert fault(SECRET, HEADERS | {"webhook-signature": signature}, BODY, SIGNED_AT) is None

    @pytest.mark.parametrize(
        "signature",
        [
            pytest.param("v1,Zm9yZ2Vk v1,YWdhaW4=", id="none of several"),
            pytest.param(SIGNATURE.removeprefix("v1,"), id="no version"),
            pytest.param(SIGNATURE.replace("v1,", "v2,"), id="another version"),
            pytest.param(SIGNATURE.replace("v1,", "v1a,"), id="another kind"),
            pytest.param(SIGNATURE.replace("v1,", "v1:"), id="no comma"),
            pytest.param("v1,", id="nothing"),
            pytest.param(SIGNATURE[:-1], id="cut off"),
            pytest.param(SIGNATURE[:-8], id="cut off, whole groups"),
            pytest.param(f"{SIGNATURE}=", id="longer"),
            pytest.param(SIGNATURE.upper(), id="upper case"),
            pytest.param(SIGNATURE.replace("+", "-").replace("/", "_"), id="in the other alphabet"),
            pytest.param(f"{SIGNATURE},{SIGNATURE}", id="separated by a comma"),
            pytest.param(f"v1,{base64.b16encode(base64.b64decode(SIGNATURE[3:])).decode()}", id="hexadecimal"),
            pytest.param("\ud800", id="half a surrogate pair"),
            pytest.param("\u00e9" * 44, id="no ASCII"),
        ],
    )
    def test_none_of_them_holds(self, signature: str) -> None:
        assert fault(SECRET, HEADERS | {"webhook-signature": signature}, BODY, SIGNED_AT) == "no signature holds"

    @pytest.mark.parametrize("name", ["id", "signature"])
    def test_half_a_surrogate_pair_is_a_forgery(self, name: str) -> None:
        headers = HEADERS | {f"webhook-{name}": "\ud800"}

        assert fault(SECRET, headers, BODY, SIGNED_AT) == "no signature holds"

    def test_a_body_is_bytes_not_text(self) -> None:
        """What is no UTF-8 is signed as it came."""
        body = b"\xff\x00\xfe"

        assert fault(SECRET, resigned(body=body), body, SIGNED_AT) is None

    @given(st.binary(min_size=1, max_size=64), st.text(min_size=1), st.binary(), st.integers(0, 10**9))
    def test_what_is_signed_holds(self, key: bytes, message: str, body: bytes, now: int) -> None:
        assume(message.isprintable())
        secret = "whsec_" + base64.b64encode(key).decode()

        assert fault(secret, resigned(secret, body, id=message, timestamp=str(now)), body, now) is None

    @given(st.binary(), st.binary(min_size=1))
    def test_what_is_changed_does_not(self, body: bytes, more: bytes) -> None:
        headers = resigned(body=body)

        assert fault(SECRET, headers, body + more, SIGNED_AT) is not None
        assert fault(SECRET, headers, more + body, SIGNED_AT) is not None or more + body == body

    @given(st.dictionaries(st.sampled_from([*HEADERS]), TEXTS), st.binary())
    def test_any_headers_are_a_fault(self, headers: dict[str, Any], body: bytes) -> None:
        assert fault(SECRET, headers, body, SIGNED_AT)


class TestToken:
    def test_is_an_hmac_of_what_it_is_for(self) -> None:
        digest = hmac.new(MASTER, f"hook.replicate.{ID}".encode(), hashlib.sha256).digest()

        assert hook_token(MASTER, "replicate", ID) == base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def test_fits_into_a_path(self) -> None:
        tokens = [hook_token(MASTER, "replicate", f"{n:026}") for n in range(200)]

        assert {len(token) for token in tokens} == {43}
        assert all(token.replace("-", "a").replace("_", "a").isalnum() for token in tokens)

    def test_differs_by_all_that_it_is_made_of(self) -> None:
        tokens = [
            hook_token(MASTER, "replicate", ID),
            hook_token(MASTER + b"x", "replicate", ID),
            hook_token(MASTER, "another", ID),
            hook_token(MASTER, "replicate", "0" * 26),
        ]

        assert len(set(tokens)) == len(tokens)


class TestCallersSecret:
    def test_is_an_hmac_of_whose_it_is(self) -> None:
        key = hmac.new(MASTER, b"caller.ann", hashlib.sha256).digest()

        assert caller_secret(MASTER, "ann") == "whsec_" + base64.b64encode(key).decode()

    def test_is_one_that_every_verifier_takes(self) -> None:
        """Of 32 bytes, in standard base64: what Standard Webhooks asks for."""
        for n in range(50):
            secret = caller_secret(MASTER, f"caller-{n}")
            assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
            assert is_secret(secret)

    def test_differs_by_all_that_it_is_made_of(self) -> None:
        secrets = {caller_secret(master, caller) for master in (MASTER, b"b") for caller in ("ann", "bob", "", "an")}

        assert len(secrets) == 8

    def test_tells_nothing_of_the_tokens_of_hooks(self) -> None:
        """Whatever a caller is named: who has its secret must not be able to make our URLs, nor the other way round."""
        named = caller_secret(MASTER, f"replicate.{ID}").removeprefix("whsec_")
        token = hook_token(MASTER, "replicate", ID)

        assert base64.b64decode(named) != base64.urlsafe_b64decode(token + "=")


class TestSame:
    @given(TEXTS)
    def test_as_itself(self, text: str) -> None:
        assert same(text, text)

    @given(TEXTS, TEXTS)
    def test_as_nothing_else(self, one: str, other: str) -> None:
        assert same(one, other) is (one == other)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        pytest.param(SECRET, True, id="a secret"),
        pytest.param(SECRET.removeprefix("whsec_"), True, id="without its prefix"),
        pytest.param("whsec_", False, id="a prefix alone"),
        pytest.param("", False, id="nothing"),
        pytest.param("whsec_no base64!", False, id="no base64"),
        pytest.param("\u00e4", False, id="no ASCII"),
    ],
)
def test_what_is_a_secret(text: str, is_one: bool) -> None:  # noqa: FBT001 (a table's row)
    assert is_secret(text) is is_one
