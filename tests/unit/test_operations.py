"""docs/operations.md can be followed: its alarms, metrics, commands and queries are those that there are."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import boto3
import botocore.session
import pytest
from botocore import xform_name
from moto import mock_aws

from bench.tables import watching
from lumeo.metrics import Metric
from tests.conftest import ROOT
from tests.template.watching import ALARMS, slug, watched

PAGE = (ROOT / "docs" / "operations.md").read_text()
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SHELL = [text for language, text in BLOCKS if language == "sh"]
QUERIES = [text for language, text in BLOCKS if language == "logs"]
PROGRAMS = {text.partition(".py")[0].removeprefix("# "): text for language, text in BLOCKS if language == "python"}
SESSION = botocore.session.get_session()

GLOBAL = {"--output", "--query", "--region", "--max-items", "--cli-binary-format"}
"""Options of every command of AWS's own CLI, of those that the page uses."""


def sections(heading: str, level: str = "###") -> list[str]:
    """Titles below a heading."""
    below = re.split(rf"^## {heading}$", PAGE, flags=re.MULTILINE)[1].split("\n## ")[0]
    return re.findall(rf"^{level} (.+)$", below, re.MULTILINE)


def anchor(title: str) -> str:
    """Where a link to a title leads, as GitHub makes it."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


class TestAlarms:
    def test_each_has_its_section_and_each_section_its_alarm(self) -> None:
        """In the order of the template."""
        assert [anchor(title) for title in sections("Alarms")] == [slug(alarm) for alarm in ALARMS.values()]

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
        found = {name: anchor(alarm) for name, _, _, alarm in self.ROWS if alarm}
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


class TestLinks:
    def test_they_lead_somewhere(self) -> None:
        titles = {anchor(title) for title in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)}

        for target in re.findall(r"\]\(([^)]+)\)", PAGE):
            file, _, place = target.partition("#")
            if file:
                found = (ROOT / "docs" / file).read_text()
                assert not place or place in {anchor(title) for title in re.findall(r"^#+ (.+)$", found, re.MULTILINE)}
            else:
                assert place in titles

    def test_every_output_that_it_reads_is_one(self) -> None:
        template = (ROOT / "template.yaml").read_text().split("\nOutputs:\n")[1]

        for name in re.findall(r"\$\(out (\w+)\)|output `(\w+)`", PAGE):
            assert f"\n  {''.join(name)}:\n" in template


STUB = r"""#!/bin/bash
printf '%s\x1f' "${0##*/}" "$@" >> "$CALLED"; printf '\x1e' >> "$CALLED"; echo VALUE
"""
"""A command that does nothing but to be noted."""


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """Every command that the page's blocks call, as their shell hands it over."""
    folder = tmp_path_factory.mktemp("shell")
    for name in ("aws", "make", "lumeo", "python", "sleep", "shred"):
        (folder / name).write_text(STUB)
        (folder / name).chmod(0o755)
    called, everything = folder / "called", "\n".join([*SHELL, "ask 'fields @timestamp' 180"])
    done = subprocess.run(
        ["bash", "-eu"],
        input=everything,
        cwd=folder,
        env={"PATH": f"{folder}:/usr/bin:/bin", "CALLED": str(called)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [call.split("\x1f")[:-1] for call in called.read_text().split("\x1e")[:-1]]


def waited_for(call: list[str]) -> list[str]:
    """A wait as the operation that it repeats."""
    if call[2] != "wait":
        return call
    waiters = SESSION.get_waiter_model(call[1])
    (name,) = [one for one in waiters.waiter_names if xform_name(one, "-") == call[3]]
    return [*call[:2], xform_name(waiters.get_waiter(name).operation, "-"), *call[4:]]


class TestCommands:
    @pytest.mark.parametrize("block", [text for language, text in BLOCKS if language in {"sh", "python"}])
    def test_it_says_that_it_needs_aws_or_it_is_tested(self, block: str) -> None:
        first = block.splitlines()[0]

        assert first == "# needs AWS" or re.match(r"# (erase|restore)\.py, tested", first)

    def test_they_are_found(self, calls: list[list[str]]) -> None:
        """`ask` and `out` are called by others."""
        written = {found for block in SHELL for found in re.findall(r"\b(aws [a-z0-9-]+ [a-z-]+)", block)}

        assert {" ".join(call[:3]) for call in calls if call[0] == "aws"} == written
        assert len(written) > 20

    def test_aws_knows_each_operation_and_its_options(self, calls: list[list[str]]) -> None:
        for _, service, operation, *rest in map(waited_for, [call for call in calls if call[0] == "aws"]):
            model = SESSION.get_service_model(service)
            (name,) = [one for one in model.operation_names if xform_name(one, "-") == operation]
            self.check(model.operation_model(name).input_shape, rest)

    @staticmethod
    def check(shape: Any, rest: list[str]) -> None:
        options = {f"--{xform_name(member, '-')}": of for member, of in shape.members.items()}
        given = {part: value for part, value in zip(rest, [*rest[1:], "--"], strict=True) if part.startswith("--")}

        assert given.keys() - GLOBAL <= options.keys()
        assert {f"--{xform_name(member, '-')}" for member in shape.required_members} <= given.keys()
        for option, value in given.items():
            flag = option in options and options[option].type_name == "boolean"
            assert value.startswith("--") is flag, f"{option} {value}"

    def test_commands_of_ours_are_there(self, calls: list[list[str]]) -> None:
        ours = [call for call in calls if call[0] in {"make", "lumeo", "python"}]

        assert [call[:2] for call in ours if call[0] == "make"] == [["make", "key"]]
        assert "\nkey: " in (ROOT / "Makefile").read_text()
        assert [call[1:3] for call in ours if call[0] == "lumeo"] == [["keys", "list"], ["keys", "revoke"]]
        assert [call[1] for call in ours if call[0] == "python"] == ["restore.py"]

    def test_json_that_they_hand_over_is_some(self, calls: list[list[str]]) -> None:
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
