"""The names of VPC Lattice's resources that resolve in a VPC, which no API lists."""

from __future__ import annotations

from local_aws.moto_extension.tables import lock
from local_aws.services.lattice import network_reach as reach
from local_aws.services.lattice.network_vpcs import VpcAssociation, vpc_associations
from local_aws.services.lattice.private_names import VpcNames, private_name
from local_aws.services.privatelink.endpoint_targets import is_own_vpc, published_names


def resolved(account_id: str, region: str, vpc_id: str) -> dict[str, str]:
    """Return the names that resolve in the VPC, each with the ARN of its target.

    A name that begins with ``snra-`` resolves only in VPCs that are associated with the network; through an endpoint
    the endpoint's own name does.
    """
    names = lattice_names(account_id, region, vpc_id)
    return names.public | names.private


def lattice_names(account_id: str, region: str, vpc_id: str) -> VpcNames:
    """Return the same names as ``resolved``, with the private ones separate."""
    with lock:
        names = published_names(account_id, region, vpc_id)
        for association in vpc_associations.values():
            if (association.creator, association.region, association.vpc_id) == (account_id, region, vpc_id):
                _add_names_of(association, names)
        return names


def _add_names_of(association: VpcAssociation, names: VpcNames) -> None:
    if association.status not in {"ACTIVE", "UPDATE_IN_PROGRESS", "UPDATE_FAILED"}:
        return
    options = {name[0].upper() + name[1:]: value for name, value in association.dns_options.items()}
    for resource_association in reach.resource_associations.values():
        if resource_association.network is not association.network:
            continue
        for part in reach.parts(resource_association):
            if not (part.named and part.is_usable):
                continue
            leaf = part.configuration
            names.public[part.dns_name] = leaf.arn
            private = private_name(leaf, options)
            if private and association.private_dns and part.private_dns and not is_own_vpc(leaf, association.vpc_id):
                names.private[private] = leaf.arn
    for served in reach.service_associations.values():
        if served.network is association.network and served.status in reach.UP:
            names.public[served.service.dns_entry["domainName"]] = served.service.arn
