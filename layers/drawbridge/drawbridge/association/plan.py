"""Planning: what the bindings want of one share, and policy allows, as a list of associations. Nothing is done yet."""

from collections.abc import Collection, Iterable
from typing import Protocol

from msgspec import Struct

from drawbridge.association import Plan, WantedAssociation
from drawbridge.association.binding import Binding, Mode, VpcTag
from drawbridge.association.in_force import wanted_digest
from drawbridge.association.resources import SharedConfiguration
from drawbridge.configuration import InForce
from drawbridge.decision.decide import Policies, may_associate
from drawbridge.decision.facts import Asker, Fact, Moment, ResourceFacts
from drawbridge.decision.grounds import AssociationGrounds
from drawbridge.errors import NotReadyError
from drawbridge.request.digests import state_in_effect
from drawbridge.request.shares import Share, SharedResource
from drawbridge.status import Reason

MOST_AT_ONCE = 150
"""Associations of one share: what is planned goes from state to state, which holds 256 KiB."""

MOST_KEPT = 100
"""Resources of one share whose facts are kept, for the same reason."""


class Vpc(Struct, frozen=True, kw_only=True):
    """A VPC that a binding wants a resource in."""

    vpc_id: str
    subnet_ids: tuple[str, ...]
    """One in each zone that has any."""


class Shares(Protocol):
    """Shares in effect for this account."""

    def share(self, share_arn: str) -> Share | None: ...

    def contents_of_share(self, share_arn: str) -> list[SharedResource]: ...


class Configurations(Protocol):
    """VPC Lattice resource configurations."""

    def describe(self, resources: Iterable[SharedResource]) -> list[SharedConfiguration]:
        """Describe those of the resources that are resource configurations and ready for use."""
        ...

    def tags(self, arn: str) -> dict[str, str] | None:
        """Give the tags of a resource; ``None`` where AWS does not show them."""
        ...


class Network(Protocol):
    """The VPCs of this account."""

    def vpc(self, vpc_id: str) -> Vpc | None: ...

    def tagged(self, tags: dict[str, str]) -> list[Vpc]: ...


class Planner:
    """Plans what is to be associated of a share."""

    def __init__(
        self,
        shares: Shares,
        configurations: Configurations,
        network: Network,
        policies: Policies,
        bindings: InForce[Binding],
    ) -> None:
        self._shares = shares
        self._configurations = configurations
        self._network = network
        self._policies = policies
        self._bindings = bindings

    def plan(self, share_arn: str, asker: Asker, expected: Collection[SharedResource], moment: Moment) -> Plan:
        """Plan what is to be associated of the share.

        ``expected`` is what the invitation was seen to hold: RAM lists it only some seconds after the acceptance.
        Planning twice plans the same.

        Raises:
            NotReadyError: the share or something expected in it is not visible yet.
        """
        share = self._shares.share(share_arn)
        if share is None:
            raise NotReadyError(f"{share_arn} is not in effect yet")
        visible = [resource for resource in self._shares.contents_of_share(share_arn) if resource.is_lattice]
        missing = {thing.arn for thing in expected if thing.is_lattice} - {resource.arn for resource in visible}
        if missing:
            raise NotReadyError(f"not visible yet in {share_arn}: {', '.join(sorted(missing))}")
        described = sorted(self._configurations.describe(visible))
        wanted: list[WantedAssociation] = []
        refused: list[Reason] = []
        asked: list[ResourceFacts] = []
        for binding in self._bindings.things:
            fits = [each for each in described if binding.match.matches(each, share.name)]
            for resource in fits:
                refusal = _not_built(binding, resource)
                if refusal is None:
                    asked.append(self._facts(binding, resource, asker, share.name))
                    refusal = self._refusal(asked[-1], moment) or _twin(binding, resource, fits)
                if refusal is not None:
                    refused.append(refusal)
                    continue
                placed, unplaced = self._places(binding, resource)
                wanted += placed
                refused += unplaced
        if len(wanted) > MOST_AT_ONCE:
            text = f"{len(wanted)} associations are wanted of one share, {MOST_AT_ONCE} are made; match fewer"
            refused.append(Reason("too-many-associations", text, source=wanted[MOST_AT_ONCE].binding))
        broken = (Reason("binding-broken", each.reason, source=each.name) for each in self._bindings.broken)
        return Plan(
            associations=tuple(wanted[:MOST_AT_ONCE]),
            refused=tuple(refused[:MOST_AT_ONCE]),
            broken=tuple(broken),
            state=state_in_effect(resource.arn for resource in visible),
            wanted=wanted_digest(self._bindings, share.owner, share.name),
            grounds=AssociationGrounds(at=moment.now, zone=moment.zone, resources=tuple(asked[:MOST_KEPT])),
        )

    def _facts(self, binding: Binding, resource: SharedConfiguration, asker: Asker, share_name: str) -> ResourceFacts:
        # A call for each resource, which most policies do not need.
        tags_matter = bool(self._policies.speaking_of(Fact.RESOURCE_TAGS))
        return ResourceFacts(
            asker=asker,
            share_arn=resource.share_arn,
            share_name=share_name,
            arn=resource.arn,
            name=resource.name,
            type=resource.type,
            protocol=resource.protocol,
            port_ranges=resource.port_ranges,
            custom_domain_name=resource.custom_domain_name,
            domain_verified=resource.domain_verified,
            tags=self._configurations.tags(resource.arn) if tags_matter else None,
            binding=binding.name,
            mode=binding.attach.mode,
            private_dns=binding.attach.private_dns,
        )

    def _refusal(self, facts: ResourceFacts, moment: Moment) -> Reason | None:
        permitted, because = may_associate(facts, self._policies, moment)
        if permitted:
            return None
        why = "; ".join(reason.text for reason in because)
        return Reason("association-not-permitted", f"{facts.name}: {why}", source=facts.binding)

    def _places(self, binding: Binding, resource: SharedConfiguration) -> tuple[list[WantedAssociation], list[Reason]]:
        by_tag = isinstance(binding.attach.vpc, VpcTag)
        vpcs = self._vpcs(binding)
        if not vpcs:
            where = binding.attach.vpc.tag if isinstance(binding.attach.vpc, VpcTag) else binding.attach.vpc
            return [], [Reason("no-vpc", f"{resource.name}: no VPC fits {where}", source=binding.name)]
        placed: list[WantedAssociation] = []
        unplaced: list[Reason] = []
        for vpc in vpcs:
            subnets = binding.attach.subnets or vpc.subnet_ids
            if not subnets:
                text = f"{resource.name}: {vpc.vpc_id} has no subnet; make one, or name another VPC"
                unplaced.append(Reason("no-subnet", text, source=binding.name))
                continue
            placed.append(
                WantedAssociation(
                    binding=binding.name,
                    resource_name=resource.name,
                    resource_arn=resource.arn,
                    share_arn=resource.share_arn,
                    provider=resource.owner,
                    protocol=resource.protocol,
                    port_ranges=resource.port_ranges,
                    mode=binding.attach.mode,
                    vpc_id=vpc.vpc_id,
                    subnet_ids=subnets,
                    security_group_ids=binding.attach.security_groups,
                    private_dns=binding.attach.private_dns,
                    per_vpc=by_tag,
                )
            )
        return placed, unplaced

    def _vpcs(self, binding: Binding) -> list[Vpc]:
        if isinstance(binding.attach.vpc, VpcTag):
            return self._network.tagged(binding.attach.vpc.tag)
        vpc = self._network.vpc(binding.attach.vpc) if binding.attach.vpc else None
        return [vpc] if vpc else []


_BUILT = frozenset({"SINGLE"})


def _not_built(binding: Binding, resource: SharedConfiguration) -> Reason | None:
    if binding.attach.mode is not Mode.RESOURCE_ENDPOINT:
        text = f"{resource.name}: mode {binding.attach.mode} is not built yet; use {Mode.RESOURCE_ENDPOINT}"
        return Reason("mode-not-supported", text, source=binding.name)
    if resource.type not in _BUILT:
        text = f"{resource.name}: a resource configuration of type {resource.type} is not supported yet"
        return Reason("kind-not-supported", text, source=binding.name)
    return None


def _twin(binding: Binding, resource: SharedConfiguration, fits: list[SharedConfiguration]) -> Reason | None:
    """Refuse a resource whose name another one, that comes before it, publishes under already."""
    first = next(each for each in fits if each.name == resource.name)
    if first.arn == resource.arn:
        return None
    text = f"{resource.arn}: {first.arn} is published under the name {resource.name!r}"
    return Reason("name-taken", text, source=binding.name)
