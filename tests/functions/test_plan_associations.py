"""The door of ``plan_associations``: an accepted share in, what is to be associated of it out."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from drawbridge.association import Plan
from drawbridge.association.coverage import Coverage
from drawbridge.decision import Accept, DecidedOn, Keep
from drawbridge.decision.facts import Asker, Moment
from drawbridge.decision.grounds import AssociationGrounds
from drawbridge.decision.let_in import LetIn
from drawbridge.request.shares import SharedResource
from drawbridge.status import Reason
from functions.plan_associations import app
from tests.builders import NOW, PROVIDER, RESOURCE_ARN, SHARE, SHARE_ARN, asker, resource_facts, wanted
from tests.functions.invocations import invoke, refuses, step

PLAN = Plan(
    associations=(wanted(),),
    refused=(Reason("no-vpc", "none fits", source="users"),),
    broken=(Reason("binding-broken", "line 3: no", source="mine"),),
    state="state",
    wanted="bindings",
    grounds=AssociationGrounds(at=NOW, zone="UTC", resources=(resource_facts(),)),
)
ON = DecidedOn(at=NOW, contents="these", state="so")
STEP = step(request=SHARE, decision=Accept(()), on=ON)
LET_IN = LetIn(at=NOW, because=(), arns=(RESOURCE_ARN,))


class World:
    """Who gathers, who plans, and the ledger."""

    def let_in(self, request_id: str) -> LetIn:
        assert request_id == SHARE.request_id
        return LET_IN

    def asker(self, account_id: str) -> Asker:
        return asker(account_id)

    def plan(
        self,
        share_arn: str,
        asker: Asker,
        expected: Collection[SharedResource],
        moment: Moment,
        coverage: Coverage,
        *,
        tries: int,
    ) -> Plan:
        assert moment.now.tzinfo is not None
        assert (share_arn, asker.account_id) == (SHARE_ARN, PROVIDER)
        assert (coverage.let_in, coverage.on) == (LET_IN, ON)
        assert [each.arn for each in expected] == ([RESOURCE_ARN] if isinstance(coverage.decision, Accept) else [])
        return PLAN


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "gatherer", World)
    monkeypatch.setattr(app, "planner", World)
    monkeypatch.setattr(app, "ledger", World)


@pytest.mark.parametrize("decision", [Accept(()), Keep(())])
def test_a_plan_is_made_for_the_account_that_owns_the_share_of_what_was_let_in(decision: Accept | Keep) -> None:
    answer = invoke(app.lambda_handler, step(request=SHARE, decision=decision, on=ON))

    assert answer == step(plan=PLAN)
    assert answer["plan"]["associations"][0]["resourceName"] == "orders-db"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("request", ...),
        ("request.shareArn", "orders"),
        ("request.kind", "endpoint-connection"),
        ("decision", ...),
        ("decision.outcome", "reject"),
        ("on", ...),
        ("on", None),
    ],
)
def test_a_broken_step_is_refused_by_its_field(path: str, value: object) -> None:
    refuses(app.lambda_handler, STEP, path, value)
