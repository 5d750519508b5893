"""The withdrawal plans of attempts: beside what is to be made of a share, or of a whole request that ends."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Protocol, assert_never

import msgspec
from msgspec import Struct

from drawbridge.association import Plan
from drawbridge.association.attempt import PlanningPorts, ShareAttempt, plan_attempt
from drawbridge.errors import NotReadyError
from drawbridge.publication import AttachmentSnapshot
from drawbridge.publication.names import consumer_path
from drawbridge.request import EndpointConnectionRequest, ExecutionInput, ResourceShareRequest
from drawbridge.request.absence import Existence, Existences, existence_of_subject
from drawbridge.status import Reason
from drawbridge.withdrawal import (
    Cause,
    ConnectedRecord,
    ConnectedRecords,
    EarlierAttachments,
    NamesRemoval,
    PlannedRemoval,
    PublishedPath,
    Removal,
    RemovalResult,
    StaysAfterAll,
    WithdrawalPlan,
    is_removed,
)
from drawbridge.withdrawal.plan import WithdrawalPlanner


class WithdrawalPlans(Protocol):
    """The withdrawal plans of attempts, kept item by item: an item is a removal's place in the plan."""

    def keep_withdrawal(self, execution: ExecutionInput, plan: WithdrawalPlan, at: datetime) -> tuple[int, ...]:
        """Keep a plan that was made as of that time; return its items."""
        ...

    def planned_removal(self, execution: ExecutionInput, item: int) -> PlannedRemoval:
        """Return one removal as it was decided on last.

        Raises:
            UpstreamError: it is not kept, or not any longer.
        """
        ...

    def keep_planned_removal(self, execution: ExecutionInput, item: int, planned: PlannedRemoval) -> None:
        """Keep one removal as it was decided again."""
        ...

    def keep_removal_result(self, execution: ExecutionInput, item: int, result: RemovalResult) -> None:
        """Keep what came of one removal; an earlier result is replaced."""
        ...


class WithdrawalPorts(Struct, frozen=True, kw_only=True):
    """The ports of planning withdrawals; what people configure is read anew for each plan."""

    ledger: ConnectedRecords
    planner: Callable[[], WithdrawalPlanner]
    attempts: WithdrawalPlans
    existences: Existences
    now: Callable[[], datetime]
    prefix: str

    def of_others(self, execution: ExecutionInput) -> Callable[[], Iterable[AttachmentSnapshot]]:
        """Return what returns how the attachments of other requests were left."""
        return lambda: self.ledger.attachments_of_others(execution.request_id)


class AttemptPlan(Struct, frozen=True, kw_only=True):
    """What an attempt at a share makes, and what it takes down."""

    associations: Plan
    withdrawal: WithdrawalPlan
    items: tuple[int, ...]
    """Of the associations."""
    removals: tuple[int, ...]
    """Items of the withdrawal."""


class StillThere(Struct, frozen=True):
    """AWS lists the subject of the request again: nothing of it is taken down."""

    because: Reason


def plan_both_directions(
    attempt: ShareAttempt, ports: PlanningPorts, withdrawals: WithdrawalPorts, *, tries: int
) -> AttemptPlan:
    """Plan what is to be made of a share and what is to be taken down of it, and keep both.

    Raises:
        NotReadyError: the share, or for the first ``tries`` something in it, is not visible yet.
        UpstreamError: AWS did not list something that is there.
    """
    now = withdrawals.now()
    associations, items = plan_attempt(attempt, ports, tries=tries)
    connected = withdrawals.ledger.connected(attempt.execution.request_id)
    withdrawal = withdrawals.planner().plan(connected, associations.visible, withdrawals.of_others(attempt.execution))
    made_now = {each.name for each in associations.associations}
    withdrawal = msgspec.structs.replace(withdrawal, earlier=_earlier(connected, made_now, withdrawal))
    removals = withdrawals.attempts.keep_withdrawal(attempt.execution, withdrawal, now)
    return AttemptPlan(associations=associations, withdrawal=withdrawal, items=items, removals=removals)


def _earlier(connected: ConnectedRecord, made_now: Collection[str], plan: WithdrawalPlan) -> EarlierAttachments:
    """Return what becomes of what earlier attempts attached; ``made_now`` are names of attachments."""
    rest = [each for each in connected.attachments if each.name not in made_now]
    return EarlierAttachments(
        made_anew=tuple(each for each in connected.attachments if each.name in made_now),
        staying=tuple(each for each in rest if not is_removed(each, plan)),
        going=tuple(each for each in rest if is_removed(each, plan)),
    )


def plan_withdrawal(
    execution: ExecutionInput, ports: WithdrawalPorts
) -> tuple[WithdrawalPlan, tuple[int, ...]] | StillThere:
    """Plan what is to be taken down of a request whose subject is gone, and keep it.

    Raises:
        NotReadyError: AWS does not say whether it is gone.
        UpstreamError: AWS did not list something that is there.
    """
    now = ports.now()
    request, subject = execution.request, execution.request.subject
    connected = ports.ledger.connected(execution.request_id)
    match existence_of_subject(request, ports.existences):
        case Existence.PRESENT:
            return StillThere(Reason("listed-again", f"AWS lists {subject} again; nothing of it is taken down."))
        case Existence.UNKNOWN:
            raise NotReadyError(f"AWS does not say whether {subject} is gone")
        case Existence.GONE:
            pass
        case existence:
            assert_never(existence)
    match request:
        case ResourceShareRequest():
            plan = ports.planner().plan(connected.with_all_absent, (), ports.of_others(execution))
        case EndpointConnectionRequest():
            plan = _of_connection(request, connected, ports.prefix)
        case _:
            assert_never(request)
    return plan, ports.attempts.keep_withdrawal(execution, plan, now)


def decide_removal_again(execution: ExecutionInput, item: int, ports: WithdrawalPorts) -> Removal | Reason:
    """Decide again on one removal, and keep what comes of it: it goes still, or why it stays after all.

    Raises:
        UpstreamError: the removal is not kept, or not any longer; or AWS did not list something that is there.
    """
    now = ports.now()
    planned = ports.attempts.planned_removal(execution, item)
    again = _decided_again(execution, planned.removal, ports)
    if isinstance(again, Reason):
        ports.attempts.keep_removal_result(execution, item, StaysAfterAll(again))
    else:
        ports.attempts.keep_planned_removal(execution, item, PlannedRemoval(removal=again, at=now))
    return again


def _decided_again(execution: ExecutionInput, removal: Removal, ports: WithdrawalPorts) -> Removal | Reason:
    if removal.cause is Cause.CONNECTION_GONE:
        if existence_of_subject(execution.request, ports.existences) is Existence.GONE:
            return removal
        return Reason("not-known", f"AWS does not say any longer that {execution.request.subject} is gone")
    return ports.planner().plan_again(ports.ledger.connected(execution.request_id), removal)


def _of_connection(request: EndpointConnectionRequest, connected: ConnectedRecord, prefix: str) -> WithdrawalPlan:
    path = consumer_path(prefix, connected.account_id, request.endpoint_id)
    published = PublishedPath(path=path, subject=request.endpoint_id, through=request.endpoint_id)
    why = "the consumer's endpoint was deleted or rejected"
    return WithdrawalPlan(removals=(NamesRemoval(names=(published,), cause=Cause.CONNECTION_GONE, why=why),))
