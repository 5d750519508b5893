"""How far the withdrawal of a request has come, turned into the status that the ledger shows."""

from typing import assert_never

from msgspec import Struct

from drawbridge.bounds import fitting
from drawbridge.record import GONE, Outcome, OutcomeBasis
from drawbridge.record.outcome import PUBLISHED_BYTES, WorkflowError
from drawbridge.record.removals import failed_removals, parameters_gone, withdrawn_reasons
from drawbridge.status import Reason, Status
from drawbridge.withdrawal import CALLED_FOR_AGAIN, RemovalResult, StaysAfterAll, WithdrawalPlan, reason_of


class WithdrawalPlanned(Struct, frozen=True, tag="withdrawal-plan", tag_field="step"):
    """What is to be taken down of a request whose subject is gone."""

    plan: WithdrawalPlan


class WithdrawalEnded(Struct, frozen=True, tag="withdrawal-end", tag_field="step"):
    """Every removal of a request whose subject is gone has come to its end."""

    removals: tuple[RemovalResult, ...]
    unconfirmed: tuple[Reason, ...] = ()
    cut: tuple[str, ...] = ()


class ListedAgain(Struct, frozen=True, tag="listed-again", tag_field="step"):
    """Nothing was taken down: AWS lists the subject of the request again."""

    because: Reason


class WithdrawalFailed(Struct, frozen=True, tag="withdrawal-failure", tag_field="step"):
    """The withdrawal broke off."""

    error: WorkflowError


WithdrawalProgress = WithdrawalPlanned | WithdrawalEnded | ListedAgain | WithdrawalFailed


def outcome_of_withdrawal(progress: WithdrawalProgress) -> Outcome:
    """Return the status that the progress amounts to."""
    match progress:
        case WithdrawalPlanned(plan):
            reasons = tuple(map(reason_of, plan.removals))
            return Outcome(status=Status.WITHDRAWING, reasons=reasons, settled=False, cut=plan.cut)
        case WithdrawalEnded():
            return _withdrawn(progress)
        case ListedAgain(because):
            # The next sweep finds that it differs, whatever it observes, and starts an attempt.
            again = OutcomeBasis(observed_fingerprint="listed-again")
            return Outcome(status=Status.ACCEPTED, reasons=(because,), settled=True, basis=again)
        case WithdrawalFailed(error):
            return Outcome(status=Status.WITHDRAWING, reasons=(Reason(error.error, error.text),), settled=True)
        case _:
            assert_never(progress)


def _withdrawn(ended: WithdrawalEnded) -> Outcome:
    """Return the end of a request whose subject is gone; what is left of it is tried again later."""
    failures = failed_removals(ended.removals)
    stays = tuple(each.because for each in ended.removals if isinstance(each, StaysAfterAll))
    gone = fitting(parameters_gone(ended.removals), PUBLISHED_BYTES)
    unknown = any(each.code != CALLED_FOR_AGAIN for each in stays)
    if failures or unknown or ended.unconfirmed or ended.cut:
        return Outcome(
            status=Status.WITHDRAWING,
            reasons=(*failures, *stays, *ended.unconfirmed),
            settled=True,
            taken_back=gone,
            cut=ended.cut,
        )
    return Outcome(
        status=Status.WITHDRAWN,
        reasons=(Reason("gone", "The other side took it back."), *withdrawn_reasons(ended.removals), *stays),
        settled=True,
        taken_back=gone,
        attachments=(),
        kept=(),
        basis=GONE,
    )
