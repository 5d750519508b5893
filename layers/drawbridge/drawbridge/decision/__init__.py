"""Decisions: what is to become of a request, and why."""

from msgspec import Struct

from drawbridge.status import Reason, Status

Because = tuple[Reason, ...]


class Accept(Struct, frozen=True, tag="accept", tag_field="outcome"):
    """Let it in."""

    because: Because


class AskApprover(Struct, frozen=True, tag="askApprover", tag_field="outcome"):
    """A person decides."""

    because: Because


class Reject(Struct, frozen=True, tag="reject", tag_field="outcome"):
    """Turn it away."""

    because: Because


class Hold(Struct, frozen=True, tag="hold", tag_field="outcome"):
    """Do nothing, visibly, until a policy says something or the facts are to be had."""

    because: Because


class Moot(Struct, frozen=True, tag="moot", tag_field="outcome"):
    """There is nothing left to decide: the request is over already."""

    status: Status
    because: Because


Decision = Accept | AskApprover | Reject | Hold | Moot
