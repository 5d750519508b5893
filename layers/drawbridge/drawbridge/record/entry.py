"""The ledger's row as people read it."""

from msgspec import Struct

from drawbridge.decision.grounds import AssociationGrounds, Grounds
from drawbridge.decision.let_in import LetIn
from drawbridge.status import Reason, Status


class HistoryEntry(Struct, frozen=True, kw_only=True):
    """A status that the request had."""

    status: Status
    attempt: int
    at: str
    reasons: tuple[Reason, ...] = ()


class Entry(Struct, frozen=True, kw_only=True):
    """All that the ledger knows of a request."""

    request_id: str
    kind: str
    subject: str
    account_id: str
    status: Status
    attempt: int
    settled: bool
    updated_at: str
    reasons: tuple[Reason, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    published: tuple[str, ...] = ()
    grounds: Grounds | None = None
    """``None`` where nothing was decided yet, or another version of Drawbridge wrote it."""
    association_grounds: AssociationGrounds | None = None
    let_in: LetIn | None = None
    """What was let in; ``None`` where nothing was, or it is not known."""
    no_longer_permitted: bool = False
    cut: tuple[str, ...] = ()
    """What the row had no room for, in sentences."""
