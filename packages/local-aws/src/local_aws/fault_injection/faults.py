"""The faults in force on the local AWS: of events and of AWS calls."""

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
    OF_LISTINGS,
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
"""With ``reorder``, the most seconds for which an event is held back, at random, so that others may overtake it."""


@dataclass(frozen=True)
class Fate:
    """The fate of one event: how many copies arrive, and after how many seconds."""

    copies: int = 1
    delay: float = 0.0


class Force:
    """A plan in force: what remains of it, and how often its faults have struck."""

    def __init__(self, plan: FaultPlan) -> None:
        self.plan = plan
        self._lock = threading.Lock()
        self._random = random.Random(plan.seed)  # noqa: S311 - a seed has to repeat a run
        self._left = [fault.times for fault in plan.calls]
        self._skip = [fault.skip for fault in plan.calls]
        self._struck = [0 for _ in plan.calls]

    def struck(self, fault: CallFault | None = None) -> int:
        """Return how often the fault, or any fault, has struck a call; also after the plan has ended."""
        with self._lock:
            pairs = zip(self.plan.calls, self._struck, strict=True)
            return sum(count for planned, count in pairs if fault is None or planned == fault)

    def calls(self) -> tuple[CallFault, ...]:
        """Return the faults of calls with what remains of each."""
        with self._lock:
            remaining = zip(self.plan.calls, self._left, self._skip, strict=True)
            return tuple(replace(fault, times=left, skip=skip) for fault, left, skip in remaining)

    def describe(self) -> dict[str, Any]:
        """Return the faults in force in the form in which they are posted, and how often each call fault has struck."""
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
        """Return the first fault of these kinds that strikes the call, and use up one of its times."""
        with self._lock:
            for position, fault in enumerate(self.plan.calls):
                if fault.fault in kinds and _matches(fault, operation, account_id, role_name) and self._hits(position):
                    return fault
            return None

    def _hits(self, position: int) -> bool:
        """Return whether a fault that matches strikes; the lock is held."""
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
_ANY_CALL: frozenset[Kind] = frozenset(KINDS) - OF_FUNCTIONS - OF_LISTINGS - _LATER
_NONE: frozenset[Kind] = frozenset()


class Faults:
    """The plan in force. A new plan replaces the old one, with new random numbers."""

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
        """Have only these faults in force while the block runs, and the previous ones after it.

        Raises:
            InvalidInputError: one of them is not valid; they are checked as strictly as posted ones.
        """
        plan = parse(describe(FaultPlan(seed, events or EventFaults(), calls)))
        before, self._force = self._force, Force(plan)
        try:
            yield self._force
        finally:
            self._force = before

    def fate(self) -> Fate:
        """Return the fate of the next event."""
        return self._force.fate()

    def call_fault(
        self,
        operation: str,
        account_id: str = "",
        role_name: str | None = None,
        *,
        by_function: bool = False,
        of_listing: bool = False,
    ) -> CallFault | None:
        """Return the first fault that strikes a call, or None.

        Args:
            operation: ``service:Operation``.
            account_id: the caller's account.
            role_name: the caller's role; None is a person.
            by_function: whether a function's sandbox makes the call.
            of_listing: whether the operation answers with lists.
        """
        kinds = _ANY_CALL | (OF_FUNCTIONS if by_function else _NONE) | (OF_LISTINGS if of_listing else _NONE)
        return self._force.strike(operation, account_id, role_name, kinds=kinds)

    def fails_later(self, operation: str, account_id: str) -> bool:
        """Return whether a resource that the operation makes is to fail later, and use up one of the fault's times.

        A service calls it once for each resource that it creates.
        """
        return self._force.strike(operation, account_id, None, kinds=_LATER) is not None

    def describe(self) -> dict[str, Any]:
        """Return the faults in force in the form in which they are posted, and how often each call fault has struck."""
        return self._force.describe()


faults = Faults()
"""The faults in force in this process."""
