"""How an association was left: kept in the ledger, and compared with what AWS lists later."""

from collections.abc import Iterable

from drawbridge.association import Associated, DesiredAttachment
from drawbridge.lattice import ResourceKind
from drawbridge.publication import Way
from drawbridge.publication.named import NamedResource
from drawbridge.request.digests import digest


def way_of(wanted: DesiredAttachment, by: Associated, found: Iterable[NamedResource]) -> Way:
    """Note how an association is left: ``found`` is all that it leads to."""
    return Way(
        name=wanted.name,
        resource_arn=wanted.resource.arn,
        resource_kind=wanted.resource.kind,
        holds_others=wanted.resource.holds_others,
        by=by,
        state=state_of(found, frozenset(by.security_group_ids), by.settings, vpc=bool(by.vpc_association)),
    )


def led_to(
    by: Associated, resource_arn: str, kind: ResourceKind, found: Iterable[NamedResource], *, holds_others: bool
) -> list[NamedResource]:
    """Choose what belongs to one resource of all that an endpoint or a network leads to."""
    if kind is ResourceKind.SERVICE_NETWORK:
        # A group's association has no name: its children's have.
        return [each for each in found if by.endpoint_id or each.dns_name or each.failure]
    if not holds_others:
        return [each for each in found if each.resource_arn == resource_arn]
    if not by.endpoint_id:
        return [each for each in found if each.resource_arn != resource_arn]
    return [each for each in found if each.group_arn == resource_arn]


def state_of(found: Iterable[NamedResource], groups: frozenset[str], settings: str, *, vpc: bool) -> str:
    """Give a digest of what AWS lists of an association; ``vpc`` tells whether its VPC is associated."""
    named = sorted((each.resource_arn, each.dns_name, each.accessible, each.private_dns_name) for each in found)
    # What the version before left is compared as that version did.
    return digest(named, sorted(groups), vpc, *([settings] if settings else []))
