"""The tasks that wait for an answer, in memory; ``aws.task_callback.TaskCallback`` completes them in Step Functions."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from drawbridge.approval import Approval
from tests.fakes.interruptions import CrashError


@dataclass
class InMemoryCallback:
    """Tasks that each wait until they are completed."""

    waits: bool = True
    """Whether there is a task that waits at all."""
    stopped: int = 0
    """How many calls kill the function before they reach their task."""
    completed: list[tuple[str, Approval]] = field(default_factory=list)
    """The tokens of the tasks, each with its answer."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def complete(self, token: str, approval: Approval) -> bool:
        with self._lock:
            if self.stopped:
                self.stopped -= 1
                raise CrashError
            if not self.waits or token in {each for each, _ in self.completed}:
                return False
            self.completed.append((token, approval))
            return True
