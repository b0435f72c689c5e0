"""What the template promises: who may do what, what is kept, what can be reached."""

import inspect
import json
import re
import tomllib
from pathlib import Path
from typing import ClassVar

import pytest

from lumeo import settings
from tests.template.documents import (
    FUNCTIONS,
    RESOURCES,
    ROOT,
    STATE_MACHINE_FILE,
    STATEMENTS,
    TEMPLATE,
    WITH_A_ROLE,
    Document,
    listed,
    of_type,
    routes,
    text,
    walk,
)

BUCKET_STATEMENTS: list[Document] = RESOURCES["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
LOG_GROUPS = of_type("AWS::Logs::LogGroup")
PARAMETERS: dict[str, Document] = TEMPLATE["Parameters"]

each_function = pytest.mark.parametrize("name", FUNCTIONS)
each_statement = pytest.mark.parametrize(
    "statement",
    [statement for _, statement in STATEMENTS],
    ids=[f"{owner}-{text(listed(statement['Resource'])[0])}" for owner, statement in STATEMENTS],
)

MACHINE_STEPS = frozenset({"CreateFunction", "StatusFunction", "FinalizeFunction"})
WRITERS = MACHINE_STEPS | {"SubmitFunction", "CancelFunction"}
TELLERS = {*MACHINE_STEPS, "WebhookFunction"}
ERASERS = {"DeleteFunction", "SweepFunction"}
RUNS = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:execution:${StateMachine.Name}:*"
DISTRIBUTION = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${OutputsDistribution}"
LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)

# Everything that any role of ours may do, and whose role it is. What is not here, nobody may.
GRANTS = {
    ("dynamodb:GetItem", "${Table.Arn}"): frozenset(FUNCTIONS) - {"GalleryFunction"},
    ("dynamodb:BatchGetItem", "${Table.Arn}"): {"ReadFunction", "FilesFunction"},
    ("dynamodb:PutItem", "${Table.Arn}"): {
        "SubmitFunction",
        "CreateFunction",
        "FinalizeFunction",
        "FilesFunction",
        "ModelsFunction",
    },
    ("dynamodb:UpdateItem", "${Table.Arn}"): WRITERS
    | {"SweepFunction", "WebhookFunction", "AnnounceFunction", "DeleteFunction", "FilesFunction", "StateMachine"},
    ("dynamodb:DeleteItem", "${Table.Arn}"): {"FilesFunction"},
    ("dynamodb:Query", "${Table.Arn}/index/by_caller"): {"ReadFunction", "FilesFunction"},
    ("dynamodb:Query", "${Table.Arn}/index/due"): {"SweepFunction"},
    ("s3:GetObject", "${Bucket.Arn}/records/*"): WRITERS | {"ReadFunction", "AnnounceFunction"},
    ("s3:PutObject", "${Bucket.Arn}/records/*"): WRITERS,
    ("s3:DeleteObject", "${Bucket.Arn}/records/*"): ERASERS,
    ("s3:DeleteObject", "${Bucket.Arn}/outputs/*"): ERASERS,
    ("s3:ListBucket", "${Bucket.Arn}"): ERASERS,
    ("s3:GetObject", "${Bucket.Arn}/models/*"): {"SubmitFunction", "CreateFunction", "ModelsFunction"},
    ("s3:PutObject", "${Bucket.Arn}/models/*"): {"CreateFunction", "ModelsFunction"},
    ("s3:GetObject", "${Bucket.Arn}/inputs/*"): {"SubmitFunction", "FilesFunction"},
    ("s3:PutObject", "${Bucket.Arn}/inputs/*"): {"FilesFunction"},
    ("s3:DeleteObject", "${Bucket.Arn}/inputs/*"): {"FilesFunction"},
    ("s3:GetObject", "${Bucket.Arn}/outputs/*"): {"ReadFunction"},
    ("s3:PutObject", "${Bucket.Arn}/outputs/*"): {"FinalizeFunction"},
    ("s3:AbortMultipartUpload", "${Bucket.Arn}/outputs/*"): {"FinalizeFunction"},
    ("secretsmanager:GetSecretValue", "${ProviderSecret}"): {
        "CreateFunction",
        "StatusFunction",
        "CancelFunction",
        "WebhookFunction",
        "ModelsFunction",
        "FinalizeFunction",
    },
    ("secretsmanager:GetSecretValue", "${MasterSecret}"): {
        "CreateFunction",
        "WebhookFunction",
        "AnnounceFunction",
        "ReadFunction",
    },
    ("states:StartExecution", "${StateMachine}"): {"SubmitFunction", "SweepFunction"},
    ("states:DescribeExecution", RUNS): {"SweepFunction"},
    ("states:SendTaskSuccess", "${StateMachine}"): {"CancelFunction", "WebhookFunction"},
    ("lambda:InvokeFunction", "${CreateFunction.Arn}"): {"StateMachine"},
    ("lambda:InvokeFunction", "${StatusFunction.Arn}"): {"StateMachine"},
    ("lambda:InvokeFunction", "${FinalizeFunction.Arn}"): {"StateMachine"},
    ("lambda:InvokeFunction", "${AnnounceFunction.Arn}"): {"StateMachine"} | TELLERS,
    ("cloudfront:CreateInvalidation", DISTRIBUTION): ERASERS,
    **{(action, "*"): {"StateMachine"} for action in LOG_DELIVERY},
}

WILDCARDS = {
    (
        "s3",
        "${Bucket.Arn}/records/*",
    ): "documents are named after the ids of predictions, which nobody knows beforehand",
    ("s3", "${Bucket.Arn}/outputs/*"): "outputs are named after random bits, which nobody knows beforehand",
    ("s3", "${Bucket.Arn}/inputs/*"): "files are named after random bits, which nobody knows beforehand",
    ("s3", "${Bucket.Arn}/models/*"): "models are named by their publishers",
    ("states", RUNS): "runs are named after the ids of predictions, which nobody knows beforehand",
    ("logs", "*"): "log deliveries have no ARN: CloudWatch Logs knows no narrower resource for these actions",
}


def wildcards(statement: Document) -> set[tuple[str, str]]:
    """Resources with a wildcard, each with the service that it is granted of."""
    services = {action.split(":")[0] for action in listed(statement["Action"])}
    return {(service, text(one)) for service in services for one in listed(statement["Resource"]) if "*" in text(one)}


class TestWhoMayDoWhat:
    def granted(self) -> dict[tuple[str, str], set[str]]:
        found: dict[tuple[str, str], set[str]] = {}
        for owner, statement in STATEMENTS:
            for action in listed(statement["Action"]):
                for resource in listed(statement["Resource"]):
                    found.setdefault((action, text(resource)), set()).add(owner)
        return found

    @pytest.mark.parametrize("grant", GRANTS, ids=" on ".join)
    def test_a_grant_is_held_by_exactly_those_who_need_it(self, grant: tuple[str, str]) -> None:
        assert self.granted().get(grant) == GRANTS[grant]

    def test_there_is_no_other_grant(self) -> None:
        assert self.granted().keys() == GRANTS.keys()

    @each_statement
    def test_no_action_is_a_wildcard(self, statement: Document) -> None:
        assert statement["Effect"] == "Allow"
        assert "NotAction" not in statement
        assert [action for action in listed(statement["Action"]) if "*" in action] == []

    @each_statement
    def test_a_wildcard_resource_has_a_reason(self, statement: Document) -> None:
        assert "NotResource" not in statement
        assert wildcards(statement) <= WILDCARDS.keys()

    def test_a_reason_is_given_for_nothing_that_is_gone(self) -> None:
        assert {wildcard for _, statement in STATEMENTS for wildcard in wildcards(statement)} == WILDCARDS.keys()

    @pytest.mark.parametrize("name", WITH_A_ROLE)
    def test_a_role_is_its_own_and_written_out(self, name: str) -> None:
        """But for the gallery's, which may do nothing."""
        assert "Role" not in WITH_A_ROLE[name]
        if name == "GalleryFunction":
            assert "Policies" not in WITH_A_ROLE[name]
            return
        assert [policy.keys() for policy in WITH_A_ROLE[name]["Policies"]] == [{"Version", "Statement"}]
        assert WITH_A_ROLE[name]["Policies"][0]["Version"] == "2012-10-17"


class TestFunctions:
    def test_the_functions_are_the_steps(self) -> None:
        steps = {"Submit", "Create", "Status", "Finalize", "Announce", "Cancel", "Webhook", "Read", "Sweep"}
        things = {"Delete", "Models", "Files", "Gallery"}

        assert FUNCTIONS.keys() == {f"{step}Function" for step in steps | things}

    @each_function
    def test_code_is_in_the_folder_of_the_step(self, name: str) -> None:
        assert FUNCTIONS[name]["CodeUri"] == f"functions/{name.removesuffix('Function').lower()}/"
        assert FUNCTIONS[name]["Handler"] == "app.handler"

    @each_function
    def test_description_is_one_sentence(self, name: str) -> None:
        assert re.fullmatch(r"[A-Z][^.]*\.", FUNCTIONS[name]["Description"])

    @each_function
    def test_timeout_and_memory_are_stated_by_the_function_itself(self, name: str) -> None:
        own = RESOURCES[name]["Properties"]

        assert 0 < own["Timeout"] <= 900
        assert own["MemorySize"] >= 128

    @pytest.mark.parametrize("name", sorted({function for functions in routes().values() for function in functions}))
    def test_the_api_waits_longer_than_its_functions_run(self, name: str) -> None:
        """An HTTP API gives up after 30 s, and answers in its own shape."""
        assert FUNCTIONS[name]["Timeout"] <= 30

    @each_function
    def test_runtime_is_python_3_13(self, name: str) -> None:
        assert FUNCTIONS[name]["Runtime"] == "python3.13"

    @each_function
    def test_architecture_is_the_parameter(self, name: str) -> None:
        assert FUNCTIONS[name]["Architectures"] == [{"Ref": "Architecture"}]

    @each_function
    def test_the_layer_is_there(self, name: str) -> None:
        assert FUNCTIONS[name]["Layers"] == [{"Ref": "LumeoLayer"}]

    @each_function
    def test_tracing_is_on(self, name: str) -> None:
        assert FUNCTIONS[name]["Tracing"] == "Active"

    @each_function
    def test_logs_go_to_a_group_of_its_own(self, name: str) -> None:
        group = name.replace("Function", "Logs")

        assert FUNCTIONS[name]["LoggingConfig"]["LogGroup"] == {"Ref": group}
        assert text(LOG_GROUPS[group]["LogGroupName"]).endswith(f"/{name.removesuffix('Function').lower()}")

    @each_function
    def test_lambda_leaves_log_lines_as_they_are(self, name: str) -> None:
        """With Lambda's JSON format its own level goes before POWERTOOLS_LOG_LEVEL and filters metrics away."""
        assert FUNCTIONS[name]["LoggingConfig"]["LogFormat"] == "Text"

    def test_what_is_told_beside_a_run_is_told_once(self) -> None:
        """Lambda would repeat it, minutes later, when it is old."""
        assert FUNCTIONS["AnnounceFunction"]["EventInvokeConfig"] == {
            "MaximumRetryAttempts": 0,
            "MaximumEventAgeInSeconds": 60,
        }

    def test_listing_the_bucket_is_for_what_is_deleted(self) -> None:
        conditional = [(owner, one) for owner, one in STATEMENTS if "Condition" in one]

        assert {owner for owner, _ in conditional} == ERASERS
        for _, statement in conditional:
            assert statement["Action"] == "s3:ListBucket"
            assert statement["Condition"] == {"StringLike": {"s3:prefix": ["outputs/*", "records/*"]}}

    def test_sweep_is_started_every_minute_and_not_repeated_in_between(self) -> None:
        sweep = FUNCTIONS["SweepFunction"]
        schedules = [event["Properties"] for event in sweep["Events"].values() if event["Type"] == "Schedule"]

        assert [schedule["Schedule"] for schedule in schedules] == ["rate(1 minute)"]
        assert sweep["EventInvokeConfig"]["MaximumRetryAttempts"] == 0
        assert sweep["Timeout"] < 60

    def test_sweep_hears_of_every_run_that_did_not_succeed(self) -> None:
        """Of our runs alone; one that succeeded has written its prediction's end."""
        others = [event for event in FUNCTIONS["SweepFunction"]["Events"].values() if event["Type"] != "Schedule"]

        assert others == [
            {
                "Type": "EventBridgeRule",
                "Properties": {
                    "Pattern": {
                        "source": ["aws.states"],
                        "detail-type": ["Step Functions Execution Status Change"],
                        "detail": {
                            "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                            "stateMachineArn": [{"Ref": "StateMachine"}],
                        },
                    }
                },
            }
        ]


class TestEnvironment:
    SETTINGS = frozenset(
        name.upper()
        for name, value in inspect.getmembers(settings, inspect.isfunction)
        if value.__module__ == settings.__name__ and not name.startswith("_")
    )
    # The state machine names its own steps: were they to know it, each would wait for the other to be made. And none
    # needs to know of itself.
    OWN: ClassVar[dict[str, set[str]]] = {
        "STATE_MACHINE_ARN": {"SubmitFunction", "SweepFunction"},
        "ANNOUNCE_FUNCTION": TELLERS,
    }

    @each_function
    def test_every_variable_is_a_setting(self, name: str) -> None:
        variables = FUNCTIONS[name]["Environment"]["Variables"]

        assert {variable for variable in variables if not variable.startswith("POWERTOOLS_")} <= self.SETTINGS

    @each_function
    def test_every_setting_is_a_variable(self, name: str) -> None:
        needed = {setting for setting in self.SETTINGS if name in self.OWN.get(setting, {name})}

        assert needed <= FUNCTIONS[name]["Environment"]["Variables"].keys()

    @each_function
    def test_powertools_knows_service_namespace_and_level(self, name: str) -> None:
        variables = FUNCTIONS[name]["Environment"]["Variables"]

        assert variables["POWERTOOLS_SERVICE_NAME"] == "lumeo"
        assert text(variables["POWERTOOLS_METRICS_NAMESPACE"]) == "Lumeo/${AWS::StackName}"
        assert variables["POWERTOOLS_LOG_LEVEL"] == {"Ref": "LogLevel"}

    def test_only_what_nobody_needs_is_empty_unless_said(self) -> None:
        empty = {name for name, parameter in PARAMETERS.items() if parameter["Default"] == ""}

        names = {"DomainName", "CertificateArn", "OutputsDomainName", "OutputsCertificateArn", "HostedZoneId"}

        assert empty == {"PublicUrl", "WebhookOrigins", "AlarmEmail"} | names

    @each_function
    def test_the_catalogue_is_where_the_layer_has_it(self, name: str) -> None:
        path = Path(FUNCTIONS[name]["Environment"]["Variables"]["CATALOGUE_FILE"])

        assert path.parent == Path("/opt/python/lumeo")
        assert (ROOT / RESOURCES["LumeoLayer"]["Properties"]["ContentUri"] / "lumeo" / path.name).is_file()


class TestApi:
    def test_routes_are_exactly_these(self) -> None:
        assert routes() == {
            "POST /v1/predictions": ["SubmitFunction"],
            "POST /v1/models/{owner}/{name}/predictions": ["SubmitFunction"],
            "POST /v1/deployments/{owner}/{name}/predictions": ["SubmitFunction"],
            "POST /v1/predictions/{id}/rerun": ["SubmitFunction"],
            "GET /v1/predictions": ["ReadFunction"],
            "GET /v1/predictions/{id}": ["ReadFunction"],
            "GET /v1/predictions/{id}/items": ["ReadFunction"],
            "GET /v1/webhooks/default/secret": ["ReadFunction"],
            "GET /v1/openapi.json": ["ReadFunction"],
            "POST /v1/predictions/{id}/cancel": ["CancelFunction"],
            "DELETE /v1/predictions/{id}": ["DeleteFunction"],
            "GET /v1/models": ["ModelsFunction"],
            "GET /v1/models/{owner}/{name}": ["ModelsFunction"],
            "GET /v1/models/{owner}/{name}/versions": ["ModelsFunction"],
            "GET /v1/models/{owner}/{name}/versions/{id}": ["ModelsFunction"],
            "POST /v1/files": ["FilesFunction"],
            "POST /v1/files/uploads": ["FilesFunction"],
            "GET /v1/files": ["FilesFunction"],
            "GET /v1/files/{id}": ["FilesFunction"],
            "GET /v1/files/{id}/download": ["FilesFunction"],
            "DELETE /v1/files/{id}": ["FilesFunction"],
            "POST /v1/hooks/{provider}/{id}/{token}": ["WebhookFunction"],
            "GET /": ["GalleryFunction"],
            "GET /p/{id}": ["GalleryFunction"],
            "GET /gallery/{version}/{file}": ["GalleryFunction"],
            "$default": ["ReadFunction"],
        }

    def test_every_route_is_of_the_one_api(self) -> None:
        events = [event for function in FUNCTIONS.values() for event in function.get("Events", {}).values()]
        apis = [event["Properties"]["ApiId"] for event in events if event["Type"] == "HttpApi"]

        assert apis == [{"Ref": "HttpApi"}] * len(apis)
        assert of_type("AWS::Serverless::HttpApi").keys() == {"HttpApi"}

    def test_the_stage_adds_nothing_to_the_path(self) -> None:
        assert RESOURCES["HttpApi"]["Properties"]["StageName"] == "$default"

    def test_throttling_is_set_by_parameters(self) -> None:
        assert RESOURCES["HttpApi"]["Properties"]["DefaultRouteSettings"] == {
            "ThrottlingRateLimit": {"Ref": "RateLimit"},
            "ThrottlingBurstLimit": {"Ref": "BurstLimit"},
        }
        assert (PARAMETERS["RateLimit"]["Default"], PARAMETERS["BurstLimit"]["Default"]) == (50, 100)

    def test_access_log_lines_are_json_and_hold_nothing_secret(self) -> None:
        access = RESOURCES["HttpApi"]["Properties"]["AccessLogSettings"]
        line = json.loads(access["Format"])

        assert access["DestinationArn"] == {"Fn::GetAtt": ["ApiLogs", "Arn"]}
        assert set(line.values()) == {
            "$context.requestTime",
            "$context.requestId",
            "$context.routeKey",
            "$context.status",
            "$context.identity.sourceIp",
            "$context.responseLength",
            "$context.responseLatency",
            "$context.integrationErrorMessage",
        }


class TestLayer:
    LAYER = RESOURCES["LumeoLayer"]

    def test_content_has_no_python_folder(self) -> None:
        """SAM makes one around it: a second would be /opt/python/python, where nothing is found, and says nothing."""
        content = ROOT / self.LAYER["Properties"]["ContentUri"]

        assert (content / "requirements.txt").is_file()
        assert (content / "lumeo" / "__init__.py").is_file()
        assert not (content / "python").exists()

    def test_build_installs_dependencies_for_the_runtime(self) -> None:
        assert self.LAYER["Metadata"]["BuildMethod"] == "python3.13"
        assert self.LAYER["Properties"]["CompatibleRuntimes"] == ["python3.13"]

    def test_build_architecture_is_that_of_the_functions(self) -> None:
        assert self.LAYER["Metadata"]["BuildArchitecture"] == {"Ref": "Architecture"}
        assert self.LAYER["Properties"]["CompatibleArchitectures"] == [{"Ref": "Architecture"}]
        assert PARAMETERS["Architecture"]["Default"] == "arm64"


class TestStateMachine:
    MACHINE: Document = RESOURCES["StateMachine"]["Properties"]

    def test_it_is_a_standard_one(self) -> None:
        assert self.MACHINE["Type"] == "STANDARD"

    def test_definition_and_template_know_the_same_substitutions(self) -> None:
        used = set(re.findall(r"\$\{(\w+)\}", STATE_MACHINE_FILE.read_text(encoding="utf-8")))

        assert self.MACHINE["DefinitionSubstitutions"].keys() == used

    def test_substitutions_name_the_step_they_say(self) -> None:
        assert self.MACHINE["DefinitionSubstitutions"] == {
            "Partition": {"Ref": "AWS::Partition"},
            "TableName": {"Ref": "Table"},
            "CreateFunctionArn": {"Fn::GetAtt": ["CreateFunction", "Arn"]},
            "StatusFunctionArn": {"Fn::GetAtt": ["StatusFunction", "Arn"]},
            "FinalizeFunctionArn": {"Fn::GetAtt": ["FinalizeFunction", "Arn"]},
            "AnnounceFunctionArn": {"Fn::GetAtt": ["AnnounceFunction", "Arn"]},
        }

    def test_errors_are_logged_without_what_travels(self) -> None:
        assert self.MACHINE["Logging"] == {
            "Level": "ERROR",
            "IncludeExecutionData": False,
            "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": ["StateMachineLogs", "Arn"]}}}],
        }
        assert text(LOG_GROUPS["StateMachineLogs"]["LogGroupName"]) == "/aws/vendedlogs/states/${AWS::StackName}"

    def test_tracing_is_on(self) -> None:
        assert self.MACHINE["Tracing"] == {"Enabled": True}


class TestTable:
    """docs/record.md is the contract; this is whether the template keeps it."""

    TABLE: Document = RESOURCES["Table"]["Properties"]
    RECORD = (ROOT / "docs" / "record.md").read_text(encoding="utf-8")

    @staticmethod
    def keys(schema: list[Document]) -> dict[str, str]:
        return {key["KeyType"]: key["AttributeName"] for key in schema}

    def contract(self) -> dict[str, dict[str, str]]:
        """The rows of the table that begins with `| index | partition | sort |`."""
        rows = self.RECORD.split("| index | partition | sort |")[1].split("\n\n")[0].splitlines()[2:]
        cells = [re.findall(r"`(\w+)`", row) for row in rows]
        return {name: {"HASH": partition, "RANGE": sort} for name, partition, sort, *_ in cells}

    def test_key(self) -> None:
        assert "* Key: `pk` (string). No sort key" in self.RECORD
        assert self.keys(self.TABLE["KeySchema"]) == {"HASH": "pk"}

    def test_indexes(self) -> None:
        indexes = {index["IndexName"]: self.keys(index["KeySchema"]) for index in self.TABLE["GlobalSecondaryIndexes"]}

        assert indexes == self.contract()
        assert indexes.keys() == {"by_caller", "due"}

    @pytest.mark.parametrize("index", TABLE["GlobalSecondaryIndexes"], ids=lambda index: str(index["IndexName"]))
    def test_index_holds_keys_only(self, index: Document) -> None:
        assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}

    def test_every_key_is_text_but_the_shard(self) -> None:
        types = {one["AttributeName"]: one["AttributeType"] for one in self.TABLE["AttributeDefinitions"]}

        assert "| `due_at`, `due_shard` | text, number |" in self.RECORD
        assert types == {"pk": "S", "caller": "S", "created_at": "S", "due_at": "S", "due_shard": "N"}

    def test_items_end_at_expires_at(self) -> None:
        assert "Only `expires_at` is a number" in self.RECORD
        assert self.TABLE["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}

    def test_it_can_be_brought_back_to_any_second(self) -> None:
        assert self.TABLE["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}

    def test_it_is_paid_for_by_request(self) -> None:
        assert self.TABLE["BillingMode"] == "PAY_PER_REQUEST"
        assert "ProvisionedThroughput" not in self.TABLE


class TestBucket:
    BUCKET: Document = RESOURCES["Bucket"]["Properties"]

    def rules(self) -> dict[str, tuple[str | None, Document]]:
        """Lifecycle rules by id, each with the condition that it depends on."""
        found: dict[str, tuple[str | None, Document]] = {}
        for rule in self.BUCKET["LifecycleConfiguration"]["Rules"]:
            condition, rule_, otherwise = rule.get("Fn::If", (None, rule, None))
            assert otherwise in ({"Ref": "AWS::NoValue"}, None)
            found[rule_["Id"]] = (condition, rule_)
        return found

    def test_nothing_makes_it_public(self) -> None:
        block = self.BUCKET["PublicAccessBlockConfiguration"]

        assert block == dict.fromkeys(
            ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
        )
        assert self.BUCKET["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}

    def test_it_is_encrypted(self) -> None:
        (rule,) = self.BUCKET["BucketEncryption"]["ServerSideEncryptionConfiguration"]

        assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}

    def test_no_version_outlives_what_was_promised(self) -> None:
        assert "VersioningConfiguration" not in self.BUCKET

    def test_broken_uploads_go_after_a_day(self) -> None:
        condition, rule = self.rules()["broken-uploads"]

        assert condition is None
        assert rule["Status"] == "Enabled"
        assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
        assert "Prefix" not in rule
        assert "ExpirationInDays" not in rule

    @pytest.mark.parametrize(
        ("rule_id", "condition", "parameter"),
        [("outputs", "OutputsExpire", "OutputDays"), ("records", "RecordsExpire", "RecordDays")],
        ids=["outputs", "records"],
    )
    def test_what_is_in_it_expires_only_when_days_are_given(self, rule_id: str, condition: str, parameter: str) -> None:
        assert self.rules()[rule_id] == (
            condition,
            {
                "Id": rule_id,
                "Status": "Enabled",
                "Prefix": f"{rule_id}/",
                "ExpirationInDays": {"Ref": parameter},
            },
        )
        assert TEMPLATE["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, 0]}]}
        assert PARAMETERS[parameter]["Default"] == 0

    def test_what_callers_hand_in_expires(self) -> None:
        rule = {"Id": "inputs", "Status": "Enabled", "Prefix": "inputs/", "ExpirationInDays": {"Ref": "InputDays"}}

        assert self.rules()["inputs"] == (None, rule)
        assert PARAMETERS["InputDays"]["MinValue"] == 1

    def test_nothing_else_expires(self) -> None:
        assert self.rules().keys() == {"broken-uploads", "inputs", "outputs", "records"}

    def test_its_policy_lets_only_our_distribution_read_only_files(self) -> None:
        (allow,) = [statement for statement in BUCKET_STATEMENTS if statement["Effect"] == "Allow"]

        assert allow["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        assert allow["Action"] == "s3:GetObject"
        assert [text(one) for one in allow["Resource"]] == ["${Bucket.Arn}/outputs/*", "${Bucket.Arn}/inputs/*"]
        assert {operator: {k: text(v) for k, v in test.items()} for operator, test in allow["Condition"].items()} == {
            "StringEquals": {"AWS:SourceArn": DISTRIBUTION}
        }

    def test_its_policy_refuses_what_is_not_encrypted_on_the_way(self) -> None:
        (deny,) = [statement for statement in BUCKET_STATEMENTS if statement["Effect"] == "Deny"]

        assert (deny["Principal"], deny["Action"]) == ("*", "s3:*")
        assert {text(resource) for resource in deny["Resource"]} == {"${Bucket.Arn}", "${Bucket.Arn}/*"}
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": False}}


class TestDistribution:
    CONFIG: Document = RESOURCES["OutputsDistribution"]["Properties"]["DistributionConfig"]
    BEHAVIOUR: Document = CONFIG["DefaultCacheBehavior"]

    def test_it_signs_every_request_whatever_the_reader_sends(self) -> None:
        access = RESOURCES["OutputsAccess"]["Properties"]["OriginAccessControlConfig"]

        assert access["SigningBehavior"] == "always"
        assert access["SigningProtocol"] == "sigv4"
        assert access["OriginAccessControlOriginType"] == "s3"

    def test_its_only_origin_is_the_bucket(self) -> None:
        (origin,) = self.CONFIG["Origins"]

        assert origin["DomainName"] == {"Fn::GetAtt": ["Bucket", "RegionalDomainName"]}
        assert origin["OriginAccessControlId"] == {"Ref": "OutputsAccess"}
        assert origin["S3OriginConfig"] == {"OriginAccessIdentity": ""}
        assert self.BEHAVIOUR["TargetOriginId"] == origin["Id"]
        assert "CacheBehaviors" not in self.CONFIG

    def test_outputs_can_only_be_read_and_only_over_tls(self) -> None:
        assert self.BEHAVIOUR["AllowedMethods"] == ["GET", "HEAD"]
        assert self.BEHAVIOUR["ViewerProtocolPolicy"] == "https-only"

    def test_nothing_that_the_reader_sends_is_part_of_the_question(self) -> None:
        assert self.BEHAVIOUR["CachePolicyId"] == "658327ea-f89d-4fab-a63d-7e88639e58f6"
        assert "OriginRequestPolicyId" not in self.BEHAVIOUR

    def test_no_browser_may_guess_a_type(self) -> None:
        headers = RESOURCES["OutputsHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]

        assert self.BEHAVIOUR["ResponseHeadersPolicyId"] == {"Ref": "OutputsHeaders"}
        assert headers["SecurityHeadersConfig"] == {"ContentTypeOptions": {"Override": True}}

    def test_names_that_the_whole_account_shares_hold_stack_and_region(self) -> None:
        names = [
            RESOURCES["OutputsAccess"]["Properties"]["OriginAccessControlConfig"]["Name"],
            RESOURCES["OutputsHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]["Name"],
        ]

        assert [text(name) for name in names] == ["${AWS::StackName}-${AWS::Region}-outputs"] * 2


class TestProviderSecret:
    SECRET: Document = RESOURCES["ProviderSecret"]["Properties"]

    def test_placeholder_never_changes(self) -> None:
        """A change of it would put it over what the owner put there."""
        assert self.SECRET["SecretString"] == "{}"
        assert "GenerateSecretString" not in self.SECRET

    def test_description_says_what_to_put(self) -> None:
        example = re.search(r"\{.*\}", self.SECRET["Description"])

        assert example is not None
        assert json.loads(example[0])["replicate"]["default"].startswith("r8_")


class TestMasterSecret:
    SECRET: Document = RESOURCES["MasterSecret"]["Properties"]

    def test_nobody_knows_it(self) -> None:
        """It is made where it lies; of what is no letter and no digit it needs nothing, so long as it is."""
        assert self.SECRET["GenerateSecretString"] == {"PasswordLength": 64, "ExcludePunctuation": True}
        assert "SecretString" not in self.SECRET

    def test_it_is_shown_to_nobody(self) -> None:
        assert "MasterSecret" not in str(TEMPLATE["Outputs"])

    def test_a_function_that_reads_it_knows_where(self) -> None:
        for name in GRANTS["secretsmanager:GetSecretValue", "${MasterSecret}"]:
            assert FUNCTIONS[name]["Environment"]["Variables"]["MASTER_SECRET"] == {"Ref": "MasterSecret"}


class TestWhatIsKept:
    @pytest.mark.parametrize("name", ["Table", "Bucket"])
    def test_deletion_keeps_it(self, name: str) -> None:
        assert RESOURCES[name]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert RESOURCES[name]["UpdateReplacePolicy"] == "Retain"

    @pytest.mark.parametrize("name", ["Table", "Bucket"])
    def test_its_name_is_free_again_for_the_next_stack(self, name: str) -> None:
        assert not {"TableName", "BucketName"} & RESOURCES[name]["Properties"].keys()

    @pytest.mark.parametrize("name", LOG_GROUPS)
    def test_logs_end(self, name: str) -> None:
        assert LOG_GROUPS[name]["RetentionInDays"] == {"Ref": "LogDays"}

    def test_every_log_group_has_its_own_name(self) -> None:
        names = [text(group["LogGroupName"]) for group in LOG_GROUPS.values()]

        assert len(set(names)) == len(names) == len(FUNCTIONS) + 2


class TestFile:
    @pytest.mark.parametrize("name", PARAMETERS)
    def test_parameter_is_described_and_has_a_default(self, name: str) -> None:
        assert PARAMETERS[name]["Description"].endswith(".")
        assert "Default" in PARAMETERS[name]

    @pytest.mark.parametrize("name", PARAMETERS)
    def test_parameter_is_used(self, name: str) -> None:
        used = [part for part in walk(TEMPLATE) if part == {"Ref": name} or f"${{{name}}}" in str(part)]

        assert used

    def test_outputs_say_what_the_owner_needs(self) -> None:
        outputs: dict[str, Document] = TEMPLATE["Outputs"]

        assert {name: text(output["Value"]) for name, output in outputs.items()} == {
            "GalleryUrl": "WithDomain ? https://${DomainName}/"
            " : https://${HttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/",
            "ApiUrl": "WithDomain ? https://${DomainName}/v1"
            " : https://${HttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/v1",
            "OutputsUrl": "WithOutputsDomain ? https://${OutputsDomainName} : https://${OutputsDistribution.DomainName}",
            "DomainTarget": "${ApiDomain.RegionalDomainName}",
            "OutputsDomainTarget": "${OutputsDistribution.DomainName}",
            "ProviderSecretArn": "${ProviderSecret}",
            "TableName": "${Table}",
            "BucketName": "${Bucket}",
            "StateMachineArn": "${StateMachine}",
            "DashboardUrl": "https://${AWS::Region}.console.aws.amazon.com/cloudwatch/home?region=${AWS::Region}"
            "#dashboards/dashboard/${Dashboard}",
            "AlarmTopicArn": "${AlarmTopic}",
        }
        assert all(output["Description"].endswith(".") for output in outputs.values())

    def test_only_intrinsics_that_the_local_runner_resolves(self) -> None:
        dictionaries = [part for part in walk(TEMPLATE) if isinstance(part, dict)]
        used = {key for part in dictionaries for key in part if str(key).startswith("Fn::")}

        assert used <= {"Fn::Sub", "Fn::GetAtt", "Fn::If", "Fn::Equals", "Fn::Not", "Fn::And"}

    def test_resources_are_what_they_were(self) -> None:
        kinds = sorted(resource["Type"] for resource in RESOURCES.values())

        assert {kind: kinds.count(kind) for kind in kinds} == {
            "AWS::ApiGatewayV2::ApiMapping": 1,
            "AWS::ApiGatewayV2::DomainName": 1,
            "AWS::CloudFront::Distribution": 1,
            "AWS::CloudFront::OriginAccessControl": 1,
            "AWS::CloudFront::ResponseHeadersPolicy": 1,
            "AWS::CloudWatch::Alarm": 12,
            "AWS::CloudWatch::Dashboard": 1,
            "AWS::DynamoDB::Table": 1,
            "AWS::Logs::LogGroup": 15,
            "AWS::Route53::RecordSet": 3,
            "AWS::S3::Bucket": 1,
            "AWS::S3::BucketPolicy": 1,
            "AWS::SNS::Subscription": 1,
            "AWS::SNS::Topic": 1,
            "AWS::SNS::TopicPolicy": 1,
            "AWS::SecretsManager::Secret": 2,
            "AWS::Serverless::Function": 13,
            "AWS::Serverless::HttpApi": 1,
            "AWS::Serverless::LayerVersion": 1,
            "AWS::Serverless::StateMachine": 1,
        }


class TestStages:
    CONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))

    @pytest.mark.parametrize("stage", ["dev", "prod"])
    def test_stage_gives_only_parameters_that_there_are(self, stage: str) -> None:
        given = dict(pair.split("=", 1) for pair in self.CONFIG[stage]["deploy"]["parameters"]["parameter_overrides"])

        assert given.keys() <= PARAMETERS.keys()
        for name, value in given.items():
            assert value in map(str, PARAMETERS[name].get("AllowedValues", [value]))

    def test_stages_do_not_share_a_stack(self) -> None:
        stacks = {self.CONFIG[stage]["deploy"]["parameters"]["stack_name"] for stage in ("dev", "prod")}

        assert stacks == {"lumeo-dev", "lumeo"}

    def test_deploying_asks_for_a_stage(self) -> None:
        assert "deploy" not in self.CONFIG["default"]

    def test_production_shows_the_changes_first(self) -> None:
        assert self.CONFIG["prod"]["deploy"]["parameters"]["confirm_changeset"] is True

    def test_validate_lints(self) -> None:
        assert self.CONFIG["default"]["validate"]["parameters"]["lint"] is True
