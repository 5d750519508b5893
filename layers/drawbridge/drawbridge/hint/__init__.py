"""Hints: what to sweep, and no more than that.

No field of a hint ever decides anything. A wrong hint costs a sweep; a missing one is made good by the schedule.
"""

from enum import StrEnum
from typing import Self

from msgspec import Struct


class HintSource(StrEnum):
    """Who hinted that there may be something to do, as requests' history tells it."""

    SCHEDULE = "the schedule"
    COMMAND = "an operator's command"
    RAM = "an event of AWS RAM"
    LATTICE = "an event of VPC Lattice"
    NOTIFICATION = "a connection notification"
    CLOUDTRAIL = "a call to EC2 that CloudTrail reported"
    CONFIGURATION = "a change of our configuration"
    SIGN_UP = "an event of a sign-up service"
    PROOF = "a proof of ownership"

    @property
    def is_event(self) -> bool:
        """Whether something is told of requests, and not only of consumers, that it is time, or that somebody asks."""
        return self not in {HintSource.SCHEDULE, HintSource.COMMAND, HintSource.SIGN_UP, HintSource.PROOF}


class SweepScope(Struct, frozen=True):
    """What to sweep, as one or many hints together say it."""

    shares: bool = False
    connections: bool = False
    notifications: bool = False
    """Whether every managed endpoint service is to be checked for its connection notification."""
    offers: bool = False
    """Whether services and shares are to be offered to those whom the registry names."""
    orphans: bool = False
    """Whether to look for what belongs to no request."""
    executions: frozenset[str] = frozenset()
    """Names of executions of the workflow that may have ended without recording it."""
    told_by: frozenset[HintSource] = frozenset()
    """Who hinted at it: for history, records and metrics; what is done about a request never goes by it."""
    commands: frozenset[str] = frozenset()
    """Ids of the commands that wait for this sweep."""

    @property
    def scheduled(self) -> bool:
        """Whether the schedule is among those who ask."""
        return HintSource.SCHEDULE in self.told_by

    @property
    def by_event(self) -> bool:
        """Whether an event told of requests, and not only the schedule, or a person, asked for it."""
        return any(each.is_event for each in self.told_by)

    @property
    def is_whole(self) -> bool:
        """Whether everything that could be a request is swept."""
        return self.shares and self.connections

    def __or__(self, other: Self) -> "SweepScope":
        return SweepScope(
            shares=self.shares or other.shares,
            connections=self.connections or other.connections,
            notifications=self.notifications or other.notifications,
            offers=self.offers or other.offers,
            orphans=self.orphans or other.orphans,
            executions=self.executions | other.executions,
            told_by=self.told_by | other.told_by,
            commands=self.commands | other.commands,
        )


SHARES = SweepScope(shares=True)
CONNECTIONS = SweepScope(connections=True)
SERVICES = SweepScope(connections=True, notifications=True, offers=True)
EVERYTHING = SweepScope(shares=True, connections=True, notifications=True, offers=True)
"""But for orphans, which take many calls to look for."""
ORPHANS = SweepScope(shares=True, connections=True, offers=True, orphans=True)
