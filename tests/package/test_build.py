"""What `sam build` makes: the artifacts that deploy."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

import boto3
import pytest

from tests.conftest import template

ROOT = Path(__file__).parents[2]
SAM = ROOT / ".venv-sam" / "bin" / "sam"
AARCH64 = (183).to_bytes(2, "little")
STEPS = {name.removesuffix("Function") for name in template().functions()}


def runtime() -> Path | None:
    """Where Lambda's own version of Python is, if it is here."""
    candidates = [shutil.which("python3.13"), *sorted(Path.home().glob(".pyenv/versions/3.13*/bin/python3.13"))]
    for candidate in filter(None, candidates):
        asked = [str(candidate), "-c", "import os, sys; print(os.path.dirname(os.path.realpath(sys.executable)))"]
        found = subprocess.run(asked, capture_output=True, text=True, check=False)
        if found.returncode == 0:
            return Path(found.stdout.strip())
    return None


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that deploys, as it deploys."""
    return build(tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="module")
def layer_here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layer for this machine's processor: parts of it are compiled."""
    architecture = {"AMD64": "x86_64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    options = ("LumeoLayer", "--parameter-overrides", f"Architecture={architecture}")
    return build(tmp_path_factory.mktemp("here"), *options) / "LumeoLayer" / "python"


def build(folder: Path, *options: str) -> Path:
    """What `sam build` makes in a folder."""
    if not SAM.exists():
        pytest.skip("SAM CLI is not set up: make check does it")
    python = runtime()
    if python is None:
        pytest.skip("sam build needs Python 3.13, which is not here")
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0", "PATH": f"{python}{os.pathsep}{os.environ['PATH']}"}
    ended = subprocess.run(
        [str(SAM), "build", *options, "--build-dir", str(folder / "build"), "--cache-dir", str(folder / "cache")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return folder / "build"


@pytest.mark.timeout(300)
def test_the_layer_holds_the_package_where_lambda_finds_it(built: Path) -> None:
    layer = built / "LumeoLayer" / "python"

    assert (layer / "lumeo" / "steps" / "create.py").exists()
    assert (layer / "requests").is_dir()
    assert not (layer / "python").exists()
    assert not (layer / "boto3").exists(), "the runtime brings it"


def test_the_layer_holds_every_declaration(built: Path) -> None:
    """Whoever puts a file beside ours has it deployed."""
    folder = Path("lumeo") / "providers" / "declarations"
    there = {path.name for path in (built / "LumeoLayer" / "python" / folder).iterdir()}

    assert there == {path.name for path in (ROOT / "layers" / "lumeo" / folder).iterdir()}


def test_the_layer_is_built_for_arm(built: Path) -> None:
    """By what each says of itself: e_machine of its ELF header."""
    binaries = list((built / "LumeoLayer").rglob("*.so"))

    assert binaries
    assert {binary.read_bytes()[18:20] for binary in binaries} == {AARCH64}


@pytest.mark.parametrize("step", sorted(STEPS))
def test_a_function_holds_its_handler_alone(built: Path, step: str) -> None:
    files = {path.name for path in (built / f"{step}Function").iterdir()}

    assert files == {"app.py"}


@pytest.mark.parametrize("step", sorted(STEPS))
def test_a_handler_loads_on_lambdas_python(built: Path, layer_here: Path, step: str) -> None:
    """With nothing but the layer, and the boto3 that the runtime brings (here: ours, which is pure Python)."""
    runtimes_own = Path(boto3.__file__).parents[1]
    places = [built / f"{step}Function", layer_here, runtimes_own]
    python = runtime()
    assert python
    ended = subprocess.run(
        [str(python / "python3.13"), "-S", "-c", "import app; assert callable(app.handler)"],
        env={"PYTHONPATH": os.pathsep.join(map(str, places))},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
