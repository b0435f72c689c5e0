"""What a hub's time is made of: tasks, the turns that they take, and the flags that they wait for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from greenlet import greenlet

if TYPE_CHECKING:
    from tests.world.hub import Hub


class Death(BaseException):
    """A task's end in the middle of its work: nothing may catch it."""


class Stuck(AssertionError):
    """Something is waited for that will never come."""


@dataclass(eq=False, slots=True)
class Task:
    """One line of work. `function` is the Lambda function that it plays, `about` the call that it is about to make.

    `threads` are those that it has begun: they die with it.
    """

    name: str
    number: int
    function: str = ""
    about: Any = None
    done: bool = False
    killed: bool = False
    result: Any = None
    error: BaseException | None = None
    ended: "Flag | None" = None
    threads: "list[Task]" = field(default_factory=list)
    _line: greenlet | None = None
    _turn: "Turn | None" = None


@dataclass(eq=False, slots=True)
class Turn:
    """A moment at which a task goes on, or something is done."""

    task: Task | None
    act: Callable[[], None]
    due: bool = True

    @property
    def about(self) -> Any:
        """The external call that this turn begins with, or None."""
        return self.task.about if self.task else None

    def cancel(self) -> None:
        self.due = False


@dataclass(eq=False, slots=True)
class Flag:
    """Something that tasks wait for, once."""

    hub: "Hub"
    up: bool = False
    _waiting: list[Task] = field(default_factory=list)

    def raise_it(self) -> None:
        self.up = True
        waiting, self._waiting = self._waiting, []
        for task in waiting:
            self.hub.wake(task)

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it came within that time; None: for ever."""
        if self.up:
            return True
        if self.hub.task is None:
            self.hub.run(lambda: self.up, seconds)
            return self.up
        self._waiting.append(self.hub.task)
        try:
            self.hub.park(seconds)
        finally:
            if self.hub.task in self._waiting:
                self._waiting.remove(self.hub.task)
        return self.up
