"""A request as the ledger has it."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.decision import Delayed
from drawbridge.decision.decision_record import AssociationDecisionRecord, DecisionRecord
from drawbridge.decision.facts import AwareDatetime
from drawbridge.decision.let_in import DENIED, LetIn
from drawbridge.lattice import MatchAttributes
from drawbridge.publication import AttachmentSnapshot
from drawbridge.request import Request
from drawbridge.request.absence import Absence
from drawbridge.request.announced import Announced, WithdrawalCommand
from drawbridge.status import Reason, Status

SETTLED_FOR_NOW = frozenset({Status.PENDING, Status.HELD, Status.FAILED, Status.ACCEPTED})
"""Statuses from which a change of policy may let a request go on; if the other side ends it, the ledger says so.

Settled, what is pending is delayed.
"""

NOT_LET_IN_YET = frozenset({Status.PENDING, Status.WAITING_FOR_APPROVAL, Status.HELD, Status.FAILED})
"""Statuses of what may still be let in: if an invitation to it is pending, its deadline matters."""

_CONNECTED = frozenset({Status.AVAILABLE, Status.WITHDRAWING})
"""Statuses that are only reached by what was let in."""

MOST_ATTEMPTS = 1_000_000
"""Far more than there can be: the number is part of an execution's name, whose length is limited."""


def is_followed(status: Status, *, settled: bool) -> bool:
    """Return whether AWS should still list the subject of the request, so that its end is noticed."""
    return not settled or status in SETTLED_FOR_NOW | _CONNECTED


def is_failure(status: Status, *, settled: bool) -> bool:
    """Return whether an attempt that reaches the status has failed, and is tried again after the waits of a failure."""
    return status is Status.FAILED or (settled and status is Status.WITHDRAWING)


class LedgerRow(Struct, frozen=True, kw_only=True):
    """The part of a row that the flow reads; the ledger holds more, for people."""

    request: Request = msgspec.field(name="about")
    account_id: str
    status: Status
    attempt: Annotated[int, Meta(ge=1, le=MOST_ATTEMPTS)]
    settled: bool
    """Whether the attempt has come to its end."""
    observed_fingerprint: str = msgspec.field(name="seen")
    """A fingerprint of what AWS listed when the attempt started, or of what the attempt itself made of it."""
    bindings_fingerprint: str = msgspec.field(name="wanted")
    decision_fingerprint: str = msgspec.field(name="permitted")
    """Fingerprints of the configuration that was in force when the attempt started."""
    updated_at: str
    """ISO 8601, UTC."""
    failures: Annotated[int, Meta(ge=0, le=MOST_ATTEMPTS)]
    """Attempts that failed in a row."""
    incomplete: bool
    """Whether something was refused that a change which no sweep observes may permit."""
    decision_record: DecisionRecord | None = msgspec.field(default=None, name="grounds")
    association_decision_record: AssociationDecisionRecord | None = msgspec.field(
        default=None, name="association_grounds"
    )
    """Records of the decisions; ``None`` if there was none yet, or if they were not read with the row."""
    matching_bindings_fingerprint: str = msgspec.field(default="", name="matched")
    """A fingerprint of the bindings that matched something of what the share held when it was planned."""
    contents: tuple[MatchAttributes, ...] | None = None
    """What of that bindings can match; ``None`` if not all of it could be described, or nothing was planned yet."""
    attachments: tuple[AttachmentSnapshot, ...] | None = msgspec.field(default=None, name="ways")
    """How the associations were left; ``None`` if there were none yet."""
    inputs: PlanInputs | None = None
    """What else the plan rested on; ``None`` if nothing was planned, or by a version that kept none."""
    drift_fingerprint: str = msgspec.field(default="", name="drift")
    """A fingerprint of the drift that the attempt was made for."""
    reviewed_fingerprint: str = msgspec.field(default="", name="reviewed")
    """A fingerprint of the policies and the registry's entry that the connection was last reviewed under."""
    no_longer_permitted: bool = False
    """The result of that review."""
    let_in: LetIn | msgspec.UnsetType | None = msgspec.UNSET
    """What was let in; ``None`` if nothing was, and unset by earlier versions, which kept only the decision record."""
    kept: tuple[Reason, ...] = ()
    """Of what is live and was kept: why the last decision would not have let it in."""
    decided_by: tuple[Reason, ...] = ()
    """The reasons for which it was accepted or rejected."""
    delayed: Delayed | None = None
    """When it is let in, or what is new of it, where that is only a matter of time."""
    awaits_question_slot: bool = msgspec.field(default=False, name="awaits_turn")
    """Whether it is held only until another question of the same account is closed."""

    followed: str = ""
    """Not empty if the row is in the index of those that are followed: earlier versions left what was available out."""
    absent: tuple[Absence, ...] = ()
    """What of it AWS says is gone."""
    withdrawal_capped: bool = False
    """Whether it would go, were it not one of too many that would go at once."""
    announced: tuple[Announced, ...] = ()
    """What of it policies no longer permit, and when that is taken down."""
    announcement_sent: str = ""
    """A fingerprint of the marks that were put on the bus last."""
    tagged: Mapping[str, str] = msgspec.field(default_factory=dict)
    """What carries the tag that says when it is taken down, by id or ARN."""
    deadline: AwareDatetime | None = None
    """When the invitation to it expires, if it is not let in yet."""
    permitted_by: frozenset[str] = frozenset()
    """The policies that let it in, or permitted an association, at any time: one that is not listed is asked for."""
    commanded: WithdrawalCommand | None = None
    """The command to take it down, which is in force until somebody has it tried again."""

    @property
    def request_id(self) -> str:
        return self.request.request_id

    @property
    def is_connected(self) -> bool:
        """Whether something of it is connected, which somebody has to take down when it is gone."""
        attached = bool(self.attachments)
        if self.let_in is msgspec.UNSET:
            # An earlier version wrote the row, or the first attempt was never decided.
            return self.status in _CONNECTED or attached
        return self.let_in is not None and (self.status in {*_CONNECTED, Status.FAILED} or attached)

    @property
    def is_delayed(self) -> bool:
        """Whether it is permitted, not let in yet, and let in by another attempt."""
        return self.status is Status.PENDING and self.settled

    @property
    def is_denied(self) -> bool:
        """Whether a person denied it: it is only kept, stays connected, and nobody has to see to it."""
        return any(reason.code == DENIED for reason in self.kept)

    @property
    def may_be_asked_about(self) -> bool:
        """Whether somebody is asked about it, or may be soon."""
        return not self.settled and self.status in {Status.PENDING, Status.WAITING_FOR_APPROVAL}

    @property
    def waits_for_approval(self) -> bool:
        """Whether an attempt waits for a person's answer."""
        return self.status is Status.WAITING_FOR_APPROVAL and not self.settled

    @property
    def is_to_be_withdrawn(self) -> bool:
        """Whether an operator commanded its withdrawal, and it has not come to its end; an attempt ends first."""
        if self.commanded is None:
            return False
        return not self.status.is_over if self.settled else self.status is Status.WITHDRAWING

    @property
    def stays_withdrawn(self) -> bool:
        """Whether it was withdrawn on command, so that nothing but a command brings it back."""
        return self.commanded is not None and self.settled and self.status is Status.WITHDRAWN
