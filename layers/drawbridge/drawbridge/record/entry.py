"""The ledger's row as people read it."""

import msgspec
from msgspec import Struct

from drawbridge.decision import Delayed
from drawbridge.decision.decision_record import AssociationDecisionRecord, DecisionRecord
from drawbridge.decision.let_in import LetIn
from drawbridge.publication import AttachmentSnapshot
from drawbridge.request import Request
from drawbridge.request.absence import Absence
from drawbridge.request.announced import Announced, WithdrawalCommand
from drawbridge.status import Reason, Status


class HistoryEntry(Struct, frozen=True, kw_only=True):
    """A status that the request had."""

    status: Status
    attempt: int
    at: str
    reasons: tuple[Reason, ...] = ()


class Entry(Struct, frozen=True, kw_only=True):
    """All that the ledger knows of a request."""

    request: Request = msgspec.field(name="about")
    request_id: str
    kind: str
    subject: str
    account_id: str
    status: Status
    attempt: int
    settled: bool
    updated_at: str
    """ISO 8601, UTC."""
    failures: int = 0
    """Attempts that failed in a row."""
    reasons: tuple[Reason, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    history_left_out: int = 0
    """How many earlier entries are not kept any longer."""
    published: tuple[str, ...] = ()
    decision_record: DecisionRecord | None = msgspec.field(default=None, name="grounds")
    """``None`` where nothing was decided yet, or another version of Drawbridge wrote it."""
    association_decision_record: AssociationDecisionRecord | None = msgspec.field(
        default=None, name="association_grounds"
    )
    let_in: LetIn | None = None
    """What was let in; ``None`` where nothing was, or it is not known."""
    kept: tuple[Reason, ...] = ()
    """Of what is live and was kept: why the last decision would not have let it in."""
    delayed: Delayed | None = None
    """When it is let in, or what is new of it, where that is only a matter of time."""
    incomplete: bool = False
    """Whether something desired was refused."""
    awaits_question_slot: bool = msgspec.field(default=False, name="awaits_turn")
    """Whether it is held only until another question of the same account is closed."""
    attachments: tuple[AttachmentSnapshot, ...] = msgspec.field(default=(), name="ways")
    """How the associations were left."""
    drift_fingerprint: str = msgspec.field(default="", name="drift")
    """A fingerprint of the drift that the last attempt was made for, until that has healed."""
    absent: tuple[Absence, ...] = ()
    """What of it AWS says is gone."""
    announced: tuple[Announced, ...] = ()
    """What of it policies no longer permit, and when that is taken down."""
    withdrawal_capped: bool = False
    """Whether it would go, were it not one of too many that would go at once."""
    no_longer_permitted: bool = False
    withdraw_after: str = ""
    """When it is taken down, if that is announced: ISO 8601, UTC."""
    deadline: str = ""
    """When the invitation to it expires, if it is not let in yet: ISO 8601, UTC."""
    commanded: WithdrawalCommand | None = None
    """The command to take it down, or to leave it taken down."""
    cut: tuple[str, ...] = ()
    """What the row had no room for, in sentences."""
