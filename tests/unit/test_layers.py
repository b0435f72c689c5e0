"""Who may import whom, as the design says: read from the code itself."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "lumeo" / "lumeo"
FUNCTIONS = ROOT / "functions"
CLI = ROOT / "cli"
LOCAL = ROOT / "local"
SIMULATOR = LOCAL / "simulator"
STANDARD = set(sys.stdlib_module_names)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it: `a.b` for `import a.b`, `a.b.c` for `from a.b import c`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def of(module: str, allowed: str) -> bool:
    return module == allowed or module.startswith(f"{allowed}.")


def each(folder: Path) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "path", [pytest.param(path, id=str(path.relative_to(ROOT))) for path in files(folder)]
    )


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        pytest.param("errors", [], id="errors"),
        pytest.param("polling", ["lumeo.checking"], id="polling"),
        pytest.param("checking", ["lumeo.histograms"], id="checking"),
        pytest.param("histograms", [], id="histograms"),
        pytest.param("prediction", ["lumeo.errors"], id="prediction"),
        pytest.param("public", ["lumeo.errors", "lumeo.prediction"], id="public"),
        pytest.param("artifacts", ["lumeo.urls"], id="artifacts"),
        pytest.param("media", [], id="media"),
        pytest.param("clock", [], id="clock"),
        pytest.param("settings", [], id="settings"),
        pytest.param("signatures", [], id="signatures"),
        pytest.param("redaction", [], id="redaction"),
        pytest.param("durations", [], id="durations"),
        pytest.param("urls", [], id="urls"),
        pytest.param("addresses", [], id="addresses"),
        pytest.param("faults", [], id="faults"),
        pytest.param("announcing", ["lumeo.addresses", "lumeo.prediction", "lumeo.urls"], id="announcing"),
        pytest.param("schemas", ["jsonschema", "lumeo.faults", "referencing"], id="schemas"),
    ],
)
def test_pure_modules_need_the_standard_library_alone(name: str, allowed: list[str]) -> None:
    foreign = [
        module
        for module in imports(PACKAGE / f"{name}.py")
        if module.partition(".")[0] not in STANDARD and not any(of(module, one) for one in allowed)
    ]

    assert foreign == []


@pytest.mark.parametrize(
    "name",
    [
        "errors",
        "polling",
        "prediction",
        "public",
        "artifacts",
        "media",
        "signatures",
        "redaction",
        "durations",
        "urls",
        "addresses",
        "faults",
        "announcing",
        "schemas",
    ],
)
def test_pure_modules_reach_for_nothing(name: str) -> None:
    """No clock, no file, no network, no environment: what they answer depends on what they are given."""
    reaching = {
        "os",
        "time",
        "socket",
        "subprocess",
        "threading",
        "pathlib",
        "io",
        "tempfile",
        "urllib.request",
        "http",
    }

    assert not {module for module in imports(PACKAGE / f"{name}.py") for one in reaching if of(module, one)}


@each(PACKAGE)
def test_the_package_knows_neither_functions_nor_development(path: Path) -> None:
    assert not {module.partition(".")[0] for module in imports(path)} & {"functions", "local", "tests", "bench"}


@each(PACKAGE)
def test_the_package_needs_what_the_layer_ships(path: Path) -> None:
    """Its dependencies, what Lambda's runtime brings, and stubs for the type checker alone."""
    dependencies = {"aws_lambda_powertools", "requests", "urllib3", "jsonschema", "referencing", "multipart", "yaml"}
    dependencies |= {"jmespath", "nacl"}
    shipped = dependencies | {"boto3", "botocore", "lumeo"}
    services = ("cloudfront", "dynamodb", "lambda", "s3", "secretsmanager", "stepfunctions")
    checked_only = {f"mypy_boto3_{service}" for service in services}

    assert {module.partition(".")[0] for module in imports(path)} <= STANDARD | shipped | checked_only


@each(PACKAGE)
def test_only_providers_know_a_provider(path: Path) -> None:
    """Nothing outside that folder knows a provider's words."""
    if path.parent != PACKAGE / "providers":
        assert not [module for module in imports(path) if of(module, "lumeo.providers.replicate")]


@each(PACKAGE / "providers")
def test_providers_know_no_record(path: Path) -> None:
    kept = ("lumeo.store", "lumeo.items", "lumeo.documents", "lumeo.steps", "lumeo.api", "lumeo.view", "lumeo.runs")

    assert not [module for module in imports(path) for one in kept if of(module, one)]


@each(FUNCTIONS)
def test_functions_know_neither_each_other_nor_development(path: Path) -> None:
    assert not {module.partition(".")[0] for module in imports(path)} & {"functions", "local", "tests", "bench", "app"}


@pytest.mark.parametrize(
    "folder", [path for path in sorted(FUNCTIONS.iterdir()) if path.is_dir()], ids=lambda p: p.name
)
def test_a_function_is_one_file(folder: Path) -> None:
    """An import of a sibling would differ between Lambda and this machine."""
    assert files(folder) == [folder / "app.py"]


@each(CLI)
def test_the_command_line_needs_no_stack(path: Path) -> None:
    """It starts in a moment, and works where the service is not: of `local` it knows where the ready file is."""
    of_ours = {
        module for module in imports(path) if module.partition(".")[0] in {"functions", "local", "tests", "bench"}
    }

    assert of_ours <= {"local.READY_FILE"}


@each(SIMULATOR)
def test_the_simulator_knows_only_the_clock(path: Path) -> None:
    """It is Replicate: what it shared with us, it could not test. Neither by way of what else it needs of `local`."""
    left, seen = [path], set()
    while left:
        file = left.pop()
        seen.add(file)
        for module in imports(file):
            assert not {module.partition(".")[0]} & {"functions", "tests", "bench"}
            assert of(module, "lumeo.clock") or not of(module, "lumeo"), file
            parts = module.split(".")
            needed = [ROOT.joinpath(*parts[:n]).with_suffix(".py") for n in (2, 3)] if parts[0] == "local" else []
            left += [one for one in needed if one.is_file() and one not in seen]

    assert path in seen


def test_there_is_something_to_check() -> None:
    assert len(files(PACKAGE)) > 20
    assert len(files(FUNCTIONS)) >= 12
    assert len(files(SIMULATOR)) > 10
    assert len(files(CLI)) > 10
