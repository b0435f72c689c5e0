"""Outside APIs that run predictions: one small interface; Replicate is code, the others are declarations."""

import re
from functools import cache
from pathlib import Path

from lumeo import credentials
from lumeo.providers import replicate
from lumeo.providers.base import Provider
from lumeo.telemetry import logger

__all__ = ["DECLARATIONS", "DEFAULT", "Provider", "is_known", "known", "provider"]

DEFAULT = "replicate"
"""Whose model it is where a request does not say."""
DECLARATIONS = Path(__file__).parent / "declarations"
"""A file for each other provider: the owner's own stand beside ours."""


def known() -> list[str]:
    """All names of providers, by the alphabet."""
    return sorted([DEFAULT, *(path.stem for path in DECLARATIONS.glob("*.yaml"))])


def is_known(name: str) -> bool:
    return name == DEFAULT or (re.fullmatch(r"[a-z][a-z0-9_]{0,31}", name) is not None and _file(name).is_file())


@cache
def provider(name: str) -> Provider:
    """The provider of that name. One that is not there (any more), or broken, takes nothing new."""
    if name == DEFAULT:
        return replicate.from_environment()
    # Whoever runs Replicate's models alone loads none of what reads declarations.
    from lumeo.providers.absent import Absent  # noqa: PLC0415
    from lumeo.providers.declared import Declared  # noqa: PLC0415
    from lumeo.providers.loading import DeclarationWrong, load  # noqa: PLC0415

    if not is_known(name):
        return Absent(name, "it has no declaration")
    try:
        declaration = load(_file(name))
    except DeclarationWrong as wrong:
        # It is checked before it is deployed; if it was not, only what runs there may suffer.
        logger.error("a declaration is wrong", wrong=str(wrong))
        return Absent(name, "its declaration is wrong")
    return Declared(declaration, lambda account: credentials.account(name, account), credentials.master)


def _file(name: str) -> Path:
    return DECLARATIONS / f"{name}.yaml"
