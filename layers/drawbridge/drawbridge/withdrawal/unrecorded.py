"""What Drawbridge made, by its tags, and no row of the ledger records."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Protocol

from drawbridge.arns import is_of
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
    objects: OwnedObjects, concerns: Callable[[str], bool], recorded: Collection[str], account_id: str
) -> Iterator[AttachmentSnapshot]:
    """Yield what is ours and leads to the resources that ``concerns`` tells by their ARNs.

    ``recorded`` are the ids of what rows record. Only of what is in none of them AWS is asked whose it is. What leads
    there by a service network names no binding: bindings share that.
    """
    found = _Unrecorded(objects, concerns, recorded)
    yield from found.endpoints()
    yield from found.in_networks()
    yield from found.to_networks_of_others(account_id)


class _Unrecorded:
    def __init__(self, objects: OwnedObjects, concerns: Callable[[str], bool], recorded: Collection[str]) -> None:
        self._objects = objects
        self._concerns = concerns
        self._recorded = recorded

    def endpoints(self) -> Iterator[AttachmentSnapshot]:
        for each in self._objects.endpoints():
            if each.kind is OwnedKind.ENDPOINT and self._is_to(each.resource_arn, each):
                yield _snapshot(each.resource_arn, MadeAttachment(endpoint_id=each.id), each.vpc_id, each.binding)

    def in_networks(self) -> Iterator[AttachmentSnapshot]:
        """Yield the networks' associations with resources, each once for whatever leads into its network."""
        there = (each for each in self._objects.network_associations() if each.resource_arn)
        ours = [each for each in there if self._is_to(each.resource_arn, each) and self._objects.is_ours(each)]
        carriers = self._carriers({each.network_arn for each in ours})
        for each in ours:
            through: list[OwnedObject | None] = [*carriers[each.network_arn]]
            for carrier in through or [None]:
                made = _by_network(each.network_arn, carrier, association=each.id)
                yield _snapshot(each.resource_arn, made, carrier.vpc_id if carrier else "")

    def to_networks_of_others(self, account_id: str) -> Iterator[AttachmentSnapshot]:
        """Yield what leads into networks that are shared with this account, which are what is connected then."""
        networks = {each.network_arn for each in self._all_carriers() if self._is_to(each.network_arn, each)}
        foreign = {arn for arn in networks if not is_of(arn, account_id)}
        for network_arn, carriers in self._carriers(foreign).items():
            for each in carriers:
                if each.id not in self._recorded:
                    yield _snapshot(network_arn, _by_network(network_arn, each), each.vpc_id)

    def _carriers(self, networks: Collection[str]) -> defaultdict[str, list[OwnedObject]]:
        """Return what of ours leads into these networks: endpoints to them, and their associations with VPCs."""
        carriers = defaultdict[str, list[OwnedObject]](list)
        for each in self._all_carriers() if networks else ():
            if each.network_arn in networks and self._objects.is_ours(each):
                carriers[each.network_arn].append(each)
        return carriers

    def _all_carriers(self) -> Iterator[OwnedObject]:
        listed = (*self._objects.endpoints(), *self._objects.network_associations())
        return (each for each in listed if each.kind in _CARRIERS)

    def _is_to(self, arn: str, made: OwnedObject) -> bool:
        return bool(arn) and made.id not in self._recorded and self._concerns(arn)


def _by_network(network_arn: str, carrier: OwnedObject | None, *, association: str = "") -> MadeAttachment:
    is_endpoint = carrier is not None and carrier.kind is OwnedKind.NETWORK_ENDPOINT
    carrier_id = carrier.id if carrier is not None else ""
    return MadeAttachment(
        network_arn=network_arn,
        resource_association=association,
        endpoint_id=carrier_id if is_endpoint else "",
        vpc_association="" if is_endpoint else carrier_id,
    )


def _snapshot(arn: str, made: MadeAttachment, vpc_id: str, binding: str = "") -> AttachmentSnapshot:
    return AttachmentSnapshot(
        name=f"{binding}/{arn.rpartition('/')[2]}/{vpc_id}",
        resource_arn=arn,
        resource_kind=_KINDS.get(arn.rpartition(":")[2].partition("/")[0], ResourceKind.RESOURCE_CONFIGURATION),
        holds_others=False,
        made=made,
        # Nobody knows how it was left.
        observed_fingerprint="",
    )
