"""Tags on service network associations, of which each account has its own ARN."""

from __future__ import annotations

from typing import Any, Final

from local_aws.moto_extension.operations import account_in
from local_aws.services.lattice.network_reach import resource_associations, service_associations
from local_aws.services.lattice.network_vpcs import vpc_associations
from local_aws.services.privatelink.endpoint_associations import resource_endpoints

OF_NETWORKS: Final[dict[str, dict[Any, Any]]] = {
    "servicenetworkresourceassociation": resource_associations,
    "servicenetworkserviceassociation": service_associations,
    "servicenetworkvpcassociation": vpc_associations,
}
_OF_ENDPOINTS = "resourceendpointassociation"


def tags_by_arn(arn: str) -> dict[str, str] | None:
    """Return the tags of an association; None if none has this ARN.

    The tags are the creator's; the other account's view of the association has none. The tags of a resource endpoint's
    association are the provider's.
    """
    kind, _, identifier = arn.split(":", 5)[-1].partition("/")
    if kind in OF_NETWORKS:
        found = OF_NETWORKS[kind].get(identifier)
        return found.tags if found is not None and found.arn(found.creator) == arn else None
    for endpoint in resource_endpoints() if kind == _OF_ENDPOINTS else ():
        if endpoint.resource_association_id == identifier and account_in(endpoint.target_arn or "") == account_in(arn):
            return endpoint.resource_association_tags
    return None


def is_association(arn: str) -> bool:
    return arn.split(":", 5)[-1].partition("/")[0] in {*OF_NETWORKS, _OF_ENDPOINTS}
