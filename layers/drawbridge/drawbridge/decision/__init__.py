"""Decisions: what is to become of a request, and why."""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from drawbridge.status import Reason, Status

Because = tuple[Reason, ...]


class Delayed(Struct, frozen=True, kw_only=True):
    """What is permitted, and let in later: since when, and from when on."""

    of: str
    """A fingerprint of what would be let in."""
    since: Annotated[datetime, Meta(tz=True)]
    until: Annotated[datetime, Meta(tz=True)]


class Accept(Struct, frozen=True, tag="accept", tag_field="outcome", omit_defaults=True):
    """The request is to be let in."""

    because: Because
    delay: timedelta | None = None
    """How long after it was first permitted; ``None`` if at once."""


class AskApprover(Struct, frozen=True, tag="askApprover", tag_field="outcome"):
    """A person is to decide."""

    because: Because


class Reject(Struct, frozen=True, tag="reject", tag_field="outcome"):
    """The request is to be rejected."""

    because: Because


class Hold(Struct, frozen=True, tag="hold", tag_field="outcome"):
    """Nothing is done for now, and that is visible: no policy decides, or facts are not available."""

    because: Because


class Delay(Struct, frozen=True, tag="delay", tag_field="outcome"):
    """The request is permitted, and let in later if it is permitted still."""

    because: Because
    delayed: Delayed


class Keep(Struct, frozen=True, tag="keep", tag_field="outcome", omit_defaults=True):
    """The request stays as it is: it is live and was let in, and would not be let in any more, or not yet.

    What is open is reported, never cut by the rules of a new request.
    """

    because: Because
    delayed: Delayed | None = None
    """When what is new of it is let in, if that is only a matter of time."""


class AlreadyResolved(Struct, frozen=True, tag="moot", tag_field="outcome"):
    """Nothing is left to decide: the request is over already."""

    status: Status
    because: Because


Decision = Accept | AskApprover | Reject | Hold | Delay | Keep | AlreadyResolved
ActionableDecision = Accept | Reject | Keep
"""The decisions that are carried out, at AWS or in the ledger."""


class DecidedOn(Struct, frozen=True, kw_only=True):
    """When a decision was made, and on what: it is carried out only as long as that has not changed."""

    at: datetime
    contents_fingerprint: str = msgspec.field(default="", name="contents")
    """The fingerprint of what a share held; empty for a connection."""
    observed_fingerprint: str = msgspec.field(default="", name="state")
    """A fingerprint of a share in effect that holds this, with which a sweep compares what it observes."""
    live: bool = False
    """Whether the share was in effect, or the connection open, already."""
    account_id: str = msgspec.field(default="", name="account")
    """Whose endpoint it is, of a connection; empty for a share, and in what an earlier version decided."""
    registered: bool = False
    """Whether that account was a registered consumer; ``False`` also in what an earlier version decided."""
