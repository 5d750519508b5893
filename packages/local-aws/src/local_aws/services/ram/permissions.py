"""RAM's AWS managed permissions, one for each resource type of a share."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from moto.ram.utils import AWS_MANAGED_PERMISSIONS, RAM_RESOURCE_TYPES, format_ram_permission

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.idempotency import with_token
from local_aws.moto_extension.operations import ServiceCall, add_operation
from local_aws.services.ram.paging import ram_page
from local_aws.services.ram.resource_types import known_type
from local_aws.services.ram.shares import Share, check_arn, own_share, shares, unknown

_BORN: Final = datetime(2024, 12, 1, tzinfo=UTC)
_VERSION: Final = "2"

# AWS publishes the names, but only those of the actions that its guides mention.
_OF_LATTICE: Final = {
    "AWSRAMPermissionVpcLatticeResourceConfiguration": (
        "vpc-lattice:ResourceConfiguration",
        ["vpc-lattice:CreateServiceNetworkResourceAssociation", "vpc-lattice:GetResourceConfiguration"],
    ),
    "AWSRAMPermissionVpcLatticeServiceNetworkReadWrite": (
        "vpc-lattice:ServiceNetwork",
        [
            "vpc-lattice:CreateServiceNetworkServiceAssociation",
            "vpc-lattice:CreateServiceNetworkVpcAssociation",
            "vpc-lattice:GetServiceNetwork",
        ],
    ),
    "AWSRAMPermissionVpcLatticeServiceReadWrite": (
        "vpc-lattice:Service",
        ["vpc-lattice:CreateServiceNetworkServiceAssociation", "vpc-lattice:GetService"],
    ),
}
_ACTIONS: Final = {name: actions for name, (_, actions) in _OF_LATTICE.items()}
_MANAGED: Final[list[dict[str, Any]]] = [
    {
        **permission,
        "creationTime": _BORN,
        "lastUpdatedTime": _BORN,
        "featureSet": "STANDARD",
        "resourceOwner": "OTHER-ACCOUNTS",
    }
    for permission in (
        *AWS_MANAGED_PERMISSIONS,
        *(format_ram_permission(name, kind, version=_VERSION) for name, (kind, _) in _OF_LATTICE.items()),
    )
]


def install() -> None:
    add_operation("ram", "ListPermissions", _list)
    add_operation("ram", "GetPermission", _get)
    add_operation("ram", "ListPermissionVersions", _versions)
    add_operation("ram", "ListResourceSharePermissions", _of_share)
    add_operation("ram", "AssociateResourceSharePermission", _associate)
    add_operation("ram", "DisassociateResourceSharePermission", _disassociate)
    add_operation("ram", "ListResourceTypes", _types)


def _list(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    resource_type = _type(params["resourceType"]) if params.get("resourceType") else None
    found = [
        each
        for each in _MANAGED
        if resource_type in {None, each["resourceType"].lower()}
        and params.get("permissionType", "ALL") in {"ALL", each["permissionType"]}
        and params.get("permissionStatus") in {None, each["status"]}
        and params.get("resourceOwner") in {None, each["resourceOwner"]}
    ]
    return ram_page(call, params, "permissions", found)


def _get(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    permission = _managed(params["permissionArn"])
    version = params.get("permissionVersion")
    if version is not None and str(version) != permission["version"]:
        raise AwsError("UnknownResourceException", f"Version {version} of {permission['arn']} could not be found.")
    policy = {"Effect": "Allow", "Action": _ACTIONS.get(permission["name"], []), "Condition": {}}
    return {"permission": permission | {"permission": json.dumps(policy)}}


def _versions(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    return ram_page(call, params, "permissions", [_managed(params["permissionArn"])])


def _of_share(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    """Return a share's permissions, for its owner and for those who see it."""
    arn = params["resourceShareArn"]
    check_arn(arn, "resource-share")
    share = shares.get(arn)
    if share is None or share.region != call.region:
        raise unknown(arn)
    if call.account_id != share.owner and not share.is_visible_to(call.account_id):
        raise unknown(arn)
    found = [_MANAGED_BY_ARN[each] | {"status": "ASSOCIATED"} for each in _in_force(share)]
    return ram_page(call, params, "permissions", found)


def _associate(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    share, permission = own_share(call, params["resourceShareArn"]), _managed(params["permissionArn"])
    kind = permission["resourceType"].lower()
    if kind not in {each.lower() for each in share.resource_types()}:
        raise AwsError("InvalidParameterException", f"No resource in {share.arn} is a {permission['resourceType']}.")
    if permission["arn"] not in _in_force(share) and not params.get("replace"):
        raise AwsError(
            "InvalidParameterException", "The resource type has a permission in this resource share: replace it."
        )
    share.permissions[kind] = permission["arn"]
    return with_token(params, {"returnValue": True})


def _disassociate(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    share, permission = own_share(call, params["resourceShareArn"]), _managed(params["permissionArn"])
    if permission["arn"] in _in_force(share):
        raise AwsError(
            "OperationNotPermittedException", "The permission of a resource type that is in the share can't be removed."
        )
    return with_token(params, {"returnValue": True})


def _types(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    scope = params.get("resourceRegionScope", "ALL")
    listed = [
        {"resourceType": kind, "serviceName": "vpc-lattice", "resourceRegionScope": "REGIONAL"}
        for kind, _ in _OF_LATTICE.values()
    ]
    found = [each for each in (*RAM_RESOURCE_TYPES, *listed) if scope in {"ALL", each["resourceRegionScope"]}]
    return ram_page(call, params, "resourceTypes", found)


_MANAGED_BY_ARN: Final = {each["arn"]: each for each in _MANAGED}
_DEFAULTS: Final = {each["resourceType"].lower(): each["arn"] for each in _MANAGED if each["isResourceTypeDefault"]}


def _in_force(share: Share) -> list[str]:
    kinds = sorted(each.lower() for each in share.resource_types())
    chosen = [share.permissions.get(kind, _DEFAULTS.get(kind)) for kind in kinds]
    return [arn for arn in chosen if arn is not None]


def _managed(arn: str) -> dict[str, Any]:
    check_arn(arn, "permission")
    found = _MANAGED_BY_ARN.get(arn)
    if found is None:
        raise AwsError("UnknownResourceException", f"Permission {arn} could not be found.")
    return found


def _type(name: str) -> str:
    try:
        return known_type(name).lower()
    except AwsError as error:
        raise AwsError("InvalidParameterException", f"Invalid resource type: {name}") from error
