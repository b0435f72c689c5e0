"""Which providers there are, and what a request needs to know of them: without loading what calls them."""

import re
from pathlib import Path

DEFAULT = "replicate"
"""Whose model it is where a request does not say."""
DEADLINE = 3600
"""Seconds that it has for a prediction, from its acceptance."""
DECLARATIONS = Path(__file__).parent / "providers" / "declarations"
"""A file for each other provider: the owner's own stand beside ours."""


def known() -> list[str]:
    """All names of providers, by the alphabet."""
    return sorted([DEFAULT, *(path.stem for path in DECLARATIONS.glob("*.yaml"))])


def is_known(name: str) -> bool:
    return name == DEFAULT or (re.fullmatch(r"[a-z][a-z0-9_]{0,31}", name) is not None and declaration(name).is_file())


def declaration(name: str) -> Path:
    """Where the declaration of that provider is, if it has one."""
    return DECLARATIONS / f"{name}.yaml"
