"""A function's own threads, as tasks of the hub: they take turns with all others, and die with the function."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any

from tests.world.hub import Hub
from tests.world.turns import Death, Flag


class Promise:
    """As much of a concurrent.futures.Future as functions use."""

    def __init__(self, hub: Hub, work: Callable[[], Any]) -> None:
        self.work = work
        self.done = Flag(hub)
        self.value: Any = None
        self.error: BaseException | None = None

    def result(self) -> Any:
        self.done.wait()
        if self.error:
            raise self.error
        return self.value


class Pool:
    """As much of a concurrent.futures.ThreadPoolExecutor, without threads."""

    def __init__(self, hub: Hub, max_workers: int) -> None:
        assert hub.task, "functions alone have threads"
        self._hub = hub
        self._owner = hub.task
        self._idle = max_workers
        self._waiting: deque[Promise] = deque()
        self._under_way: list[Promise] = []

    def submit(self, work: Callable[..., Any], *given: Any) -> Promise:
        promise = Promise(self._hub, lambda: work(*given))
        self._waiting.append(promise)
        self._begin()
        return promise

    def shutdown(self, *, cancel_futures: bool = False) -> None:
        while cancel_futures and self._waiting:
            promise = self._waiting.popleft()
            promise.error = CancelledError()
            promise.done.raise_it()
        for promise in self._under_way:
            promise.done.wait()

    def _begin(self) -> None:
        if self._waiting and self._idle:
            self._idle -= 1
            promise = self._waiting.popleft()
            self._under_way.append(promise)
            name = f"a thread of {self._owner.name}"
            task = self._hub.spawn(lambda: self._work(promise), name, function=self._owner.function)
            self._owner.threads.append(task)

    def _work(self, promise: Promise) -> None:
        try:
            promise.value = promise.work()
        except Death:
            # Nothing is left of a function one of whose threads has died.
            if self._hub.task:
                self._hub.task.killed = True
            self._hub.kill(self._owner)
            raise
        except BaseException as error:  # noqa: BLE001 (given to whoever asks for the result)
            promise.error = error
        self._idle += 1
        self._begin()
        promise.done.raise_it()
