"""Brings a plan's acts into a world, each in its time."""

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from local.simulator.faults import Fault
from tests.reliability import plans
from tests.reliability.outcomes import Hits, Outcome
from tests.reliability.plans import Act, Plan
from tests.reliability.troubles import hook
from tests.world.receiver import Trouble
from tests.world.world import RECEIVER, World

if TYPE_CHECKING:
    from collections.abc import Callable

AGAIN_SECONDS = 2.0
"""A client repeats what failed on our side after so long."""
PATIENCE = 400
"""So often, at most: until long after all faults."""
NEXT_TRY_SECONDS = 3.0
"""A client that waits no longer for an answer asks again, beside itself."""
ASKED = {"cancel": ("POST", "/cancel"), "read": ("GET", ""), "rerun": ("POST", "/rerun"), "remove": ("DELETE", "")}
"""What of a prediction's a call asks for."""
SETTLED_SECONDS = 120.0
"""So long after a rotation the secret before it is none any more."""


class Playing:
    """A plan in a world. `shown`: each prediction's id with a status that its caller saw."""

    def __init__(self, here: World, plan: Plan, outcome: Outcome) -> None:
        self.shown: list[tuple[str, str]] = []
        self._here = here
        self._plan = plan
        self._wrong = outcome.wrong
        self._hits = Hits(outcome)
        self._ids: dict[str, set[str]] = {}
        self._asking: Counter[str] = Counter()
        self._acts: dict[int, Act] = {}

    def prepare(self) -> None:
        """Set everything up to happen in its time."""
        self._note_faults()
        ways: dict[str, Callable[[Act], None]] = {
            "submit": self._tries,
            "cancel": self._known,
            "read": self._known,
            "stop": self._known,
            "rerun": self._known,
            "remove": self._known,
            "receiver": self._receiver,
            "provider": self._provider,
            "silence": self._silence,
            "rotate": self._rotation,
        }
        for act in self._plan.acts:
            ways.get(act["act"], self._at_calls)(act)

    # What callers do

    def _tries(self, act: Act) -> None:
        self._asking[act["name"]] = act["tries"]
        for n in range(act["tries"]):
            after = act["at"] + n * NEXT_TRY_SECONDS
            self._here.hub.spawn(partial(self._submit, act), f"caller {act['name']}", after=after)

    def _submit(self, act: Act) -> None:
        """Until it is answered, as the client has it: with a key, counting its repeats, or once."""
        path, body = f"/v1/models/{act['model']}/predictions", dict[str, Any](input=plans.given(act))
        headers = dict(act["headers"])
        if "events" in act:
            body |= {"webhook": f"{RECEIVER}/{act['name']}", "webhook_events_filter": act["events"]}
        if act["way"] == "key":
            headers["Idempotency-Key"] = act["name"]
        for n in range(1 if act["way"] == "once" else PATIENCE):
            counted = {"x-stainless-retry-count": str(n)} if act["way"] == "counted" else {}
            answer = self._here.call("POST", path, body, headers | counted)
            if answer.status < 500:
                break
            self._here.hub.sleep(AGAIN_SECONDS)
        self._asking[act["name"]] -= 1
        if answer.status == 201:
            self._ids.setdefault(act["name"], set()).add(answer.body["id"])
            self.shown.append((answer.body["id"], answer.body["status"]))
        elif answer.status < 500:
            self._wrong.append(f"{act['name']} was refused: {answer.status} {answer.text}")

    def _known(self, act: Act) -> None:
        self._here.hub.spawn(partial(self._later, act), f"{act['act']} {act['of']}", after=act["at"])

    def _later(self, act: Act) -> None:
        """What is done to a prediction, as soon as somebody knows of it."""
        while self._asking[act["of"]] and act["of"] not in self._ids:
            self._here.hub.sleep(1)
        for prediction_id in sorted(self._ids.get(act["of"], ())):
            if act["act"] == "stop":
                self._stop(act, prediction_id)
            else:
                self._ask(act, prediction_id)

    def _ask(self, act: Act, prediction_id: str) -> None:
        """Until it is answered; for a removal, until it is over."""
        verb, end = ASKED[act["act"]]
        for _ in range(PATIENCE):
            answer = self._here.call(verb, f"/v1/predictions/{prediction_id}{end}")
            if answer.status < 500 and (answer.status, act["act"]) != (409, "remove"):
                break
            self._here.hub.sleep(AGAIN_SECONDS)
        if answer.status in {200, 201, 204}:
            self._hits.add(act)
        elif answer.status != 409 or act["act"] != "rerun" or prediction_id not in self._here.removed:
            self._wrong.append(f"{act['act']} of {prediction_id}: {answer.status} {answer.text}")
        if answer.status in {200, 201}:
            self.shown.append((answer.body["id"], answer.body["status"]))

    def name_of(self, prediction_id: str) -> str | None:
        """The act's that a prediction was made by, if its caller was told of it."""
        return next((name for name, ids in self._ids.items() if prediction_id in ids), None)

    def _stop(self, act: Act, prediction_id: str) -> None:
        """By hand, in the console, which calls nothing of ours."""
        run = next((run for run in self._here.states.open() if run.name.startswith(prediction_id)), None)
        if run:
            self._hits.add(act)
            self._here.states.machine.stop(run)

    # What goes wrong

    def _at_calls(self, act: Act) -> None:
        self._here.seam.hooks.append(hook(act, self._here, self._hits.add))

    def _provider(self, act: Act) -> None:
        """A fault of the simulator's, for as long as the plan says."""
        left_out = {"act", "at", "until"}
        declared = {name: value for name, value in act.items() if name not in left_out}
        waiting = self._here.simulator._faults.waiting

        def begin() -> None:
            self._here.simulator.add_faults(declared)
            fault = waiting[-1]
            self._acts[id(fault)] = act
            self._here.hub.call_later(act["until"] - act["at"], partial(end, fault))

        def end(fault: Fault) -> None:
            if fault in waiting:
                waiting.remove(fault)

        self._here.hub.call_later(act["at"], begin)

    def _receiver(self, act: Act) -> None:
        """A trouble of those who are to be told, for as long as the plan says."""
        troubles = self._here.receiver.troubles
        trouble = Trouble(
            times=act["times"],
            event=act.get("event"),
            status=act.get("status", 200),
            more=(("Retry-After", str(act["retry_after"])),) if "retry_after" in act else (),
            seconds=act.get("seconds", 0),
            drops=act["kind"] == "drops",
            hit=partial(self._hits.add, act),
        )
        self._here.hub.call_later(act["at"], partial(troubles.append, trouble))
        self._here.hub.call_later(act["until"], partial(troubles.remove, trouble))

    def _note_faults(self) -> None:
        faults: Any = self._here.simulator._faults
        original = faults.hit

        def hit(*about: Any) -> Fault | None:
            fault: Fault | None = original(*about)
            if fault:
                self._hits.add(self._acts[id(fault)])
            return fault

        faults.hit = hit

    def _silence(self, _: Act) -> None:
        def silent() -> bool:
            now = self._here.hub.elapsed()
            act = next((act for act in self._plan.of("silence") if act["at"] <= now < act["until"]), None)
            if act:
                self._hits.add(act)
            return act is not None

        self._here.bus.loses = silent

    def _rotation(self, act: Act) -> None:
        def rotate() -> None:
            self._here.simulator.secret.rotate()
            self._hits.add(act)
            self._here.hub.call_later(SETTLED_SECONDS, self._here.simulator.secret.settle)

        self._here.hub.call_later(act["at"], rotate)
