"""docs/deploying.md can be followed: its commands, parameters, kinds, prices and links are those that there are."""

import json
import re
import subprocess
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from bench import prices
from bench.watching import alarmed
from local import telling
from tests.conftest import ROOT
from tests.template.documents import RESOURCES, TEMPLATE
from tests.template.translated import SAM_PYTHON
from tests.unit import shell

PAGE = (ROOT / "docs" / "deploying.md").read_text()
COST = (ROOT / "docs" / "cost.md").read_text()
SHELL = [text for language, text in shell.blocks(PAGE) if language == "sh"]
PARAMETERS = TEMPLATE["Parameters"]
SAM = ".venv-sam/bin/sam"
IN_THE_SHELL = {
    **dict.fromkeys(("make", "lumeo", "sleep", SAM), ""),
    # A proof of a certificate is two words.
    "aws": 'case "$*" in *describe-certificate*) echo NAME VALUE;; *) echo VALUE;; esac',
}


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[shell.Call]:
    """Every command that the page's blocks call, as their shell hands it over."""
    folder = tmp_path_factory.mktemp("shell")
    done = shell.typed(folder, "\n".join(SHELL), IN_THE_SHELL)
    assert (done.returncode, done.stderr) == (0, "")
    return shell.called(folder)


class TestCommands:
    @pytest.mark.parametrize("block", SHELL)
    def test_a_block_says_that_it_needs_aws(self, block: str) -> None:
        assert block.splitlines()[0] == "# needs AWS"

    def test_all_are_called(self, calls: list[shell.Call]) -> None:
        written = shell.written(SHELL)

        assert {" ".join(call[:3]) for call in calls if call[0] == "aws"} == written
        assert len(written) >= 18

    def test_aws_knows_each_operation_and_its_options(self, calls: list[shell.Call]) -> None:
        for call in calls:
            if call[0] == "aws":
                shell.check(call)

    def test_json_that_they_hand_over_is_some(self, calls: list[shell.Call]) -> None:
        found = [json.loads(value) for call in calls for value in call if value.startswith('{"')]

        assert len(found) == 3, "a record for each certificate, and whom the role trusts"

    def test_a_role_trusts_one_environment_and_nothing_besides(self, calls: list[shell.Call]) -> None:
        (call,) = (call for call in calls if call[1:3] == ["iam", "update-assume-role-policy"])
        (statement,) = json.loads(call[call.index("--policy-document") + 1])["Statement"]

        assert statement["Condition"] == {
            "StringEquals": {
                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                "token.actions.githubusercontent.com:sub": "repo:you/lumeo:environment:prod",
            }
        }

    def test_deployments_say_parameters_that_there_are(self, calls: list[shell.Call]) -> None:
        (call,) = (call for call in calls if call[:2] == ["make", "deploy"])
        (said,) = (word.removeprefix("PARAMETERS=") for word in call if word.startswith("PARAMETERS="))
        names = {"DomainName", "CertificateArn", "OutputsDomainName", "OutputsCertificateArn", "HostedZoneId"}

        assert {pair.partition("=")[0] for pair in said.split()} == names
        assert set(re.findall(r'PARAMETERS="(\w+)=', PAGE)) <= PARAMETERS.keys()

    def test_examples_of_parameters_hold_beyond_the_next_deployment(self) -> None:
        """What a stage says takes the place of what was said once."""
        sections = tomllib.loads((ROOT / "samconfig.toml").read_text())
        staged = {
            pair.partition("=")[0]
            for name in ("dev", "prod")
            for pair in sections[name]["deploy"]["parameters"]["parameter_overrides"]
        }
        shown = re.findall(r'PARAMETERS="([^"]+)"', PAGE + (ROOT / "Makefile").read_text())
        names = {pair.partition("=")[0] for said in shown for pair in said.split()}

        assert {"RateLimit", "DomainName"} <= names
        assert names.isdisjoint(staged)

    def test_removal_goes_on_in_another_shell(self, tmp_path: Path) -> None:
        kept = tmp_path / "kept"
        kept.mkdir()
        copying, removing = (next(text for text in SHELL if word in text) for word in ("s3 sync", "delete-bucket"))
        shell.typed(tmp_path, "out() { echo $1; }\n" + copying, IN_THE_SHELL)
        before = len(shell.called(tmp_path))
        shell.typed(tmp_path, removing, IN_THE_SHELL)

        assert [call[-1] for call in shell.called(tmp_path)[before + 1 :]] == ["BucketName", "TableName"]

    def test_every_output_that_is_read_is_one(self) -> None:
        assert set(re.findall(r"\$\(out (\w+)\)", PAGE)) <= TEMPLATE["Outputs"].keys()

    @pytest.mark.skipif(not SAM_PYTHON.exists(), reason="SAM CLI is not set up in .venv-sam")
    def test_sam_cli_knows_its_options(self, calls: list[shell.Call]) -> None:
        (call,) = (call for call in calls if call[0] == "sam")
        command = [str(ROOT / SAM), *call[1:3], "--help"]
        known = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

        assert call[1:3] == ["pipeline", "bootstrap"]
        for option in (word for word in call if word.startswith("--")):
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", known), option

    @pytest.mark.skipif(not SAM_PYTHON.exists(), reason="SAM CLI is not set up in .venv-sam")
    def test_sam_cli_keeps_what_is_not_said(self) -> None:
        asks = """if True:
            import json
            from samcli.commands.deploy.deploy_context import DeployContext
            print(json.dumps(DeployContext.merge_parameters({"Parameters": {"Said": {}, "Other": {}}}, {"Said": "1"})))
        """
        done = subprocess.run([SAM_PYTHON, "-c", asks], capture_output=True, text=True, timeout=60, check=True)

        assert json.loads(done.stdout) == [
            {"ParameterKey": "Said", "ParameterValue": "1"},
            {"ParameterKey": "Other", "UsePreviousValue": True},
        ]


class TestParameters:
    ROWS = re.findall(r"^\| `(\w+)` \| (?:`?([^`|]*?)`? )?\| .+ \|$", PAGE.split("## Parameters")[1], re.MULTILINE)

    def test_each_is_explained_once(self) -> None:
        assert Counter(name for name, _ in self.ROWS) == Counter(PARAMETERS.keys())

    @pytest.mark.parametrize(("name", "default"), ROWS)
    def test_its_default_is_the_templates(self, name: str, default: str) -> None:
        assert default == str(PARAMETERS[name]["Default"])


def test_what_it_makes_is_what_the_template_has() -> None:
    rows = re.findall(r"^\| `(AWS::[\w:]+)` \| (\d+) \| (.+) \|$", PAGE, re.MULTILINE)
    kept = {one["Type"] for one in RESOURCES.values() if one.get("DeletionPolicy") == "RetainExceptOnCreate"}

    assert {kind: int(count) for kind, count, _ in rows} == Counter(one["Type"] for one in RESOURCES.values())
    assert {kind for kind, _, what in rows if "**stays**" in what} == kept


class TestPrices:
    SECRETS = sum(one["Type"] == "AWS::SecretsManager::Secret" for one in RESOURCES.values()) * prices.SECRET_MONTH
    ALARMS = (alarmed(spend=False) - prices.FREE_ALARMS) * prices.ALARM_MONTH
    SPEND = (alarmed(spend=True) - alarmed(spend=False)) * prices.ALARM_MONTH

    def test_the_page_says_what_is_computed(self) -> None:
        assert f"| two secrets | {self.SECRETS:.2f} |" in PAGE
        assert f"free in an account | {self.ALARMS:.2f} |" in PAGE
        assert f"with `DollarsPerDay` | {self.SPEND:.2f} |" in PAGE
        assert f"| the sweep, 43,200 calls | {telling.SWEEP_MONTH:.2f} |" in PAGE
        assert f"Two secrets (${self.SECRETS:.2f}) and the sweep (43,200 calls, ${telling.SWEEP_MONTH:.2f})" in COST

    def test_they_come_to_what_is_said_of_all(self) -> None:
        assert round(self.SECRETS + self.ALARMS + telling.SWEEP_MONTH) == 2
        assert "About two dollars a month, one less without alarms" in PAGE


def test_github_is_told_what_the_workflow_reads() -> None:
    workflow = Path(ROOT / ".github" / "workflows" / "deploy.yaml").read_text()
    settings = PAGE.split("At GitHub")[1].split("\n## ")[0]

    assert set(re.findall(r"\bvars\.(\w+)", workflow)) == set(
        re.findall(r"^\|[^|]*\| `(\w+)` \|", settings, re.MULTILINE)
    )
