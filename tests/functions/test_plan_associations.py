"""The door of ``plan_associations``: an accepted share in, what is to be associated of it out."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from drawbridge.association import Plan
from drawbridge.decision.facts import Asker, Moment
from drawbridge.decision.grounds import AssociationGrounds
from drawbridge.request.shares import SharedResource
from drawbridge.status import Reason
from functions.plan_associations import app
from tests.builders import NOW, PROVIDER, SHARE, SHARE_ARN, asker, resource_facts, shared_resource, wanted
from tests.functions.invocations import invoke, refuses, step

PLAN = Plan(
    associations=(wanted(),),
    refused=(Reason("no-vpc", "none fits", source="users"),),
    broken=(Reason("binding-broken", "line 3: no", source="mine"),),
    state="state",
    wanted="bindings",
    grounds=AssociationGrounds(at=NOW, zone="UTC", resources=(resource_facts(),)),
)
STEP = step(request=SHARE, expected=[shared_resource()])


class World:
    """Who gathers and who plans."""

    def asker(self, account_id: str) -> Asker:
        return asker(account_id)

    def plan(
        self, share_arn: str, asker: Asker, expected: Collection[SharedResource], moment: Moment, *, tries: int
    ) -> Plan:
        assert moment.now.tzinfo is not None
        assert (share_arn, asker.account_id) == (SHARE_ARN, PROVIDER)
        assert tuple(expected) in {(), (shared_resource(),)}
        return PLAN


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "gatherer", World)
    monkeypatch.setattr(app, "planner", World)


@pytest.mark.parametrize("expected", [[shared_resource()], []])
def test_a_plan_is_made_for_the_account_that_owns_the_share(expected: list[SharedResource]) -> None:
    answer = invoke(app.lambda_handler, step(request=SHARE, expected=expected))

    assert answer == step(plan=PLAN)
    assert answer["plan"]["associations"][0]["resourceName"] == "orders-db"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("request", ...),
        ("request.shareArn", "orders"),
        ("request.kind", "endpoint-connection"),
        ("expected", ...),
        ("expected", None),
    ],
)
def test_a_broken_step_is_refused_by_its_field(path: str, value: object) -> None:
    refuses(app.lambda_handler, STEP, path, value)
