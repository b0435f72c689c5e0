"""Webhooks of declared providers: what holds, what does not, and what they may say at all."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from lumeo import clock, signatures
from lumeo.errors import Forged, ProviderError, Retryable
from lumeo.prediction import Status, WakeUp
from lumeo.providers import fal
from lumeo.providers.base import WebhookCall
from lumeo.providers.expressions import Expression
from lumeo.providers.grammar import Hmac, Webhook
from lumeo.providers.hearing import fault, heard
from tests.conftest import TestClock
from tests.unit import declaring
from tests.unit.declaring import MASTER, Api, provider
from tests.unit.make import ID, TEXTS

SECRET = "the-secret"
NOW = 1_795_000_000.0
BODY = b'{"id": "job1", "status": "done"}'
SIMPLE = Hmac(header="x-signature")
STAMPED = Hmac(
    header="x-signature",
    prefix="v1,",
    encoding="base64",
    signed="{id}.{timestamp}.{body}",
    id_header="x-id",
    timestamp_header="x-at",
    tolerance=60,
)


def digest(content: bytes, secret: str = SECRET) -> bytes:
    return hmac.digest(secret.encode(), content, hashlib.sha256)


def stamped(at: str = "1795000000", message_id: str = "m1", body: bytes = BODY, **changes: str) -> dict[str, str]:
    """Headers that are signed as they are, but for the changes."""
    content = f"{message_id}.{at}.".encode() + body
    signature = "v1," + base64.b64encode(digest(content)).decode()
    headers = {"x-id": message_id, "x-at": at, "x-signature": signature}
    return headers | {name.replace("_", "-"): value for name, value in changes.items()}


def call(headers: dict[str, str], body: bytes = BODY) -> WebhookCall:
    return WebhookCall(headers, body, ID)


RIGHT = digest(BODY)


class TestHmac:
    @pytest.mark.parametrize(
        ("signing", "headers"),
        [
            pytest.param(SIMPLE, {"x-signature": RIGHT.hex()}, id="hex"),
            pytest.param(
                Hmac(header="x-signature", encoding="base64"),
                {"x-signature": base64.b64encode(RIGHT).decode()},
                id="base64",
            ),
            pytest.param(
                Hmac(header="x-signature", prefix="sha256="), {"x-signature": f"sha256={RIGHT.hex()}"}, id="a prefix"
            ),
            pytest.param(
                Hmac(header="x-signature", signed="a{body}b"),
                {"x-signature": digest(b"a" + BODY + b"b").hex()},
                id="around the body",
            ),
            pytest.param(STAMPED, stamped(), id="id and time"),
            pytest.param(STAMPED, stamped("1794999940"), id="as old as it may be"),
            pytest.param(STAMPED, stamped("1795000060"), id="as early as it may be"),
        ],
    )
    def test_right(self, signing: Hmac, headers: dict[str, str]) -> None:
        assert fault(signing, call(headers), SECRET, NOW) is None

    @pytest.mark.parametrize(
        ("signing", "headers", "wanted"),
        [
            pytest.param(SIMPLE, {}, "no x-signature", id="missing"),
            pytest.param(SIMPLE, {"x-signature": ""}, "no x-signature", id="empty"),
            pytest.param(
                SIMPLE, {"x-signature": digest(BODY, "other").hex()}, "the signature does not hold", id="another secret"
            ),
            pytest.param(
                SIMPLE, {"x-signature": digest(BODY + b" ").hex()}, "the signature does not hold", id="another body"
            ),
            pytest.param(SIMPLE, {"x-signature": RIGHT.hex()[:-1]}, "the signature does not hold", id="cut"),
            pytest.param(SIMPLE, {"x-signature": RIGHT.hex() + "0"}, "the signature does not hold", id="longer"),
            pytest.param(SIMPLE, {"x-signature": "ü\ud800"}, "the signature does not hold", id="no ASCII"),
            pytest.param(
                SIMPLE,
                {"x-signature": base64.b64encode(RIGHT).decode()},
                "the signature does not hold",
                id="base64 for hex",
            ),
            pytest.param(
                Hmac(header="x-signature", encoding="base64"),
                {"x-signature": RIGHT.hex()},
                "the signature does not hold",
                id="hex for base64",
            ),
            pytest.param(
                Hmac(header="x-signature", prefix="sha256="),
                {"x-signature": RIGHT.hex()},
                "x-signature does not begin with sha256=",
                id="no prefix",
            ),
            pytest.param(
                Hmac(header="x-signature", prefix="sha256="),
                {"x-signature": "sha256="},
                "the signature does not hold",
                id="a prefix alone",
            ),
            pytest.param(STAMPED, stamped("1794999939"), "its timestamp is too far from now", id="old"),
            pytest.param(STAMPED, stamped("1795000061"), "its timestamp is too far from now", id="early"),
            pytest.param(STAMPED, stamped(x_at="1795000001"), "the signature does not hold", id="another time"),
            pytest.param(STAMPED, stamped(x_id="m2"), "the signature does not hold", id="another id"),
            pytest.param(STAMPED, stamped(x_at=""), "its timestamp is none", id="no time"),
            pytest.param(STAMPED, stamped("1.795e9"), "its timestamp is none", id="no whole number"),
            pytest.param(STAMPED, stamped("-1795000000"), "its timestamp is none", id="a sign"),
            pytest.param(STAMPED, stamped("١٧٩٥٠٠٠٠٠٠"), "its timestamp is none", id="other digits"),
            pytest.param(STAMPED, stamped("1" * 13), "its timestamp is none", id="a long number"),
            pytest.param(
                STAMPED,
                {name: value for name, value in stamped().items() if name != "x-id"},
                "the signature does not hold",
                id="no id",
            ),
        ],
    )
    def test_wrong(self, signing: Hmac, headers: dict[str, str], wanted: str) -> None:
        assert fault(signing, call(headers), SECRET, NOW) == wanted

    def test_an_id_cannot_stand_for_the_time(self) -> None:
        """What is put into its place is not read as a place again."""
        headers = stamped(message_id="{timestamp}")

        assert fault(STAMPED, call(headers), SECRET, NOW) is None
        assert fault(STAMPED, call(headers | {"x-id": "1795000000"}), SECRET, NOW) is not None

    @given(st.dictionaries(st.sampled_from(["x-signature", "x-id", "x-at"]), TEXTS), st.binary())
    def test_nothing_that_anybody_could_make_holds(self, headers: dict[str, str], body: bytes) -> None:
        assert fault(STAMPED, call(headers, body), SECRET, NOW) is not None
        assert fault(SIMPLE, call(headers, body), SECRET, NOW) is not None


def token(ended: str | None = None, name: str = "body.id") -> Webhook:
    return Webhook(verify="token", id=Expression(name), ended=Expression(ended) if ended else None)


def says(webhook: Webhook, body: Any) -> WakeUp:
    return heard(webhook, call({}, body if isinstance(body, bytes) else json.dumps(body).encode()), SECRET)


class TestToken:
    """The secret part of the URL is all there is."""

    def test_it_names_its_run(self) -> None:
        said = says(token(), {"id": "job1"})

        assert (said.upstream_id, said.snapshot.status) == ("job1", Status.SUCCEEDED)

    @pytest.mark.parametrize(
        ("status", "wanted"), [("done", Status.SUCCEEDED), ("works", Status.PROCESSING), (None, Status.PROCESSING)]
    )
    def test_the_end_or_not_yet(self, status: str | None, wanted: Status) -> None:
        said = says(token("body.status == 'done'"), {"id": "job1", "status": status})

        assert said.snapshot.status is wanted

    def test_never_an_outcome(self) -> None:
        """A look brings it."""
        said = says(token(), {"id": "job1", "status": "bad", "error": "x", "output": "https://x.files.acme.test/a"})

        assert said.snapshot.output is None
        assert said.snapshot.error is None
        assert said.snapshot.logs == ""

    def test_a_number_is_a_name(self) -> None:
        assert says(token(), {"id": 7}).upstream_id == "7"

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b"", id="nothing"),
            pytest.param(b"no JSON", id="no JSON"),
            pytest.param(b"\xff\xfe", id="no text"),
            pytest.param(b"[" * 100_000, id="deep"),
            pytest.param({}, id="no id"),
            pytest.param([], id="a list"),
            pytest.param("job1", id="a text"),
            pytest.param({"id": None}, id="null"),
            pytest.param({"id": ""}, id="an empty id"),
            pytest.param({"id": "a b"}, id="a space"),
            pytest.param({"id": "a\n"}, id="a line end"),
            pytest.param({"id": "ü"}, id="no ASCII"),
            pytest.param({"id": "\ud800"}, id="half a pair"),
            pytest.param({"id": "x" * 513}, id="too long"),
            pytest.param({"id": "x" * 300_000}, id="much too long"),
            pytest.param({"id": ["job1"]}, id="a list of it"),
            pytest.param({"id": {"a": 1}}, id="a map"),
            pytest.param({"id": False}, id="false"),
        ],
    )
    def test_what_names_no_run(self, body: Any) -> None:
        """What it names goes into the record before it is looked at."""
        with pytest.raises(Forged):
            says(token(), body)


def test_a_secret_of_its_own_for_each_prediction(test_clock: TestClock) -> None:
    """As the submission hands it over: one that a provider knows of one prediction signs for no other."""
    acme = provider()
    secret = signatures.provider_secret(MASTER, "acme", ID)
    headers = {"x-acme-signature": f"sha256={digest(BODY, secret).hex()}"}

    assert acme.webhook(WebhookCall(headers, BODY, ID)).upstream_id == "job1"
    with pytest.raises(Forged):
        acme.webhook(WebhookCall(headers, BODY, f"{ID[:-1]}1"))


def test_who_calls_no_webhooks() -> None:
    hmac_lines = declaring.GOOD.partition("webhook:\n")[2].partition("items:")[0]
    acme = provider((f"webhook:\n{hmac_lines}", ""), ('hook: "{webhook}", secret: "{webhook_secret}"', "hook: x"))

    with pytest.raises(Forged, match="calls no webhooks"):
        acme.webhook(WebhookCall({}, BODY, ID))
    assert not acme.calls_back("https://lumeo.test/x", "default")


# fal


FIRST, SECOND = SigningKey(b"1" * 32), SigningKey(b"2" * 32)
KEYS = "https://keys.acme.test/jwks.json"


def published(*keys: SigningKey) -> dict[str, Any]:
    """Keys as fal publishes them."""
    texts = [base64.urlsafe_b64encode(bytes(key.verify_key)).rstrip(b"=").decode() for key in keys]
    return {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": text} for text in texts]}


def signed(key: SigningKey = FIRST, body: bytes = BODY, at: float = 0, **changes: str) -> WebhookCall:
    """A call as fal makes it now, or `at` seconds from now; `changes` afterwards."""
    stamp = str(int(clock.now().timestamp() + at))
    message = f"request1\nuser1\n{stamp}\n{hashlib.sha256(body).hexdigest()}".encode()
    headers = {
        "request-id": "request1",
        "user-id": "user1",
        "timestamp": stamp,
        "signature": key.sign(message).signature.hex(),
    }
    named = headers | {name.replace("_", "-"): value for name, value in changes.items()}
    return WebhookCall({f"x-fal-webhook-{name}": value for name, value in named.items()}, body, ID)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch, test_clock: TestClock) -> Iterator[Api]:
    """Where fal's keys are published: the first one alone, as yet."""
    fal._published.cache_clear()
    with declaring.api(monkeypatch) as found:
        found.says(published(FIRST))
        yield found
    fal._published.cache_clear()


class TestFal:
    @pytest.mark.parametrize("at", [0, -300, 300])
    def test_right(self, keys: Api, at: float) -> None:
        fal.verify(signed(at=at), KEYS)

        assert keys.urls == [KEYS]
        assert "authorization" not in {name.lower() for name in keys.last.headers}

    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            pytest.param({"key": SECOND}, "no signature holds", id="another key"),
            pytest.param({"at": -301}, "too far from now", id="old"),
            pytest.param({"at": 301}, "too far from now", id="early"),
            pytest.param({"request_id": "request2"}, "no signature holds", id="another request"),
            pytest.param({"user_id": "user2"}, "no signature holds", id="another user"),
            pytest.param({"user_id": "\ud800"}, "no signature holds", id="half a pair"),
            pytest.param({"signature": ""}, ".", id="no signature"),
            pytest.param({"signature": "zz"}, "no hex", id="no hex"),
            pytest.param({"signature": "00"}, "no signature holds", id="a short one"),
            pytest.param({"signature": "00" * 64}, "no signature holds", id="zeros"),
            pytest.param({"timestamp": ""}, "not signed", id="no time"),
            pytest.param({"timestamp": "soon"}, "not signed", id="no number"),
            pytest.param({"request_id": ""}, "not signed", id="no request"),
            pytest.param({"user_id": ""}, "not signed", id="no user"),
        ],
    )
    @pytest.mark.usefixtures("keys")
    def test_wrong(self, changes: dict[str, Any], why: str) -> None:
        with pytest.raises(Forged, match=why):
            fal.verify(signed(**changes), KEYS)

    @pytest.mark.usefixtures("keys")
    def test_another_body(self) -> None:
        right = signed()

        with pytest.raises(Forged, match="no signature holds"):
            fal.verify(WebhookCall(right.headers, BODY + b" ", ID), KEYS)

    def test_what_is_not_signed_asks_for_no_keys(self, keys: Api) -> None:
        for wrong in (WebhookCall({}, BODY, ID), signed(at=-301), signed(signature="zz")):
            with pytest.raises(Forged):
                fal.verify(wrong, KEYS)

        assert keys.asked == []

    def test_keys_are_read_once_a_day(self, keys: Api, test_clock: TestClock) -> None:
        fal.verify(signed(), KEYS)
        test_clock.passes(fal.KEYS_SECONDS - 1)
        fal.verify(signed(), KEYS)

        assert len(keys.asked) == 1
        test_clock.passes(1)
        fal.verify(signed(), KEYS)
        assert len(keys.asked) == 2

    def test_new_keys_are_found_within_a_minute(self, keys: Api, test_clock: TestClock) -> None:
        fal.verify(signed(), KEYS)
        keys.answers = [(200, published(FIRST, SECOND), {})]
        test_clock.passes(fal.KEYS_AGAIN_SECONDS)

        fal.verify(signed(SECOND), KEYS)
        fal.verify(signed(FIRST), KEYS)
        assert len(keys.asked) == 2

    def test_who_forges_makes_us_read_them_once_a_minute(self, keys: Api, test_clock: TestClock) -> None:
        for _ in range(5):
            with pytest.raises(Forged):
                fal.verify(signed(SECOND), KEYS)
            test_clock.passes(fal.KEYS_AGAIN_SECONDS / 4)

        assert len(keys.asked) == 2

    def test_a_key_that_was_taken_back_holds_no_longer(self, keys: Api, test_clock: TestClock) -> None:
        fal.verify(signed(), KEYS)
        keys.answers = [(200, published(SECOND), {})]
        test_clock.passes(fal.KEYS_SECONDS)

        with pytest.raises(Forged):
            fal.verify(signed(FIRST), KEYS)

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            pytest.param(500, published(FIRST), id="an error"),
            pytest.param(302, published(FIRST), id="a redirect"),
            pytest.param(200, b"no JSON", id="no JSON"),
            pytest.param(200, [], id="a list"),
            pytest.param(200, {}, id="no keys"),
            pytest.param(200, {"keys": []}, id="an empty list"),
            pytest.param(200, {"keys": {"a": 1}}, id="a map"),
            pytest.param(200, {"keys": 7}, id="a number"),
            pytest.param(200, {"keys": [None, {"x": None}, {"x": "AAAA"}, {"x": "ü"}, {"y": "a"}]}, id="none of them"),
        ],
    )
    def test_keys_that_are_none(self, keys: Api, status: int, body: Any) -> None:
        """It may have been fal: it is to call again."""
        keys.answers = [(status, body, {})]

        with pytest.raises(Retryable):
            fal.verify(signed(), KEYS)

    def test_keys_out_of_reach(self, keys: Api) -> None:
        keys.error = OSError("no route")
        with pytest.raises(Retryable):
            fal.verify(signed(), KEYS)

        keys.error = None
        fal.verify(signed(), KEYS)

    def test_among_keys_that_are_none(self, keys: Api) -> None:
        keys.answers = [(200, {"keys": [{"x": "AAAA"}, None, *published(FIRST)["keys"]]}, {})]

        fal.verify(signed(), KEYS)

    def test_an_account_may_say_where_they_are(self, keys: Api) -> None:
        webhook = Webhook(verify="fal", id=Expression("body.id"))

        assert heard(webhook, signed(), SECRET, KEYS).upstream_id == "job1"
        assert heard(webhook, signed(), SECRET).upstream_id == "job1"
        assert keys.urls == [KEYS, fal.KEYS_URL]

    @pytest.mark.usefixtures("keys")
    def test_what_is_signed_and_names_nothing(self) -> None:
        webhook = Webhook(verify="fal", id=Expression("body.id"))

        with pytest.raises(Forged, match="names no run"):
            heard(webhook, signed(body=b"{}"), SECRET, KEYS)


def test_an_account_that_is_not_there_is_no_forgery() -> None:
    acme = provider(accounts={})

    with pytest.raises(ProviderError) as caught:
        acme.webhook(WebhookCall({}, BODY, ID))
    assert not isinstance(caught.value, Forged)
