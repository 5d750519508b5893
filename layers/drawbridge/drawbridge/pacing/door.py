"""The door of a function that works off a queue: it reads messages, has them worked on, and completes their tasks.

Whatever happens to it, no task is lost and none stops another:

- What AWS is not done with goes back as a new message that is hidden for a while. So a message that is received a
  second time is one whose function was killed, or that SQS or Step Functions would not take the answer of.
- Such a message is worked on by itself, after all others; after ``MOST_RECEIPTS`` its task fails, and it goes.
- A function may be killed after each of its calls: then a task may be worked on again, as each step is safe to be.
  A task that is over is nobody's error.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, assert_never

from msgspec import Struct, field

from drawbridge.errors import DrawbridgeError, NotReadyError, SlotNotDueError, ThrottledError, UpstreamError
from drawbridge.hint.batch import DeadLetters
from drawbridge.observability import logger
from drawbridge.pacing.task import (
    Input,
    Looked,
    Task,
    UnknownFormError,
    UnreadableTaskError,
    handed_on,
    looked_at,
    parse,
)
from drawbridge.parsing import UnreadableError, read_value

MARGIN = 10.0
"""Seconds before the function's end, in which what was begun is answered and the rest goes back."""

MOST_RECEIPTS = 5
"""Of a message whose task never got an answer."""

PROMISE = {
    NotReadyError.__name__: timedelta(minutes=25),
    ThrottledError.__name__: timedelta(minutes=30),
    # Of what is decided again and again.
    "DecisionOutdated": timedelta(minutes=25),
}
"""How long AWS is waited for: as long as the definitions' ``retryStep`` does where there is no queue."""

_WAITS = (5, 8, 13, 21, 34, 55, 60)
"""Seconds until a task is looked at again, by how often it was."""
_LONGEST_WAIT = 900
"""SQS's."""


class TaskDone(Struct, frozen=True):
    """A task is done."""

    output: object


class TaskFailed(Struct, frozen=True):
    """A task failed, with the name of one of our errors, and its words: the definition's Retry and Catch go by them."""

    error: str
    words: str

    @classmethod
    def by(cls, error: DrawbridgeError) -> "TaskFailed":
        return cls(type(error).__name__, str(error))


class Again(Struct, frozen=True):
    """AWS is not done with it, or asks to be asked later: it is looked at again."""

    words: str
    after: float | None = None
    """Seconds; more and more of them, if AWS does not say."""
    error: str = NotReadyError.__name__
    """What it fails with if that goes on for too long."""


class NotYet(Struct, frozen=True):
    """It is not its turn yet, which is no matter of AWS: it comes back then, however often."""

    after: float
    """Seconds."""


class HandOn(Struct, frozen=True):
    """What is left to do of it is another queue's, which gets the token."""

    input: object


Outcome = TaskDone | TaskFailed | Again | NotYet | HandOn

Work = Callable[[Sequence[Task[Input]]], Iterable[tuple[Task[Input], Outcome]]]
"""Works on tasks of one batch, and gives each its outcome as soon as there is one. It is closed when time is up."""


class TaskCompletion(Protocol):
    """Completes tasks; each call tells whether the task still waited for it."""

    def succeed(self, token: str, output: object) -> bool: ...

    def fail(self, token: str, error: str, words: str) -> bool: ...


class Outgoing(Struct, frozen=True):
    """A message to send."""

    body: str
    delay: int = 0
    """Seconds until anybody receives it."""
    group: str | None = None
    """Whose it is: SQS puts nobody's messages behind those of one who has sent very many."""


class WorkQueue(Protocol):
    """A queue of tasks."""

    def send(self, messages: Sequence[Outgoing]) -> list[bool]:
        """Send messages; return of each whether SQS took it."""
        ...

    def receive(self, most: int) -> list[dict[str, Any]]:
        """Receive what is there, in the form that Lambda hands it over in."""
        ...

    def delete(self, receipts: Sequence[str]) -> None:
        """Delete messages that were received; what SQS does not delete comes again."""
        ...


class Ports(Struct, frozen=True):
    """What a door works with."""

    callback: TaskCompletion
    queue: WorkQueue
    dead_letters: Callable[[], DeadLetters]
    now: Callable[[], datetime]
    time_left: Callable[[], float]
    """Seconds until Lambda kills the function."""
    next_queue: WorkQueue | None = None
    """Where ``HandOn`` leads."""


class _Received(Struct, frozen=True, rename="camel"):
    message_id: str
    receipt_handle: str
    body: str
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def receipts(self) -> int:
        """How often it was received, this time among them."""
        said = str(self.attributes.get("ApproximateReceiveCount", ""))
        return int(said) if said.isascii() and said.isdecimal() and len(said) < len("1000000") else 1


def work_through(
    event: Mapping[str, Any], kind: type[Input], work: Work[Input], ports: Ports, *, most: int = 0
) -> dict[str, Any]:
    """Work off the messages of an event; return those that are to come again, in the form that Lambda asks for.

    With ``most``, a full batch is filled up from the queue to as many: a longer list costs AWS's budget no more. What
    was received so is deleted here.
    """
    door = _Door(kind, work, ports)
    records = [*_records(event)]
    door.read(records)
    if most > len(records) >= _FULL:
        door.read_more(most - len(records))
    try:
        door.run()
    finally:
        # Of an error that nobody foresaw too: what is answered does not come again.
        door.delete_own()
    return {"batchItemFailures": [{"itemIdentifier": each} for each in door.unanswered()]}


_FULL = 10
"""Messages that Lambda hands over at most, without a window."""


def _records(event: Mapping[str, Any]) -> Iterator[Any]:
    records = event.get("Records")
    yield from records if isinstance(records, list) else ()


class _Door(Generic[Input]):
    def __init__(self, kind: type[Input], work: Work[Input], ports: Ports) -> None:
        self._kind = kind
        self._work = work
        self._ports = ports
        self._received: dict[str, _Received] = {}
        self._own: set[str] = set()
        self._answered: set[str] = set()
        self._deleted: set[str] = set()
        self._tasks: dict[str, Task[Input]] = {}

    def read(self, records: Iterable[Any]) -> None:
        for record in records:
            try:
                received = read_value(record, _Received)
            except UnreadableError as error:
                self._bury(repr(record), str(error))
                continue
            self._received[received.message_id] = received
            try:
                self._read_task(received)
            except DrawbridgeError as error:
                logger.error("task not answered", extra={"message_id": received.message_id, "reason": str(error)})

    def read_more(self, most: int) -> None:
        """Receive more messages; that none can be had stops nothing."""
        try:
            records = self._ports.queue.receive(most)
        except DrawbridgeError as error:
            logger.warning("no more messages", extra={"reason": str(error)})
            return
        known = {*self._received}
        self.read(records)
        self._own = self._received.keys() - known

    def run(self) -> None:
        """Work on those that come for the first time together, then on each of the others by itself."""
        first = [task for task in self._tasks.values() if self._received[task.message_id].receipts == 1]
        others = [task for task in self._tasks.values() if self._received[task.message_id].receipts > 1]
        if first:
            self._run(sorted(first, key=lambda task: task.order))
        # Whichever of them kills the function: those that are before it this time are behind it the next.
        receipts = max((self._received[task.message_id].receipts for task in others), default=0)
        for task in sorted(others, key=lambda task: task.message_id, reverse=receipts % 2 == 1):
            self._delete(self._answered)
            self._run([task])

    def delete_own(self) -> None:
        """Delete what was answered, of the messages that Lambda knows nothing of."""
        self._delete(self._answered & self._own)

    def unanswered(self) -> list[str]:
        return [each for each in self._received if each not in self._answered | self._own]

    def _read_task(self, received: _Received) -> None:
        try:
            message = parse(received.body, self._kind)
        except UnreadableTaskError as error:
            logger.error("task broken", extra={"message_id": received.message_id, "reason": str(error)})
            if error.token is not None:
                self._ports.callback.fail(error.token, "InvalidInputError", str(error))
            self._bury(received.body, str(error))
            self._answered.add(received.message_id)
            return
        except UnknownFormError as error:
            self._fail(received.message_id, error.token, TaskFailed(UpstreamError.__name__, str(error)))
            return
        task = Task(message, received.message_id, received.body)
        if received.receipts > MOST_RECEIPTS:
            words = f"worked on {received.receipts - 1} times, and never to an end: the function's log says why"
            self._fail(task.message_id, task.token, TaskFailed(UpstreamError.__name__, words))
            return
        self._tasks[task.message_id] = task

    def _bury(self, body: str, reason: str) -> None:
        self._ports.dead_letters().send(body, reason)

    def _run(self, tasks: Sequence[Task[Input]]) -> None:
        """Work on tasks, and answer each; what there is no time for goes back."""
        left = {task.message_id: task for task in tasks}
        to_send: list[_ToSend] = []
        try:
            with closing(_iterated(self._work(tasks))) as outcomes:
                while left and self._ports.time_left() > MARGIN:
                    task, outcome = next(outcomes, (None, None))
                    if task is None or outcome is None:
                        break
                    if left.pop(task.message_id, None) is not None:
                        to_send += self._answer(task, outcome)
        except DrawbridgeError as error:
            of_all = outcome_by(error)
            for task in left.values():
                to_send += self._answer(task, of_all)
            left = {}
        except Exception:
            # Nobody foresaw it: those that have no answer come again, each by itself.
            self._send(to_send)
            self._delete(self._answered)
            raise
        self._send([*to_send, *(self._sent_back(task, task.message.looked, 0) for task in left.values())])

    def _answer(self, task: Task[Input], outcome: Outcome) -> "list[_ToSend]":
        """Complete a task, or return the message that it goes on with."""
        match outcome:
            case TaskDone():
                self._complete(task.message_id, lambda: self._ports.callback.succeed(task.token, outcome.output))
            case TaskFailed():
                self._fail(task.message_id, task.token, outcome)
            case HandOn():
                return [self._handed_on(task, outcome)]
            case NotYet():
                return [self._sent_back(task, task.message.looked, _delay(1, outcome.after))]
            case Again():
                now = self._ports.now()
                before = task.message.looked
                if before and now - before.since >= PROMISE.get(outcome.error, timedelta()):
                    self._fail(task.message_id, task.token, TaskFailed(outcome.error, outcome.words))
                    return []
                looked = Looked(before.since, before.times + 1) if before else Looked(now, 1)
                return [self._sent_back(task, looked, _delay(looked.times, outcome.after))]
            case _:
                assert_never(outcome)
        return []

    def _fail(self, message_id: str, token: str, failed: TaskFailed) -> None:
        self._complete(message_id, lambda: self._ports.callback.fail(token, failed.error, failed.words))

    def _complete(self, message_id: str, complete: Callable[[], bool]) -> None:
        """Complete a task; one that can't be now comes again."""
        try:
            if not complete():
                logger.info("task is over", extra={"message_id": message_id})
        except DrawbridgeError as error:
            logger.error("task not completed", extra={"message_id": message_id, "reason": str(error)})
            return
        self._answered.add(message_id)

    def _sent_back(self, task: Task[Input], looked: Looked | None, delay: int) -> "_ToSend":
        message = Outgoing(looked_at(task.body, looked), delay, task.account)
        return _ToSend(task.message_id, self._ports.queue, message)

    def _handed_on(self, task: Task[Input], outcome: HandOn) -> "_ToSend":
        queue = self._ports.next_queue
        if queue is None:
            raise TypeError("there is no queue to hand it on to")
        return _ToSend(task.message_id, queue, Outgoing(handed_on(task.body, outcome.input), 0, task.account))

    def _send(self, to_send: "Sequence[_ToSend]") -> None:
        """Send the messages that tasks go on with; what SQS does not take comes again as it is."""
        for queue in {id(each.queue): each.queue for each in to_send}.values():
            of_queue = [each for each in to_send if each.queue is queue]
            try:
                sent = queue.send([each.message for each in of_queue])
            except DrawbridgeError as error:
                logger.error("tasks not sent", extra={"number": len(of_queue), "reason": str(error)})
                continue
            self._answered |= {each.message_id for each, is_sent in zip(of_queue, sent, strict=True) if is_sent}

    def _delete(self, message_ids: Iterable[str]) -> None:
        """Delete messages before Lambda does; that it fails is nothing: their tasks are over."""
        ids = sorted({*message_ids} - self._deleted)
        if not ids:
            return
        self._deleted |= {*ids}
        try:
            self._ports.queue.delete([self._received[each].receipt_handle for each in ids])
        except DrawbridgeError as error:
            logger.warning("messages not deleted", extra={"number": len(ids), "reason": str(error)})


class _ToSend(Struct, frozen=True):
    """The message that a task goes on with, and where."""

    message_id: str
    queue: Any
    message: Outgoing


def _iterated(outcomes: Iterable[tuple[Task[Input], Outcome]]) -> Any:
    """Return a generator of the outcomes, which ends with the one that it takes them from."""
    yield from outcomes


def outcome_by(error: DrawbridgeError) -> Again | NotYet | TaskFailed:
    """Return the outcome of a task whose work came to an error: what AWS is only not done with comes again."""
    if isinstance(error, SlotNotDueError):
        return NotYet(error.after or 0.0)
    if isinstance(error, NotReadyError | ThrottledError):
        return Again(str(error), error.after if isinstance(error, ThrottledError) else None, type(error).__name__)
    return TaskFailed.by(error)


def _delay(times: int, after: float | None) -> int:
    if after is None:
        return _WAITS[min(times, len(_WAITS)) - 1]
    return min(max(math.ceil(after), 1), _LONGEST_WAIT)
