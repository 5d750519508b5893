"""The DNS names of a VPC's Interface endpoints."""

from __future__ import annotations

from moto.utilities.utils import get_partition

from local_aws.services.lattice.private_names import VpcNames
from local_aws.services.privatelink.endpoint_store import Endpoint, endpoints


def interface_endpoint_names(account_id: str, region: str, vpc_id: str) -> VpcNames:
    """Return the Region's name and the zones' of each endpoint that is available, and its service's private one.

    They lead to the endpoint service; where that is AWS's own, which has no ARN, to the endpoint.
    """
    names = VpcNames()
    for endpoint in endpoints.values():
        place = (endpoint.owner, endpoint.region, endpoint.vpc_id)
        if place != (account_id, region, vpc_id) or (endpoint.kind, endpoint.state) != ("Interface", "available"):
            continue
        arn = _leads_to(endpoint)
        names.public.update({entry["DnsName"]: arn for entry in endpoint.dns_entries})
        private = endpoint.service.private_name if endpoint.service and endpoint.private_dns_enabled else None
        if private is not None and private.state == "verified":
            names.private[private.name] = arn
    return names


def _leads_to(endpoint: Endpoint) -> str:
    if (service := endpoint.service) is not None:
        where, resource = f"{service.region}:{service.owner}", f"vpc-endpoint-service/{service.id}"
    else:
        where, resource = f"{endpoint.region}:{endpoint.owner}", f"vpc-endpoint/{endpoint.id}"
    return f"arn:{get_partition(endpoint.region)}:ec2:{where}:{resource}"
