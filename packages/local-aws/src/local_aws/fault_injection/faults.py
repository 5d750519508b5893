"""The faults that are in force on the local AWS: of events on their way, and of AWS calls."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from msgspec.structs import replace

from local_aws.fault_injection.plans import (
    KINDS,
    OF_FUNCTIONS,
    CallFault,
    EventFaults,
    FaultPlan,
    Kind,
    describe,
    parse,
)

__all__ = [
    "KINDS",
    "REORDER_SECONDS",
    "CallFault",
    "EventFaults",
    "Fate",
    "FaultPlan",
    "Faults",
    "Force",
    "Kind",
    "faults",
    "parse",
]

REORDER_SECONDS = 10.0
"""With ``reorder``, each event is held back by up to this long, at random, so that a later one may overtake it."""


@dataclass(frozen=True)
class Fate:
    """What becomes of one event: how many copies arrive, each so many seconds late."""

    copies: int = 1
    delay: float = 0.0


class Force:
    """A plan in force: what is left of it, and what it has done."""

    def __init__(self, plan: FaultPlan) -> None:
        self.plan = plan
        self._lock = threading.Lock()
        self._random = random.Random(plan.seed)  # noqa: S311 - a seed that repeats a run is the point
        self._left = [fault.times for fault in plan.calls]
        self._skip = [fault.skip for fault in plan.calls]
        self._struck = [0 for _ in plan.calls]

    def struck(self, fault: CallFault | None = None) -> int:
        """Return how often the fault, or any, has struck a call; what was put in force can be asked after it ended."""
        with self._lock:
            pairs = zip(self.plan.calls, self._struck, strict=True)
            return sum(count for planned, count in pairs if fault is None or planned == fault)

    def calls(self) -> tuple[CallFault, ...]:
        """Return the faults of calls with what remains of each."""
        with self._lock:
            rest = zip(self.plan.calls, self._left, self._skip, strict=True)
            return tuple(replace(fault, times=left, skip=skip) for fault, left, skip in rest)

    def describe(self) -> dict[str, Any]:
        """Return what is in force, in the form in which it is posted, and how often each fault of calls has struck."""
        described = describe(replace(self.plan, calls=self.calls()))
        with self._lock:
            for call, struck in zip(described["calls"], self._struck, strict=True):
                call["struck"] = struck
        return described

    def fate(self) -> Fate:
        with self._lock:
            events = self.plan.events
            if self._random.random() < events.drop:
                return Fate(copies=0)
            copies = 2 if self._random.random() < events.duplicate else 1
            held = self._random.uniform(0, REORDER_SECONDS) if events.reorder else 0.0
            return Fate(copies, events.delay + held)

    def strike(
        self, operation: str, account_id: str, role_name: str | None, *, kinds: frozenset[Kind]
    ) -> CallFault | None:
        """Return the first fault, of these kinds, that strikes this call; it counts as used up."""
        with self._lock:
            for position, fault in enumerate(self.plan.calls):
                if fault.fault in kinds and _matches(fault, operation, account_id, role_name) and self._hits(position):
                    return fault
            return None

    def _hits(self, position: int) -> bool:
        """Decide whether a fault that matches strikes; the lock is held."""
        left = self._left[position]
        if left == 0:
            return False
        if self._skip[position]:
            self._skip[position] -= 1
            return False
        if self._random.random() >= self.plan.calls[position].probability:
            return False
        if left is not None:
            self._left[position] = left - 1
        self._struck[position] += 1
        return True


def _matches(fault: CallFault, operation: str, account_id: str, role_name: str | None) -> bool:
    return (
        fnmatchcase(operation, fault.operation)
        and fault.account in {None, account_id}
        and (fault.role is None or (role_name is not None and fnmatchcase(role_name, fault.role)))
    )


_LATER: frozenset[Kind] = frozenset({"fails-later"})
_OF_ALL: frozenset[Kind] = frozenset(KINDS) - OF_FUNCTIONS - _LATER
_OF_CALLS_OF_FUNCTIONS: frozenset[Kind] = _OF_ALL | OF_FUNCTIONS


class Faults:
    """The plan in force. A new plan replaces the old one and starts its random numbers anew."""

    def __init__(self) -> None:
        self._force = Force(FaultPlan())

    @property
    def events(self) -> EventFaults:
        return self._force.plan.events

    @property
    def calls(self) -> tuple[CallFault, ...]:
        """Return the faults of calls with what remains of each."""
        return self._force.calls()

    def replace(self, plan: FaultPlan) -> Force:
        self._force = force = Force(plan)
        return force

    @contextmanager
    def injected(
        self, *calls: CallFault, events: EventFaults | None = None, seed: int | None = None
    ) -> Iterator[Force]:
        """Have these faults in force, and no others, as long as the block runs; then what was there goes on.

        Raises:
            InvalidInputError: one of them can't be; they are read as strictly as what is posted.
        """
        plan = parse(describe(FaultPlan(seed, events or EventFaults(), calls)))
        before, self._force = self._force, Force(plan)
        try:
            yield self._force
        finally:
            self._force = before

    def fate(self) -> Fate:
        """Decide what becomes of the next event."""
        return self._force.fate()

    def call_fault(
        self, operation: str, account_id: str = "", role_name: str | None = None, *, by_function: bool = False
    ) -> CallFault | None:
        """Decide what befalls a call, the first fault that strikes; ``by_function`` tells that a sandbox makes it."""
        kinds = _OF_CALLS_OF_FUNCTIONS if by_function else _OF_ALL
        return self._force.strike(operation, account_id, role_name, kinds=kinds)

    def fails_later(self, operation: str, account_id: str) -> bool:
        """Return whether what this operation makes in the account is to end in failure; that uses one of its times up.

        For a service to ask once when it creates something.
        """
        return self._force.strike(operation, account_id, None, kinds=_LATER) is not None

    def describe(self) -> dict[str, Any]:
        """Return what is in force, in the form in which it is posted, and how often each fault of calls has struck."""
        return self._force.describe()


faults = Faults()
"""What is in force in this process."""
