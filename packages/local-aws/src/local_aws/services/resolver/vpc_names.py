"""Which names of VPC Lattice's resources resolve in a VPC: what no API tells, and what clients there find out."""

from __future__ import annotations

from local_aws.moto_extension.tables import lock
from local_aws.services.lattice import network_reach as reach
from local_aws.services.lattice.network_vpcs import VpcAssociation, vpc_associations
from local_aws.services.lattice.private_names import VpcNames, private_name
from local_aws.services.privatelink.endpoint_targets import is_own_vpc, names_told


def resolved(account_id: str, region: str, vpc_id: str) -> dict[str, str]:
    """Return the names that resolve in the VPC, each with the ARN of what it leads to.

    A name that begins with ``snra-`` is good only in VPCs that are associated with the network: where an endpoint is
    the only way to it, the endpoint's own name is.
    """
    names = lattice_names(account_id, region, vpc_id)
    return names.public | names.private


def lattice_names(account_id: str, region: str, vpc_id: str) -> VpcNames:
    """Return the same names as ``resolved``, the private ones apart."""
    with lock:
        names = names_told(account_id, region, vpc_id)
        for association in vpc_associations.values():
            if (association.creator, association.region, association.vpc_id) == (account_id, region, vpc_id):
                _add_those_by(association, names)
        return names


def _add_those_by(way: VpcAssociation, names: VpcNames) -> None:
    if way.status not in {"ACTIVE", "UPDATE_IN_PROGRESS", "UPDATE_FAILED"}:
        return
    options = {name[0].upper() + name[1:]: value for name, value in way.dns_options.items()}
    for association in reach.resource_associations.values():
        if association.network is not way.network:
            continue
        for part in reach.parts(association):
            if not (part.named and part.is_usable):
                continue
            leaf = part.configuration
            names.public[part.dns_name] = leaf.arn
            private = private_name(leaf, options)
            if private and way.private_dns and part.private_dns and not is_own_vpc(leaf, way.vpc_id):
                names.private[private] = leaf.arn
    for served in reach.service_associations.values():
        if served.network is way.network and served.status in reach.UP:
            names.public[served.service.dns_entry["domainName"]] = served.service.arn
