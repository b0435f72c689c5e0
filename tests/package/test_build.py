"""What `make build` makes: the artifacts that deploy."""

from pathlib import Path

import pytest

from bench import artifact
from tests.conftest import template

ROOT = Path(__file__).parents[2]
LARGEST_LAYER = 10_000_000
"""Bytes, zipped: each cold start on a machine that has not had it yet fetches it."""
UNCHECKED_HASH = (0b01).to_bytes(4, "little")
FUNCTION = ROOT / "functions" / "gallery"
COMPILED = "__pycache__/app.cpython-313.pyc"
AARCH64 = (183).to_bytes(2, "little")
PAGE = {str(path.relative_to(FUNCTION)) for path in (FUNCTION / "page").rglob("*") if path.is_file()}
"""The only function that is more than its handler."""
STEPS = {name.removesuffix("Function") for name in template().functions()}


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


def test_the_layer_is_small(built: Path, tmp_path: Path) -> None:
    assert artifact.zipped(built / "LumeoLayer", tmp_path / "layer.zip") < LARGEST_LAYER


def test_the_layer_is_compiled_whatever_time_its_files_have(built: Path) -> None:
    """PEP 552: a hash that nobody checks. SAM's archives have no times, and Lambda could not keep what it compiles."""
    package = built / "LumeoLayer" / "python" / "lumeo"
    modules = sorted(package.rglob("*.py"))

    assert modules
    for module in modules:
        (compiled,) = (module.parent / "__pycache__").glob(f"{module.stem}.cpython-313.pyc")
        assert compiled.read_bytes()[4:8] == UNCHECKED_HASH


@pytest.mark.parametrize("step", sorted(STEPS))
def test_a_function_holds_its_handler_alone(built: Path, step: str) -> None:
    function = built / f"{step}Function"
    files = {str(path.relative_to(function)) for path in function.rglob("*") if path.is_file()}

    assert files == {"app.py", COMPILED} | (PAGE if step == "Gallery" else set())
    assert (function / COMPILED).read_bytes()[4:8] == UNCHECKED_HASH
