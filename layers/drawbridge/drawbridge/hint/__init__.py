"""Hints: what to sweep, and no more than that.

No field of a hint ever decides anything. A wrong hint costs a sweep; a missing one is made good by the schedule.
"""

from typing import Self

from msgspec import Struct


class SweepScope(Struct, frozen=True):
    """What to sweep, as one or many hints together say it."""

    shares: bool = False
    connections: bool = False
    notifications: bool = False
    """Whether every managed endpoint service is to be checked for its connection notification."""
    orphans: bool = False
    """Whether to look for what belongs to no request."""
    executions: frozenset[str] = frozenset()
    """Names of executions of the workflow that may have ended without recording it."""
    told_by: frozenset[str] = frozenset()
    """Who hinted at it, in words: for requests' history, nothing goes by it."""
    scheduled: bool = False
    """Whether the schedule is among those who ask."""
    commands: frozenset[str] = frozenset()
    """Ids of the commands that wait for this sweep."""
    by_event: bool = False
    """Whether an event asked for it, and not only the schedule, or a person."""

    @property
    def is_whole(self) -> bool:
        """Whether everything that could be a request is swept."""
        return self.shares and self.connections

    def __or__(self, other: Self) -> "SweepScope":
        return SweepScope(
            shares=self.shares or other.shares,
            connections=self.connections or other.connections,
            notifications=self.notifications or other.notifications,
            orphans=self.orphans or other.orphans,
            executions=self.executions | other.executions,
            told_by=self.told_by | other.told_by,
            scheduled=self.scheduled or other.scheduled,
            commands=self.commands | other.commands,
            by_event=self.by_event or other.by_event,
        )


SHARES = SweepScope(shares=True, by_event=True)
CONNECTIONS = SweepScope(connections=True, by_event=True)
SERVICES = SweepScope(connections=True, notifications=True, by_event=True)
EVERYTHING = SweepScope(shares=True, connections=True, notifications=True)
"""But for orphans, which take many calls to look for."""
CHANGED = EVERYTHING | SweepScope(by_event=True)
"""Everything, because what people configure changed."""
ORPHANS = SweepScope(shares=True, connections=True, orphans=True)
