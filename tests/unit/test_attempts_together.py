"""Many requests at once: their events and their history go together, and no event comes before its row."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest

from drawbridge.discovery.review import Review
from drawbridge.errors import ThrottledError
from drawbridge.hint import CONNECTIONS
from drawbridge.record.history import GatheredHistory, HistoryItem, command_item
from drawbridge.request import EndpointConnectionRequest
from drawbridge.request.connections import EndpointConnection
from drawbridge.request.fingerprints import fingerprint
from drawbridge.status import Status
from tests.builders import NOW, SERVICE_ID, row
from tests.fakes.history import InMemoryHistory
from tests.fakes.interruptions import CrashError
from tests.unit.discovering import World, connection

A_MINUTE_LATER = NOW + timedelta(minutes=1)


def asked(number: int) -> list[EndpointConnection]:
    return [connection(endpoint_id=f"vpce-{each:017}") for each in range(number)]


def request_of(each: EndpointConnection) -> EndpointConnectionRequest:
    return EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=each.endpoint_id)


@pytest.fixture
def world() -> World:
    return World()


def test_of_many_new_requests_ten_are_announced_in_a_call_and_all_are_started(world: World) -> None:
    world.services.listed_connections = asked(23)

    result = world.sweeper().sweep(CONNECTIONS, NOW)

    assert world.bus.calls == [10, 10, 3]
    assert [name.rpartition("-")[2] for name in result.started] == ["1"] * 23
    assert world.state_machine.running.keys() == {*result.started} == {*result.first_attempts}


def test_the_one_whose_event_the_bus_does_not_take_is_not_started_and_holds_up_no_other(world: World) -> None:
    world.services.listed_connections = listed = asked(3)
    refused = request_of(listed[1]).request_id
    world.sweeper().sweep(CONNECTIONS, NOW)
    unannounced = next(each.id for each in world.bus.announced if each.request_id == refused)
    fresh = World()
    fresh.services.listed_connections = listed
    fresh.bus.refused = {unannounced: ThrottledError("not now")}

    result = fresh.sweeper().sweep(CONNECTIONS, NOW)

    assert len(result.started) == len(fresh.state_machine.running) == 2
    assert f"{refused}-1" not in fresh.state_machine.running
    assert [str(each) for each in result.failures] == ["not now"]
    fresh.bus.refused = {}
    fresh.sweeper().sweep(CONNECTIONS, A_MINUTE_LATER)
    assert f"{refused}-1" in fresh.state_machine.running


@pytest.mark.parametrize("writes", range(26))
def test_wherever_it_is_killed_no_event_is_before_its_row_and_no_execution_before_its_event(
    world: World, writes: int
) -> None:
    world.services.listed_connections = asked(12)
    world.interruptions.writes_until_crash = writes

    with contextlib.suppress(CrashError):
        world.sweeper().sweep(CONNECTIONS, NOW)

    announced = {f"{request_id}-{attempt}" for request_id, attempt in world.announced}
    assert {name.rpartition("-")[0] for name in announced} <= world.ledger.kept.keys()
    assert world.state_machine.running.keys() <= announced
    world.interruptions.writes_until_crash = 1_000
    world.sweeper().sweep(CONNECTIONS, A_MINUTE_LATER)
    assert len(world.state_machine.running) == 12
    assert {each.attempt for each in world.ledger.kept.values()} == {1}


def test_who_asks_anew_is_started_before_what_is_at_rest_is_looked_at(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    *at_rest, new = asked(3)
    world.services.listed_connections = [*at_rest, new]
    for request in map(request_of, at_rest):
        world.ledger.kept[request.request_id] = row(
            Status.AVAILABLE,
            request=request,
            decision_fingerprint="of before",
            observed_fingerprint=fingerprint("open"),
        )
    running: list[int] = []

    def review(*_: object) -> Review:
        running.append(len(world.state_machine.running))
        return Review(permitted=True)

    monkeypatch.setattr(world.reviewer, "review", review)

    world.sweeper().sweep(CONNECTIONS, NOW)

    assert running == [1, 1]


def item(number: int) -> HistoryItem:
    return command_item("share-1", number, "retry", "", NOW.isoformat())


class Calls(InMemoryHistory):
    """Notes how many items came together."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[int] = []

    def add_all(self, items: object) -> None:
        assert isinstance(items, list)
        self.calls.append(len(items))
        super().add_all(items)


def test_history_is_kept_when_it_is_told_to_or_there_is_much_of_it() -> None:
    kept = Calls()
    gathered = GatheredHistory(kept, most=4)

    for number in range(1, 7):
        gathered.add(item(number))
    assert kept.items == [item(number) for number in range(1, 5)]
    gathered.keep()
    gathered.keep()

    assert (kept.calls, kept.items) == ([4, 2], [item(number) for number in range(1, 7)])


def test_what_is_left_of_the_history_is_kept_whatever_goes_wrong_with_the_sweep(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("bug")

    monkeypatch.setattr(world.ledger, "followed", fail)
    world.history.add(item(1))

    with pytest.raises(RuntimeError, match="bug"):
        world.sweeper().sweep(CONNECTIONS, NOW)

    assert world.kept_history.items == [item(1)]
