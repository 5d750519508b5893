"""Published names that are taken back: through what each leads, and whose it is."""

from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.publication import AttachmentSnapshot
from drawbridge.publication.documents import ConnectionDocument
from drawbridge.publication.names import text_of_segment
from drawbridge.publication.published import PublishedName
from drawbridge.withdrawal import PublishedPath

_BINDING_LEVEL = 3
"""Of a name's path, which begins with a slash."""


def leads_through(document: ConnectionDocument, made: OwnedObject) -> bool:
    """Return whether a name leads through an object, so that it would resolve no longer without it."""
    match made.kind:
        case OwnedKind.ENDPOINT | OwnedKind.NETWORK_ENDPOINT:
            return document.endpoint_id == made.id
        case OwnedKind.RESOURCE_ASSOCIATION:
            arns = {document.resource_configuration_arn, document.group_arn}
            return document.service_network_arn == made.network_arn and made.resource_arn in arns
        case OwnedKind.VPC_ASSOCIATION:
            return document.vpc_association_id == made.id
        case OwnedKind.SERVICE_NETWORK:
            return document.service_network_arn == made.arn


def leads_by(document: ConnectionDocument, attachment: AttachmentSnapshot) -> bool:
    """Return whether a name is an attachment's: of its resource, by its endpoint or its network's associations."""
    made = attachment.made
    if attachment.resource_arn not in {document.resource_configuration_arn, document.group_arn}:
        return False
    if made.endpoint_id:
        return document.endpoint_id == made.endpoint_id
    same_vpc = not made.vpc_association or document.vpc_association_id == made.vpc_association
    return bool(made.network_arn) and document.service_network_arn == made.network_arn and same_vpc


def through(document: ConnectionDocument) -> str:
    """Return what a name leads through: the id of an endpoint, or of a network's associations."""
    ids = (document.endpoint_id, document.association_id, document.vpc_association_id)
    return " ".join(each for each in ids if each)


def published_path(name: PublishedName) -> PublishedPath:
    """Return where a name is published, to be taken back if it still leads through the same by then."""
    levels = name.path.split("/")
    return PublishedPath(
        path=name.path,
        subject=name.document.resource_configuration_arn,
        # Who writes by hand may write right below the names' root.
        binding=text_of_segment(levels[_BINDING_LEVEL]) or "" if len(levels) > _BINDING_LEVEL else "",
        through=through(name.document),
    )
