"""What is known of models: for how long, how much of it, and where it lies."""

from typing import Any

import boto3
import pytest

from lumeo import clock
from lumeo.documents import INLINE_BYTES
from lumeo.items import unpack
from lumeo.models import AGAIN_SECONDS, FRESH_SECONDS, KEPT_SECONDS, REMEMBERED, Known, Models, is_name, schema_of
from tests.conftest import TestClock
from tests.unit.make import NOW

HASH = "0123456789abcdef" * 4
VERSION: dict[str, Any] = {"id": HASH, "openapi_schema": {"components": {}}}
MODEL: dict[str, Any] = {"owner": "acme", "name": "fast", "latest_version": VERSION}

pytestmark = pytest.mark.usefixtures("test_clock")


@pytest.fixture
def table(cloud: dict[str, str]) -> str:
    return cloud["TABLE_NAME"]


@pytest.fixture
def models(table: str) -> Models:
    return process(table)


def process(table: str) -> Models:
    """Another process's: it remembers nothing."""
    return Models(boto3.client("dynamodb"), table)


def items(table: str) -> dict[str, Any]:
    return {item["pk"]["S"]: unpack(item) for item in boto3.client("dynamodb").scan(TableName=table)["Items"]}


def objects(bucket: str) -> list[str]:
    listed = boto3.client("s3").list_objects_v2(Bucket=bucket)
    return [found["Key"] for found in listed.get("Contents", [])]


class TestAt:
    def test_nothing_is_known_at_first(self, models: Models) -> None:
        assert models.at("replicate", "acme/fast") is None
        assert models.version("replicate", HASH) is None

    def test_what_was_kept_is_known(self, models: Models, table: str) -> None:
        models.keep("replicate", "acme/fast", MODEL)

        expected = Known("acme/fast", MODEL, NOW)
        assert models.at("replicate", "acme/fast") == expected
        assert process(table).at("replicate", "acme/fast") == expected

    def test_paths_and_providers_are_kept_apart(self, models: Models) -> None:
        models.keep("replicate", "acme/fast", MODEL)

        assert models.at("replicate", "acme/fast/versions") is None
        assert models.at("replicate", "acme/fas") is None
        assert models.at("another", "acme/fast") is None

    def test_the_latest_version_is_kept_by_its_hash_too(self, models: Models, table: str) -> None:
        models.keep("replicate", "acme/fast", MODEL)

        known = process(table).version("replicate", HASH)

        assert known == Known("acme/fast", VERSION, NOW)

    @pytest.mark.parametrize("latest", [None, {}, {"id": None}, {"id": "main"}, {"id": HASH[1:]}, "x", [VERSION]])
    def test_what_has_no_hash_is_no_version(self, models: Models, table: str, latest: Any) -> None:
        models.keep("replicate", "acme/fast", MODEL | {"latest_version": latest})

        assert items(table).keys() == {"model#replicate#acme/fast"}

    @pytest.mark.parametrize(
        ("seconds", "fresh"), [(0, True), (FRESH_SECONDS - 0.001, True), (FRESH_SECONDS, False), (86_400, False)]
    )
    def test_a_name_may_mean_another_version_after_an_hour(
        self,
        models: Models,
        test_clock: TestClock,
        seconds: float,
        fresh: bool,  # noqa: FBT001 (a table's row)
    ) -> None:
        models.keep("replicate", "acme/fast", MODEL)
        test_clock.passes(seconds)

        known = models.at("replicate", "acme/fast")

        assert known is not None
        assert (known.body, known.fresh) == (MODEL, fresh)

    def test_what_another_process_has_read_since_is_known_here(
        self, models: Models, table: str, test_clock: TestClock
    ) -> None:
        models.keep("replicate", "acme/fast", MODEL)
        test_clock.passes(FRESH_SECONDS)
        process(table).keep("replicate", "acme/fast", MODEL | {"run_count": 7})

        known = models.at("replicate", "acme/fast")

        assert known is not None
        assert (known.body["run_count"], known.fresh) == (7, True)

    def test_what_is_fresh_is_read_once(self, models: Models, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
        models.keep("replicate", "acme/fast", MODEL)
        other = process(table)
        other.at("replicate", "acme/fast")
        other.version("replicate", HASH)
        monkeypatch.setattr(other, "_read", lambda pk: pytest.fail(f"{pk} is read again"))

        assert other.at("replicate", "acme/fast") is not None
        assert other.version("replicate", HASH) is not None

    def test_a_version_is_known_for_ever(self, models: Models, table: str, test_clock: TestClock) -> None:
        models.keep_version("replicate", "acme/fast", VERSION)
        test_clock.passes(10 * 365 * 86_400)

        assert models.version("replicate", HASH) == Known("acme/fast", VERSION, NOW)
        assert process(table).version("replicate", HASH) == Known("acme/fast", VERSION, NOW)


class TestKept:
    def test_a_description_goes_after_a_month_and_a_version_stays(self, models: Models, table: str) -> None:
        models.keep("replicate", "acme/fast", MODEL)

        found = items(table)

        month = int(clock.now().timestamp()) + KEPT_SECONDS
        assert found["model#replicate#acme/fast"]["expires_at"] == month
        assert "expires_at" not in found[f"version#replicate#{HASH}"]

    @pytest.mark.parametrize("number", [REMEMBERED, REMEMBERED + 1, 3 * REMEMBERED])
    def test_a_process_remembers_no_more_than_it_has_room_for(self, models: Models, number: int) -> None:
        for n in range(number):
            models.keep("replicate", f"acme/m{n}", {"n": n})

        assert len(models._remembered) == REMEMBERED
        assert models.at("replicate", "acme/m0") is not None
        assert len(models._remembered) == REMEMBERED

    def test_the_last_is_remembered(self, models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
        for n in range(2 * REMEMBERED):
            models.keep("replicate", f"acme/m{n}", {"n": n})
        monkeypatch.setattr(models, "_read", lambda pk: pytest.fail(f"{pk} is read"))

        assert models.at("replicate", f"acme/m{2 * REMEMBERED - 1}") is not None

    def test_a_large_one_lies_in_the_bucket(self, models: Models, table: str, cloud: dict[str, str]) -> None:
        large = VERSION | {"openapi_schema": {"x": "y" * INLINE_BYTES}}
        models.keep("replicate", "acme/fast", MODEL | {"latest_version": large})

        assert objects(cloud["BUCKET_NAME"]) == [
            "models/replicate/" + f"{HASH}.json",
            "models/replicate/acme/fast.json",
        ]
        known = process(table).version("replicate", HASH)
        assert known is not None
        assert known.body == large

    def test_two_pages_lie_at_two_places(self, models: Models, table: str) -> None:
        for cursor in ("a", "b"):
            body: dict[str, Any] = {"results": [], "cursor": cursor, "x": "y" * INLINE_BYTES}
            models.keep("replicate", f"acme/fast/versions?cursor={cursor}", body)

        found = [process(table).at("replicate", f"acme/fast/versions?cursor={cursor}") for cursor in ("a", "b")]

        assert [known.body["cursor"] for known in found if known] == ["a", "b"]

    def test_what_is_no_object_is_not_known(self, models: Models, table: str) -> None:
        models.keep("replicate", "acme/fast", MODEL)
        boto3.client("dynamodb").update_item(
            TableName=table,
            Key={"pk": {"S": "model#replicate#acme/fast"}},
            UpdateExpression="SET body = :body",
            ExpressionAttributeValues={":body": {"M": {"json": {"S": "[]"}}}},
        )

        assert process(table).at("replicate", "acme/fast") is None


class TestInVain:
    def test_is_noted_for_a_while(self, models: Models, test_clock: TestClock) -> None:
        assert not models.was_in_vain("replicate", "acme/fast")

        models.note_in_vain("replicate", "acme/fast")

        assert models.was_in_vain("replicate", "acme/fast")
        assert not models.was_in_vain("replicate", "acme/slow")
        test_clock.passes(AGAIN_SECONDS)
        assert not models.was_in_vain("replicate", "acme/fast")

    def test_no_more_is_noted_than_still_holds(self, models: Models, test_clock: TestClock) -> None:
        for n in range(100):
            models.note_in_vain("replicate", f"acme/m{n}")
            test_clock.passes(AGAIN_SECONDS / 10)

        assert len(models._in_vain) <= 11


@pytest.mark.parametrize(
    ("name", "fine"),
    [
        ("acme/fast", True),
        ("A.c-m_e/1", True),
        (f"{'a' * 128}/b", True),
        (f"{'a' * 129}/b", False),
        ("acme", False),
        ("acme/", False),
        ("/fast", False),
        ("acme/fast/versions", False),
        ("acme/..", False),
        (".acme/fast", False),
        ("acme/fast\n", False),
        ("acme/fa st", False),
        ("acme/fast?x", False),
        ("acme/fast%2f", False),
        ("acme/f\u00e4st", False),
        ("", False),
    ],
)
def test_a_name_leads_nowhere_else(name: str, fine: bool) -> None:  # noqa: FBT001 (a table's row)
    assert is_name(name) is fine


@pytest.mark.parametrize(
    ("version", "schema"), [(VERSION, {"components": {}}), ({}, None), (None, None), ({"openapi_schema": None}, None)]
)
def test_a_version_describes_its_input(version: Any, schema: Any) -> None:
    assert schema_of(version) == schema
