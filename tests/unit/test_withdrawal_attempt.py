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
from drawbridge.decision import Accept, DecidedOn
from drawbridge.decision.facts import EvaluationTime, Requester
from drawbridge.decision.let_in import LetIn
from drawbridge.errors import NotReadyError, UpstreamError
from drawbridge.request import ExecutionInput
from drawbridge.request.connections import ConnectionState
from drawbridge.request.shares import SharedResource
from drawbridge.status import Reason
from drawbridge.withdrawal import (
    Cause,
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
    desired,
    entity,
    execution_input,
    requester,
)
from tests.unit.planning import SECOND_ARN, binding
from tests.unit.withdrawing import ENDPOINT, IN_NETWORK, NET, VPC_OF_NETWORK, WithdrawalAttempts

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
