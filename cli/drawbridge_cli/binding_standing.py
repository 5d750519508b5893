"""How each binding stands: what it comes to now, and what is odd about it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from msgspec import Struct

from drawbridge.association import Mode
from drawbridge.association.aliases import alias_of
from drawbridge.association.binding import Binding, ServiceNetwork, VpcTag
from drawbridge.association.subnets import Vpc
from drawbridge.configuration import Broken, InForce
from drawbridge.errors import ConflictError
from drawbridge.publication.names import binding_path
from drawbridge.publication.published import published_names
from drawbridge_cli.ahead import Ahead, ways_of
from drawbridge_cli.alias_claims import claims_among


class Standing(Struct, frozen=True, kw_only=True, rename="camel"):
    """One binding, and what it comes to."""

    name: str
    version: int | None
    """The one in force; ``None`` if none ever was good."""
    broken: str = ""
    """Why a later version of it is not in force."""
    mode: Mode | None = None
    where: str = ""
    matches: int = 0
    """Shared resources."""
    wanted: int = 0
    """Associations."""
    refused: int = 0
    published: int = 0
    """Names."""
    notes: tuple[str, ...] = ()
    """What somebody should look at."""


class Network(Protocol):
    """The VPCs of this account."""

    def vpc(self, vpc_id: str) -> Vpc | None: ...

    def tagged(self, tags: dict[str, str]) -> list[Vpc]: ...


def standings_of(
    bindings: InForce[Binding],
    aheads: list[Ahead],
    published: Mapping[str, Mapping[str, str]],
    network: Network,
) -> list[Standing]:
    """Say how each binding stands; ``published`` are the names of each, by their paths."""
    broken = {each.name: each for each in bindings.broken}
    versions = dict(bindings.versions)
    notes = _notes(bindings.things, aheads, network)
    good = [
        Standing(
            name=binding.name,
            version=versions[binding.name],
            broken=broken[binding.name].reason if binding.name in broken else "",
            mode=binding.attach.mode,
            where=where_of(binding),
            matches=len({wish.resource.arn for each in aheads for wish in each.wishes if wish.binding == binding.name}),
            wanted=sum(way.wanted.binding == binding.name for way in ways_of(aheads)),
            refused=sum(reason.source == binding.name for each in aheads for reason in each.refused),
            published=len(published.get(binding.name, {})),
            notes=tuple(notes[binding.name]),
        )
        for binding in bindings.things
    ]
    never = [_never(each) for each in bindings.broken if each.in_force is None]
    return sorted([*good, *never], key=lambda each: each.name)


def _never(each: Broken) -> Standing:
    return Standing(name=each.name, version=None, broken=each.reason)


def where_of(binding: Binding) -> str:
    """Say where a binding puts what it matches."""
    attach = binding.attach
    parts: list[str] = []
    match attach.service_network:
        case None:
            pass
        case ServiceNetwork(name=name):
            parts.append(f"service network {name}")
        case identifier:
            parts.append(f"service network {identifier}")
    match attach.vpc:
        case None:
            pass
        case VpcTag(tag):
            parts.append(f"VPCs with {_tags(tag)}")
        case vpc_id:
            parts.append(vpc_id)
    return ", ".join(parts) or "the service network that is shared"


def names_by_binding(
    parameters: Iterable[tuple[str, str]], prefix: str, bindings: Iterable[str]
) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Sort what is published: the names of each binding, and those of bindings that there are not any longer."""
    paths = {f"{binding_path(prefix, name)}/": name for name in bindings}
    found: dict[str, dict[str, str]] = defaultdict(dict)
    orphans: dict[str, str] = {}
    for each in published_names(parameters):
        of = next((binding for start, binding in paths.items() if each.path.startswith(start)), None)
        names = orphans if of is None else found[of]
        names[each.path] = each.document.dns_name
    return dict(found), orphans


def _notes(bindings: tuple[Binding, ...], aheads: list[Ahead], network: Network) -> dict[str, list[str]]:
    notes: dict[str, list[str]] = defaultdict(list)
    matched = {wish.binding for each in aheads for wish in each.wishes}
    for binding in bindings:
        if binding.name not in matched:
            notes[binding.name].append("matches nothing that is shared with this account now")
        if lost := _lost(binding, network):
            notes[binding.name].append(lost)
    for claim in claims_among(bindings):
        mine, theirs = claim.names
        notes[claim.second].append(str(claim))
        notes[claim.first].append(
            f"its alias {theirs} in {claim.zone} can be the same name as {mine} of {claim.second}"
        )
    for binding_name, told in _claimed_twice(aheads):
        notes[binding_name].append(told)
    return notes


def _lost(binding: Binding, network: Network) -> str:
    match binding.attach.vpc:
        case None:
            return ""
        case VpcTag(tag):
            return "" if network.tagged(tag) else f"no VPC of this account has {_tags(tag)}"
        case vpc_id:
            return "" if network.vpc(vpc_id) else f"{vpc_id} is gone: this account has no such VPC"


def _claimed_twice(aheads: list[Ahead]) -> Iterator[tuple[str, str]]:
    """Find names of our own that several resources of one binding would have."""
    claimed: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for way in ways_of(aheads):
        wanted = way.wanted
        try:
            alias = None if wanted.resource.holds_others else alias_of(wanted, wanted.resource.name)
        except ConflictError:
            continue
        if alias is not None:
            claimed[wanted.binding, alias.zone_id, alias.name].append(wanted.resource.name)
    for (binding, zone, name), resources in sorted(claimed.items()):
        if len(resources) > 1:
            yield binding, f"{name} in {zone} is claimed for {', '.join(sorted(resources))}; write {{resource}} into it"


def _tags(tags: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(tags.items()))
