"""One real thread, many tasks, virtual time: who goes on next is decided by a chooser, and by nothing else.

A task runs until it sleeps or waits. Time stands still while it runs, and jumps to the next moment at which somebody
wakes up when nobody has anything to do.
"""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from greenlet import getcurrent, greenlet

from tests.world.chooser import Chooser, Seeded
from tests.world.turns import Death, Flag, Task, Turn

BEGIN = datetime(2026, 11, 21, 10, 0, 0, tzinfo=UTC)
SECOND = 1_000_000
"""Time is counted in whole microseconds: sums of fractions would make ties depend on their order."""


class Hub:
    """Time, and whose turn it is. It is a `lumeo.clock.Clock`."""

    def __init__(self, chooser: Chooser | None = None) -> None:
        self.chooser = chooser or Seeded(0)
        self.task: Task | None = None
        self.tasks: set[Task] = set()
        self.turns = 0
        self._micros = 0
        self._heap: list[tuple[int, int, Turn]] = []
        self._serial = 0
        self._spawned = 0
        self._home = getcurrent()
        self._failed: list[BaseException] = []

    # Time

    def now(self) -> datetime:
        return BEGIN + timedelta(microseconds=self._micros)

    def elapsed(self) -> float:
        """Seconds since the beginning: a monotonic clock."""
        return self._micros / SECOND

    def sleep(self, seconds: float) -> None:
        """Let the others go on; from outside of all tasks, let them go on for that long."""
        if self.task is None:
            self.run(lambda: False, seconds)
        else:
            self.park(seconds)

    def call_later(self, seconds: float, act: Callable[[], None]) -> Turn:
        """Do something that neither sleeps nor waits, at its time, unless it is cancelled."""
        return self._at(seconds, Turn(None, act))

    # Tasks

    def spawn(self, work: Callable[[], Any], name: str, *, function: str = "", after: float = 0) -> Task:
        """Begin a task. What it raises is for whoever joins it; with nobody there it ends the run."""
        self._spawned += 1
        task = Task(name, self._spawned, function, ended=Flag(self))
        task._line = greenlet(lambda: self._work(task, work), self._home)
        self.tasks.add(task)
        self._schedule(task, after)
        return task

    def join(self, task: Task, seconds: float | None = None) -> Any:
        """A task's result; raises what it raised, and TimeoutError if it is not over in time."""
        assert task.ended
        if not task.ended.wait(seconds):
            raise TimeoutError(f"{task.name} goes on")
        if task.error is not None:
            error, task.error = task.error, None
            if error in self._failed:
                self._failed.remove(error)
            raise error
        return task.result

    def kill(self, task: Task) -> None:
        """Let a task die where it stands: it makes no further call, whatever its `finally` clauses say."""
        if task.done or task.killed:
            return
        task.killed = True
        for thread in task.threads:
            self.kill(thread)
        if task is self.task:
            raise Death
        if task._turn:
            task._turn.cancel()
        assert task._line is not None
        if task._line:  # has begun
            self._at(0, Turn(None, lambda: self._throw(task)))
        else:
            self._end(task)

    def run(self, until: Callable[[], bool], seconds: float | None = None) -> None:
        """Let the tasks go on until something holds, nothing is left to do, or that much time has passed."""
        assert self.task is None, "a task waits; it does not run the others"
        end = None if seconds is None else self._micros + round(seconds * SECOND)
        while not until():
            turn = self._next(end)
            if turn is None:
                self._micros = max(self._micros, end or 0)
                return
            self.turns += 1
            turn.act()
            if self._failed:
                raise self._failed.pop()

    def do(self, work: Callable[[], Any], name: str) -> Any:
        """The result of some work, as a task unless this is one."""
        return work() if self.task else self.join(self.spawn(work, name))

    def idle(self, ignored: Callable[[Task], bool] = lambda _: False) -> bool:
        """Whether no task is left, but for those that do not count."""
        return all(ignored(task) for task in self.tasks)

    def close(self) -> None:
        """End every task."""
        for task in list(self.tasks):
            task.killed = True
            if task._line:
                self._throw(task)
            self.tasks.discard(task)
        self._heap.clear()

    # What tasks wait with

    def park(self, seconds: float | None = None) -> None:
        """Wait until somebody wakes this task, or so long."""
        task = self.task
        assert task, "only a task waits"
        if task.killed:
            raise Death
        if seconds is not None:
            self._schedule(task, seconds)
        self._home.switch()
        if task.killed:
            raise Death

    def wake(self, task: Task) -> None:
        if not task.done and not task.killed:
            if task._turn:
                task._turn.cancel()
            self._schedule(task, 0)

    # Inside

    def _schedule(self, task: Task, seconds: float) -> None:
        task._turn = self._at(seconds, Turn(task, lambda: self._switch(task)))

    def _at(self, seconds: float, turn: Turn) -> Turn:
        self._serial += 1
        heapq.heappush(self._heap, (self._micros + max(0, round(seconds * SECOND)), self._serial, turn))
        return turn

    def _next(self, end: int | None) -> Turn | None:
        """The next turn, chosen among those that are due at the same moment."""
        heap = self._heap
        while heap and not heap[0][2].due:
            heapq.heappop(heap)
        if not heap or (end is not None and heap[0][0] > end):
            return None
        moment = heap[0][0]
        tied = []
        while heap and heap[0][0] == moment:
            entry = heapq.heappop(heap)
            if entry[2].due:
                tied.append(entry)
        chosen = self.chooser.pick([turn for _, _, turn in tied])
        for n, entry in enumerate(tied):
            if n != chosen:
                heapq.heappush(heap, entry)
        self._micros = moment
        return tied[chosen][2]

    def _switch(self, task: Task) -> None:
        task._turn = None
        self.task = task
        try:
            assert task._line is not None
            task._line.switch()
        finally:
            self.task = None

    def _throw(self, task: Task) -> None:
        self.task = task
        try:
            assert task._line is not None
            task._line.throw(Death)
        finally:
            self.task = None

    def _work(self, task: Task, work: Callable[[], Any]) -> None:
        try:
            task.result = work()
        except Death:
            task.killed = True
        except BaseException as error:  # noqa: BLE001 (given to whoever joins)
            assert task.ended
            if not task.killed:
                task.error = error
                self._failed += [] if task.ended._waiting else [error]
        self._end(task)

    def _end(self, task: Task) -> None:
        task.done = True
        task._line = None
        self.tasks.discard(task)
        assert task.ended
        task.ended.raise_it()
