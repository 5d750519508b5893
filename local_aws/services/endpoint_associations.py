"""What resource endpoints lead to: the consumer's view (EC2) and the provider's (VPC Lattice)."""

from __future__ import annotations

from typing import Any

from local_aws.services.ec2_answers import ec2_page, filtered, tags_of
from local_aws.services.endpoint_store import Association, Endpoint, endpoints
from local_aws.services.endpoints import own_endpoint
from local_aws.services.lattice_configurations import own_configuration
from local_aws.services.lattice_store import lattice_page, not_found
from local_aws.services.operations import Call, account_in, add_operation


def install() -> None:
    add_operation("ec2", "DescribeVpcEndpointAssociations", _describe)
    add_operation("vpc-lattice", "ListResourceEndpointAssociations", _list)
    add_operation("vpc-lattice", "DeleteResourceEndpointAssociation", _delete)


def _describe(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    wanted = params.get("VpcEndpointIds") or []
    for endpoint_id in wanted:
        own_endpoint(call, endpoint_id)
    rows = [
        association.describe()
        for endpoint, association in _associations()
        if (endpoint.owner, endpoint.region) == (call.account_id, call.region) and (not wanted or endpoint.id in wanted)
    ]
    found = filtered(
        rows,
        params.get("Filters") or [],
        {
            "vpc-endpoint-id": lambda row: [row["VpcEndpointId"]],
            "associated-resource-accessibility": lambda row: [row["AssociatedResourceAccessibility"]],
            "association-id": lambda row: [row["Id"]],
            "associated-resource-id": lambda row: [row["AssociatedResourceArn"].rpartition("/")[2]],
            "service-network-arn": lambda row: [],
            "service-network-name": lambda row: [],
            "resource-configuration-group-arn": lambda row: [],
        },
        tags_of,
    )
    return ec2_page(call, params, "VpcEndpointAssociations", found, (1, 100))


def _list(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    configuration = own_configuration(call, params["resourceConfigurationIdentifier"])
    association_id = params.get("resourceEndpointAssociationIdentifier", "").rpartition("/")[2]
    found = [
        _provider_view(association)
        | {
            "resourceConfigurationName": configuration.shown["name"],
            "vpcEndpointOwner": endpoint.owner,
            "createdBy": endpoint.owner,
            "createdAt": association.created,
        }
        for endpoint, association in _associations()
        if association.resource_arn == configuration.arn
        and association_id in {"", association.provider_id}
        and params.get("vpcEndpointId") in {None, endpoint.id}
        and params.get("vpcEndpointOwner") in {None, endpoint.owner}
    ]
    return lattice_page(call, params, found)


def _delete(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    identifier = params["resourceEndpointAssociationIdentifier"]
    association_id = identifier.rpartition("/")[2]
    for endpoint, association in _associations():
        if association.provider_id == association_id and account_in(association.resource_arn) == call.account_id:
            endpoint.association = None
            # AWS does not document the state that the consumer sees; of those in its model this one fits.
            endpoint.state, endpoint.failure = "failed", "The resource owner deleted the association."
            return _provider_view(association)
    raise not_found(identifier, "RESOURCE_ENDPOINT_ASSOCIATION")


def _associations() -> list[tuple[Endpoint, Association]]:
    return [(endpoint, endpoint.association) for endpoint in endpoints.values() if endpoint.association is not None]


def _provider_view(association: Association) -> dict[str, Any]:
    region_and_owner = ":".join(association.resource_arn.split(":")[3:5])
    return {
        "id": association.provider_id,
        "arn": f"arn:aws:vpc-lattice:{region_and_owner}:resourceendpointassociation/{association.provider_id}",
        "resourceConfigurationId": association.resource_arn.rpartition("/")[2],
        "resourceConfigurationArn": association.resource_arn,
        "vpcEndpointId": association.endpoint.id,
    }
