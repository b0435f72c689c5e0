"""The whole application in one process: template, state machine and handlers as they deploy, moto, a simulator."""

import json
import logging
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO, cast

import trustme
from werkzeug.wrappers import Request, Response

from local import HOME
from local.aws import Aws
from local.cdn import PREFIXES, Cdn
from local.contract import BrokenContract, contract
from local.environment import variables
from local.events import deliver
from local.fixtures import read
from local.functions import Functions, Invoking
from local.gateway import Gateway
from local.player import play
from local.serving import Server
from local.simulator import Simulator
from local.simulator import serve as serve_simulator
from local.template import Function, Template
from lumeo import keys, providers
from lumeo.telemetry import logger

ROOT = Path(__file__).parent.parent
CALLER = "local"
OWN_HOSTS = ("127.0.0.1", "localhost")
SIMULATOR = "simulator"
REPLICATE = "https://api.replicate.com/v1"
FIXTURES = ROOT / "tests" / "providers"
"""What the other providers are played from."""


class AccountsWrong(RuntimeError):
    """The file of accounts at real providers is none."""


class UpstreamMissing(RuntimeError):
    """There is no such upstream, or it is the real Replicate and there is no token for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Where everything is: what the ready file holds."""

    api_url: str
    api_key: str
    aws_endpoint_url: str
    simulator_url: str | None
    console_url: str
    ca_bundle: str | None
    providers: tuple[str, ...]
    table_name: str
    state_machine_arn: str


@dataclass(frozen=True, slots=True)
class Upstream:
    """The provider that predictions are sent to."""

    base_url: str
    output_hosts: str
    token: str
    simulator_url: str | None = None


@contextmanager
def running(  # noqa: PLR0913 (all that can be said of it)
    *,
    log: Path,
    port: int = 0,
    tls: bool = False,
    upstream: str = SIMULATOR,
    accounts: Path | None = None,
    strict: bool = False,
    built: Callable[[Mapping[str, Function]], Invoking] = Functions,
) -> Iterator[Ready]:
    """The stack, up for the length of a `with` block. Port 0 takes a free one.

    `accounts`: a file of accounts at real providers, as the secret has them; all others are played from their fixtures.
    `strict`: what openapi.yaml does not say is answered 500 with what is wrong, and logged.
    `built`: what runs the template's functions; by default the handlers as they stand here, in this process.

    Raises UpstreamMissing for an upstream that is none of `simulator` and `replicate`, or has no token; AccountsWrong;
    DeclarationWrong and FixtureWrong for a provider that cannot be played.
    """
    HOME.mkdir(exist_ok=True)
    with ExitStack() as cleanup:
        bundle, context = _certificate(cleanup) if tls else (None, None)
        provider = _real_replicate() if upstream == "replicate" else _simulator(upstream, bundle, cleanup)
        secret = {"replicate": {"default": provider.token}} | _played(cleanup) | _real(accounts)
        template = Template(
            ROOT / "template.yaml",
            {"ReplicateBaseUrl": provider.base_url, "ReplicateOutputHosts": provider.output_hosts},
        )
        functions = built(template.functions())
        rules = template.rules()
        cloud = Aws(functions.invoke, on_end=lambda event: deliver(event, rules, functions.invoke))
        cleanup.callback(cloud.close)
        cdn = Cdn(cloud.client("s3"), _bucket(template))
        gateway = Gateway(template.routes(), functions, contract() if strict else None)
        front = Server(_front(gateway, cdn), port, context)
        cleanup.callback(front.close)
        # Only now: where the port is taken, the log belongs to whoever has it.
        _log_to(log, cleanup)
        made = cloud.create(template, json.dumps(secret))
        cleanup.enter_context(variables(cloud.environment | _environment(template, front.url) | made))
        _start_schedules(template, functions, cleanup)
        yield Ready(
            api_url=f"{front.url}/v1",
            api_key=keys.keys().create(CALLER, "made at start"),
            aws_endpoint_url=cloud.url,
            simulator_url=provider.simulator_url,
            console_url=f"{cloud.url}/moto-api/",
            ca_bundle=bundle,
            providers=tuple(sorted(secret)),
            table_name=os.environ["TABLE_NAME"],
            state_machine_arn=os.environ["STATE_MACHINE_ARN"],
        )


def write_ready(ready: Ready, path: Path) -> None:
    """Write the ready file in one step: whoever waits for it never reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(ready), indent=2) + "\n")
    partial.chmod(0o600)
    partial.replace(path)


def _simulator(name: str, bundle: str | None, cleanup: ExitStack) -> Upstream:
    if name != SIMULATOR:
        raise UpstreamMissing(f"UPSTREAM is {SIMULATOR} or replicate, not {name!r}")
    simulator = Simulator()
    server = serve_simulator(simulator, webhooks=True, trust=bundle)
    cleanup.callback(server.close)
    return Upstream(f"{server.url}/v1", server.url, simulator.token, server.url)


def _real_replicate() -> Upstream:
    token = os.environ.get("REPLICATE_API_TOKEN")
    if not token:
        raise UpstreamMissing("UPSTREAM=replicate needs a token in REPLICATE_API_TOKEN; runs there cost money")
    return Upstream(REPLICATE, "replicate.delivery,*.replicate.delivery", token)


def _played(cleanup: ExitStack) -> dict[str, Any]:
    """The accounts of all other providers that have fixtures: what is submitted there is answered from those."""
    known = {path.stem: path for path in sorted(FIXTURES.glob("*.yaml"))}
    fixtures = {name: read(known[name]) for name in providers.known() if name in known}
    player = cleanup.enter_context(play(fixtures))
    return {name: {"default": player.account(name)} for name in fixtures}


def _real(accounts: Path | None) -> dict[str, Any]:
    try:
        found = json.loads(accounts.read_text()) if accounts else {}
    except (OSError, ValueError) as error:
        raise AccountsWrong(f"{accounts} is no file of accounts: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(of, dict) for of in found.values()):
        raise AccountsWrong(f'{accounts} should be {{"provider": {{"default": "its key"}}}}')
    unknown = sorted(set(found) - set(providers.known()))
    if unknown:
        raise AccountsWrong(f"{accounts}: there is no provider {', '.join(unknown)}; see docs/providers.md")
    return found


def _environment(template: Template, origin: str) -> dict[str, str]:
    """What the template gives to the functions, all in one; and where this machine's own addresses are."""
    found: dict[str, str] = {}
    for function in template.functions().values():
        for name, value in function.environment.items():
            if found.setdefault(name, value) != value:
                raise ValueError(f"{name} differs between functions, which share one environment here")
    own = {
        "PUBLIC_URL": origin,
        "OUTPUTS_URL": origin,
        "CATALOGUE_FILE": str(ROOT / "local" / "catalogue.toml"),
        "WEBHOOK_ORIGINS": ",".join(f"{scheme}://{host}:*" for scheme in ("http", "https") for host in OWN_HOSTS),
        "POWERTOOLS_METRICS_DISABLED": "true",
    }
    return found | own


def _front(gateway: Gateway, cdn: Cdn) -> Any:
    """One origin for both: the API, and the files that a CDN serves in production."""

    @Request.application
    def answer(request: Request) -> Response:
        if request.path.startswith(PREFIXES):
            return cdn.answer(request)
        try:
            return gateway.answer(request)
        except BrokenContract as broken:
            logger.error("the contract is broken", broken=str(broken))
            return Response(str(broken), status=500, content_type="text/plain")

    return answer


def _bucket(template: Template) -> str:
    (name,) = template.resources("AWS::S3::Bucket")
    return template.name(name)


def _start_schedules(template: Template, functions: Invoking, cleanup: ExitStack) -> None:
    over = threading.Event()
    cleanup.callback(over.set)

    def repeat(name: str, seconds: int) -> None:
        while not over.wait(seconds):
            try:
                functions.invoke(name, {"source": "aws.events", "detail-type": "Scheduled Event"})
            except Exception:  # noqa: BLE001 (the next minute comes all the same)
                logger.exception("a scheduled function failed")

    for name, seconds in template.schedules().items():
        threading.Thread(target=repeat, args=(name, seconds), daemon=True).start()


def _certificate(cleanup: ExitStack) -> tuple[str, ssl.SSLContext]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    bundle = HOME / f"ca-{os.getpid()}.pem"
    cleanup.callback(bundle.unlink, missing_ok=True)
    authority.cert_pem.write_to_path(str(bundle))
    return str(bundle), context


def _log_to(path: Path, cleanup: ExitStack) -> None:
    """Everything that is logged goes to a file: standard output belongs to whoever started the stack."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, mode="w")
    handler.formatter = logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s")
    handler.formatter.converter = time.gmtime
    root = logging.getLogger()
    before = root.handlers[:]
    root.handlers = [handler]
    lines = cast("logging.StreamHandler[TextIO]", logger.logger_handler)
    printed_to = lines.setStream(cast("TextIO", handler.stream))

    def restore() -> None:
        root.handlers = before
        if printed_to:
            lines.setStream(printed_to)
        handler.close()

    cleanup.callback(restore)
