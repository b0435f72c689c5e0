"""Alarms and the dashboard: each looks at something that there is, says what it means, and costs what is said."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from lumeo.metrics import ALARMED, Metric
from tests.template.documents import FUNCTIONS, RESOURCES, TEMPLATE, Document, of_type, text, walk
from tests.template.watching import ALARMS, OURS, dashboard, expression, rings, shown, slug, watched

PARAMETERS: dict[str, Document] = TEMPLATE["Parameters"]
each_alarm = pytest.mark.parametrize("name", ALARMS)

OF_AWS: Mapping[str, Mapping[str, set[str]]] = {
    "AWS/States": {"StateMachineArn": {"ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted", "ExecutionTime"}},
    "AWS/Lambda": {"FunctionName": {"Errors", "Invocations"}, "": {"Throttles", "ConcurrentExecutions"}},
    "AWS/ApiGateway": {"ApiId": {"5xx", "4xx", "Count", "Latency"}},
}
"""Metrics of AWS that we look at, by namespace and dimension, as AWS's own pages name them.

/step-functions/latest/dg/procedure-cw-metrics.html, /lambda/latest/dg/monitoring-metrics-types.html and
/apigateway/latest/developerguide/http-api-metrics.html in docs.aws.amazon.com.
"""

SINGLE = {
    *("FailedRunsAlarm", "PastDeadlineAlarm", "ProviderRefusalsAlarm", "OldestWaitingAlarm", "CopyFailuresAlarm"),
}
"""Alarms for what happens now and then while it is bad: that nothing comes for minutes does not say that it is over."""


class TestAlarms:
    def test_there_are_some(self) -> None:
        assert len(ALARMS) == 12

    @each_alarm
    def test_it_looks_at_what_there_is(self, name: str) -> None:
        for one in watched(ALARMS[name]):
            if one.namespace == OURS:
                assert Metric(one.name) in ALARMED
                assert one.by == {}, "what is kept for alarms has no dimension"
            else:
                assert one.name in OF_AWS[one.namespace]["".join(one.by)]
                assert all(referred.strip("${}") in RESOURCES for referred in one.by.values())

    def test_nothing_is_kept_for_alarms_that_none_looks_at(self) -> None:
        """It would be billed for nothing."""
        assert {one.name for alarm in ALARMS.values() for one in watched(alarm) if one.namespace == OURS} == ALARMED

    @each_alarm
    def test_its_arithmetic_is_of_what_it_looks_at(self, name: str) -> None:
        said, ids = expression(ALARMS[name]), {one.id for one in watched(ALARMS[name])}

        assert set(re.findall(r"\b[a-z_]+\b", said or "value")) == ids
        assert len(ids) <= 10, "CloudWatch takes no more"
        if said:
            assert [one["ReturnData"] for one in ALARMS[name]["Metrics"]] == [False] * len(ids) + [True]

    @each_alarm
    def test_it_says_what_it_means_and_where_more_is_said(self, name: str) -> None:
        said = ALARMS[name]["AlarmDescription"]

        assert said.endswith(f". docs/operations.md#{slug(ALARMS[name])}")
        assert re.fullmatch(r"[A-Z].{40,}", said)
        assert name == "".join(word.capitalize() for word in slug(ALARMS[name]).split("-")) + "Alarm"

    @each_alarm
    def test_it_tells_when_it_begins_and_when_it_is_over_if_silence_says_so(self, name: str) -> None:
        topic = [{"Ref": "AlarmTopic"}]

        assert ALARMS[name]["AlarmActions"] == topic
        assert ALARMS[name].get("OKActions", []) == ([] if name in SINGLE else topic)

    @each_alarm
    def test_silence_is_well_but_of_sweep(self, name: str) -> None:
        """Sweep has something to say every minute; of all else there is nothing to say while nobody predicts."""
        breaching = name == "SweepNotRunningAlarm"

        assert ALARMS[name]["TreatMissingData"] == ("breaching" if breaching else "notBreaching")

    @each_alarm
    def test_cloudwatch_takes_its_periods(self, name: str) -> None:
        (period,) = {one.period for one in watched(ALARMS[name])}

        assert period % 60 == 0
        assert period * ALARMS[name]["EvaluationPeriods"] <= 86_400

    @pytest.mark.parametrize("name", [name for name, own in RESOURCES.items() if own["Type"].startswith("AWS::SNS::")])
    def test_without_alarms_nothing_of_them_is_made(self, name: str) -> None:
        assert RESOURCES[name]["Condition"] in {"WithAlarms", "WithAlarmEmail"}

    def test_all_of_it_hangs_on_one_parameter(self) -> None:
        conditions = TEMPLATE["Conditions"]
        made = {own["Condition"] for name, own in RESOURCES.items() if name in {*ALARMS, "Dashboard"}}

        assert made == {"WithAlarms", "WithSpendAlarm"}
        assert conditions["WithAlarms"] == {"Fn::Equals": [{"Ref": "Alarms"}, "yes"]}
        for name in ("WithAlarmEmail", "WithSpendAlarm"):
            assert conditions[name]["Fn::And"][0] == {"Condition": "WithAlarms"}


def several(values: Mapping[str, float], n: int = 1) -> list[dict[str, list[float]]]:
    """So many periods in each of which these values came, each once."""
    return [{name: [value] for name, value in values.items()}] * n


class TestWhenTheyRing:
    """Those of AWS's own metrics; those of ours ring in tests/integration/test_alarms.py, for what really happened."""

    @pytest.mark.parametrize("ended", ["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"])
    def test_failed_runs(self, ended: str) -> None:
        assert rings(ALARMS["FailedRunsAlarm"], several({ended: 1}))
        assert not rings(ALARMS["FailedRunsAlarm"], several({}))

    @pytest.mark.parametrize(("errors", "requests", "ringing"), [(2, 20, True), (1, 20, False), (19, 19, False)])
    def test_api_errors(self, errors: float, requests: float, *, ringing: bool) -> None:
        alarm = ALARMS["ApiErrorsAlarm"]

        assert rings(alarm, several({"5xx": errors, "Count": requests}, 3)) is ringing
        assert not rings(alarm, several({"5xx": errors, "Count": requests}, 2))
        assert not rings(alarm, several({"Count": requests}, 3))
        assert not rings(alarm, several({}, 3))

    def test_function_errors(self) -> None:
        alarm = ALARMS["FunctionErrorsAlarm"]

        assert rings(alarm, several({"Errors": 1}, 3))
        assert not rings(alarm, several({"Errors": 1}, 2) + several({"Errors": 0}))
        steps = {text(one.by["FunctionName"]) for one in watched(alarm)}
        answering = {f"${{{name}}}" for name, own in FUNCTIONS.items() if _answers(own)}
        assert steps == {f"${{{name}}}" for name in FUNCTIONS} - answering, "the others' errors are answers of the API"
        for step in steps:
            assert rings(alarm, [{f"Errors of {step.strip('${}')}": [1.0]}] * 3), "the others say nothing"

    def test_function_throttles(self) -> None:
        assert rings(ALARMS["FunctionThrottlesAlarm"], several({"Throttles": 1}))

    def test_sweep(self) -> None:
        alarm = ALARMS["SweepNotRunningAlarm"]

        assert rings(alarm, several({}, 5))
        assert not rings(alarm, several({}, 4))
        assert not rings(alarm, several({}, 4) + several({"Invocations": 1}))
        (one,) = watched(alarm)
        assert one.period == 60, "it is to run in each"

    @pytest.mark.parametrize(
        ("parameters", "ringing"),
        [
            ({"DollarsPerDay": 9}, True),
            ({"DollarsPerDay": 10}, False),
            ({"DollarsPerDay": 10, "DollarsPerRun": 0.01}, True),
            ({"DollarsPerDay": 9, "DollarsPerProviderSecond": 0}, False),
        ],
        ids=str,
    )
    def test_spend(self, parameters: dict[str, Any], *, ringing: bool) -> None:
        spent = several({"ProviderSeconds": 10_000, "Submitted": 100})

        assert rings(ALARMS["SpendAlarm"], spent, parameters) is ringing
        assert not rings(ALARMS["SpendAlarm"], several({}), parameters)


def _answers(function: Document) -> bool:
    return any(event["Type"] == "HttpApi" for event in function.get("Events", {}).values())


class TestTopic:
    POLICY: Document = RESOURCES["AlarmTopicPolicy"]["Properties"]["PolicyDocument"]

    def test_our_alarms_alone_publish(self) -> None:
        allow, deny = self.POLICY["Statement"]

        assert (allow["Effect"], allow["Action"]) == ("Allow", "sns:Publish")
        assert allow["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        assert text(allow["Condition"]["ArnLike"]["AWS:SourceArn"]).endswith(":alarm:${AWS::StackName}-*")
        assert all(text(alarm["AlarmName"]).startswith("${AWS::StackName}-") for alarm in ALARMS.values())
        assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": False}})

    def test_it_has_no_key_by_which_cloudwatch_cannot_publish(self) -> None:
        assert RESOURCES["AlarmTopic"]["Properties"].keys() == {"DisplayName"}


class TestDashboard:
    WIDGETS: list[Document] = dashboard()["widgets"]

    def test_every_metric_is_on_it(self) -> None:
        assert shown() == set(Metric)

    def test_what_is_of_aws_is_there(self) -> None:
        rows = [one for one in walk(dashboard()) if isinstance(one, list) and str(one[:1]).startswith("['AWS/")]
        for namespace, name, *rest in rows:
            dimension = rest[0] if rest and isinstance(rest[0], str) else ""
            assert name in OF_AWS[namespace][dimension]

    def test_what_it_refers_to_is_there(self) -> None:
        said = text(RESOURCES["Dashboard"]["Properties"]["DashboardBody"])
        names = {name.partition(".")[0] for name in re.findall(r"\$\{([\w:.]+)\}", said)}

        assert {name for name in names if "::" not in name} <= {*RESOURCES, *PARAMETERS}

    def test_every_alarm_is_on_it_that_is_always_there(self) -> None:
        (alarms,) = [one["properties"]["alarms"] for one in self.WIDGETS if one["type"] == "alarm"]
        always = [name for name in ALARMS if RESOURCES[name]["Condition"] == "WithAlarms"]

        assert alarms == [f"${{{name}.Arn}}" for name in always]

    def test_first_whether_it_is_well_then_what_is_wrong_then_what_it_costs(self) -> None:
        headings = [one["properties"]["markdown"] for one in self.WIDGETS if one["type"] == "text"]

        assert headings[1:] == ["## Is it well?", "## What is wrong?", "## What does it cost?"]
        assert "docs/operations.md" in headings[0]

    def test_nothing_lies_on_something_else(self) -> None:
        places = [
            (column, row)
            for one in self.WIDGETS
            for column in range(one["x"], one["x"] + one["width"])
            for row in range(one["y"], one["y"] + one["height"])
        ]

        assert len(places) == len(set(places))
        assert max(column for column, _ in places) < 24

    def test_it_has_a_name_of_its_own(self) -> None:
        """The names of dashboards are the account's, in all regions."""
        assert text(of_type("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardName"]) == (
            "${AWS::StackName}-${AWS::Region}"
        )
