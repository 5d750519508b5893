"""VPC Lattice's resource configurations: the owner's, and those that RAM lets the caller see."""

from __future__ import annotations

from typing import Any

from local_aws.clock import clock
from local_aws.services import endpoint_store
from local_aws.services import lattice_store as store
from local_aws.services.errors import AwsError
from local_aws.services.idempotency import once
from local_aws.services.lattice_domains import domain_of, status_of
from local_aws.services.lattice_gateways import own_gateway
from local_aws.services.lattice_store import LatticeResource, configurations
from local_aws.services.operations import Call, add_operation
from local_aws.services.shares import is_shared_with, resource_gone
from local_aws.services.tables import new_id

KIND = "RESOURCE_CONFIGURATION"
_LISTED = (
    "id", "name", "arn", "resourceGatewayId", "resourceConfigurationGroupId", "type", "status", "amazonManaged",
    "createdAt", "lastUpdatedAt", "customDomainName", "domainVerificationId", "groupDomain",
)  # fmt: skip # one member a line is no clearer


def install() -> None:
    add_operation("vpc-lattice", "CreateResourceConfiguration", _create)
    add_operation("vpc-lattice", "GetResourceConfiguration", _get)
    add_operation("vpc-lattice", "ListResourceConfigurations", _list)
    add_operation("vpc-lattice", "UpdateResourceConfiguration", _update)
    add_operation("vpc-lattice", "DeleteResourceConfiguration", _delete)


def sees(account_id: str, configuration: LatticeResource) -> bool:
    """Tell whether the account owns the configuration, or it or its group is shared with the account."""
    if configuration.owner == account_id or is_shared_with(configuration.arn, account_id):
        return True
    group = configurations.get(configuration.shown.get("resourceConfigurationGroupId"))
    return group is not None and is_shared_with(group.arn, account_id)


def seen_configuration(call: Call, identifier: str) -> LatticeResource:
    return store.find(call, configurations, identifier, KIND, lambda each: sees(call.account_id, each))


def own_configuration(call: Call, identifier: str) -> LatticeResource:
    """Find a configuration of the caller's own.

    Raises:
        AwsError: not found; or access denied, where it is only shared with the caller.
    """
    configuration = seen_configuration(call, identifier)
    if configuration.owner != call.account_id:
        raise AwsError("AccessDeniedException", f"{configuration.arn} belongs to another account.")
    return configuration


def _create(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    created: LatticeResource = once(call, params, params.get("clientToken"), lambda: _new(call, params))
    return created.describe()


def _new(call: Call, params: dict[str, Any]) -> LatticeResource:
    mine = [each for each in configurations.values() if each.owner == call.account_id]
    if any(each.shown["name"] == params["name"] and each.region == call.region for each in mine):
        raise AwsError(
            "ConflictException",
            f"A resource configuration named {params['name']} already exists",
            resourceId=params["name"],
            resourceType=KIND,
        )
    shown = {
        "name": params["name"],
        "type": params["type"],
        "amazonManaged": False,
        "allowAssociationToShareableServiceNetwork": params.get("allowAssociationToShareableServiceNetwork", False),
        **_of_its_type(call, params),
    }
    for optional in ("resourceConfigurationDefinition", "customDomainName", "groupDomain"):
        if params.get(optional):
            shown[optional] = params[optional]
    if params.get("domainVerificationIdentifier"):
        shown |= domain_of(call, params["domainVerificationIdentifier"], params.get("customDomainName"))
    configuration_id = new_id("rcfg")
    configuration = LatticeResource(
        configuration_id,
        call.arn("vpc-lattice", f"resourceconfiguration/{configuration_id}"),
        call.account_id,
        call.region,
        dict(params.get("tags") or {}),
        shown,
    )
    configurations[configuration_id] = configuration
    configuration.settle()
    return configuration


def _of_its_type(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    kind = params["type"]
    if kind != "GROUP" and not params.get("resourceConfigurationDefinition"):
        raise store.invalid(f"resourceConfigurationDefinition is required for type {kind}.")
    if kind in {"SINGLE", "CHILD"} and not params.get("portRanges"):
        raise store.invalid(f"portRanges is required for type {kind}.")
    of_type: dict[str, Any] = {}
    if kind == "CHILD":
        if not params.get("resourceConfigurationGroupIdentifier"):
            raise store.invalid("resourceConfigurationGroupIdentifier is required for type CHILD.")
        group = own_configuration(call, params["resourceConfigurationGroupIdentifier"])
        if group.shown["type"] != "GROUP":
            raise store.invalid(f"{group.id} is not a group.")
        of_type |= {"resourceConfigurationGroupId": group.id, "resourceGatewayId": group.shown["resourceGatewayId"]}
    elif kind != "ARN":
        if not params.get("resourceGatewayIdentifier"):
            raise store.invalid(f"resourceGatewayIdentifier is required for type {kind}.")
        of_type["resourceGatewayId"] = own_gateway(call, params["resourceGatewayIdentifier"]).id
    if kind not in {"GROUP", "ARN"}:
        of_type |= {"portRanges": params["portRanges"], "protocol": params.get("protocol", "TCP")}
    return of_type


def _get(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    configuration = seen_configuration(call, params["resourceConfigurationIdentifier"])
    status = status_of(configuration)
    return configuration.describe() | ({"domainVerificationStatus": status} if status else {})


def _list(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    gateway = params.get("resourceGatewayIdentifier", "").rpartition("/")[2]
    group = params.get("resourceConfigurationGroupIdentifier", "").rpartition("/")[2]
    found = [
        {name: value for name, value in each.describe().items() if name in _LISTED}
        for each in configurations.values()
        if each.region == call.region
        and sees(call.account_id, each)
        and (not gateway or each.shown.get("resourceGatewayId") == gateway)
        and (not group or each.shown.get("resourceConfigurationGroupId") == group)
    ]
    return store.lattice_page(call, params, found)


def _update(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    configuration = own_configuration(call, params["resourceConfigurationIdentifier"])
    for changeable in ("resourceConfigurationDefinition", "allowAssociationToShareableServiceNetwork", "portRanges"):
        if params.get(changeable) is not None:
            configuration.shown[changeable] = params[changeable]
    configuration.status, configuration.updated = "UPDATE_IN_PROGRESS", clock.now()
    configuration.settle()
    return configuration.describe()


def _delete(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    configuration = own_configuration(call, params["resourceConfigurationIdentifier"])
    if endpoint_store.attached_to(configuration.arn):
        raise store.conflict(configuration, KIND, "The resource configuration still has associations.")
    if any(each.shown.get("resourceConfigurationGroupId") == configuration.id for each in configurations.values()):
        raise store.conflict(configuration, KIND, "The group still has children.")
    store.remove_later(configurations, configuration)
    resource_gone(configuration.arn)
    return {}
