"""Where Lumeo is: an address, a deployed stack, or the stack that runs on this machine."""

import json
import os
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cli.codes import Code, CommandFailed
from local import READY_FILE

HERE = {"127.0.0.1", "localhost", "::1"}
HOW = (
    "Start one here with `make run`, or name a deployed one:",
    "  export LUMEO_URL=https://….execute-api.us-east-1.amazonaws.com LUMEO_API_KEY=lum_…",
    "  or LUMEO_STACK=lumeo-dev with AWS credentials, and LUMEO_API_KEY",
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the API is, and who calls. `key_from`: where that key was said; `ca_bundle`: certificates to trust."""

    api_url: str
    key: str
    key_from: str
    ca_bundle: str | None = None

    @property
    def is_here(self) -> bool:
        """No proxy leads to this machine itself."""
        return urlsplit(self.api_url).hostname in HERE


@dataclass(frozen=True, slots=True)
class Named:
    """What was said of where: one of these, an option before the environment; that may say an address and its stack."""

    url: str | None = None
    stack: str | None = None
    ready_file: Path | None = None


def named(options: Namespace) -> Named:
    """What options, environment and this machine say, in that order."""
    if options.url or options.stack or options.ready_file:
        return Named(options.url, options.stack, options.ready_file)
    url, stack = os.environ.get("LUMEO_URL"), os.environ.get("LUMEO_STACK")
    if url or stack:
        return Named(url, stack)
    return Named(ready_file=READY_FILE)


def find(options: Namespace) -> Place:
    """Where the API is, and with which key. Raises CommandFailed where nobody said it."""
    where = named(options)
    if where.url:
        return Place(_checked(where.url), *_key(options))
    if where.stack:
        from cli.deployed import outputs  # noqa: PLC0415 (loads boto3, which takes a third of a second)

        return Place(_checked(outputs(where.stack)["ApiUrl"]), *_key(options))
    found = ready(where.ready_file or READY_FILE)
    key = _key(options, found["api_key"])
    return Place(found["api_url"], *key, ca_bundle=found["ca_bundle"])


def ready(path: Path) -> dict[str, Any]:
    """What the stack that runs here says of itself. Raises CommandFailed where none runs."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
        return {name: found[name] for name in ("api_url", "api_key", "ca_bundle", "aws_endpoint_url", "table_name")}
    except FileNotFoundError as error:
        raise CommandFailed(Code.WRONG_USE, "No Lumeo is named, and none runs here.", *HOW) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommandFailed(Code.WRONG_USE, f"{path} is no ready file of `make run`.") from error


def _checked(url: str) -> str:
    """The API's base URL, which ends in /v1, whether or not that was said."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CommandFailed(Code.WRONG_USE, f"Not a URL of an API: {url}", "It begins with https://.")
    if parts.scheme == "http" and parts.hostname not in HERE:
        hint = "It begins with https://, but on this machine."
        raise CommandFailed(Code.WRONG_USE, f"The key would go to {parts.hostname} in clear.", hint)
    base = url.rstrip("/")
    return base if base.endswith("/v1") else f"{base}/v1"


def _key(options: Namespace, own: str | None = None) -> tuple[str, str]:
    """The key, and where it was said; `own`: that of the stack that runs here."""
    said = ((options.key, "--key"), (os.environ.get("LUMEO_API_KEY"), "LUMEO_API_KEY"), (own, "the ready file"))
    for key, source in said:
        if key:
            if not (key.isascii() and key.isprintable() and " " not in key):
                raise CommandFailed(Code.NOT_ALLOWED, f"What {source} says is no API key.")
            return key, source
    raise CommandFailed(
        Code.NOT_ALLOWED,
        "There is no API key.",
        "Put yours into LUMEO_API_KEY. Who has AWS credentials makes one:",
        "  lumeo keys create --stack lumeo-dev --caller me",
    )
