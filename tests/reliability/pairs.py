"""Pairs of functions that can meet: how a world comes to the moment at which they do, and what may become of it."""

from collections.abc import Callable
from dataclasses import dataclass

from lumeo.prediction import Phase
from tests.reliability.plans import LONG_TEXT
from tests.reliability.stage import Stage
from tests.world.calls import Call, Hook, Refusal
from tests.world.receiver import Trouble
from tests.world.world import RECEIVER

SOON = {"starting": 0, "processing": 3}
"""An input of sim/script: it calls the webhook at once, and ends well before the second look."""
URL = f"{RECEIVER}/a"
KEY = {"Idempotency-Key": "the same"}


@dataclass(frozen=True)
class Pair:
    """`meet` brings a world to the moment. `ends`: how the prediction may end when nobody dies or is held up.

    `many`: there are so many orders that not all of them are played in each test run.
    """

    name: str
    meet: Callable[[Stage], object]
    ends: frozenset[str]
    many: bool = False
    within: float = 300.0
    """Seconds from acceptance to the end when nobody dies or is held up."""


def _pair(
    name: str, meet: Callable[[Stage], object], *ends: str, many: bool = False, within: float = Pair.within
) -> Pair:
    return Pair(name, meet, frozenset(ends or ("succeeded",)), many, within)


# Two who are at their first call at one moment


def _cancel_create(stage: Stage) -> None:
    stage.expect("Create")
    made = stage.here.submit("sim/slow")
    stage.held("Create")
    _cancel(stage, made)


def _cancel_search(stage: Stage) -> None:
    made = _lost_answer(stage, "sim/slow")
    _cancel(stage, made)


def _cancel_status(stage: Stage) -> None:
    stage.here.fault("webhook", "lose", times=-1)
    stage.expect("Status")
    made = stage.here.submit("sim/cold")
    stage.held("Status")
    _cancel(stage, made)


def _cancel_last_status(stage: Stage) -> None:
    stage.here.fault("webhook", "lose", times=-1)
    stage.expect("Status")
    made = stage.here.submit("sim/slow")
    stage.held("Status")
    _cancel(stage, made)


def _cancel_park(stage: Stage) -> None:
    stage.expect("Machine", calls=1)
    made = stage.here.submit("sim/slow")
    stage.held("Machine")
    _cancel(stage, made)


def _cancel_finalize(stage: Stage) -> None:
    _unheard(stage)
    stage.expect("Finalize")
    made = stage.here.submit("sim/instant")
    stage.held("Finalize")
    _cancel(stage, made)


def _cancel_woken_finalize(stage: Stage) -> None:
    """It looks itself, since a webhook led to it."""
    stage.expect("Finalize")
    made = stage.here.submit("sim/instant")
    stage.held("Finalize")
    _cancel(stage, made)


def _cancel_webhook(stage: Stage) -> None:
    """The run ends while the machine waits for it."""
    made = stage.here.submit("sim/script", {"starting": 1, "processing": 3})
    stage.here.passes(2)
    stage.expect("Webhook")
    stage.held("Webhook")
    _cancel(stage, made)


def _cancel_sweep(stage: Stage) -> None:
    made = stage.here.submit("sim/slow")
    stage.here.passes(2)
    stage.expect("Sweep")
    stage.here.stop_run(made)
    stage.held("Sweep")
    _cancel(stage, made)


def _two_cancels(stage: Stage) -> None:
    made = stage.here.submit("sim/cold")
    stage.here.passes(10)
    _cancel(stage, made)
    stage.expect("Cancel")
    stage.cancels(made)
    stage.held("Cancel", 2)


def _webhook_status(stage: Stage) -> None:
    """The run has ended: both come to say so."""
    stage.here.submit("sim/slow")
    stage.here.passes(2)
    stage.expect("Status")
    stage.expect("Webhook")
    stage.held("Status")
    stage.held("Webhook")


def _first_webhook_status(stage: Stage) -> None:
    """The run has begun."""
    stage.expect("Status")
    stage.expect("Webhook")
    stage.here.submit("sim/script", {"starting": 6, "processing": 4})
    stage.held("Status")
    stage.held("Webhook")


def _webhook_park(stage: Stage) -> None:
    """Status has looked while it still ran; before the wait begins it has ended."""
    stage.here.fault("webhook", "lose", event="start")
    stage.here.submit("sim/script", {"starting": 1, "processing": 6})
    stage.here.passes(2)
    stage.expect("Status", "UpdateItem")
    stage.expect("Machine", calls=1)
    stage.expect("Webhook")
    stage.held("Status")
    stage.held("Webhook")


def _webhook_create(stage: Stage) -> None:
    """The run ends as soon as it was created."""
    stage.expect("Create")
    stage.expect("Webhook")
    stage.expect("Machine", calls=1)
    stage.here.submit("sim/instant")
    stage.held("Create")


def _first_webhook_create(stage: Stage) -> None:
    """The run begins as soon as it was created."""
    stage.expect("Create")
    stage.expect("Webhook")
    stage.here.submit("sim/one")
    stage.held("Create")


def _webhook_search(stage: Stage) -> None:
    """The answer was lost: a webhook and a search come to tell of the run."""
    stage.here.fault("create", "drop_after")
    stage.here.submit("sim/script", {"starting": 2, "processing": 4})
    stage.here.passes(1)
    stage.expect("Create")
    stage.expect("Webhook")
    stage.held("Create")
    stage.held("Webhook")


def _webhook_finalize(stage: Stage) -> None:
    stage.here.fault("webhook", "late", event="completed", seconds=0.001)
    stage.expect("Finalize")
    stage.here.submit("sim/slow")
    stage.here.passes(2)
    stage.expect("Webhook")
    stage.held("Finalize")
    stage.held("Webhook")


def _two_webhooks(stage: Stage) -> None:
    """The same one, told twice."""
    stage.here.fault("webhook", "duplicate", event="completed")
    stage.here.submit("sim/script", SOON)
    stage.here.passes(2)
    stage.expect("Webhook", times=2)
    stage.held("Webhook", 2)


def _sweep_create(stage: Stage) -> None:
    """The run was stopped; the function that it left goes on."""
    stage.expect("Create")
    stage.expect("Sweep")
    made = stage.here.submit("sim/slow")
    stage.held("Create")
    stage.here.stop_run(made)
    stage.held("Sweep")


def _sweep_first_create(stage: Stage) -> None:
    """The run was never started: sweep does, and goes on beside it."""
    stage.here.seam.hooks.append(_NoStart())
    stage.here.submit("sim/slow")
    stage.expect("Sweep")
    stage.expect("Create")
    stage.held("Sweep")


def _two_sweeps(stage: Stage) -> None:
    """Told of a stopped run twice, as EventBridge may."""
    made = stage.here.submit("sim/slow")
    stage.here.passes(2)
    stage.expect("Sweep", times=2)
    stage.here.stop_run(made)
    stage.held("Sweep")
    stage.here.bus.ended(stage.here.executions()[made])
    stage.held("Sweep", 2)


def _sweep_status(stage: Stage) -> None:
    """As with create."""
    stage.here.fault("webhook", "lose", times=-1)
    stage.expect("Status")
    stage.expect("Sweep")
    made = stage.here.submit("sim/slow")
    stage.held("Status")
    stage.here.stop_run(made)
    stage.held("Sweep")


def _sweep_finalize(stage: Stage) -> None:
    """As with create."""
    _unheard(stage)
    stage.expect("Finalize")
    stage.expect("Sweep")
    made = stage.here.submit("sim/instant")
    stage.held("Finalize")
    stage.here.stop_run(made)
    stage.held("Sweep")


def _sweep_slow_finalize(stage: Stage) -> None:
    """What finalize promised is overdue while it still works."""
    _unheard(stage)
    stage.expect("Finalize")
    stage.expect("Sweep")
    stage.here.submit("sim/instant")
    stage.held("Finalize")
    stage.held("Sweep")


# Two of a kind


def _two_creates(stage: Stage) -> None:
    """Lambda did not say what became of the first, and the machine asks again."""
    stage.expect("Create", times=2)
    stage.here.submit("sim/slow")
    stage.here.functions.lose(stage.held("Create"))
    stage.held("Create", 2)


def _overtaken_create(stage: Stage) -> None:
    """The run was stopped: its create goes on beside that of the next run."""
    stage.expect("Create", times=2)
    made = stage.here.submit("sim/slow")
    stage.held("Create")
    stage.here.stop_run(made)
    stage.held("Create", 2)


def _two_statuses(stage: Stage) -> None:
    stage.here.fault("webhook", "lose", times=-1)
    stage.expect("Status", times=2)
    stage.here.submit("sim/slow")
    stage.here.functions.lose(stage.held("Status"))
    stage.held("Status", 2)


def _two_finalizes(stage: Stage) -> None:
    _unheard(stage)
    stage.expect("Finalize", times=2)
    stage.here.submit("sim/instant")
    stage.here.functions.lose(stage.held("Finalize"))
    stage.held("Finalize", 2)


def _two_woken_finalizes(stage: Stage) -> None:
    stage.expect("Finalize", times=2)
    stage.here.submit("sim/instant")
    stage.here.functions.lose(stage.held("Finalize"))
    stage.held("Finalize", 2)


def _overtaken_woken_finalize(stage: Stage) -> None:
    stage.expect("Finalize", times=2)
    made = stage.here.submit("sim/instant")
    stage.held("Finalize")
    stage.here.stop_run(made)
    stage.held("Finalize", 2)


def _overtaken_finalize(stage: Stage) -> None:
    _unheard(stage)
    stage.expect("Finalize", times=2)
    made = stage.here.submit("sim/instant")
    stage.held("Finalize")
    stage.here.stop_run(made)
    stage.held("Finalize", 2)


def _two_submits(stage: Stage) -> None:
    stage.expect("Submit", times=2)
    stage.creates("sim/instant", KEY)
    stage.creates("sim/instant", KEY)
    stage.held("Submit", 2)


# A submission that somebody else finds


def _search_zombie(stage: Stage) -> None:
    """The first create is about to submit when the second begins to search."""
    stage.expect("Create", "create")
    stage.here.submit("sim/slow")
    stage.here.functions.lose(stage.held("Create"))
    stage.expect("Create")
    stage.held("Create", 2)


def _search_overtaken(stage: Stage) -> None:
    """As before, but the first one's run was stopped."""
    stage.expect("Create", "create")
    made = stage.here.submit("sim/slow")
    stage.held("Create")
    stage.here.stop_run(made)
    stage.expect("Create")
    stage.held("Create", 2)


def _search_own(stage: Stage) -> None:
    """The first create knows the run and is about to write it when the second begins to search."""
    stage.expect("Create", "TransactWriteItems")
    stage.here.submit("sim/slow")
    stage.here.functions.lose(stage.held("Create"))
    stage.expect("Create")
    stage.held("Create", 2)


def _overtaken_own(stage: Stage) -> None:
    """As before, but the first one's run was stopped: it may only propose what it knows."""
    stage.expect("Create", "TransactWriteItems")
    made = stage.here.submit("sim/slow")
    stage.held("Create")
    stage.here.stop_run(made)
    stage.expect("Create")
    stage.held("Create", 2)


# Who tells the caller, and who takes away what it is told of


def _cancel_announce(stage: Stage) -> None:
    """Too late to change anything."""
    made = _announced(stage)
    _cancel(stage, made)


def _news_announce(stage: Stage) -> None:
    """The function that was to tell of the beginning is slow."""
    stage.expect("Announce", times=2)
    stage.here.subscribed("sim/slow", URL, ["start", "completed"])
    stage.held("Announce", 2)


def _claimed_news_announce(stage: Stage) -> None:
    """As before, but it has claimed the beginning already."""
    stage.expect("Announce", "POST")
    stage.here.subscribed("sim/slow", URL, ["start", "completed"])
    stage.held("Announce")
    stage.expect("Announce")
    stage.held("Announce", 2)


def _two_news(stage: Stage) -> None:
    """Two looks have each brought more of one kind."""
    stage.here.fault("webhook", "lose", times=-1)
    stage.expect("Announce", times=2)
    stage.here.subscribed("sim/script", URL, ["logs"], {"processing": 60})
    stage.held("Announce", 2)


def _same_news(stage: Stage) -> None:
    """Lambda begins a function twice for one event, as it may."""
    stage.expect("Announce", times=2)
    stage.here.subscribed("sim/slow", URL, ["start"])
    stage.held("Announce")
    invoked = next(call for call in stage.here.calls() if call.operation == "Invoke")
    stage.here.functions.send("AnnounceFunction", invoked.request)
    stage.held("Announce", 2)


def _webhook_and_status_tell(stage: Stage) -> None:
    """Both see that the run has begun."""
    stage.expect("Status")
    stage.expect("Webhook")
    stage.here.subscribed("sim/script", URL, ["start"], {"starting": 6, "processing": 4})
    stage.held("Status")
    stage.held("Webhook")


def _sweep_announce(stage: Stage) -> None:
    """Telling was dropped: the run was stopped, or so it was said, while its function goes on."""
    stage.here.receiver.troubles.append(Trouble(times=2, status=503))
    made = _announced(stage)
    stage.expect("Sweep")
    _fail_run(stage, made)
    stage.held("Sweep")


def _two_announces(stage: Stage) -> None:
    """Lambda did not say what became of the first, and the machine asks again."""
    stage.expect("Announce", times=2)
    stage.here.subscribed("sim/instant", URL)
    stage.here.functions.lose(stage.held("Announce"))
    stage.held("Announce", 2)


def _delete_finalize(stage: Stage) -> None:
    _unheard(stage)
    stage.expect("Finalize")
    made = stage.here.submit("sim/instant")
    stage.held("Finalize")
    _remove(stage, made)


def _delete_overtaken_finalize(stage: Stage) -> None:
    """The machine asked again, and the first of two goes on when all is over."""
    stage.expect("Finalize", "PutObject")
    made = stage.here.submit("sim/instant")
    stage.here.functions.lose(stage.held("Finalize"))
    stage.here.until(lambda: stage.here.record(made).phase is Phase.DONE)
    _remove(stage, made)


def _delete_announce(stage: Stage) -> None:
    made = _announced(stage)
    _remove(stage, made)


def _delete_read(stage: Stage) -> None:
    made = stage.here.submit("sim/script", {"output": LONG_TEXT, "logs": LONG_TEXT})
    stage.here.until_quiet()
    stage.expect("Read")
    stage.reads(made)
    stage.held("Read")
    _remove(stage, made)


def _two_deletes(stage: Stage) -> None:
    made = stage.here.submit("sim/instant")
    stage.here.until_quiet()
    _remove(stage, made)
    stage.expect("Delete")
    stage.removes(made)
    stage.held("Delete", 2)


def _announced(stage: Stage, model: str = "sim/instant") -> str:
    stage.expect("Announce")
    made = stage.here.subscribed(model, URL)
    stage.held("Announce")
    return made


def _remove(stage: Stage, prediction_id: str) -> None:
    stage.expect("Delete")
    stage.removes(prediction_id)
    stage.held("Delete")


def _fail_run(stage: Stage, prediction_id: str) -> None:
    """End a run as its own time-out does."""
    stage.here.states.machine._cut(stage.here.executions()[prediction_id], "TIMED_OUT")


def _unheard(stage: Stage) -> None:
    """No webhook comes: Status sees the end, and Finalize has nothing to do but to store."""
    stage.here.fault("webhook", "lose", times=-1)


def _cancel(stage: Stage, prediction_id: str) -> None:
    stage.expect("Cancel")
    stage.cancels(prediction_id)
    stage.held("Cancel")


def _lost_answer(stage: Stage, model: str) -> str:
    """The provider took it, its answer was lost: create is about to search."""
    stage.here.fault("create", "drop_after")
    made = stage.here.submit(model)
    stage.here.passes(1)
    stage.expect("Create")
    stage.held("Create")
    return made


class _NoStart(Hook):
    """Step Functions is out of order for the first who asks."""

    def before(self, call: Call) -> Refusal | None:
        if call.boundary == ("Submit", "states", "StartExecution"):
            return Refusal("ServiceUnavailable", 503)
        return None


EITHER = ("canceled", "succeeded")
PAIRS = (
    _pair("cancel × create", _cancel_create, "canceled", many=True),
    _pair("cancel × search", _cancel_search, "canceled", many=True),
    _pair("cancel × status", _cancel_status, "canceled"),
    _pair("cancel × last status", _cancel_last_status, *EITHER, many=True),
    _pair("cancel × park", _cancel_park, "canceled"),
    _pair("cancel × finalize", _cancel_finalize),
    _pair("cancel × woken finalize", _cancel_woken_finalize, *EITHER, many=True),
    _pair("cancel × webhook", _cancel_webhook, *EITHER, many=True),
    _pair("cancel × sweep", _cancel_sweep, "canceled", many=True),
    _pair("two cancels", _two_cancels, "canceled", many=True),
    _pair("webhook × status", _webhook_status),
    _pair("first webhook × status", _first_webhook_status),
    _pair("webhook × park", _webhook_park, within=8),
    _pair("webhook × create", _webhook_create),
    _pair("first webhook × create", _first_webhook_create),
    _pair("webhook × search", _webhook_search),
    _pair("webhook × finalize", _webhook_finalize),
    _pair("two webhooks", _two_webhooks),
    _pair("sweep × create", _sweep_create, "canceled", many=True),
    _pair("sweep × first create", _sweep_first_create),
    _pair("two sweeps", _two_sweeps, "canceled"),
    _pair("sweep × status", _sweep_status, *EITHER),
    _pair("sweep × finalize", _sweep_finalize),
    _pair("sweep × slow finalize", _sweep_slow_finalize, many=True),
    _pair("two creates", _two_creates, many=True),
    _pair("create × overtaken create", _overtaken_create, "canceled"),
    _pair("two statuses", _two_statuses),
    _pair("two finalizes", _two_finalizes),
    _pair("two woken finalizes", _two_woken_finalizes, many=True),
    _pair("finalize × overtaken finalize", _overtaken_finalize),
    _pair("woken finalize × overtaken woken finalize", _overtaken_woken_finalize, *EITHER, many=True),
    _pair("submit × its repeat", _two_submits),
    _pair("search × zombie create", _search_zombie),
    _pair("search × overtaken create", _search_overtaken, "canceled", many=True),
    _pair("search × own", _search_own),
    _pair("search × propose", _overtaken_own, "canceled", many=True),
    _pair("cancel × announce", _cancel_announce),
    _pair("news × announce", _news_announce),
    _pair("claimed news × announce", _claimed_news_announce),
    _pair("news × news", _two_news),
    _pair("news × the same news", _same_news),
    _pair("webhook's news × status's", _webhook_and_status_tell),
    _pair("sweep × announce", _sweep_announce),
    _pair("two announces", _two_announces),
    _pair("delete × finalize", _delete_finalize),
    _pair("delete × overtaken finalize", _delete_overtaken_finalize),
    _pair("delete × announce", _delete_announce),
    _pair("delete × read", _delete_read),
    _pair("two deletes", _two_deletes, many=True),
)
