"""Hints: where to look, and no more than that.

No field of a hint ever decides anything. A wrong hint costs a look; a missing one is made good by the schedule.
"""

from typing import Self

from msgspec import Struct


class Look(Struct, frozen=True):
    """Where to look, as one or many hints together say it."""

    shares: bool = False
    connections: bool = False
    upkeep: bool = False
    """Whether every managed endpoint service is to have its connection notification seen to."""
    executions: frozenset[str] = frozenset()
    """Executions of the workflow that may have ended without recording it, by their names."""

    def __or__(self, other: Self) -> "Look":
        return Look(
            shares=self.shares or other.shares,
            connections=self.connections or other.connections,
            upkeep=self.upkeep or other.upkeep,
            executions=self.executions | other.executions,
        )


AT_SHARES = Look(shares=True)
AT_CONNECTIONS = Look(connections=True)
AT_SERVICES = Look(connections=True, upkeep=True)
EVERYWHERE = Look(shares=True, connections=True, upkeep=True)
