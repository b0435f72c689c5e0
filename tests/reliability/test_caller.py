"""One caller's view of the API, against a model of what the caller may believe."""

from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from lumeo import keys
from tests.integration.driver import PICTURE, Answer
from tests.world import invariants
from tests.world.chooser import Seeded
from tests.world.world import World, world

ENDS = {
    "sim/instant": "succeeded",
    "sim/slow": "succeeded",
    "sim/text": "succeeded",
    "sim/nsfw": "failed",
    "sim/queued": "canceled",
}
"""How each model ends by itself; the last one does not before its `Cancel-After`."""
CANCEL_AFTER = "90s"
KEYS = ("one", "another")
RANK = {"starting": 0, "processing": 1, "succeeded": 2, "failed": 2, "canceled": 2}
FORWARD = st.sampled_from([0.2, 1.0, 3.0, 8.0, 40.0, 150.0])

Asked = tuple[str, str]


@dataclass(slots=True)
class Belief:
    """What the caller knows of one prediction."""

    id: str
    asked: Asked
    status: str
    cancelled: bool = False

    def hears(self, shown: dict[str, Any]) -> None:
        """Take in an answer: a status goes forward, and an end stays."""
        status = shown["status"]
        assert shown["id"] == self.id
        assert RANK[status] >= RANK[self.status], f"from {self.status} back to {status}"
        assert RANK[self.status] < 2 or status == self.status, f"{self.status} became {status}"
        assert (shown["output"] is not None) == (status == "succeeded")
        late = shown["error_code"] == "deadline_exceeded"
        assert (shown["error"] is not None) == (status == "failed" or late)
        assert not late or self.asked[0] == "sim/queued"
        assert ("completed_at" in shown) == (RANK[status] == 2)
        self.status = status


class Caller(RuleBasedStateMachine):
    """Creates, reads, lists, cancels, waits."""

    def __init__(self) -> None:
        super().__init__()
        self._world = world(chooser=Seeded(1))
        self.here: World = self._world.__enter__()
        self.stranger = keys.keys().create("bob", "a test")
        self.beliefs: list[Belief] = []
        self.named: dict[str, Belief] = {}

    @rule(model=st.sampled_from(sorted(ENDS)), prompt=st.sampled_from("ab"))
    def creates(self, model: str, prompt: str) -> None:
        """Each time anew, also when it asks for the same."""
        answer = self._create((model, prompt))
        assert "Idempotent-Replayed" not in answer.headers
        self._takes((model, prompt), answer)

    @rule(model=st.sampled_from(sorted(ENDS)), prompt=st.sampled_from("ab"), key=st.sampled_from(KEYS))
    def creates_once(self, model: str, prompt: str, key: str) -> None:
        answer = self._create((model, prompt), {"Idempotency-Key": key})
        known = self.named.get(key)
        if known is None:
            self.named[key] = self._takes((model, prompt), answer)
        elif known.asked == (model, prompt):
            self._is_replay(known, answer)
        else:
            assert answer.status == 422, answer.text

    @precondition(lambda self: self.named)
    @rule(data=st.data())
    def repeats(self, data: st.DataObject) -> None:
        """As a client does that heard no answer."""
        key = data.draw(st.sampled_from(sorted(self.named)))
        known = self.named[key]
        self._is_replay(known, self._create(known.asked, {"Idempotency-Key": key}))

    @precondition(lambda self: self.beliefs)
    @rule(data=st.data())
    def reads(self, data: st.DataObject) -> None:
        belief = data.draw(st.sampled_from(self.beliefs))
        belief.hears(self.here.read(belief.id))

    @precondition(lambda self: self.beliefs)
    @rule(data=st.data())
    def cancels(self, data: st.DataObject) -> None:
        """What has ended stays as it is."""
        belief = data.draw(st.sampled_from(self.beliefs))
        belief.hears(self.here.cancel(belief.id))
        belief.cancelled = True

    @precondition(lambda self: self.beliefs)
    @rule(data=st.data())
    def somebody_else_looks(self, data: st.DataObject) -> None:
        belief = data.draw(st.sampled_from(self.beliefs))
        headers = {"Authorization": f"Bearer {self.stranger}"}

        assert self.here.call("GET", f"/v1/predictions/{belief.id}", headers=headers).status == 404
        assert self.here.call("POST", f"/v1/predictions/{belief.id}/cancel", headers=headers).status == 404
        assert self.here.call("GET", "/v1/predictions", headers=headers).body["results"] == []

    @rule(seconds=FORWARD)
    def waits(self, seconds: float) -> None:
        self.here.passes(seconds)

    @rule()
    def lists(self) -> None:
        """Newest first, and all of them."""
        shown = self.here.call("GET", "/v1/predictions").body["results"]
        assert {one["id"] for one in shown} == {belief.id for belief in self.beliefs}
        times = [one["created_at"] for one in shown]
        assert times == sorted(times, reverse=True)
        by_id = {belief.id: belief for belief in self.beliefs}
        for one in shown:
            assert RANK[one["status"]] >= RANK[by_id[one["id"]].status]

    @invariant()
    def nothing_more_is_paid(self) -> None:
        assert self.here.created() <= len(self.beliefs)

    def teardown(self) -> None:
        """In the end everything has ended, as its model does or as the caller asked."""
        try:
            self.here.until_quiet()
            invariants.check(self.here)
            for belief in self.beliefs:
                belief.hears(self.here.read(belief.id))
                wanted = {ENDS[belief.asked[0]], *(["canceled"] if belief.cancelled else [])}
                assert belief.status in wanted, f"{belief.asked} ended as {belief.status}"
            self.lists()
        finally:
            self._world.__exit__(None, None, None)

    def _create(self, asked: Asked, headers: dict[str, str] | None = None) -> Answer:
        model, prompt = asked
        sent = {**(headers or {}), **({"Cancel-After": CANCEL_AFTER} if model == "sim/queued" else {})}
        body = {"input": PICTURE | {"prompt": prompt}}
        return self.here.call("POST", f"/v1/models/{model}/predictions", body, sent)

    def _takes(self, asked: Asked, answer: Answer) -> Belief:
        assert answer.status == 201, answer.text
        assert answer.body["id"] not in {belief.id for belief in self.beliefs}
        self.beliefs.append(Belief(answer.body["id"], asked, "starting"))
        return self.beliefs[-1]

    def _is_replay(self, known: Belief, answer: Answer) -> None:
        """The same prediction, as it is now; to a create call what is not over is `starting`."""
        assert (answer.status, answer.headers.get("Idempotent-Replayed")) == (201, "true")
        unfinished = answer.body["status"] == "starting" and known.status == "processing"
        known.hears(answer.body | ({"status": "processing"} if unfinished else {}))


def test_caller() -> None:
    run_state_machine_as_test(
        Caller,
        settings=settings(
            max_examples=40,
            stateful_step_count=12,
            derandomize=True,
            database=None,
            deadline=None,
            # To explain a failure it would trace every line, of every run.
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
