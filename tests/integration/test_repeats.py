"""Requests that come twice: by `Idempotency-Key`, or by a client that counts its repeats. Nothing is paid for twice."""

import json
from typing import Any

import pytest

from local.simulator.models import MODELS
from lumeo import aws, settings
from lumeo.items import pack
from lumeo.keys import keys
from tests.integration.driver import PICTURE, Answer, Driver
from tests.integration.dying import answered_once
from tests.integration.meeting import before, losing_the_answer

PATH = "/v1/models/sim/instant/predictions"
GOOD: dict[str, Any] = {"input": PICTURE}
COUNT = "x-stainless-retry-count"


def create(driver: Driver, body: Any = None, *, path: str = PATH, **headers: str) -> Answer:
    """A create call; `headers` with underscores for dashes."""
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return driver.call("POST", path, GOOD if body is None else body, headers=named)


def counted(driver: Driver, count: int | str, body: Any = None, **headers: str) -> str:
    """The id that a call by a client of Stainless's is answered with."""
    answer = create(driver, body, **{COUNT.replace("-", "_"): str(count)}, **headers)
    assert answer.status == 201, answer.text
    return str(answer.body["id"])


def made(driver: Driver) -> list[str]:
    """Every prediction of alice's, oldest first."""
    return [shown["id"] for shown in driver.call("GET", "/v1/predictions").body["results"]][::-1]


# Idempotency-Key


def test_same_key_same_prediction(driver: Driver) -> None:
    first, second = create(driver, idempotency_key="order 7"), create(driver, idempotency_key="order 7")

    assert (first.status, second.status) == (201, 201)
    assert second.body == first.body
    assert second.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert made(driver) == driver.started() == [first.body["id"]]


def test_prediction_as_it_is_now(driver: Driver) -> None:
    first = create(driver, idempotency_key="k")
    driver.run(first.body["id"])
    again = create(driver, idempotency_key="k")

    assert (again.status, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert again.body == driver.read(first.body["id"])
    assert again.body["status"] == "succeeded"
    assert driver.created() == 1


def test_unfinished_is_answered_as_a_create_call_is(driver: Driver) -> None:
    """Clients take `processing` for finished."""
    first = create(driver, path="/v1/models/sim/stuck/predictions", idempotency_key="k")
    driver.step("Create", first.body["id"])
    driver.clock.passes(5)
    driver.step("Status", first.body["id"])
    assert driver.read(first.body["id"])["status"] == "processing"

    again = create(driver, path="/v1/models/sim/stuck/predictions", idempotency_key="k")
    assert (again.body["status"], again.body["output"]) == ("starting", None)


def test_replay_that_waits(driver: Driver) -> None:
    """`Prefer: wait` holds a replay too."""
    create(driver, idempotency_key="k")
    moment = driver.clock.now()
    again = create(driver, idempotency_key="k", prefer="wait=5")

    assert again.headers["Preference-Applied"] == "wait=5"
    assert 3 <= (driver.clock.now() - moment).total_seconds() <= 5


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param(PATH, {"input": PICTURE | {"seed": 1}}, id="another input"),
        pytest.param(PATH, {"input": PICTURE, "stream": True}, id="another field"),
        pytest.param("/v1/models/sim/many/predictions", GOOD, id="another model"),
        pytest.param("/v1/predictions", GOOD | {"version": MODELS["sim/instant"].version}, id="by version"),
        pytest.param(PATH, {"input": PICTURE | {"width": 16.0}}, id="another type of number"),
        pytest.param(PATH, {"input": PICTURE | {"width": "16"}}, id="a text for a number"),
    ],
)
def test_same_key_another_request(driver: Driver, path: str, body: Any) -> None:
    """A mistake of the caller's, of which it is told; nothing is created."""
    first = create(driver, idempotency_key="k")
    answer = create(driver, body, path=path, idempotency_key="k")

    assert answer.status == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body == {
        "title": "Idempotency key in use",
        "detail": "This Idempotency-Key came with another request: take a new one.",
        "status": 422,
    }
    assert made(driver) == [first.body["id"]]


def test_same_request_written_in_another_way(driver: Driver) -> None:
    """Order, white space and escapes are not what is asked for."""
    first = create(driver, {"input": {"prompt": "é", "seed": 1}}, idempotency_key="k")
    text = b'{ "input" : {"seed":1, "prompt": "\\u00e9" } }'
    again = driver.call("POST", PATH, data=text, headers={"Idempotency-Key": "k"})

    assert again.body["id"] == first.body["id"]


def test_other_headers_do_not_make_another_request(driver: Driver) -> None:
    first = create(driver, idempotency_key="k", prefer="wait=1")
    again = create(driver, idempotency_key="k", cancel_after="30s", user_agent="another")

    assert again.body["id"] == first.body["id"]
    assert again.body["deadline"] == "2026-11-21T11:00:00.000Z", "as it was accepted"


@pytest.mark.parametrize("key", ["k", "x" * 255, "é" * 100, "a b", '"quoted"', "../x", "#", "\x7f"])
def test_keys(driver: Driver, key: str) -> None:
    first, second = (create(driver, idempotency_key=key.encode().decode("latin-1")) for _ in range(2))

    assert (first.status, second.status) == (201, 201)
    assert first.body["id"] == second.body["id"]


@pytest.mark.parametrize("length", [256, 1000, 8000])
def test_key_that_is_too_long(driver: Driver, length: int) -> None:
    answer = create(driver, idempotency_key="x" * length)

    assert answer.status == 400
    assert answer.body["detail"] == "The Idempotency-Key is over 255 characters."
    assert made(driver) == []


@pytest.mark.parametrize("key", ["", "   "])
def test_empty_key_is_none(driver: Driver, key: str) -> None:
    assert len({create(driver, idempotency_key=key).body["id"] for _ in range(3)}) == 3


def test_keys_differ_by_each_character(driver: Driver) -> None:
    ids = {create(driver, idempotency_key=key).body["id"] for key in ("k", "K", "k1", "k ", "x" * 254, "x" * 255)}

    assert len(ids) == 5, "only the white space around it does not count"


def test_key_of_another_caller(driver: Driver) -> None:
    """The same name means two things, and says nothing of the other."""
    first = create(driver, idempotency_key="k")
    bob = keys().create("bob", "another")
    second = create(driver, {"input": {}}, idempotency_key="k", authorization=f"Bearer {bob}")

    assert second.status == 201
    assert second.body["id"] != first.body["id"]
    assert "Idempotent-Replayed" not in second.headers


def test_key_is_kept_for_a_day(driver: Driver) -> None:
    first = create(driver, idempotency_key="k")
    driver.clock.passes(86_400 - 1)
    assert create(driver, idempotency_key="k").body["id"] == first.body["id"]
    assert create(driver, {"input": {}}, idempotency_key="k").status == 422
    driver.clock.passes(1)
    second = create(driver, {"input": {}}, idempotency_key="k")

    assert second.status == 201
    assert second.body["id"] != first.body["id"]
    assert create(driver, {"input": {}}, idempotency_key="k").body["id"] == second.body["id"], "for a day again"


def test_key_and_prediction_are_written_together(driver: Driver) -> None:
    """Neither without the other, and the key itself stands nowhere."""
    create(driver, idempotency_key="order-of-bob@example.org")
    items = {item["pk"]["S"]: item for item in aws.dynamodb().scan(TableName=settings.table_name())["Items"]}
    (name,) = [name for name in items if name.startswith("request#alice#")]

    assert f"prediction#{items[name]['prediction']['S']}" in items
    assert "example.org" not in str(items)
    assert int(items[name]["expires_at"]["N"]) == int(driver.clock.now().timestamp()) + 86_400


def test_same_key_at_the_same_time(driver: Driver) -> None:
    """The other one was first between our look and our write: its prediction is the answer."""
    found: list[Answer] = []
    with before("TransactWriteItems", lambda: found.append(create(driver, idempotency_key="k"))):
        late = create(driver, idempotency_key="k")

    assert late.body["id"] == found[0].body["id"]
    assert late.headers["Idempotent-Replayed"] == "true"
    assert made(driver) == driver.started() == [late.body["id"]]


def test_same_key_another_request_at_the_same_time(driver: Driver) -> None:
    with before("TransactWriteItems", lambda: create(driver, {"input": {}}, idempotency_key="k")):
        late = create(driver, idempotency_key="k")

    assert late.status == 422
    assert len(made(driver)) == 1


def test_lost_answer_of_the_table(driver: Driver) -> None:
    """AWS's client repeats the write, and what it meets is our own."""
    with losing_the_answer("PutItem"):
        answer = create(driver)
    assert answer.status == 201
    assert made(driver) == driver.started() == [answer.body["id"]]

    with losing_the_answer("TransactWriteItems"):
        answer = create(driver, idempotency_key="k")
    assert answer.status == 201
    assert len(made(driver)) == 2
    assert answer.body["id"] in driver.started()


def test_what_is_refused_takes_no_key(driver: Driver) -> None:
    """A caller that mends its request may keep its key."""
    assert create(driver, {"input": 7}, idempotency_key="k").status == 422

    assert create(driver, idempotency_key="k").status == 201


def test_replays_are_not_counted_as_creations(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLER_CREATES_PER_MINUTE", "6")
    create(driver, idempotency_key="k")
    assert create(driver, idempotency_key="another").status == 429

    assert [create(driver, idempotency_key="k").status for _ in range(5)] == [201] * 5


def test_prediction_that_is_gone(driver: Driver) -> None:
    """Its owner deleted it: what was asked for is not made a second time behind anybody's back."""
    first = create(driver, idempotency_key="k")
    pk = pack({"pk": f"prediction#{first.body['id']}"})
    aws.dynamodb().delete_item(TableName=settings.table_name(), Key=pk)
    answer = create(driver, idempotency_key="k")

    assert answer.status == 410
    assert made(driver) == []


def test_without_a_key_nothing_is_replayed(driver: Driver) -> None:
    assert len({create(driver).body["id"] for _ in range(4)}) == 4


def test_key_that_the_cancel_route_gets(driver: Driver) -> None:
    """It names create calls alone."""
    prediction_id = create(driver, idempotency_key="k").body["id"]
    answer = driver.call("POST", f"/v1/predictions/{prediction_id}/cancel", headers={"Idempotency-Key": "k"})

    assert (answer.status, answer.body["status"]) == (200, "canceled")


# x-stainless-retry-count


def test_repeat_is_answered_with_the_first(driver: Driver) -> None:
    first = counted(driver, 0)
    answer = create(driver, **{COUNT.replace("-", "_"): "1"})

    assert answer.body["id"] == first
    assert answer.headers["Idempotent-Replayed"] == "true"
    assert made(driver) == driver.started() == [first]


def test_every_repeat_of_one_request(driver: Driver) -> None:
    """A client repeats more than once."""
    first = counted(driver, 0)

    assert {counted(driver, count) for count in (1, 2, 3, 5)} == {first}


def test_repeat_whose_first_try_never_came(driver: Driver) -> None:
    second = counted(driver, 1)

    assert made(driver) == [second]
    assert counted(driver, 2) == second


def test_equal_requests_that_are_no_repeats(driver: Driver) -> None:
    """Four pictures of one prompt."""
    assert len({counted(driver, 0) for _ in range(4)}) == 4


def test_repeat_of_one_of_several_creates(driver: Driver) -> None:
    """Which one it repeats cannot be told: better one too many than the picture of another."""
    first = {counted(driver, 0), counted(driver, 0)}

    assert counted(driver, 1) not in first


def test_repeat_of_the_only_one_that_is_not_claimed(driver: Driver) -> None:
    first = counted(driver, 0)
    assert counted(driver, 1) == first
    second = counted(driver, 0)

    assert counted(driver, 1) == second


def test_same_repeat_twice(driver: Driver) -> None:
    """Its answer was not lost, so this is the repeat of another request of which nothing is known."""
    first = counted(driver, 0)
    assert counted(driver, 1) == first

    assert counted(driver, 1) != first


@pytest.mark.parametrize("seconds", [0, 60, 120])
@pytest.mark.parametrize("offset", [0, 59, 119])
def test_within_two_minutes(driver: Driver, seconds: int, offset: int) -> None:
    """However the two lie to the clock's full minutes."""
    driver.clock.passes(offset)
    first = counted(driver, 0)
    driver.clock.passes(seconds)

    assert counted(driver, 1) == first


@pytest.mark.parametrize("offset", [0, 59, 119])
def test_after_two_minutes(driver: Driver, offset: int) -> None:
    driver.clock.passes(offset)
    first = counted(driver, 0)
    driver.clock.passes(121)

    assert counted(driver, 1) != first


@pytest.mark.parametrize(
    ("path", "body"), [(PATH, {"input": PICTURE | {"seed": 1}}), ("/v1/models/sim/many/predictions", GOOD)]
)
def test_repeat_of_another_request(driver: Driver, path: str, body: Any) -> None:
    first = counted(driver, 0)
    answer = create(driver, body, path=path, **{COUNT.replace("-", "_"): "1"})

    assert answer.status == 201
    assert answer.body["id"] != first


def test_repeat_by_another_caller(driver: Driver) -> None:
    first = counted(driver, 0)
    bob = keys().create("bob", "another")

    assert counted(driver, 1, authorization=f"Bearer {bob}") != first


@pytest.mark.parametrize("count", ["-1", "one", "1.0", "1000", "½", "true", "0x1"])
def test_count_that_is_none(driver: Driver, count: str) -> None:
    first = counted(driver, 0)

    assert counted(driver, count) != first


def test_first_try_without_a_count_is_no_candidate(driver: Driver) -> None:
    """Another client's, with the same input."""
    first = create(driver).body["id"]

    assert counted(driver, 1) != first


def test_key_says_more_than_a_count(driver: Driver) -> None:
    first = counted(driver, 0, idempotency_key="a")
    second = counted(driver, 1, idempotency_key="b")
    assert first != second

    assert counted(driver, 1, idempotency_key="a") == first


def test_many_equal_ones(driver: Driver) -> None:
    """Past what is remembered nothing is mistaken for another's, and nothing fails."""
    ids = [counted(driver, 0) for _ in range(12)]
    assert len(set(ids)) == 12

    assert counted(driver, 1) not in ids


def test_what_is_remembered_goes(driver: Driver) -> None:
    counted(driver, 0)
    items = aws.dynamodb().scan(TableName=settings.table_name())["Items"]
    (found,) = [item for item in items if item["pk"]["S"].startswith("repeat#alice#")]

    assert int(found["expires_at"]["N"]) <= driver.clock.now().timestamp() + 3600
    assert "corgi" not in json.dumps(found)


def test_repeat_of_what_is_over(driver: Driver) -> None:
    first = counted(driver, 0)
    driver.run(first)
    answer = create(driver, **{COUNT.replace("-", "_"): "1"})

    assert (answer.body["id"], answer.body["status"]) == (first, "succeeded")


def test_repeat_when_the_limit_is_reached(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLER_CREATES_PER_MINUTE", "6")
    first = counted(driver, 0)

    assert counted(driver, 1) == first


def test_refused_for_too_many_is_not_remembered(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client repeats a 429 as well: nothing was made by it."""
    monkeypatch.setenv("CALLER_CREATES_PER_MINUTE", "6")
    create(driver)
    assert create(driver, **{COUNT.replace("-", "_"): "0"}).status == 429
    driver.clock.passes(10)

    assert counted(driver, 1) in made(driver)
    assert len(made(driver)) == 2


def test_first_try_that_made_nothing(driver: Driver) -> None:
    """The table was away: what was noted of it does not hide what the next try made."""
    refused = {"Error": {"Code": "InternalServerError", "Message": "-"}, "ResponseMetadata": {"HTTPStatusCode": 500}}
    with answered_once("PutItem", refused):
        assert create(driver, **{COUNT.replace("-", "_"): "0"}).status == 500
    assert made(driver) == []
    second = counted(driver, 1)

    assert counted(driver, 2) == second
    assert made(driver) == [second]
