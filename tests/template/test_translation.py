"""What SAM makes of the template: the roles, routes and permissions that it only implies."""

from typing import Any

import pytest

from tests.template.documents import STATEMENTS, TEMPLATE, WITH_A_ROLE, Document, listed, routes
from tests.template.translated import SAM_PYTHON, translated

pytestmark = pytest.mark.skipif(not SAM_PYTHON.exists(), reason="SAM CLI is not set up in .venv-sam")

MANAGED = {
    "AWSLambdaBasicExecutionRole": "SAM gives it to every function, and it can only write logs",
    "AWSXrayWriteOnlyAccess": "SAM adds it where tracing is on, and X-Ray knows no narrower resource",
}


@pytest.fixture(scope="module")
def deployed() -> dict[str, Document]:
    """The resources that CloudFormation would be given."""
    resources: dict[str, Document] = translated()["Resources"]
    return resources


@pytest.mark.parametrize("name", WITH_A_ROLE)
def test_role_holds_what_the_template_says(deployed: dict[str, Document], name: str) -> None:
    policies = deployed[f"{name}Role"]["Properties"].get("Policies", [])
    statements = [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]

    assert statements == [statement for owner, statement in STATEMENTS if owner == name]


@pytest.mark.parametrize("name", WITH_A_ROLE)
def test_role_holds_no_wildcard_action(deployed: dict[str, Document], name: str) -> None:
    policies = deployed[f"{name}Role"]["Properties"].get("Policies", [])
    statements = [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]

    assert [action for statement in statements for action in listed(statement["Action"]) if "*" in action] == []


@pytest.mark.parametrize("name", WITH_A_ROLE)
def test_managed_policies_have_a_reason(deployed: dict[str, Document], name: str) -> None:
    managed = {arn.rsplit("/", 1)[1] for arn in deployed[f"{name}Role"]["Properties"]["ManagedPolicyArns"]}

    assert managed <= MANAGED.keys()


def test_there_is_a_role_for_each_and_none_besides(deployed: dict[str, Document]) -> None:
    roles = {name for name, resource in deployed.items() if resource["Type"] == "AWS::IAM::Role"}

    assert roles == {f"{name}Role" for name in WITH_A_ROLE}


def test_gateway_knows_the_routes(deployed: dict[str, Document]) -> None:
    paths: dict[str, Any] = deployed["HttpApi"]["Properties"]["Body"]["paths"]
    known = {
        path if path == "$default" else f"{method.upper()} {path}"
        for path, methods in paths.items()
        for method in methods
    }

    assert known == routes().keys()
    assert paths["$default"]["x-amazon-apigateway-any-method"]["isDefaultRoute"] is True


def test_gateway_may_call_exactly_the_functions_of_the_routes(deployed: dict[str, Document]) -> None:
    permissions = [one["Properties"] for one in deployed.values() if one["Type"] == "AWS::Lambda::Permission"]
    callable_ = {one["FunctionName"]["Ref"] for one in permissions if one["Principal"] == "apigateway.amazonaws.com"}

    assert callable_ == {name for functions in routes().values() for name in functions}


def test_a_name_of_ones_own_leads_to_the_stage_that_sam_makes(deployed: dict[str, Document]) -> None:
    stage = deployed["ApiDomainMapping"]["Properties"]["Stage"]["Ref"]

    assert deployed[stage]["Type"] == "AWS::ApiGatewayV2::Stage"


def test_what_is_refused_at_once_reaches_cloudformation() -> None:
    assert translated()["Rules"].keys() == TEMPLATE["Rules"].keys()
