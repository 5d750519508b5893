"""Planning: what the bindings want of one share, and policy allows, as a list of associations. Nothing is done yet."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

import msgspec
from msgspec import Struct

from drawbridge.arns import is_of
from drawbridge.association import Mode, NetworkRef, Plan, WantedAssociation
from drawbridge.association.aliases import AliasCheck, alias_for_policies
from drawbridge.association.associate import Ways
from drawbridge.association.binding import Binding, VpcTag
from drawbridge.association.coverage import Coverage
from drawbridge.association.in_force import matched_digest, wanted_digest
from drawbridge.association.inputs import Surroundings, inputs_of, that_matter
from drawbridge.association.left_behind import LeftBehind, Makings
from drawbridge.association.made import Made
from drawbridge.association.observed import Observed
from drawbridge.association.plan_inputs import Inputs
from drawbridge.association.preflight import Preflight
from drawbridge.association.subnets import Subnet, chosen
from drawbridge.bounds import GROUNDS_BYTES, WORDS_BYTES, fitting, shortened
from drawbridge.configuration import InForce
from drawbridge.decision import Because
from drawbridge.decision.decide import Policies, may_associate
from drawbridge.decision.facts import Asker, Fact, Moment, ResourceFacts
from drawbridge.decision.grounds import AssociationGrounds
from drawbridge.errors import AccessDeniedError, DrawbridgeError, GoneError, NotReadyError, RefusedError
from drawbridge.lattice import (
    NOT_VISIBLE,
    UNAVAILABLE,
    Entity,
    Matchable,
    PrivateDns,
    ResourceKind,
    Undescribed,
    holds_others,
)
from drawbridge.request.digests import state_in_effect
from drawbridge.request.shares import Share, SharedResource
from drawbridge.status import Reason

MOST_AT_ONCE = 150
"""Associations of one share: an execution's history holds 25,000 events, and its row what is kept of each."""

PATIENT_TRIES = 7
"""How often something in a share that is not visible yet is waited for: some three minutes, as the workflow waits."""

MOST_LEFT = 15
"""Of what is left behind, so much is told."""

MOST_KEPT = 100
"""Resources of one share whose facts and names are kept, for the same reason."""

REFUSED_BYTES = 60_000
"""Of why things were refused, in the words of policies' annotations."""


class Vpc(Struct, frozen=True, kw_only=True):
    """A VPC that a binding wants a resource in."""

    vpc_id: str
    subnets: tuple[Subnet, ...] = ()


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
    arns: tuple[str, ...]
    """Of all that it holds."""
    visible: tuple[SharedResource, ...]
    """What it holds of VPC Lattice's."""
    wishes: tuple[Wish, ...]
    described: tuple[Entity, ...]
    """Those of them that VPC Lattice describes by now."""
    state: str
    """The digest of all that the share holds; after a decision, of what it held when it was decided on."""
    undescribed: tuple[Undescribed, ...] = ()
    """What it is told of the others."""

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

    def shares(self) -> list[Share]:
        """Give all shares in effect."""
        ...

    def resources(self) -> list[SharedResource]:
        """Give what all of them hold."""
        ...


class Entities(Protocol):
    """What VPC Lattice shows of what is shared."""

    def describe(self, resources: Iterable[SharedResource]) -> Sequence[Entity | Undescribed]:
        """Describe those of the resources that are VPC Lattice's, and say why not of those that can't be used."""
        ...

    def entity(self, arn: str) -> Entity | None:
        """Describe one; ``None`` if it is not there for this account, or not any longer."""
        ...

    def tags(self, arn: str) -> dict[str, str] | None:
        """Give the tags of a resource; ``None`` where AWS does not show them."""
        ...


class Network(Protocol):
    """The VPCs of this account."""

    def vpc(self, vpc_id: str) -> Vpc | None: ...

    def tagged(self, tags: dict[str, str]) -> list[Vpc]: ...


class Recorded(Protocol):
    """What the ledger keeps of how a share's associations were left."""

    def __call__(self, share_arn: str, /) -> Mapping[str, str]:
        """Give the endpoint of each, by the association's name."""
        ...


def nothing_recorded(_share_arn: str, /) -> Mapping[str, str]:
    """Stand for a ledger that keeps nothing."""
    return {}


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
        aliases: AliasCheck,
        account_id: str,
        quotas: InForce[tuple[str, int]],
        surroundings: Surroundings,
        makings: Makings,
        recorded: Recorded = nothing_recorded,
    ) -> None:
        self._makings = makings
        self._surroundings = surroundings
        self._shares = shares
        self._entities = entities
        self._network = network
        self._policies = policies
        self._bindings = bindings
        self._ways = ways
        self._preflight = preflight
        self._aliases = aliases
        self._account_id = account_id
        self._quotas = quotas
        self._recorded = recorded

    def plan(
        self,
        share_arn: str,
        asker: Asker,
        expected: Collection[SharedResource],
        moment: Moment,
        coverage: Coverage | None = None,
        *,
        tries: int = 0,
    ) -> Plan:
        """Plan what is to be associated of the share.

        ``expected`` is what the invitation was seen to hold: RAM lists it only some seconds after the acceptance. What
        ``coverage`` does not cover is refused; without one, it is planned as if all were let in.
        ``tries`` says how often that was tried before: what is not visible by then keeps the rest waiting no longer.
        Planning twice plans the same.

        Raises:
            NotReadyError: the share, or for the first tries something in it, is not visible yet.
        """
        share = self._share(share_arn)
        held = self._shares.contents_of_share(share_arn)
        visible = [resource for resource in held if resource.is_lattice]
        # Listed before it is read, here and below: what changes in between differs at the next look.
        with suppress(AccessDeniedError):
            # It is told below, where the same is asked for.
            self._surroundings.resources([each.arn for each in visible])
        considered = self._described(share, held, expected, coverage)
        waited_for = [f"{each.arn}: {each.words}" for each in considered.undescribed if each.may_pass]
        if waited_for and tries < PATIENT_TRIES:
            raise NotReadyError(f"not visible yet in {share_arn}: {'; '.join(sorted(waited_for))}")
        contents = None if self._bindings.broken else considered.contents
        matter = that_matter(self._bindings, share.owner, share.name, contents)
        inputs, beside = Inputs(), list[Reason]()
        left: tuple[Made, ...] | None = None
        try:
            inputs = inputs_of(matter, visible, self._surroundings, dict(self._quotas.things))
        except AccessDeniedError as error:
            beside.append(_not_looked_at(error, "what the plan rests on is not compared"))
        plan = self.plan_of(self._with_wishes(considered, asker, moment, coverage), moment)
        try:
            arns = {each.arn for each in visible}
            left = self._left_behind({arn: {share.name} for arn in arns}).of(arns)[:MOST_LEFT]
        except AccessDeniedError as error:
            beside.append(_not_looked_at(error, "what is left behind is not known"))
        else:
            beside += [each.reason for each in left]
        return msgspec.structs.replace(plan, inputs=inputs, refused=(*plan.refused, *beside), left=left)

    def left_behind(self) -> tuple[Made, ...]:
        """Give all that is left behind in this account."""
        return self._left_behind({}).everywhere()

    def _left_behind(self, known: Mapping[str, set[str]]) -> LeftBehind:
        names = {share.arn: share.name for share in self._shares.shares()}
        shared_as = defaultdict[str, set[str]](set, {arn: set(of) for arn, of in known.items()})
        for each in self._shares.resources():
            if each.share_arn in names:
                shared_as[each.arn].add(names[each.share_arn])
        return LeftBehind(
            self._bindings,
            makings=self._makings,
            shared_as=shared_as,
            vpcs_tagged=lambda tags: {vpc.vpc_id for vpc in self._network.tagged(tags)},
            network_of=self._ways.network,
            entity_of=self._entities.entity,
        )

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
        for each in considered.undescribed:
            told = f"{each.arn}: {each.words}"
            if each.may_pass:
                raise NotReadyError(told)
            return Reason(each.code, told, source=planned.binding)
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
            NotReadyError: the share is not visible yet.
        """
        share = self._share(share_arn)
        held = self._shares.contents_of_share(share_arn)
        described = self._described(share, held, expected, coverage, only)
        return self._with_wishes(described, asker, moment, coverage, only)

    def _share(self, share_arn: str) -> Share:
        share = self._shares.share(share_arn)
        if share is None or not share.in_effect:
            raise NotReadyError(f"{share_arn} is not in effect yet")
        return share

    def _described(
        self,
        share: Share,
        held: list[SharedResource],
        expected: Collection[SharedResource],
        coverage: Coverage | None,
        only: WantedAssociation | None = None,
    ) -> Considered:
        """Give what the share holds, nothing of it considered yet."""
        visible = tuple(resource for resource in held if resource.is_lattice)
        missing = {thing.arn for thing in expected if thing.is_lattice} - {resource.arn for resource in visible}
        undescribed = [
            Undescribed(arn=arn, code=NOT_VISIBLE, words="AWS RAM does not list it", may_pass=True) for arn in missing
        ]
        asked_for = [each for each in visible if only is None or each.arn == only.resource_arn]
        undescribed += filter(None, map(_told_by_ram, asked_for))
        told = {each.arn for each in undescribed}
        described: list[Entity] = []
        for answer in self._entities.describe([each for each in asked_for if each.arn not in told]):
            if isinstance(answer, Undescribed):
                undescribed.append(answer)
            else:
                described.append(answer)
        arns = tuple(resource.arn for resource in held)
        return Considered(
            share=share,
            arns=arns,
            visible=visible,
            wishes=(),
            described=tuple(sorted(described)),
            undescribed=tuple(sorted(undescribed, key=lambda each: each.arn)),
            state=(coverage.on.state if coverage else "") or state_in_effect(arns),
        )

    def _with_wishes(
        self,
        considered: Considered,
        asker: Asker,
        moment: Moment,
        coverage: Coverage | None,
        only: WantedAssociation | None = None,
    ) -> Considered:
        share, wishes = considered.share, list[Wish]()
        let_in = frozenset(considered.arns) if coverage is None else coverage.covered(considered.arns)
        for binding in self._bindings.things:
            if only is not None and binding.name != only.binding:
                continue
            matched = [each for each in considered.described if binding.match.matches(each, share.name)]
            # What was not let in takes no name from what was.
            fits = [each for each in matched if each.arn in let_in]
            wishes += [
                self._wish(binding, resource, fits, asker=asker, share=share, moment=moment) for resource in fits
            ]
            if coverage is not None:
                wishes += [_uncovered(binding, each, coverage) for each in matched if each.arn not in let_in]
        return msgspec.structs.replace(considered, wishes=tuple(wishes))

    def plan_of(self, considered: Considered, moment: Moment) -> Plan:
        """Sum up what was considered; of more than can be done at once, the rest is refused."""
        share, wishes = considered.share, considered.wishes
        wanted = [each for wish in wishes for each in wish.associations]
        refused: list[Reason] = []
        if any(binding.match.could_match(share.owner, share.name) for binding in self._bindings.things):
            refused += [Reason(each.code, f"{each.arn}: {each.words}") for each in considered.undescribed]
        refused += [each.reason for wish in wishes for each in wish.refused]
        asked = [wish.facts for wish in wishes if wish.facts is not None]
        if len(wanted) > MOST_AT_ONCE:
            text = f"{len(wanted)} associations are wanted of one share, {MOST_AT_ONCE} are made; match fewer"
            refused.append(Reason("too-many-associations", text, source=wanted[MOST_AT_ONCE].binding))
        # What a broken binding would match is not known: whatever changes next is looked into.
        contents = None if self._bindings.broken else considered.contents
        broken = (Reason("binding-broken", each.reason, source=each.name) for each in self._bindings.broken)
        short = [msgspec.structs.replace(each, text=shortened(each.text, WORDS_BYTES)) for each in refused]
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
        permitting: Because = ()
        refusal = _impossible(binding, resource)
        if refusal is None:
            facts = self._facts(binding, resource, asker, share.name)
            refusal, permitting = self._refusal(facts, moment)
            refusal = refusal or _twin(binding, resource, fits)
        if refusal is not None:
            refused = (Refusal(reason=refusal),)
            return Wish(binding=binding.name, resource=resource, facts=facts, refused=refused)
        reserved = binding.attach.alias is not None and self._policies.let_names_be_reserved(permitting)
        try:
            placed, unplaced = self._places(binding, resource, reserved=reserved)
        except _OF_THIS_ONE as error:
            placed, unplaced = [], [Refusal(reason=_not_looked_at(error, resource.name, binding.name))]
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
            alias=_alias(binding, resource),
        )

    def _refusal(self, facts: ResourceFacts, moment: Moment) -> tuple[Reason | None, Because]:
        """Say why policies do not permit it; or ``None``, and what permits it."""
        permitted, because = may_associate(facts, self._policies, moment)
        if permitted:
            return None, because
        why = "; ".join(reason.text for reason in because)
        return Reason("association-not-permitted", f"{facts.name}: {why}", source=facts.binding), ()

    def _places(
        self, binding: Binding, resource: Entity, *, reserved: bool
    ) -> tuple[list[WantedAssociation], list[Refusal]]:
        alias = binding.attach.alias
        zone_name = self._aliases.zone_name(alias.zone) if alias else ""
        placed: list[WantedAssociation] = []
        unplaced: list[Refusal] = []
        for vpc in self._vpcs(binding):
            wanted = msgspec.structs.replace(
                _wanted(binding, resource, vpc, names_elsewhere=self._names_elsewhere(binding)),
                alias_zone_name=zone_name,
                alias_reserved=reserved,
            )
            try:
                hindrance = self._aliases.hindrance(wanted, public=bool(alias and alias.public)) or self._hindrance(
                    wanted, resource
                )
            except _OF_THIS_ONE as error:
                hindrance = _not_looked_at(error, resource.name, binding.name)
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
        return self._lost(wanted, observed) or self._preflight.hindrance(wanted, observed)

    def _lost(self, wanted: WantedAssociation, observed: Observed) -> Reason | None:
        """Find an endpoint of ours whose tags somebody took: it is not touched, and not made a second time.

        One that somebody made by hand to the same resource is none of our business.
        """
        if not observed.beside:
            return None
        recorded = self._recorded(wanted.share_arn).get(wanted.name)
        lost = next((each.id for each in observed.beside if each.was_ours or each.id == recorded), None)
        if lost is None:
            return None
        text = (
            f"{wanted.resource_name}: {lost} in {wanted.vpc_id} was made for this binding, and its tags say so no "
            "longer; put them back to have it looked after again, or delete it to have it made anew"
        )
        return Reason("ownership-lost", text, source=wanted.binding)

    def _names_elsewhere(self, binding: Binding) -> bool:
        """Whether another binding may have private DNS by the same network: one that can't be read may."""
        if self._bindings.broken:
            return True
        return any(
            other.name != binding.name
            and other.attach.mode is binding.attach.mode
            and other.attach.dns is not PrivateDns.OFF
            and _may_be_one(other.attach.network, binding.attach.network)
            for other in self._bindings.things
        )

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


def _chosen(binding: Binding, vpc: Vpc | None) -> tuple[str, ...]:
    attach = binding.attach
    if vpc is None or attach.mode is Mode.SERVICE_NETWORK:
        return ()
    return chosen(vpc.subnets, attach.mode, attach.ip_address_type or "")


def _alias(binding: Binding, resource: Entity) -> str | None:
    """Give the name of our own as policies are asked about it; ``{vpc}`` stays where VPCs are named by tag."""
    attach = binding.attach
    if attach.alias is None:
        return ""
    name = attach.alias.name.replace("{vpc}", attach.vpc) if isinstance(attach.vpc, str) else attach.alias.name
    holds = holds_others(resource.kind, resource.type)
    return alias_for_policies(name, resource.name, holds_others=holds)


def _may_be_one(one: NetworkRef | None, other: NetworkRef | None) -> bool:
    """Whether these may name one network: two names differ, and what an id or a share stands for is not known here."""
    return one is None or other is None or not (one.name and other.name) or one.name == other.name


def _wanted(binding: Binding, resource: Entity, vpc: Vpc | None, *, names_elsewhere: bool) -> WantedAssociation:
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
        subnet_ids=attach.subnets or _chosen(binding, vpc),
        subnets_named=bool(attach.subnets),
        address_type=attach.ip_address_type or "",
        security_group_ids=attach.security_groups,
        private_dns=attach.dns,
        private_domains=attach.domains,
        names_elsewhere=names_elsewhere,
        per_vpc=isinstance(attach.vpc, VpcTag),
        alias=attach.alias.name.replace("{vpc}", vpc_id) if attach.alias else "",
        alias_zone=attach.alias.zone if attach.alias else "",
    )


_OF_THIS_ONE = (GoneError, RefusedError, AccessDeniedError)
"""What is gone while it is looked at, refused or denied is of one association and stops no other; the rest may pass."""


def _not_looked_at(error: DrawbridgeError, what: str, binding: str = "") -> Reason:
    """Tell of what AWS would not show, in its words."""
    to_do = ""
    if isinstance(error, AccessDeniedError):
        to_do = (
            "; see what denies it to the role that plans: the stack, a permissions boundary, a policy of the "
            "organization or, where it is another account's, its share"
        )
    return Reason(type(error).__name__, f"{what}: {error}{to_do}", source=binding)


def _told_by_ram(resource: SharedResource) -> Undescribed | None:
    """Give what RAM says against a resource; what it says nothing of is for VPC Lattice to describe."""
    if resource.status in {"", "AVAILABLE"}:
        return None
    words = ": ".join(filter(None, (f"its status in AWS RAM is {resource.status}", resource.status_message)))
    pending = resource.status == "PENDING"
    code = NOT_VISIBLE if pending else UNAVAILABLE
    return Undescribed(arn=resource.arn, code=code, words=words, may_pass=pending)


def _uncovered(binding: Binding, resource: Entity, coverage: Coverage) -> Wish:
    refused = (Refusal(reason=coverage.refusal(resource.name, binding.name)),)
    return Wish(binding=binding.name, resource=resource, refused=refused)


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
