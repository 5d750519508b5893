"""The planner over fakes of its ports: what tests of plans have AWS list."""

import json
from typing import Any

import msgspec

from drawbridge.association.aliases import AliasCheck, HostedZone
from drawbridge.association.binding import Binding
from drawbridge.association.parse_binding import parse_binding
from drawbridge.association.placing import RecordedEndpoints, no_recorded_endpoints
from drawbridge.association.plan import Planner
from drawbridge.association.preflight import Preflight
from drawbridge.association.subnets import Subnet, Vpc
from drawbridge.configuration import InForce
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.policies import parse_policy
from drawbridge.errors import AccessDeniedError
from drawbridge.lattice import NOT_VISIBLE, Entity, Undescribed
from drawbridge.request.shares import Share, SharedResource
from tests.builders import (
    CONSUMER,
    NETWORK,
    PROVIDER,
    RESOURCE_ARN,
    shared_resource,
)
from tests.builders import VPC_ID as VPC
from tests.fakes.attachments import InMemoryAttachments
from tests.fakes.entities import InMemoryEntityDescriptions
from tests.fakes.inventory import InMemoryAccountInventory
from tests.fakes.shares_in_effect import InMemorySharesInEffect
from tests.fakes.vpcs import InMemoryVpcLookup
from tests.fakes.zones import InMemoryZones

ZONE = "Z0123456789ABC"


ATTACH = {"mode": "resource-endpoint", "vpc": VPC}


NONE_RAISED: InForce[tuple[str, int]] = InForce((), (), ())


def binding(name: str = "orders", **document: object) -> Binding:
    return parse_binding(name, json.dumps({"attach": ATTACH} | document))


def vpc_with(*subnet_ids: str, vpc_id: str = VPC) -> Vpc:
    """Return a VPC with these subnets, each in a zone of its own."""
    return Vpc(
        vpc_id=vpc_id,
        subnets=tuple(Subnet(id=each, vpc_id=vpc_id, zone=f"zone-{number}") for number, each in enumerate(subnet_ids)),
    )


class World(InMemoryAttachments, InMemoryEntityDescriptions, InMemoryVpcLookup, InMemoryZones):
    """A share in effect, its resources and the VPCs, as AWS lists them."""

    def __init__(self, *described: Entity, vpcs: tuple[Vpc, ...] | None = None) -> None:
        InMemoryAttachments.__init__(self)
        InMemoryEntityDescriptions.__init__(self, *described)
        InMemoryVpcLookup.__init__(self, *((vpc_with("subnet-0a", "subnet-0b"),) if vpcs is None else vpcs))
        InMemoryZones.__init__(self, **{ZONE: HostedZone(name="corp.example", private=True)})
        self.subnet_vpcs |= {subnet.id: vpc.vpc_id for vpc in self.vpcs_there for subnet in vpc.subnets}
        self.listed_by_ram: dict[str, dict[str, str]] = {}
        self.in_effect = True
        self.inventory = InMemoryAccountInventory()

    def share(self, share_arn: str) -> Share | None:
        return Share(arn=share_arn, name="orders", owner=PROVIDER) if self.in_effect else None

    def contents_of_share(self, share_arn: str) -> list[SharedResource]:
        there: list[Entity | Undescribed] = [*self.described, *self.undescribed]
        held = [shared_resource(each.arn) for each in there]
        return [msgspec.structs.replace(each, **self.listed_by_ram.get(each.arn, {})) for each in held]

    def planner(self, *bindings: Binding, policy: str = "permit(principal, action, resource);") -> Planner:
        in_force = InForce(tuple(bindings), tuple((each.name, 1) for each in bindings), ())
        return self.planner_of(in_force, PolicySet([parse_policy("test", policy)]))

    def planner_of(
        self, bindings: InForce[Binding], policies: PolicySet, recorded: RecordedEndpoints = no_recorded_endpoints
    ) -> Planner:
        return Planner(
            shares=InMemorySharesInEffect(self.share, self.contents_of_share),
            entities=self,
            network=self,
            policies=policies,
            bindings=bindings,
            reconciler=self.reconciler,
            preflight=Preflight(self, self, self, prefix="drawbridge", quotas={}),
            aliases=AliasCheck(self),
            account_id=CONSUMER,
            quotas=NONE_RAISED,
            inventory=self.inventory,
            recorded=recorded,
        )


SECOND_ARN = RESOURCE_ARN + "0"


def undescribed(**changes: Any) -> Undescribed:
    fields: dict[str, Any] = {
        "arn": SECOND_ARN,
        "code": NOT_VISIBLE,
        "words": "AccessDeniedException: no",
        "may_pass": True,
    }
    return Undescribed(**(fields | changes))


DENIED = AccessDeniedError(f"list what is in {NETWORK.arn}: AccessDeniedException: no")


def through_network(**attach: object) -> Binding:
    named = {"mode": "service-network", "serviceNetwork": {"name": NETWORK.name}, "vpc": VPC}
    return binding("through", attach=named | attach)
