"""VPC Lattice's operations on service networks."""

from __future__ import annotations

from typing import Any

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.idempotency import once
from local_aws.moto_extension.operations import ServiceCall, add_operation
from local_aws.moto_extension.tables import new_id
from local_aws.services.lattice.network_reach import resource_associations, service_associations
from local_aws.services.lattice.network_store import (
    NETWORK,
    ServiceNetwork,
    attachments,
    drop,
    keep,
    networks,
    own_network,
    seen_network,
    sees,
)
from local_aws.services.lattice.network_vpcs import vpc_associations
from local_aws.services.lattice.store import conflict, lattice_page, new_tags
from local_aws.services.quotas import lattice_quota, quotas
from local_aws.services.ram.shares import resource_gone
from local_aws.time.clock import clock


def install() -> None:
    add_operation("vpc-lattice", "CreateServiceNetwork", _create)
    add_operation("vpc-lattice", "GetServiceNetwork", _get)
    add_operation("vpc-lattice", "ListServiceNetworks", _list)
    add_operation("vpc-lattice", "UpdateServiceNetwork", _update)
    add_operation("vpc-lattice", "DeleteServiceNetwork", _delete)


def _create(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    network: ServiceNetwork = once(call, params, params.get("clientToken"), lambda: _new(call, params))
    return _described(network)


def _new(call: ServiceCall, params: dict[str, Any]) -> ServiceNetwork:
    own = [each for each in networks.values() if (each.owner, each.region) == (call.account_id, call.region)]
    if any(each.name == params["name"] for each in own):
        raise conflict(params["name"], NETWORK, f"A service network named {params['name']} already exists")
    lattice_quota(
        len(own), quotas.networks_per_region, plural="service networks in the Region", kind=NETWORK, code="L-9CAD07FB"
    )
    network_id = new_id("sn")
    network = ServiceNetwork(
        id=network_id,
        arn=call.arn("vpc-lattice", f"servicenetwork/{network_id}"),
        owner=call.account_id,
        region=call.region,
        name=params["name"],
        auth_type=params.get("authType", "NONE"),
        shareable=(params.get("sharingConfig") or {}).get("enabled", True),
        tags=new_tags(params),
    )
    keep(network)
    return network


def _described(network: ServiceNetwork) -> dict[str, Any]:
    return {
        "id": network.id,
        "name": network.name,
        "arn": network.arn,
        "authType": network.auth_type,
        "sharingConfig": {"enabled": network.shareable},
        "createdAt": network.created,
        "lastUpdatedAt": network.updated,
        "numberOfAssociatedVPCs": _count(vpc_associations, network),
        "numberOfAssociatedServices": _count(service_associations, network),
    }


def _count(kept: dict[Any, Any], network: ServiceNetwork) -> int:
    return sum(1 for each in kept.values() if each.network is network)


def _get(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    return _described(seen_network(call, params["serviceNetworkIdentifier"]))


def _list(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    found = []
    for network in networks.values():
        if network.region == call.region and sees(call.account_id, network):
            row = _described(network)
            del row["authType"], row["sharingConfig"]
            found.append(row | {"numberOfAssociatedResourceConfigurations": _count(resource_associations, network)})
    return lattice_page(call, params, found)


def _update(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    network = own_network(call, params["serviceNetworkIdentifier"])
    network.auth_type, network.updated = params["authType"], clock.now()
    return {"id": network.id, "name": network.name, "arn": network.arn, "authType": network.auth_type}


def _delete(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    network = own_network(call, params["serviceNetworkIdentifier"])
    for kept, entities in (
        (vpc_associations, "VPC(s)"),
        (service_associations, "service(s)"),
        (resource_associations, "resource(s)"),
    ):
        if _count(kept, network):
            raise _still_associated(network, entities)
    if any(leads(network) for leads in attachments):
        raise _still_associated(network, "VPC endpoint(s)")
    drop(network)
    resource_gone(network.arn)
    return {}


def _still_associated(network: ServiceNetwork, entities: str) -> AwsError:
    return conflict(network.id, NETWORK, f"ServiceNetwork {network.id} has {entities} associated")
