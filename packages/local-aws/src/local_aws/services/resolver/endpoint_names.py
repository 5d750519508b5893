"""The DNS names of a VPC's Interface endpoints."""

from __future__ import annotations

from moto.utilities.utils import get_partition

from local_aws.services.lattice.private_names import VpcNames
from local_aws.services.privatelink.endpoint_store import Endpoint, endpoints


def interface_endpoint_names(account_id: str, region: str, vpc_id: str) -> VpcNames:
    """Return the regional, zonal and private names of each available endpoint.

    Their target is the endpoint service, or the endpoint itself if the service is AWS's own and has no ARN.
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
        scope, resource = f"{service.region}:{service.owner}", f"vpc-endpoint-service/{service.id}"
    else:
        scope, resource = f"{endpoint.region}:{endpoint.owner}", f"vpc-endpoint/{endpoint.id}"
    return f"arn:{get_partition(endpoint.region)}:ec2:{scope}:{resource}"
