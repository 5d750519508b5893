"""What a sweep did about offers."""

from dataclasses import dataclass, field

from drawbridge.errors import DrawbridgeError, InvalidInputError
from drawbridge.intake.offering.quotas import QuotaUsage


@dataclass
class Converged:
    """What one sweep did about offers, and what it could not."""

    offered: list[str] = field(default_factory=list)
    taken_back: list[str] = field(default_factory=list)
    not_offered: list[str] = field(default_factory=list)
    announced: list[str] = field(default_factory=list)
    """Who is announced to leave a share that policies forbid, when, and why."""
    held_back: list[str] = field(default_factory=list)
    """Who stays in a share, as too many would leave at once, until an operator lets them go."""
    disassociated: list[str] = field(default_factory=list)
    """What accounts that left a share had associated, and was deleted."""
    still_associated: list[str] = field(default_factory=list)
    """What accounts that left a share have associated, though it is due, and why."""
    failures: list[DrawbridgeError] = field(default_factory=list)
    broken: list[InvalidInputError] = field(default_factory=list)
    """The entries that can't be read: somebody has to mend them, no repetition does."""
    refused: list[InvalidInputError] = field(default_factory=list)
    """What AWS refuses to have offered or taken back, in its words."""
    refused_before: list[str] = field(default_factory=list)
    """What AWS refused in an earlier sweep, and is not asked for in this one, and why."""
    too_many: list[InvalidInputError] = field(default_factory=list)
    """Of which shares that is so, how many it would be, and what to do about it."""
    quotas: list[QuotaUsage] = field(default_factory=list)
    """The quotas that are near, the fullest first."""
    left: set[str] = field(default_factory=set)
    """The services and shares that there was no time to finish."""
    left_out: set[str] = field(default_factory=set)
    """Those of them that it did not come to at all, or from which nothing was taken back."""
