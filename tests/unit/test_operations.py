"""docs/operations.md can be followed: its alarms, metrics, commands and queries are those that there are."""

import ast
import json
import re
import sys
from pathlib import Path
from typing import Any, ClassVar

import boto3
import pytest
from moto import mock_aws

from bench.tables import watching
from lumeo.metrics import Metric
from tests.conftest import ROOT
from tests.template.documents import FUNCTIONS, RESOURCES
from tests.template.watching import ALARMS, slug, watched
from tests.unit import shell

PAGE = (ROOT / "docs" / "operations.md").read_text()
BLOCKS = shell.blocks(PAGE)
SHELL = [text for language, text in BLOCKS if language == "sh"]
QUERIES = [text for language, text in BLOCKS if language == "logs"]
PROGRAMS = {text.partition(".py")[0].removeprefix("# "): text for language, text in BLOCKS if language == "python"}


def sections(heading: str, level: str = "###") -> list[str]:
    """Titles below a heading."""
    below = re.split(rf"^## {heading}$", PAGE, flags=re.MULTILINE)[1].split("\n## ")[0]
    return re.findall(rf"^{level} (.+)$", below, re.MULTILINE)


class TestAlarms:
    def test_each_has_its_section_and_each_section_its_alarm(self) -> None:
        """In the order of the template."""
        assert [shell.anchor(title) for title in sections("Alarms")] == [slug(alarm) for alarm in ALARMS.values()]

    @pytest.mark.parametrize("title", sections("Alarms"))
    def test_a_section_says_what_it_means_where_to_look_and_what_to_do(self, title: str) -> None:
        text = PAGE.split(f"\n### {title}\n")[1].split("\n###")[0].split("\n## ")[0]

        assert all(f"**{word}.**" in text for word in ("Means", "Look", "Do"))
        assert "**Mostly.**" in text or "**What it knows.**" in text


class TestMetrics:
    ROWS = re.findall(r"^\| `(\w+)` \| (\w+) \| (.+?) \| ([\w ]*?) ?\|$", PAGE, re.MULTILINE)

    def test_the_table_has_each_in_the_order_of_the_list(self) -> None:
        assert [(name, unit) for name, unit, *_ in self.ROWS] == [(one.value, one.unit.value) for one in Metric]

    def test_it_names_the_alarm_that_looks_at_each(self) -> None:
        found = {name: shell.anchor(alarm) for name, _, _, alarm in self.ROWS if alarm}
        ours = {one.name: slug(alarm) for alarm in ALARMS.values() for one in watched(alarm) if one.name in {*Metric}}

        assert found == ours

    def test_what_is_said_of_costs_is_what_is_computed(self) -> None:
        rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in watching()[2:] if row]
        many = {name: (count, free) for name, count, _, free in rows}
        said = PAGE.split("## What it costs")[1]

        alarms, free = many["alarms, by the metrics that they look at"]
        assert f"{alarms} metrics that alarms look at, of which ten are free in an account (${free} a month)" in said
        assert f"alarm on what is spent (${many['the alarm on what is spent'][1]})" in said
        assert f"sent: {many['metrics of usual predictions at one provider'][0]} while all goes well" in said
        assert f"and {many['each further provider, usually'][0]} more for each further provider" in said


def test_every_output_that_it_reads_is_one() -> None:
    template = (ROOT / "template.yaml").read_text().split("\nOutputs:\n")[1]

    for name in re.findall(r"\$\(out (\w+)\)|output `(\w+)`", PAGE):
        assert f"\n  {''.join(name)}:\n" in template


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[shell.Call]:
    """Every command that the page's blocks call, as their shell hands it over."""
    folder = tmp_path_factory.mktemp("shell")
    value = dict.fromkeys(("aws", "make", "lumeo", "python", "git", "sleep", "vi"), "echo VALUE")
    done = shell.typed(folder, "\n".join([*SHELL, "ask 'fields @timestamp' 180"]), value)
    assert (done.returncode, done.stderr) == (0, "")
    return shell.called(folder)


def block_with(text: str) -> str:
    """The one block of shell that has it."""
    (found,) = (block for block in SHELL if text in block)
    return found


class TestCommands:
    @pytest.mark.parametrize("block", [text for language, text in BLOCKS if language in {"sh", "python"}])
    def test_it_says_that_it_needs_aws_or_it_is_tested(self, block: str) -> None:
        first = block.splitlines()[0]

        assert first == "# needs AWS" or re.match(r"# (erase|restore)\.py, tested", first)

    def test_they_are_found(self, calls: list[shell.Call]) -> None:
        """`ask` and `out` are called by others."""
        written = shell.written(SHELL)

        assert {" ".join(call[:3]) for call in calls if call[0] == "aws"} == written
        assert len(written) > 20

    def test_aws_knows_each_operation_and_its_options(self, calls: list[shell.Call]) -> None:
        for call in calls:
            if call[0] == "aws":
                shell.check(call)

    def test_commands_of_ours_are_there(self, calls: list[shell.Call]) -> None:
        ours = [call for call in calls if call[0] in {"make", "lumeo", "python"}]

        assert [call[1:] for call in ours if call[:2] == ["make", "deploy"]] == [["deploy", "ENV=prod"]]
        assert {call[1] for call in ours if call[0] == "make"} == {"deploy", "key"}
        assert all(f"\n{name}: " in (ROOT / "Makefile").read_text() for name in ("deploy", "key"))
        assert "[prod.deploy.parameters]" in (ROOT / "samconfig.toml").read_text()
        assert [call[1:3] for call in ours if call[0] == "lumeo"] == [["keys", "list"], ["keys", "revoke"]]
        assert [call[1] for call in ours if call[0] == "python"] == ["-m", "restore.py"]

    def test_what_they_name_of_the_stack_is_there(self, calls: list[shell.Call]) -> None:
        """SAM names the rule of a schedule by its function and its event."""
        rules = {f"{name}{event}" for name, function in FUNCTIONS.items() for event in function.get("Events", {})}
        named = {call[call.index("--logical-resource-id") + 1] for call in calls if "--logical-resource-id" in call}

        assert named <= {*RESOURCES, *rules}
        assert "SweepFunctionEveryMinute" in named

    def test_a_query_is_waited_for(self, tmp_path: Path) -> None:
        """While it runs its results are empty, as those of one that finds nothing."""
        state = "echo x >> tries; [ $(wc -l < tries) -gt 2 ] && echo Complete || echo Running"
        commands = {"aws": f'case "$*" in *status*) {state};; esac', "sleep": ""}
        done = shell.typed(tmp_path, "STACK=lumeo\n" + block_with("ask()"), commands)

        assert done.returncode == 0, done.stderr
        asked = [call for call in shell.called(tmp_path) if call[2:3] == ["get-query-results"]]
        assert ["status" in call for call in asked] == [True, True, True, False]

    @pytest.mark.parametrize(("edited", "put"), [('{"replicate": {}}', True), ('{"replicate": }', False), ("", False)])
    def test_what_is_no_json_is_not_put_into_the_secret(self, tmp_path: Path, edited: str, *, put: bool) -> None:
        accounts = tmp_path / "accounts"
        accounts.write_text(edited)
        commands = {"aws": "", "python": f'exec {sys.executable} "$@"'}
        shell.typed(
            tmp_path, block_with("put-secret-value --secret-id $SECRET"), commands, SECRET="arn", ACCOUNTS=str(accounts)
        )

        assert ("aws" in {call[0] for call in shell.called(tmp_path)}) is put
        assert accounts.exists() is not put, "what was edited is lost, or lies about"

    def test_json_that_they_hand_over_is_some(self, calls: list[shell.Call]) -> None:
        for call in calls:
            for value in call:
                if value.startswith('{"') or value == "{}":
                    json.loads(value)


def _said() -> tuple[set[str], set[str]]:
    """What our functions log: each message, and each field beside one."""
    messages, fields = set[str](), set[str]()
    for path in [*(ROOT / "layers" / "lumeo" / "lumeo").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _logs(node.func):
                messages |= {str(one.value) for one in node.args[:1] if isinstance(one, ast.Constant)}
                fields |= {keyword.arg for keyword in node.keywords if keyword.arg}
    return messages, fields


def _logs(called: ast.expr) -> bool:
    if isinstance(called, ast.Name):
        return called.id == "measure"
    return isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "logger"


class TestQueries:
    MESSAGES, FIELDS = _said()
    COMMON = frozenset(
        {
            *("level", "message", "function", "request_id", "api_request_id", "caller", "prediction_id", "provider"),
            *("model", "exception", "exception_name", *(f"{name}.0" for name in Metric)),
        }
    )
    WORDS = frozenset(
        {
            *("fields", "filter", "sort", "stats", "limit", "asc", "desc", "by", "as", "or", "and", "like", "count"),
            *("sum", "max", "latest", "ispresent"),
        }
    )

    @pytest.mark.parametrize("query", QUERIES)
    def test_a_field_is_one_that_lines_have(self, query: str) -> None:
        bare = re.sub(r'"[^"]*"|/[^/]*/', " ", query)
        named = set(re.findall(r"\bas (\w+)", bare))
        words = set(re.findall(r"(?<![\w.@])[A-Za-z_][\w.]*", bare))

        assert words - self.WORDS - named <= self.COMMON | self.FIELDS

    @pytest.mark.parametrize(
        "message", [said for query in QUERIES for said in re.findall(r'message = "([^"]+)"', query)]
    )
    def test_a_message_is_one_that_is_logged(self, message: str) -> None:
        assert message in self.MESSAGES

    @pytest.mark.parametrize("query", QUERIES)
    def test_it_stands_between_single_quotes(self, query: str) -> None:
        assert "'" not in query

    @pytest.mark.parametrize("query", QUERIES)
    def test_each_line_after_the_first_is_piped(self, query: str) -> None:
        first, *others = query.strip().splitlines()

        assert first.split()[0] in {"fields", "filter"}
        assert all(re.match(r"\| (filter|fields|stats|sort) ", line) for line in others)


class TestRestoring:
    KEY: ClassVar[Any] = {
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }

    def test_what_is_missing_is_put_back_and_nothing_is_changed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        program = tmp_path / "restore.py"
        program.write_text(PROGRAMS["restore"])
        monkeypatch.setattr(sys, "argv", ["restore.py", "old", "new"])
        with mock_aws():
            client = boto3.client("dynamodb")
            for table in ("old", "new"):
                client.create_table(TableName=table, **self.KEY)
            for n in range(30):
                client.put_item(TableName="old", Item={"pk": {"S": f"{n}"}, "of": {"S": "then"}})
            client.put_item(TableName="new", Item={"pk": {"S": "7"}, "of": {"S": "now"}})
            exec(compile(program.read_text(), str(program), "exec"), {"__name__": "__main__"})
            items = client.scan(TableName="new")["Items"]

        assert capsys.readouterr().out == "29 items restored\n"
        assert {item["pk"]["S"]: item["of"]["S"] for item in items} == {
            **{f"{n}": "then" for n in range(30)},
            "7": "now",
        }
