"""The door of ``plan_associations``: an accepted share in, what is to be associated of it out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest

from drawbridge.association import DesiredAttachment, MadeAttachment, Plan
from drawbridge.association.attempt import PlanningPorts
from drawbridge.association.coverage import AttachedPlace, Coverage
from drawbridge.decision import Accept, DecidedOn, Keep
from drawbridge.decision.decision_record import AssociationDecisionRecord
from drawbridge.decision.facts import EvaluationTime, Requester
from drawbridge.decision.let_in import LetIn
from drawbridge.record.outcome import Refused
from drawbridge.request.shares import SharedResource
from drawbridge.status import Reason
from drawbridge.withdrawal import ObjectRemoval
from functions.plan_associations import app
from tests.builders import NOW, PROVIDER, RESOURCE_ARN, SHARE_ARN, desired, execution_input, requester, resource_facts
from tests.fakes.attempts import InMemoryAttempts
from tests.functions.invocations import invoke, refuses, step
from tests.unit.withdrawing import ENDPOINT, WithdrawalAttempts

PLAN = Plan(
    associations=(desired(),),
    refused=(Reason("no-vpc", "none fits", source="users"),),
    broken=(Reason("binding-broken", "line 3: no", source="mine"),),
    observed_fingerprint="state",
    bindings_fingerprint="bindings",
    decision_record=AssociationDecisionRecord(at=NOW, zone="UTC", resources=(resource_facts(),)),
)
ON = DecidedOn(at=NOW, contents_fingerprint="these", observed_fingerprint="so")
INPUT = execution_input(attempt=2)
STEP = step(request=INPUT, decision=Accept(()), on=ON)
LATER = EvaluationTime(NOW + timedelta(minutes=5), "Asia/Tokyo")
LET_IN = LetIn(at=NOW, because=(), arns=(RESOURCE_ARN,))
ATTACHED = frozenset(
    {AttachedPlace(name="orders/orders-db/vpc-1", resource_arn=RESOURCE_ARN, made=MadeAttachment(endpoint_id="vpce-1"))}
)
DENIED = Reason("denied", "Denied by U0BOB.", source="U0BOB")


class World:
    """Who gathers, who plans, and the ledger."""

    def let_in(self, request_id: str) -> LetIn:
        assert request_id == INPUT.request_id
        return LET_IN

    def attached(self, request_id: str) -> frozenset[AttachedPlace]:
        assert request_id == INPUT.request_id
        return ATTACHED

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
        assert (share_arn, requester.account_id, evaluation_time) == (SHARE_ARN, PROVIDER, LATER)
        assert (coverage.let_in, coverage.decided_on) == (LET_IN, ON)
        assert coverage.attached == (ATTACHED if DENIED in coverage.decision.because else frozenset())
        assert [each.arn for each in expected] == ([RESOURCE_ARN] if isinstance(coverage.decision, Accept) else [])
        return PLAN

    def plan_again(
        self,
        share_arn: str,
        requester: Requester,
        planned: DesiredAttachment,
        evaluation_time: EvaluationTime,
        coverage: Coverage,
    ) -> DesiredAttachment | Reason:
        assert (coverage.let_in, evaluation_time) == (LET_IN, LATER)
        assert coverage.attached == (ATTACHED if DENIED in coverage.decision.because else frozenset())
        assert (share_arn, requester.account_id, planned) == (SHARE_ARN, PROVIDER, PLAN.associations[0])
        return self.outcome

    outcome: DesiredAttachment | Reason = desired(security_group_ids=("sg-new",))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(autouse=True)
def withdrawals(monkeypatch: pytest.MonkeyPatch) -> WithdrawalAttempts:
    withdrawals = WithdrawalAttempts()
    monkeypatch.setattr(app, "withdrawals", lambda: withdrawals.ports)
    return withdrawals


@pytest.fixture(autouse=True)
def attempts(monkeypatch: pytest.MonkeyPatch, world: World, withdrawals: WithdrawalAttempts) -> InMemoryAttempts:
    attempts = withdrawals.attempts
    played: Any = world
    ports = PlanningPorts(
        gatherer=played,
        ledger=world,
        planner=lambda: played,
        attempts=attempts,
        evaluation_time=lambda: LATER,
    )
    monkeypatch.setattr(app, "ports", lambda: ports)
    return attempts


@pytest.mark.parametrize("decision", [Accept(()), Keep(()), Keep((DENIED,))])
def test_a_plan_is_made_for_the_account_that_owns_the_share_of_what_was_let_in_and_kept(
    attempts: InMemoryAttempts, decision: Accept | Keep
) -> None:
    answer = invoke(app.lambda_handler, step(request=INPUT, decision=decision, on=ON))

    assert answer == {"items": [0], "removals": []}
    assert attempts.kept(INPUT).plan == PLAN
    assert attempts.planned(INPUT, 0).at == LATER.now


def test_what_no_binding_calls_for_any_longer_is_planned_to_be_taken_down_in_the_same_attempt(
    attempts: InMemoryAttempts, withdrawals: WithdrawalAttempts
) -> None:
    withdrawals.world.owned_objects.marked = [ENDPOINT]
    withdrawals.world.attach(endpoint_id=ENDPOINT.id)

    answer = invoke(app.lambda_handler, STEP)

    assert answer == {"items": [0], "removals": [0]}
    removal = attempts.planned_removal(INPUT, 0).removal
    assert isinstance(removal, ObjectRemoval)
    assert removal.removed == ENDPOINT
    assert attempts.kept(INPUT).plan == PLAN
    assert withdrawals.asked_for == [INPUT.request_id]


@pytest.mark.parametrize("decision", [Keep(()), Keep((DENIED,))])
def test_an_association_that_is_decided_again_is_kept_as_it_is_desired_by_now(
    attempts: InMemoryAttempts, world: World, decision: Keep
) -> None:
    attempts.keep_plan(INPUT, PLAN, NOW)

    answer = invoke(app.lambda_handler, step(request=INPUT, decision=decision, on=ON, item=0))

    planned = attempts.planned(INPUT, 0)
    assert answer == {"next": "associate"}
    assert planned.desired == world.outcome
    assert planned.at == LATER.now
    assert attempts.kept(INPUT).results == {}


def test_an_association_that_is_not_permitted_any_longer_is_refused(attempts: InMemoryAttempts, world: World) -> None:
    world.outcome = Reason("association-not-permitted", "orders-db: closed", source="orders")
    attempts.keep_plan(INPUT, PLAN, NOW)

    answer = invoke(app.lambda_handler, step(request=INPUT, decision=Keep(()), on=ON, item=0))

    assert answer == {"next": "refused"}
    assert attempts.kept(INPUT).results == {0: Refused(world.outcome)}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("request", ...),
        ("request.attempt", 0),
        ("request.requestId", ...),
        ("request.request.shareArn", "orders"),
        ("request.request.kind", "endpoint-connection"),
        ("decision", ...),
        ("decision.outcome", "reject"),
        ("on", ...),
        ("on", None),
        ("item", "0"),
    ],
)
def test_a_broken_step_is_refused_by_its_field(path: str, value: object) -> None:
    refuses(app.lambda_handler, STEP | {"item": 0}, path, value)
