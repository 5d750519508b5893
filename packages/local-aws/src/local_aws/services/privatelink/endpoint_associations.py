"""Associations of Resource and ServiceNetwork endpoints: the consumer's view (EC2), the provider's (VPC Lattice)."""

from __future__ import annotations

from typing import Any

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import ServiceCall, account_in, add_operation
from local_aws.services.ec2.answers import ec2_page, filtered, tags_of
from local_aws.services.lattice.configurations import own_configuration
from local_aws.services.lattice.network_store import seen_network
from local_aws.services.lattice.store import LatticeResource, lattice_page, not_found
from local_aws.services.privatelink import endpoint_targets
from local_aws.services.privatelink.endpoint_store import UP, Endpoint, endpoints
from local_aws.services.privatelink.endpoints import own_endpoint

_ACCESSIBILITY = {"Accessible": "AVAILABLE", "Pending": "PENDING", "Failed": "FAILED"}
"""The accessibility in rows, and the documented value of the filter for it."""


def install() -> None:
    add_operation("ec2", "DescribeVpcEndpointAssociations", _describe)
    add_operation("vpc-lattice", "ListResourceEndpointAssociations", _list)
    add_operation("vpc-lattice", "DeleteResourceEndpointAssociation", _delete)
    add_operation("vpc-lattice", "ListServiceNetworkVpcEndpointAssociations", _list_of_network)


def _describe(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    endpoint_ids = params.get("VpcEndpointIds") or []
    for endpoint_id in endpoint_ids:
        own_endpoint(call, endpoint_id)
    rows = []
    for endpoint in endpoints.values():
        is_own = (endpoint.owner, endpoint.region) == (call.account_id, call.region)
        if is_own and endpoint.state in UP and (not endpoint_ids or endpoint.id in endpoint_ids):
            endpoint_targets.refresh(endpoint)
            rows += [association.describe() for association in endpoint.associations.values()]
    found = filtered(
        rows,
        params.get("Filters") or [],
        {
            "vpc-endpoint-id": lambda row: [row["VpcEndpointId"]],
            "associated-resource-accessibility": lambda row: [
                row["AssociatedResourceAccessibility"],
                _ACCESSIBILITY[row["AssociatedResourceAccessibility"]],
            ],
            "association-id": lambda row: [row["Id"]],
            "associated-resource-id": lambda row: [row["AssociatedResourceArn"].rpartition("/")[2]],
            "service-network-arn": lambda row: [row.get("ServiceNetworkArn", "")],
            "resource-configuration-group-arn": lambda row: [row.get("ResourceConfigurationGroupArn", "")],
        },
        tags_of,
    )
    return ec2_page(call, params, "VpcEndpointAssociations", found, (1, 100))


def _list(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    configuration = _providers(call, params["resourceConfigurationIdentifier"])
    association_id = params.get("resourceEndpointAssociationIdentifier", "").rpartition("/")[2]
    found = [
        _provider_view(endpoint)
        | {
            "resourceConfigurationName": configuration.shown["name"],
            "vpcEndpointOwner": endpoint.owner,
            "createdBy": endpoint.owner,
            "createdAt": endpoint.created,
        }
        for endpoint in resource_endpoints()
        if endpoint.target_arn == configuration.arn
        and association_id in {"", endpoint.resource_association_id}
        and params.get("vpcEndpointId") in {None, endpoint.id}
        and params.get("vpcEndpointOwner") in {None, endpoint.owner}
    ]
    return lattice_page(call, params, found)


def _providers(call: ServiceCall, identifier: str) -> LatticeResource:
    """Return a configuration of the caller's own; AWS's model of the listing has no error for one that is not there."""
    try:
        return own_configuration(call, identifier)
    except AwsError as error:
        raise AwsError("AccessDeniedException", f"You can't list the associations of {identifier}.") from error


def _delete(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    identifier = params["resourceEndpointAssociationIdentifier"]
    association_id = identifier.rpartition("/")[2]
    for endpoint in resource_endpoints():
        if endpoint.resource_association_id == association_id and _provider(endpoint) == call.account_id:
            endpoint.cut_off = True
            endpoint.associations.clear()
            if endpoint.state in UP:
                # AWS does not document the state that the consumer sees; of the model's states this one fits.
                endpoint.state, endpoint.failure = "failed", "The resource owner deleted the association."
            return _provider_view(endpoint)
    raise not_found(identifier, "RESOURCE_ENDPOINT_ASSOCIATION")


def resource_endpoints() -> list[Endpoint]:
    """Return the endpoints that providers see as associated with their resource configurations."""
    return [each for each in list(endpoints.values()) if each.kind == "Resource" and each.is_attached]


def _provider(endpoint: Endpoint) -> str:
    return account_in(endpoint.target_arn or "")


def _provider_view(endpoint: Endpoint) -> dict[str, Any]:
    target, association_id = endpoint.target_arn or "", endpoint.resource_association_id
    return {
        "id": association_id,
        "arn": f"{target.rpartition(':')[0]}:resourceendpointassociation/{association_id}",
        "resourceConfigurationId": target.rpartition("/")[2],
        "resourceConfigurationArn": target,
        "vpcEndpointId": endpoint.id,
    }


def _list_of_network(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    network = seen_network(call, params["serviceNetworkIdentifier"])
    found = [
        {
            "id": endpoint.id,
            "vpcEndpointId": endpoint.id,
            "vpcId": endpoint.vpc_id,
            "vpcEndpointOwnerId": endpoint.owner,
            "state": endpoint.shown_state,
            "serviceNetworkArn": network.arn,
            "createdAt": endpoint.created,
        }
        for endpoint in endpoints.values()
        # The network's owner sees all of them, a sharee only its own.
        if endpoint.target_arn == network.arn
        and endpoint.is_attached
        and call.account_id in {network.owner, endpoint.owner}
    ]
    return lattice_page(call, params, found)
