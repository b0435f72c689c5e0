"""How a change is said to DynamoDB, and which refusals of a write are an answer."""

import re
from typing import Any

import boto3
import pytest
from boto3.dynamodb.conditions import Attr
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from lumeo.items import pack, unpack
from lumeo.prediction import Status as Word
from lumeo.prediction import Verdict
from lumeo.writes import CONFLICT_SECONDS, Plus, Unless, update_expressions, written
from tests.unit.make import NOW

THERE = Attr("pk").eq("a")


class Item:
    """One item, and what becomes of it."""

    def __init__(self, table: str, **values: Any) -> None:
        self._client = boto3.client("dynamodb")
        self._table = table
        self._client.put_item(TableName=table, Item=pack({"pk": "a", **values}))

    def after(self, changes: dict[str, Any]) -> dict[str, Any]:
        request = update_expressions(THERE, changes)
        answer = self._client.update_item(
            TableName=self._table, Key=pack({"pk": "a"}), ReturnValues="ALL_NEW", **request
        )
        return {name: value for name, value in unpack(answer["Attributes"]).items() if name != "pk"}


class TestChanges:
    @pytest.mark.parametrize(
        ("before", "changes", "after"),
        [
            pytest.param({}, {"n": 1}, {"n": 1}, id="set"),
            pytest.param({"n": 1}, {"n": 2}, {"n": 2}, id="set again"),
            pytest.param({"n": 1}, {"n": None}, {}, id="removed"),
            pytest.param({}, {"n": None}, {}, id="removed, though it was not there"),
            pytest.param({"m": {"a": 1}}, {"m.b": 2}, {"m": {"a": 1, "b": 2}}, id="an entry of a map"),
            pytest.param({"m": {"a": 1, "b": 2}}, {"m.b": None}, {"m": {"a": 1}}, id="an entry removed"),
            pytest.param({}, {"v": Verdict(Word.FAILED, NOW)}, {"v": {"status": "failed", "at": NOW}}, id="a part"),
            pytest.param({}, {"t": ("x", "y")}, {"t": ["x", "y"]}, id="a tuple"),
            pytest.param({}, {"t": Unless(("x",))}, {"t": ["x"]}, id="a tuple unless it is there"),
            pytest.param({"n": 1}, {"n": Plus(1)}, {"n": 2}, id="plus"),
            pytest.param({}, {"n": Plus(1)}, {"n": 1}, id="plus, from nothing"),
            pytest.param({"n": 1}, {"n": Plus(-3)}, {"n": -2}, id="minus"),
            pytest.param({"m": {"n": 1}}, {"m.n": Plus(1)}, {"m": {"n": 2}}, id="plus in a map"),
            pytest.param({}, {"n": Unless("x")}, {"n": "x"}, id="unless it is there, and it is not"),
            pytest.param({"n": "y"}, {"n": Unless("x")}, {"n": "y"}, id="unless it is there, and it is"),
            pytest.param({"n": ""}, {"n": Unless("x")}, {"n": ""}, id="unless it is there, and empty"),
            pytest.param({"m": {"a": 1}}, {"m.b": Unless(2)}, {"m": {"a": 1, "b": 2}}, id="unless, in a map"),
            pytest.param(
                {"a": 1, "b": 1, "c": 1},
                {"a": Plus(1), "b": Unless(9), "c": None, "d": "new"},
                {"a": 2, "b": 1, "d": "new"},
                id="all at once",
            ),
            pytest.param({"a": 1, "b": 5}, {"a": Plus(1), "b": Plus(2)}, {"a": 2, "b": 7}, id="two sums"),
            pytest.param(
                {},
                {"run": "x", "status": "y", "key": "z"},
                {"run": "x", "status": "y", "key": "z"},
                id="reserved words",
            ),
        ],
    )
    def test_what_they_make_of_an_item(
        self, cloud: dict[str, str], before: dict[str, Any], changes: dict[str, Any], after: dict[str, Any]
    ) -> None:
        assert Item(cloud["TABLE_NAME"], **before).after(changes) == after

    @given(
        st.dictionaries(
            st.from_regex(r"[a-z]{1,4}(\.[a-z]{1,4})?", fullmatch=True),
            st.none() | st.integers(0, 9).map(Plus) | st.text().map(Unless) | st.text(),
            min_size=1,
        )
    )
    def test_every_placeholder_is_given_and_used(self, changes: dict[str, Any]) -> None:
        """DynamoDB refuses a request with one too many, and one with one too few."""
        request = update_expressions(THERE, changes)
        words = f"{request['UpdateExpression']} {request['ConditionExpression']}"
        marks = re.split(r"[(),.=+\s]+", words)

        assert {word for word in marks if word.startswith("#")} == request["ExpressionAttributeNames"].keys()
        assert {word for word in marks if word.startswith(":")} == request["ExpressionAttributeValues"].keys()


def refused(code: str, *reasons: str) -> ClientError:
    """As botocore raises it."""
    answer: Any = {"Error": {"Code": code}, "CancellationReasons": [{"Code": reason} for reason in reasons]}
    return ClientError(answer, "TransactWriteItems")


class Call:
    """Fails with each of these in turn, and then answers."""

    def __init__(self, *failures: ClientError) -> None:
        self._left = list(failures)
        self.calls = 0

    def __call__(self, **request: Any) -> Any:
        self.calls += 1
        if self._left:
            raise self._left.pop(0)
        return request


class TestWritten:
    def test_is_the_answer(self) -> None:
        assert written(Call(), {"a": 1}) == {"a": 1}

    @pytest.mark.parametrize(
        "failure",
        [
            pytest.param(refused("ConditionalCheckFailedException"), id="a write"),
            pytest.param(refused("TransactionCanceledException", "ConditionalCheckFailed", "None"), id="the first"),
            pytest.param(refused("TransactionCanceledException", "None", "ConditionalCheckFailed"), id="the second"),
        ],
    )
    def test_a_condition_that_does_not_hold_is_none(self, failure: ClientError) -> None:
        call = Call(failure)

        assert written(call, {}) is None
        assert call.calls == 1

    @pytest.mark.parametrize(
        "failure",
        [
            pytest.param(refused("TransactionConflictException"), id="a write meets a transaction"),
            pytest.param(refused("TransactionCanceledException", "TransactionConflict", "None"), id="a transaction"),
            pytest.param(
                refused("TransactionCanceledException", "ConditionalCheckFailed", "TransactionConflict"),
                id="beside a condition",
            ),
        ],
    )
    @pytest.mark.usefixtures("test_clock")
    def test_a_conflict_says_nothing_and_is_over_soon(self, failure: ClientError) -> None:
        call = Call(failure, failure)

        assert written(call, {"a": 1}) == {"a": 1}
        assert call.calls == 3

    @pytest.mark.usefixtures("test_clock")
    def test_a_conflict_that_does_not_end_is_a_fault(self) -> None:
        call = Call(*[refused("TransactionConflictException")] * 100)

        with pytest.raises(ClientError, match="TransactionConflict"):
            written(call, {})

        assert call.calls == len(CONFLICT_SECONDS) + 1
        assert sum(CONFLICT_SECONDS) < 3

    @pytest.mark.parametrize(
        "failure",
        [
            pytest.param(refused("ProvisionedThroughputExceededException"), id="throttled"),
            pytest.param(refused("ValidationException"), id="wrong"),
            pytest.param(refused("TransactionCanceledException", "ThrottlingError", "None"), id="within a transaction"),
            pytest.param(refused("AccessDeniedException"), id="not allowed"),
        ],
    )
    def test_anything_else_is_a_fault(self, failure: ClientError) -> None:
        with pytest.raises(ClientError):
            written(Call(failure), {})
