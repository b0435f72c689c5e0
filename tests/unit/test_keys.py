"""API keys: only their hash is kept, and what is read of one is trusted for a minute."""

import hashlib
import re

import boto3
import pytest

from lumeo import listing
from lumeo.keys import REMEMBERED_SECONDS, SHELF, id_of, keys
from tests.conftest import TestClock


def items(table: str) -> list[dict[str, dict[str, str]]]:
    found = boto3.client("dynamodb").scan(TableName=table)["Items"]
    return [dict(item) for item in found]  # type: ignore[arg-type]


def test_a_key_has_a_form_that_is_redacted(cloud: dict[str, str]) -> None:
    assert re.fullmatch(r"lum_[A-Za-z0-9_-]{43}", keys().create("ann", "laptop"))


def test_only_the_hash_is_stored(cloud: dict[str, str], test_clock: TestClock) -> None:
    key = keys().create("ann", "laptop")

    assert items(cloud["TABLE_NAME"]) == [
        {
            "pk": {"S": f"key#{hashlib.sha256(key.encode()).hexdigest()}"},
            "owner": {"S": "ann"},
            "name": {"S": "laptop"},
            "made_at": {"S": "2026-11-21T10:00:00.000Z"},
            "caller": {"S": "/keys"},
            "created_at": {"S": "2026-11-21T10:00:00.000Z"},
        }
    ]


def test_no_two_keys_are_the_same(cloud: dict[str, str]) -> None:
    first, second = keys().create("ann", "laptop"), keys().create("ann", "laptop")

    assert first != second
    assert keys().caller(first) == keys().caller(second) == "ann"


def test_each_key_has_its_caller(cloud: dict[str, str]) -> None:
    anns, bobs = keys().create("ann", "laptop"), keys().create("bob", "phone")

    assert (keys().caller(anns), keys().caller(bobs)) == ("ann", "bob")


@pytest.mark.parametrize("key", ["", "lum_" + "x" * 43, "x" * 10_000, "\u00e9", "\ud800"])
def test_an_unknown_key_is_nobodys(cloud: dict[str, str], key: str) -> None:
    assert keys().caller(key) is None


def test_a_hash_is_no_key(cloud: dict[str, str]) -> None:
    """Who reads the table must not be able to call."""
    key = keys().create("ann", "laptop")

    assert keys().caller(hashlib.sha256(key.encode()).hexdigest()) is None


def test_a_revoked_key_is_nobodys(cloud: dict[str, str]) -> None:
    key = keys().create("ann", "laptop")

    keys().revoke(id_of(key))

    assert keys().caller(key) is None


def test_a_known_key_is_trusted_for_a_minute(cloud: dict[str, str], test_clock: TestClock) -> None:
    key = keys().create("ann", "laptop")
    assert keys().caller(key) == "ann"
    keys().revoke(id_of(key))

    test_clock.passes(REMEMBERED_SECONDS)
    within = keys().caller(key)
    test_clock.passes(0.001)
    after = keys().caller(key)

    assert REMEMBERED_SECONDS == 60
    assert (within, after) == ("ann", None)


def test_a_minute_is_counted_from_the_reading(cloud: dict[str, str], test_clock: TestClock) -> None:
    """A key that is used all the time must not be trusted for ever."""
    key = keys().create("ann", "laptop")
    keys().caller(key)
    keys().revoke(id_of(key))

    for _ in range(6):
        test_clock.passes(10.1)
        found = keys().caller(key)

    assert found is None


def test_an_unknown_key_is_not_remembered(cloud: dict[str, str], test_clock: TestClock) -> None:
    key = "lum_" + "x" * 43
    assert keys().caller(key) is None
    item = {"pk": {"S": f"key#{hashlib.sha256(key.encode()).hexdigest()}"}, "owner": {"S": "ann"}}

    boto3.client("dynamodb").put_item(TableName=cloud["TABLE_NAME"], Item=item)

    assert keys().caller(key) == "ann"


def test_a_callers_name(cloud: dict[str, str]) -> None:
    for caller in ("a", "ann", "ann@example.com", "team-1.prod_x", "0" * 64):
        assert keys().caller(keys().create(caller, "laptop")) == caller


def test_a_name_that_is_none(cloud: dict[str, str]) -> None:
    for caller in ("", " ann", "ann ", "ann#bob", "a/b", "-ann", "@ann", "\u00e4nn", "0" * 65, "ann\n"):
        with pytest.raises(ValueError, match="not a caller's name"):
            keys().create(caller, "laptop")

    assert items(cloud["TABLE_NAME"]) == []


def test_keys_are_listed_newest_first(cloud: dict[str, str], test_clock: TestClock) -> None:
    made = []
    for n in range(103):
        made.append(id_of(keys().create(f"caller-{n % 2}", f"note {n}")))
        test_clock.passes(1)

    listed = list(keys().made())
    assert [key.id for key in listed] == made[::-1]
    assert (listed[0].owner, listed[0].name, listed[0].made_at) == ("caller-0", "note 102", "2026-11-21T10:01:42.000Z")


def test_no_caller_lists_keys(cloud: dict[str, str]) -> None:
    """They share the index with what callers have: the name of their partition must not be anybody's."""
    keys().create("ann", "laptop")

    assert listing.page("ann", {}, "https://lumeo.test")["results"] == []
    with pytest.raises(ValueError, match="not a caller's name"):
        keys().create(SHELF, "laptop")


def test_a_key_is_revoked_once(cloud: dict[str, str], test_clock: TestClock) -> None:
    key = id_of(keys().create("ann", "laptop"))
    first = keys().revoke(key)
    test_clock.passes(60)

    assert first
    assert first.revoked_at == "2026-11-21T10:00:00.000Z"
    assert keys().revoke(key) == first
    assert list(keys().made()) == [first]


def test_what_is_no_key_is_not_revoked(cloud: dict[str, str]) -> None:
    assert keys().revoke("0" * 64) is None
    assert items(cloud["TABLE_NAME"]) == []
