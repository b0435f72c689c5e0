"""What is learnt of a model: from ends that were seen, by the provider's times as far as they can be true."""

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumeo import clock
from lumeo.errors import ErrorCode
from lumeo.experience import (
    FLOOR,
    KEPT_SECONDS,
    NOTHING,
    Ended,
    Experience,
    Experiences,
    experiences,
    how_it_went,
)
from lumeo.histograms import UNKNOWN
from lumeo.items import pack
from lumeo.prediction import Handle, Phase, Prediction, Status, Upstream, Verdict
from tests.conftest import TestClock
from tests.unit.make import JSON, NOW, prediction

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

STATS = "stats#replicate#stability-ai/sdxl"
HANDLE = Handle("hdwst0bb05rgp0cf0p29mzk2am", NOW)


def after(seconds: float) -> str:
    """So long after the provider took it."""
    return clock.later(seconds, than=NOW)


def ended(
    started: float | None = 2,
    completed: float | None = 9,
    *,
    seen: float = 10,
    status: Status = Status.SUCCEEDED,
    code: ErrorCode | None = None,
    looked: float | None = None,
    promised: float | None = None,
    **more: Any,
) -> Prediction:
    """A prediction that is over; all times in seconds since the provider took it."""
    upstream = Upstream(
        started_at=None if started is None else after(started),
        completed_at=None if completed is None else after(completed),
    )
    told: dict[str, Any] = {
        "handle": HANDLE,
        "upstream": upstream,
        "verdict": Verdict(status, after(seen), code),
        "looked_at": None if looked is None else after(looked),
        "promised_at": None if promised is None else after(promised),
    }
    return prediction(Phase.DONE, **(told | more))


class TestHowItWent:
    @pytest.mark.parametrize(
        ("over", "expected"),
        [
            pytest.param(ended(), Ended(2, 7, None), id="as the provider says"),
            pytest.param(ended(None), Ended(None, 9, None), id="no start"),
            pytest.param(ended(None, None), Ended(None, 5, None), id="no times, one look: halfway"),
            pytest.param(ended(None, None, looked=6), Ended(None, 8, None), id="no times, two looks: in between"),
            pytest.param(ended(2, None, looked=6), Ended(2, 6, None), id="a start, no end"),
            pytest.param(ended(None, None, looked=6, wakes=1), Ended(None, 10, None), id="called"),
            pytest.param(
                ended(upstream=Upstream(None, None, None, "soon", after(9))),
                Ended(None, 9, None),
                id="a start that is no time",
            ),
            pytest.param(
                ended(upstream=Upstream(None, None, None, after(2), "2026-11-21")),
                Ended(2, 3, None),
                id="an end without a zone",
            ),
            pytest.param(
                ended(upstream=Upstream(None, None, None, "", "")), Ended(None, 5, None), id="times that are empty"
            ),
            pytest.param(ended(3602, 3609), Ended(None, 5, None), id="the clock of another zone, east"),
            pytest.param(ended(-3598, -3591, looked=8), Ended(None, 9, None), id="the clock of another zone, west"),
            pytest.param(ended(0, 0.2, seen=0.3), Ended(0, 0.2, None), id="at once"),
            pytest.param(ended(-3, 4), Ended(0, 7, None), id="a clock that is slow"),
            pytest.param(ended(5, 4), Ended(5, 0, None), id="ended before it started"),
            pytest.param(ended(status=Status.FAILED, code=ErrorCode.GENERATION_FAILED), Ended(2, 7, None), id="failed"),
            pytest.param(
                ended(status=Status.FAILED, code=ErrorCode.CONTENT_REJECTED), Ended(2, 7, None), id="rejected"
            ),
            pytest.param(ended(status=Status.FAILED, code=ErrorCode.EMPTY_OUTPUT), Ended(2, 7, None), id="empty"),
        ],
    )
    def test_durations(self, over: Prediction, expected: Ended) -> None:
        assert how_it_went(over) == expected

    @pytest.mark.parametrize(
        "over",
        [
            pytest.param(ended(cancel_requested=after(3)), id="somebody asked for the end"),
            pytest.param(ended(status=Status.CANCELED), id="canceled"),
            pytest.param(ended(status=Status.ABORTED, code=ErrorCode.DEADLINE_EXCEEDED), id="aborted"),
            pytest.param(ended(verdict=None), id="no verdict"),
            pytest.param(ended(handle=None), id="never ran"),
            *(
                pytest.param(ended(status=Status.FAILED, code=code), id=code)
                for code in ErrorCode
                if code
                not in {
                    ErrorCode.GENERATION_FAILED,
                    ErrorCode.CONTENT_REJECTED,
                    ErrorCode.INVALID_INPUT,
                    ErrorCode.EMPTY_OUTPUT,
                }
            ),
            pytest.param(
                ended(upstream=Upstream(completed_at="")), id="an empty end, no look", marks=pytest.mark.xfail
            ),
        ][:-1],
    )
    def test_teaches_nothing(self, over: Prediction) -> None:
        assert how_it_went(over) is None

    @pytest.mark.parametrize(
        ("over", "heard"),
        [
            pytest.param(ended(promised=30, wakes=1), None, id="none was expected"),
            pytest.param(ended(promised=30, webhook=True, wakes=1), True, id="it came"),
            pytest.param(ended(promised=10, webhook=True, wakes=1), True, id="it came just before the look"),
            pytest.param(ended(promised=10, webhook=True), False, id="it did not come before the look"),
            pytest.param(ended(promised=9.999, webhook=True, wakes=1), None, id="it came, and would have had no time"),
            pytest.param(ended(promised=9.999, webhook=True), None, id="it had no time to come"),
            pytest.param(ended(webhook=True), None, id="it was looked for within a call"),
            pytest.param(ended(None, None, looked=4, promised=10, webhook=True), False, id="nobody says when it ended"),
            pytest.param(ended(None, 90, looked=9, promised=10, webhook=True), None, id="it ends later than now"),
            pytest.param(ended(-3598, -3591, looked=9, promised=10, webhook=True), None, id="an hour ago, they say"),
        ],
    )
    def test_whether_the_webhook_came(self, over: Prediction, heard: bool | None) -> None:  # noqa: FBT001 (a case)
        found = how_it_went(over)

        assert found
        assert found.heard is heard

    @pytest.mark.parametrize(
        "over",
        [
            pytest.param(ended(3602, 3609), id="started in an hour"),
            pytest.param(ended(3602, None, looked=6), id="started in an hour, no end"),
            pytest.param(ended(None, 3609), id="ended in an hour"),
            pytest.param(ended(-3598, -3591), id="ended an hour ago"),
            pytest.param(ended(-3598, None, looked=6), id="started an hour ago, no end"),
            pytest.param(ended(2, 3609), id="an end by another clock"),
        ],
    )
    def test_another_clock_does_not_make_it_longer(self, over: Prediction) -> None:
        """It cannot have taken longer than from when we had its id until we saw its end."""
        found = how_it_went(over)

        assert found is None or (found.boot or 0) + found.run <= 10

    @given(st.text(max_size=30), st.text(max_size=30) | st.none())
    def test_whatever_times_a_provider_gives(self, started: str, completed: str | None) -> None:
        found = how_it_went(ended(upstream=Upstream(started_at=started, completed_at=completed)))

        assert found is None or found.run >= 0


class TestExperience:
    def test_what_is_learnt(self) -> None:
        known = NOTHING.learnt(Ended(3, 7, heard=True), NOW).learnt(Ended(None, 8, heard=False), after(5))

        assert (known.n, known.at, known.boot.n, known.run.n) == (2, after(5), 1, 2)
        assert known.webhooks == {"heard": pytest.approx(0.995), "missed": 1}
        assert (NOTHING.n, NOTHING.webhooks) == (0, {"heard": 0.0, "missed": 0.0})

    @pytest.mark.parametrize(
        ("heard", "missed", "least", "most"),
        [
            pytest.param(0, 0, 0.05, 0.05, id="nothing is known"),
            pytest.param(10_000, 0, FLOOR, FLOOR, id="none is lost: the floor"),
            pytest.param(0, 200, 0.9, 1, id="all are lost"),
            pytest.param(50, 50, 0.4, 0.5, id="every other"),
        ],
    )
    def test_share_of_lost_webhooks(self, heard: float, missed: float, least: float, most: float) -> None:
        assert least <= Experience(webhooks={"heard": heard, "missed": missed}).lost <= most

    def test_old_webhooks_are_forgotten(self) -> None:
        """An endpoint that is repaired is trusted again."""
        known = NOTHING
        for heard in [False] * 300 + [True] * 900:
            known = known.learnt(Ended(None, 5, heard), NOW)

        assert known.lost < 0.02

    def test_a_boot_is_not_a_run(self) -> None:
        """Seconds that it booted say nothing of how long it will run."""
        known = NOTHING
        for _ in range(20):
            known = known.learnt(Ended(90, 12, None), NOW)

        booting, waited = known.odds(60, None, starting=True)
        running, ran = known.odds(95, 3, starting=False)
        assert (waited, ran) == (60, 3)
        assert [booting.at(80)[0], booting.at(125)[0]] == pytest.approx([0, 1], abs=0.3)
        assert [running.at(8)[0], running.at(15)[0]] == pytest.approx([0, 1], abs=0.3)

    def test_nobody_says_when_it_began(self) -> None:
        known = NOTHING.learnt(Ended(None, 12, None), NOW)

        assert known.odds(7, None, starting=False)[1] == 7
        assert known.odds(7, None, starting=True) == known.odds(7, None, starting=False)


@pytest.fixture
def known(cloud: dict[str, str], test_clock: TestClock) -> Experiences:
    experiences.cache_clear()
    return experiences()


@pytest.fixture
def client(known: Experiences) -> "DynamoDBClient":
    return boto3.client("dynamodb")


def item(client: "DynamoDBClient", table: str, name: str = STATS) -> Any:
    return client.get_item(TableName=table, Key=pack({"pk": name})).get("Item")


class TestExperiences:
    def test_the_first(self, known: Experiences, client: "DynamoDBClient", cloud: dict[str, str]) -> None:
        known.add(ended(webhook=True, wakes=1, promised=30))

        found = known.of(ended())
        assert (found.n, found.at, found.boot.n, found.run.n) == (1, NOW, 1, 1)
        assert found.webhooks == {"heard": 1, "missed": 0}
        stored = item(client, cloud["TABLE_NAME"])
        assert stored.keys() == {"pk", "n", "at", "learnt", "expires_at"}
        assert int(stored["expires_at"]["N"]) == clock.now().timestamp() + KEPT_SECONDS

    def test_the_second(self, known: Experiences, test_clock: TestClock) -> None:
        known.add(ended())
        test_clock.passes(1)
        known.add(ended(None))

        found = known.of(ended())
        assert (found.n, found.boot.n, found.run.n, found.at) == (2, 1, 2, after(1))

    def test_within_a_second_is_left_out(self, known: Experiences, test_clock: TestClock) -> None:
        """A busy model costs no more than one write a second."""
        known.add(ended())
        test_clock.passes(0.999)
        known.add(ended())

        assert known.of(ended()).n == 1

    def test_a_lost_race_is_left_out(self, known: Experiences, cloud: dict[str, str], test_clock: TestClock) -> None:
        """Somebody else wrote between the read and the write: his stands."""
        known.add(ended())
        test_clock.passes(5)
        racing = Experiences(boto3.client("dynamodb"), cloud["TABLE_NAME"])
        others = [ended(None, 20, seen=20)]

        def first(**_: Any) -> None:
            if others:
                known.add(others.pop())

        racing._client.meta.events.register("before-call.dynamodb.PutItem", first)
        racing.add(ended())

        assert not others
        assert (known.of(ended()).n, known.of(ended()).boot.n) == (2, 1)

    def test_two_that_are_first(self, known: Experiences, cloud: dict[str, str]) -> None:
        racing = Experiences(boto3.client("dynamodb"), cloud["TABLE_NAME"])
        others = [ended(None, 20, seen=20)]

        def first(**_: Any) -> None:
            if others:
                known.add(others.pop())

        racing._client.meta.events.register("before-call.dynamodb.PutItem", first)
        racing.add(ended())

        assert (known.of(ended()).n, known.of(ended()).boot.n) == (1, 0)

    def test_what_teaches_nothing_is_not_written(
        self, known: Experiences, client: "DynamoDBClient", cloud: dict[str, str]
    ) -> None:
        known.add(ended(cancel_requested=after(1)))

        assert item(client, cloud["TABLE_NAME"]) is None

    @pytest.mark.parametrize(
        ("asked", "name"),
        [
            pytest.param({}, STATS, id="a model"),
            pytest.param({"model": None, "version": "5c7d5dc6"}, "stats#replicate#5c7d5dc6", id="a bare version"),
            pytest.param({"provider": "acme", "model": "x"}, "stats#acme#x", id="another provider's"),
            pytest.param({"provider": "acme", "model": None}, "stats#acme#callers/ann", id="a provider without models"),
        ],
    )
    def test_each_has_its_own(
        self, known: Experiences, client: "DynamoDBClient", cloud: dict[str, str], asked: dict[str, Any], name: str
    ) -> None:
        known.add(ended(**asked))

        assert item(client, cloud["TABLE_NAME"], name)

    def test_a_deployment_is_not_the_model_of_its_name(self, known: Experiences) -> None:
        known.add(ended(model=None, deployment="stability-ai/sdxl"))

        assert known.of(ended()) == NOTHING


VALUES = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=9) | JSON.map(json.dumps)
ITEMS = st.dictionaries(st.sampled_from(["n", "at", "learnt"]), VALUES)
GARBLED: list[Any] = [
    pytest.param({}, id="nothing but its name"),
    pytest.param({"n": 3}, id="n alone"),
    pytest.param({"n": "three", "at": NOW, "learnt": "{}"}, id="n in words"),
    pytest.param({"n": -3, "at": NOW, "learnt": "{}"}, id="n below nothing"),
    pytest.param({"n": 0}, id="none"),
    pytest.param({"n": None}, id="n is null"),
    pytest.param({"n": [1]}, id="n is a list"),
    pytest.param({"n": 10**37}, id="n is huge"),
    pytest.param({"n": 3, "at": "yesterday"}, id="at is no time"),
    pytest.param({"n": 3, "at": 5}, id="at is a number"),
    pytest.param({"n": 3, "at": "2026-11-21"}, id="at is a day"),
    pytest.param({"n": 3, "learnt": "["}, id="half a text"),
    pytest.param({"n": 3, "learnt": "[" * 200_000}, id="very deep"),
    pytest.param({"n": 3, "learnt": b"\xff"}, id="bytes"),
    pytest.param({"n": 3, "learnt": {"boot": 1}}, id="a map"),
    pytest.param({"n": 3, "learnt": "null"}, id="null"),
    pytest.param({"n": 3, "webhooks": {"heard": "NaN", "missed": 0}}, id="webhooks that are no number"),
    pytest.param({"n": 3, "webhooks": {"heard": -1, "missed": 0}}, id="webhooks below nothing"),
    pytest.param({"n": 3, "webhooks": {"heard": 10**400, "missed": 0}}, id="webhooks that no float holds"),
    pytest.param({"n": 3, "webhooks": {"heard": 1}}, id="one word of two"),
    pytest.param({"n": 3, "webhooks": 7}, id="webhooks without words"),
]


def whole(garbled: dict[str, Any]) -> dict[str, Any]:
    """An item as it should be, but for what is garbled; `webhooks` are those in its text."""
    text = {"boot": UNKNOWN.plain(), "run": UNKNOWN.learnt(7).plain(), "webhooks": {"heard": 1.0, "missed": 0.0}}
    if "webhooks" in garbled:
        text |= {"webhooks": garbled["webhooks"]}
    named = {name: value for name, value in garbled.items() if name != "webhooks"}
    return {"at": "2026-11-20T10:00:00.000Z", "learnt": json.dumps(text)} | named


class TestGarbage:
    @pytest.mark.parametrize("garbled", GARBLED)
    def test_hinders_nobody(
        self, known: Experiences, client: "DynamoDBClient", cloud: dict[str, str], garbled: dict[str, Any]
    ) -> None:
        client.put_item(TableName=cloud["TABLE_NAME"], Item=pack({"pk": STATS} | whole(garbled)))

        odds, elapsed = known.of(ended()).odds(3, None, starting=True)
        assert odds.at(1e9)[0] == pytest.approx(1)
        assert elapsed == 3
        assert FLOOR <= known.of(ended()).lost <= 1

    @pytest.mark.parametrize("garbled", GARBLED)
    def test_gives_way_to_what_is_learnt(
        self,
        known: Experiences,
        client: "DynamoDBClient",
        cloud: dict[str, str],
        test_clock: TestClock,
        garbled: dict[str, Any],
    ) -> None:
        """A model is not unlearnt for ever because somebody wrote into its item."""
        client.put_item(TableName=cloud["TABLE_NAME"], Item=pack({"pk": STATS} | whole(garbled)))
        for _ in range(3):
            known.add(ended())
            test_clock.passes(1)

        assert known.of(ended()).run.n >= 3
        assert known.of(ended()).at == after(2)

    def test_any_item_is_read(self, known: Experiences, client: "DynamoDBClient", cloud: dict[str, str]) -> None:
        """Whatever stands in its three attributes: nothing raises, and what is learnt next is kept."""

        @settings(max_examples=40)
        @given(ITEMS)
        def read(said: dict[str, Any]) -> None:
            client.put_item(TableName=cloud["TABLE_NAME"], Item=pack({"pk": STATS} | said))

            found = known.of(ended())
            assert FLOOR <= found.lost <= 1
            assert found.learnt(Ended(1, 2, heard=True), NOW).run.n >= 1
            known.add(ended())
            assert known.of(ended()).run.n >= 1

        read()
