"""What the world puts in the place of time, chance and the network: third parties' parts and the standard library's."""

import datetime as dt
import functools
import os
import random
import threading
import time
import types
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
import botocore.endpoint
import requests.adapters
import urllib3.util.connection
from aws_lambda_powertools.utilities.parameters import base

import local.gateway
from tests.world import cloud
from tests.world.hub import Hub
from tests.world.net import Net
from tests.world.pool import Pool

if TYPE_CHECKING:
    from tests.world.turns import Turn

_SEND = requests.adapters.HTTPAdapter.send
"""As it is without moto, which puts its own in this place."""


@contextmanager
def replaced(hub: Hub, net: Net) -> Iterator[random.Random]:
    """Run a block in which time is the hub's, chance follows from what is yielded, and the network is the world's."""
    chance, motos = random.Random(), random.Random()

    def some(size: int) -> bytes:
        # What moto draws depends on what it has imported before.
        return (motos if cloud.Cloud.acting else chance).randbytes(size)

    virtual = types.SimpleNamespace(
        sleep=hub.sleep,
        monotonic=hub.elapsed,
        time=lambda: hub.now().timestamp(),
        gmtime=time.gmtime,
        strftime=time.strftime,
    )
    state = random.getstate()
    with ExitStack() as stack:
        for place, name, value in (
            (os, "urandom", some),
            # Where secrets and uuid take theirs from.
            (random, "_urandom", some),
            (threading, "Timer", _timer(hub)),
            (futures, "ThreadPoolExecutor", functools.partial(Pool, hub)),
            (boto3, "client", cloud.client),
            # Its waits between two attempts.
            (botocore.endpoint, "time", virtual),
            (local.gateway, "time", virtual),
            # The age of what Powertools remembers.
            (base, "datetime", _datetime(hub)),
            (requests.adapters.HTTPAdapter, "send", lambda *args, **options: net.send(_SEND, *args, **options)),
            (urllib3.util.connection, "create_connection", net.connect),
        ):
            stack.enter_context(mock.patch.object(place, name, value))
        stack.callback(random.setstate, state)
        yield chance


def _timer(hub: Hub) -> type:
    """threading.Timer without a thread."""

    class Timer:
        daemon = True

        def __init__(self, interval: float, function: Callable[[], None]) -> None:
            self.interval = interval
            self.function = function
            self._turn: Turn | None = None

        def start(self) -> None:
            self._turn = hub.call_later(self.interval, self.function)

        def cancel(self) -> None:
            if self._turn:
                self._turn.cancel()

    return Timer


def _datetime(hub: Hub) -> type:
    class Virtual(dt.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return hub.now().astimezone(tz) if tz else hub.now().replace(tzinfo=None)

    return Virtual
