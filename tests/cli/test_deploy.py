"""`make deploy`, in a terminal and without one: AWS is the stack that runs here, SAM CLI a stand-in (deploying.py)."""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from local.deploy import main
from local.serving import Server
from lumeo.keys import Keys
from tests.cli.conftest import Ran
from tests.cli.terminal import Terminal
from tests.conftest import ROOT
from tests.stack import Caller, Stack

COMMAND = (sys.executable, "-m", "local.deploy")
PAGE = (ROOT / "docs" / "deploying.md").read_text()
TOKEN = "r8_0123456789abcdefghijABCDEFGHIJ0123456"  # pragma: allowlist secret
KEPT = {"fal": {"default": "kept"}, "replicate": {"team": "kept"}}
"""What is in the stack's secret before."""
KEY = re.compile(r"lum_[\w-]{43}")


TITLES = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)


def wreck(name: str, status: str) -> Any:
    """CloudFormation, with one stack, which did not come up."""
    stack = f"<StackName>{name}</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime>"
    stack += f"<StackStatus>{status}</StackStatus>"
    said = f"<DescribeStacksResult><Stacks><member>{stack}</member></Stacks></DescribeStacksResult>"
    answer = Response(f"<DescribeStacksResponse>{said}</DescribeStacksResponse>", content_type="text/xml")
    return Request.application(lambda _: answer)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a test deploys to: an account of its own stacks, a samconfig.toml, and what SAM CLI was told."""

    stack: Stack
    name: str
    secret: str
    config: Path
    sam: Path
    notes: Path
    printed: pytest.CaptureFixture[str]

    def words(self, *more: str, env: str = "prod") -> list[str]:
        return [env, "--sam", str(self.sam), "--config", str(self.config), *more]

    def terminal(self, *more: str, env: str = "prod") -> Terminal:
        return Terminal(*self.words(*more, env=env), command=COMMAND)

    def run(self, *more: str, env: str = "prod") -> Ran:
        """Without a terminal."""
        code = main(self.words(*more, env=env))
        said = self.printed.readouterr()
        return Ran(code, said.out, said.err)

    @property
    def told(self) -> list[str]:
        found: list[str] = json.loads(self.notes.read_text())
        return found

    @property
    def overrides(self) -> dict[str, str]:
        """The parameters that SAM CLI was told, beside those of the section; none where it was told nothing of them."""
        if "--parameter-overrides" not in self.told:
            return {}
        rest = self.told[self.told.index("--parameter-overrides") + 1 :]
        return dict(pair.split("=", 1) for pair in rest if re.match(r"\w+=", pair))

    @property
    def accounts(self) -> Any:
        """What is in the stack's secret."""
        return json.loads(self.stack.client("secretsmanager").get_secret_value(SecretId=self.secret)["SecretString"])


@pytest.fixture
def place(
    stack: Stack,
    caller: Caller,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[Place]:
    """An account with credentials in which nothing is deployed yet."""
    name = f"lumeo-{caller.name}"
    made = stack.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(KEPT))
    outputs = {
        "ApiUrl": "https://abc123.execute-api.us-east-1.amazonaws.com/v1",
        "GalleryUrl": "https://abc123.execute-api.us-east-1.amazonaws.com/",
        "DashboardUrl": f"https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#dashboards/{name}",
        "TableName": stack.ready["table_name"],
        "ProviderSecretArn": made["ARN"],
        "DomainTarget": "d-abc123.execute-api.us-east-1.amazonaws.com",
        "OutputsDomainTarget": "d111111abcdef8.cloudfront.net",
    }
    config, notes, sam = tmp_path / "samconfig.toml", tmp_path / "told", tmp_path / "sam"
    config.write_text(
        f'version = 0.1\n[default.build.parameters]\n[dev.deploy.parameters]\nstack_name = "{name}-dev"\n'
        'parameter_overrides = ["LogLevel=DEBUG", "Alarms=no"]\n'
        f'[prod.deploy.parameters]\nstack_name = "{name}"\nparameter_overrides = ["LogDays=90"]\n'
    )
    sam.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT / "tests" / "cli" / "deploying.py"} "$@"\n')
    sam.chmod(0o755)
    for variable, value in {
        "AWS_ENDPOINT_URL": stack.ready["aws_endpoint_url"],
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "SAM_NOTES": str(notes),
        "SAM_OUTPUTS": json.dumps(outputs),
    }.items():
        monkeypatch.setenv(variable, value)
    yield Place(stack, name, made["ARN"], config, sam, notes, capfd)
    for one in (name, f"{name}-dev"):
        stack.client("cloudformation").delete_stack(StackName=one)


def answer(terminal: Terminal, *dialog: tuple[str, str]) -> None:
    """Answer what is asked, in turn."""
    for prompt, text in dialog:
        terminal.until(prompt)
        terminal.type(f"{text}\n")


def said(terminal: Terminal, *dialog: tuple[str, str]) -> str:
    """All that was shown to who answers so. The command has to end well."""
    answer(terminal, *dialog)
    assert terminal.end() == 0, terminal.text
    return terminal.text


NO_NAMES = (("DomainName []: ", ""), ("OutputsDomainName []: ", ""))
NOTHING = (("AlarmEmail []: ", ""), ("DollarsPerDay [0]: ", ""), ("VersionPolicy [any]: ", ""), *NO_NAMES)


class TestTheFirstTime:
    def test_enter_everywhere_is_safe(self, place: Place) -> None:
        shown = said(place.terminal(), *NOTHING, ("Token []: ", ""))

        assert place.overrides == {}, "the section's own hold"
        assert place.told[:2] == ["deploy", "--config-env"]
        assert place.told[place.told.index("--region") + 1] == "us-east-1"
        assert "--no-confirm-changeset" not in place.told
        assert place.accounts == KEPT
        assert f"Put a provider's token into the secret {place.secret}" in shown
        assert "Confirm the mail" not in shown

    def test_it_reads_as_the_page_says(self, place: Place) -> None:
        """What is typed is what the page has after each prompt."""
        (dialog,) = re.findall(r"^```console\n\$ make deploy ENV=prod\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
        typed = re.findall(r"^(\w+ \[.*?\]: )(.*)$", dialog, re.MULTILINE)
        shown = (
            said(place.terminal(), *typed).replace("Deploying with following values", "…").replace(place.name, "lumeo")
        )
        # moto gives each user its own name, and each secret some letters more.
        shown = re.sub(r"as arn:\S+", "as arn:aws:iam::123456789012:user/you", KEY.sub("lum_…", shown))
        shown = re.sub(r"(secret:lumeo)-\w+", r"\1", shown)

        assert shown.splitlines() == dialog.splitlines()

    def test_the_key_works_and_is_shown_once(self, place: Place) -> None:
        shown = said(place.terminal(), *NOTHING, ("Token []: ", ""))

        (key,) = set(KEY.findall(shown))
        table = Keys(place.stack.client("dynamodb"), place.stack.ready["table_name"])
        assert table.caller(key) == "me"
        assert "https://abc123.execute-api.us-east-1.amazonaws.com/   and sign in with the key" in shown

    def test_the_token_is_put_beside_what_is_there_and_never_shown(self, place: Place) -> None:
        shown = said(place.terminal(), *NOTHING, ("Token []: ", TOKEN))

        assert place.accounts == {**KEPT, "replicate": {"team": "kept", "default": TOKEN}}
        assert TOKEN not in shown + place.notes.read_text()
        assert "Put a provider's token" not in shown

    def test_what_is_answered_is_deployed_beside_the_sections_own(self, place: Place) -> None:
        shown = said(
            place.terminal("--parameter", "RateLimit=5", "--", "--role-arn", "arn:aws:iam::123456789012:role/made"),
            ("AlarmEmail []: ", "me@example.com"),
            ("DollarsPerDay [0]: ", "20"),
            ("VersionPolicy [any]: ", "catalogue"),
            *NO_NAMES,
            ("Token []: ", ""),
        )

        answered = {"AlarmEmail": "me@example.com", "DollarsPerDay": "20", "VersionPolicy": "catalogue"}
        assert place.overrides == {"LogDays": "90", "RateLimit": "5", **answered}
        assert place.told[-2:] == ["--role-arn", "arn:aws:iam::123456789012:role/made"]
        assert "Confirm the mail that AWS sends to me@example.com" in shown
        assert "flux" not in shown, "no model is known that the catalogue has"

    def test_what_is_wrong_is_asked_again(self, place: Place) -> None:
        said(
            place.terminal(),
            ("AlarmEmail []: ", "me"),
            ("It must be empty, or an address.\nAlarmEmail []: ", ""),
            ("DollarsPerDay [0]: ", "many"),
            ("It is a number from 0 on.\nDollarsPerDay [0]: ", "-1"),
            ("-1\nIt is a number from 0 on.\nDollarsPerDay [0]: ", "2.5"),
            ("VersionPolicy [any]: ", "none"),
            ("It is one of any, pinned, catalogue.\nVersionPolicy [any]: ", ""),
            *NO_NAMES,
            ("Token []: ", ""),
        )

        assert place.overrides == {"LogDays": "90", "DollarsPerDay": "2.5"}

    def test_a_name_needs_its_certificate_and_is_led_to(self, place: Place) -> None:
        certificate = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b"
        shown = said(
            place.terminal(),
            *NOTHING[:3],
            ("DomainName []: ", "https://lumeo.example.com"),
            ("without a path.\nDomainName []: ", "lumeo.example.com"),
            ("CertificateArn []: ", ""),
            ("nothing was deployed.\nCertificateArn []: ", certificate),
            ("OutputsDomainName []: ", "outputs.example.com"),
            ("OutputsCertificateArn []: ", certificate),
            ("HostedZoneId []: ", ""),
            ("Token []: ", ""),
        )

        assert place.overrides == {
            "LogDays": "90",
            "DomainName": "lumeo.example.com",
            "CertificateArn": certificate,
            "OutputsDomainName": "outputs.example.com",
            "OutputsCertificateArn": certificate,
        }
        assert "Let lumeo.example.com lead to d-abc123.execute-api.us-east-1.amazonaws.com, by a CNAME" in shown
        assert "Let outputs.example.com lead to d111111abcdef8.cloudfront.net, by a CNAME" in shown

    def test_a_section_without_alarms_is_not_asked_about_them(self, place: Place) -> None:
        shown = said(place.terminal(env="dev"), ("VersionPolicy [any]: ", ""), *NO_NAMES, ("Token []: ", ""))

        assert "AlarmEmail" not in shown
        assert "a dashboard" not in shown

    def test_a_failure_is_sam_clis_own(self, place: Place) -> None:
        terminal = place.terminal("--", "--fail")
        answer(terminal, *NOTHING, ("Token []: ", TOKEN))

        assert terminal.end() == 3
        assert not KEY.search(terminal.text)
        assert f"make key CALLER=me STACK={place.name}" in terminal.text
        assert "Put a provider's token into its secret" in terminal.text

    def test_who_interrupts_it_reads_what_is_left(self, place: Place) -> None:
        terminal = place.terminal("--", "--hang")
        answer(terminal, *NOTHING, ("Token []: ", TOKEN))
        terminal.until("Deploying with following values")
        terminal.type("\x03")

        assert terminal.end() == 130
        assert f"make key CALLER=me STACK={place.name}" in terminal.text

    def test_a_secret_that_does_not_take_the_token_is_no_reason_for_no_key(self, place: Place) -> None:
        place.stack.client("secretsmanager").delete_secret(SecretId=place.secret, ForceDeleteWithoutRecovery=True)
        terminal = place.terminal()
        answer(terminal, *NOTHING, ("Token []: ", TOKEN))

        assert terminal.end() == 1
        assert KEY.search(terminal.text)
        assert f"Put a provider's token into the secret {place.secret}" in terminal.text
        assert "make key" not in terminal.text

    def test_a_person_who_declines_the_changes_is_given_no_key(self, place: Place) -> None:
        shown = said(place.terminal("--", "--decline"), *NOTHING, ("Token []: ", TOKEN))

        assert shown.rstrip().endswith("Nothing was deployed.")
        assert "make key" not in shown
        assert not KEY.search(shown)

    def test_who_gives_up_deploys_nothing(self, place: Place) -> None:
        """By Ctrl-D: a Ctrl-C just before the answer is waited for would have to be typed twice."""
        terminal = place.terminal()
        terminal.until("AlarmEmail []: ")
        terminal.type("\x04")

        assert terminal.end() == 130
        assert not place.notes.exists()
        assert "Traceback" not in terminal.text


class TestLater:
    def test_nothing_is_asked_and_what_was_answered_stays(self, place: Place) -> None:
        """SAM CLI keeps the values of parameters that it is told nothing of: tests/unit/test_deploying.py."""
        place.run("--parameter", "RateLimit=5")
        place.notes.unlink()
        shown = said(place.terminal("--", "--decline"))

        assert place.overrides == {}
        assert "]: " not in shown
        assert "https://abc123.execute-api.us-east-1.amazonaws.com/v1" in shown
        assert not KEY.search(shown)

    def test_a_parameter_is_changed_or_emptied(self, place: Place) -> None:
        place.run()
        place.run("--parameter", "RateLimit=5", "--parameter", "DomainName=", "--", "--decline")

        assert place.overrides == {"LogDays": "90", "RateLimit": "5", "DomainName": '""'}

    def test_what_the_section_says_may_be_said_again(self, place: Place) -> None:
        assert place.run("--parameter", "LogDays=90").code == 0

    def test_a_processor_that_it_was_not_built_for_is_refused(self, place: Place) -> None:
        place.run("--parameter", "Architecture=x86_64")
        place.notes.unlink()
        ran = place.run()

        assert (ran.code, place.notes.exists()) == (2, False)
        assert 'PARAMETERS="Architecture=x86_64"' in ran.err

    def test_changes_that_were_never_executed_are_no_stack(self, place: Place) -> None:
        place.stack.client("cloudformation").create_change_set(
            StackName=place.name,
            ChangeSetName="one",
            ChangeSetType="CREATE",
            TemplateBody=json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}),
        )
        shown = said(place.terminal("--", "--decline"), *NOTHING, ("Token []: ", ""))

        assert "There is no such stack yet" in shown

    @pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED"])
    def test_the_remains_of_a_first_time_that_failed_are_named(
        self, place: Place, monkeypatch: pytest.MonkeyPatch, status: str
    ) -> None:
        """The stacks of moto always come up: AWS's answer is written out."""
        with Server(wreck(place.name, status)) as server:
            monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", server.url)
            ran = place.run()

        assert (ran.code, ran.out, place.notes.exists()) == (1, "", False)
        (anchor,) = re.findall(r"docs/deploying.md#([\w-]+)", ran.err)
        assert anchor in [re.sub(r"[^\w-]", "", title.lower().replace(" ", "-")) for title in TITLES]


class TestWithoutATerminal:
    def test_nothing_is_asked_nor_confirmed_nor_shown(self, place: Place) -> None:
        ran = place.run()

        assert (ran.code, "--no-confirm-changeset" in place.told) == (0, True)
        assert not KEY.search(ran.out)
        assert "https://abc123.execute-api.us-east-1.amazonaws.com/v1" in ran.out

    def test_nor_where_nobody_wants_to_be_asked(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ASK", "no")
        shown = said(place.terminal())

        assert "]: " not in shown
        assert "--no-confirm-changeset" in place.told


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(["--", "--region", "eu-west-1"], "AWS_REGION", id="region"),
        pytest.param(["--", "--profile=me"], "AWS_PROFILE", id="profile"),
        pytest.param(["--", "--stack-name", "x"], "samconfig.toml", id="stack"),
        pytest.param(["--", "--parameter-overrides", "LogDays=1"], "PARAMETERS", id="overrides"),
        pytest.param(["--parameter", "LogDays"], "'LogDays' is no Name=value", id="no value"),
        pytest.param(["--parameter", "Logdays=7"], "There is no such parameter", id="unknown"),
        pytest.param(["--parameter", "LogDays=8"], "It is one of 1, 3, 5", id="not allowed"),
        pytest.param(["--parameter", "ReplicateOutputHosts="], "It must not be empty", id="empty"),
        pytest.param(["--parameter", "RateLimit=0"], "It is a whole number from 1 on", id="too little"),
        pytest.param(["--parameter", "OutputDays=1.5"], "It is a whole number from 0 on", id="no whole number"),
        pytest.param(["--parameter", "LogDays=365"], "samconfig.toml says 90 at every deployment", id="the section's"),
    ],
)
def test_what_is_said_wrongly_is_refused_before_anything(place: Place, words: list[str], says: str) -> None:
    ran = place.run(*words)

    assert (ran.code, place.notes.exists()) == (2, False)
    assert says in ran.err


def test_a_stage_is_one_of_samconfig(place: Place) -> None:
    ran = place.run(env="test")

    assert (ran.code, ran.err) == (
        2,
        "make deploy: ENV is one of dev, prod, as samconfig.toml has them, not 'test'.\n",
    )


class TestASectionThatWritesItsParametersAsAText:
    def test_they_are_known(self, place: Place) -> None:
        place.config.write_text(place.config.read_text().replace('["LogDays=90"]', "\"LogDays=90 AlarmEmail=''\""))
        place.run("--parameter", "RateLimit=5")

        assert place.overrides == {"LogDays": "90", "AlarmEmail": '""', "RateLimit": "5"}

    def test_a_text_that_says_none_is_refused(self, place: Place) -> None:
        place.config.write_text(place.config.read_text().replace('["LogDays=90"]', '"LogDays"'))
        ran = place.run()

        assert (ran.code, place.notes.exists()) == (2, False)
        assert "samconfig.toml, parameter_overrides of prod: 'LogDays' is no Name=value" in ran.err


@pytest.mark.parametrize(
    ("without", "code", "says"),
    [
        (("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), 6, "Unable to locate credentials"),
        (("AWS_REGION",), 2, "AWS_REGION says where"),
    ],
)
def test_aws_has_to_know_who_and_where(
    place: Place, monkeypatch: pytest.MonkeyPatch, without: tuple[str, ...], code: int, says: str
) -> None:
    for name in without:
        monkeypatch.delenv(name)
    ran = place.run()

    assert (ran.code, says in ran.err, place.notes.exists()) == (code, True, False), ran.err
