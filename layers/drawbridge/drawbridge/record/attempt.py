"""What an attempt works on: stored item by item, so that the workflow passes on references and never lists."""

from collections.abc import Mapping
from typing import Protocol, assert_never

import msgspec
from msgspec import Struct

from drawbridge.association import DesiredAttachment, Plan
from drawbridge.bounds import WORDS_BYTES, fitting, shortened
from drawbridge.publication import Publication
from drawbridge.record import Outcome
from drawbridge.record.outcome import (
    Accepted,
    Decided,
    Ended,
    Failed,
    Failure,
    ItemResult,
    Planned,
    Progress,
    Published,
    Questioned,
    Refused,
    WorkflowError,
    outcome_of,
)
from drawbridge.record.withdrawal import (
    ListedAgain,
    WithdrawalEnded,
    WithdrawalFailed,
    WithdrawalPlanned,
    WithdrawalProgress,
    outcome_of_withdrawal,
)
from drawbridge.request import ExecutionInput
from drawbridge.status import Status
from drawbridge.withdrawal import (
    ConnectedRecords,
    KeptWithdrawal,
    NotWithdrawn,
    RemovalResult,
    StaysAfterAll,
    Withdrawn,
)

_NAME_BYTES = 60_000
"""Of the names of one association's parameters; a group of 60 children has 120."""
_ARN_BYTES = 40_000
"""Of the ARNs of what is in one group and can't be used yet."""


class KeptAttempt(Struct, frozen=True, kw_only=True):
    """All that is kept of an attempt."""

    plan: Plan
    results: Mapping[int, ItemResult]
    """The result of each association so far, by its place in the plan."""


class RemovalFailed(Struct, frozen=True, tag="removal-failure", tag_field="step"):
    """One removal did not come about; the attempt goes on."""

    item: int
    error: WorkflowError


class WithdrawalKept(Struct, frozen=True, tag="withdrawal-plan", tag_field="step"):
    """What is to be taken down of a request that ends was planned, and is kept."""


class WithdrawalReached(Struct, frozen=True, tag="withdrawal-end", tag_field="step"):
    """Every removal of a request that ends has come to its end, and its result is kept."""


class AttemptResults(Protocol):
    """The stored plan and results of attempts."""

    def kept(self, execution: ExecutionInput) -> KeptAttempt:
        """Return all that is kept of an attempt.

        Raises:
            UpstreamError: nothing is kept of it, or not any longer.
        """
        ...

    def keep_result(self, execution: ExecutionInput, item: int, result: ItemResult) -> None:
        """Keep the result of one association; an earlier one is replaced."""
        ...

    def kept_withdrawal(self, execution: ExecutionInput) -> KeptWithdrawal:
        """Return the withdrawal plan of an attempt with its results; an empty one if there is none."""
        ...

    def keep_removal_result(self, execution: ExecutionInput, item: int, result: RemovalResult) -> None:
        """Keep the result of one removal; an earlier one is replaced."""
        ...


class PlanKept(Struct, frozen=True, tag="plan", tag_field="step"):
    """What is to be associated was planned, and is kept."""


class EndReached(Struct, frozen=True, tag="end", tag_field="step"):
    """Every association has come to its end, and its result is kept."""


class ConsumerPublished(Struct, frozen=True, tag="publication", tag_field="step"):
    """A consumer's names were published: one pair of parameters."""

    publication: Publication


class AssociationFailed(Struct, frozen=True, tag="association-failure", tag_field="step"):
    """One association did not come about; the attempt goes on."""

    item: int
    error: WorkflowError


Reported = (
    Decided
    | Questioned
    | Accepted
    | PlanKept
    | EndReached
    | ConsumerPublished
    | Failed
    | WithdrawalKept
    | WithdrawalReached
    | ListedAgain
    | WithdrawalFailed
)
"""How far a request has come, as the workflow reports it."""


def outcome_of_report(
    reported: Reported, execution: ExecutionInput, attempts: AttemptResults, ledger: ConnectedRecords
) -> Outcome:
    """Return the status that a report amounts to.

    Raises:
        UpstreamError: what it refers to is not kept, or not any longer.
    """
    progress = progress_of(reported, execution, attempts)
    if isinstance(progress, WithdrawalProgress):
        return outcome_of_withdrawal(progress)
    outcome = outcome_of(progress)
    # A rejection of our own is no news; what others did to what is connected has yet to be followed.
    found_over = outcome.status is Status.WITHDRAWN or (isinstance(progress, Decided) and outcome.status.is_over)
    if found_over and ledger.connected(execution.request_id).is_anything_there:
        return _while_connected(outcome)
    return outcome


def _while_connected(outcome: Outcome) -> Outcome:
    """Return the outcome of an attempt that found the request gone: what is connected has yet to be taken down.

    It is watched on, and withdrawn once AWS has confirmed that it is gone.
    """
    return msgspec.structs.replace(outcome, status=Status.FAILED, let_in=None, kept=None)


def progress_of(
    reported: Reported, execution: ExecutionInput, attempts: AttemptResults
) -> Progress | WithdrawalProgress:
    """Return the progress with what the report only refers to filled in.

    Raises:
        UpstreamError: it is not kept, or not any longer.
    """
    match reported:
        case PlanKept():
            return Planned(attempts.kept(execution).plan, attempts.kept_withdrawal(execution).plan)
        case EndReached():
            kept = attempts.kept(execution)
            results = tuple(
                _result(desired, kept.results.get(item)) for item, desired in enumerate(kept.plan.associations)
            )
            withdrawal = attempts.kept_withdrawal(execution)
            cut = (*kept.plan.cut, *withdrawal.plan.cut)
            removals = _removal_results(withdrawal)
            return Ended(
                kept.plan.refused,
                results,
                cut,
                removals=removals,
                earlier=withdrawal.plan.earlier,
                more_to_withdraw=bool(withdrawal.plan.cut),
            )
        case WithdrawalKept():
            return WithdrawalPlanned(attempts.kept_withdrawal(execution).plan)
        case WithdrawalReached():
            withdrawal = attempts.kept_withdrawal(execution)
            plan = withdrawal.plan
            return WithdrawalEnded(_removal_results(withdrawal), plan.unconfirmed, plan.cut, plan.because)
        case ConsumerPublished(publication):
            return Ended((), (Published(publication),))
        case Decided() | Questioned() | Accepted() | Failed() | ListedAgain() | WithdrawalFailed():
            return reported
        case _:
            assert_never(reported)


def failed_removal(failed: RemovalFailed, execution: ExecutionInput, attempts: AttemptResults) -> NotWithdrawn:
    """Return a removal that did not come about, with the words of the object that it is about."""
    planned = attempts.kept_withdrawal(execution).plan.removals
    what = str(planned[failed.item]) if failed.item < len(planned) else f"removal {failed.item}"
    return NotWithdrawn(what=what, error=failed.error.error, text=failed.error.text)


def fitted(result: ItemResult) -> ItemResult:
    """Return a result cut to what there is room for."""
    match result:
        case Published(publication):
            return Published(_fitted(publication))
        case Failure(error=WorkflowError(error, cause)):
            return msgspec.structs.replace(result, error=WorkflowError(error, shortened(cause, WORDS_BYTES)))
        case Refused(reason):
            return Refused(msgspec.structs.replace(reason, text=shortened(reason.text, WORDS_BYTES)))
        case _:
            assert_never(result)


def _fitted(publication: Publication) -> Publication:
    names = fitting(publication.parameters, _NAME_BYTES)
    return msgspec.structs.replace(
        publication,
        dns_name=shortened(publication.dns_name, WORDS_BYTES),
        parameters=names,
        omitted=publication.omitted + len(publication.parameters) - len(names),
        pending=fitting(publication.pending, _ARN_BYTES),
        taken_back=fitting(publication.taken_back, _NAME_BYTES),
    )


def fitted_removal(result: RemovalResult) -> RemovalResult:
    """Return a removal's result cut to what there is room for."""
    match result:
        case Withdrawn(parameters=parameters):
            return msgspec.structs.replace(result, parameters=fitting(parameters, _NAME_BYTES))
        case NotWithdrawn(text=text):
            return msgspec.structs.replace(result, text=shortened(text, WORDS_BYTES))
        case StaysAfterAll(reason):
            return StaysAfterAll(msgspec.structs.replace(reason, text=shortened(reason.text, WORDS_BYTES)))
        case _:
            assert_never(result)


def _removal_results(withdrawal: KeptWithdrawal) -> tuple[RemovalResult, ...]:
    lost = "What became of it was not recorded; another attempt finds what there is."
    return tuple(
        withdrawal.results.get(place) or NotWithdrawn(what=str(removal), error="no-outcome", text=lost)
        for place, removal in enumerate(withdrawal.plan.removals)
    )


def _result(desired: DesiredAttachment, result: ItemResult | None) -> ItemResult:
    if result is None:
        lost = "What became of it was not recorded; another attempt finds what there is."
        return Failure(name=desired.name, error=WorkflowError("no-outcome", lost))
    return msgspec.structs.replace(result, name=desired.name) if isinstance(result, Failure) else result
