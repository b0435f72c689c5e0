"""Ways that predictions go when nothing crashes: between them they bring every function to every call that it makes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lumeo.announcing import EVENTS
from lumeo.prediction import Phase, Status
from tests.integration.driver import PICTURE, Answer
from tests.reliability.plans import LONG_TEXT
from tests.world.calls import Call, Hook, Refusal
from tests.world.receiver import Trouble
from tests.world.turns import Death
from tests.world.world import RECEIVER, World

AGAIN_SECONDS = 1.0
FORM = b"""--x\r
Content-Disposition: form-data; name="content"; filename="corgi.txt"\r
Content-Type: text/plain\r
\r
a corgi\r
--x--\r
"""
CANCELED = frozenset({Status.CANCELED})
ENDED = frozenset({Status.CANCELED, Status.SUCCEEDED})
FAILED = frozenset({Status.FAILED})
SUCCEEDED = frozenset({Status.SUCCEEDED})


@dataclass(frozen=True, slots=True)
class Scenario:
    """What callers and the provider do; `ends`: how each of its predictions may end, crash or no crash.

    `one`: however often the caller repeats the request, there is one prediction.
    """

    play: Callable[[World], None]
    ends: frozenset[Status] = SUCCEEDED
    one: bool = False

    @property
    def name(self) -> str:
        return self.play.__name__


class DiesAt(Hook):
    """Functions die at their first call, so often."""

    def __init__(self, function: str, times: int) -> None:
        self._function = function
        self._left = times

    def before(self, call: Call) -> None:
        if call.function == self._function and self._left:
            self._left -= 1
            raise Death


class Refuses(Hook):
    """AWS refuses an operation, so often."""

    def __init__(self, operation: str, times: int) -> None:
        self._operation = operation
        self._left = times

    def before(self, call: Call) -> Refusal | None:
        if call.operation != self._operation or not self._left:
            return None
        self._left -= 1
        return Refusal("InternalFailure", 500)


def asked(
    here: World,
    method: str,
    path: str,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    *,
    data: bytes = b"",
) -> Answer:
    """A client's call: what fails on our side is tried again."""
    while True:
        answer = here.call(method, path, body, headers, data=data)
        if answer.status < 500:
            return answer
        here.passes(AGAIN_SECONDS)


def submitted(here: World, model: str, given: Mapping[str, Any] | None = None, **headers: str) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return _made(here, f"/v1/models/{model}/predictions", {"input": PICTURE | dict(given or {})}, named)


def subscribed(here: World, model: str, *events: str, given: Mapping[str, Any] | None = None) -> str:
    """A prediction whose caller wants to be told."""
    body = {"input": PICTURE | dict(given or {}), "webhook": f"{RECEIVER}/{model}", "webhook_events_filter": events}
    return _made(here, f"/v1/models/{model}/predictions", body, {"Idempotency-Key": "k"})


def removed(here: World, prediction_id: str) -> None:
    """Taken away, as soon as it is over."""
    here.until(lambda: here.record(prediction_id).phase is Phase.DONE)
    answer = asked(here, "DELETE", f"/v1/predictions/{prediction_id}")
    assert answer.status == 204, answer.text


def cancelled(here: World, prediction_id: str) -> None:
    answer = asked(here, "POST", f"/v1/predictions/{prediction_id}/cancel")
    assert answer.status == 200, answer.text


def _made(here: World, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> str:
    answer = asked(here, "POST", path, body, headers)
    assert answer.status == 201, answer.text
    return str(answer.body["id"])


def instant(here: World) -> None:
    submitted(here, "sim/instant")


def webhooks(here: World) -> None:
    submitted(here, "sim/slow")


def webhooks_lost(here: World) -> None:
    here.fault("webhook", "lose", times=-1)
    submitted(here, "sim/slow")


def webhooks_forged(here: World) -> None:
    here.fault("webhook", "forge", times=2)
    here.fault("webhook", "early_end", event="start")
    submitted(here, "sim/slow")


def provider_busy(here: World) -> None:
    here.fault("create", "throttle", hint="header", seconds=7)
    submitted(here, "sim/instant")


def answer_lost_and_found(here: World) -> None:
    here.fault("create", "drop_after")
    here.fault("webhook", "lose", times=-1)
    here.fault("list", "lag", seconds=20, times=3)
    submitted(here, "sim/slow")


def answer_lost_and_told(here: World) -> None:
    here.fault("create", "drop_after")
    here.fault("list", "lag", seconds=50, times=-1)
    submitted(here, "sim/image")


def submission_lost(here: World) -> None:
    here.fault("create", "drop_before")
    submitted(here, "sim/instant")


def provider_slow_to_accept(here: World) -> None:
    here.fault("create", "slow_accept", seconds=30)
    submitted(here, "sim/instant")


def provider_down(here: World) -> None:
    here.fault("get", "status", status=503, times=3)
    here.fault("get", "drop_after", times=1)
    submitted(here, "sim/image")


def cancel_running(here: World) -> None:
    prediction_id = submitted(here, "sim/stuck", Idempotency_Key="k")
    here.passes(5)
    cancelled(here, prediction_id)


def cancel_running_unheard(here: World) -> None:
    here.fault("cancel", "status", status=502, times=2)
    here.fault("webhook", "lose", times=-1)
    prediction_id = submitted(here, "sim/stuck", Idempotency_Key="k")
    here.passes(5)
    cancelled(here, prediction_id)


def cancel_waiting(here: World) -> None:
    here.fault("create", "throttle", hint="body", seconds=60)
    prediction_id = submitted(here, "sim/stuck", Idempotency_Key="k")
    here.passes(5)
    cancelled(here, prediction_id)


def cancel_sending(here: World) -> None:
    here.fault("create", "slow_accept", seconds=10)
    prediction_id = submitted(here, "sim/stuck", Idempotency_Key="k")
    here.passes(3)
    cancelled(here, prediction_id)


def cancel_searching(here: World) -> None:
    here.fault("create", "drop_before")
    prediction_id = submitted(here, "sim/stuck", Idempotency_Key="k")
    here.passes(30)
    cancelled(here, prediction_id)


def cancel_at_once(here: World) -> None:
    cancelled(here, submitted(here, "sim/slow"))


def several_outputs(here: World) -> None:
    submitted(here, "sim/nested")


def outputs_out_of_reach(here: World) -> None:
    here.fault("file", "status", status=404)
    here.fault("file", "truncate", after=1)
    submitted(here, "sim/many", {"num_outputs": 2})


def large_documents(here: World) -> None:
    submitted(here, "sim/script", {"prompt": LONG_TEXT, "processing": 1, "output": LONG_TEXT, "logs": LONG_TEXT})


def failing(here: World) -> None:
    submitted(here, "sim/traceback")


def repeated_with_key(here: World) -> None:
    first = submitted(here, "sim/image", Idempotency_Key="k1")
    assert submitted(here, "sim/image", Idempotency_Key="k1") == first


def repeated_and_counted(here: World) -> None:
    path, body = "/v1/models/sim/image/predictions", {"input": PICTURE}
    for n in range(10):
        answer = here.call("POST", path, body, {"x-stainless-retry-count": str(n)})
        if answer.status == 201:
            return
        here.passes(AGAIN_SECONDS)
    raise AssertionError(answer.text)


def read_and_listed(here: World) -> None:
    prediction_id = submitted(here, "sim/image", Prefer="wait=2")
    assert asked(here, "GET", f"/v1/predictions/{prediction_id}").status == 200
    assert asked(here, "GET", "/v1/predictions").status == 200
    assert asked(here, "GET", "/v1/webhooks/default/secret").status == 200


def stopped_by_hand(here: World) -> None:
    prediction_id = submitted(here, "sim/stuck", Idempotency_Key="k")
    here.until(lambda: bool(here.states.open()))
    here.passes(5)
    here.stop_run(prediction_id)


def run_never_started(here: World) -> None:
    here.seam.hooks.insert(0, Refuses("StartExecution", 4))
    submitted(here, "sim/instant")


def run_fails(here: World) -> None:
    here.seam.hooks.insert(0, DiesAt("Status", 9))
    submitted(here, "sim/image")


def every_run_fails(here: World) -> None:
    """The fifth run only closes."""
    here.fault("webhook", "lose", times=-1)
    here.seam.hooks.insert(0, DiesAt("Status", 4 * 9))
    submitted(here, "sim/stuck", Idempotency_Key="k")


def deadline(here: World) -> None:
    submitted(here, "sim/stuck", Cancel_After="8")


def deadline_in_the_queue(here: World) -> None:
    submitted(here, "sim/queued", Cancel_After="6")


def told_in_the_end(here: World) -> None:
    """Those who are to be told fail in every way, and then hear it."""
    waits = ("Retry-After", "20")
    here.receiver.troubles += [Trouble(status=503, more=(waits,)), Trouble(drops=True), Trouble(seconds=15)]
    subscribed(here, "sim/instant", "completed")


def told_of_everything(here: World) -> None:
    here.receiver.troubles += [Trouble(event="logs", status=500), Trouble(event="output", drops=True)]
    script = {"starting": 1, "processing": 20, "partial": ["The", "The quick"], "output": "The quick fox"}
    subscribed(here, "sim/script", *EVENTS, given=script)


def told_of_a_cancel(here: World) -> None:
    """Ended while no run has anything to do."""
    here.fault("create", "throttle", hint="body", seconds=60)
    prediction_id = subscribed(here, "sim/slow", "completed")
    here.passes(5)
    cancelled(here, prediction_id)


def telling_fails(here: World) -> None:
    """A run ends before it has told anybody: sweep starts another for that alone."""
    here.seam.hooks.insert(0, DiesAt("Announce", 9))
    subscribed(here, "sim/instant", "completed")


def rerun(here: World) -> None:
    first = submitted(here, "sim/text")
    again = _made(here, f"/v1/predictions/{first}/rerun", {"webhook": f"{RECEIVER}/rerun"})
    assert asked(here, "GET", f"/v1/predictions/{again}").body["rerun_of"] == first


def removed_at_once(here: World) -> None:
    """As soon as it is over, while its caller is told."""
    here.receiver.troubles.append(Trouble(times=2, seconds=5, status=500))
    script = {"output": ["$png", "$text", LONG_TEXT], "logs": LONG_TEXT}
    prediction_id = subscribed(here, "sim/script", "completed", given=script)
    removed(here, prediction_id)
    removed(here, prediction_id)


def models_read(here: World) -> None:
    here.fault("model", "status", status=503)
    latest = asked(here, "GET", "/v1/models/sim/versions").body["latest_version"]["id"]
    listed = asked(here, "GET", "/v1/models/sim/versions/versions").body
    assert listed["results"][0]["id"] == latest
    assert asked(here, "GET", f"/v1/models/sim/versions/versions/{latest}").body["id"] == latest
    submitted(here, "sim/versions")


def files_handed_in(here: World) -> None:
    """One with the request, one by a URL; each is named in an input, and taken away in the end."""
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    posted = asked(here, "POST", "/v1/files", headers=form, data=FORM).body
    granted = asked(here, "POST", "/v1/files/uploads", {"size": len(FORM)}).body
    here.put(urlsplit(granted["upload"]["url"]).path.lstrip("/"), FORM)
    for file in (posted, granted):
        submitted(here, "sim/image", {"image": file["urls"]["get"]})
    here.until_quiet()
    listed = {file["id"] for file in asked(here, "GET", "/v1/files").body["results"]}
    assert listed >= {posted["id"], granted["id"]}
    _take_away(here, posted["id"])
    _take_away(here, granted["id"])


def _take_away(here: World, file_id: str) -> None:
    path = f"/v1/files/{file_id}"
    led_to = asked(here, "GET", f"{path}/download").headers["Location"]
    # Who has to ask again may find that it is gone.
    assert asked(here, "DELETE", path).status in {204, 404}
    assert asked(here, "GET", path).status == 404
    assert not [key for key in here.objects("inputs/") if led_to.endswith(key)]


SCENARIOS = (
    Scenario(instant),
    Scenario(webhooks),
    Scenario(webhooks_lost),
    Scenario(webhooks_forged),
    Scenario(provider_busy),
    Scenario(answer_lost_and_found),
    Scenario(answer_lost_and_told),
    Scenario(submission_lost),
    Scenario(provider_slow_to_accept),
    Scenario(provider_down),
    Scenario(cancel_running, CANCELED),
    Scenario(cancel_running_unheard, CANCELED),
    Scenario(cancel_waiting, CANCELED),
    Scenario(cancel_sending, CANCELED),
    Scenario(cancel_searching, CANCELED),
    Scenario(cancel_at_once, ENDED),
    Scenario(several_outputs),
    Scenario(outputs_out_of_reach),
    Scenario(large_documents),
    Scenario(failing, FAILED),
    Scenario(repeated_with_key, one=True),
    Scenario(repeated_and_counted, one=True),
    Scenario(read_and_listed),
    Scenario(stopped_by_hand, CANCELED),
    Scenario(run_never_started),
    Scenario(run_fails),
    Scenario(every_run_fails, FAILED),
    Scenario(deadline, CANCELED),
    Scenario(deadline_in_the_queue, frozenset({Status.CANCELED, Status.ABORTED})),
    Scenario(told_in_the_end),
    Scenario(told_of_everything),
    Scenario(told_of_a_cancel, CANCELED),
    Scenario(telling_fails),
    Scenario(rerun),
    Scenario(removed_at_once),
    Scenario(models_read),
    Scenario(files_handed_in),
)
