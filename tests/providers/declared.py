"""The declarations that there are, and the fixture of each."""

from functools import cache
from pathlib import Path

from local.fixtures import Fixture, FixtureWrong, State, read
from lumeo.providers import DECLARATIONS
from lumeo.providers.grammar import Declaration
from lumeo.providers.loading import DeclarationWrong, load

FIXTURES = Path(__file__).parent
NAMES = sorted(path.stem for path in DECLARATIONS.glob("*.yaml"))


@cache
def declaration(name: str) -> Declaration:
    """Raises DeclarationWrong."""
    return load(DECLARATIONS / f"{name}.yaml")


@cache
def fixture(name: str) -> Fixture:
    """Raises FixtureWrong."""
    return read(FIXTURES / f"{name}.yaml")


def good() -> list[str]:
    """The names that have a declaration and a fixture which can be read; the others fail a test of their own."""
    return [name for name in NAMES if fault(name) is None]


def fault(name: str) -> str | None:
    """Why there is no case of that name."""
    try:
        declaration(name)
        fixture(name)
    except (DeclarationWrong, FixtureWrong) as error:
        return str(error)
    return None


def states(name: str) -> list[State]:
    """Those that a look can see."""
    return [state for state in fixture(name).states.values() if state.status]
