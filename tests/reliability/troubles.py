"""What goes wrong at calls: AWS refuses or is silent, functions stop for a while, or die. Each fault in its time."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from tests.reliability.plans import Act
from tests.world.calls import Call, Hook, Refusal
from tests.world.hub import Hub
from tests.world.turns import Death
from tests.world.world import World

URL = "https://aws.test"
READ_SECONDS = 10.0
"""For so long a client of AWS waits for an answer."""

THROTTLED: Mapping[str, Refusal] = {
    "dynamodb": Refusal("ProvisionedThroughputExceededException"),
    "s3": Refusal("SlowDown", 503),
    "states": Refusal("ThrottlingException"),
    "secretsmanager": Refusal("ThrottlingException"),
    "lambda": Refusal("TooManyRequestsException", 429),
    "cloudfront": Refusal("Throttling"),
}
BROKEN: Mapping[str, Refusal] = {
    "dynamodb": Refusal("InternalServerError", 500),
    "s3": Refusal("InternalError", 500),
    "states": Refusal("InternalFailure", 500),
    "secretsmanager": Refusal("InternalServiceError", 500),
    "lambda": Refusal("ServiceException", 500),
    "cloudfront": Refusal("InternalFailure", 500),
}


class Fault(Hook):
    """One act of a plan that waits for its calls: `after` of them pass, then it hits `times`, in its time."""

    def __init__(self, act: Act, hub: Hub, hit: Callable[[Act], None]) -> None:
        self._act = act
        self._hub = hub
        self._hit = hit
        self._after = act.get("after", 0)
        self._times = act.get("times", 1)

    def _meets(self, call: Call) -> bool:
        """Whether it hits this call; it is then one hit nearer its end."""
        act = self._act
        if not (self._times and act["at"] <= self._hub.elapsed() < act["until"] and self._wants(call)):
            return False
        if self._after:
            self._after -= 1
            return False
        self._times -= 1
        self._hit(act)
        return True

    def _wants(self, call: Call) -> bool:
        wanted = (("function", call.function), ("service", call.service), ("operation", call.operation))
        return all(self._act.get(name) in {None, value} for name, value in wanted)


class Refused(Fault):
    """AWS says no, or nothing, to some calls."""

    def before(self, call: Call) -> Refusal | Exception | None:
        kind = self._act["kind"]
        if kind in {"lost", "silent"} or not self._meets(call):
            return None
        if kind == "conflict":
            return conflict(call.operation)
        if kind == "refused":
            return EndpointConnectionError(endpoint_url=URL)
        return (THROTTLED if kind == "throttled" else BROKEN)[call.service]

    def after(self, call: Call) -> Refusal | Exception | None:
        kind = self._act["kind"]
        if kind not in {"lost", "silent"} or not self._meets(call):
            return None
        if kind == "silent":
            self._hub.sleep(READ_SECONDS)
            return ReadTimeoutError(endpoint_url=URL)
        return ConnectionClosedError(endpoint_url=URL)

    def _wants(self, call: Call) -> bool:
        can_conflict = call.service == "dynamodb" and call.writes
        return super()._wants(call) and (self._act["kind"] != "conflict" or can_conflict)


class AtACall(Fault):
    """Something happens to a function just before a call, or just after it."""

    def __init__(self, act: Act, hub: Hub, hit: Callable[[Act], None], happens: Callable[[], None]) -> None:
        super().__init__(act, hub, hit)
        self._happens = happens

    def before(self, call: Call) -> None:
        if not self._act["late"] and self._meets(call):
            self._happens()

    def after(self, call: Call) -> None:
        if self._act["late"] and self._meets(call):
            self._happens()


def hook(act: Act, here: World, hit: Callable[[Act], None]) -> Fault:
    """The act as it meets the calls."""
    if act["act"] == "aws":
        return Refused(act, here.hub, hit)
    happens: dict[str, Callable[[], None]] = {
        "die": die,
        "stall": lambda: here.hub.sleep(act["seconds"]),
        "lose": lambda: lose(here, act["seconds"]),
    }
    return AtACall(act, here.hub, hit, happens[act["act"]])


def die() -> None:
    raise Death


def lose(here: World, seconds: float) -> None:
    """Whoever waits for the function hears that nobody knows what became of it; it goes on, after a while."""
    assert here.hub.task
    here.functions.lose(here.hub.task)
    here.hub.sleep(seconds)


def conflict(operation: str) -> Refusal:
    """A meeting with somebody else's transaction."""
    if operation != "TransactWriteItems":
        return Refusal("TransactionConflictException")
    more: dict[str, Any] = {"CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}]}
    return Refusal("TransactionCanceledException", more=more)


def named(act: Act) -> str:
    """What kind of fault it is, for counting."""
    match act["act"]:
        case "provider":
            detail = f" {act['status']}" if act["kind"] == "status" else f" {act['hint']}" if "hint" in act else ""
            return f"{act['call']}: {act['kind']}{detail}"
        case "receiver":
            return f"receiver: {act['status'] if act['kind'] == 'status' else act['kind']}"
        case "aws":
            return f"{act.get('operation', act['service'])}: {act['kind']}"
        case "die":
            return f"death {'after' if act['late'] else 'before'} a call"
        case "lose":
            return "function given up while it goes on"
    return str(act["act"])
