"""What Drawbridge made, by its tags, and no row of the ledger records."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Protocol

from drawbridge.association import MadeAttachment
from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.lattice import ResourceKind
from drawbridge.publication import AttachmentSnapshot

_KINDS = {
    "resourceconfiguration": ResourceKind.RESOURCE_CONFIGURATION,
    "service": ResourceKind.SERVICE,
    "servicenetwork": ResourceKind.SERVICE_NETWORK,
}

_CARRIERS = frozenset({OwnedKind.NETWORK_ENDPOINT, OwnedKind.VPC_ASSOCIATION})


class OwnedObjects(Protocol):
    """What there is of the kinds that Drawbridge makes."""

    def endpoints(self) -> Iterable[OwnedObject]:
        """Return the endpoints that carry our ownership tag."""
        ...

    def network_associations(self) -> Iterable[OwnedObject]:
        """Return the associations of the service networks that this account sees, whoever made them."""
        ...

    def is_ours(self, made: OwnedObject) -> bool:
        """Return whether it carries our ownership tag; what AWS does not show the tags of is not ours."""
        ...


def unrecorded_attachments(
    objects: OwnedObjects, concerns: Callable[[str], bool], recorded: Collection[str]
) -> Iterator[AttachmentSnapshot]:
    """Yield what is ours and leads to the resources that ``concerns`` tells by their ARNs.

    ``recorded`` are the ids of what rows record. Only of what is in none of them AWS is asked whose it is.
    """
    for each in objects.endpoints():
        if each.kind is OwnedKind.ENDPOINT and _is_unrecorded(each, concerns, recorded):
            yield _snapshot(each, MadeAttachment(endpoint_id=each.id))
    there = tuple(objects.network_associations())
    ours = [each for each in there if _is_unrecorded(each, concerns, recorded) and objects.is_ours(each)]
    networks = {each.network_arn for each in ours}
    carriers = defaultdict[str, list[OwnedObject]](list)
    for each in (*objects.endpoints(), *there) if ours else ():
        if each.kind in _CARRIERS and each.network_arn in networks and objects.is_ours(each):
            carriers[each.network_arn].append(each)
    for each in ours:
        through: list[OwnedObject | None] = [*carriers[each.network_arn]]
        for carrier in through or [None]:
            yield _snapshot(each, _through(each, carrier), carrier)


def _is_unrecorded(made: OwnedObject, concerns: Callable[[str], bool], recorded: Collection[str]) -> bool:
    return bool(made.resource_arn) and made.id not in recorded and concerns(made.resource_arn)


def _through(association: OwnedObject, carrier: OwnedObject | None) -> MadeAttachment:
    is_endpoint = carrier is not None and carrier.kind is OwnedKind.NETWORK_ENDPOINT
    carrier_id = carrier.id if carrier is not None else ""
    return MadeAttachment(
        network_arn=association.network_arn,
        resource_association=association.id,
        endpoint_id=carrier_id if is_endpoint else "",
        vpc_association="" if is_endpoint else carrier_id,
    )


def _snapshot(made_for: OwnedObject, made: MadeAttachment, carrier: OwnedObject | None = None) -> AttachmentSnapshot:
    arn = made_for.resource_arn
    return AttachmentSnapshot(
        name=f"{made_for.binding}/{arn.rpartition('/')[2]}/{(carrier or made_for).vpc_id}",
        resource_arn=arn,
        resource_kind=_KINDS.get(arn.rpartition(":")[2].partition("/")[0], ResourceKind.RESOURCE_CONFIGURATION),
        holds_others=False,
        made=made,
        observed_fingerprint="",
    )
