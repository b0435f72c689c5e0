"""What local/quickness.py takes a short way to comes out as moto's own way."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models import DynamoDBBackend
from pytest_socket import socket_allow_hosts

from local import quickness
from local.aws import Aws
from local.environment import variables
from tests.waiting import until

TABLE = "things"
KEPT = {"pk": {"S": "kept"}, "deep": {"M": {"kinds": {"L": [{"N": "1"}, {"BOOL": True}, {"NULL": True}]}}}}


class Failed(Exception):
    """What a function raises."""


FAILURES: Counter[str] = Counter()


def invoke(_: str, event: dict[str, Any]) -> dict[str, Any]:
    """A function that fails twice for each run, and then answers."""
    FAILURES[event["run"]] += 1
    if FAILURES[event["run"]] <= 2:
        raise Failed
    return event


@pytest.fixture(scope="module")
def _aws() -> Iterator[Aws]:
    running = Aws(invoke)
    with variables(running.environment):
        running.client("dynamodb").create_table(
            TableName=TABLE,
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield running
    running.close()


@pytest.fixture
def aws(_this_machine_only: None, _aws: Aws) -> Aws:
    """An AWS with a table in which one item is."""
    # The executor asks for "localhost", which may mean either.
    socket_allow_hosts(["127.0.0.1", "::1"])
    _aws.client("dynamodb").put_item(TableName=TABLE, Item=KEPT)
    _aws.client("dynamodb").delete_item(TableName=TABLE, Key={"pk": {"S": "new"}})
    return _aws


def there(aws: Aws, pk: str) -> Any:
    return aws.client("dynamodb").get_item(TableName=TABLE, Key={"pk": {"S": pk}}).get("Item")


def transact(aws: Aws, condition: str) -> None:
    """Change what is kept, deep inside, and put another item on a condition."""
    update = {
        "TableName": TABLE,
        "Key": {"pk": {"S": "kept"}},
        "UpdateExpression": "SET deep.kinds[0] = :two",
        "ExpressionAttributeValues": {":two": {"N": "2"}},
    }
    put = {"TableName": TABLE, "Item": {"pk": {"S": "new"}}, "ConditionExpression": condition}
    aws.client("dynamodb").transact_write_items(TransactItems=[{"Update": update}, {"Put": put}])


def test_values_come_back_as_they_went(aws: Aws) -> None:
    assert there(aws, "kept") == KEPT


def test_an_expression_keeps_nothing_of_its_last_use(aws: Aws) -> None:
    """It is parsed once: names, values and the paths that an item has are each time its own."""
    client = aws.client("dynamodb")
    for pk, name, value in (("kept", "one", "1"), ("new", "one", "2"), ("kept", "other", "3")):
        client.update_item(
            TableName=TABLE,
            Key={"pk": {"S": pk}},
            UpdateExpression="SET #name = if_not_exists(#name, :value), again = :value REMOVE deep",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":value": {"N": value}},
        )

    assert there(aws, "kept") == {"pk": {"S": "kept"}, "one": {"N": "1"}, "other": {"N": "3"}, "again": {"N": "3"}}
    assert there(aws, "new") == {"pk": {"S": "new"}, "one": {"N": "2"}, "again": {"N": "2"}}


def test_a_transaction_that_is_refused_changes_nothing(aws: Aws) -> None:
    with pytest.raises(ClientError, match="TransactionCanceled"):
        transact(aws, "attribute_exists(pk)")

    assert there(aws, "kept") == KEPT
    assert there(aws, "new") is None


def test_a_transaction_that_is_taken_changes_both(aws: Aws) -> None:
    transact(aws, "attribute_not_exists(pk)")

    assert there(aws, "kept")["deep"]["M"]["kinds"]["L"][0] == {"N": "2"}
    assert there(aws, "new")


def test_a_table_is_still_copied_as_a_whole(aws: Aws) -> None:
    """For a backup, say."""
    client = aws.client("dynamodb")
    made = client.create_backup(TableName=TABLE, BackupName="before")["BackupDetails"]["BackupArn"]
    transact(aws, "attribute_not_exists(pk)")
    client.restore_table_from_backup(TargetTableName="restored", BackupArn=made)

    assert client.get_item(TableName="restored", Key={"pk": {"S": "kept"}})["Item"] == KEPT


def test_runs_of_one_definition_share_nothing(aws: Aws) -> None:
    """Each has its own retries: with three at most, two failures are no end."""
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1}]
    function = {"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:Step", "Payload.$": "$"}
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": function,
        "Retry": retry,
        "End": True,
    }
    client = aws.client("stepfunctions")
    machine = client.create_state_machine(
        name="machine",
        definition=json.dumps({"StartAt": "Task", "States": {"Task": task}}),
        roleArn="arn:aws:iam::123456789012:role/test",
    )["stateMachineArn"]
    runs = [
        client.start_execution(stateMachineArn=machine, name=name, input=json.dumps({"run": name}))["executionArn"]
        for name in ("one", "two", "three")
    ]

    for run in runs:

        def status(run: str = run) -> str:
            return str(client.describe_execution(executionArn=run)["status"])

        assert until(status, lambda now: now != "RUNNING", 15) == "SUCCEEDED"
    assert FAILURES == {"one": 3, "two": 3, "three": 3}


def test_patches_are_put_in_once() -> None:
    quickness.apply()
    before = DynamoDBBackend.transact_write_items
    quickness.apply()

    assert DynamoDBBackend.transact_write_items is before
