"""VPC Lattice's operations on the associations of service networks with services."""

from __future__ import annotations

from typing import Any

from local_aws.moto_extension.idempotency import once
from local_aws.moto_extension.operations import ServiceCall, add_operation
from local_aws.moto_extension.tables import new_id
from local_aws.services.lattice.network_associations import (
    already,
    announce_start,
    check_one_is_own,
    disassociate,
    find,
    listed,
    settle,
)
from local_aws.services.lattice.network_reach import ServiceAssociation, service_associations
from local_aws.services.lattice.network_store import SERVICE, announce_change, seen_network, seen_service
from local_aws.services.lattice.store import conflict, lattice_page, new_tags
from local_aws.services.quotas import lattice_quota, quotas


def install() -> None:
    add_operation("vpc-lattice", "CreateServiceNetworkServiceAssociation", _create)
    add_operation("vpc-lattice", "GetServiceNetworkServiceAssociation", _get)
    add_operation("vpc-lattice", "ListServiceNetworkServiceAssociations", _list)
    add_operation("vpc-lattice", "DeleteServiceNetworkServiceAssociation", _delete)


def _create(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    made: ServiceAssociation = once(call, params, params.get("clientToken"), lambda: _new(call, params))
    return made.describe(call.account_id)


def _new(call: ServiceCall, params: dict[str, Any]) -> ServiceAssociation:
    network = seen_network(call, params["serviceNetworkIdentifier"], arn_if_foreign=True)
    service = seen_service(call, params["serviceIdentifier"], arn_if_foreign=True)
    check_one_is_own(call, network, service.owner)
    if service.status in {"CREATE_FAILED", "DELETE_IN_PROGRESS"}:
        raise conflict(service.id, SERVICE, f"{service.id} is in state {service.status}")
    in_network = [each for each in service_associations.values() if each.network is network]
    for each in in_network:
        if each.service is service:
            raise already(each, service.id)
    lattice_quota(
        len(in_network),
        quotas.services_per_network,
        plural="services in a service network",
        kind=ServiceAssociation.kind,
        code="L-75D4A19E",
    )
    association = ServiceAssociation(
        id=new_id("snsa"),
        creator=call.account_id,
        region=call.region,
        partition=call.partition,
        network=network,
        tags=new_tags(params),
        service=service,
    )
    service_associations[association.id] = association
    settle(call, association, lambda: announce_change(network))
    announce_start(call, association)
    return association


def _get(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    found: ServiceAssociation = find(
        call, service_associations, params["serviceNetworkServiceAssociationIdentifier"], ServiceAssociation.kind
    )
    return found.describe(call.account_id) | found.failure_members(reason="failureMessage")


def _list(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    found = listed(call, service_associations.values(), params, "serviceIdentifier", lambda each: each.service.id)
    return lattice_page(call, params, [each.describe(call.account_id) for each in found])


def _delete(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    found: ServiceAssociation = find(
        call, service_associations, params["serviceNetworkServiceAssociationIdentifier"], ServiceAssociation.kind
    )
    return disassociate(call, service_associations, found, lambda: announce_change(found.network))
