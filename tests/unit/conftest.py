"""Unit tests reach no network: AWS is moto in this process, and providers are not called."""

import pytest
from hypothesis import settings
from pytest_socket import disable_socket

# The same examples on every machine, and no verdict by the speed of one.
settings.register_profile("lumeo", deadline=None, derandomize=True, database=None)
settings.load_profile("lumeo")


@pytest.fixture(autouse=True)
def _no_sockets(socket_enabled: None) -> None:
    del socket_enabled
    disable_socket()
