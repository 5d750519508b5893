"""A service and two shares of this account, and whom the registry names for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.facts import Consumer
from drawbridge.discovery.offer_sweep import OfferSweep
from drawbridge.intake.disassociation.disassociate import LeaverReconciler
from drawbridge.intake.notices.tell import ShareTeller
from drawbridge.intake.offering.causes import CausesOfLeaving
from drawbridge.intake.offering.converged import Converged
from drawbridge.intake.offering.desired import OfferRules, RegisteredEntries, Target
from drawbridge.intake.offering.offers import AllowedPrincipal, OfferedShare, OfferRecord
from drawbridge.intake.offering.quotas import Limits
from drawbridge.intake.offering.reconcile import OfferReconciler
from drawbridge.request.connections import ManagedService
from tests.builders import CONSUMER, EVALUATION_TIME, NOW, PROVIDER, SERVICE_ID, SHARE_ARN, STRANGER
from tests.fakes.interruptions import Interruptions
from tests.fakes.offers import (
    InMemoryAssociations,
    InMemoryConsumers,
    InMemoryOfferBus,
    InMemoryOfferedServices,
    InMemoryOfferedShares,
    InMemoryOfferRecords,
    InMemoryServicePermissions,
    StatedQuotas,
)
from tests.fakes.registrations import InMemoryRemovedConsumers
from tests.unit.policies import compiled

SILVER_ARN = f"arn:aws:ram:us-east-1:{PROVIDER}:resource-share/00000000-bbbb-cccc-dddd-eeeeeeeeeeee"
PERMIT = 'permit(principal, action == Action::"accept", resource);'
WAIT = timedelta(hours=168)
CONFIRM = timedelta(minutes=10)

OTHER_SERVICE = "vpce-svc-0123456789abcdef0"
ROOT = f"arn:aws:iam::{CONSUMER}:root"
ROLE = f"arn:aws:iam::{CONSUMER}:role/connect"
STRANGERS = f"arn:aws:iam::{STRANGER}:root"
GOLD = Consumer(tier="gold", services=frozenset({SERVICE_ID}))


class World:
    """A service and two shares, for gold and for silver, and who is registered for them."""

    def __init__(self) -> None:
        self.interruptions = Interruptions()
        self.services = InMemoryOfferedServices()
        self.permissions = InMemoryServicePermissions(self.interruptions)
        self.shares = InMemoryOfferedShares(self.interruptions)
        self.records = InMemoryOfferRecords(self.interruptions)
        self.bus = InMemoryOfferBus(self.interruptions)
        self.removed = InMemoryRemovedConsumers()
        self.consumers = InMemoryConsumers()
        self.associations = InMemoryAssociations(self.interruptions)
        self.quotas = StatedQuotas()
        self.policies: PolicySet = compiled([PERMIT])
        self.now = NOW
        self.shares.now = lambda: self.now
        self.cap = 10
        self.seconds = 0.0
        self.has_service(SERVICE_ID)
        for arn, tier in ((SHARE_ARN, "gold"), (SILVER_ARN, "silver")):
            self.shares.shares.append(OfferedShare(arn=arn, name=tier, tier=tier, takes_outsiders=True))
            self.shares.members[arn] = {}

    def has_service(self, service_id: str, **tags: str) -> None:
        self.services.services.append(ManagedService(service_id=service_id, tags=tags))
        self.permissions.permissions[service_id] = {}

    def has_allowed(self, arn: str, owner: str | None = None, permission_id: str = "vpce-svc-perm-1") -> None:
        """Have somebody allow a principal."""
        permission = AllowedPrincipal(arn=arn, permission_id=permission_id, owner=owner)
        self.permissions.permissions[SERVICE_ID][arn] = permission

    def reconciler(self, partition: str = "aws") -> OfferReconciler:
        return OfferReconciler(
            registry=self.consumers,
            permissions=self.permissions,
            shares=self.shares,
            records=self.records,
            causes=CausesOfLeaving(self.removed),
            rules=OfferRules(self.policies, partition=partition),
            owner="drawbridge",
            cap=self.cap,
            wait=WAIT,
        )

    def leavers(self) -> LeaverReconciler:
        return LeaverReconciler(
            registry=self.consumers,
            shares=self.shares,
            associations=self.associations,
            records=self.records,
            causes=CausesOfLeaving(self.removed),
            rules=OfferRules(self.policies, partition="aws"),
            wait=WAIT,
            confirm_after=CONFIRM,
        )

    def planned(self, partition: str = "aws") -> list[str]:
        """Return what is to be done, in words."""
        registry, reconciler = RegisteredEntries(self.consumers.all()), self.reconciler(partition)
        targets: list[Target] = [*self.services.services, *self.shares.shares]
        plans = [reconciler.plan(target, registry, EVALUATION_TIME) for target in targets]
        return [str(step) for plan in plans for step in plan.steps]

    def converge(self, *, forget_gone: bool = False) -> Converged:
        sweep = OfferSweep(
            services=self.services,
            shares=self.shares,
            records=self.records,
            registry=self.consumers,
            reconciler=self.reconciler(),
            leavers=self.leavers(),
            teller=ShareTeller(shares=self.shares, records=self.records, bus=self.bus),
            limits=Limits(self.quotas),
            clock=lambda: self.seconds,
        )
        return sweep.converge(self.now, forget_gone=forget_gone)

    def forget_who_left(self) -> None:
        """Sweep once more when those that left, with nothing associated, are looked at for the second time."""
        self.now += CONFIRM
        self.converge()

    def allowed(self, service_id: str = SERVICE_ID) -> dict[str, str | None]:
        return {arn: each.owner for arn, each in self.permissions.permissions[service_id].items()}

    def in_share(self, arn: str = SHARE_ARN) -> set[str]:
        return {each for each, status in self.shares.members[arn].items() if status.is_in_share}

    def confirmed(self) -> dict[tuple[str, str], bool]:
        return {key: each.is_confirmed for key, each in self.records.records.items()}


def record(target: str, principal: str, **changes: Any) -> OfferRecord:
    """Return what is on record of something that is there."""
    fields: dict[str, Any] = {"account_id": CONSUMER, "offered_at": NOW, "is_confirmed": True}
    return OfferRecord(target=target, principal=principal, **(fields | changes))


def on_record(world: World, *records: OfferRecord) -> None:
    world.records.records |= {(each.target, each.principal): each for each in records}


def fifty() -> World:
    """Return a world in which fifty accounts are in the share for gold."""
    world = World()
    world.consumers.registered = {f"{100_000_000_000 + number}": Consumer(tier="gold") for number in range(50)}
    world.converge()
    return world


def planning_takes(world: World, seconds: float) -> None:
    """Have it take as long to compare what is on record of each service or share."""
    of = world.records.of

    def slowly(target: str) -> dict[str, OfferRecord]:
        world.seconds += seconds
        return of(target)

    world.records.of = slowly  # type: ignore[method-assign]
