"""Names of one's own for the API and for outputs: what is made with them, without them, and what is refused."""

from collections.abc import Mapping
from typing import Any

import pytest

from local.template import Template
from tests.conftest import ROOT
from tests.template.documents import RESOURCES, TEMPLATE, Document

API = {"DomainName": "lumeo.example.com", "CertificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/a"}
OUTPUTS = {
    "OutputsDomainName": "outputs.example.com",
    "OutputsCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/b",
}
ZONE = {"HostedZoneId": "Z0123456789ABC"}
PROXY = {"PublicUrl": "https://proxy.example.com"}

OF_THE_API = {"ApiDomain", "ApiDomainMapping"}
RECORDS_OF_OUTPUTS = {"OutputsDomainRecord", "OutputsDomainRecordV6"}
NAMED = OF_THE_API | RECORDS_OF_OUTPUTS | {"ApiDomainRecord"}


def template(given: Mapping[str, str]) -> Template:
    return Template(ROOT / "template.yaml", given)


def made(found: Template) -> set[str]:
    """The resources with a condition of names that would be made."""
    return {name for name in NAMED if found._holds({"Condition": RESOURCES[name]["Condition"]})}


def outputs(found: Template) -> dict[str, str]:
    """What the stack would say, as far as its conditions hold."""
    shown: dict[str, Document] = {
        name: output
        for name, output in TEMPLATE["Outputs"].items()
        if "Condition" not in output or found._holds({"Condition": output["Condition"]})
    }
    return {name: found._resolve(output["Value"]) for name, output in shown.items()}


def distribution(found: Template) -> dict[str, Any]:
    ((_, spec),) = found.resources("AWS::CloudFront::Distribution").items()
    return dict(spec["DistributionConfig"])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, set(), id="none"),
        pytest.param(ZONE, set(), id="a zone alone"),
        pytest.param(API, OF_THE_API, id="the API, DNS by hand"),
        pytest.param(API | ZONE, OF_THE_API | {"ApiDomainRecord"}, id="the API"),
        pytest.param(OUTPUTS, set(), id="outputs, DNS by hand"),
        pytest.param(OUTPUTS | ZONE, RECORDS_OF_OUTPUTS, id="outputs"),
        pytest.param(API | OUTPUTS | ZONE, NAMED, id="both"),
    ],
)
def test_made_is_what_the_names_need(given: dict[str, str], expected: set[str]) -> None:
    assert made(template(given)) == expected


def test_what_the_names_need_is_all_that_there_is_of_it() -> None:
    kinds = ("AWS::ApiGatewayV2::", "AWS::Route53::")

    assert {name for name, resource in RESOURCES.items() if resource["Type"].startswith(kinds)} == NAMED


@pytest.mark.parametrize(
    ("given", "public", "origin"),
    [
        pytest.param({}, "", "https://OutputsDistribution.DomainName", id="none"),
        pytest.param(PROXY, PROXY["PublicUrl"], "https://OutputsDistribution.DomainName", id="a proxy"),
        pytest.param(API, "https://lumeo.example.com", "https://OutputsDistribution.DomainName", id="the API"),
        pytest.param(OUTPUTS, "", "https://outputs.example.com", id="outputs"),
    ],
)
def test_functions_know_the_names(given: dict[str, str], public: str, origin: str) -> None:
    for function in template(given).functions().values():
        assert (function.environment["PUBLIC_URL"], function.environment["OUTPUTS_URL"]) == (public, origin)


def test_the_stack_says_its_own_names() -> None:
    said = outputs(template(API | OUTPUTS))

    assert (said["ApiUrl"], said["GalleryUrl"]) == ("https://lumeo.example.com/v1", "https://lumeo.example.com/")
    assert said["OutputsUrl"] == "https://outputs.example.com"
    assert said["DomainTarget"] == "ApiDomain.RegionalDomainName"
    assert said["OutputsDomainTarget"] == "OutputsDistribution.DomainName"


def test_without_names_it_says_those_of_aws() -> None:
    said = outputs(template({}))

    assert said["ApiUrl"] == "https://lumeo-local-HttpApi.execute-api.us-east-1.amazonaws.com/v1"
    assert not {"DomainTarget", "OutputsDomainTarget"} & said.keys()


def test_the_api_is_reached_by_its_name() -> None:
    found = template(API | ZONE)
    ((_, domain),) = found.resources("AWS::ApiGatewayV2::DomainName").items()
    ((_, mapping),) = found.resources("AWS::ApiGatewayV2::ApiMapping").items()

    assert domain["DomainName"] == API["DomainName"]
    assert domain["DomainNameConfigurations"] == [
        {"CertificateArn": API["CertificateArn"], "EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2"}
    ]
    assert "ApiMappingKey" not in mapping, "paths are those of AWS's own address"
    assert RESOURCES["ApiDomainMapping"]["Properties"]["Stage"] == {"Ref": "HttpApi.Stage"}


def test_outputs_are_served_by_their_name_and_a_new_protocol() -> None:
    named, unnamed = distribution(template(OUTPUTS)), distribution(template({}))

    assert named["Aliases"] == ["outputs.example.com"]
    assert named["ViewerCertificate"] == {
        "AcmCertificateArn": OUTPUTS["OutputsCertificateArn"],
        "MinimumProtocolVersion": "TLSv1.2_2021",
        "SslSupportMethod": "sni-only",
    }
    assert not {"Aliases", "ViewerCertificate"} & unnamed.keys()


def test_records_lead_to_what_the_outputs_say() -> None:
    found = template(API | OUTPUTS | ZONE)
    said = outputs(found)
    records = found.resources("AWS::Route53::RecordSet")

    assert {(one["Name"], one["Type"], one["AliasTarget"]["DNSName"]) for one in records.values()} == {
        ("lumeo.example.com", "A", said["DomainTarget"]),
        ("outputs.example.com", "A", said["OutputsDomainTarget"]),
        ("outputs.example.com", "AAAA", said["OutputsDomainTarget"]),
    }
    assert {one["HostedZoneId"] for one in records.values()} == {"Z0123456789ABC"}


def refused(given: Mapping[str, str]) -> list[str]:
    """What CloudFormation would answer at once, by the rules."""
    found = template(given)
    return [
        one["AssertDescription"]
        for rule in TEMPLATE["Rules"].values()
        if found._holds(rule["RuleCondition"])
        for one in rule["Assertions"]
        if not found._holds(one["Assert"])
    ]


@pytest.mark.parametrize(
    "given",
    [{}, API, OUTPUTS, API | OUTPUTS | ZONE, PROXY, PROXY | OUTPUTS],
    ids=lambda given: " ".join(given) or "none",
)
def test_what_is_whole_is_taken(given: dict[str, str]) -> None:
    assert refused(given) == []


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"DomainName": "lumeo.example.com"}, "DomainName needs CertificateArn."),
        (
            {"OutputsDomainName": "outputs.example.com"},
            "OutputsDomainName needs OutputsCertificateArn, of us-east-1.",
        ),
        (API | PROXY, "PublicUrl is for a proxy of your own, DomainName does without one. Only one of them is meant."),
    ],
    ids=["no certificate", "no certificate for outputs", "two addresses"],
)
def test_what_is_half_is_refused_at_once(given: dict[str, str], says: str) -> None:
    assert refused(given) == [says]
