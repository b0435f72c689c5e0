"""The README says what is true: every route, every setting, every error with its sentence."""

import inspect
import re
from pathlib import Path

import pytest

from local.template import Template
from lumeo import settings
from lumeo.errors import ErrorCode
from lumeo.prediction import Phase
from lumeo.public import SENTENCES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
RECORD = (ROOT / "docs" / "record.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


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
