"""The simulator as a command."""

import argparse
import signal
import threading

from local.simulator import DEFAULT_TOKEN, Simulator, serve


def main() -> None:
    """Serve, and send webhooks, until Ctrl-C or SIGTERM."""
    arguments = _arguments()
    over = threading.Event()
    # By hand, since whoever starts it in the background may have it ignore Ctrl-C.
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: over.set())
    simulator = Simulator(token=arguments.token, retention=arguments.retention)
    with serve(simulator, arguments.port, webhooks=True) as server:
        print(server.url, flush=True)
        over.wait()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local.simulator",
        description="A Replicate to test against. Prints its base URL; Ctrl-C ends it.",
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument("--token", default=DEFAULT_TOKEN, help="the token that it asks for (default: %(default)s)")
    parser.add_argument(
        "--retention", type=float, default=3600, help="seconds for which data outlives a run (default: %(default)s)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
