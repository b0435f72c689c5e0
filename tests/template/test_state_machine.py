"""The state machine as a graph, and the rules of the design that its text can hold: what no linter looks at."""

import re
from typing import Any

import pytest
import yaml

from tests.template.documents import FUNCTIONS, RESOURCES, STATE_MACHINE_FILE, Document, walk

MACHINE: Document = yaml.safe_load(STATE_MACHINE_FILE.read_text(encoding="utf-8"))
STATES: dict[str, Document] = MACHINE["States"]


def of(kind: str) -> list[str]:
    return [name for name, state in STATES.items() if state["Type"] == kind]


def targets(state: Document) -> set[str]:
    """Every state that may come next."""
    transitions = [state, *state.get("Choices", []), *state.get("Catch", [])]
    return {rule[key] for rule in transitions for key in ("Next", "Default") if key in rule}


def function_of(task: str) -> Document:
    """The function that a task calls, by way of the template's substitution."""
    substitution = re.fullmatch(r"\$\{(\w+)\}", STATES[task]["Parameters"]["FunctionName"])
    assert substitution is not None
    logical_id, _ = RESOURCES["StateMachine"]["Properties"]["DefinitionSubstitutions"][substitution[1]]["Fn::GetAtt"]
    return FUNCTIONS[logical_id]


def longest_waits(retrier: Document) -> list[float]:
    """What full jitter draws from, retry by retry: its upper ends."""
    return [
        min(retrier["IntervalSeconds"] * retrier["BackoffRate"] ** attempt, retrier["MaxDelaySeconds"])
        for attempt in range(retrier["MaxAttempts"])
    ]


EXPECTED = {"WaitForWebhook": ["States.Timeout", "DynamoDb.ConditionalCheckFailedException"]}
"""What is no fault: that nobody ended the wait, or that its reason had come before it began."""

each_state = pytest.mark.parametrize("name", STATES)
INVOKED = [name for name in of("Task") if STATES[name]["Resource"].endswith(":lambda:invoke")]

each_task = pytest.mark.parametrize("name", of("Task"))
each_function = pytest.mark.parametrize("name", INVOKED)
each_choice = pytest.mark.parametrize("name", of("Choice"))
each_wait = pytest.mark.parametrize("name", of("Wait"))


class TestGraph:
    def test_states_are_exactly_these(self) -> None:
        kinds = {name: state["Type"] for name, state in STATES.items()}

        assert kinds == {
            "Create": "Task",
            "Next?": "Choice",
            "WaitForRoom": "Wait",
            "Wait": "Wait",
            "WaitForWebhook": "Task",
            "Status": "Task",
            "Finalize": "Task",
            "Announce": "Task",
            "Announced?": "Choice",
            "WaitToAnnounce": "Wait",
            "Done": "Succeed",
            "UnknownNext": "Fail",
        }

    def test_it_starts_with_create(self) -> None:
        assert MACHINE["StartAt"] == "Create"

    @each_state
    def test_every_target_exists(self, name: str) -> None:
        assert targets(STATES[name]) <= STATES.keys()

    @each_state
    def test_it_can_be_reached(self, name: str) -> None:
        reached, waiting = set[str](), {MACHINE["StartAt"]}
        while waiting:
            state = waiting.pop()
            reached.add(state)
            waiting |= targets(STATES[state]) - reached

        assert name in reached

    @each_state
    def test_it_leads_on_or_ends(self, name: str) -> None:
        ends = STATES[name]["Type"] in {"Succeed", "Fail"} or STATES[name].get("End", False)

        assert bool(targets(STATES[name])) is not ends

    def test_a_forgotten_run_ends(self) -> None:
        """After any provider's deadline, and before the history of a year is full of waits."""
        assert 24 * 3600 < MACHINE["TimeoutSeconds"] <= 14 * 24 * 3600


class TestTasks:
    def test_all_but_the_wait_for_a_webhook_are_functions(self) -> None:
        assert INVOKED == ["Create", "Status", "Finalize", "Announce"]

    @each_function
    def test_it_calls_the_function_of_its_name(self, name: str) -> None:
        assert STATES[name]["Resource"] == "arn:${Partition}:states:::lambda:invoke"
        assert function_of(name) is FUNCTIONS[f"{name}Function"]

    @each_function
    def test_it_waits_longer_than_its_function_runs(self, name: str) -> None:
        assert STATES[name]["TimeoutSeconds"] > function_of(name)["Timeout"]

    @each_function
    def test_it_hands_over_the_prediction_and_the_run_and_nothing_else(self, name: str) -> None:
        assert STATES[name]["Parameters"].keys() == {"FunctionName", "Payload"}
        assert STATES[name]["Parameters"]["Payload"] == {"id.$": "$.id", "run.$": "$$.Execution.Name"}

    @each_function
    def test_what_travels_on_is_the_functions_answer_alone(self, name: str) -> None:
        assert STATES[name]["OutputPath"] == "$.Payload"
        assert not {"InputPath", "ResultPath", "ResultSelector"} & STATES[name].keys()

    @each_task
    def test_it_retries_every_fault_with_backoff_a_cap_and_full_jitter(self, name: str) -> None:
        retriers = [retrier for retrier in STATES[name]["Retry"] if retrier["ErrorEquals"] != EXPECTED.get(name)]

        assert retriers[-1]["ErrorEquals"] == ["States.ALL"]
        for retrier in retriers:
            assert retrier["IntervalSeconds"] >= 1
            assert retrier["BackoffRate"] > 1
            assert retrier["MaxDelaySeconds"] <= 60
            assert retrier["MaxAttempts"] >= 3
            assert retrier["JitterStrategy"] == "FULL"

    @each_task
    def test_its_retries_wait_for_three_minutes_at_most(self, name: str) -> None:
        waits = [wait for retrier in STATES[name]["Retry"] if retrier["MaxAttempts"] for wait in longest_waits(retrier)]

        assert 60 <= sum(waits) <= 180


class TestOutcomes:
    @pytest.mark.parametrize("name", [name for name in STATES if name != "Announce"])
    def test_no_catch_decides(self, name: str) -> None:
        """What outlasts the retries fails the run, and sweep starts the next: a caught fault would look like an end."""
        caught = [catcher["ErrorEquals"] for catcher in STATES[name].get("Catch", [])]

        assert caught == [[error] for error in EXPECTED.get(name, [])]

    def test_who_cannot_be_told_fails_no_run(self) -> None:
        """Its prediction is over, and sweep starts another run to tell: this one is no failure of the prediction's."""
        assert STATES["Announce"]["Catch"] == [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Done"}]

    @each_function
    def test_only_a_choice_decides_what_comes_next(self, name: str) -> None:
        assert STATES[name]["Next"] == ("Announced?" if name == "Announce" else "Next?")

    @each_choice
    def test_a_choice_that_nobody_foresaw_fails(self, name: str) -> None:
        assert STATES[STATES[name]["Default"]]["Type"] == "Fail"

    @each_choice
    def test_a_choice_asks_for_next_and_whether_a_webhook_may_come(self, name: str) -> None:
        tests = [test for rule in STATES[name]["Choices"] for test in rule.get("And", [rule])]

        for test in tests:
            if test["Variable"] == "$.wakes":
                assert test == {"Variable": "$.wakes", "IsPresent": True}
            else:
                assert test.keys() - {"Next"} == {"Variable", "StringEquals"}
                assert test["Variable"] == "$.next"

    def test_next_leads_where_it_says(self) -> None:
        """The first rule that holds counts: the narrower one of Status stands before the other."""
        leads = [
            ([(test["Variable"], test.get("StringEquals")) for test in rule.get("And", [rule])], rule["Next"])
            for rule in STATES["Next?"]["Choices"]
        ]

        assert leads == [
            ([("$.next", "Create")], "WaitForRoom"),
            ([("$.next", "Status"), ("$.wakes", None)], "WaitForWebhook"),
            ([("$.next", "Status")], "Wait"),
            ([("$.next", "Finalize")], "Finalize"),
            ([("$.next", "Announce")], "Announce"),
            ([("$.next", "End")], "Done"),
        ]
        assert STATES["WaitForRoom"]["Next"] == "Create"
        assert STATES["Wait"]["Next"] == "Status"

    def test_who_is_told_is_told_again_after_a_wait(self) -> None:
        leads = [(rule["StringEquals"], rule["Next"]) for rule in STATES["Announced?"]["Choices"]]

        assert leads == [("Announce", "WaitToAnnounce"), ("End", "Done")]
        assert STATES["WaitToAnnounce"]["Next"] == "Announce"

    @each_wait
    def test_a_wait_is_as_long_as_the_function_says(self, name: str) -> None:
        assert STATES[name].keys() - {"Comment"} == {"Type", "SecondsPath", "Next"}
        assert STATES[name]["SecondsPath"] == "$.wait"

    @pytest.mark.parametrize("name", of("Fail"))
    def test_a_failed_run_says_why(self, name: str) -> None:
        assert STATES[name]["Error"]
        assert STATES[name]["Cause"].endswith(".")


class TestWaitForWebhook:
    STATE = STATES["WaitForWebhook"]
    REQUEST: Document = STATE["Parameters"]

    def test_it_writes_its_token_into_the_record(self) -> None:
        assert self.STATE["Resource"] == "arn:${Partition}:states:::aws-sdk:dynamodb:updateItem.waitForTaskToken"
        assert self.REQUEST["TableName"] == "${TableName}"
        assert self.REQUEST["Key"] == {"pk": {"S.$": "States.Format('prediction#{}', $.id)"}}
        assert self.REQUEST["UpdateExpression"] == "SET task_token = :token"
        assert self.REQUEST.keys() == {
            "TableName",
            "Key",
            "UpdateExpression",
            "ConditionExpression",
            "ExpressionAttributeNames",
            "ExpressionAttributeValues",
        }

    def test_only_while_there_is_nothing_to_look_at(self) -> None:
        """`park` of the contract. Without `attribute_exists` the update would make an item of what is not there."""
        conditions = self.REQUEST["ConditionExpression"].split(" AND ")

        assert sorted(conditions) == [
            "#run = :run",
            "attribute_exists(pk)",
            "attribute_not_exists(verdict)",
            "wakes = :wakes",
        ]
        assert self.REQUEST["ExpressionAttributeNames"] == {"#run": "run"}
        assert self.REQUEST["ExpressionAttributeValues"] == {
            ":token": {"S.$": "$$.Task.Token"},
            ":run": {"S.$": "$$.Execution.Name"},
            ":wakes": {"N.$": "States.Format('{}', $.wakes)"},
        }

    def test_every_placeholder_is_given_and_used(self) -> None:
        """DynamoDB refuses a request with one too many, and one with one too few."""
        expressions = f"{self.REQUEST['UpdateExpression']} {self.REQUEST['ConditionExpression']}"

        assert set(re.findall(r":\w+", expressions)) == self.REQUEST["ExpressionAttributeValues"].keys()
        assert set(re.findall(r"#\w+", expressions)) == self.REQUEST["ExpressionAttributeNames"].keys()

    def test_it_is_as_long_as_the_function_says(self) -> None:
        assert self.STATE["TimeoutSecondsPath"] == "$.wait"
        assert not {"TimeoutSeconds", "HeartbeatSeconds", "HeartbeatSecondsPath"} & self.STATE.keys()

    def test_a_wait_that_somebody_ended_leads_to_finalize(self) -> None:
        """Whoever ends it mostly brings the end, also if that came before the wait began."""
        assert self.STATE["Next"] == "Finalize"
        assert {catcher["ErrorEquals"][0]: catcher["Next"] for catcher in self.STATE["Catch"]} == {
            "States.Timeout": "Status",
            "DynamoDb.ConditionalCheckFailedException": "Finalize",
        }

    def test_what_comes_next_is_given_what_it_was_given_however_it_ends(self) -> None:
        """`{}`, which ends it, and an error's name and cause are not put in its place."""
        assert self.STATE["ResultPath"] is None
        assert [catcher["ResultPath"] for catcher in self.STATE["Catch"]] == [None, None]
        assert not {"InputPath", "OutputPath", "ResultSelector"} & self.STATE.keys()

    def test_what_is_expected_is_not_retried(self) -> None:
        """It stands first, since the first retrier that names an error counts."""
        first, *_ = self.STATE["Retry"]

        assert first == {"ErrorEquals": EXPECTED["WaitForWebhook"], "MaxAttempts": 0}


class TestLanguage:
    """JSONPath only: what runs the machine on one machine knows nothing else."""

    def test_no_other_query_language_is_asked_for(self) -> None:
        asked = [part["QueryLanguage"] for part in walk(MACHINE) if isinstance(part, dict) and "QueryLanguage" in part]

        assert asked in ([], ["JSONPath"])

    def test_no_field_of_jsonata_is_used(self) -> None:
        fields: set[Any] = {key for part in walk(MACHINE) if isinstance(part, dict) for key in part}

        assert not fields & {"Arguments", "Output", "Assign", "Condition", "Items"}

    def test_no_expression_of_jsonata_is_used(self) -> None:
        assert [part for part in walk(MACHINE) if isinstance(part, str) and "{%" in part] == []
