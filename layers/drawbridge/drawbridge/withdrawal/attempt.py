"""The withdrawal plans of attempts: beside what is to be made of a share, or of a whole request that ends."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Protocol, assert_never

import msgspec
from msgspec import Struct

from drawbridge.association import Plan
from drawbridge.association.attempt import PlanningPorts, ShareAttempt, plan_attempt
from drawbridge.decision import AlreadyResolved
from drawbridge.decision.permission import Lapsed, PermissionUnknown, Permitted
from drawbridge.errors import NotReadyError
from drawbridge.publication import AttachmentSnapshot
from drawbridge.publication.names import consumer_path
from drawbridge.request import (
    EndpointConnectionRequest,
    ExecutionInput,
    OrphanRequest,
    ResourceShareRequest,
    what_connects,
)
from drawbridge.request.absence import Existence, Existences, existence_of_subject
from drawbridge.request.announced import whole
from drawbridge.request.shares import SharedResource
from drawbridge.status import Reason
from drawbridge.withdrawal import (
    PERMITTED_AGAIN,
    Cause,
    ConnectedRecord,
    ConnectedRecords,
    ConnectionRemoval,
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
from drawbridge.withdrawal.called_for import NOTHING_EXCLUDED, Excluded, NotCalledFor
from drawbridge.withdrawal.permissions import Permissions
from drawbridge.withdrawal.plan import WithdrawalPlanner

_SHARED_AGAIN = "A share holds it again: whatever leads to it is that share's."


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


class SharedContents(Protocol):
    """What shares hold, as AWS RAM lists it."""

    def contents_of_share(self, share_arn: str) -> list[SharedResource]: ...


class WithdrawalPorts(Struct, frozen=True, kw_only=True):
    """The ports of planning withdrawals; what people configure is read anew for each plan."""

    ledger: ConnectedRecords
    planner: Callable[[Excluded], WithdrawalPlanner]
    attempts: WithdrawalPlans
    existences: Existences
    shares: SharedContents
    permissions: Permissions
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
    """Nothing of the request is taken down: it is there, and nothing says any longer that it is to go."""

    because: Reason


class Ending(Struct, frozen=True, kw_only=True):
    """The end of a whole request, and why."""

    cause: Cause
    because: tuple[Reason, ...] = ()
    """Empty if its subject is gone."""

    @property
    def verdict(self) -> NotCalledFor:
        """Return it as what is said of each thing that goes with it."""
        return NotCalledFor(self.cause, "; ".join(each.text for each in self.because))


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
    excluded = Excluded(associations=_refused_associations(attempt.share_arn, connected, withdrawals))
    planner, of_others = withdrawals.planner(excluded), withdrawals.of_others(attempt.execution)
    connected = planner.with_unrecorded(connected, associations.visible, of_others)
    withdrawal = planner.plan(connected, associations.visible, of_others)
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
    """Plan what is to be taken down of a request that ends, and keep it.

    It ends if its subject is gone, if policies do not permit it any longer and what was announced has passed, or on
    command.

    Raises:
        NotReadyError: AWS does not say whether it is gone, or not all that policies go by.
        UpstreamError: AWS did not list something that is there.
    """
    now = ports.now()
    connected = ports.ledger.connected(execution.request_id)
    ending = _ending(execution, connected, ports)
    if isinstance(ending, StillThere):
        return ending
    match execution.request:
        case ResourceShareRequest(share_arn=share_arn):
            plan = _of_share(share_arn, execution, connected, ending, ports)
        case EndpointConnectionRequest() as request:
            plan = WithdrawalPlan(removals=(_of_connection(request, connected, ending, ports.prefix),))
        case OrphanRequest(resource_arn=arn):
            plan = _of_orphan(arn, execution, connected, ending, ports)
        case _:
            assert_never(execution.request)
    plan = msgspec.structs.replace(plan, because=ending.because)
    return plan, ports.attempts.keep_withdrawal(execution, plan, now)


def _ending(execution: ExecutionInput, connected: ConnectedRecord, ports: WithdrawalPorts) -> Ending | StillThere:
    """Return why the request ends, asked anew; or that it does not."""
    request = execution.request
    if connected.commanded is not None:
        return Ending(cause=Cause.COMMANDED, because=(connected.commanded.reason,))
    match existence_of_subject(request, ports.existences):
        case Existence.GONE:
            is_connection = isinstance(request, EndpointConnectionRequest)
            return Ending(cause=Cause.CONNECTION_GONE if is_connection else Cause.NOT_SHARED)
        case Existence.UNKNOWN:
            raise NotReadyError(f"AWS does not say whether {request.subject} is gone")
        case Existence.PRESENT if isinstance(request, OrphanRequest):
            return Ending(cause=Cause.OTHER_SHARE, because=(Reason("shared-again", _SHARED_AGAIN),))
        case Existence.PRESENT:
            return _ending_of_permission(execution, connected, ports)
        case existence:
            assert_never(existence)


def _ending_of_permission(
    execution: ExecutionInput, connected: ConnectedRecord, ports: WithdrawalPorts
) -> Ending | StillThere:
    mark = whole(connected.announced)
    if mark is None or not mark.is_due(ports.now()):
        subject = execution.request.subject
        return StillThere(Reason("listed-again", f"AWS lists {subject}, and nothing says that it is to go."))
    match ports.permissions.of_request(execution):
        case Lapsed(because=because):
            return Ending(cause=Cause.NOT_PERMITTED, because=(mark.reason, *because))
        case Permitted():
            return StillThere(Reason(PERMITTED_AGAIN, "Policies permit it again; nothing of it is taken down."))
        case PermissionUnknown(because):
            why = "; ".join(each.text for each in because)
            return StillThere(Reason("not-known", f"It is not known what policies would say, so that it stays: {why}"))
        case AlreadyResolved(because=because):
            return StillThere(because[0])
        case permission:
            assert_never(permission)


def _of_share(
    share_arn: str, execution: ExecutionInput, connected: ConnectedRecord, ending: Ending, ports: WithdrawalPorts
) -> WithdrawalPlan:
    if ending.cause is Cause.NOT_SHARED:
        planner = ports.planner(NOTHING_EXCLUDED)
        return planner.plan(connected.with_all_absent, (), ports.of_others(execution))
    excluded = _excluded_share(share_arn, connected, ending, ports)
    planner, of_others = ports.planner(excluded), ports.of_others(execution)
    return planner.plan(
        planner.with_unrecorded(connected, excluded.resources, of_others), excluded.resources, of_others
    )


def _of_orphan(
    arn: str, execution: ExecutionInput, connected: ConnectedRecord, ending: Ending, ports: WithdrawalPorts
) -> WithdrawalPlan:
    match ending.cause:
        case Cause.OTHER_SHARE:
            return WithdrawalPlan()
        case Cause.NOT_SHARED:
            planner = ports.planner(NOTHING_EXCLUDED)
            return planner.plan(connected.with_all_absent, (), ports.of_others(execution))
        case _:
            planner = ports.planner(_excluded_orphan(arn, connected, ending))
            return planner.plan(connected, (arn,), ports.of_others(execution))


def _excluded_orphan(arn: str, connected: ConnectedRecord, ending: Ending) -> Excluded:
    return Excluded(resources=dict.fromkeys(sorted({arn} | connected.resources), ending.verdict))


def _excluded_share(share_arn: str, connected: ConnectedRecord, ending: Ending, ports: WithdrawalPorts) -> Excluded:
    held = {each.arn for each in ports.shares.contents_of_share(share_arn) if each.is_lattice}
    resources = dict.fromkeys(sorted(held | connected.resources), ending.verdict)
    return Excluded(share_arn=share_arn, resources=resources)


def _refused_associations(
    share_arn: str, connected: ConnectedRecord, ports: WithdrawalPorts
) -> Mapping[tuple[str, str], NotCalledFor]:
    """Return which of what was announced is not permitted still, now that its time has come."""
    now = ports.now()
    due = {each.key: each for each in connected.announced if not each.is_whole and each.is_due(now)}
    if not due:
        return {}
    permissions = ports.permissions.to_associate(share_arn)
    return {
        key: NotCalledFor(Cause.NOT_PERMITTED, "; ".join(each.text for each in permission.because))
        for key in due
        if isinstance(permission := permissions.get(key), Lapsed)
    }


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
    connected = ports.ledger.connected(execution.request_id)
    match removal.cause:
        case Cause.CONNECTION_GONE:
            if existence_of_subject(execution.request, ports.existences) is Existence.GONE:
                return removal
            return Reason("not-known", f"AWS does not say any longer that {execution.request.subject} is gone")
        case Cause.COMMANDED | Cause.NOT_PERMITTED:
            return _refused_again(execution, removal, connected, ports)
        case Cause.BINDING | Cause.NOT_SHARED | Cause.OTHER_SHARE:
            return ports.planner(NOTHING_EXCLUDED).plan_again(connected, removal)
        case cause:
            assert_never(cause)


def _refused_again(
    execution: ExecutionInput, removal: Removal, connected: ConnectedRecord, ports: WithdrawalPorts
) -> Removal | Reason:
    """Return the removal if it is refused still, or why it is to stay."""
    request = execution.request
    if isinstance(request, EndpointConnectionRequest):
        ending = _ending(execution, connected, ports)
        return ending.because if isinstance(ending, StillThere) else removal
    if isinstance(request, OrphanRequest):
        return _orphan_again(execution, removal, connected, ports)
    if connected.commanded is not None or whole(connected.announced) is not None:
        ending = _ending(execution, connected, ports)
        if isinstance(ending, StillThere):
            return ending.because
        if not ending.because:
            return Reason("not-known", f"{request.subject} is gone meanwhile, which is to be confirmed first")
        excluded = _excluded_share(request.share_arn, connected, ending, ports)
    else:
        excluded = Excluded(associations=_refused_associations(request.share_arn, connected, ports))
    return ports.planner(excluded).plan_again(connected, removal)


def _orphan_again(
    execution: ExecutionInput, removal: Removal, connected: ConnectedRecord, ports: WithdrawalPorts
) -> Removal | Reason:
    """Return the removal if an operator's command stands, or why it is to stay."""
    ending = _ending(execution, connected, ports)
    if isinstance(ending, StillThere):
        return ending.because
    excluded = _excluded_orphan(execution.request.subject, connected, ending)
    return ports.planner(excluded).plan_again(connected, removal)


def _of_connection(
    request: EndpointConnectionRequest, connected: ConnectedRecord, ending: Ending, prefix: str
) -> Removal:
    path = consumer_path(prefix, connected.account_id, request.endpoint_id)
    names = (PublishedPath(path=path, subject=request.endpoint_id, through=request.endpoint_id),)
    if ending.cause is Cause.CONNECTION_GONE:
        why = f"the consumer's {what_connects(request.endpoint_id)} was deleted or rejected"
        return NamesRemoval(names=names, cause=ending.cause, why=why)
    return ConnectionRemoval(
        service_id=request.service_id,
        endpoint_id=request.endpoint_id,
        names=names,
        cause=ending.cause,
        why=ending.verdict.why,
    )
