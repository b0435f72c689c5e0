"""What a call asks of AWS does not grow with the number of predictions: counted, since moto's own time does."""

from copy import copy
from typing import Any

import pytest
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item

from bench.counted import MOTO_ACCOUNT, Asked, counted
from bench.usage import PAGE_SCANS, SWEEP_SCANS
from local.template import REGION
from lumeo import clock, ids, settings
from lumeo.errors import ErrorCode
from lumeo.items import pack, plain
from lumeo.pages import BATCH, MOST_READ
from lumeo.prediction import Phase, Prediction, Status
from lumeo.store import DUE_SHARDS, store
from tests.integration.driver import Driver
from tests.unit.make import NOW, prediction

FEW, MANY = 250, 3_000
RARE = 400
"""One in so many has failed, and another runs."""
OVERDUE = 5


class Filled:
    """A table with predictions of one caller, a second apart, the last of them made just now."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.ids: list[str] = []
        common: dict[str, Any] = {"caller": "alice", "run": "none"}
        failed = prediction(Phase.DONE, **common, status=Status.FAILED, error_code=ErrorCode.GENERATION_FAILED)
        runs = prediction(Phase.RUNNING, **common, due_at=clock.later(60))
        self._models = [_item(made) for made in (failed, runs, prediction(Phase.DONE, **common))]

    def up_to(self, number: int) -> None:
        """So many, put where moto has them: its own way to take in an item is slow."""
        table: Any = dynamodb_backends[MOTO_ACCOUNT][REGION].tables[settings.table_name()]
        for n in range(len(self.ids), number):
            made, model = ids.new(), self._models[min(n % RARE, len(self._models) - 1)]
            own = {"pk": f"prediction#{made}", "id": made, "created_at": clock.later(n - MANY, NOW)}
            item = copy(model)
            item.attrs = copy(model.attrs)
            item.attrs.update({name: DynamoType({"S": value}) for name, value in own.items()})
            item.hash_key = item.attrs["pk"]
            table.items[item.hash_key] = item
            self.ids.append(made)

    def overdue(self, number: int) -> None:
        for n in range(number):
            store().accept(prediction(id=ids.new(), due_shard=n % DUE_SHARDS, due_at=clock.later(-1)))

    def asked(self, path: str) -> Asked:
        """What a GET asks for, of whom the key is known."""
        self.driver.call("GET", "/v1/predictions/none")
        with counted() as asked:
            answer = self.driver.call("GET", path)
        assert answer.status == 200, answer.text
        self.last = answer.body
        return asked

    def swept(self) -> Asked:
        with counted() as asked:
            self.found = self.driver.sweep()
        return asked


def _item(made: Prediction) -> Item:
    pk = DynamoType({"S": "prediction#"})
    return Item(pk, None, pack({"pk": "", **plain(made)}))


@pytest.fixture
def filled(driver: Driver) -> Filled:
    return Filled(driver)


def told(asked: Asked) -> dict[str, Any]:
    return {**asked.names, "scanned": asked.scanned, "items": asked.items}


def test_what_reads_asks_for_the_same_at_any_size(filled: Filled) -> None:
    """A get, the first page, a later one, and the predictions before a moment."""
    found = []
    for number in (FEW, MANY):
        filled.up_to(number)
        one = filled.asked(f"/v1/predictions/{filled.ids[number // 2]}")
        first = filled.asked("/v1/predictions")
        later = filled.asked(filled.last["next"].removeprefix("https://lumeo.test"))
        before = filled.asked(f"/v1/predictions?created_before={NOW}")
        found.append([told(asked) for asked in (one, first, later, before)])

    page = {"dynamodb.Query": 1, "dynamodb.BatchGetItem": 1, "scanned": PAGE_SCANS, "items": 100}
    assert found[0] == found[1] == [{"dynamodb.GetItem": 1, "scanned": 0, "items": 1}, page, page, page]


def test_a_filter_reads_no_more_than_its_bound(filled: Filled) -> None:
    """What is rare is looked for among the next thousand, however many there are; `next` goes on from there."""
    filled.up_to(MANY)
    rare = filled.asked("/v1/predictions?status=failed")
    shown, onwards = len(filled.last["results"]), filled.last["next"]
    again = filled.asked(onwards.removeprefix("https://lumeo.test"))

    rounds = MOST_READ // BATCH
    most = {
        "dynamodb.Query": rounds,
        "dynamodb.BatchGetItem": rounds,
        "scanned": PAGE_SCANS * rounds,
        "items": MOST_READ,
    }
    assert told(rare) == told(again) == most
    assert 2 <= shown <= 3


def test_a_sweep_reads_what_is_overdue_and_nothing_else(filled: Filled) -> None:
    found = []
    for number in (FEW, MANY):
        filled.up_to(number)
        idle = told(filled.swept())
        filled.overdue(OVERDUE)
        busy = filled.swept()
        assert filled.found == OVERDUE
        found.append((idle, told(busy)))

    queries = {"dynamodb.Query": DUE_SHARDS, "scanned": SWEEP_SCANS, "items": 0}
    calls = (
        "dynamodb.GetItem",
        "dynamodb.UpdateItem",
        "stepfunctions.DescribeExecution",
        "stepfunctions.StartExecution",
    )
    each = dict.fromkeys((*calls, "scanned", "items"), OVERDUE)
    assert found[0] == found[1] == (queries, queries | each)
