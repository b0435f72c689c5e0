"""Outside APIs that run predictions: one small interface, and the providers that are known."""

from functools import cache

from lumeo.providers.base import Provider
from lumeo.providers.replicate import replicate

__all__ = ["Provider", "provider"]

_KNOWN = {"replicate": replicate}


@cache
def provider(name: str) -> Provider:
    """The provider of that name. Raises KeyError for a name that is not known."""
    return _KNOWN[name]()
