"""What is built once for all tests of it."""

from pathlib import Path

import pytest

from bench import artifact
from local.sam import here
from tests.package.emulated import emulator


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that deploys, as it deploys."""
    return build(tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="session")
def built_here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for this machine's processor, where there is what runs it: parts of the layer are compiled."""
    emulator()
    return build(tmp_path_factory.mktemp("here"), here())


def build(folder: Path, *architecture: str) -> Path:
    """What `make build` makes in a folder."""
    if not artifact.SAM.exists():
        pytest.skip("SAM CLI is not set up: make check does it")
    if artifact.runtime() is None:
        pytest.skip("make build needs Python 3.13, which is not here")
    return artifact.build(folder, *architecture)
