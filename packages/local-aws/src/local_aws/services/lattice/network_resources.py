"""VPC Lattice's operations on the associations of service networks with resource configurations."""

from __future__ import annotations

from typing import Any

from local_aws.moto_extension.idempotency import once
from local_aws.moto_extension.operations import ServiceCall, add_operation
from local_aws.moto_extension.tables import new_id
from local_aws.services.lattice import network_reach as reach
from local_aws.services.lattice.configurations import seen_configuration
from local_aws.services.lattice.kinds import KIND
from local_aws.services.lattice.network_associations import (
    already,
    announce_start,
    check_one_is_own,
    disassociate,
    find,
    listed,
    settle,
)
from local_aws.services.lattice.network_reach import ResourceAssociation, resource_associations
from local_aws.services.lattice.network_store import ServiceNetwork, announce_change, seen_network
from local_aws.services.lattice.store import LatticeResource, conflict, invalid, lattice_page, new_tags
from local_aws.services.quotas import lattice_quota, quotas

_ID = "serviceNetworkResourceAssociationIdentifier"
_NOT_LISTED = frozenset({"lastUpdatedAt", "domainVerificationStatus"})


def install() -> None:
    # There is no Update: the options of creation are final.
    add_operation("vpc-lattice", "CreateServiceNetworkResourceAssociation", _create)
    add_operation("vpc-lattice", "GetServiceNetworkResourceAssociation", _get)
    add_operation("vpc-lattice", "ListServiceNetworkResourceAssociations", _list)
    add_operation("vpc-lattice", "DeleteServiceNetworkResourceAssociation", _delete)


def _create(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    made: ResourceAssociation = once(call, params, params.get("clientToken"), lambda: _new(call, params))
    # No name yet: only Get and List show it.
    return made.identity(call.account_id) | {"createdBy": made.creator, "privateDnsEnabled": made.private_dns}


def _new(call: ServiceCall, params: dict[str, Any]) -> ResourceAssociation:
    network = seen_network(call, params["serviceNetworkIdentifier"], arn_if_foreign=True)
    configuration = seen_configuration(call, params["resourceConfigurationIdentifier"])
    check_one_is_own(call, network, configuration.owner)
    _check_configuration(network, configuration)
    in_network = [each for each in resource_associations.values() if each.network is network]
    for each in in_network:
        if each.configuration is configuration:
            raise already(each, configuration.id)
    lattice_quota(
        len(in_network),
        quotas.configurations_per_network,
        plural="resource configurations in a service network",
        kind=ResourceAssociation.kind,
        code="L-6095700C",
    )
    association = ResourceAssociation(
        id=new_id("snra"),
        creator=call.account_id,
        region=call.region,
        partition=call.partition,
        network=network,
        tags=new_tags(params),
        configuration=configuration,
        # The names of databases, the resources behind ARNs, are always private.
        private_dns=params.get("privateDnsEnabled", False) or configuration.shown["type"] == "ARN",
    )
    resource_associations[association.id] = association

    def up() -> None:
        for part in reach.parts(association):
            part.assign_name()
        announce_change(network)

    settle(call, association, up)
    announce_start(call, association)
    return association


def _check_configuration(network: ServiceNetwork, configuration: LatticeResource) -> None:
    kind = configuration.shown["type"]
    if kind == "CHILD":
        raise invalid(f"{configuration.id} is a child: associate its group.")
    if kind == "CIDR":
        raise invalid(f"{configuration.id} is of type CIDR: only a tunnel endpoint leads to it.")
    if configuration.status in {"CREATE_FAILED", "DELETE_IN_PROGRESS"}:
        raise conflict(configuration.id, KIND, f"{configuration.id} is in state {configuration.status}")
    if network.shareable and not configuration.shown.get("allowAssociationToShareableServiceNetwork", False):
        raise invalid(
            f"Resource configuration {configuration.id} does not allow association to shareable service network "
            f"{network.id}."
        )


def _get(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    association = reach.part_of(call.account_id, params[_ID]) or _found(call, params[_ID])
    return association.describe(call.account_id) | association.failure_members(reason="failureReason")


def _found(call: ServiceCall, identifier: str) -> ResourceAssociation:
    found: ResourceAssociation = find(call, resource_associations, identifier, ResourceAssociation.kind)
    return found


def _list(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    candidates = list(resource_associations.values())
    if params.get("includeChildren"):
        candidates += [part for each in candidates if each.is_container for part in reach.parts(each)]
    configuration_id = params.get("resourceConfigurationIdentifier", "").rpartition("/")[2]
    # For a group AWS lists its children's too: they are "with the grouped resource configuration".
    found = listed(
        call,
        candidates,
        params,
        "resourceConfigurationIdentifier",
        lambda each: (
            configuration_id
            if configuration_id == each.configuration.shown.get("resourceConfigurationGroupId")
            else each.configuration.id
        ),
    )
    rows = [
        {name: value for name, value in each.describe(call.account_id).items() if name not in _NOT_LISTED}
        | ({"failureCode": each.failure_code} if each.failure else {})
        for each in found
    ]
    return lattice_page(call, params, rows)


def _delete(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    if part := reach.part_of(call.account_id, params[_ID]):
        raise conflict(part.id, part.kind, f"{part.id} goes with the association of its group.")
    association = _found(call, params[_ID])

    def gone() -> None:
        reach.gone(association)
        announce_change(association.network)

    return disassociate(call, resource_associations, association, gone)
