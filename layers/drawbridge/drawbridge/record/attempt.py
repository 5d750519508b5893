"""What an attempt works on: stored item by item, so that the workflow passes on references and never lists."""

from collections.abc import Mapping
from typing import Protocol, assert_never

import msgspec
from msgspec import Struct

from drawbridge.association import DesiredAttachment, Plan
from drawbridge.bounds import WORDS_BYTES, fitting, shortened
from drawbridge.publication import Publication
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
)
from drawbridge.request import ExecutionInput

_NAME_BYTES = 60_000
"""Of the names of one association's parameters; a group of 60 children has 120."""
_ARN_BYTES = 40_000
"""Of the ARNs of what is in one group and can't be used yet."""


class KeptAttempt(Struct, frozen=True, kw_only=True):
    """All that is kept of an attempt."""

    plan: Plan
    results: Mapping[int, ItemResult]
    """The result of each association so far, by its place in the plan."""


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


Reported = Decided | Questioned | Accepted | PlanKept | EndReached | ConsumerPublished | Failed
"""How far a request has come, as the workflow reports it."""


def progress_of(reported: Reported, execution: ExecutionInput, attempts: AttemptResults) -> Progress:
    """Return the progress with what the report only refers to filled in.

    Raises:
        UpstreamError: it is not kept, or not any longer.
    """
    match reported:
        case PlanKept():
            return Planned(attempts.kept(execution).plan)
        case EndReached():
            kept = attempts.kept(execution)
            results = tuple(
                _result(desired, kept.results.get(item)) for item, desired in enumerate(kept.plan.associations)
            )
            return Ended(kept.plan.refused, results, kept.plan.cut)
        case ConsumerPublished(publication):
            return Ended((), (Published(publication),))
        case Decided() | Questioned() | Accepted() | Failed():
            return reported
        case _:
            assert_never(reported)


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


def _result(desired: DesiredAttachment, result: ItemResult | None) -> ItemResult:
    if result is None:
        lost = "What became of it was not recorded; another attempt finds what there is."
        return Failure(name=desired.name, error=WorkflowError("no-outcome", lost))
    return msgspec.structs.replace(result, name=desired.name) if isinstance(result, Failure) else result
