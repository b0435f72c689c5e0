"""Moto in this process, for botocore's clients alone."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from moto import mock_aws
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.model_instances import reset_model_data
from moto.core.models import botocore_stubber

Made = TypeVar("Made")

_kept: dict[Callable[[], Any], tuple[Any, list[Any]]] = {}
"""What was made: what was returned, and moto's backends with their places."""


@contextmanager
def backends(make: Callable[[], Made]) -> Iterator[Made]:
    """Run a block in which clients are answered by backends that hold what `make` made, and yield what it returned.

    It is called once, each block gets a copy. Not `mock_aws`: it would hold what `requests` sends against 600 patterns.
    """
    BackendDict.reset()
    botocore_stubber.enabled = True
    try:
        if make not in _kept:
            _kept[make] = make(), [(*place, copy.deepcopy(backend)) for *place, backend in _there()]
        made, kept = _kept[make]
        for service, account, region, backend in kept:
            service[account][region] = copy.deepcopy(backend)
        yield made
    finally:
        botocore_stubber.enabled = False
        BackendDict.reset()
        reset_model_data()


def _there() -> Iterator[tuple[BackendDict[Any], str, str, BaseBackend]]:
    for service in BackendDict._instances:  # type: ignore[misc]
        for account, region, backend in service.iter_backends():
            yield service, account, region, backend


@contextmanager
def over_http() -> Iterator[None]:
    """Run a block in which moto answers `requests` too, as it does where an upload goes straight to the bucket."""
    mock = mock_aws()
    mock.start(reset=False)
    try:
        yield
    finally:
        mock.stop(remove_data=False)
        botocore_stubber.enabled = True
