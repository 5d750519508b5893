"""Ledger writes: how what becomes of a request is put into the attributes of its row."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import UNSET

from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.aws.table_writes import Write
from drawbridge.decision.let_in import AWAITS_QUESTION_SLOT, NOT_MANAGED
from drawbridge.discovery.ledger_row import NOT_LET_IN_YET, LedgerRow, is_followed
from drawbridge.record import Outcome, OutcomeBasis
from drawbridge.record.outcome import permitted_by
from drawbridge.record.record import StatusChange, reasons_for_status
from drawbridge.request.absence import Absence
from drawbridge.request.announced import Announced, earliest
from drawbridge.status import Status

YES = "yes"
"""Of an attribute that is there, or not: what is in an index of those that have it."""

NOTHING_LET_IN = "null"
"""Says in a row that nothing is let in; an earlier version kept only decision records, and its rows say nothing."""


def change_of_status(change: StatusChange, outcome: Outcome, now: str) -> Write:
    """Return how a change of status is written, with what an attempt came to; ``now`` is an ISO 8601 text."""
    write = Write(
        status=change.status,
        settled=outcome.settled,
        reasons=list(change.reasons),
        incomplete=outcome.incomplete,
        awaits_turn=any(reason.code == AWAITS_QUESTION_SLOT for reason in outcome.reasons),
        updated_at=now,
    )
    if is_followed(change.status, settled=outcome.settled):
        write.set(followed=YES)
    else:
        write.remove("followed")
    if outcome.decided_by:
        write.set(decided_by=msgspec.to_builtins(reasons_for_status(outcome.decided_by)))
    if outcome.decision_record:
        write.set(grounds=text_of(outcome.decision_record))
    if outcome.association_decision_record:
        write.set(association_grounds=text_of(outcome.association_decision_record))
    if permitting := permitted_by(outcome):
        write.add("permitted_by", permitting)
    _remove_marks(write, change)
    _note_let_in(write, change.status, outcome)
    _note_delayed(write, change.status, outcome)
    if outcome.basis:
        write.set(**_basis(outcome.basis))
    if outcome.cut:
        write.set(cut=list(outcome.cut))
    else:
        write.remove("cut")
    if outcome.attachments is not None:
        write.set(ways=text_of(outcome.attachments))
    if change.published:
        write.add("published", set(change.published))
    return write


def text_of(kept: object) -> str:
    """Return it as JSON: nobody asks DynamoDB for its parts."""
    return msgspec.json.encode(kept).decode()


def deadline_text(deadline: datetime) -> str:
    """Return when a question ends, as a row has it."""
    return deadline.isoformat(timespec="seconds")


def inputs_text(inputs: PlanInputs) -> str:
    """Return it as JSON; empty if it says nothing."""
    return "" if inputs == PlanInputs() else text_of(inputs)


def replace_marks(write: Write, read: LedgerRow, absent: tuple[Absence, ...], *, capped: bool) -> None:
    """Replace the marks of a row by others if they are as they were read: nothing is done about what was seen again."""
    if read.absent:
        write.only_if(absent=text_of(read.absent))
    if absent:
        write.set(absent=text_of(absent))
    else:
        write.remove("absent")
    set_capped(write, capped=capped)


def replace_announced(write: Write, read: LedgerRow, announced: tuple[Announced, ...]) -> None:
    """Replace what is announced if it is as it was read: an operator may have let it go meanwhile."""
    if read.announced:
        write.only_if(announced=text_of(read.announced))
    first = earliest(announced)
    if first is None:
        write.remove("announced")
        write.remove("withdraw_after")
    else:
        write.set(announced=text_of(announced), withdraw_after=first.isoformat(timespec="seconds"))


def set_capped(write: Write, *, capped: bool) -> None:
    """Note whether the cap holds its withdrawal back."""
    if capped:
        write.set(withdrawal_capped=True)
    else:
        write.remove("withdrawal_capped")


def _basis(basis: OutcomeBasis) -> dict[str, str]:
    """Return the attributes of a basis that are not empty."""
    attributes = {
        "seen": basis.observed_fingerprint,
        "wanted": basis.bindings_fingerprint,
        "matched": basis.matching_bindings_fingerprint,
        "permitted": basis.decision_fingerprint,
    }
    attributes["inputs"] = inputs_text(basis.inputs)
    if basis.contents is not UNSET:
        attributes["contents"] = text_of(basis.contents)
    return {name: value for name, value in attributes.items() if value}


def _remove_marks(write: Write, change: StatusChange) -> None:
    """Remove what a request with the status does not have any more."""
    if change.status not in NOT_LET_IN_YET:
        write.remove("deadline")
    if not change.status.is_over:
        return
    if change.status is not Status.WITHDRAWN:
        # There is nothing to withdraw: what asks next is another matter.
        write.remove("commanded")
    # If it comes again, it is there, and permitted.
    for mark in ("absent", "withdrawal_capped", "announced", "withdraw_after", "announcement_sent", "tagged"):
        write.remove(mark)
    if change.status is Status.WITHDRAWN and not change.published:
        # What is published still is another request's by now.
        write.remove("published")


def _note_let_in(write: Write, status: Status, outcome: Outcome) -> None:
    """Note what is let in from now on, and whether it is only kept."""
    if outcome.let_in is not None:
        write.set(let_in=text_of(outcome.let_in))
    elif status.is_over and not any(reason.code == NOT_MANAGED for reason in outcome.reasons):
        # Not removed: decision records stay for people to read, and must not be taken for an earlier version's.
        write.set(let_in=NOTHING_LET_IN)
    if outcome.kept is not None:
        write.set(kept=msgspec.to_builtins(reasons_for_status(outcome.kept)))
        if not outcome.kept:
            write.set(no_longer_permitted=False)


def _note_delayed(write: Write, status: Status, outcome: Outcome) -> None:
    """Note since when it is permitted and let in later. What breaks off does not end that, and what is over does."""
    if outcome.delayed is None or status.is_over:
        write.remove("delayed")
    elif outcome.delayed is not UNSET:
        write.set(delayed=text_of(outcome.delayed))
