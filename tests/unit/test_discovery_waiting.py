"""Sweeps while somebody is asked: a task that waits is resumed if something changed, and otherwise left alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.approval import Reconsider
from drawbridge.discovery.findings import SweepResult
from drawbridge.hint import CONNECTIONS, SHARES, SweepScope
from drawbridge.request import EndpointConnectionRequest
from drawbridge.request.fingerprints import fingerprint
from drawbridge.status import Status
from tests.builders import CONNECTION, NOW, SERVICE_ID, SHARE, invitation, question, row
from tests.unit.discovering import World, connection


@pytest.fixture
def world() -> World:
    return World()


def sweep(world: World, now: datetime = NOW, scope: SweepScope = CONNECTIONS) -> SweepResult:
    return world.sweeper().sweep(scope, now)


def as_it_is(world: World) -> dict[str, Any]:
    """Return what a row notes of a connection that has not changed since."""
    return {"observed_fingerprint": fingerprint("open"), "decision_fingerprint": world.fingerprints.policies}


def test_a_reconsideration_is_noted_only_if_the_task_was_resumed(world: World) -> None:
    world.services.listed_connections = [connection()]
    world.ledger.kept[CONNECTION.request_id] = waits = row(
        Status.WAITING_FOR_APPROVAL, settled=False, decision_fingerprint="others"
    )
    world.ask(CONNECTION.request_id)
    world.callback.waits = False

    sweep(world)
    sweep(world)

    assert world.resumed == [(CONNECTION.request_id, True)] * 2
    assert world.ledger.kept[CONNECTION.request_id] == waits
    world.callback.waits = True
    sweep(world)
    sweep(world)
    assert world.resumed[2:] == [(CONNECTION.request_id, True), (CONNECTION.request_id, False)]
    assert world.ledger.kept[CONNECTION.request_id].decision_fingerprint == world.fingerprints.policies


@pytest.mark.parametrize(("minutes", "started"), [(3, True), (7, False), (59, False), (63, True), (119, False)])
def test_what_waits_is_neither_announced_nor_started_again_but_now_and_then(
    world: World, minutes: int, started: bool
) -> None:
    world.services.listed_connections = [connection()]
    world.ledger.kept[CONNECTION.request_id] = row(Status.WAITING_FOR_APPROVAL, settled=False, **as_it_is(world))
    world.ask(CONNECTION.request_id)

    sweep(world, NOW + timedelta(minutes=minutes))

    assert bool(world.state_machine.running) is started
    assert world.announced == []


def test_an_open_question_follows_a_binding_that_changes_at_once_and_once(world: World) -> None:
    world.shares.listed_invitations = [invitation()]
    sweep(world, scope=SHARES)
    entered = world.ledger.kept[SHARE.request_id]
    world.ledger.kept[SHARE.request_id] = msgspec.structs.replace(entered, status=Status.WAITING_FOR_APPROVAL)
    world.ask(SHARE.request_id)
    sweep(world, scope=SHARES)
    assert world.callback.completed == []
    world.fingerprints.bindings = "another binding"

    sweep(world, scope=SHARES)
    sweep(world, scope=SHARES)

    ((token, answer),) = world.callback.completed
    assert (token, answer) == (f"the token of {SHARE.request_id}", Reconsider(asked=question().asked))
    assert world.ledger.kept[SHARE.request_id].bindings_fingerprint == "another binding"


def test_what_is_not_known_to_wait_is_made_sure_of(world: World) -> None:
    world.services.listed_connections = [connection()]
    world.ledger.kept[CONNECTION.request_id] = row(Status.WAITING_FOR_APPROVAL, settled=False, **as_it_is(world))

    sweep(world, NOW + timedelta(minutes=30))

    assert [*world.state_machine.running] == [f"{CONNECTION.request_id}-1"]


def test_the_questions_of_all_that_wait_are_read_at_once_and_no_others(world: World) -> None:
    world.services.listed_connections = [connection(endpoint_id=f"vpce-{number:017x}") for number in range(3)]
    ids = [f"connection-{SERVICE_ID}-{each.endpoint_id}" for each in world.services.listed_connections]
    for each, request_id, status in zip(
        world.services.listed_connections,
        ids,
        (Status.WAITING_FOR_APPROVAL, Status.WAITING_FOR_APPROVAL, Status.HELD),
        strict=True,
    ):
        request = EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=each.endpoint_id)
        world.ledger.kept[request_id] = row(status, request=request, settled=status is Status.HELD)

    sweep(world)

    assert world.loaded == ids[:2]
