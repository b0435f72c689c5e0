"""The pages say what is true: every route, setting and error, links that lead somewhere, examples that tests hold."""

import inspect
import re
from pathlib import Path

import pytest

from local.template import Template
from lumeo import settings
from lumeo.errors import ErrorCode
from lumeo.prediction import Phase
from lumeo.public import SENTENCES
from tests.unit.shell import anchor

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
RECORD = (ROOT / "docs" / "record.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
PAGES = ["README.md", "CHANGELOG.md", "local/simulator/README.md", "tests/world/README.md"]
PAGES += sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))
ELSEWHERE = ("# needs AWS\n", "# needs Docker\n")
"""How a block begins that cannot run here; what of it can be checked is."""
HELD = {
    "README.md": {
        "": "tests/e2e/test_commands.py",
        "python": "tests/clients/test_readme.py",
        "js": "tests/clients/test_readme.py",
    },
    "local/simulator/README.md": {"": "tests/simulator/test_server.py"},
    "tests/world/README.md": {"python": "tests/reliability/test_world.py"},
    "docs/command-line.md": {"console": "tests/cli/test_docs.py", "sh": "tests/cli/test_docs.py"},
    "docs/deploying.md": {"console": "tests/cli/test_deploy.py"},
    "docs/operations.md": {"logs": "tests/unit/test_operations.py", "python": "tests/unit/test_operations.py"},
    "docs/providers.md": {
        "": "tests/providers/test_docs.py",
        "json": "tests/providers/test_docs.py",
        "yaml": "tests/unit/test_declarations.py",
    },
    "docs/record.md": {"": "tests/unit/test_prediction.py"},
    "docs/sam-local.md": {"": "tests/package/test_sam_local.py"},
}
"""Which test runs, or reads, the blocks of a page, by their language."""


@pytest.mark.parametrize(
    "key", [route.key for route in Template(ROOT / "template.yaml").routes() if route.key != "$default"]
)
def test_a_route_is_in_the_table(key: str) -> None:
    assert f"| `{key}` |" in README


@pytest.mark.parametrize("code", list(ErrorCode))
def test_an_error_code_is_in_the_table_with_its_sentence(code: ErrorCode) -> None:
    assert f"| `{code}` | {SENTENCES[code]} |" in README


@pytest.mark.parametrize(
    "name", [name.upper() for name, _ in inspect.getmembers(settings, inspect.isfunction) if not name.startswith("_")]
)
def test_a_setting_is_in_the_table(name: str) -> None:
    assert f"| `{name}` |" in README


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`make (\w+)", README))))
def test_a_make_command_exists(command: str) -> None:
    assert re.search(rf"^{command}:", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("phase", list(Phase))
def test_a_phase_is_in_the_contract(phase: Phase) -> None:
    assert f"| `{phase}` |" in RECORD


def anchors(page: str) -> set[str]:
    return {anchor(title) for title in re.findall(r"^#+ (.+)$", page, re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"", text):
        file, _, place = "".join(target).partition("#")
        if not file.startswith("https://"):
            found = (ROOT / page).parent / file if file else ROOT / page
            assert found.exists(), target
            assert not place or place in anchors(found.read_text()), target


@pytest.mark.parametrize("page", PAGES)
def test_what_is_shown_is_held_by_a_test(page: str) -> None:
    """Each block is run or read by one, or says what it needs."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    shown = {language for language, text in blocks if not text.startswith(ELSEWHERE)}

    assert shown == HELD.get(page, {}).keys()
    for test in HELD.get(page, {}).values():
        assert re.search(rf"\b{page.rpartition('/')[2]}", (ROOT / test).read_text()), test
