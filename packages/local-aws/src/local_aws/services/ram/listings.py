"""RAM's listings of shares, resources and principals, for their owner and for others."""

from __future__ import annotations

from typing import Any

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import ServiceCall, add_operation
from local_aws.services.ram.paging import ram_page
from local_aws.services.ram.resource_types import known_type, type_of
from local_aws.services.ram.shares import Share, ShareAssociation, check_arn, shares, unknown, visible_shares


def install() -> None:
    add_operation("ram", "GetResourceShares", _get_shares)
    add_operation("ram", "GetResourceShareAssociations", _get_associations)
    add_operation("ram", "ListResources", _list_resources)
    add_operation("ram", "ListPrincipals", _list_principals)


def describe_share(share: Share) -> dict[str, Any]:
    return {
        "resourceShareArn": share.arn,
        "name": share.name,
        "owningAccountId": share.owner,
        "allowExternalPrincipals": share.allow_external,
        "status": share.status,
        "tags": [{"key": key, "value": value} for key, value in share.tags.items()],
        "creationTime": share.created,
        "lastUpdatedTime": share.updated,
        "featureSet": "STANDARD",
        "resourceShareConfiguration": share.configuration,
    }


def describe_association(share: Share, association: ShareAssociation) -> dict[str, Any]:
    return {
        "resourceShareArn": share.arn,
        "resourceShareName": share.name,
        "associatedEntity": association.entity,
        "associationType": association.kind,
        "status": association.status,
        **({"statusMessage": association.failure} if association.failure else {}),
        "creationTime": association.created,
        "lastUpdatedTime": association.updated,
        "external": association.external,
    }


def set_trouble(arn: str, status: str, message: str) -> None:
    """Set a resource's status in every share, ``UNAVAILABLE`` or ``LIMIT_EXCEEDED``; empty if it is available."""
    for share in shares.values():
        if arn in share.resources:
            share.resources[arn].trouble = (status, message)


def describe_resource(share: Share, resource: ShareAssociation, viewer: str = "") -> dict[str, Any]:
    suspended = resource.is_suspended or (bool(viewer) and share.is_suspended_for(viewer))
    status, message = resource.trouble
    usable = "AVAILABLE" if resource.status == "ASSOCIATED" else "PENDING"
    return {
        "arn": resource.entity,
        "type": type_of(resource.entity),
        "resourceShareArn": share.arn,
        "status": status or ("UNAVAILABLE" if suspended else usable),
        **({"statusMessage": message} if message else {}),
        "creationTime": resource.created,
        "lastUpdatedTime": resource.updated,
        "resourceRegionScope": "REGIONAL",
    }


def _get_shares(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    found = _shares_of(call, params["resourceOwner"], params.get("resourceShareArns"))
    status, name = params.get("resourceShareStatus"), params.get("name")
    described = [
        describe_share(share)
        for share in found
        if (status is None or share.status == status)
        and (name is None or share.name == name)
        and _matches_tags(share, params.get("tagFilters") or [])
    ]
    return ram_page(call, params, "resourceShares", described)


def _get_associations(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    kind, entity = params["associationType"], params.get("resourceArn") or params.get("principal")
    if (kind == "PRINCIPAL" and params.get("resourceArn")) or (kind == "RESOURCE" and params.get("principal")):
        raise AwsError("InvalidParameterException", f"What you asked for is not of association type {kind}.")
    found = [
        describe_association(share, association)
        for share in _shares_of(call, "SELF", params.get("resourceShareArns"))
        for association in (*share.resources.values(), *share.principals.values(), *share.ended)
        if kind == association.kind
        and entity in {None, association.entity}
        and params.get("associationStatus") in {None, association.status}
    ]
    return ram_page(call, params, "resourceShareAssociations", found)


def _list_resources(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    owner, principal = params["resourceOwner"], params.get("principal")
    resource_type = known_type(params["resourceType"]) if params.get("resourceType") else None
    arns = params.get("resourceArns") or []
    found = [
        describe_resource(share, resource, "" if owner == "SELF" else call.account_id)
        for share in _shares_of(call, owner, params.get("resourceShareArns"))
        if share.status == "ACTIVE" and _is_principal(share, owner, principal)
        for resource in share.resources.values()
        if resource.status == "ASSOCIATED"
        or resource.is_suspended
        or (owner, resource.status) == ("SELF", "ASSOCIATING")
        if (not arns or resource.entity in arns) and resource_type in {None, type_of(resource.entity)}
    ]
    return ram_page(call, params, "resources", found if params.get("resourceRegionScope") != "GLOBAL" else [])


def _list_principals(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    owner = params["resourceOwner"]
    arn, principals = params.get("resourceArn"), params.get("principals") or []
    resource_type = known_type(params["resourceType"]) if params.get("resourceType") else None
    found = []
    for share in _shares_of(call, owner, params.get("resourceShareArns")):
        if (arn and arn not in share.resources) or (resource_type and resource_type not in share.resource_types()):
            continue
        # For a consumer the principal is the sharing account.
        ids = [(each.entity, each) for each in share.principals.values()] if owner == "SELF" else [(share.owner, share)]
        found += [
            {
                "id": entity,
                "resourceShareArn": share.arn,
                "creationTime": since.created,
                "lastUpdatedTime": since.updated,
                "external": getattr(since, "external", False),
            }
            for entity, since in ids
            if not principals or entity in principals
        ]
    return ram_page(call, params, "principals", found)


def _shares_of(call: ServiceCall, owner: str, arns: list[str] | None) -> list[Share]:
    if owner == "SELF":
        found = [s for s in shares.values() if s.owner == call.account_id and s.region == call.region]
    else:
        found = visible_shares(call)
    for arn in arns or []:
        check_arn(arn, "resource-share")
        if all(share.arn != arn for share in found):
            raise unknown(arn)
    return [share for share in found if not arns or share.arn in arns]


def _is_principal(share: Share, owner: str, principal: str | None) -> bool:
    if principal is None:
        return True
    return principal in share.principals if owner == "SELF" else principal == share.owner


def _matches_tags(share: Share, filters: list[dict[str, Any]]) -> bool:
    return all(
        each.get("tagKey") in share.tags
        and (not each.get("tagValues") or share.tags[each["tagKey"]] in each["tagValues"])
        for each in filters
    )
