"""How far the withdrawal of a request has come, turned into the status that the ledger shows."""

from typing import assert_never

from msgspec import Struct

from drawbridge.bounds import fitting
from drawbridge.record import GONE, Outcome, OutcomeBasis
from drawbridge.record.outcome import PUBLISHED_BYTES, WorkflowError
from drawbridge.record.removals import failed_removals, parameters_gone, withdrawn_reasons
from drawbridge.status import Reason, Status
from drawbridge.withdrawal import (
    CALLED_FOR_AGAIN,
    PERMITTED_AGAIN,
    RemovalResult,
    StaysAfterAll,
    WithdrawalPlan,
    reason_of,
)


class WithdrawalPlanned(Struct, frozen=True, tag="withdrawal-plan", tag_field="step"):
    """What is to be taken down of a request that ends."""

    plan: WithdrawalPlan


class WithdrawalEnded(Struct, frozen=True, tag="withdrawal-end", tag_field="step"):
    """Every removal of a request that ends has come to its end."""

    removals: tuple[RemovalResult, ...]
    unconfirmed: tuple[Reason, ...] = ()
    cut: tuple[str, ...] = ()
    because: tuple[Reason, ...] = ()
    """Why it ends; empty if its subject is gone."""


class ListedAgain(Struct, frozen=True, tag="listed-again", tag_field="step"):
    """Nothing was taken down: AWS lists the subject of the request again, or policies permit it again."""

    because: Reason


class WithdrawalFailed(Struct, frozen=True, tag="withdrawal-failure", tag_field="step"):
    """The withdrawal broke off."""

    error: WorkflowError


_LISTED_AGAIN = OutcomeBasis(observed_fingerprint="listed-again")
"""The next sweep finds that it differs, whatever it observes, and starts an attempt."""

WithdrawalProgress = WithdrawalPlanned | WithdrawalEnded | ListedAgain | WithdrawalFailed


def outcome_of_withdrawal(progress: WithdrawalProgress) -> Outcome:
    """Return the status that the progress amounts to."""
    match progress:
        case WithdrawalPlanned(plan):
            reasons = (*plan.because, *map(reason_of, plan.removals))
            return Outcome(status=Status.WITHDRAWING, reasons=reasons, settled=False, cut=plan.cut)
        case WithdrawalEnded():
            return _withdrawn(progress)
        case ListedAgain(because):
            return Outcome(status=Status.ACCEPTED, reasons=(because,), settled=True, basis=_LISTED_AGAIN)
        case WithdrawalFailed(error):
            return Outcome(status=Status.WITHDRAWING, reasons=(Reason(error.error, error.text),), settled=True)
        case _:
            assert_never(progress)


def _withdrawn(ended: WithdrawalEnded) -> Outcome:
    """Return the end of a request; what is left of it is tried again later, or connected anew if it is let in again."""
    failures = failed_removals(ended.removals)
    stays = tuple(each.because for each in ended.removals if isinstance(each, StaysAfterAll))
    gone = fitting(parameters_gone(ended.removals), PUBLISHED_BYTES)
    if any(each.code == PERMITTED_AGAIN for each in stays):
        reasons = (*stays, *failures)
        return Outcome(
            status=Status.ACCEPTED, reasons=reasons, settled=True, taken_back=gone, basis=_LISTED_AGAIN, cut=ended.cut
        )
    unknown = any(each.code != CALLED_FOR_AGAIN for each in stays)
    if failures or unknown or ended.unconfirmed or ended.cut:
        return Outcome(
            status=Status.WITHDRAWING,
            reasons=(*failures, *stays, *ended.unconfirmed),
            settled=True,
            taken_back=gone,
            cut=ended.cut,
        )
    because = ended.because or (Reason("gone", "The other side took it back."),)
    return Outcome(
        status=Status.WITHDRAWN,
        reasons=(*because, *withdrawn_reasons(ended.removals), *stays),
        settled=True,
        taken_back=gone,
        attachments=(),
        kept=(),
        # What is there still is compared with what was observed of it: it comes back by itself only if it changes.
        basis=None if ended.because else GONE,
    )
