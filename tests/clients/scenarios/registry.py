"""What a scenario is, and how one is declared."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from tests.clients.clients import CLIENTS
from tests.clients.scene import Scene

OFFICIAL = ("py1", "py2", "npm")
WITH_CURL = (*OFFICIAL, "curl")

Play = Callable[[Scene], str]


@dataclass(frozen=True)
class Scenario:
    """What clients are put through. Playing it asserts what must hold for each, and says what its user got."""

    title: str
    clients: tuple[str, ...]
    play: Play

    @property
    def name(self) -> str:
        return self.play.__name__


def scenario(title: str, *clients: str) -> Callable[[Play], Scenario]:
    """A row of the page, for these clients; for all, if none is named."""
    return lambda play: Scenario(title, clients or tuple(CLIENTS), play)


def declared(topic: ModuleType) -> list[Scenario]:
    """A module's scenarios, in its order."""
    return [found for found in vars(topic).values() if isinstance(found, Scenario)]
