"""Unit tests reach no network: AWS is moto in this process, and providers are not called."""

import pytest
from pytest_socket import disable_socket


@pytest.fixture(autouse=True)
def _no_sockets(socket_enabled: None) -> None:
    del socket_enabled
    disable_socket()
