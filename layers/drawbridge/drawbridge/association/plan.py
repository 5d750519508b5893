"""Planning: what the bindings want of one share, and policy allows, as a list of associations. Nothing is done yet."""

from collections.abc import Collection, Iterable, Iterator
from typing import Protocol

import msgspec
from msgspec import Struct

from drawbridge.arns import is_of
from drawbridge.association import Mode, NetworkRef, Plan, PrivateDns, WantedAssociation
from drawbridge.association.associate import Ways
from drawbridge.association.binding import Binding, VpcTag
from drawbridge.association.coverage import Coverage
from drawbridge.association.entities import Entity
from drawbridge.association.in_force import matched_digest, wanted_digest
from drawbridge.association.preflight import Preflight
from drawbridge.bounds import fitting, shortened
from drawbridge.configuration import InForce
from drawbridge.decision.decide import Policies, may_associate
from drawbridge.decision.facts import Asker, Fact, Moment, ResourceFacts, ResourceKind
from drawbridge.decision.grounds import AssociationGrounds
from drawbridge.errors import NotReadyError
from drawbridge.request.digests import state_in_effect
from drawbridge.request.shares import Matchable, Share, SharedResource
from drawbridge.status import Reason

MOST_AT_ONCE = 150
"""Associations of one share: an execution's history holds 25,000 events, and its row what is kept of each."""

MOST_KEPT = 100
"""Resources of one share whose facts and names are kept, for the same reason."""

GROUNDS_BYTES = 60_000
"""Of the facts that policies were asked about; each may carry fifty tags of the account's and of its own."""

REFUSED_BYTES = 60_000
"""Of why things were refused, in the words of policies' annotations."""

_WORD_BYTES = 4_000


class Vpc(Struct, frozen=True, kw_only=True):
    """A VPC that a binding wants a resource in."""

    vpc_id: str
    subnet_ids: tuple[str, ...]
    """One in each zone that has any."""


class Refusal(Struct, frozen=True, kw_only=True):
    """Why something wanted is not associated."""

    vpc_id: str = ""
    """Where it is wanted; empty where that does not matter."""
    reason: Reason


class Wish(Struct, frozen=True, kw_only=True):
    """A resource that a binding matches, and what comes of it."""

    binding: str
    resource: Entity
    facts: ResourceFacts | None = None
    """What the policy was asked about; ``None`` if it was not."""
    associations: tuple[WantedAssociation, ...] = ()
    refused: tuple[Refusal, ...] = ()


class Considered(Struct, frozen=True, kw_only=True):
    """All that the bindings match in one share."""

    share: Share
    visible: tuple[SharedResource, ...]
    """What it holds of VPC Lattice's."""
    wishes: tuple[Wish, ...]
    described: tuple[Entity, ...]
    """Those of them that VPC Lattice describes by now."""
    state: str
    """The digest of all that the share holds; after a decision, of what it held when it was decided on."""

    @property
    def contents(self) -> tuple[Matchable, ...] | None:
        """What bindings go by, if all of it is described and it can be kept."""
        undescribed = {resource.arn for resource in self.visible} - {each.arn for each in self.described}
        if undescribed or len(self.described) > MOST_KEPT:
            return None
        return tuple(Matchable(name=each.name, type=each.type, owner=each.owner) for each in self.described)


class Shares(Protocol):
    """Shares in effect for this account."""

    def share(self, share_arn: str) -> Share | None: ...

    def contents_of_share(self, share_arn: str) -> list[SharedResource]: ...


class Entities(Protocol):
    """What VPC Lattice shows of what is shared."""

    def describe(self, resources: Iterable[SharedResource]) -> list[Entity]:
        """Describe those of the resources that are VPC Lattice's and ready for use."""
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
        *,
        shares: Shares,
        entities: Entities,
        network: Network,
        policies: Policies,
        bindings: InForce[Binding],
        ways: Ways,
        preflight: Preflight,
        account_id: str,
        quotas: InForce[tuple[str, int]],
    ) -> None:
        self._shares = shares
        self._entities = entities
        self._network = network
        self._policies = policies
        self._bindings = bindings
        self._ways = ways
        self._preflight = preflight
        self._account_id = account_id
        self._quotas = quotas

    def plan(
        self,
        share_arn: str,
        asker: Asker,
        expected: Collection[SharedResource],
        moment: Moment,
        coverage: Coverage | None = None,
    ) -> Plan:
        """Plan what is to be associated of the share.

        ``expected`` is what the invitation was seen to hold: RAM lists it only some seconds after the acceptance. What
        ``coverage`` does not cover is refused; without one, it is planned as if all were let in.
        Planning twice plans the same.

        Raises:
            NotReadyError: the share or something expected in it is not visible yet.
        """
        return self.plan_of(self.consider(share_arn, asker, expected, moment, coverage), moment)

    def again(
        self,
        share_arn: str,
        asker: Asker,
        planned: WantedAssociation,
        moment: Moment,
        coverage: Coverage,
    ) -> WantedAssociation | Reason:
        """Decide again on one association that was planned: give it as it is wanted by now, or why it is refused.

        Raises:
            NotReadyError: the share is not visible, or VPC Lattice does not describe what is in it.
        """
        considered = self.consider(share_arn, asker, (), moment, coverage, only=planned)
        if planned.resource_arn not in {each.arn for each in considered.visible}:
            text = f"{planned.resource_name}: {planned.resource_arn} was taken out of the share meanwhile"
            return Reason("no-longer-shared", text, source=planned.binding)
        if not considered.described:
            raise NotReadyError(f"{planned.resource_arn} is not ready for use")
        wanted = [each for wish in considered.wishes for each in wish.associations if each.vpc_id == planned.vpc_id]
        if wanted:
            return wanted[0]
        refused = [each for wish in considered.wishes for each in wish.refused]
        if refused:
            # That of its VPC, if there are several.
            return min(refused, key=lambda each: each.vpc_id != planned.vpc_id).reason
        text = f"{planned.name}: the binding was changed or removed meanwhile"
        return Reason("no-binding-wants-it", text, source=planned.binding)

    def consider(
        self,
        share_arn: str,
        asker: Asker,
        expected: Collection[SharedResource],
        moment: Moment,
        coverage: Coverage | None = None,
        *,
        only: WantedAssociation | None = None,
    ) -> Considered:
        """Say of each resource that a binding matches what comes of it; of one only, if that is asked for.

        Raises:
            NotReadyError: the share or something expected in it is not visible yet.
        """
        share = self._shares.share(share_arn)
        if share is None or not share.in_effect:
            raise NotReadyError(f"{share_arn} is not in effect yet")
        held = self._shares.contents_of_share(share_arn)
        visible = tuple(resource for resource in held if resource.is_lattice)
        missing = {thing.arn for thing in expected if thing.is_lattice} - {resource.arn for resource in visible}
        if missing:
            raise NotReadyError(f"not visible yet in {share_arn}: {', '.join(sorted(missing))}")
        arns = [resource.arn for resource in held]
        let_in = frozenset(arns) if coverage is None else coverage.covered(arns)
        # What is suspended is there, and nobody can use it: it is not planned, and stops nothing else.
        usable = [each for each in visible if not each.status]
        asked_for = [each for each in usable if only is None or each.arn == only.resource_arn]
        described = sorted(self._entities.describe(asked_for))
        wishes: list[Wish] = []
        for binding in self._bindings.things:
            if only is not None and binding.name != only.binding:
                continue
            matched = [each for each in described if binding.match.matches(each, share.name)]
            # What was not let in takes no name from what was.
            fits = [each for each in matched if each.arn in let_in]
            wishes += [
                self._wish(binding, resource, fits, asker=asker, share=share, moment=moment) for resource in fits
            ]
            if coverage is not None:
                wishes += [_uncovered(binding, each, coverage) for each in matched if each.arn not in let_in]
        state = (coverage.on.state if coverage else "") or state_in_effect(arns)
        return Considered(share=share, visible=visible, wishes=tuple(wishes), described=tuple(described), state=state)

    def plan_of(self, considered: Considered, moment: Moment) -> Plan:
        """Sum up what was considered; of more than can be done at once, the rest is refused."""
        share, wishes = considered.share, considered.wishes
        wanted = [each for wish in wishes for each in wish.associations]
        refused = [each.reason for wish in wishes for each in wish.refused]
        if any(binding.match.could_match(share.owner, share.name) for binding in self._bindings.things):
            refused += [_unavailable(each) for each in considered.visible if each.status]
        asked = [wish.facts for wish in wishes if wish.facts is not None]
        if len(wanted) > MOST_AT_ONCE:
            text = f"{len(wanted)} associations are wanted of one share, {MOST_AT_ONCE} are made; match fewer"
            refused.append(Reason("too-many-associations", text, source=wanted[MOST_AT_ONCE].binding))
        # What a broken binding would match is not known: whatever changes next is looked into.
        contents = None if self._bindings.broken else considered.contents
        broken = (Reason("binding-broken", each.reason, source=each.name) for each in self._bindings.broken)
        short = [msgspec.structs.replace(each, text=shortened(each.text, _WORD_BYTES)) for each in refused]
        refused_kept = fitting(short[:MOST_AT_ONCE], REFUSED_BYTES)
        asked_kept = fitting(asked[:MOST_KEPT], GROUNDS_BYTES)
        return Plan(
            associations=tuple(wanted[:MOST_AT_ONCE]),
            refused=refused_kept,
            broken=fitting(broken, REFUSED_BYTES),
            state=considered.state,
            wanted=wanted_digest(self._bindings, share.owner, share.name, self._quotas),
            matched=matched_digest(self._bindings, share.name, contents or (), self._quotas),
            contents=contents,
            grounds=AssociationGrounds(at=moment.now, zone=moment.zone, resources=asked_kept),
            cut=tuple(_cut(len(refused) - len(refused_kept), len(asked) - len(asked_kept))),
        )

    def _wish(
        self, binding: Binding, resource: Entity, fits: list[Entity], *, asker: Asker, share: Share, moment: Moment
    ) -> Wish:
        facts: ResourceFacts | None = None
        refusal = _impossible(binding, resource)
        if refusal is None:
            facts = self._facts(binding, resource, asker, share.name)
            refusal = self._refusal(facts, moment) or _twin(binding, resource, fits)
        if refusal is not None:
            refused = (Refusal(reason=refusal),)
            return Wish(binding=binding.name, resource=resource, facts=facts, refused=refused)
        placed, unplaced = self._places(binding, resource)
        return Wish(
            binding=binding.name,
            resource=resource,
            facts=facts,
            associations=tuple(placed),
            refused=tuple(unplaced),
        )

    def _facts(self, binding: Binding, resource: Entity, asker: Asker, share_name: str) -> ResourceFacts:
        # A call for each resource, which most policies do not need.
        tags_matter = bool(self._policies.speaking_of(Fact.RESOURCE_TAGS))
        return ResourceFacts(
            asker=asker,
            share_arn=resource.share_arn,
            share_name=share_name,
            resource_kind=resource.kind,
            arn=resource.arn,
            name=resource.name,
            type=resource.type if resource.kind is ResourceKind.RESOURCE_CONFIGURATION else "",
            protocol=resource.protocol,
            port_ranges=resource.port_ranges,
            custom_domain_name=resource.custom_domain_name,
            domain_verified=resource.domain_verified,
            tags=self._entities.tags(resource.arn) if tags_matter else None,
            binding=binding.name,
            mode=binding.attach.mode,
            private_dns=binding.attach.dns,
        )

    def _refusal(self, facts: ResourceFacts, moment: Moment) -> Reason | None:
        permitted, because = may_associate(facts, self._policies, moment)
        if permitted:
            return None
        why = "; ".join(reason.text for reason in because)
        return Reason("association-not-permitted", f"{facts.name}: {why}", source=facts.binding)

    def _places(self, binding: Binding, resource: Entity) -> tuple[list[WantedAssociation], list[Refusal]]:
        placed: list[WantedAssociation] = []
        unplaced: list[Refusal] = []
        for vpc in self._vpcs(binding):
            if vpc is not None and not vpc.subnet_ids and not binding.attach.subnets and _needs_subnets(binding):
                text = f"{resource.name}: {vpc.vpc_id} has no subnet; make one, or name another VPC"
                reason = Reason("no-subnet", text, source=binding.name)
                unplaced.append(Refusal(vpc_id=vpc.vpc_id, reason=reason))
                continue
            wanted = _wanted(binding, resource, vpc)
            hindrance = self._hindrance(wanted, resource)
            if hindrance is None:
                placed.append(wanted)
            else:
                unplaced.append(Refusal(vpc_id=wanted.vpc_id, reason=hindrance))
        if not placed and not unplaced:
            where = binding.attach.vpc.tag if isinstance(binding.attach.vpc, VpcTag) else binding.attach.vpc
            reason = Reason("no-vpc", f"{resource.name}: no VPC fits {where}", source=binding.name)
            unplaced.append(Refusal(reason=reason))
        return placed, unplaced

    def _hindrance(self, wanted: WantedAssociation, resource: Entity) -> Reason | None:
        observed = self._ways.observe(wanted)
        network = observed.network
        if network is not None and not wanted.is_network:
            if not is_of(network.arn, self._account_id):
                text = (
                    f"{resource.name}: {network.arn} is another account's too, and AWS associates nothing with nothing "
                    "that is both shared with this account; name a service network of its own"
                )
                return Reason("both-foreign", text, source=wanted.binding)
            closed = resource.kind is ResourceKind.RESOURCE_CONFIGURATION and not resource.allows_shareable_networks
            if network.shareable and closed and observed.in_network is None:
                text = (
                    f"{resource.name}: service network {network.name} can be shared on, which its provider does not "
                    "allow, and which never changes; name a network that Drawbridge creates, or ask the provider for "
                    "allowAssociationToShareableServiceNetwork"
                )
                return Reason("network-shareable", text, source=wanted.binding)
        return self._preflight.hindrance(wanted, observed)

    def _vpcs(self, binding: Binding) -> list[Vpc] | list[None]:
        match binding.attach.vpc:
            case None:
                return [None]
            case VpcTag(tag):
                return self._network.tagged(tag)
            case vpc_id:
                vpc = self._network.vpc(vpc_id)
                return [vpc] if vpc else []


def _cut(refusals: int, facts: int) -> Iterator[str]:
    """Say what there was no room for."""
    if refusals:
        yield f"{refusals} more refusals are not told."
    if facts:
        yield f"What policies were asked about {facts} resources is not kept: they are not reviewed."


def _needs_subnets(binding: Binding) -> bool:
    return binding.attach.mode is not Mode.SERVICE_NETWORK


def _wanted(binding: Binding, resource: Entity, vpc: Vpc | None) -> WantedAssociation:
    attach = binding.attach
    is_network = resource.kind is ResourceKind.SERVICE_NETWORK
    vpc_id = vpc.vpc_id if vpc else ""
    return WantedAssociation(
        binding=binding.name,
        resource_name=resource.name,
        resource_arn=resource.arn,
        resource_kind=resource.kind,
        resource_type=resource.type,
        share_arn=resource.share_arn,
        provider=resource.owner,
        protocol=resource.protocol,
        port_ranges=resource.port_ranges or (),
        mode=attach.mode,
        network=NetworkRef(identifier=resource.arn) if is_network else attach.network,
        vpc_id=vpc_id,
        subnet_ids=(attach.subnets or (vpc.subnet_ids if vpc else ())) if _needs_subnets(binding) else (),
        security_group_ids=attach.security_groups,
        private_dns=attach.dns,
        private_domains=attach.domains,
        per_vpc=isinstance(attach.vpc, VpcTag),
        alias=attach.alias.name.replace("{vpc}", vpc_id) if attach.alias else "",
        alias_zone=attach.alias.zone if attach.alias else "",
    )


def _uncovered(binding: Binding, resource: Entity, coverage: Coverage) -> Wish:
    refused = (Refusal(reason=coverage.refusal(resource.name, binding.name)),)
    return Wish(binding=binding.name, resource=resource, refused=refused)


def _unavailable(resource: SharedResource) -> Reason:
    text = f"{resource.arn} is {resource.status} in AWS RAM; it is looked at again every six hours"
    return Reason("resource-unavailable", text)


def _impossible(binding: Binding, resource: Entity) -> Reason | None:
    """Say why this kind of thing can't be reached in this mode, if it can't."""
    found = next(iter(_impossibilities(binding, resource)), None)
    if found is None:
        return None
    code, why = found
    return Reason(code, f"{resource.name} is {why}", source=binding.name)


def _impossibilities(binding: Binding, resource: Entity) -> Iterator[tuple[str, str]]:
    mode, network = binding.attach.mode, binding.attach.network
    match resource.kind:
        case ResourceKind.RESOURCE_CONFIGURATION:
            if resource.type == "CIDR":
                yield "kind-not-supported", "of type CIDR, which only tunnel endpoints reach"
            if resource.type == "CHILD":
                yield "kind-not-supported", "a child, which comes with its group"
        case ResourceKind.SERVICE_NETWORK if network is not None:
            why = "a service network itself, and can't be put into another one; leave attach.serviceNetwork out"
            yield "mode-not-possible", why
        case ResourceKind.SERVICE if binding.attach.dns is not PrivateDns.OFF:
            yield "mode-not-possible", "a service, whose custom name needs no private DNS; set privateDns: off"
        case _:
            pass
    if mode is Mode.RESOURCE_ENDPOINT:
        if resource.kind is not ResourceKind.RESOURCE_CONFIGURATION:
            why = f"a {resource.kind.replace('-', ' ')}, which a resource endpoint can't lead to; use mode "
            yield "mode-not-possible", f"{why}{Mode.SERVICE_NETWORK} or {Mode.SERVICE_NETWORK_ENDPOINT}"
    elif network is None and resource.kind is not ResourceKind.SERVICE_NETWORK:
        why = f"to be reached by a service network in mode {mode}; name one in attach.serviceNetwork"
        yield "no-service-network", why


def _twin(binding: Binding, resource: Entity, fits: list[Entity]) -> Reason | None:
    """Refuse a resource whose name another one, that comes before it, publishes under already."""
    first = next(each for each in fits if each.name == resource.name)
    if first.arn == resource.arn:
        return None
    text = f"{resource.arn}: {first.arn} is published under the name {resource.name!r}"
    return Reason("name-taken", text, source=binding.name)
