"""Whatever happens to a consumer that shares are offered to, nothing of it is left once it is removed for good."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from random import Random

import pytest
from msgspec.structs import replace

from drawbridge.decision.facts import Consumer
from drawbridge.intake.disassociation.associations import AssociationKind, ConsumerAssociation
from drawbridge.intake.offering.offers import PrincipalStatus
from drawbridge.intake.registration.off_boarding import RemovedConsumer
from tests.builders import CONSUMER, PROVIDER, SHARE_ARN
from tests.fakes.interruptions import CrashError
from tests.odd import EXAMPLES
from tests.unit.offering import CONFIRM, PERMIT, SILVER_ARN, WAIT, World
from tests.unit.policies import compiled

SOON = timedelta(minutes=5)
ORDERS, WIDGETS = (f"arn:aws:vpc-lattice:us-east-1:{PROVIDER}:resourceconfiguration/rcfg-{end * 17}" for end in "01")
FORBID = f'@id("no") forbid(principal == Account::"{CONSUMER}", action == Action::"offer", resource);'
NEVER = 10**9

Change = Callable[[World], None]


def association(arn: str = ORDERS, number: int = 1) -> ConsumerAssociation:
    kind = AssociationKind.ENDPOINT
    return ConsumerAssociation(id=f"rea-{arn[-1]}-{number}", kind=kind, resource_arn=arn, account_id=CONSUMER)


def remove(world: World) -> None:
    if world.consumers.registered.pop(CONSUMER, None):
        world.removed.kept[CONSUMER] = RemovedConsumer(removed_at=world.now)


def lose(world: World) -> None:
    world.consumers.registered.pop(CONSUMER, None)


def register(tier: str) -> Change:
    def change(world: World) -> None:
        world.consumers.registered[CONSUMER] = Consumer(tier=tier)

    return change


def suspend(world: World) -> None:
    if found := world.consumers.registered.get(CONSUMER):
        world.consumers.registered[CONSUMER] = replace(found, suspended_at=world.now)


def put_in_force(*policies: str) -> Change:
    def change(world: World) -> None:
        world.policies = compiled([*policies])

    return change


def be_busy(world: World) -> None:
    world.shares.busy = {CONSUMER}


def associate(world: World) -> None:
    if CONSUMER in world.in_share():
        world.associations.there.append(association(number=10 + len(world.associations.there)))


def accept(world: World) -> None:
    for members in world.shares.members.values():
        for each, status in members.items():
            if status is PrincipalStatus.ASSOCIATING:
                members[each] = PrincipalStatus.ASSOCIATED


def be_taken_out(world: World) -> None:
    """Have somebody take it out of the share by hand, or the account reject its invitation."""
    if CONSUMER in world.in_share():
        world.shares.members[SHARE_ARN][CONSUMER] = PrincipalStatus.DISASSOCIATED


def be_refused(world: World) -> None:
    world.shares.refused ^= {CONSUMER}


def wait(world: World) -> None:
    world.now += timedelta(hours=1)


def wait_long(world: World) -> None:
    world.now += WAIT


ELSEWHERE: tuple[Change, ...] = (lambda _: None, register("gold"), register("silver"), lose, remove, suspend)
"""What changes while another sweep is at work."""

CHANGES: tuple[Change, ...] = (
    remove,
    lose,
    register("gold"),
    register("silver"),
    suspend,
    put_in_force(PERMIT, FORBID),
    put_in_force(PERMIT),
    put_in_force(),
    be_busy,
    associate,
    accept,
    be_taken_out,
    be_refused,
    wait,
    wait_long,
)


def start() -> World:
    """Return a world in which the account is in a share, and has associated what that holds."""
    world = World()
    world.shares.held = {SHARE_ARN: {ORDERS, WIDGETS}, SILVER_ARN: {ORDERS}}
    world.associations.owned = {ORDERS, WIDGETS}
    register("gold")(world)
    world.converge()
    accept(world)
    world.associations.there = [association(), association(WIDGETS)]
    return world


def sweep(world: World, random: Random, *, is_other_at_work: bool) -> None:
    """Sweep, killed anywhere or not, with RAM's listing cut or not, and with another sweep in its middle or not."""
    world.interruptions.writes_until_crash = random.randint(0, 7) if random.random() < 0.4 else NEVER
    world.shares.left_out = {CONSUMER} if random.random() < 0.1 else set()
    before_write = world.interruptions.before_write
    elsewhere, writes = random.choice(ELSEWHERE), iter(range(random.randint(0, 6)))

    def with_another_sweep() -> None:
        if next(writes, None) is None:
            world.interruptions.before_write = before_write  # type: ignore[method-assign]
            left, world.interruptions.writes_until_crash = world.interruptions.writes_until_crash, NEVER
            elsewhere(world)
            world.now += timedelta(seconds=7)
            world.converge()
            world.interruptions.writes_until_crash = left
        before_write()

    if is_other_at_work and random.random() < 0.5:
        world.interruptions.before_write = with_another_sweep  # type: ignore[method-assign]
    with suppress(CrashError):
        world.converge()
    world.interruptions.before_write = before_write  # type: ignore[method-assign]
    world.shares.busy = set()


@pytest.mark.parametrize("is_other_at_work", [False, True], ids=["alone", "with-another-sweep"])
@pytest.mark.parametrize("first", range(0, EXAMPLES * 10, 100))
def test_whatever_happens_to_a_consumer_nothing_of_it_is_left_once_it_is_removed(
    first: int, is_other_at_work: bool
) -> None:
    for seed in range(first, first + 100):
        random, world = Random(seed), start()  # noqa: S311 - the same each time
        world.shares.outsiders = {CONSUMER} if random.random() < 0.5 else set()
        for _ in range(random.randint(2, 9)):
            random.choice(CHANGES)(world)
            world.now += timedelta(minutes=random.choice([1, 5, 11]))
            sweep(world, random, is_other_at_work=is_other_at_work)

        world.interruptions.writes_until_crash, world.shares.left_out = NEVER, set()
        put_in_force(PERMIT)(world)
        remove(world)
        accept(world)
        for passed in (*[SOON] * 4, WAIT, WAIT, CONFIRM, CONFIRM):
            world.now += passed
            world.converge()

        in_shares = world.in_share() | world.in_share(SILVER_ARN)
        assert (seed, in_shares, world.associations.there, world.records.records) == (seed, set(), [], {})
