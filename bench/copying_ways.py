"""One way from a URL to the bucket, in a process of its own that measures itself; each way does the same.

python -m bench.copying_ways WAY SOURCE WORK…

A work is `3x8000000+1`: three times a file of so many bytes, one at once. It prints what each took and held, as JSON.
"""

import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import IO, Any, cast

import requests

import functions.finalize.app  # noqa: F401 (what the function loads is not a copy's)
from lumeo import aws, clock, settings
from lumeo.artifacts import Artifact
from lumeo.prediction import Document, Handle, Phase, Prediction
from lumeo.steps.copies import copied

KEY = "outputs/peer"


def record() -> Prediction:
    """What is being stored, as far as a copy asks for it."""
    when = "2026-11-21T10:00:00.000Z"
    return Prediction(
        id="01kak8fz000000000000000000",
        caller="bench",
        created_at=when,
        provider="replicate",
        input=Document(json="{}"),
        base_url="https://lumeo.test",
        outputs_id="0" * 32,
        deadline=when,
        run="bench",
        due_shard=None,
        due_at=None,
        phase=Phase.SETTLED,
        handle=Handle("upstream", when),
    )


def ours(urls: list[str]) -> None:
    """What Finalize does, marks included."""
    files = [Artifact(f"/{n}", url) for n, url in enumerate(urls)]
    assert copied(record(), "bench", files, clock.now().timestamp() + 600)


def put_object(url: str) -> None:
    aws.s3().put_object(Bucket=settings.bucket_name(), Key=KEY, Body=_got(url).content)


def upload_fileobj(url: str) -> None:
    aws.s3().upload_fileobj(_stream(url), settings.bucket_name(), KEY)


def one_thread(url: str) -> None:
    from boto3.s3.transfer import TransferConfig  # noqa: PLC0415 (its memory is this way's)

    config = TransferConfig(use_threads=False)
    aws.s3().upload_fileobj(_stream(url), settings.bucket_name(), KEY, Config=config)


def smart_open(url: str) -> None:
    import smart_open as library  # noqa: PLC0415

    place = f"s3://{settings.bucket_name()}/{KEY}"
    with library.open(place, "wb", transport_params={"client": aws.s3()}) as file:
        shutil.copyfileobj(_stream(url), file, 1024**2)


def temporary_file(url: str) -> None:
    with tempfile.NamedTemporaryFile() as file:
        shutil.copyfileobj(_stream(url), file, 1024**2)
        file.flush()
        aws.s3().upload_file(file.name, settings.bucket_name(), KEY)


def _each(way: Callable[[str], None]) -> Callable[[list[str]], None]:
    def all_of_them(urls: list[str]) -> None:
        if len(urls) == 1:
            way(urls[0])
            return
        with futures.ThreadPoolExecutor(len(urls)) as pool:
            list(pool.map(way, urls))

    return all_of_them


PEERS = (put_object, upload_fileobj, one_thread, smart_open, temporary_file)
WAYS: dict[str, Callable[[list[str]], None]] = {"ours": ours, **{way.__name__: _each(way) for way in PEERS}}


def _got(url: str) -> requests.Response:
    session = requests.Session()
    session.trust_env = False
    return session.get(url, stream=True, timeout=30)


def _stream(url: str) -> IO[bytes]:
    return cast("IO[bytes]", _got(url).raw)


def _kilobytes(name: str) -> int:
    found = re.search(rf"(?m)^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1])


def _measured(way: Callable[[list[str]], None], urls: list[str], base: int) -> dict[str, float]:
    # From here on the peak is counted anew.
    Path("/proc/self/clear_refs").write_text("5")
    begun, worked = time.perf_counter(), time.process_time()
    way(urls)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - worked
    peak = _kilobytes("VmHWM")
    return {"seconds": seconds, "cpu": cpu, "added": (peak - base) / 1024, "total": peak / 1024}


def _work(way: Callable[[list[str]], None], source: str, works: list[str]) -> Iterator[dict[str, Any]]:
    way([f"{source}/1000"])
    base = _kilobytes("VmRSS")
    for work in works:
        times, size, files = map(int, re.split(r"[x+]", work))
        for _ in range(times):
            yield {"work": f"{size}+{files}", **_measured(way, [f"{source}/{size}"] * files, base)}


def main() -> None:
    name, source, *works = sys.argv[1:]
    os.environ |= {"REPLICATE_OUTPUT_HOSTS": source, "REPLICATE_BASE_URL": f"{source}/v1"}
    json.dump(list(_work(WAYS[name], source, works)), sys.stdout)


if __name__ == "__main__":
    main()
