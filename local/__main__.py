"""`make run`: the whole application on this machine, until Ctrl-C or SIGTERM."""

import argparse
import os
import shlex
import signal
import sys
import threading
from pathlib import Path

from local import READY_FILE, sam
from local.fixtures import FixtureWrong
from local.stack import SIMULATOR, AccountsWrong, Ready, UpstreamMissing, running, write_ready
from lumeo.providers.loading import DeclarationWrong


def main() -> int:
    options = _options()
    over = threading.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: over.set())
    log = options.ready_file.parent / "lumeo.log"
    try:
        upstream = os.environ.get("UPSTREAM", SIMULATOR)
        strict = options.contract
        accounts = Path(os.environ["ACCOUNTS"]) if os.environ.get("ACCOUNTS") else None
        with running(
            port=options.port, tls=options.tls, upstream=upstream, accounts=accounts, log=log, strict=strict
        ) as ready:
            for_sam = sam.write(options.ready_file.parent, options.containers_call)
            write_ready(ready, options.ready_file)
            print(_greeting(ready, log), flush=True)
            over.wait()
            for path in (options.ready_file, *for_sam):
                path.unlink(missing_ok=True)
    except (UpstreamMissing, AccountsWrong, DeclarationWrong, FixtureWrong) as wrong:
        print(wrong, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"The stack could not start: {error}", file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description="Lumeo on this machine: its API, its state machine, moto for AWS, and a simulator of Replicate.",
        epilog="UPSTREAM=replicate with REPLICATE_API_TOKEN sends predictions to the real Replicate, "
        "ACCOUNTS=FILE those to the providers in it to the real ones. That costs money. "
        "Without, Replicate is simulated, and all others are played from tests/providers.",
    )
    parser.add_argument("--port", type=int, default=8787, help="port of the API; 0 takes a free one (default: 8787)")
    parser.add_argument("--tls", action="store_true", help="https, with a certificate made at start")
    parser.add_argument(
        "--contract", action="store_true", help="answer 500 where an answer is not as openapi.yaml says"
    )
    parser.add_argument(
        "--containers-call",
        default=sam.CONTAINERS_CALL,
        metavar="HOST",
        help="what the containers of `sam local` call this machine (default: %(default)s); see docs/sam-local.md",
    )
    parser.add_argument(
        "--ready-file",
        type=Path,
        default=READY_FILE,
        metavar="PATH",
        help="written once it serves: JSON with its URLs and an API key (default: %(default)s)",
    )
    return parser.parse_args()


def _greeting(ready: Ready, log: Path) -> str:
    trust = f"--cacert {shlex.quote(ready.ca_bundle)} " if ready.ca_bundle else ""
    body = '{"input": {"prompt": "a corgi in a field"}}'
    lines = [
        "Lumeo is up. Ctrl-C ends it.",
        "",
        f"  Gallery    {ready.api_url.removesuffix('/v1')}/#key={ready.api_key}",
        f"  API        {ready.api_url}",
        f"  API key    {ready.api_key}",
        f"  AWS        {ready.aws_endpoint_url}  (moto; dashboard at {ready.console_url})",
        f"  Simulator  {ready.simulator_url or 'none: predictions go to the real Replicate'}",
    ]
    others = [name for name in ready.providers if name != "replicate"]
    if others:
        lines.append(f"  Providers  {', '.join(others)}")
    if ready.ca_bundle:
        lines.append(f"  Trust      {ready.ca_bundle}  (SSL_CERT_FILE, NODE_EXTRA_CA_CERTS)")
    lines += [
        f"  Log        {log}",
        "",
        f"  curl {trust}-H 'Authorization: Bearer {ready.api_key}' -H 'Prefer: wait' \\",
        f"    -d '{body}' {ready.api_url}/models/sim/image/predictions",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
