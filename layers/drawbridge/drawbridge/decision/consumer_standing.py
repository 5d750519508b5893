"""How an account stands in the registry: whether anything is offered to it, and anything new of it let in."""

from enum import StrEnum

from drawbridge.decision.facts import Consumer


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
