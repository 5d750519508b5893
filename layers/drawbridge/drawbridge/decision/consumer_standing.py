"""How an account stands in the registry: whether anything is offered to it, and anything new of it let in."""

from enum import StrEnum
from typing import assert_never

from drawbridge.decision import AlreadyResolved, Decision, Hold
from drawbridge.decision.facts import ConnectionFacts, Consumer, Facts
from drawbridge.status import Reason

SUSPENDED = "consumer-suspended"
"""The code of the reason that an account is suspended, so that nothing new of it is let in."""

UNPROVED = "consumer-unproved"
"""The code of the reason that an account has not proved yet that it is who it says."""


class Standing(StrEnum):
    """How an account stands in the registry of consumers."""

    UNREGISTERED = "unregistered"
    IN_FORCE = "in-force"
    SUSPENDED = "suspended"
    UNPROVED = "unproved"
    """It has to prove that it is who it says, and has not yet."""

    @property
    def shuts_out(self) -> bool:
        """Whether nothing new of the account is let in, whatever policies say."""
        return self in {Standing.SUSPENDED, Standing.UNPROVED}


def standing_of(consumer: Consumer | None) -> Standing:
    """Return how an account stands; what can't be read of its entry counts against it."""
    if consumer is None:
        return Standing.UNREGISTERED
    if consumer.is_suspended:
        return Standing.SUSPENDED
    return Standing.IN_FORCE if consumer.is_proved else Standing.UNPROVED


def shut_out(facts: Facts) -> Reason | None:
    """Return why what the facts are of is held, whatever policies say; ``None`` if policies decide.

    Only a connection that is not open yet is held for how its consumer stands: what is live stays.
    """
    if not isinstance(facts, ConnectionFacts) or facts.live:
        return None
    return _why(facts.requester.account_id, facts.requester.consumer)


def unless_shut_out(decision: Decision, facts: Facts | AlreadyResolved) -> Decision:
    """Return ``Hold`` instead of what policies decided on a new connection of who is suspended or unproved."""
    if isinstance(facts, AlreadyResolved) or (why := shut_out(facts)) is None:
        return decision
    return Hold((why,))


def _why(account_id: str, consumer: Consumer | None) -> Reason | None:
    standing = standing_of(consumer)
    match standing:
        case Standing.UNREGISTERED | Standing.IN_FORCE:
            return None
        case Standing.SUSPENDED:
            at = consumer.suspended_at if consumer else None
            since = f"since {at:%Y-%m-%d %H:%M} UTC" if at else "since when can't be read"
            stays = "nothing new of it is let in, and what is connected stays"
            return Reason(SUSPENDED, f"Consumer {account_id} is suspended, {since}: {stays}.")
        case Standing.UNPROVED:
            to_prove = "has to prove that it is who it says, and has not yet"
            return Reason(UNPROVED, f"Consumer {account_id} {to_prove}: nothing new of it is let in.")
        case _:
            assert_never(standing)
