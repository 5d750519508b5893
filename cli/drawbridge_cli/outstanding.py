"""Outstanding: what of the ledger's requests waits, is held, has failed, or is to be taken down."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase

from msgspec import Struct

from drawbridge.approval.ask import Pending
from drawbridge.association.binding import Binding
from drawbridge.decision.facts import ShareFacts
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.record.entry import Entry
from drawbridge.request import kind_of
from drawbridge.request.announced import earliest
from drawbridge.status import Reason, Status


class Situation(StrEnum):
    """Why a request is not at rest."""

    HELD_BACK = "held-back"
    """It would be taken down, were it not one of too many."""
    WITHDRAWING = "withdrawing"
    WAITING = "waiting-for-approval"
    FAILED = "failed"
    HELD = "held"
    ANNOUNCED = "announced"
    UNDER_WAY = "under-way"


class Outstanding(Struct, frozen=True, kw_only=True, rename="camel"):
    """A request that is not at rest."""

    request_id: str
    kind: str
    subject: str
    account_id: str
    share_name: str
    """Empty for what is no share, and where it is not known."""
    status: Status
    situation: Situation
    until: str
    """Until when somebody can answer, or when it is taken down: ISO 8601, UTC; empty where that is not known."""
    reasons: tuple[Reason, ...]
    next: str
    """The command that goes on with it."""
    bindings: tuple[str, ...] = ()
    """Whose associations are announced to be taken down; none where all of it is."""

    @property
    def text(self) -> str:
        """Return what is outstanding, in a few words."""
        at = f" {datetime.fromisoformat(self.until):%Y-%m-%d %H:%M} UTC" if self.until else ""
        if self.situation is Situation.WAITING:
            return f"waits for a person{at and f' until{at}'}"
        if self.situation is Situation.ANNOUNCED:
            of_bindings = f"what {' and '.join(self.bindings)} has of it " if self.bindings else ""
            return f"{of_bindings}is announced to be taken down{at and f' from{at} on'}"
        return _TEXTS[self.situation]

    def concerns(self, binding: Binding) -> bool:
        """Return whether it is a share that a binding may match something of; its name may not be known."""
        if self.kind != _SHARE or (self.bindings and binding.name not in self.bindings):
            return False
        if not self.share_name:
            return fnmatchcase(self.account_id, binding.match.provider)
        return binding.match.could_match(self.account_id, self.share_name)


_NEVER = 9999
"""The year of the deadline of a question that can't be read."""

_TEXTS = {
    Situation.HELD_BACK: "is held back, as too much would be taken down at once",
    Situation.WITHDRAWING: "is being taken down",
    Situation.FAILED: "has failed, and is tried again",
    Situation.HELD: "is held",
    Situation.UNDER_WAY: "is under way",
}

_SHARE = "resource-share"


def outstanding_among(
    rows: Iterable[LedgerRow],
    entry_of: Callable[[str], Entry | None],
    pending: Callable[[list[str]], Mapping[str, Pending]],
) -> tuple[Outstanding, ...]:
    """Return what is not at rest of what is followed; ``pending`` returns the open questions of requests."""
    found = [(row, situation) for row in rows if (situation := situation_of(row)) is not None]
    found.sort(key=lambda each: (list(Situation).index(each[1]), each[0].request_id))
    questions = pending([row.request_id for row, situation in found if situation is Situation.WAITING])
    return tuple(
        _outstanding(row, situation, entry_of(row.request_id), questions.get(row.request_id))
        for row, situation in found
    )


def situation_of(row: LedgerRow) -> Situation | None:
    """Return why a request is not at rest; ``None`` if it is."""
    if row.status.is_over:
        return None
    situations = {
        Situation.HELD_BACK: row.withdrawal_capped,
        Situation.WITHDRAWING: row.commanded is not None or row.status is Status.WITHDRAWING,
        Situation.WAITING: row.waits_for_approval,
        Situation.ANNOUNCED: bool(row.announced),
        Situation.UNDER_WAY: not row.settled,
        Situation.FAILED: row.status is Status.FAILED,
        Situation.HELD: row.status is Status.HELD,
    }
    return next((situation for situation, is_so in situations.items() if is_so), None)


def _outstanding(row: LedgerRow, situation: Situation, entry: Entry | None, question: Pending | None) -> Outstanding:
    reasons = entry.reasons if entry else ()
    until, bindings = "", tuple[str, ...]()
    if situation is Situation.WAITING and question is not None and question.deadline.year < _NEVER:
        until = question.deadline.isoformat(timespec="seconds")
    if situation is Situation.ANNOUNCED:
        first = earliest(row.announced)
        until = first.isoformat(timespec="seconds") if first else ""
        reasons = tuple(dict.fromkeys(reason for mark in row.announced for reason in mark.reasons))
        if not any(mark.is_whole for mark in row.announced):
            bindings = tuple(sorted({mark.binding for mark in row.announced}))
    record = entry.decision_record if entry else None
    return Outstanding(
        request_id=row.request_id,
        kind=kind_of(row.request),
        subject=row.request.subject,
        account_id=row.account_id,
        share_name=record.facts.share_name if record and isinstance(record.facts, ShareFacts) else "",
        status=row.status,
        situation=situation,
        until=until,
        reasons=reasons,
        next=_next(row.request_id, situation),
        bindings=bindings,
    )


def _next(request_id: str, situation: Situation) -> str:
    match situation:
        case Situation.HELD_BACK:
            return "drawbridge withdraw --confirm"
        case Situation.WAITING:
            return f"drawbridge approve {request_id}"
        case Situation.FAILED:
            return f"drawbridge retry {request_id}"
        case Situation.WITHDRAWING | Situation.HELD | Situation.ANNOUNCED | Situation.UNDER_WAY:
            return f"drawbridge policy explain {request_id}"
