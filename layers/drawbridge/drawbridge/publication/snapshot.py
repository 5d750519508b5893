"""How an association was left: kept in the ledger, and compared with what AWS lists later."""

from collections.abc import Iterable

from drawbridge.association import DesiredAttachment, MadeAttachment
from drawbridge.lattice import ResourceKind
from drawbridge.publication import AttachmentSnapshot
from drawbridge.publication.named import NamedResource
from drawbridge.request.fingerprints import fingerprint


def snapshot_of(desired: DesiredAttachment, made: MadeAttachment, found: Iterable[NamedResource]) -> AttachmentSnapshot:
    """Return how an association is left: ``found`` is all that it leads to."""
    return AttachmentSnapshot(
        name=desired.name,
        resource_arn=desired.resource.arn,
        resource_kind=desired.resource.kind,
        holds_others=desired.resource.holds_others,
        made=made,
        observed_fingerprint=attachment_fingerprint(
            found, frozenset(made.security_group_ids), made.settings, vpc=bool(made.vpc_association)
        ),
    )


def names_of_resource(
    made: MadeAttachment, resource_arn: str, kind: ResourceKind, found: Iterable[NamedResource], *, holds_others: bool
) -> list[NamedResource]:
    """Return what belongs to one resource, of all that an endpoint or a network leads to."""
    if kind is ResourceKind.SERVICE_NETWORK:
        # A group's association has no name: its children's have.
        return [each for each in found if made.endpoint_id or each.dns_name or each.failure]
    if not holds_others:
        return [each for each in found if each.resource_arn == resource_arn]
    if not made.endpoint_id:
        return [each for each in found if each.resource_arn != resource_arn]
    return [each for each in found if each.group_arn == resource_arn]


def attachment_fingerprint(found: Iterable[NamedResource], groups: frozenset[str], settings: str, *, vpc: bool) -> str:
    """Return a fingerprint of what AWS lists of an association; ``vpc`` says whether its VPC is associated."""
    named = sorted((each.resource_arn, each.dns_name, each.accessible, each.private_dns_name) for each in found)
    # What the version before left is compared as that version did.
    return fingerprint(named, sorted(groups), vpc, *([settings] if settings else []))
