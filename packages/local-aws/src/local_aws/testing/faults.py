"""Injected faults: AWS calls that fail, listings that lie, functions that are killed at a call, events that are lost.

``with faults.injected(CallFault("ec2:CreateVpcEndpoint", "throttle", times=3)) as injected`` holds for the block, and
``injected.struck()`` returns afterwards how often a fault struck.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from local_aws.fault_injection.faults import faults as _faults
from local_aws.fault_injection.plans import CallFault, EventFaults, FaultPlan, Kind

__all__ = ["CallFault", "EventFaults", "FaultPlan", "Faults", "Injected", "Kind", "faults"]


class Injected(Protocol):
    """Faults that are or were in force."""

    def struck(self, fault: CallFault | None = None) -> int:
        """Return how often the fault, or any, has struck a call; it can be called after the block too."""


class Faults(Protocol):
    """The faults in force: one plan, which the next one replaces."""

    @property
    def events(self) -> EventFaults:
        """The faults of events."""

    @property
    def calls(self) -> tuple[CallFault, ...]:
        """The faults of calls, with their remaining times."""

    def injected(
        self, *calls: CallFault, events: EventFaults | None = None, seed: int | None = None
    ) -> AbstractContextManager[Injected]:
        """Put these faults in force, and no others, as long as the block runs; then restore the former ones.

        Raises:
            InvalidInputError: one of them is invalid.
        """

    def replace(self, plan: FaultPlan) -> Injected:
        """Put a plan in force from now on; ``FaultPlan()`` ends all faults."""


faults: Faults = _faults
"""The faults of this process."""
