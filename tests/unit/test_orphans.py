"""Orphans: what is ours and belongs to no request gets a row, and goes once AWS has confirmed that nobody shares it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.association import MadeAttachment
from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.bounds import size_of
from drawbridge.discovery.findings import SweepResult
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.orphan_watch import MOST_AT_ONCE
from drawbridge.discovery.orphans import Orphan, orphaned_attachments, orphaned_connections
from drawbridge.errors import ThrottledError
from drawbridge.hint import EVERYTHING, ORPHANS, SweepScope
from drawbridge.publication.documents import ConsumerDocument, to_parameter
from drawbridge.publication.parameters import ObservedParameter
from drawbridge.record.outcome import ATTACHMENTS_BYTES, PUBLISHED_BYTES
from drawbridge.request import OrphanRequest
from drawbridge.request.announced import WithdrawalCommand
from drawbridge.request.connections import ConnectionState
from drawbridge.request.shares import Share
from drawbridge.status import Status
from tests.builders import (
    CONNECTION,
    CONSUMER,
    ENDPOINT_ID,
    NETWORK_ARN,
    NOW,
    PROVIDER,
    RESOURCE_ARN,
    SERVICE_ARN,
    SERVICE_ID,
    SHARE,
    SHARE_ARN,
    SHARED_NETWORK_ARN,
    VPC_ID,
    connection_document,
    row,
    shared_resource,
)
from tests.fakes.interruptions import CrashError
from tests.fakes.owned_objects import InMemoryOwnedObjects
from tests.fakes.parameter_store import InMemoryPublicationStore
from tests.unit.discovering import LET_IN, World, connection, snapshot

PREFIX = "drawbridge"
ORPHAN = OrphanRequest(resource_arn=RESOURCE_ARN)
PATH = "/drawbridge/connections/orders/orders-db"
CONSUMERS_PATH = f"/drawbridge/consumers/{CONSUMER}/{ENDPOINT_ID}"
ENDPOINT = OwnedObject(id="vpce-1", kind=OwnedKind.ENDPOINT, binding="orders", resource_arn=RESOURCE_ARN, vpc_id=VPC_ID)
IN_NETWORK = OwnedObject(
    id="snra-1", kind=OwnedKind.RESOURCE_ASSOCIATION, arn="arn:1", resource_arn=RESOURCE_ARN, network_arn=NETWORK_ARN
)
OF_VPC = OwnedObject(id="snva-1", kind=OwnedKind.VPC_ASSOCIATION, arn="arn:2", network_arn=NETWORK_ARN, vpc_id=VPC_ID)
TO_NETWORK = OwnedObject(id="vpce-2", kind=OwnedKind.NETWORK_ENDPOINT, network_arn=NETWORK_ARN, vpc_id=VPC_ID)


def name(resource_arn: str = RESOURCE_ARN, **changes: Any) -> str:
    return to_parameter(connection_document(resource_configuration_arn=resource_arn, **changes))


def consumers_name(**changes: Any) -> str:
    fields: dict[str, Any] = {
        "dns_name": "x.example",
        "hosted_zone_id": "Z1",
        "zonal_dns_names": (),
        "consumer": CONSUMER,
        "endpoint_id": ENDPOINT_ID,
        "endpoint_region": "us-east-1",
        "service_id": SERVICE_ID,
        "published_at": NOW.isoformat(),
    }
    return to_parameter(ConsumerDocument(**(fields | changes)))


def published(path: str, document: str, subject: str = RESOURCE_ARN) -> dict[str, ObservedParameter]:
    return {
        f"{path}/dns-name": ObservedParameter(value="db.example", subject=subject),
        f"{path}/connection": ObservedParameter(value=document, subject=subject),
    }


NAMES = published(PATH, name())


def attachments_of(
    *made: OwnedObject,
    rows: Collection[Any] = (),
    shared: Collection[str] = (),
    not_ours: Collection[str] = (),
    names: dict[str, ObservedParameter] | None = None,
) -> list[Orphan]:
    objects = InMemoryOwnedObjects()
    objects.marked = [each for each in made if each.kind in {OwnedKind.ENDPOINT, OwnedKind.NETWORK_ENDPOINT}]
    objects.there = [each for each in made if each not in objects.marked]
    objects.not_ours = {*not_ours}
    store = InMemoryPublicationStore(**(names or {}))
    return [*orphaned_attachments(objects, store, rows, shared, prefix=PREFIX, account_id=CONSUMER)]


def of_share(**changes: Any) -> LedgerRow:
    return row(Status.AVAILABLE, **({"request": SHARE, "let_in": LET_IN} | changes))


def test_an_endpoint_that_no_row_tells_of_is_an_orphan_with_its_names() -> None:
    (orphan,) = attachments_of(ENDPOINT, names=NAMES)

    assert (orphan.request, orphan.account_id) == (ORPHAN, PROVIDER)
    assert orphan.published == (f"{PATH}/dns-name", f"{PATH}/connection")
    (attachment,) = orphan.attachments
    assert (attachment.made, attachment.binding) == (MadeAttachment(endpoint_id="vpce-1"), "orders")
    assert attachment.name.endswith(f"/{VPC_ID}")


def recorded(arn: str, *ids: str) -> LedgerRow:
    """Return the row of a share with an attachment to a resource, made of what has these ids."""
    made = MadeAttachment(endpoint_id=ids[0] if ids else "")
    return of_share(attachments=(msgspec.structs.replace(snapshot(arn), made=made),))


@pytest.mark.parametrize(
    ("rows", "shared", "names"),
    [
        ([recorded(SERVICE_ARN, ENDPOINT.id)], [], {}),
        ([recorded(RESOURCE_ARN)], [], NAMES),
        ([of_share(let_in=msgspec.structs.replace(LET_IN, arns=(RESOURCE_ARN,)))], [], NAMES),
        ([], [RESOURCE_ARN], NAMES),
    ],
    ids=["recorded", "of a resource that is recorded", "of what was let in", "of what is shared"],
)
def test_what_some_request_sees_to_is_none(
    rows: list[LedgerRow], shared: list[str], names: dict[str, ObservedParameter]
) -> None:
    assert attachments_of(ENDPOINT, rows=rows, shared=shared, names=names) == []


def test_an_association_comes_with_what_leads_through_its_network() -> None:
    (orphan,) = attachments_of(IN_NETWORK, OF_VPC, TO_NETWORK)

    assert {each.made.ids for each in orphan.attachments} == {
        frozenset({"snra-1", "snva-1"}),
        frozenset({"snra-1", "vpce-2"}),
    }
    assert {each.made.network_arn for each in orphan.attachments} == {NETWORK_ARN}


def test_an_association_that_nothing_leads_to_is_one_by_itself() -> None:
    (orphan,) = attachments_of(IN_NETWORK)

    assert [each.made.ids for each in orphan.attachments] == [frozenset({"snra-1"})]


def test_what_is_not_ours_never_is() -> None:
    by_hand = published(PATH, name(), subject="")

    assert attachments_of(IN_NETWORK, not_ours=["snra-1"], names=by_hand) == []
    (orphan,) = attachments_of(IN_NETWORK, OF_VPC, not_ours=["snva-1"])
    assert [each.made.ids for each in orphan.attachments] == [frozenset({"snra-1"})]


@pytest.mark.parametrize("arn", ["", "by hand", "arn:aws:s3:::bucket", f"{RESOURCE_ARN}/x", f"{RESOURCE_ARN}\n"])
def test_what_somebody_tagged_or_wrote_by_hand_stops_nothing_else(arn: str) -> None:
    odd = msgspec.structs.replace(ENDPOINT, id="vpce-9", resource_arn=arn)

    found = attachments_of(odd, ENDPOINT, names=published("/drawbridge/connections/odd/one", name(arn)))

    assert [each.request for each in found] == [ORPHAN]


@pytest.mark.parametrize(
    ("names", "there", "found"),
    [
        (published(CONSUMERS_PATH, consumers_name(), ENDPOINT_ID), [], True),
        (published(CONSUMERS_PATH, consumers_name(), ENDPOINT_ID), [ENDPOINT_ID], False),
        (published(CONSUMERS_PATH, consumers_name(), subject=""), [], False),
        (published(CONSUMERS_PATH, consumers_name(), "vpce-0"), [], False),
        (published(f"{CONSUMERS_PATH}/deeper", consumers_name(), ENDPOINT_ID), [], False),
        (published(CONSUMERS_PATH, consumers_name(service_id="by hand"), ENDPOINT_ID), [], False),
        (published(CONSUMERS_PATH, "by hand", ENDPOINT_ID), [], False),
    ],
    ids=["gone", "there", "not ours", "of another one", "elsewhere", "of no service", "of no form"],
)
def test_names_of_a_consumer_s_endpoint_are_orphans_if_it_is_not_open(
    names: dict[str, ObservedParameter], there: list[str], found: bool
) -> None:
    store = InMemoryPublicationStore(**names)
    orphans = [*orphaned_connections(store, (), there, prefix=PREFIX)]

    assert [each.request for each in orphans] == ([CONNECTION] if found else [])
    assert [*orphaned_connections(store, [row(Status.AVAILABLE)], there, prefix=PREFIX)] == []
    if orphans:
        assert orphans[0].published == (f"{CONSUMERS_PATH}/dns-name", f"{CONSUMERS_PATH}/connection")
        assert orphans[0].account_id == CONSUMER


@pytest.fixture
def world() -> World:
    """What an earlier ledger's share and connection left, and nobody asks for any longer."""
    world = World()
    world.owned.marked = [ENDPOINT]
    world.published.there = published(PATH, name()) | published(CONSUMERS_PATH, consumers_name(), ENDPOINT_ID)
    world.services.listed_connections = [connection(ConnectionState.AVAILABLE, endpoint_id="vpce-0c1308d7312217abd")]
    world.existences.connections["vpce-0c1308d7312217abd"] = ConnectionState.AVAILABLE
    return world


def sweep(world: World, minutes: float, scope: SweepScope = EVERYTHING) -> SweepResult:
    return world.sweeper().sweep(scope, NOW + timedelta(minutes=minutes))


def kept(world: World, request_id: str = ORPHAN.request_id) -> Any:
    return world.ledger.kept[request_id]


IDS = {ORPHAN.request_id, CONNECTION.request_id}


def test_orphans_are_entered_told_of_and_withdrawn_after_two_looks(world: World) -> None:
    looked = sweep(world, 0, ORPHANS)

    assert looked.failures == ()
    assert ORPHAN.request_id == "orphan-rcfg-07129f3acded87625"
    for request_id in IDS:
        there = kept(world, request_id)
        assert (there.status, there.settled, there.attempt) == (Status.WITHDRAWING, True, 1)
    told = [each for each in world.bus.announced if each.request_id in IDS]
    assert {(each.request_id, each.status) for each in told} == {(each, Status.WITHDRAWING) for each in IDS}
    assert {reason["code"] for each in told for reason in each.reasons} == {"orphaned"}

    assert not IDS & {each.rpartition("-")[0] for each in (*sweep(world, 5).started, *sweep(world, 14).started)}
    assert {f"{each}-2" for each in IDS} <= {*sweep(world, 15).started}
    assert {*world.withdrawals.running} == {f"{each}-2" for each in IDS}
    assert [mark.of for mark in kept(world).absent] == [RESOURCE_ARN]


def test_what_is_entered_is_entered_once(world: World) -> None:
    sweep(world, 0, ORPHANS)
    world.bus.announced.clear()

    again = sweep(world, 1, ORPHANS)

    assert (again.started, again.failures, kept(world).attempt) == ((), (), 1)
    assert not IDS & {each.request_id for each in world.bus.announced}


def test_nobody_looks_for_orphans_in_every_sweep(world: World) -> None:
    sweep(world, 0)

    assert not IDS & world.ledger.kept.keys()


def test_what_a_share_holds_again_is_that_share_s_and_the_orphan_ends(world: World) -> None:
    sweep(world, 0, ORPHANS)
    world.shares.listed_shares = [Share(arn=SHARE_ARN, name="orders", owner=PROVIDER)]
    world.shares.listed_resources = [shared_resource()]
    world.existences.held.add(RESOURCE_ARN)

    started = sweep(world, 1).started

    assert f"{ORPHAN.request_id}-2" in started
    assert f"{SHARE.request_id}-1" in started
    assert f"{ORPHAN.request_id}-2" in world.withdrawals.running


def test_what_aws_still_says_is_there_stays(world: World) -> None:
    sweep(world, 0, ORPHANS)
    world.existences.described.add(RESOURCE_ARN)

    started = [one for minutes in (5, 15, 30, 60) for one in sweep(world, minutes).started]

    assert f"{ORPHAN.request_id}-2" not in started


@pytest.mark.parametrize("side", ["invitations", "managed"])
def test_what_can_not_be_listed_makes_no_orphans(world: World, side: Any) -> None:
    world.interruptions.failing = {side}

    sweep(world, 0, ORPHANS)

    assert IDS & world.ledger.kept.keys() == ({CONNECTION.request_id} if side == "invitations" else {ORPHAN.request_id})


@pytest.mark.parametrize("writes", range(9))
def test_wherever_it_is_stopped_the_next_look_enters_the_rest(world: World, writes: int) -> None:
    world.interruptions.writes_until_crash = writes
    with pytest.raises(CrashError):
        sweep(world, 0, ORPHANS)
    world.interruptions.writes_until_crash = 1_000

    between = sweep(world, 0.3)
    sweep(world, 0.6, ORPHANS)

    assert between.failures == ()
    assert (kept(world).status, kept(world).settled) == (Status.WITHDRAWING, True)
    # A connection that was not entered whole has an attempt as any other, which finds that it is gone.
    whole = kept(world, CONNECTION.request_id).settled
    sweep(world, 2)
    assert whole or f"{CONNECTION.request_id}-1" in world.state_machine.running


def test_an_orphan_that_came_to_its_end_and_is_found_again_goes_on_as_the_same(world: World) -> None:
    sweep(world, 0, ORPHANS)
    world.ledger.kept[ORPHAN.request_id] = msgspec.structs.replace(
        kept(world), status=Status.WITHDRAWN, settled=True, attempt=2, followed="", attachments=(), let_in=None
    )

    sweep(world, 400, ORPHANS)

    there = kept(world)
    assert (there.status, there.attempt, len(there.attachments)) == (Status.WITHDRAWING, 3, 1)


def test_what_is_entered_is_kept_as_connected_so_that_it_counts_for_the_cap(world: World) -> None:
    sweep(world, 0, ORPHANS)

    assert all(kept(world, each).is_connected and kept(world, each).let_in.arns is not None for each in IDS)
    assert kept(world).let_in.arns == (RESOURCE_ARN,)


@pytest.mark.parametrize(
    ("status", "settled", "entered"),
    [
        (Status.WITHDRAWN, True, True),
        (Status.REJECTED, True, True),
        (Status.WITHDRAWING, False, False),
        (Status.AVAILABLE, True, False),
        (Status.FAILED, True, False),
    ],
)
def test_no_row_that_somebody_sees_to_is_entered_anew(
    world: World, status: Status, settled: bool, entered: bool
) -> None:
    """The index of those that are followed may be behind."""
    there = row(status, request=ORPHAN, settled=settled, attempt=5, followed="")
    world.ledger.kept[ORPHAN.request_id] = there

    sweep(world, 0, ORPHANS)

    assert kept(world).attempt == (6 if entered else 5)
    assert (kept(world) == there) is not entered


def test_a_command_was_for_what_there_was_then(world: World) -> None:
    command = WithdrawalCommand(by="me", at=NOW)
    there = row(Status.WITHDRAWN, request=ORPHAN, settled=True, attempt=5, followed="", commanded=command)
    world.ledger.kept[ORPHAN.request_id] = there

    sweep(world, 0, ORPHANS)

    assert kept(world).commanded is None
    assert f"{ORPHAN.request_id}-7" not in sweep(world, 5).started


def test_what_was_entered_half_and_is_gone_then_comes_to_its_end(world: World) -> None:
    # What the other connection's row takes comes first.
    world.interruptions.writes_until_crash = 4
    with pytest.raises(CrashError):
        sweep(world, 0, ORPHANS)
    world.interruptions.writes_until_crash = 1_000
    (half,) = (each for each in IDS if each in world.ledger.kept)
    assert kept(world, half).status is Status.PENDING

    assert sweep(world, 0.5).started == ()
    assert f"{half}-2" in sweep(world, 1).started


def test_a_look_enters_so_many_and_the_next_one_the_rest(world: World) -> None:
    arns = [f"{RESOURCE_ARN[:-3]}{number:03}" for number in range(MOST_AT_ONCE + 20)]
    world.published.there = {}
    world.owned.marked = [
        msgspec.structs.replace(ENDPOINT, id=f"vpce-{number}", resource_arn=arn) for number, arn in enumerate(arns)
    ]
    world.withdraw_cap = 1_000

    counts = []
    for minutes in range(2):
        sweep(world, minutes, ORPHANS)
        counts.append(len(world.ledger.kept) - 1)

    assert counts == [MOST_AT_ONCE, MOST_AT_ONCE + 20]


def test_what_there_is_no_room_for_in_a_row_is_left_to_a_later_look() -> None:
    children = {
        f"{path}/{which}": value
        for number in range(600)
        for path in [f"/drawbridge/connections/orders/{'x' * 60}-{number}"]
        for which, value in zip(
            ("dns-name", "connection"),
            published(path, name(f"arn:child-{number}", group_arn=RESOURCE_ARN), f"arn:child-{number}").values(),
            strict=True,
        )
    }
    many = [msgspec.structs.replace(ENDPOINT, id=f"vpce-{number:017}") for number in range(800)]

    (orphan,) = attachments_of(*many, names=children)

    assert 0 < size_of(orphan.published) <= PUBLISHED_BYTES + 2
    assert 0 < size_of(orphan.attachments) <= ATTACHMENTS_BYTES + 2


def test_one_that_can_not_be_entered_stops_no_other_and_no_request(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = world.ledger.claim

    def fails(observed: Any, *arguments: Any, **named: Any) -> bool:
        if observed.request == ORPHAN:
            raise ThrottledError("claim")
        return claim(observed, *arguments, **named)

    monkeypatch.setattr(world.ledger, "claim", fails)

    looked = sweep(world, 0, ORPHANS)

    assert [str(each) for each in looked.failures] == ["claim"]
    assert IDS & world.ledger.kept.keys() == {CONNECTION.request_id}


def test_what_can_not_be_looked_for_stops_nothing_else(world: World) -> None:
    world.published.below = lambda _: 1 / 0  # type: ignore[assignment, return-value]  # what nobody foresaw

    looked = sweep(world, 0, ORPHANS)

    assert [str(each) for each in looked.failures] == ["orphans: ZeroDivisionError: division by zero"]
    assert len(looked.started) == 1


def test_what_leads_into_a_network_that_is_shared_no_longer_is_an_orphan_of_that_network() -> None:
    to_shared = msgspec.structs.replace(TO_NETWORK, network_arn=SHARED_NETWORK_ARN)

    (orphan,) = attachments_of(to_shared, TO_NETWORK)

    assert orphan.request == OrphanRequest(resource_arn=SHARED_NETWORK_ARN)
    assert [each.made for each in orphan.attachments] == [
        MadeAttachment(network_arn=SHARED_NETWORK_ARN, endpoint_id="vpce-2")
    ]
