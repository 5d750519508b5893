"""The tasks that wait for an answer, in memory; ``aws.task_callback.TaskCallback`` completes them in Step Functions."""

from __future__ import annotations

from dataclasses import dataclass, field

from drawbridge.approval import Approval


class KilledError(Exception):
    """The function was killed right here."""


@dataclass
class InMemoryCallback:
    """The task that waits. ``stopped`` is how many calls fail before they reach it."""

    waits: bool = True
    stopped: int = 0
    completed: list[tuple[str, Approval]] = field(default_factory=list)

    def complete(self, token: str, approval: Approval) -> bool:
        if self.stopped:
            self.stopped -= 1
            raise KilledError
        self.completed.append((token, approval))
        return self.waits
