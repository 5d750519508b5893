"""What a sweep did about offers."""

from dataclasses import dataclass, field

from drawbridge.errors import DrawbridgeError, InvalidInputError
from drawbridge.intake.quotas import QuotaUsage


@dataclass
class Converged:
    """What one sweep did about offers, and what it could not."""

    offered: list[str] = field(default_factory=list)
    taken_back: list[str] = field(default_factory=list)
    not_offered: list[str] = field(default_factory=list)
    failures: list[DrawbridgeError] = field(default_factory=list)
    broken: list[InvalidInputError] = field(default_factory=list)
    """What somebody has to mend: no repetition does."""
    quotas: list[QuotaUsage] = field(default_factory=list)
    """The quotas that are near, the fullest first."""
    left: set[str] = field(default_factory=set)
    """The services and shares that there was no time to finish."""
