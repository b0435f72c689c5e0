"""Outside APIs that run predictions: one small interface; Replicate is code, the others are declarations."""

from functools import cache

from lumeo import credentials
from lumeo.offered import DECLARATIONS, DEFAULT, declaration, is_known, known
from lumeo.providers import replicate
from lumeo.providers.base import Provider
from lumeo.telemetry import logger

__all__ = ["DECLARATIONS", "DEFAULT", "Provider", "is_known", "known", "provider"]


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
        declared = load(declaration(name))
    except DeclarationWrong as wrong:
        # It is checked before it is deployed; if it was not, only what runs there may suffer.
        logger.error("a declaration is wrong", wrong=str(wrong))
        return Absent(name, "its declaration is wrong")
    return Declared(declared, lambda account: credentials.account(name, account), credentials.master)
