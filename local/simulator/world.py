"""The world without a socket: predictions, what was asked of them, and the faults that wait."""

import threading
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from local.simulator import shapes
from local.simulator.faults import Fault, Faults
from local.simulator.journal import Entry, Journal, redacted
from local.simulator.letters import Delivery
from local.simulator.media import Content, content_of
from local.simulator.outbox import Outbox
from local.simulator.prediction import TERMINAL, Prediction, Request, new_id
from local.simulator.signing import Secret
from lumeo.clock import Clock, SystemClock

DEFAULT_TOKEN = "r8_simulator" + "0" * 32
HOUR = 3600.0
LOOK_EVERY = 0.02


class Simulator:
    """A Replicate of one's own. Every method may be called from any thread."""

    def __init__(self, *, clock: Clock | None = None, token: str = DEFAULT_TOKEN, retention: float = HOUR) -> None:
        """`clock`: the system's unless given; `retention`: seconds for which data outlives the end of a run."""
        self.clock = clock or SystemClock()
        self.token = token
        self.retention = retention
        self.secret = Secret()
        self._outbox = Outbox()
        self._lock = threading.RLock()
        # Notified whenever what is due next may have changed.
        self.changed = threading.Condition(self._lock)
        self._forget()

    def reset(self) -> None:
        """Forget everything: predictions, faults, journal, webhooks; the secret is the first one again."""
        with self.changed:
            self._forget()
            self._outbox.reset()
            self.secret.reset()
            self.changed.notify_all()

    def _forget(self) -> None:
        self._predictions: dict[str, Prediction] = {}
        self._faults = Faults()
        self._journal = Journal()

    def now(self) -> datetime:
        return self.clock.now().astimezone(UTC)

    def create(self, request: Request) -> Prediction:
        """Start a run: this is what would be paid for."""
        with self._lock:
            prediction = Prediction(new_id(), len(self._predictions), self.now(), request)
            self._predictions[prediction.id] = prediction
            self._plan(prediction)
            return prediction

    def find(self, prediction_id: str) -> Prediction | None:
        return self._predictions.get(prediction_id)

    def all(self) -> list[Prediction]:
        """Every prediction, oldest first."""
        with self._lock:
            return list(self._predictions.values())

    def read(self, prediction: Prediction) -> None:
        """Count a GET."""
        with self._lock:
            prediction.get_calls += 1

    def cancel(self, prediction: Prediction) -> None:
        """End a run that is not over; count the call in any case."""
        with self._lock:
            prediction.cancel_calls += 1
            now = self.now()
            if not prediction.state(now).over:
                prediction.canceled_after = prediction.age(now)
                self._plan(prediction)

    def finish(self, prediction: Prediction) -> None:
        """Bring a run that is not over to its end, whichever its script has for it."""
        with self._lock:
            now = self.now()
            if not prediction.state(now).over:
                prediction.finish(prediction.age(now))
                self._plan(prediction)

    def _plan(self, prediction: Prediction) -> None:
        if prediction.request.webhook:
            self._outbox.plan(prediction)
            self.changed.notify_all()

    def next_delivery(self) -> datetime | None:
        """When the next webhook is due; None: none will be, as things stand."""
        with self._lock:
            return self._outbox.next_due()

    def deliveries(self) -> list[Delivery]:
        """The webhooks that are due by now, in that order; each attempt is handed out once."""
        with self._lock:
            return self._outbox.take(self.now(), self._faults, self.secret.keys)

    def delivered(self, delivery: Delivery, status: int | None) -> None:
        """Take the outcome of an attempt; None: nobody was reached. A failed `completed` becomes due again."""
        with self.changed:
            self._outbox.settle(delivery.number, status, self.now())
            self.changed.notify_all()

    def webhooks(self) -> list[dict[str, Any]]:
        """Every attempt, oldest first."""
        with self._lock:
            return self._outbox.as_json()

    def wait(self, prediction: Prediction, seconds: float) -> None:
        """Return when a run is over, or so many seconds later. In small steps, since somebody may cancel it."""
        waited = 0.0
        while waited < seconds and not prediction.state(self.now()).over:
            step = min(LOOK_EVERY, seconds - waited)
            self.clock.sleep(step)
            waited += step

    def removed(self, prediction: Prediction, now: datetime) -> bool:
        """Whether the data of a run is gone."""
        ended = prediction.state(now).ended
        return ended is not None and prediction.age(now) >= ended + self.retention

    def show(self, prediction: Prediction, url: str, *, just_created: bool = False) -> dict[str, Any]:
        """A prediction as Replicate's JSON, now."""
        now = self.now()
        removed = self.removed(prediction, now)
        return shapes.prediction_json(prediction, now, url, removed=removed, just_created=just_created)

    def show_waited(self, prediction: Prediction, url: str) -> dict[str, Any]:
        """What a create call that waited is answered with."""
        return shapes.waited_json(prediction, self.now(), url)

    def file(self, prediction_id: str, name: str) -> Content | None:
        """An output file, while there is one."""
        prediction = self.find(prediction_id)
        now = self.now()
        if prediction is None or self.removed(prediction, now):
            return None
        file = next((file for file in prediction.output_at(now).files if file.name == name), None)
        return content_of(prediction, file) if file else None

    def runs(self, model: str) -> int:
        return sum(prediction.model == model for prediction in self.all())

    def add_faults(self, declared: Any) -> int:
        """Add one fault or a list; how many wait now."""
        with self._lock:
            self._faults.add(declared)
            return len(self._faults.waiting)

    def faults(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.as_json() for fault in self._faults.waiting]

    def hit(self, entry: Entry) -> Fault | None:
        """The fault that this request runs into."""
        with self._lock:
            return self._faults.hit(entry.call, entry.model, entry.prediction)

    def arrived(self, entry: Entry) -> None:
        """Write a request down, without the tokens in it."""
        entry.headers = redacted(entry.headers)
        with self._lock:
            self._journal.entries.append(entry)

    def journal(self) -> list[dict[str, Any]]:
        with self._lock:
            return [entry.as_json() for entry in self._journal.entries]

    def counters(self, model: str | None = None) -> dict[str, Any]:
        """How many calls arrived, and what became of the runs; of one model, or of all."""
        now = self.now()
        with self._lock:
            runs = [prediction for prediction in self._predictions.values() if model in (None, prediction.model)]
            ends = Counter(prediction.state(now).status for prediction in runs)
            ended = {status: ends[status] for status in TERMINAL}
            return {
                "calls": self._journal.calls(model),
                "created": len(runs),
                "running": len(runs) - sum(ended.values()),
                **ended,
                "leaked_tokens": self._journal.leaked_tokens(model),
                "webhooks": self._outbox.sent(model),
            }
