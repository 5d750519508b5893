"""EC2's operations on the permissions of VPC endpoint services: who can find a service, and ask it for what."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import ServiceCall, add_operation
from local_aws.moto_extension.tables import new_id
from local_aws.services.ec2.answers import ec2_page, filtered
from local_aws.services.ec2.vpc_facts import ec2_of
from local_aws.services.privatelink.endpoint_services import (
    FOR_ATTACHMENTS,
    FOR_ENDPOINTS,
    EndpointService,
    ServicePermission,
    own_service,
    services,
)
from local_aws.services.quotas import quotas

_ACCOUNT = r"arn:aws[a-z-]*:iam::\d{12}:root"
_PRINCIPALS = {
    # Principals with a path can't be allowed: PrivateLink guide, "Manage permissions". That services can is seen in
    # github.com/aws/aws-cdk, pull request 29512.
    FOR_ENDPOINTS: re.compile(
        rf"\*|{_ACCOUNT}|arn:aws[a-z-]*:iam::\d{{12}}:(role|user)/[^/]+"
        r"|arn:aws[a-z-]*:organizations::\d{12}:(organization|ou)/.+|[\w.-]+\.amazonaws\.com(\.cn)?"
    ),
    # API reference, "ModifyVpcEndpointServicePermissions": accounts alone.
    FOR_ATTACHMENTS: re.compile(_ACCOUNT),
}
_KINDS = {
    ":root": "Account",
    ":role/": "Role",
    ":user/": "User",
    ":ou/": "OrganizationUnit",
    # EC2's model has no type for a whole organization.
    ":organization/": "OrganizationUnit",
}


def install() -> None:
    add_operation("ec2", "ModifyVpcEndpointServicePermissions", _modify)
    add_operation("ec2", "DescribeVpcEndpointServicePermissions", _describe)


def own_permission(call: ServiceCall, permission_id: str) -> ServicePermission:
    """Return the permission with this id of one of the caller's services.

    Raises:
        AwsError: there is none; AWS documents no code for it.
    """
    for service in services.values():
        if (service.owner, service.region) == (call.account_id, call.region):
            for permission in service.permissions.values():
                if permission.id == permission_id:
                    found: ServicePermission = permission
                    return found
    raise AwsError(
        "InvalidVpcEndpointServicePermissionId.NotFound",
        f"The VpcEndpointServicePermission Id '{permission_id}' does not exist",
    )


def _modify(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    service = own_service(call, params["ServiceId"])
    kind = params.get("PermissionType") or FOR_ENDPOINTS
    if kind != FOR_ENDPOINTS and service.kind != "GatewayLoadBalancer":
        raise AwsError(
            "InvalidParameter", f"{service.id} is not a Gateway Load Balancer endpoint service, which {kind} is for."
        )
    # One that is allowed already is neither an error nor told as added; the API reference says of neither.
    added = [each for each in params.get("AddAllowedPrincipals") or [] if (each, kind) not in service.permissions]
    _check(service, added, kind)
    service.permissions_were_set = True
    service.permissions |= {(each, kind): ServicePermission(new_id("vpce-svc-perm"), each, kind) for each in added}
    # Removing a permission does not end the connections that it allowed.
    for principal in params.get("RemoveAllowedPrincipals") or []:
        removed = service.permissions.pop((principal, kind), None)
        if removed:
            ec2_of(call).tags.pop(removed.id, None)
    described = [
        _identity(service, permission) for each in added if (permission := service.permissions.get((each, kind)))
    ]
    return {"AddedPrincipals": described, "ReturnValue": True}


def _check(service: EndpointService, added: Iterable[str], kind: str) -> None:
    """Refuse a call as a whole for one principal that can't be allowed, or for one too many.

    The code of the first is seen on AWS (github.com/hashicorp/terraform-provider-aws, issue 16657), that of the second
    is a guess, as is the quota.
    """
    for principal in added:
        if not _PRINCIPALS[kind].fullmatch(principal):
            raise AwsError("InvalidPrincipal", f"Invalid Principal: '{principal}'")
    most = quotas.principals_per_service
    if len(service.permissions) + len({*added}) > most:
        raise AwsError(
            "VpcEndpointServicePermissionLimitExceeded", f"{service.id} can't have more than {most} allowed principals."
        )


def _describe(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    service = own_service(call, params["ServiceId"])
    found = filtered(
        [_identity(service, each) | {"Tags": service.tags_on(each.id)} for each in service.permissions.values()],
        params.get("Filters") or [],
        {
            "permission-type": lambda row: [row["PermissionType"]],
            "principal": lambda row: [row["Principal"]],
            "principal-type": lambda row: [row["PrincipalType"]],
        },
    )
    return ec2_page(call, params, "AllowedPrincipals", found)


def _identity(service: EndpointService, permission: ServicePermission) -> dict[str, Any]:
    kind = next((kind for part, kind in _KINDS.items() if part in permission.principal), "Service")
    return {
        "PrincipalType": "All" if permission.principal == "*" else kind,
        "Principal": permission.principal,
        "PermissionType": permission.type,
        "ServicePermissionId": permission.id,
        "ServiceId": service.id,
    }
