"""What deploys, built as `make build` builds it, and what Lambda's runtime brings beside it."""

import fcntl
import shutil
import subprocess
import zipfile
from pathlib import Path

import boto3

from bench.report import ROOT

SAM = ROOT / ".venv-sam" / "bin" / "sam"
BROUGHT = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six.py", "urllib3")
"""Of what Lambda's runtime brings, boto3 and what it needs."""


def runtime() -> Path | None:
    """Lambda's own version of Python, if it is here."""
    candidates = [shutil.which("python3.13"), *sorted(Path.home().glob(".pyenv/versions/3.13*/bin/python3.13"))]
    for candidate in filter(None, candidates):
        asked = [str(candidate), "-c", "import os, sys; print(os.path.realpath(sys.executable))"]
        found = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603 (our own)
        if found.returncode == 0:
            return Path(found.stdout.strip())
    return None


def build(folder: Path, architecture: str = "arm64") -> Path:
    """What `make build` makes in a folder. Raises RuntimeError with what it said.

    One at a time: SAM takes away the dependencies that another build of the same project is about to copy.
    """
    options = f"--cache-dir {folder / 'cache'} --parameter-overrides Architecture={architecture}"
    # The SAM CLI is there, or this is not asked for: nothing is installed by the way.
    asked = ["make", "-o", ".venv-sam/ready", "build", f"BUILD={folder / 'build'}", f"ARGS={options}"]
    with (ROOT / "Makefile").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603
    if ended.returncode:
        raise RuntimeError(ended.stdout + ended.stderr)
    return folder / "build"


def brought(folder: Path, python: Path) -> Path:
    """What Lambda's runtime brings, in a folder of its own, compiled as there."""
    for name in BROUGHT:
        found = Path(boto3.__file__).parents[1] / name
        if found.is_dir():
            shutil.copytree(found, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            folder.mkdir(exist_ok=True)
            shutil.copy(found, folder)
    compiled = [str(python), "-m", "compileall", "-qf", "--invalidation-mode", "unchecked-hash", str(folder)]
    subprocess.run(compiled, check=True)  # noqa: S603
    return folder


def zipped(folder: Path, archive: Path) -> int:
    """Bytes of a folder as it is uploaded."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for path in sorted(folder.rglob("*")):
            made.write(path, path.relative_to(folder))
    return archive.stat().st_size
