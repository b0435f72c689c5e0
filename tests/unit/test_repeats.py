"""Requests that come twice: the same one is answered with what it made, and another that is equal is another."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given

from lumeo import repeats as module
from lumeo.errors import ApiError
from lumeo.items import unpack
from lumeo.repeats import KEPT_SECONDS, MOST, REPEATED_SECONDS, Repeats, fingerprint
from lumeo.store import store
from tests.conftest import TestClock
from tests.unit.make import JSON, prediction

ASKED = fingerprint("POST", "/v1/predictions", {"input": {"prompt": "a corgi"}})
OTHER = fingerprint("POST", "/v1/predictions", {"input": {"prompt": "a cat"}})


@pytest.fixture
def repeats(cloud: dict[str, str], test_clock: TestClock) -> Repeats:
    return module.repeats()


def items(cloud: dict[str, str]) -> dict[str, dict[str, Any]]:
    found = boto3.client("dynamodb").scan(TableName=cloud["TABLE_NAME"])["Items"]
    return {item["pk"]["S"]: unpack(item) for item in found}


def named(repeats: Repeats, n: int, *, key: str = "k-1", asked: str = ASKED, caller: str = "ann") -> bool:
    """Create the prediction number n with a key; whether it was made."""
    new = prediction(id=f"{n:026}", caller=caller)
    return store().accept(new, repeats.naming(caller, key, asked, new.id))


def made(repeats: Repeats, prediction_id: str, repeat: int) -> None:
    """Create a prediction by a request whose client counts its repeats."""
    repeats.note("ann", ASKED, prediction_id, repeat)
    store().accept(prediction(id=prediction_id))


class TestFingerprint:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            pytest.param({"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1}, id="another order of names"),
            pytest.param(
                json.loads('{"a": "\\u00e4"}'), json.loads('{"a": "\u00e4"}'), id="another way to write a letter"
            ),
            pytest.param(json.loads('{"a":1.50}'), json.loads('{ "a" : 1.5 }'), id="other spaces"),
        ],
    )
    def test_of_the_same_request(self, one: Any, other: Any) -> None:
        assert fingerprint("POST", "/v1/predictions", one) == fingerprint("POST", "/v1/predictions", other)

    @pytest.mark.parametrize(
        "request_",
        [
            pytest.param(("POST", "/v1/predictions", {"a": 2}), id="another value"),
            pytest.param(("POST", "/v1/predictions", {"a": "1"}), id="another type"),
            pytest.param(("POST", "/v1/predictions", {"a": True}), id="a boolean"),
            pytest.param(("POST", "/v1/predictions", {"a": 1, "b": None}), id="a name more"),
            pytest.param(("POST", "/v1/models/a/b/predictions", {"a": 1}), id="another path"),
            pytest.param(("PUT", "/v1/predictions", {"a": 1}), id="another method"),
        ],
    )
    def test_of_another_request(self, request_: tuple[str, str, Any]) -> None:
        assert fingerprint(*request_) != fingerprint("POST", "/v1/predictions", {"a": 1})

    def test_order_in_a_list_is_a_difference(self) -> None:
        assert fingerprint("POST", "/", [1, 2]) != fingerprint("POST", "/", [2, 1])

    @given(JSON)
    def test_of_any_body(self, body: Any) -> None:
        assert fingerprint("POST", "/", body) == fingerprint("POST", "/", json.loads(json.dumps(body)))


class TestKey:
    """`Idempotency-Key`: it names one request of one caller, for a day."""

    def test_names_what_it_made(self, repeats: Repeats) -> None:
        assert repeats.named("ann", "k-1", ASKED) is None

        assert named(repeats, 1)

        assert repeats.named("ann", "k-1", ASKED) == f"{1:026}"

    def test_names_nothing_of_another_callers(self, repeats: Repeats) -> None:
        named(repeats, 1)

        assert repeats.named("bob", "k-1", ASKED) is None
        assert repeats.named("bob", "k-1", OTHER) is None
        assert named(repeats, 2, caller="bob")
        assert repeats.named("ann", "k-1", ASKED) == f"{1:026}"

    @pytest.mark.parametrize("key", ["k-2", "K-1", "k-1 ", "", "k-1#", "\ud800"])
    def test_another_key_names_nothing(self, repeats: Repeats, key: str) -> None:
        named(repeats, 1)

        assert repeats.named("ann", key, ASKED) is None

    def test_another_request_with_it_is_refused(self, repeats: Repeats) -> None:
        named(repeats, 1)

        with pytest.raises(ApiError) as caught:
            repeats.named("ann", "k-1", OTHER)

        assert caught.value.status == 422

    def test_names_for_a_day(self, repeats: Repeats, test_clock: TestClock) -> None:
        named(repeats, 1)
        test_clock.passes(KEPT_SECONDS - 1)
        before = repeats.named("ann", "k-1", ASKED)
        test_clock.passes(1)
        after = repeats.named("ann", "k-1", ASKED)

        assert KEPT_SECONDS == 24 * 3600
        assert (before, after) == (f"{1:026}", None)

    def test_is_free_again_after_it(self, repeats: Repeats, test_clock: TestClock) -> None:
        """DynamoDB removes what has expired up to two days later: until then it is as good as gone."""
        named(repeats, 1)
        test_clock.passes(KEPT_SECONDS)

        assert named(repeats, 2, asked=OTHER)
        assert repeats.named("ann", "k-1", OTHER) == f"{2:026}"

    def test_of_two_at_once_one_is_made(self, repeats: Repeats, cloud: dict[str, str]) -> None:
        """Both found nothing, and both would create."""
        assert repeats.named("ann", "k-1", ASKED) is None

        answers = [named(repeats, 1), named(repeats, 2)]

        assert answers == [True, False]
        assert repeats.named("ann", "k-1", ASKED) == f"{1:026}"
        assert f"prediction#{2:026}" not in items(cloud)

    def test_is_stored_as_a_hash(self, repeats: Repeats, cloud: dict[str, str]) -> None:
        """It may be anything, and of any length that a header has."""
        named(repeats, 1, key="my-secret-\u00e4\ud800")

        (pk,) = (pk for pk in items(cloud) if pk.startswith("request#"))
        assert pk.startswith("request#ann#")
        assert len(pk.rpartition("#")[2]) == 64
        assert "my-secret" not in str(items(cloud))

    def test_is_what_the_contract_says(self, repeats: Repeats, cloud: dict[str, str], test_clock: TestClock) -> None:
        named(repeats, 1)

        (item,) = (item for pk, item in items(cloud).items() if pk.startswith("request#"))
        expires_at = int(test_clock.now().timestamp()) + KEPT_SECONDS
        assert item == {
            "pk": item["pk"],
            "prediction": f"{1:026}",
            "fingerprint": ASKED,
            "expires_at": expires_at,
        }


class TestRepeat:
    """A client that counts its repeats: the one before this is answered, if it can only be that one."""

    def test_is_of_the_only_one(self, repeats: Repeats) -> None:
        made(repeats, "a", 0)

        assert repeats.claim("ann", ASKED, 1) == "a"

    def test_of_a_request_that_never_arrived(self, repeats: Repeats) -> None:
        assert repeats.claim("ann", ASKED, 1) is None

    @pytest.mark.parametrize(("caller", "asked"), [("bob", ASKED), ("ann", OTHER)], ids=["caller", "request"])
    def test_of_another(self, repeats: Repeats, caller: str, asked: str) -> None:
        made(repeats, "a", 0)

        assert repeats.claim(caller, asked, 1) is None
        assert repeats.claim("ann", ASKED, 1) == "a"

    def test_is_of_one_only_once(self, repeats: Repeats) -> None:
        """The same number again is the repeat of another request, whose first try did not arrive."""
        made(repeats, "a", 0)
        repeats.claim("ann", ASKED, 1)

        assert repeats.claim("ann", ASKED, 1) is None

    def test_the_next_repeat_is_of_the_same(self, repeats: Repeats) -> None:
        made(repeats, "a", 0)

        assert [repeats.claim("ann", ASKED, n) for n in (1, 2, 5)] == ["a"] * 3
        assert repeats.claim("ann", ASKED, 4) is None

    def test_what_a_repeat_has_made_is_claimed_by_it(self, repeats: Repeats) -> None:
        """Its first try was lost on the way, so the second made it; only a third is of it."""
        made(repeats, "a", 1)

        assert repeats.claim("ann", ASKED, 1) is None
        assert repeats.claim("ann", ASKED, 2) == "a"

    def test_may_be_of_either_of_two(self, repeats: Repeats) -> None:
        """Two pictures of one prompt are asked for by two requests: to guess would lose one of them."""
        made(repeats, "a", 0)
        made(repeats, "b", 0)

        assert repeats.claim("ann", ASKED, 1) is None

    def test_is_of_the_other_when_one_was_claimed(self, repeats: Repeats) -> None:
        made(repeats, "a", 0)
        repeats.claim("ann", ASKED, 1)
        made(repeats, "b", 0)

        assert repeats.claim("ann", ASKED, 1) == "b"

    @pytest.mark.parametrize("start", [0, 1, 60, 119, 119.9])
    def test_comes_within_two_minutes(self, repeats: Repeats, test_clock: TestClock, start: float) -> None:
        """Wherever the two minutes of the item, which are those of the clock, begin and end."""
        test_clock.passes(start)
        made(repeats, "a", 0)
        test_clock.passes(REPEATED_SECONDS)
        in_time = repeats.claim("ann", ASKED, 1)
        test_clock.passes(0.001)
        too_late = repeats.claim("ann", ASKED, 2)

        assert (in_time, too_late) == ("a", None)

    def test_over_the_items_edge_there_may_be_two(self, repeats: Repeats, test_clock: TestClock) -> None:
        test_clock.passes(119)
        made(repeats, "a", 0)
        test_clock.passes(2)
        made(repeats, "b", 0)

        assert repeats.claim("ann", ASKED, 1) is None

    def test_too_many_to_be_told_apart(self, repeats: Repeats, cloud: dict[str, str]) -> None:
        """From the ninth on they are not noted: the only one that seems to be open need not be the one."""
        for n in range(MOST - 1):
            made(repeats, f"{n:026}", 0)
            repeats.claim("ann", ASKED, 1)
        made(repeats, "the-last-noted", 0)
        made(repeats, "one-too-many", 0)

        assert repeats.claim("ann", ASKED, 1) is None
        (item,) = (item for pk, item in items(cloud).items() if pk.startswith("repeat#"))
        assert item["made"] == MOST
        assert "one-too-many" not in item

    def test_what_was_noted_and_not_made_is_none_of_them(self, repeats: Repeats) -> None:
        """Its function died in between: it is neither an answer nor in the way of one."""
        repeats.note("ann", ASKED, "not-made", 0)
        alone = repeats.claim("ann", ASKED, 1)
        made(repeats, "a", 0)

        assert (alone, repeats.claim("ann", ASKED, 1)) == (None, "a")

    def test_two_repeats_at_once_are_of_one(self, repeats: Repeats) -> None:
        """Both read it as open; the write decides, and the other one creates."""
        made(repeats, "a", 0)
        answers = []

        with meanwhile(repeats, lambda: answers.append(repeats.claim("ann", ASKED, 1))):
            answers.append(repeats.claim("ann", ASKED, 1))

        assert sorted(map(str, answers)) == ["None", "a"]

    def test_what_is_remembered_goes(self, repeats: Repeats, cloud: dict[str, str], test_clock: TestClock) -> None:
        made(repeats, "a", 0)

        (item,) = (item for pk, item in items(cloud).items() if pk.startswith("repeat#"))
        assert item["pk"].startswith(f"repeat#ann#{ASKED}#")
        assert item["expires_at"] >= test_clock.now().timestamp() + 2 * REPEATED_SECONDS

    def test_a_fault_of_the_table_is_no_answer(self, repeats: Repeats) -> None:
        broken = Repeats(repeats._client, "no-such-table")

        with pytest.raises(ClientError, match="ResourceNotFound"):
            broken.note("ann", ASKED, "a", 0)


@contextmanager
def meanwhile(repeats: Repeats, act: Any) -> Iterator[None]:
    """Somebody else acts before the first write."""
    events, acted = repeats._client.meta.events, list[bool]()

    def before(**_: Any) -> None:
        if not acted:
            acted.append(True)
            act()

    events.register("before-call.dynamodb.UpdateItem", before)
    yield
    events.unregister("before-call.dynamodb.UpdateItem", before)
