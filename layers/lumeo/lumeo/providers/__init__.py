"""Outside APIs that run predictions: one small interface, and the providers that are known."""

from functools import cache

from lumeo.providers import replicate
from lumeo.providers.base import Provider

__all__ = ["DEFAULT", "KNOWN", "Provider", "provider"]

DEFAULT = "replicate"
"""Whose model it is where a request does not say."""
KNOWN = {"replicate": replicate.from_environment}


@cache
def provider(name: str) -> Provider:
    """The provider of that name. Raises KeyError for a name that is not known."""
    return KNOWN[name]()
