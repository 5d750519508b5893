"""What an entry's standing, and what of it can't be read, means for what it is offered. It imports no policies."""

from drawbridge.decision.consumer_standing import SUSPENDED, UNPROVED, Standing, standing_of
from drawbridge.decision.registration import Registration
from drawbridge.status import Reason

NOT_IN_FORCE = {
    Standing.SUSPENDED: Reason(SUSPENDED, "The account is suspended: nothing new is offered to it."),
    Standing.UNPROVED: Reason(UNPROVED, "The account has not proved yet that it is who it says."),
}
"""Why nothing is offered to an entry that stands so."""


def is_doubtful(entry: Registration) -> bool:
    """Return whether it is not known what the entry calls for."""
    return not {"tier", "services"}.isdisjoint(entry.consumer.unreadable)


def stays_in_shares(entry: Registration) -> bool:
    """Return whether an account stays in the shares it is in, whatever else its entry says.

    Out of a share, what the account has associated of it would be taken down.
    """
    return standing_of(entry.consumer) in NOT_IN_FORCE or is_doubtful(entry)
