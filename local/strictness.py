"""Where moto's Step Functions takes what AWS refuses, or does less than AWS: one patch for each difference.

The patches are for good: the threads of a run outlive whoever started it. One whose target is gone after an upgrade
of moto fails in `apply`.
"""

import functools
import threading
import time
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from moto.core.exceptions import AWSError
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import TimeoutSecondsPath
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.seconds_path import SecondsPath
from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackConsumerTimeout, CallbackPoolManager
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped, ProgramTimedOut
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

Patch = Callable[..., Any]

listeners: set[Callable[[Any], None]] = set()
"""Told of every execution that has ended, once."""

_RUNTIME = StatesErrorName(typ=StatesErrorNameType.StatesRuntime)
_ENDS = {
    HistoryEventType.ExecutionSucceeded,
    HistoryEventType.ExecutionFailed,
    HistoryEventType.ExecutionAborted,
    HistoryEventType.ExecutionTimedOut,
}
_STOP_LOOKS_EVERY = 0.01

_patches: list[tuple[type, str, Patch]] = []
_ending = threading.RLock()
_over: WeakSet[Any] = WeakSet()
"""Histories that have their end, and the branches of one whose task is over."""


@functools.cache
def apply() -> None:
    """Put the patches in place. A second call changes nothing."""
    for owner, name, patch in _patches:
        setattr(owner, name, _around(getattr(owner, name), patch))


def _around(original: Any, patch: Patch) -> Any:
    @functools.wraps(original)
    def run(self: Any, *args: Any, **options: Any) -> Any:
        return patch(original, self, *args, **options)

    return run


def _patches_of(owner: type, *names: str) -> Callable[[Patch], Patch]:
    def register(patch: Patch) -> Patch:
        _patches.extend((owner, name, patch) for name in names)
        return patch

    return register


@_patches_of(SecondsPath, "_validate_seconds_value")
def _wait_is_whole_seconds(original: Patch, self: Any, env: Any, seconds: Any) -> None:
    """A wait of true is not a number: moto takes it for 1."""
    if isinstance(seconds, bool):
        raise _runtime_error(env, f"The SecondsPath parameter cannot be parsed as a long value: {seconds}")
    original(self, env=env, seconds=seconds)


@_patches_of(TimeoutSecondsPath, "_eval_seconds")
def _timeout_is_whole_seconds(original: Patch, self: Any, env: Any) -> int:
    """A time-out is a whole number from 1: moto takes fractions, 0, negative numbers, and text for a passing fault."""
    try:
        seconds = original(self, env=env)
    except (TypeError, ValueError):
        seconds = None
    if type(seconds) is not int or seconds < 1:
        raise _runtime_error(env, "The TimeoutSecondsPath parameter does not reference a positive integer")
    return seconds


@_patches_of(ExecutionState, "_from_error")
def _runtime_errors_are_final(original: Patch, self: Any, env: Any, ex: Exception) -> Any:
    """No Retry and no Catch sees States.Runtime, States.ALL included: moto retries it."""
    if isinstance(ex, NoSuchJsonPathError):
        raise ex
    failure = original(self, env=env, ex=ex)
    if isinstance(ex, FailureEventException) and failure.error_name == _RUNTIME:
        raise ex
    return failure


@_patches_of(Execution, "stop")
def _stop_ends_at_once(_: Patch, self: Any, stop_date: Any, error: str | None, cause: str | None) -> None:
    """A stopped run is ABORTED at once: moto lets the state that it is in go on, and reports what came of that."""
    while self.stop_date is None:
        env = self.exec_worker.env
        if env is not None:
            # So that its threads cannot fail it in between.
            with env._state_mutex:  # noqa: SLF001
                env.set_stop(stop_date=stop_date, error=error, cause=cause)
                if isinstance(env.program_state(), ProgramStopped):
                    self.exec_worker._execution_communication.terminated()  # noqa: SLF001
                    return
        # It is about to begin, or about to end by itself.
        time.sleep(_STOP_LOOKS_EVERY)


@_patches_of(BaseExecutionWorkerCommunication, "terminated")
def _end_is_told_once(original: Patch, self: Any) -> None:
    """An end is final and told to those who listen: moto tells nobody, and ends a run again when its threads wake."""
    execution = self.execution
    with _ending:
        if execution.stop_date is not None:
            return
        _write_end(execution.exec_worker.env)
        original(self)
    for endpoint in list(execution.exec_worker.env.callback_pool_manager._pool.values()):  # noqa: SLF001
        endpoint.report(CallbackConsumerTimeout())
        endpoint.interrupt_all()
    for tell in list(listeners):
        tell(execution)


@_patches_of(EventManager, "add_event")
def _nothing_follows_an_end(
    original: Patch, self: Any, context: Any, event_type: HistoryEventType, *args: Any, **options: Any
) -> int:
    """A history ends with the run, a task in it with its time-out: moto writes down whatever happens later."""
    with _ending:
        if context in _over or self in _over:
            last: int = context.last_published_event_id
            return last
        if event_type in _ENDS:
            _over.add(self)
        written: int = original(self, context, event_type, *args, **options)
        return written


@_patches_of(Environment, "close_frame")
def _late_answers_are_dropped(original: Patch, self: Any, frame: Any) -> None:
    """The frame of a task is closed when the task is over, though the function behind it may go on."""
    original(self, frame)
    with _ending:
        _over.add(frame.event_history_context)


@_patches_of(ExecutionState, "_evaluate_with_timeout")
def _token_is_for_one_attempt(original: Patch, self: Any, env: Any) -> None:
    """A token is as good as its attempt: moto uses one for all attempts, and takes it long after the task is over."""
    context, pool = env.states.context_object, env.callback_pool_manager
    token = context.context_object_data.get("Task", {}).get("Token")
    if token is None:
        original(self, env)
        return
    if pool.get(token).consumer_error:
        token = context.update_task_token()
        pool.add(token)
    try:
        original(self, env)
    finally:
        pool.get(token).report(CallbackConsumerTimeout())


@_patches_of(CallbackPoolManager, "notify", "heartbeat")
def _dead_token_is_refused(original: Patch, self: Any, callback_id: str, *args: Any, **options: Any) -> bool:
    """A token works once: moto takes it again, and breaks on one that is over."""
    endpoint = self.get(callback_id)
    if endpoint and (endpoint.consumer_error or endpoint.get_outcome()):
        raise AWSError("Task Timed Out: 'Provided task does not exist anymore'", "TaskTimedOut")
    taken: bool = original(self, callback_id, *args, **options)
    return taken


@_patches_of(StepFunctionsParserBackend, "_get_executions")
def _ended_runs_know_their_tokens(original: Patch, self: Any, _: Any = None) -> list[Any]:
    """The token of an ended run is dead, not unknown, as moto says; and moto breaks on a run that has not begun."""
    return [execution for execution in original(self) if execution.exec_worker and execution.exec_worker.env]


def _write_end(env: Any) -> None:
    """The threads of a run that was stopped or timed out would write this line only when they wake."""
    state = env.program_state()
    if isinstance(state, ProgramStopped):
        env.event_history_context.source_event_id = 0
        details = {"executionAbortedEventDetails": {"error": state.error, "cause": state.cause}}
        env.event_manager.add_event(env.event_history_context, HistoryEventType.ExecutionAborted, details)
    elif isinstance(state, ProgramTimedOut):
        details = {"executionTimedOutEventDetails": {}}
        env.event_manager.add_event(env.event_history_context, HistoryEventType.ExecutionTimedOut, details)


def _runtime_error(env: Any, cause: str) -> FailureEventException:
    details: Any = {"executionFailedEventDetails": {"error": _RUNTIME.error_name, "cause": cause}}
    return FailureEventException(FailureEvent(env, _RUNTIME, HistoryEventType.ExecutionFailed, details))
