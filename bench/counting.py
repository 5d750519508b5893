"""What roles of one account did in a span of time, counted in the local AWS's process: no call is made for it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from local_aws.testing.functions import invoked
from local_aws.testing.record import record
from local_aws.testing.workflows import executions_of, transitions

THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded", "TooManyRequestsException"}
)


@dataclass
class Counted:
    """The counts, filled at the end of the span."""

    calls: Counter[str] = field(default_factory=Counter)
    """By operation, repeats by the SDK and calls of scheduled sweeps included."""
    throttled: Counter[str] = field(default_factory=Counter)
    by_persons: set[str] = field(default_factory=set)
    """The operations that persons in the account called meanwhile."""
    executions: int = 0
    transitions: int = 0
    invocations: int = 0
    seconds: float = 0.0
    """Of invocations; they compute on this machine, not on Lambda's."""


@contextmanager
def counted(account_id: str) -> Iterator[Counted]:
    """Count what the roles of an account do as long as the block runs."""
    found = Counted()
    before, known, invocations = _calls(account_id), set(executions_of(account_id)), invoked(account_id)
    try:
        yield found
    finally:
        now = _calls(account_id)
        found.calls, found.throttled = now[0] - before[0], now[1] - before[1]
        found.by_persons = {*(now[2] - before[2])}
        new = [each for each in executions_of(account_id) if each not in known]
        found.executions, found.transitions = len(new), sum(transitions(each) for each in new)
        after = invoked(account_id)
        found.invocations, found.seconds = after[0] - invocations[0], after[1] - invocations[1]


def _calls(account_id: str) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Return calls of roles by operation, those that were throttled, and calls of persons."""
    made: Counter[str] = Counter()
    throttled: Counter[str] = Counter()
    by_persons: Counter[str] = Counter()
    for each in record.counts():
        if each.account_id != account_id:
            continue
        if each.role is None:
            by_persons[each.operation] += each.calls
            continue
        made[each.operation] += each.calls
        throttled[each.operation] += sum(count for code, count in each.errors.items() if code in THROTTLED)
    return made, throttled, by_persons
