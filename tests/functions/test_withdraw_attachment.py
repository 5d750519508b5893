"""The door of ``withdraw_attachment``: the place of a removal in, whether it is gone out."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from drawbridge.association import Alias
from drawbridge.association.aliases import Holder
from drawbridge.errors import NotReadyError, OwnershipLostError, ThrottledError, UpstreamError
from drawbridge.pacing.defaults import DELETE_ENDPOINTS
from drawbridge.pacing.turn import Turn
from drawbridge.publication.names import document_parameter, name_parameter
from drawbridge.request.connections import ConnectionState
from drawbridge.withdrawal import Cause, ConnectionRemoval, WithdrawalPlan, Withdrawn
from drawbridge.withdrawal.steps import ObjectState, ObservedObject
from drawbridge.withdrawal.take_down import TakeDown
from functions.withdraw_attachment import app
from tests.builders import ENDPOINT_ID, NOW, RESOURCE_ARN, SERVICE_ID, execution_input
from tests.fakes.connection_rejection import InMemoryConnectionRejection
from tests.fakes.object_deletion import InMemoryObjectDeletions
from tests.functions.invocations import invoke, refuses, step
from tests.unit.withdrawing import ENDPOINT, WithdrawalAttempts

INPUT = execution_input(attempt=2)
STEP = step(request=INPUT, item=0, turn=Turn(DELETE_ENDPOINTS, NOW))


class Records:
    """Hosted zones of which none is used."""

    def remove(self, alias: Alias, *, holder: Holder, dns_name: str) -> None:
        raise AssertionError(alias)


@pytest.fixture
def objects(monkeypatch: pytest.MonkeyPatch) -> InMemoryObjectDeletions:
    return InMemoryObjectDeletions(ENDPOINT.id)


@pytest.fixture
def connections() -> InMemoryConnectionRejection:
    connections = InMemoryConnectionRejection()
    connections.there[ENDPOINT_ID] = ConnectionState.AVAILABLE
    return connections


@pytest.fixture(autouse=True)
def withdrawals(
    monkeypatch: pytest.MonkeyPatch, objects: InMemoryObjectDeletions, connections: InMemoryConnectionRejection
) -> WithdrawalAttempts:
    withdrawals = WithdrawalAttempts()
    take_down = TakeDown(objects, withdrawals.world.store, Records(), connections, connections)
    monkeypatch.setattr(app, "attempts", lambda: withdrawals.attempts)
    monkeypatch.setattr(app, "take_down", lambda: take_down)
    monkeypatch.setattr(app, "now", lambda: NOW)
    return withdrawals


def planned(withdrawals: WithdrawalAttempts, at: datetime = NOW) -> WithdrawalPlan:
    """Plan that the endpoint goes, with the names that lead through it."""
    withdrawals.world.owned_objects.marked = [ENDPOINT]
    plan = withdrawals.world.planner().plan(withdrawals.world.connected, [RESOURCE_ARN])
    withdrawals.attempts.keep_withdrawal(INPUT, plan, at)
    return plan


def test_what_is_planned_is_taken_down_and_kept_as_withdrawn_once_it_is_gone(
    withdrawals: WithdrawalAttempts, objects: InMemoryObjectDeletions
) -> None:
    path = withdrawals.world.publish()
    planned(withdrawals)
    with pytest.raises(NotReadyError, match=ENDPOINT.id):
        invoke(app.lambda_handler, STEP)
    assert withdrawals.attempts.kept_withdrawal(INPUT).results == {}
    objects.finish()

    answer = invoke(app.lambda_handler, STEP)

    assert answer == {"next": "withdrawn"}
    gone = Withdrawn(what=str(ENDPOINT), parameters=(name_parameter(path), document_parameter(path)), object_went=True)
    assert withdrawals.attempts.kept_withdrawal(INPUT).results == {0: gone}
    assert (objects.deleted, withdrawals.world.store.there) == ([ENDPOINT.id], {})


@pytest.mark.parametrize("seconds", [59, 60, 3600])
def test_nothing_is_taken_down_by_a_plan_that_is_a_minute_old(
    withdrawals: WithdrawalAttempts, objects: InMemoryObjectDeletions, seconds: int
) -> None:
    withdrawals.world.publish()
    before = {**withdrawals.world.store.there}
    planned(withdrawals, NOW - timedelta(seconds=seconds))

    if seconds < 60:
        with pytest.raises(NotReadyError):
            invoke(app.lambda_handler, STEP)
        assert objects.deleted == [ENDPOINT.id]
    else:
        # With the turn in hand, which it keeps meanwhile.
        assert invoke(app.lambda_handler, STEP) == {"next": "decide-again"}
        assert (objects.deleted, withdrawals.world.store.there) == ([], before)
        assert withdrawals.attempts.kept_withdrawal(INPUT).results == {}


def test_what_is_only_waited_for_is_not_decided_again(
    withdrawals: WithdrawalAttempts, objects: InMemoryObjectDeletions
) -> None:
    planned(withdrawals, NOW - timedelta(days=1))
    objects.delete(ENDPOINT)

    with pytest.raises(NotReadyError, match="is not gone yet"):
        invoke(app.lambda_handler, STEP)
    objects.finish()

    assert invoke(app.lambda_handler, STEP) == {"next": "withdrawn"}


def test_an_endpoint_waits_for_its_turn_after_its_names_are_taken_back(
    withdrawals: WithdrawalAttempts, objects: InMemoryObjectDeletions
) -> None:
    withdrawals.world.publish()
    planned(withdrawals)

    answer = invoke(app.lambda_handler, step(request=INPUT, item=0))

    assert answer == {"next": "await-turn", "by": {"of": DELETE_ENDPOINTS, "throttled": "", "after": None}}
    assert (objects.deleted, withdrawals.world.store.there) == ([], {})


def test_a_deletion_that_aws_throttles_waits_for_another_turn(
    withdrawals: WithdrawalAttempts, objects: InMemoryObjectDeletions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(_: object) -> None:
        raise ThrottledError("slowly", 7)

    planned(withdrawals)
    monkeypatch.setattr(objects, "delete", throttled)

    answer = invoke(app.lambda_handler, STEP)

    assert answer == {"next": "await-turn", "by": {"of": DELETE_ENDPOINTS, "throttled": "slowly", "after": 7.0}}


def test_what_does_not_carry_our_tag_any_longer_is_a_failure_that_is_never_retried(
    withdrawals: WithdrawalAttempts, objects: InMemoryObjectDeletions
) -> None:
    planned(withdrawals)
    objects.there[ENDPOINT.id] = ObservedObject(state=ObjectState.PRESENT, is_ours=False)

    with pytest.raises(OwnershipLostError, match=ENDPOINT.id):
        invoke(app.lambda_handler, STEP)

    assert (objects.deleted, withdrawals.attempts.kept_withdrawal(INPUT).results) == ([], {})


@pytest.mark.parametrize("seconds", [59, 60])
def test_a_consumer_s_connection_is_rejected_by_a_plan_that_is_young(
    withdrawals: WithdrawalAttempts, connections: InMemoryConnectionRejection, seconds: int
) -> None:
    removal = ConnectionRemoval(service_id=SERVICE_ID, endpoint_id=ENDPOINT_ID, cause=Cause.COMMANDED, why="on command")
    plan = WithdrawalPlan(removals=(removal,))
    withdrawals.attempts.keep_withdrawal(INPUT, plan, NOW - timedelta(seconds=seconds))

    answer = invoke(app.lambda_handler, STEP)

    assert answer == {"next": "withdrawn" if seconds < 60 else "decide-again"}
    assert connections.rejected == ([ENDPOINT_ID] if seconds < 60 else [])


def test_what_is_not_kept_any_longer_is_not_taken_down(objects: InMemoryObjectDeletions) -> None:
    with pytest.raises(UpstreamError, match="not kept"):
        invoke(app.lambda_handler, STEP)

    assert objects.deleted == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("request", ...),
        ("request.attempt", "1"),
        ("request.request.shareArn", "orders"),
        ("item", ...),
        ("item", "0"),
    ],
)
def test_a_broken_step_is_refused_by_its_field(path: str, value: object) -> None:
    refuses(app.lambda_handler, STEP, path, value)
