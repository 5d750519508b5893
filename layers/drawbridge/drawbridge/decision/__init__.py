"""Decisions: what is to become of a request, and why."""

from datetime import datetime

import msgspec
from msgspec import Struct

from drawbridge.status import Reason, Status

Because = tuple[Reason, ...]


class Accept(Struct, frozen=True, tag="accept", tag_field="outcome"):
    """The request is to be let in."""

    because: Because


class AskApprover(Struct, frozen=True, tag="askApprover", tag_field="outcome"):
    """A person is to decide."""

    because: Because


class Reject(Struct, frozen=True, tag="reject", tag_field="outcome"):
    """The request is to be rejected."""

    because: Because


class Hold(Struct, frozen=True, tag="hold", tag_field="outcome"):
    """Nothing is done for now, and that is visible: no policy decides, or facts are not available."""

    because: Because


class Keep(Struct, frozen=True, tag="keep", tag_field="outcome"):
    """The request stays as it is: it is live and was let in, and would not be let in any more.

    What is open is reported, never cut by the rules of a new request.
    """

    because: Because


class AlreadyResolved(Struct, frozen=True, tag="moot", tag_field="outcome"):
    """Nothing is left to decide: the request is over already."""

    status: Status
    because: Because


Decision = Accept | AskApprover | Reject | Hold | Keep | AlreadyResolved
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
