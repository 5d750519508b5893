"""The withdrawal plans of attempts: beside what is made of a share, of a whole request that ends, and decided again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.association import MadeAttachment, Plan
from drawbridge.association.attempt import PlanningPorts, ShareAttempt
from drawbridge.association.coverage import Coverage
from drawbridge.decision import Accept, AlreadyResolved, DecidedOn
from drawbridge.decision.facts import EvaluationTime, Requester
from drawbridge.decision.let_in import LetIn
from drawbridge.decision.permission import Lapsed, Permission, PermissionUnknown, Permitted
from drawbridge.errors import NotReadyError, UpstreamError
from drawbridge.request import ExecutionInput, OrphanRequest
from drawbridge.request.announced import NO_LONGER_PERMITTED, Announced, WithdrawalCommand
from drawbridge.request.connections import ConnectionState
from drawbridge.request.shares import SharedResource
from drawbridge.status import Reason, Status
from drawbridge.withdrawal import (
    Cause,
    ConnectedRecord,
    ConnectionRemoval,
    EarlierAttachments,
    NamesRemoval,
    ObjectRemoval,
    PublishedPath,
    StaysAfterAll,
    WithdrawalPlan,
    is_removed,
)
from drawbridge.withdrawal.attempt import (
    AttemptPlan,
    StillThere,
    decide_removal_again,
    plan_both_directions,
    plan_withdrawal,
)
from tests.builders import (
    CONNECTION,
    ENDPOINT_ID,
    EVALUATION_TIME,
    NOW,
    PROVIDER,
    RESOURCE_ARN,
    SERVICE_ID,
    SHARE,
    SHARE_ARN,
    VPC_ID,
    desired,
    entity,
    execution_input,
    requester,
)
from tests.unit.planning import SECOND_ARN, binding
from tests.unit.withdrawing import ENDPOINT, IN_NETWORK, NET, VPC_OF_NETWORK, WithdrawalAttempts, by_network

replace = msgspec.structs.replace
OF_SHARE = execution_input(SHARE, attempt=2)
OF_CONNECTION = execution_input(CONNECTION, attempt=2)
ATTEMPT = ShareAttempt(execution=OF_SHARE, share_arn=SHARE_ARN, decision=Accept(()), decided_on=DecidedOn(at=NOW))
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def withdrawals() -> WithdrawalAttempts:
    return WithdrawalAttempts()


@pytest.fixture
def gone(withdrawals: WithdrawalAttempts) -> WithdrawalAttempts:
    """Return an account with an endpoint to what a share held that is gone."""
    withdrawals.world.shared_as.clear()
    withdrawals.world.owned_objects.marked = [ENDPOINT]
    withdrawals.world.attach(endpoint_id=ENDPOINT.id)
    withdrawals.world.mark(SHARE_ARN)
    withdrawals.world.existences.held.clear()
    return withdrawals


def what_goes(withdrawals: WithdrawalAttempts, execution: ExecutionInput) -> list[str]:
    return [str(each) for each in withdrawals.attempts.kept_withdrawal(execution).plan.removals]


# ---- both directions -------------------------------------------------------------------------------------------------


class Associations:
    """Who plans what is made, and who tells of the requester."""

    def __init__(self, withdrawals: WithdrawalAttempts, plan: Plan) -> None:
        self._withdrawals = withdrawals
        self._plan = plan

    def let_in(self, request_id: str) -> LetIn | None:
        return None

    def requester(self, account_id: str) -> Requester:
        return requester(account_id)

    def plan(
        self,
        share_arn: str,
        requester: Requester,
        expected: Collection[SharedResource],
        evaluation_time: EvaluationTime,
        coverage: Coverage,
        *,
        tries: int,
    ) -> Plan:
        assert tries == 3
        # What takes as long as AWS takes.
        self._withdrawals.time += timedelta(minutes=2)
        return self._plan


def both(withdrawals: WithdrawalAttempts, **plan: Any) -> AttemptPlan:
    fields: dict[str, Any] = {
        "associations": (),
        "refused": (),
        "observed_fingerprint": "state",
        "bindings_fingerprint": "bindings",
        "visible": (RESOURCE_ARN,),
    }
    played: Any = Associations(withdrawals, Plan(**(fields | plan)))
    ports = PlanningPorts(
        gatherer=played,
        ledger=played,
        planner=lambda: played,
        attempts=withdrawals.attempts,
        evaluation_time=lambda: EVALUATION_TIME,
    )
    return plan_both_directions(ATTEMPT, ports, withdrawals.ports, tries=3)


def test_what_is_made_and_what_goes_are_planned_and_kept_each_by_its_places(withdrawals: WithdrawalAttempts) -> None:
    withdrawals.world.owned_objects.marked = [replace(ENDPOINT, binding="renamed")]

    planned = both(withdrawals, associations=(desired(), desired(resource_name="users-db")))

    assert (planned.items, planned.removals) == ((0, 1), (0,))
    assert withdrawals.attempts.kept(OF_SHARE).plan.associations == planned.associations.associations
    assert withdrawals.attempts.kept_withdrawal(OF_SHARE).plan == planned.withdrawal
    assert withdrawals.asked_for == [OF_SHARE.request_id]


def test_a_removal_counts_as_decided_on_before_anything_was_asked(withdrawals: WithdrawalAttempts) -> None:
    withdrawals.world.owned_objects.marked = [ENDPOINT]

    both(withdrawals)

    assert withdrawals.time > NOW
    assert withdrawals.attempts.planned_removal(OF_SHARE, 0).at == NOW


def test_what_the_share_shows_and_no_row_tells_of_is_looked_at_too(withdrawals: WithdrawalAttempts) -> None:
    other = replace(ENDPOINT, id="vpce-9", resource_arn=SECOND_ARN)
    withdrawals.world.shared_as[SECOND_ARN] = {"orders"}
    withdrawals.world.entities[SECOND_ARN] = entity(arn=SECOND_ARN)
    withdrawals.world.owned_objects.marked = [ENDPOINT, other]

    assert len(both(withdrawals, visible=()).removals) == 0
    both(withdrawals, visible=(SECOND_ARN,))

    assert what_goes(withdrawals, OF_SHARE) == [str(other)]


def test_what_stays_of_earlier_attempts_is_kept_as_it_was_left(withdrawals: WithdrawalAttempts) -> None:
    world = withdrawals.world
    world.owned_objects.marked = [ENDPOINT, replace(ENDPOINT, id="vpce-2", binding="central")]
    withdrawals.bindings = [binding("central")]
    world.attach("orders/orders-db", endpoint_id="vpce-1")
    world.attach("central/orders-db", endpoint_id="vpce-2")
    world.attach(desired().name, endpoint_id="vpce-3")

    planned = both(withdrawals, associations=(desired(),))

    # The first goes, the last is made now.
    earlier = planned.withdrawal.earlier
    assert [each.made.endpoint_id for each in earlier.staying] == ["vpce-2"]
    assert [each.made.endpoint_id for each in earlier.going] == ["vpce-1"]
    assert [each.made.endpoint_id for each in earlier.made_anew] == ["vpce-3"]
    assert withdrawals.attempts.kept_withdrawal(OF_SHARE).plan.earlier.staying == planned.withdrawal.earlier.staying


def test_of_what_is_not_confirmed_how_it_was_left_stays(withdrawals: WithdrawalAttempts) -> None:
    world = withdrawals.world
    world.shared_as.clear()
    world.owned_objects.marked = [ENDPOINT]
    withdrawals.bindings = [binding()]
    world.attach("orders/orders-db", endpoint_id="vpce-1")

    planned = both(withdrawals, visible=())

    assert (planned.removals, len(planned.withdrawal.unconfirmed)) == ((), 1)
    assert [each.name for each in planned.withdrawal.earlier.staying] == ["orders/orders-db"]


def test_what_is_ours_for_what_the_share_holds_and_in_no_row_is_recorded_as_staying(
    withdrawals: WithdrawalAttempts,
) -> None:
    withdrawals.world.owned_objects.marked = [ENDPOINT, replace(ENDPOINT, id="vpce-8", resource_arn=SECOND_ARN)]
    withdrawals.bindings = [binding()]

    planned = both(withdrawals)

    (staying,) = planned.withdrawal.earlier.staying
    assert (staying.name, staying.resource_arn) == (f"orders/{RESOURCE_ARN.rpartition('/')[2]}/{VPC_ID}", RESOURCE_ARN)
    assert staying.made == MadeAttachment(endpoint_id=ENDPOINT.id)
    assert planned.removals == ()


def test_what_another_row_records_or_is_not_ours_is_not_recorded_here(withdrawals: WithdrawalAttempts) -> None:
    world = withdrawals.world
    world.owned_objects.marked = [ENDPOINT]
    world.owned_objects.there = [IN_NETWORK, VPC_OF_NETWORK]
    world.owned_objects.not_ours = {IN_NETWORK.id}
    withdrawals.bindings = [binding(), by_network()]
    world.attach(endpoint_id=ENDPOINT.id)
    world.of_others, world.connected = [*world.connected.attachments], ConnectedRecord(account_id=PROVIDER)

    assert both(withdrawals).withdrawal.earlier == EarlierAttachments()


def test_what_is_recorded_here_costs_no_look_at_other_rows(withdrawals: WithdrawalAttempts) -> None:
    withdrawals.world.owned_objects.marked = [ENDPOINT]
    withdrawals.bindings = [binding()]
    withdrawals.world.attach(endpoint_id=ENDPOINT.id)

    both(withdrawals)

    assert withdrawals.others_asked_for == 0


def by_name_of(withdrawals: WithdrawalAttempts, binding: str) -> None:
    """Have a network's associations, which no row records, and a name of the binding that leads by them."""
    world = withdrawals.world
    world.owned_objects.there = [IN_NETWORK, VPC_OF_NETWORK]
    network: dict[str, Any] = {"service_network_arn": NET, "vpc_association_id": VPC_OF_NETWORK.id, "endpoint_id": None}
    world.publish(binding, mode="service-network", **network)
    world.connected = ConnectedRecord(account_id=PROVIDER)


def test_an_association_that_no_row_records_goes_if_no_binding_calls_for_it(withdrawals: WithdrawalAttempts) -> None:
    by_name_of(withdrawals, "central")

    planned = both(withdrawals)

    assert what_goes(withdrawals, OF_SHARE) == [
        str(VPC_OF_NETWORK),
        str(IN_NETWORK),
        f"{NET.rpartition('/')[2]}, the service network that was created for it",
    ]
    assert [(each.binding, each.made.resource_association) for each in planned.withdrawal.earlier.going] == [
        ("central", IN_NETWORK.id)
    ]
    # Its names go first, though no row tells of them either.
    first = withdrawals.attempts.kept_withdrawal(OF_SHARE).plan.removals[0]
    assert isinstance(first, ObjectRemoval)
    assert [each.path for each in first.names] == ["/drawbridge/connections/central/orders-db"]


def test_an_association_of_which_no_name_tells_a_binding_is_left_alone(withdrawals: WithdrawalAttempts) -> None:
    withdrawals.world.owned_objects.there = [IN_NETWORK, VPC_OF_NETWORK]

    assert both(withdrawals).withdrawal == WithdrawalPlan()


def test_an_association_whose_binding_a_listing_leaves_out_takes_nothing_down(withdrawals: WithdrawalAttempts) -> None:
    by_name_of(withdrawals, "central")
    withdrawals.world.written = {"central"}

    with pytest.raises(UpstreamError, match="did not list binding central"):
        both(withdrawals)


def test_what_leads_to_a_shared_network_and_is_in_no_row_goes_if_no_binding_calls_for_it(
    withdrawals: WithdrawalAttempts,
) -> None:
    world = withdrawals.world
    shared = f"{NET.replace('222222222222', PROVIDER)}9"
    world.owned_objects.there = [replace(VPC_OF_NETWORK, network_arn=shared)]
    network: dict[str, Any] = {
        "service_network_arn": shared,
        "vpc_association_id": VPC_OF_NETWORK.id,
        "endpoint_id": None,
    }
    world.publish("central", mode="service-network", group_arn=shared, **network)
    world.connected = ConnectedRecord(account_id=PROVIDER)
    world.shared_as[shared] = {"orders"}

    planned = both(withdrawals, visible=(shared,))

    (going,) = planned.withdrawal.earlier.going
    assert (going.binding, going.resource_arn) == ("central", shared)
    assert going.made == MadeAttachment(network_arn=shared, vpc_association=VPC_OF_NETWORK.id)


def test_a_share_that_is_withdrawn_on_command_takes_along_what_no_row_records(withdrawals: WithdrawalAttempts) -> None:
    by_name_of(withdrawals, "central")
    withdrawals.bindings = [by_network()]
    world = withdrawals.world
    world.existences.shares.add(SHARE_ARN)
    world.connected = replace(world.connected, commanded=WithdrawalCommand(by="me", at=NOW))

    plan_withdrawal(OF_SHARE, withdrawals.ports)

    assert what_goes(withdrawals, OF_SHARE)[:2] == [str(VPC_OF_NETWORK), str(IN_NETWORK)]


@pytest.mark.parametrize(
    ("made", "removed"),
    [
        ({"endpoint_id": "vpce-1"}, True),
        ({"endpoint_id": "vpce-2"}, False),
        ({"network_arn": NET, "resource_association": "snra-1", "vpc_association": "snva-9"}, True),
        ({"network_arn": NET, "resource_association": "snra-9", "vpc_association": "snva-1"}, True),
        ({"network_arn": NET, "resource_association": "snra-9", "vpc_association": "snva-9"}, False),
        ({"endpoint_id": "vpce-8"}, True),
        ({}, False),
    ],
)
def test_an_attachment_goes_with_any_part_of_it_or_with_its_names(
    withdrawals: WithdrawalAttempts, made: dict[str, Any], removed: bool
) -> None:
    withdrawals.world.attach(**made)
    (snapshot,) = withdrawals.world.connected.attachments
    assert snapshot.made == MadeAttachment(**made)
    objects = (ENDPOINT, IN_NETWORK, VPC_OF_NETWORK)
    plan = WithdrawalPlan(
        removals=(
            NamesRemoval(
                names=(PublishedPath(path="/p", subject="s", through="vpce-8 vpce-rsc-asc-1"),),
                cause=Cause.BINDING,
                why="",
            ),
            *(ObjectRemoval(removed=each, cause=Cause.BINDING, why="") for each in objects),
        )
    )

    assert is_removed(snapshot, plan) is removed
    assert not is_removed(snapshot, WithdrawalPlan())


# ---- a whole request that ends ---------------------------------------------------------------------------------------


def test_of_a_share_that_is_gone_what_was_made_goes(gone: WithdrawalAttempts) -> None:
    gone.bindings = [binding()]

    planned = plan_withdrawal(OF_SHARE, gone.ports)

    assert not isinstance(planned, StillThere)
    plan, places = planned
    assert places == (0,)
    assert [str(each) for each in plan.removals] == what_goes(gone, OF_SHARE) == [str(ENDPOINT)]
    assert plan.removals[0].cause is Cause.NOT_SHARED
    assert gone.attempts.planned_removal(OF_SHARE, 0).at == NOW


def test_of_a_share_that_is_gone_what_another_holds_and_a_binding_wants_stays(gone: WithdrawalAttempts) -> None:
    gone.world.shared_as[RESOURCE_ARN] = {"made anew"}
    gone.bindings = [binding()]

    assert plan_withdrawal(OF_SHARE, gone.ports) == (WithdrawalPlan(), ())


def test_of_a_share_that_is_gone_what_aws_shows_still_is_not_taken_down_yet(gone: WithdrawalAttempts) -> None:
    gone.world.existences.described.add(RESOURCE_ARN)
    gone.bindings = [binding()]

    planned = plan_withdrawal(OF_SHARE, gone.ports)

    assert not isinstance(planned, StillThere)
    assert (planned[1], [each.code for each in planned[0].unconfirmed]) == ((), ["unconfirmed"])


def test_of_a_consumer_s_endpoint_that_is_gone_the_names_go_and_nothing_else(withdrawals: WithdrawalAttempts) -> None:
    withdrawals.world.owned_objects.marked = [ENDPOINT]

    planned = plan_withdrawal(OF_CONNECTION, withdrawals.ports)

    path = f"/drawbridge/consumers/{PROVIDER}/{ENDPOINT_ID}"
    name = PublishedPath(path=path, subject=ENDPOINT_ID, through=ENDPOINT_ID)
    why = "the consumer's endpoint was deleted or rejected"
    assert planned == (
        WithdrawalPlan(removals=(NamesRemoval(names=(name,), cause=Cause.CONNECTION_GONE, why=why),)),
        (0,),
    )
    assert withdrawals.world.existences.asked == [ENDPOINT_ID]


@pytest.mark.parametrize("execution", [OF_SHARE, OF_CONNECTION])
def test_of_what_is_listed_again_nothing_is_planned_or_kept(
    gone: WithdrawalAttempts, execution: ExecutionInput
) -> None:
    gone.world.existences.shares.add(SHARE_ARN)
    gone.world.existences.connections[ENDPOINT_ID] = ConnectionState.AVAILABLE

    planned = plan_withdrawal(execution, gone.ports)

    assert isinstance(planned, StillThere)
    assert planned.because.code == "listed-again"
    assert what_goes(gone, execution) == []


@pytest.mark.parametrize("execution", [OF_SHARE, OF_CONNECTION])
def test_an_empty_answer_is_never_gone(gone: WithdrawalAttempts, execution: ExecutionInput) -> None:
    gone.world.existences.services.add(SERVICE_ID)
    gone.world.existences.says_nothing = execution is OF_SHARE

    with pytest.raises(NotReadyError):
        plan_withdrawal(execution, gone.ports)

    assert what_goes(gone, execution) == []


# ---- decided again ---------------------------------------------------------------------------------------------------


def test_a_removal_that_goes_still_is_kept_as_decided_on_by_now(gone: WithdrawalAttempts) -> None:
    plan_withdrawal(OF_SHARE, gone.ports)
    gone.time = LATER

    again = decide_removal_again(OF_SHARE, 0, gone.ports)

    planned = gone.attempts.planned_removal(OF_SHARE, 0)
    assert (planned.removal, planned.at) == (again, LATER)
    assert gone.attempts.kept_withdrawal(OF_SHARE).results == {}


def test_a_removal_that_a_binding_calls_for_again_stays_and_that_is_kept(withdrawals: WithdrawalAttempts) -> None:
    withdrawals.world.owned_objects.marked = [ENDPOINT]
    both(withdrawals)
    withdrawals.bindings = [binding()]

    again = decide_removal_again(OF_SHARE, 0, withdrawals.ports)

    assert isinstance(again, Reason)
    assert again.code == "called-for-again"
    assert withdrawals.attempts.kept_withdrawal(OF_SHARE).results == {0: StaysAfterAll(again)}
    assert withdrawals.attempts.planned_removal(OF_SHARE, 0).at == NOW


@pytest.mark.parametrize("says", ["held", "described", "nothing"])
def test_what_aws_does_not_say_any_longer_is_gone_stays_although_no_list_has_it(
    gone: WithdrawalAttempts, says: str
) -> None:
    gone.bindings = [binding()]
    plan_withdrawal(OF_SHARE, gone.ports)
    existences = gone.world.existences
    existences.held |= {RESOURCE_ARN} if says == "held" else set()
    existences.described |= {RESOURCE_ARN} if says == "described" else set()
    existences.says_nothing = says == "nothing"

    again = decide_removal_again(OF_SHARE, 0, gone.ports)

    assert isinstance(again, Reason)
    assert (again.code, RESOURCE_ARN in again.text) == ("not-known", True)


@pytest.mark.parametrize(
    ("state", "stays"),
    [
        (None, False),
        (ConnectionState.REJECTED, False),
        (ConnectionState.DELETED, False),
        (ConnectionState.AVAILABLE, True),
        (ConnectionState.PENDING_ACCEPTANCE, True),
        (ConnectionState.UNKNOWN, True),
    ],
)
def test_a_consumer_s_names_go_only_as_long_as_aws_says_that_the_endpoint_is_gone(
    withdrawals: WithdrawalAttempts, state: ConnectionState | None, stays: bool
) -> None:
    plan_withdrawal(OF_CONNECTION, withdrawals.ports)
    if state is not None:
        withdrawals.world.existences.connections[ENDPOINT_ID] = state

    again = decide_removal_again(OF_CONNECTION, 0, withdrawals.ports)

    assert isinstance(again, Reason) is stays
    assert [*withdrawals.attempts.kept_withdrawal(OF_CONNECTION).results] == ([0] if stays else [])


def test_what_is_not_kept_is_not_decided_again(withdrawals: WithdrawalAttempts) -> None:
    with pytest.raises(UpstreamError, match="not kept"):
        decide_removal_again(OF_SHARE, 0, withdrawals.ports)


# ---- what is there and goes all the same -----------------------------------------------------------------------------

WHY = Reason("policy", "the block list names it", source="block-list")
LAPSED = Lapsed(because=(WHY,), urgent=False, forbidden=True)
COMMAND = WithdrawalCommand(by="arn:aws:iam::222222222222:user/ann", at=NOW)
WHOLE = Announced(since=NOW - timedelta(hours=168), withdraw_after=NOW, forbidden=True)
PART = replace(WHOLE, binding="orders", resource_arn=RESOURCE_ARN)


@pytest.fixture
def there(withdrawals: WithdrawalAttempts) -> WithdrawalAttempts:
    """Return an account with an endpoint to what a share holds and a binding wants, and with a consumer's endpoint."""
    withdrawals.world.owned_objects.marked = [ENDPOINT]
    withdrawals.world.attach(endpoint_id=ENDPOINT.id)
    withdrawals.bindings = [binding()]
    withdrawals.world.existences.shares.add(SHARE_ARN)
    withdrawals.world.existences.connections[ENDPOINT_ID] = ConnectionState.AVAILABLE
    return withdrawals


def note(withdrawals: WithdrawalAttempts, *marks: Announced, commanded: WithdrawalCommand | None = None) -> None:
    """Have the row say so."""
    withdrawals.world.connected = replace(withdrawals.world.connected, announced=marks, commanded=commanded)


def planned_of(withdrawals: WithdrawalAttempts, execution: ExecutionInput = OF_SHARE) -> WithdrawalPlan:
    planned = plan_withdrawal(execution, withdrawals.ports)
    assert not isinstance(planned, StillThere)
    plan, places = planned
    assert places == tuple(range(len(plan.removals)))
    assert withdrawals.attempts.kept_withdrawal(execution).plan == plan
    return plan


def test_on_command_a_share_s_endpoints_go_whether_or_not_a_binding_wants_them(there: WithdrawalAttempts) -> None:
    note(there, commanded=COMMAND)

    plan = planned_of(there)

    (removal,) = plan.removals
    assert (str(removal), removal.cause, removal.why) == (str(ENDPOINT), Cause.COMMANDED, COMMAND.reason.text)
    assert (plan.because, plan.unconfirmed) == ((COMMAND.reason,), ())


def test_a_command_asks_neither_aws_nor_policies_whether_it_is_to_go(there: WithdrawalAttempts) -> None:
    note(there, commanded=COMMAND)
    there.world.existences.says_nothing = True
    there.permission = Permitted()

    assert [each.cause for each in planned_of(there, OF_CONNECTION).removals] == [Cause.COMMANDED]
    assert there.world.existences.asked == []


def test_what_is_refused_still_goes_and_says_why_and_since_when(there: WithdrawalAttempts) -> None:
    note(there, WHOLE)
    there.permission = LAPSED

    plan = planned_of(there)

    (removal,) = plan.removals
    assert (str(removal), removal.cause) == (str(ENDPOINT), Cause.NOT_PERMITTED)
    assert [each.code for each in plan.because] == [NO_LONGER_PERMITTED, "policy"]
    assert "2026-11-14 12:00 UTC" in plan.because[0].text
    assert WHY.text in removal.why


@pytest.mark.parametrize(("commanded", "cause"), [(COMMAND, Cause.COMMANDED), (None, Cause.NOT_PERMITTED)])
def test_a_consumer_s_names_go_and_its_connection_is_rejected(
    there: WithdrawalAttempts, commanded: WithdrawalCommand | None, cause: Cause
) -> None:
    note(there, WHOLE, commanded=commanded)
    there.permission = LAPSED

    (removal,) = planned_of(there, OF_CONNECTION).removals

    name = PublishedPath(
        path=f"/drawbridge/consumers/{PROVIDER}/{ENDPOINT_ID}", subject=ENDPOINT_ID, through=ENDPOINT_ID
    )
    assert removal == ConnectionRemoval(
        service_id=SERVICE_ID, endpoint_id=ENDPOINT_ID, names=(name,), cause=cause, why=removal.why
    )
    assert (COMMAND.reason if commanded else WHY).text in removal.why


@pytest.mark.parametrize("execution", [OF_SHARE, OF_CONNECTION])
@pytest.mark.parametrize(
    ("permission", "code"),
    [
        (Permitted(), "permitted-again"),
        (PermissionUnknown((WHY,)), "not-known"),
        (AlreadyResolved(Status.WITHDRAWN, (Reason("gone", "It is gone."),)), "gone"),
    ],
)
def test_what_is_not_refused_for_certain_any_longer_stays(
    there: WithdrawalAttempts, execution: ExecutionInput, permission: Permission | AlreadyResolved, code: str
) -> None:
    note(there, WHOLE)
    there.permission = permission

    planned = plan_withdrawal(execution, there.ports)

    assert isinstance(planned, StillThere)
    assert planned.because.code == code
    assert what_goes(there, execution) == []


@pytest.mark.parametrize("execution", [OF_SHARE, OF_CONNECTION])
@pytest.mark.parametrize(
    "marks", [(), (replace(WHOLE, withdraw_after=NOW + timedelta(seconds=1)),), (PART,), (replace(PART, binding=""),)]
)
def test_what_is_refused_stays_until_the_time_of_the_whole_has_come(
    there: WithdrawalAttempts, execution: ExecutionInput, marks: tuple[Announced, ...]
) -> None:
    note(there, *marks)
    there.permission = LAPSED

    planned = plan_withdrawal(execution, there.ports)

    assert isinstance(planned, StillThere)
    assert planned.because.code == "listed-again"


def test_of_what_is_refused_and_gone_nothing_is_rejected(there: WithdrawalAttempts) -> None:
    note(there, WHOLE)
    there.permission = LAPSED
    there.world.existences.connections.clear()

    plan = planned_of(there, OF_CONNECTION)

    assert [(type(each), each.cause) for each in plan.removals] == [(NamesRemoval, Cause.CONNECTION_GONE)]
    assert plan.because == ()


@pytest.mark.parametrize("execution", [OF_SHARE, OF_CONNECTION])
def test_of_what_is_refused_an_empty_answer_is_no_end(there: WithdrawalAttempts, execution: ExecutionInput) -> None:
    note(there, WHOLE)
    there.permission = LAPSED
    there.world.existences.says_nothing = True

    with pytest.raises(NotReadyError):
        plan_withdrawal(execution, there.ports)


@pytest.mark.parametrize("commanded", [COMMAND, None])
def test_what_another_share_holds_and_a_binding_wants_stays(
    there: WithdrawalAttempts, commanded: WithdrawalCommand | None
) -> None:
    note(there, WHOLE, commanded=commanded)
    there.permission = LAPSED
    there.world.of_another_share[RESOURCE_ARN] = {"another"}

    plan = planned_of(there)

    assert (plan.removals, plan.unconfirmed) == ((), ())


def test_on_command_goes_what_the_share_held_and_its_row_tells_of(there: WithdrawalAttempts) -> None:
    note(there, commanded=COMMAND)
    there.world.shared_as.clear()

    assert [each.cause for each in planned_of(there).removals] == [Cause.COMMANDED]


def test_on_command_goes_what_no_row_tells_of_and_the_share_holds(there: WithdrawalAttempts) -> None:
    there.world.connected = replace(there.world.connected, attachments=())
    note(there, commanded=COMMAND)

    assert [str(each) for each in planned_of(there).removals] == [str(ENDPOINT)]


# ---- one association -------------------------------------------------------------------------------------------------

KEY = ("orders", RESOURCE_ARN)


def test_an_association_that_is_due_and_refused_goes_with_an_attempt_at_its_share(there: WithdrawalAttempts) -> None:
    note(there, PART)
    there.permissions_to_associate = {KEY: LAPSED}

    (removal,) = both(there).withdrawal.removals

    assert (str(removal), removal.cause, removal.why) == (str(ENDPOINT), Cause.NOT_PERMITTED, WHY.text)


@pytest.mark.parametrize(
    ("marks", "permissions"),
    [
        ((PART,), {KEY: Permitted()}),
        ((PART,), {KEY: PermissionUnknown((WHY,))}),
        ((PART,), {}),
        ((PART,), {("other", RESOURCE_ARN): LAPSED}),
        ((replace(PART, binding="other"),), {KEY: LAPSED}),
        # Its time is counted from when the attempt began: planning took its while.
        ((replace(PART, withdraw_after=NOW + timedelta(minutes=3)),), {KEY: LAPSED}),
        ((), {KEY: LAPSED}),
        ((WHOLE,), {("", ""): LAPSED, KEY: LAPSED}),
    ],
)
def test_an_association_stays_unless_it_is_due_and_refused_for_certain(
    there: WithdrawalAttempts, marks: tuple[Announced, ...], permissions: dict[tuple[str, str], Permission]
) -> None:
    note(there, *marks)
    there.permissions_to_associate = permissions

    assert both(there).withdrawal.removals == ()


def test_what_another_binding_may_have_stays_for_it_by_a_network(there: WithdrawalAttempts) -> None:
    attach = {"mode": "service-network", "serviceNetwork": NET, "vpc": VPC_OF_NETWORK.vpc_id}
    there.bindings = [binding("central", attach=attach), binding("other", attach=attach)]
    there.world.owned_objects.marked = []
    there.world.owned_objects.there = [IN_NETWORK, VPC_OF_NETWORK]
    there.world.connected = replace(there.world.connected, attachments=())
    there.world.attach_by_network()
    of_one, of_other = replace(PART, binding="central"), replace(PART, binding="other")
    there.permissions_to_associate = {("central", RESOURCE_ARN): LAPSED, ("other", RESOURCE_ARN): LAPSED}

    note(there, of_one)
    one_goes = both(there).withdrawal.removals
    note(there, of_one, of_other)
    both_go = both(there).withdrawal.removals

    assert one_goes == ()
    assert {str(each) for each in both_go} >= {str(IN_NETWORK), str(VPC_OF_NETWORK)}
    assert {each.cause for each in both_go} == {Cause.NOT_PERMITTED}


# ---- what is there, decided again ------------------------------------------------------------------------------------


def refused(withdrawals: WithdrawalAttempts, execution: ExecutionInput, *, commanded: bool = False) -> None:
    """Have something planned to go although it is there."""
    note(withdrawals, *(() if commanded else (WHOLE,)), commanded=COMMAND if commanded else None)
    withdrawals.permission = LAPSED
    planned_of(withdrawals, execution)
    withdrawals.time = LATER


@pytest.mark.parametrize("execution", [OF_SHARE, OF_CONNECTION])
@pytest.mark.parametrize("commanded", [True, False])
def test_what_is_refused_or_commanded_still_goes(
    there: WithdrawalAttempts, execution: ExecutionInput, *, commanded: bool
) -> None:
    refused(there, execution, commanded=commanded)

    again = decide_removal_again(execution, 0, there.ports)

    planned = there.attempts.planned_removal(execution, 0)
    assert (planned.removal, planned.at) == (again, LATER)
    assert planned.removal.cause is (Cause.COMMANDED if commanded else Cause.NOT_PERMITTED)


@pytest.mark.parametrize("execution", [OF_SHARE, OF_CONNECTION])
@pytest.mark.parametrize(
    ("permission", "code"), [(Permitted(), "permitted-again"), (PermissionUnknown((WHY,)), "not-known")]
)
def test_what_is_permitted_again_meanwhile_or_not_known_stays(
    there: WithdrawalAttempts, execution: ExecutionInput, permission: Permission, code: str
) -> None:
    refused(there, execution)
    there.permission = permission

    again = decide_removal_again(execution, 0, there.ports)

    assert isinstance(again, Reason)
    assert again.code == code
    assert there.attempts.kept_withdrawal(execution).results == {0: StaysAfterAll(again)}


@pytest.mark.parametrize("execution", [OF_SHARE, OF_CONNECTION])
def test_what_was_commanded_and_is_not_any_longer_stays(there: WithdrawalAttempts, execution: ExecutionInput) -> None:
    refused(there, execution, commanded=True)
    note(there)

    assert isinstance(decide_removal_again(execution, 0, there.ports), Reason)


@pytest.mark.parametrize("execution", [OF_SHARE, OF_CONNECTION])
def test_what_was_commanded_goes_whatever_policies_say_by_then(
    there: WithdrawalAttempts, execution: ExecutionInput
) -> None:
    refused(there, execution, commanded=True)
    there.permission = Permitted()

    assert not isinstance(decide_removal_again(execution, 0, there.ports), Reason)


@pytest.mark.parametrize("commanded", [True, False])
def test_what_another_share_holds_by_then_stays(there: WithdrawalAttempts, *, commanded: bool) -> None:
    refused(there, OF_SHARE, commanded=commanded)
    there.world.of_another_share[RESOURCE_ARN] = {"another"}

    again = decide_removal_again(OF_SHARE, 0, there.ports)

    assert isinstance(again, Reason)
    assert again.code == "called-for-again"


@pytest.mark.parametrize(
    ("permission", "stays"), [(LAPSED, False), (Permitted(), True), (PermissionUnknown((WHY,)), True)]
)
def test_an_association_goes_only_as_long_as_it_is_refused_for_certain(
    there: WithdrawalAttempts, permission: Permission, *, stays: bool
) -> None:
    note(there, PART)
    there.permissions_to_associate = {KEY: LAPSED}
    both(there)
    there.permissions_to_associate = {KEY: permission}

    assert isinstance(decide_removal_again(OF_SHARE, 0, there.ports), Reason) is stays


def test_an_association_that_lost_its_mark_stays(there: WithdrawalAttempts) -> None:
    note(there, PART)
    there.permissions_to_associate = {KEY: LAPSED}
    both(there)
    note(there)

    assert isinstance(decide_removal_again(OF_SHARE, 0, there.ports), Reason)


ORPHAN = OrphanRequest(resource_arn=RESOURCE_ARN)
OF_ORPHAN = ExecutionInput(request=ORPHAN, request_id=ORPHAN.request_id, attempt=2)


@pytest.fixture
def orphan(withdrawals: WithdrawalAttempts) -> WithdrawalAttempts:
    """Return an account with an endpoint that no request calls for, to what nobody shares."""
    world = withdrawals.world
    world.shared_as.clear()
    world.owned_objects.marked = [ENDPOINT]
    world.attach(endpoint_id=ENDPOINT.id)
    world.publish()
    world.mark(RESOURCE_ARN)
    return withdrawals


@pytest.mark.parametrize(("bindings", "cause"), [(["orders"], Cause.NOT_SHARED), ([], Cause.BINDING)])
def test_an_orphan_that_is_gone_is_taken_down_with_its_names(
    orphan: WithdrawalAttempts, bindings: list[str], cause: Cause
) -> None:
    orphan.bindings = [binding(each) for each in bindings]

    planned = plan_withdrawal(OF_ORPHAN, orphan.ports)

    assert isinstance(planned, tuple)
    (removal,) = planned[0].removals
    assert isinstance(removal, ObjectRemoval)
    assert (removal.removed, removal.cause, len(removal.names)) == (ENDPOINT, cause, 1)
    assert decide_removal_again(OF_ORPHAN, 0, orphan.ports) == removal


def test_of_an_orphan_that_a_share_holds_again_nothing_is_taken_down_and_it_ends(orphan: WithdrawalAttempts) -> None:
    orphan.world.existences.held.add(RESOURCE_ARN)

    planned = plan_withdrawal(OF_ORPHAN, orphan.ports)

    assert isinstance(planned, tuple)
    assert (planned[0].removals, [each.code for each in planned[0].because]) == ((), ["shared-again"])


def test_of_an_orphan_nothing_is_taken_down_as_long_as_aws_says_nothing_of_it(orphan: WithdrawalAttempts) -> None:
    orphan.world.existences.says_nothing = True

    with pytest.raises(NotReadyError):
        plan_withdrawal(OF_ORPHAN, orphan.ports)


def test_an_orphan_goes_on_command_whether_or_not_aws_describes_what_it_leads_to(orphan: WithdrawalAttempts) -> None:
    orphan.world.existences.described.add(RESOURCE_ARN)
    command = WithdrawalCommand(by="arn:aws:iam::222222222222:user/ann", at=NOW)
    orphan.world.connected = replace(orphan.world.connected, absent=(), commanded=command)
    orphan.bindings = [binding("orders")]

    planned = plan_withdrawal(OF_ORPHAN, orphan.ports)

    assert isinstance(planned, tuple)
    (removal,) = planned[0].removals
    assert (str(removal), removal.cause) == (str(ENDPOINT), Cause.COMMANDED)
    assert decide_removal_again(OF_ORPHAN, 0, orphan.ports) == removal
    orphan.world.connected = replace(orphan.world.connected, commanded=None)
    orphan.world.existences.says_nothing = True
    with pytest.raises(NotReadyError):
        decide_removal_again(OF_ORPHAN, 0, orphan.ports)


def test_of_a_share_that_was_never_let_in_a_command_takes_down_nothing_and_ends_it(
    withdrawals: WithdrawalAttempts,
) -> None:
    withdrawals.world.shared_as.clear()
    note(withdrawals, commanded=COMMAND)

    plan = planned_of(withdrawals, OF_SHARE)

    assert (plan.removals, plan.because) == ((), (COMMAND.reason,))
