"""`lumeo keys`, against the running stack and against one that CloudFormation knows."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.config import Config
from werkzeug.wrappers import Response

from cli import deployed as deployed_module
from local.serving import Server
from lumeo.keys import Keys, id_of
from tests.cli.conftest import Lumeo
from tests.stack import Caller, Stack

KEY = re.compile(r"lum_[\w-]{43}")


@pytest.fixture
def deployed(stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a stack whose outputs lead to the one that runs here."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack.ready["aws_endpoint_url"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("SSL_CERT_FILE", stack.ready["ca_bundle"])
    found = {"ApiUrl": stack.ready["api_url"], "TableName": stack.ready["table_name"]}
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": value} for name, value in found.items()},
    }
    cloudformation = stack.client("cloudformation")
    name = f"lumeo-{caller.name}"
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    yield name
    cloudformation.delete_stack(StackName=name)


def test_a_key_is_made_and_works(lumeo: Lumeo, caller: Caller) -> None:
    ran = lumeo("keys", "create", "--caller", caller.name, "--name", "laptop")

    assert ran.code == 0
    assert KEY.fullmatch(ran.out.strip())
    assert lumeo("list", "--key", ran.out.strip()).code == 0


def test_a_key_as_json(lumeo: Lumeo, caller: Caller) -> None:
    made = lumeo("keys", "create", "--caller", caller.name, "--json").document

    assert made == {"key": made["key"], "id": id_of(made["key"]), "owner": caller.name, "name": ""}


def test_keys_are_listed(lumeo: Lumeo, caller: Caller) -> None:
    lumeo("keys", "create", "--caller", caller.name, "--name", "laptop")
    table, listed = (
        lumeo("keys", "list", "--caller", caller.name),
        lumeo("keys", "list", "--caller", caller.name, "--json"),
    )

    assert [key["name"] for key in listed.document] == ["laptop", "test"]
    assert [line.split() for line in table.out.splitlines()] == [
        ["ID", "MADE", "REVOKED", "CALLER", "NAME"],
        *([key["id"][:12], key["made_at"][:10], "-", caller.name, key["name"]] for key in listed.document),
    ]
    assert caller.key not in table.out + listed.out
    assert len(lumeo("keys", "list", "--json").document) >= 2
    assert lumeo("keys", "list", "--caller", "nobody").code == 0


@pytest.mark.parametrize("by", ["beginning", "itself"])
def test_a_revoked_key_stops(lumeo: Lumeo, caller: Caller, by: str) -> None:
    key = lumeo("keys", "create", "--caller", caller.name).out.strip()
    ran = (
        lumeo("keys", "revoke", "-", stdin=f"{key}\n")
        if by == "itself"
        else lumeo("keys", "revoke", id_of(key)[:12].upper())
    )

    assert (ran.code, ran.out) == (0, f"{id_of(key)[:12]}  revoked\n")
    assert "60 seconds" in ran.err, "the API remembers what it has read"
    refused = lumeo("list", "--key", key)
    assert (refused.code, refused.err.splitlines()) == (
        6,
        [
            "lumeo: Unauthenticated (401)",
            "  You did not pass a valid authentication token",
            "  The key is the one of --key.",
        ],
    )
    assert lumeo("keys", "revoke", id_of(key), "--json").document["revoked_at"]


def test_a_key_is_named_by_enough_of_its_id(lumeo: Lumeo, stack: Stack, caller: Caller) -> None:
    table = stack.ready["table_name"]
    item = {
        "owner": caller.name,
        "name": "",
        "made_at": "2020-01-01T00:00:00.000Z",
        "created_at": "2020-01-01T00:00:00.000Z",
    }
    for n in (1, 2):
        stack.client("dynamodb").put_item(
            TableName=table,
            Item={
                name: {"S": value} for name, value in {**item, "caller": "/keys", "pk": f"key#abcdef{n:058}"}.items()
            },
        )

    short, several, none = (lumeo("keys", "revoke", text) for text in ("abcde", "abcdef", "f00f00f00f00"))
    assert (short.code, several.code, none.code) == (2, 2, 5)
    assert "2 keys begin with abcdef" in several.err
    assert lumeo("keys", "revoke", f"abcdef{1:058}").code == 0


def test_a_caller_has_a_name(lumeo: Lumeo) -> None:
    ran = lumeo("keys", "create", "--caller", "not a name")

    assert (ran.code, ran.out) == (2, "")
    assert "not a caller's name" in ran.err


def test_keys_of_a_deployed_stack(bare: Lumeo, stack: Stack, caller: Caller, deployed: str) -> None:
    key = bare("keys", "create", "--caller", caller.name, "--stack", deployed).out.strip()

    assert Keys(stack.client("dynamodb"), stack.ready["table_name"]).caller(key) == caller.name


def test_a_deployed_stack_is_called_with_a_key(
    bare: Lumeo, caller: Caller, deployed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUMEO_STACK", deployed)
    without = bare("list")
    monkeypatch.setenv("LUMEO_API_KEY", caller.key)

    assert (without.code, "lumeo keys create" in without.err) == (6, True)
    assert bare("list").code == 0


def test_an_address_has_no_keys(bare: Lumeo, stack: Stack, deployed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor are those of another stack meant, which happens to run here."""
    monkeypatch.setenv("LUMEO_URL", stack.ready["api_url"])
    without = bare("keys", "list")
    monkeypatch.setenv("LUMEO_STACK", deployed)

    assert (without.code, "--stack" in without.err) == (2, True)
    assert bare("keys", "list").code == 0


def test_an_address_on_the_command_line_is_not_the_stack_of_the_environment(
    bare: Lumeo, stack: Stack, deployed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUMEO_STACK", deployed)
    ran = bare("keys", "create", "--caller", "anna", "--url", stack.ready["api_url"])

    assert (ran.code, ran.out) == (2, "")
    assert "--stack NAME" in ran.err


def test_a_stack_that_is_not_there(bare: Lumeo, deployed: str) -> None:
    ran = bare("keys", "list", "--stack", "nowhere")

    assert (ran.code, ran.err.splitlines()[0]) == (5, "lumeo: There is no stack nowhere.")


def test_a_stack_that_is_not_ours(bare: Lumeo, stack: Stack, deployed: str) -> None:
    template = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    stack.client("cloudformation").create_stack(StackName=f"{deployed}-other", TemplateBody=template)
    ran = bare("keys", "list", "--stack", f"{deployed}-other")
    stack.client("cloudformation").delete_stack(StackName=f"{deployed}-other")

    assert (ran.code, "is it Lumeo's?" in ran.err) == (5, True)


@pytest.mark.parametrize(
    ("environment", "code", "says"),
    [
        ({"AWS_REGION": "us-east-1"}, 6, "Unable to locate credentials"),
        ({"AWS_DEFAULT_REGION": "us-east-1"}, 6, "Unable to locate credentials"),
        ({}, 2, "AWS_REGION says where"),
        ({"AWS_PROFILE": "nobody"}, 2, "nobody"),
    ],
)
def test_aws_has_to_know_who_asks(
    bare: Lumeo, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], code: int, says: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    ran = bare("keys", "list", "--stack", "lumeo-dev")

    assert (ran.code, says in ran.err) == (code, True), ran.err


SESSIONS = {
    "sso": "sso_start_url = https://example.com\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = me\n",
    "process": "credential_process = false\n",
    "login": "login_session = arn:aws:sts::123456789012:assumed-role/me\n",
}


@pytest.mark.parametrize("kind", SESSIONS)
def test_a_session_that_is_over_is_no_reason_to_try_again(
    bare: Lumeo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "config").write_text(f"[default]\n{SESSIONS[kind]}")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    ran = bare("keys", "list", "--stack", "lumeo-dev")

    assert (ran.code, "`aws sso login`" in ran.err) == (6, True), ran.err


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((400, "Throttling"), 7),
        ((503, "ServiceUnavailable"), 7),
        ((500, "InternalFailure"), 7),
        ((403, "AccessDenied"), 6),
        ((400, "ValidationError"), 1),
    ],
)
def test_what_aws_refuses(
    bare: Lumeo, deployed: str, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, str], code: int
) -> None:
    status, said = answer
    body = f"<ErrorResponse><Error><Code>{said}</Code><Message>No, {said}.</Message></Error></ErrorResponse>"
    monkeypatch.setattr(deployed_module, "_CONFIG", Config(retries={"total_max_attempts": 1}))
    with Server(Response(body, status)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        ran = bare("keys", "list", "--stack", deployed)

    assert (ran.code, ran.err.splitlines()) == (code, [f"lumeo: AWS: No, {said}."])


def test_aws_that_cannot_be_reached(bare: Lumeo, deployed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    assert bare("keys", "list", "--stack", deployed).code == 7


def test_keys_of_a_stack_that_has_ended(bare: Lumeo, stack: Stack, tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    path.write_text(json.dumps({**stack.ready, "aws_endpoint_url": "http://127.0.0.1:9"}))

    assert bare("keys", "list", "--ready-file", str(path)).code == 7
