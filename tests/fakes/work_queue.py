"""A queue of tasks, and the tasks that wait, in memory; ``aws.work_queue`` and ``aws.task_callback`` are on AWS."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from drawbridge.pacing.door import Outgoing
from tests.builders import NOW
from tests.fakes.interruptions import CrashError

VISIBILITY = timedelta(seconds=120)


@dataclass
class World:
    """What time it is, and after how many calls the function is killed."""

    now: datetime = NOW
    calls: list[str] = field(default_factory=list)
    kill_after: int | None = None
    """A call's number, from one; negative for before it."""

    def call(self, name: str) -> None:
        self.calls.append(name)
        if self.kill_after == -len(self.calls):
            raise CrashError

    def called(self) -> None:
        if self.kill_after == len(self.calls):
            raise CrashError

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class _Kept:
    message: Outgoing
    visible_at: datetime
    receipts: int = 0


class InMemoryWorkQueue:
    """A queue with a visibility timeout."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._numbers = itertools.count(1)
        self.messages: dict[str, _Kept] = {}
        self.refused: set[str] = set()
        """Bodies' parts that SQS takes no message with."""

    def send(self, messages: Sequence[Outgoing]) -> list[bool]:
        self._world.call("send")
        sent = [not any(part in each.body for part in self.refused) for each in messages]
        for message in itertools.compress(messages, sent):
            self.put(message)
        self._world.called()
        return sent

    def receive(self, most: int) -> list[dict[str, Any]]:
        self._world.call("receive")
        received = self.received(most)
        self._world.called()
        return received

    def delete(self, receipts: Sequence[str]) -> None:
        self._world.call("delete")
        for each in receipts:
            self.messages.pop(each, None)
        self._world.called()

    def put(self, message: Outgoing) -> str:
        message_id = f"m{next(self._numbers):03}"
        self.messages[message_id] = _Kept(message, self._world.now + timedelta(seconds=message.delay))
        return message_id

    def received(self, most: int = 10) -> list[dict[str, Any]]:
        """Receive messages as Lambda does, which is no call of the function's."""
        found = [name for name, each in self.messages.items() if each.visible_at <= self._world.now][:most]
        for each in found:
            self.messages[each].visible_at = self._world.now + VISIBILITY
            self.messages[each].receipts += 1
        return [
            {
                "messageId": each,
                "receiptHandle": each,
                "body": self.messages[each].message.body,
                "attributes": {"ApproximateReceiveCount": str(self.messages[each].receipts)},
            }
            for each in found
        ]

    def settle(self, records: Sequence[dict[str, Any]], failures: dict[str, Any]) -> None:
        """Delete, as Lambda does, what a function reported nothing of."""
        failed = {each["itemIdentifier"] for each in failures["batchItemFailures"]}
        for record in records:
            if record["messageId"] not in failed:
                self.messages.pop(record["messageId"], None)


class InMemoryTasks:
    """Tasks that each wait until they are completed."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.over: set[str] = set()
        """Tokens of tasks that timed out."""
        self.succeeded: dict[str, object] = {}
        self.failed: dict[str, tuple[str, str]] = {}

    def succeed(self, token: str, output: object) -> bool:
        return self._complete("succeed", token, self.succeeded, output)

    def fail(self, token: str, error: str, words: str) -> bool:
        return self._complete("fail", token, self.failed, (error, words))

    def _complete(self, call: str, token: str, kept: dict[str, Any], what: object) -> bool:
        self._world.call(call)
        waits = token not in self.over | self.succeeded.keys() | self.failed.keys()
        if waits:
            kept[token] = what
        self._world.called()
        return waits


class InMemoryDeadLetters:
    """Where messages go that nobody can read."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.letters: list[tuple[str, str]] = []

    def send(self, body: str, reason: str) -> None:
        self._world.call("bury")
        self.letters.append((body, reason))
        self._world.called()
