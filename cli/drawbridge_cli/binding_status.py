"""The status of each binding: what comes of it now, and what somebody should check."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec
from msgspec import Struct

from drawbridge.association import Mode
from drawbridge.association.aliases import alias_of
from drawbridge.association.binding import Binding, ServiceNetwork, VpcTag
from drawbridge.association.subnets import Vpc
from drawbridge.configuration import Broken, InForce
from drawbridge.errors import ConflictError
from drawbridge.publication.names import binding_path
from drawbridge.publication.published import published_names
from drawbridge.status import Reason
from drawbridge_cli.alias_claims import claims_among
from drawbridge_cli.outstanding import Outstanding
from drawbridge_cli.share_plans import SharePlan, association_plans
from drawbridge_cli.status_screen import reason_texts, turn_text


class BindingStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """One binding, and what comes of it."""

    name: str
    version: int | None
    """The version in force; ``None`` if none ever was good."""
    broken: str = ""
    """Why a later version is not in force."""
    mode: Mode | None = None
    where: str = ""
    matches: int = 0
    """How many shared resources."""
    desired: int = msgspec.field(default=0, name="wanted")
    """How many associations."""
    refused: int = 0
    published: int = 0
    """How many names."""
    notes: tuple[str, ...] = ()
    """What somebody should check."""


class BindingVpcs(Protocol):
    """The VPCs of this account."""

    def vpc(self, vpc_id: str) -> Vpc | None: ...

    def tagged(self, tags: dict[str, str]) -> list[Vpc]: ...


def statuses_of(
    bindings: InForce[Binding],
    share_plans: list[SharePlan],
    published: Mapping[str, Mapping[str, str]],
    network: BindingVpcs,
    outstanding: Sequence[Outstanding] = (),
) -> list[BindingStatus]:
    """Return the status of each binding; ``published`` are the names of each, by their paths.

    ``outstanding`` is what of the ledger's requests is not at rest.
    """
    broken = {each.name: each for each in bindings.broken}
    versions = dict(bindings.versions)
    notes = _notes(bindings.things, share_plans, network)
    for binding in bindings.things:
        notes[binding.name] += _waiting(binding, share_plans, outstanding)
    good = [
        BindingStatus(
            name=binding.name,
            version=versions[binding.name],
            broken=broken[binding.name].reason if binding.name in broken else "",
            mode=binding.attach.mode,
            where=where_of(binding),
            matches=len(
                {
                    candidate.resource.arn
                    for each in share_plans
                    for candidate in each.candidates
                    if candidate.binding == binding.name
                }
            ),
            desired=sum(association.desired.binding == binding.name for association in association_plans(share_plans)),
            refused=sum(reason.source == binding.name for each in share_plans for reason in each.refused),
            published=len(published.get(binding.name, {})),
            notes=tuple(notes[binding.name]),
        )
        for binding in bindings.things
    ]
    never_good = [_never_good(each) for each in bindings.broken if each.in_force is None]
    return sorted([*good, *never_good], key=lambda each: each.name)


def _never_good(each: Broken) -> BindingStatus:
    return BindingStatus(name=each.name, version=None, broken=each.reason)


def where_of(binding: Binding) -> str:
    """Return where a binding puts what it matches."""
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
    """Return the published names of each binding, and those of bindings that do not exist any longer."""
    paths = {f"{binding_path(prefix, name)}/": name for name in bindings}
    found: dict[str, dict[str, str]] = defaultdict(dict)
    orphans: dict[str, str] = {}
    for each in published_names(parameters):
        owner = next((binding for start, binding in paths.items() if each.path.startswith(start)), None)
        names = orphans if owner is None else found[owner]
        names[each.path] = each.document.dns_name
    return dict(found), orphans


def _notes(bindings: tuple[Binding, ...], share_plans: list[SharePlan], network: BindingVpcs) -> dict[str, list[str]]:
    notes: dict[str, list[str]] = defaultdict(list)
    matched = {candidate.binding for each in share_plans for candidate in each.candidates}
    for binding in bindings:
        if binding.name not in matched:
            notes[binding.name].append("matches nothing that is shared with this account now")
        if missing := _missing_vpc(binding, network):
            notes[binding.name].append(missing)
    for claim in claims_among(bindings):
        mine, theirs = claim.names
        notes[claim.second].append(str(claim))
        notes[claim.first].append(
            f"its alias {theirs} in {claim.zone} can be the same name as {mine} of {claim.second}"
        )
    for binding_name, note in _claimed_twice(share_plans):
        notes[binding_name].append(note)
    return notes


def _waiting(binding: Binding, share_plans: Iterable[SharePlan], outstanding: Iterable[Outstanding]) -> Iterator[str]:
    """Yield what of its resources is refused, and what it may match is not at rest, each with why."""
    refused = defaultdict[str, list[Reason]](list)
    for share_plan in share_plans:
        for reason in share_plan.refused:
            if reason.source == binding.name:
                refused[reason.code].append(reason)
    for code, (first, *others) in refused.items():
        more = f", and {len(others)} more for the same reason" if others else ""
        yield f"refused: {first.text} [{code}]{more}"
    for each in outstanding:
        if each.concerns(binding):
            yield "; ".join((each.text, *reason_texts(each.status), turn_text(each.status), each.status.next))


def _missing_vpc(binding: Binding, network: BindingVpcs) -> str:
    match binding.attach.vpc:
        case None:
            return ""
        case VpcTag(tag):
            return "" if network.tagged(tag) else f"no VPC of this account has {_tags(tag)}"
        case vpc_id:
            return "" if network.vpc(vpc_id) else f"{vpc_id} is gone: this account has no such VPC"


def _claimed_twice(share_plans: list[SharePlan]) -> Iterator[tuple[str, str]]:
    """Yield a note for each name of our own that several resources of one binding would have."""
    claimed: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for association in association_plans(share_plans):
        desired = association.desired
        try:
            alias = None if desired.resource.holds_others else alias_of(desired, desired.resource.name)
        except ConflictError:
            continue
        if alias is not None:
            claimed[desired.binding, alias.zone_id, alias.name].append(desired.resource.name)
    for (binding, zone, name), resources in sorted(claimed.items()):
        if len(resources) > 1:
            yield binding, f"{name} in {zone} is claimed for {', '.join(sorted(resources))}; write {{resource}} into it"


def _tags(tags: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(tags.items()))
