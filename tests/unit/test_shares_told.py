"""A consumer is told of the shares that it is offered: at least once, each with an id of its own, and none too many."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from drawbridge.decision.facts import Consumer
from drawbridge.discovery import offer_sweep
from drawbridge.errors import UpstreamError
from drawbridge.intake.disassociation.associations import AssociationKind, ConsumerAssociation
from drawbridge.intake.notices.notice import share_notice_of
from drawbridge.intake.notices.offer_event import OfferAnnouncement
from drawbridge.intake.notices.tell import announcement_of
from drawbridge.intake.offering.leaving import Leaving, LeavingCause
from drawbridge.intake.offering.offers import OfferRecord, PrincipalStatus, SharePrincipal
from drawbridge.intake.offering.share_notice import ShareNotice, ShareNoticeType
from drawbridge.intake.offering.untold import with_notice
from drawbridge.intake.registration.off_boarding import RemovedConsumer
from drawbridge.request.announced import Announced
from tests.builders import CONSUMER, NOW, PROVIDER, SHARE_ARN, STRANGER
from tests.fakes.interruptions import CrashError
from tests.unit.offering import CONFIRM, PERMIT, SILVER_ARN, WAIT, World
from tests.unit.policies import compiled

ORDERS = f"arn:aws:vpc-lattice:us-east-1:{PROVIDER}:resourceconfiguration/rcfg-00000000000000000"
GOLD = Consumer(tier="gold")
HOUR = timedelta(hours=1)
FORBID = f"""@id("no")
@reason("Pays late; see ticket 7.")
forbid(principal == Account::"{CONSUMER}", action == Action::"offer", resource is ResourceShare);"""


@pytest.fixture
def world() -> World:
    """Return a world in which an account of the organization is registered, and not offered anything yet."""
    world = World()
    world.shares.held = {SHARE_ARN: {ORDERS}}
    world.associations.owned = {ORDERS}
    world.consumers.registered = {CONSUMER: GOLD}
    return world


def accepts(world: World, *account_ids: str, arn: str = SHARE_ARN) -> None:
    """Have RAM be through with accounts, or those accept their invitations."""
    world.shares.members[arn] |= dict.fromkeys(account_ids or (CONSUMER,), PrincipalStatus.ASSOCIATED)


def sweep(world: World, *, after: timedelta = HOUR) -> None:
    world.now += after
    world.converge()


def is_in_share(world: World) -> None:
    world.converge()
    accepts(world)
    world.converge()


def remove(world: World, *, on_command: bool = True) -> None:
    if on_command:
        world.removed.kept[CONSUMER] = RemovedConsumer(removed_at=world.now)
    del world.consumers.registered[CONSUMER]


def told(world: World, account_id: str = CONSUMER) -> list[tuple[str, str, str]]:
    """Return what is on the bus of an account: the event, the status, and until when."""
    return [
        (each.event.removeprefix("Offer "), each.change.status, each.change.accept_until or each.change.withdraw_after)
        for each in world.bus.put
        if each.change.account_id == account_id
    ]


def at(by: timedelta) -> str:
    return (NOW + by).isoformat(timespec="seconds")


AVAILABLE = ("Status Changed", "AVAILABLE", "")
WITHDRAWN = ("Status Changed", "WITHDRAWN", "")


def test_who_is_invited_is_told_until_when_it_can_accept_and_that_it_is_in_once_it_has(world: World) -> None:
    world.shares.outsiders = {CONSUMER}

    world.converge()
    invited = told(world)
    sweep(world)
    accepts(world)
    sweep(world)
    sweep(world)

    assert invited == [("Status Changed", "PENDING", at(12 * HOUR))]
    assert told(world)[1:] == [AVAILABLE]


def test_who_needs_no_invitation_is_told_once_it_is_in_the_share(world: World) -> None:
    world.converge()
    sweep(world)
    sweep(world)

    assert told(world) == [AVAILABLE]


def test_who_did_not_accept_is_told_of_its_next_invitation(world: World) -> None:
    world.shares.outsiders = {CONSUMER}
    world.converge()
    world.shares.members[SHARE_ARN][CONSUMER] = PrincipalStatus.FAILED

    sweep(world)
    in_between = told(world)
    sweep(world, after=11 * HOUR)

    assert len(in_between) == 1
    assert told(world)[1:] == [("Status Changed", "PENDING", at(24 * HOUR))]


def test_who_is_announced_to_leave_is_told_when_and_that_it_stays_after_all(world: World) -> None:
    is_in_share(world)
    world.policies = compiled([PERMIT, FORBID])
    sweep(world)
    sweep(world)
    announced = told(world)[1:]
    world.policies = compiled([PERMIT])
    sweep(world)
    sweep(world)

    assert announced == [("Withdrawal Announced", "AVAILABLE", at(HOUR + WAIT))]
    assert told(world)[2:] == [("Withdrawal Cancelled", "AVAILABLE", "")]


def test_who_is_announced_anew_is_told_anew(world: World) -> None:
    is_in_share(world)
    for policies in ([PERMIT, FORBID], [PERMIT], [PERMIT, FORBID]):
        world.policies = compiled(policies)
        sweep(world)

    assert [event for event, _, _ in told(world)[1:]] == [
        "Withdrawal Announced",
        "Withdrawal Cancelled",
        "Withdrawal Announced",
    ]
    assert len({each.change.id for each in world.bus.put}) == 4


def test_whom_a_forbid_took_out_is_told_that_too(world: World) -> None:
    is_in_share(world)
    world.policies = compiled([PERMIT, FORBID])
    sweep(world)
    sweep(world, after=WAIT)

    assert told(world)[2:] == [WITHDRAWN]


def test_who_is_removed_and_has_nothing_associated_is_told_so_by_the_same_sweep(world: World) -> None:
    is_in_share(world)
    remove(world)

    sweep(world)

    assert told(world) == [AVAILABLE, WITHDRAWN]


def test_who_is_out_and_has_something_associated_is_told_how_long_that_lasts(world: World) -> None:
    is_in_share(world)
    kind = AssociationKind.ENDPOINT
    world.associations.there = [
        ConsumerAssociation(id="rea-1", kind=kind, resource_arn=ORDERS, account_id=CONSUMER, through="vpce-1")
    ]
    remove(world, on_command=False)

    sweep(world)
    out = told(world)[1:]
    sweep(world, after=WAIT)
    sweep(world)

    assert out == [("Status Changed", "WITHDRAWING", at(HOUR + WAIT))]
    assert told(world)[2:] == [WITHDRAWN]


def test_who_comes_back_is_told_that_it_can_use_the_share_again(world: World) -> None:
    is_in_share(world)
    remove(world)
    sweep(world, after=timedelta())
    # By this the event is told that it was out, until there is something else to tell.
    (on_record,) = world.records.records.values()
    world.consumers.registered[CONSUMER] = GOLD
    sweep(world)

    assert told(world) == [AVAILABLE, WITHDRAWN, AVAILABLE]
    assert (on_record.notice and on_record.notice.type) is ShareNoticeType.WITHDRAWN
    assert len({each.change.id for each in world.bus.put}) == 3


def test_whom_somebody_else_took_out_is_told_so(world: World) -> None:
    is_in_share(world)
    world.shares.members[SHARE_ARN][CONSUMER] = PrincipalStatus.DISASSOCIATED

    sweep(world)

    assert told(world) == [AVAILABLE, WITHDRAWN]


def test_whom_the_cap_holds_back_is_not_told_that_it_leaves(world: World) -> None:
    others = {f"{number:012}" for number in range(1, 5)}
    world.consumers.registered = dict.fromkeys(others, GOLD)
    world.converge()
    accepts(world, *others)
    sweep(world)
    world.cap = 1
    world.consumers.registered = {}

    sweep(world)

    assert world.in_share() == others
    assert {each.change.status for each in world.bus.put} == {"AVAILABLE"}


def test_who_was_announced_and_is_held_back_for_another_cause_is_not_told_that_it_stays() -> None:
    found = SharePrincipal(principal=CONSUMER, status=PrincipalStatus.ASSOCIATED)
    mark = Announced(since=NOW, withdraw_after=NOW + WAIT, forbidden=False)
    leaving = Leaving(cause=LeavingCause.OTHER_TIER, announced=mark, is_capped=True)
    record = replace(RECORD, notice=ShareNotice(type=ShareNoticeType.ANNOUNCED, since=NOW), leaving=leaving)

    assert with_notice(record, found, NOW + HOUR) == record
    cancelled = with_notice(replace(record, leaving=None), found, NOW + HOUR).notice
    assert cancelled == ShareNotice(type=ShareNoticeType.CANCELLED, since=NOW + HOUR)


def test_who_changes_tiers_is_told_of_both_shares(world: World) -> None:
    is_in_share(world)
    world.consumers.registered[CONSUMER] = Consumer(tier="silver")
    sweep(world)
    sweep(world)

    assert sorted((each.change.subject, each.change.status, each.change.tier) for each in world.bus.put[1:]) == [
        (SILVER_ARN, "AVAILABLE", "silver"),
        (SHARE_ARN, "WITHDRAWN", "gold"),
    ]


@pytest.mark.parametrize("is_registered", [True, False])
def test_of_a_share_that_is_deleted_its_accounts_are_told_and_forgotten_once_they_are_registered_no_longer(
    is_registered: bool, world: World
) -> None:
    is_in_share(world)
    if not is_registered:
        remove(world)
    world.shares.shares = []
    del world.shares.members[SHARE_ARN]
    world.bus.not_taken = {CONSUMER}

    failures = world.converge(forget_gone=True).failures
    kept = dict(world.records.records)
    world.bus.not_taken = set()
    for _ in range(3):
        world.now += HOUR
        world.converge(forget_gone=True)

    assert [type(each) for each in failures] == [UpstreamError]
    assert [*kept] == [(SHARE_ARN, CONSUMER)]
    assert told(world) == [AVAILABLE, WITHDRAWN]
    assert [*world.records.records] == ([(SHARE_ARN, CONSUMER)] if is_registered else [])


def test_nobody_is_forgotten_who_has_not_been_told(world: World) -> None:
    is_in_share(world)
    remove(world)
    world.bus.not_taken = {CONSUMER}
    failures = [world.converge().failures]
    for _ in range(3):
        world.now += CONFIRM
        failures.append(world.converge().failures)
    kept = [*world.records.records]
    world.bus.not_taken = set()
    for _ in range(2):
        sweep(world)

    assert [len(each) for each in failures] == [1, 1, 1, 1]
    assert kept == [(SHARE_ARN, CONSUMER)]
    assert (told(world), world.records.records) == ([AVAILABLE, WITHDRAWN], {})


def test_of_services_nobody_is_told(world: World) -> None:
    world.consumers.registered = {CONSUMER: Consumer(services=frozenset({"*"}))}

    world.converge()

    assert (len(world.allowed()), world.bus.put) == (1, [])


def live(world: World, converge: Callable[[], None]) -> None:
    """Have an account invited, let in, announced to leave, let stay, and removed."""
    world.shares.outsiders = {CONSUMER}
    converge()
    accepts(world)
    for policies in ([PERMIT, FORBID], [PERMIT]):
        converge()
        world.policies = compiled(policies)
        converge()
    remove(world)
    converge()


def steps_of(world: World) -> dict[str, str]:
    """Return what was told, by its id."""
    return {each.change.id: f"{each.event} {each.change.status}" for each in world.bus.put}


def test_a_sweep_that_is_killed_anywhere_tells_it_all_the_same_by_the_same_ids(world: World) -> None:
    live(world, lambda: sweep(world))
    undisturbed = steps_of(world)
    assert len(undisturbed) == 5

    for writes in range(8):
        again = World()
        again.shares.held = {SHARE_ARN: {ORDERS}}
        again.consumers.registered = {CONSUMER: GOLD}

        def killed(world: World = again, writes: int = writes) -> None:
            world.now += HOUR
            world.interruptions.writes_until_crash = writes
            try:
                world.converge()
            except CrashError:
                world.interruptions.writes_until_crash = 1_000
                world.converge()
            world.interruptions.writes_until_crash = 1_000

        live(again, killed)

        assert steps_of(again) == undisturbed, f"killed after {writes} writes"


def test_many_are_told_a_hundred_in_a_sweep_that_is_late_and_keep_nobody_from_leaving(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_in_share(world)
    many = {f"{number:012}" for number in range(1_000)}
    world.consumers.registered |= dict.fromkeys(many, GOLD)
    world.shares.outsiders = many
    world.converge()
    accepts(world, *many)
    world.bus.put.clear()
    remove(world)
    monkeypatch.setattr(offer_sweep, "_TELLS_UNTIL", 0.0)

    sweeps = 0
    while len({each.change.account_id for each in world.bus.put}) < 1 + len(many):
        before = len(world.bus.put)
        converged = world.converge()
        sweeps += 1
        assert CONSUMER not in world.in_share()
        assert 0 < len(world.bus.put) - before <= 100
        assert converged.failures == []

    assert sweeps == 11


def test_what_is_told_already_costs_no_listing_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    is_in_share(world)
    asked: list[str] = []
    principals = world.shares.principals

    def counted(share_arn: str) -> list[SharePrincipal]:
        asked.append(share_arn)
        return principals(share_arn)

    monkeypatch.setattr(world.shares, "principals", counted)
    sweep(world)
    # Nor does one that has left, and is looked at until nothing of it is associated.
    world.associations.there = [
        ConsumerAssociation(
            id="rea-1", kind=AssociationKind.ENDPOINT, resource_arn=ORDERS, account_id=CONSUMER, through="vpce-1"
        )
    ]
    remove(world, on_command=False)
    sweep(world)
    in_between = len(asked)
    sweep(world)

    assert sorted(asked[:2]) == sorted([SHARE_ARN, SILVER_ARN])
    assert sorted(asked[in_between:]) == sorted([SHARE_ARN, SILVER_ARN])


RECORD = OfferRecord(
    target=SHARE_ARN, principal=CONSUMER, account_id=CONSUMER, offered_at=NOW, is_confirmed=True, tier="gold"
)


def announced(kind: ShareNoticeType, *, until: bool = False) -> OfferAnnouncement:
    notice = ShareNotice(type=kind, since=NOW, until=NOW + HOUR if until else None)
    announcement = announcement_of(replace(RECORD, notice=notice))
    assert announcement is not None
    return announcement


@pytest.mark.parametrize("kind", [*ShareNoticeType])
def test_event_and_notice_have_one_id_whatever_was_put_on_the_bus_meanwhile(kind: ShareNoticeType) -> None:
    record = replace(RECORD, notice=ShareNotice(type=kind, since=NOW))
    of_told = replace(RECORD, notice=ShareNotice(type=kind, since=NOW, is_told=True))

    notice, after = share_notice_of(record), share_notice_of(of_told)

    assert notice is not None
    assert (notice, notice.id) == (after, announced(kind).change.id)
    assert {announced(other).change.id for other in ShareNoticeType} & {notice.id} == {notice.id}


def test_a_notice_says_which_share_it_is_and_not_why(world: World) -> None:
    is_in_share(world)
    world.policies = compiled([PERMIT, FORBID])
    world.converge()
    (record,) = world.records.records.values()

    document = msgspec.to_builtins(share_notice_of(record))

    assert document.pop("id") == world.bus.put[-1].change.id
    assert document == {
        "schemaVersion": 1,
        "type": "share.withdrawal-announced",
        "time": NOW.isoformat(timespec="seconds"),
        "accountId": CONSUMER,
        "shareArn": SHARE_ARN,
        "status": "AVAILABLE",
        "reason": "The account is in the share until the provider takes it out.",
        "until": at(WAIT),
    }
    assert [each["text"] for each in world.bus.put[-1].change.reasons] == ["Pays late; see ticket 7."]


@pytest.mark.parametrize("status", [PrincipalStatus.DISASSOCIATING, PrincipalStatus.OTHER, None])
@pytest.mark.parametrize("kind", [None, *ShareNoticeType])
def test_what_says_neither_that_it_is_in_nor_that_it_is_out_is_told_to_nobody(
    kind: ShareNoticeType | None, status: PrincipalStatus | None
) -> None:
    record = replace(RECORD, notice=ShareNotice(type=kind, since=NOW) if kind else None)
    found = SharePrincipal(principal=CONSUMER, status=status) if status else None

    assert with_notice(record, found, NOW + HOUR) == record


def test_one_that_has_not_answered_is_told_of_an_invitation() -> None:
    found = SharePrincipal(principal=CONSUMER, status=PrincipalStatus.ASSOCIATING)

    notice = with_notice(RECORD, found, NOW).notice

    assert (notice and notice.type) is ShareNoticeType.OFFERED


@pytest.mark.parametrize("changes", [{"is_confirmed": False}, {"is_confirmed": False, "refused_at": NOW}])
def test_what_aws_refused_or_nobody_has_seen_yet_is_told_to_nobody(changes: dict[str, object]) -> None:
    record = replace(RECORD, **changes)

    assert with_notice(record, SharePrincipal(principal=STRANGER, status=PrincipalStatus.ASSOCIATED), NOW) == record
