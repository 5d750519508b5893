"""Task tokens: each is answered once, or not at all."""

from __future__ import annotations

import base64
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local_aws.iam.calls.workflows import machines_of_tokens
from local_aws.time.clock import Due, clock
from local_aws.workflows.failures import HEARTBEAT_TIMEOUT, TIMEOUT, StateFailed

# As on AWS, tokens begin alike and have some 700 characters, too many for fields of short ids.
_BEGINNING = "AQCkAAAAKgAAAAMAAAAAAAAAA"
_RANDOM_BYTES = 510
_WELL_FORMED = re.compile(rf"{_BEGINNING}[A-Za-z0-9+/]{{{_RANDOM_BYTES * 4 // 3}}}")

TaskOutcome = Any | StateFailed


class InvalidToken(Exception):  # noqa: N818 - it says what the token is
    """The token is malformed or of another account."""


class UnknownToken(Exception):  # noqa: N818 - it says what the token is
    """The token is well formed but was never issued."""


class TaskOver(Exception):  # noqa: N818 - it says what the task is
    """The task has been answered, has timed out, or ended with its execution."""


@dataclass
class WaitingTask:
    """A task that waits for its token's holder."""

    token: str
    account_id: str
    state_machine_arn: str
    settle: Callable[[TaskOutcome], None]
    heartbeat: float | None = None
    """Seconds of the clock that may pass between heartbeats."""
    over: bool = False
    timeout_due: Due | None = None
    heartbeat_due: Due | None = None


_lock = threading.Lock()
_tasks: dict[str, WaitingTask] = {}


def issue(account_id: str, state_machine_arn: str, settle: Callable[[TaskOutcome], None]) -> WaitingTask:
    """Issue a token; ``settle`` is called once, with the output or the failure, from any thread."""
    token = _BEGINNING + base64.b64encode(secrets.token_bytes(_RANDOM_BYTES)).decode()
    task = WaitingTask(token, account_id, state_machine_arn, settle)
    with _lock:
        _tasks[token] = task
    return task


def expect(task: WaitingTask, timeout: float | None, heartbeat: float | None) -> None:
    """Start the task's time limits."""
    with _lock:
        task.heartbeat = heartbeat
        if timeout is not None:
            # In the background, so that waiting for quiet does not wait for it: a person's decision may take days.
            expire = _failing(task, TIMEOUT)
            task.timeout_due = clock.call_later(timeout, expire, background=True)
        _await_heartbeat(task)


def answer(token: str, account_id: str, outcome: TaskOutcome) -> None:
    """Settle the task; raise InvalidToken, UnknownToken or TaskOver."""
    with _lock:
        task = _open(token, account_id)
        _end(task)
    task.settle(outcome)


def state_machine_of(token: str) -> str | None:
    """Return the ARN of the state machine of the token's task, even if it is over; None if it is no token."""
    task = _tasks.get(token)
    return task.state_machine_arn if task else None


machines_of_tokens.append(state_machine_of)


def beat(token: str, account_id: str) -> None:
    """Record a heartbeat; raise InvalidToken, UnknownToken or TaskOver."""
    with _lock:
        _await_heartbeat(_open(token, account_id))


def withdraw(task: WaitingTask) -> None:
    """End the task by its execution: from now on its token gets TaskOver."""
    with _lock:
        _end(task)


def forget_all() -> None:
    with _lock:
        for task in _tasks.values():
            _end(task)
        _tasks.clear()


def _open(token: str, account_id: str) -> WaitingTask:
    task = _tasks.get(token)
    if task is None and _WELL_FORMED.fullmatch(token):
        raise UnknownToken
    # "The task token must be used from the same account" (API reference of SendTaskSuccess).
    if task is None or task.account_id != account_id:
        raise InvalidToken
    if task.over:
        raise TaskOver
    return task


def _end(task: WaitingTask) -> None:
    task.over = True
    for due in (task.timeout_due, task.heartbeat_due):
        if due is not None:
            due.cancel()


def _await_heartbeat(task: WaitingTask) -> None:
    if task.heartbeat_due is not None:
        task.heartbeat_due.cancel()
    if task.heartbeat is not None and not task.over:
        task.heartbeat_due = clock.call_later(task.heartbeat, _failing(task, HEARTBEAT_TIMEOUT), background=True)


def _failing(task: WaitingTask, error: str) -> Callable[[], None]:
    def expire() -> None:
        with _lock:
            if task.over:
                return
            _end(task)
        task.settle(StateFailed(error))

    return expire
