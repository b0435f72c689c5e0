"""What webhooks are still to be told, when, and what became of each attempt."""

import heapq
import itertools
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from local.simulator.events import Event, events_of
from local.simulator.faults import Fault, Faults
from local.simulator.kinds import WEBHOOK
from local.simulator.letters import Delivery, Letter, delivery_of
from local.simulator.prediction import Prediction, new_id
from lumeo import clock

RETRIED = "completed"
# Attempts are made 1, 3, 7, 15, 31 and 63 s after the first, where each fails at once.
LAST_ATTEMPT = timedelta(seconds=70)


@dataclass
class Attempt:
    """One line of what was sent. A copy's outcome means nothing."""

    at: datetime
    letter: Letter
    copy: bool = False
    status: int | None = None
    over: bool = False

    def as_json(self) -> dict[str, Any]:
        letter = self.letter
        return {
            "at": clock.stamp(self.at),
            "prediction": letter.prediction.id,
            "event": letter.event.name,
            "attempt": letter.attempt,
            "url": letter.url,
            "status": self.status,
            "fault": letter.fault.kind if letter.fault else None,
        }


class Outbox:
    """Of each prediction's events only the next one is in the queue: a cancel may change those behind it."""

    def __init__(self) -> None:
        self._numbers, self._places = itertools.count(1), itertools.count()
        self.reset()

    def reset(self) -> None:
        """Forget everything. Numbers go on, so that an outcome that comes later meets nobody else's attempt."""
        self._queue: list[tuple[datetime, int, Letter]] = []
        self._next: dict[str, Letter] = {}
        self._told: dict[str, set[Event]] = {}
        self._attempts: dict[int, Attempt] = {}

    def plan(self, prediction: Prediction) -> None:
        """Line up what its webhook is told next, as things stand, instead of what stood in line."""
        self._next.pop(prediction.id, None)
        told = self._told.setdefault(prediction.id, set())
        event = next((event for event in events_of(prediction) if event not in told), None)
        if event is None:
            return
        due = prediction.reached(event.seconds)
        letter = Letter(prediction, event, f"msg_{new_id()}", last=due + LAST_ATTEMPT)
        self._next[prediction.id] = letter
        self._put(due, letter)

    def next_due(self) -> datetime | None:
        """When the next one is due; None when none is in the queue."""
        while self._queue and self._replaced(self._queue[0][2]):
            heapq.heappop(self._queue)
        return self._queue[0][0] if self._queue else None

    def take(self, now: datetime, faults: Faults, keys: list[str]) -> list[Delivery]:
        """The attempts that are due, in that order."""
        taken: list[Delivery] = []
        while (due := self.next_due()) is not None and due <= now:
            letter = heapq.heappop(self._queue)[2]
            if letter.fresh:
                self._told[letter.prediction.id].add(letter.event)
                self.plan(letter.prediction)
            fault = letter.fault or self._hit(letter, faults)
            if fault and fault.kind == "late" and letter.fault is None:
                pause = timedelta(seconds=fault.get("seconds"))
                self._put(due + pause, replace(letter, fault=fault, last=letter.last + pause))
            else:
                taken += self._attempt(replace(letter, fault=fault), now, keys)
        return taken

    def settle(self, number: int, status: int | None, now: datetime) -> None:
        """Write down what became of an attempt, and line up the next one if it takes one."""
        attempt = self._attempts.get(number)
        if attempt is None or attempt.over:
            return
        attempt.status, attempt.over = status, True
        letter = attempt.letter
        again = now + timedelta(seconds=2 ** (letter.attempt - 1))
        if letter.event.name == RETRIED and not attempt.copy and not _is_taken(status) and again <= letter.last:
            self._put(again, replace(letter, attempt=letter.attempt + 1, fault=None))

    def sent(self, model: str | None) -> int:
        """How many attempts went out, for one model's predictions or for all."""
        return sum(
            not attempt.letter.lost and model in (None, attempt.letter.prediction.model)
            for attempt in self._attempts.values()
        )

    def as_json(self) -> list[dict[str, Any]]:
        return [attempt.as_json() for attempt in self._attempts.values()]

    def _attempt(self, letter: Letter, now: datetime, keys: list[str]) -> list[Delivery]:
        """Write an attempt down, and its copies; what is to be sent of it."""
        copies = letter.fault.get("copies", 1) if letter.fault and letter.fault.kind == "duplicate" else 0
        numbers = [next(self._numbers) for _ in range(1 + copies)]
        for number in numbers:
            self._attempts[number] = Attempt(now, letter, copy=number != numbers[0])
        if letter.lost:
            return []
        delivery = delivery_of(letter, numbers[0], now, keys)
        return [replace(delivery, number=number) for number in numbers]

    def _hit(self, letter: Letter, faults: Faults) -> Fault | None:
        return faults.hit(WEBHOOK, letter.prediction.model, letter.prediction.id, letter.event.name)

    def _replaced(self, letter: Letter) -> bool:
        return letter.fresh and letter is not self._next.get(letter.prediction.id)

    def _put(self, due: datetime, letter: Letter) -> None:
        heapq.heappush(self._queue, (due, next(self._places), letter))


def _is_taken(status: int | None) -> bool:
    return status is not None and 200 <= status < 300
