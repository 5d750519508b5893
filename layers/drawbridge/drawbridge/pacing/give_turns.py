"""Giving turns: the worker of the queue of those who wait for their turn."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from drawbridge.errors import InvalidInputError, ThrottledError
from drawbridge.pacing.budget import Budgets
from drawbridge.pacing.defaults import ALLOWED
from drawbridge.pacing.door import MARGIN, Again, NotYet, Outcome, TaskDone, TaskFailed
from drawbridge.pacing.task import Task
from drawbridge.pacing.turn import AwaitTurn, Turn

_EARLY = 2.0
"""Seconds that are left to complete the task in."""


def give_turns(
    tasks: Sequence[Task[AwaitTurn]],
    budgets: Budgets,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    time_left: Callable[[], float],
) -> Iterator[tuple[Task[AwaitTurn], Outcome]]:
    """Reserve a slot for each task, sleep until it has come, and say so.

    What the function has no time to wait for is waited out in the queue, and no slot is reserved before: a pause, which
    is everybody's, or the budget of somebody who wrote a very small one.
    """
    for task in tasks:
        wanted = task.input
        if wanted.of not in ALLOWED:
            yield (
                task,
                TaskFailed.by(InvalidInputError(f"turn: of is {wanted.of[:100]!r}; there are {', '.join(ALLOWED)}")),
            )
            continue
        if wanted.throttled and task.message.looked is None:
            # It is one throttle, however often it is looked at until its pause is over.
            budgets.pause(wanted.of, wanted.after, wanted.throttled)
        found = budgets.reserve_if_idle(wanted.of, 1, within=max(time_left() - MARGIN - _EARLY, 0.0))
        if isinstance(found, datetime):
            wait = (found - now()).total_seconds()
            yield task, Again(wanted.throttled, wait, ThrottledError.__name__) if wanted.throttled else NotYet(wait)
            continue
        slot = found.last
        if (wait := (slot - now()).total_seconds()) > 0:
            sleep(wait)
        yield task, TaskDone(Turn(wanted.of, slot))
