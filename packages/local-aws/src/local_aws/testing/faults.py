"""What goes wrong on purpose: AWS calls that fail, functions that are killed at a call, events that are lost.

``with faults.injected(CallFault("ec2:CreateVpcEndpoint", "throttle", times=3)) as injected`` holds for the block, and
``injected.struck()`` still tells afterwards how often something was struck.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from local_aws.fault_injection.faults import faults as _faults
from local_aws.fault_injection.plans import CallFault, EventFaults, FaultPlan, Kind

__all__ = ["CallFault", "EventFaults", "FaultPlan", "Faults", "Injected", "Kind", "faults"]


class Injected(Protocol):
    """Faults that are in force, or were."""

    def struck(self, fault: CallFault | None = None) -> int:
        """Return how often the fault, or any, has struck a call; it can be asked after the end too."""


class Faults(Protocol):
    """The faults in force: always one plan, which the next one replaces."""

    @property
    def events(self) -> EventFaults:
        """What befalls events now."""

    @property
    def calls(self) -> tuple[CallFault, ...]:
        """The faults of calls, with what remains of each."""

    def injected(
        self, *calls: CallFault, events: EventFaults | None = None, seed: int | None = None
    ) -> AbstractContextManager[Injected]:
        """Have these faults in force, and no others, as long as the block runs; then what was there goes on.

        Raises:
            InvalidInputError: one of them can't be.
        """

    def replace(self, plan: FaultPlan) -> Injected:
        """Have a plan in force from now on; ``FaultPlan()`` ends all."""


faults: Faults = _faults
"""What is in force in this process."""
