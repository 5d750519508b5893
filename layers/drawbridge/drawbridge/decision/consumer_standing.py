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


def standing_of(consumer: Consumer | None) -> Standing:
    """Return how an account stands; what can't be read of its entry counts against it."""
    if consumer is None:
        return Standing.UNREGISTERED
    if consumer.suspended_at is not None or "suspended_at" in consumer.unreadable:
        return Standing.SUSPENDED
    proof_required = consumer.proof_required or "proof_required" in consumer.unreadable
    return Standing.UNPROVED if proof_required and consumer.proved_at is None else Standing.IN_FORCE
