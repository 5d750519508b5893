"""RAM's operations on shares, resources and principals, across all accounts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from local_aws.clock import clock
from local_aws.services import invitations, organizations
from local_aws.services.errors import AwsError
from local_aws.services.idempotency import once
from local_aws.services.lattice_store import check_shareable
from local_aws.services.operations import Call, account_in, add_operation
from local_aws.services.ram_pages import ram_page
from local_aws.services.resource_types import known_type, type_of
from local_aws.services.shares import (
    Association,
    Share,
    account_of,
    add_resource,
    check_arn,
    let_in,
    new_share,
    own_share,
    shares,
    take_out,
    unknown,
    visible_shares,
)
from local_aws.services.tables import later
from local_aws.services.timings import timings

_PRINCIPAL = re.compile(
    r"\d{12}|arn:aws[a-z-]*:iam::\d{12}:root|arn:aws[a-z-]*:organizations::\d{12}:(organization/o-\w+|ou/o-\w+/ou-[\w-]+)"
)


def install() -> None:
    add_operation("ram", "CreateResourceShare", _create)
    add_operation("ram", "UpdateResourceShare", _update)
    add_operation("ram", "DeleteResourceShare", _delete)
    add_operation("ram", "AssociateResourceShare", _associate)
    add_operation("ram", "DisassociateResourceShare", _disassociate)
    add_operation("ram", "GetResourceShares", _get_shares)
    add_operation("ram", "GetResourceShareAssociations", _get_associations)
    add_operation("ram", "ListResources", _list_resources)
    add_operation("ram", "ListPrincipals", _list_principals)
    add_operation("ram", "TagResource", _tag)
    add_operation("ram", "UntagResource", _untag)
    add_operation("ram", "EnableSharingWithAwsOrganization", _enable_sharing)
    invitations.install()


def _create(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    def create() -> Share:
        arns, entities = params.get("resourceArns") or [], params.get("principals") or []
        _check(call, arns, entities, allow_external=params.get("allowExternalPrincipals", True))
        share = new_share(call, params)
        for arn in arns:
            add_resource(share, arn)
        for entity in entities:
            _add_principal(share, entity)
        return share

    share = once(call, params, params.get("clientToken"), create)
    described = _describe(share)
    # CreateResourceShare is the one operation that does not tell the feature set.
    described.pop("featureSet")
    return _with_token(params, {"resourceShare": described})


def _update(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    share = own_share(call, params["resourceShareArn"])
    share.name = params.get("name", share.name)
    share.allow_external = params.get("allowExternalPrincipals", share.allow_external)
    share.updated = clock.now()
    return _with_token(params, {"resourceShare": _describe(share)})


def _delete(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    share = own_share(call, params["resourceShareArn"])
    if share.status in {"DELETING", "DELETED"}:
        return _with_token(params, {"returnValue": True})
    invitations.withdraw(share)
    for associations in (share.principals, share.resources):
        for association in list(associations.values()):
            take_out(share, associations, association)
    share.status = "DELETING"

    def deleted() -> None:
        share.status = "DELETED"

    later(timings.share_gone, deleted)
    later(timings.deleted_share_listed, lambda: shares.pop(share.arn, None), background=True)
    return _with_token(params, {"returnValue": True})


def _associate(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    def associate() -> list[dict[str, Any]]:
        share = _active(own_share(call, params["resourceShareArn"]))
        arns, entities = params.get("resourceArns") or [], params.get("principals") or []
        _check(call, arns, entities, allow_external=share.allow_external)
        # What is in the share already stays as it is: associating it again is no error.
        added = [known if (known := _standing(share.resources, arn)) else add_resource(share, arn) for arn in arns]
        added += [
            known if (known := _standing(share.principals, entity)) else _add_principal(share, entity)
            for entity in entities
        ]
        return [_describe_association(share, association) for association in added]

    return _with_token(params, {"resourceShareAssociations": once(call, params, params.get("clientToken"), associate)})


def _disassociate(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    share = _active(own_share(call, params["resourceShareArn"]))
    removed = []
    for associations, asked in (
        (share.resources, params.get("resourceArns") or []),
        (share.principals, params.get("principals") or []),
    ):
        for entity in asked:
            association = associations.get(entity)
            if association is None:
                raise AwsError("UnknownResourceException", f"{entity} is not associated with {share.arn}.")
            invitations.withdraw(share, association)
            take_out(share, associations, association)
            removed.append(_describe_association(share, association))
    return _with_token(params, {"resourceShareAssociations": removed})


def _get_shares(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    found = _shares_of(call, params["resourceOwner"], params.get("resourceShareArns"))
    status, name = params.get("resourceShareStatus"), params.get("name")
    described = [
        _describe(share)
        for share in found
        if (status is None or share.status == status)
        and (name is None or share.name == name)
        and _matches_tags(share, params.get("tagFilters") or [])
    ]
    return ram_page(call, params, "resourceShares", described)


def _get_associations(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    kind, entity = params["associationType"], params.get("resourceArn") or params.get("principal")
    if (kind == "PRINCIPAL" and params.get("resourceArn")) or (kind == "RESOURCE" and params.get("principal")):
        raise AwsError("InvalidParameterException", f"What you asked for is not of association type {kind}.")
    found = [
        _describe_association(share, association)
        for share in _shares_of(call, "SELF", params.get("resourceShareArns"))
        for association in (share.principals if kind == "PRINCIPAL" else share.resources).values()
        if kind != "SOURCE"
        and entity in {None, association.entity}
        and params.get("associationStatus") in {None, association.status}
    ]
    return ram_page(call, params, "resourceShareAssociations", found)


def _list_resources(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    owner, principal = params["resourceOwner"], params.get("principal")
    wanted = known_type(params["resourceType"]) if params.get("resourceType") else None
    arns = params.get("resourceArns") or []
    found = [
        {
            "arn": resource.entity,
            "type": type_of(resource.entity),
            "resourceShareArn": share.arn,
            "status": "AVAILABLE" if resource.status == "ASSOCIATED" else "PENDING",
            "creationTime": resource.created,
            "lastUpdatedTime": resource.updated,
            "resourceRegionScope": "REGIONAL",
        }
        for share in _shares_of(call, owner, params.get("resourceShareArns"))
        if share.status == "ACTIVE" and _is_principal(share, owner, principal)
        for resource in share.resources.values()
        if resource.status == "ASSOCIATED" or (owner == "SELF" and resource.status == "ASSOCIATING")
        if (not arns or resource.entity in arns) and wanted in {None, type_of(resource.entity)}
    ]
    return ram_page(call, params, "resources", found if params.get("resourceRegionScope") != "GLOBAL" else [])


def _list_principals(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    owner = params["resourceOwner"]
    arn, asked = params.get("resourceArn"), params.get("principals") or []
    wanted = known_type(params["resourceType"]) if params.get("resourceType") else None
    found = []
    for share in _shares_of(call, owner, params.get("resourceShareArns")):
        if (arn and arn not in share.resources) or (wanted and wanted not in share.resource_types()):
            continue
        # Seen from the receiving side, the principal is the account that shares.
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
            if not asked or entity in asked
        ]
    return ram_page(call, params, "principals", found)


def _tag(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    share = own_share(call, params.get("resourceShareArn") or params.get("resourceArn") or "")
    share.tags.update({tag["key"]: tag["value"] for tag in params["tags"]})
    return {}


def _untag(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    share = own_share(call, params.get("resourceShareArn") or params.get("resourceArn") or "")
    for key in params["tagKeys"]:
        share.tags.pop(key, None)
    return {}


def _enable_sharing(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    mine = organizations.membership(call.account_id)
    if mine is None or mine.management_account_id != call.account_id:
        raise AwsError("OperationNotPermittedException", "Unable to enable sharing with AWS Organizations.")
    organizations.turn_sharing_on(mine.organization_id)
    return {"returnValue": True}


def _check(call: Call, arns: Iterable[str], entities: Iterable[str], *, allow_external: bool) -> None:
    for arn in arns:
        type_of(arn)
        if account_in(arn) != call.account_id:
            raise AwsError("OperationNotPermittedException", f"You can share only what you own, not {arn}.")
        check_shareable(arn)
    for entity in entities:
        _check_principal(call, entity, allow_external=allow_external)


def _check_principal(call: Call, entity: str, *, allow_external: bool) -> None:
    if not _PRINCIPAL.fullmatch(entity):
        raise AwsError("InvalidParameterException", f"Principal ID {entity} is malformed. Verify the ID and try again.")
    account_id = account_of(entity)
    if not account_id:
        if not organizations.entity_exists(call.account_id, entity):
            raise AwsError("UnknownResourceException", f"{entity} could not be found.")
        if not organizations.sharing_is_on(call.account_id):
            raise AwsError(
                "OperationNotPermittedException", "Sharing with AWS Organizations is not enabled in this organization."
            )
    elif account_id == call.account_id:
        raise AwsError("InvalidParameterException", "You can't share with your own account.")
    elif not allow_external and not organizations.same_organization(call.account_id, account_id):
        raise AwsError("OperationNotPermittedException", "The resource share does not allow external principals.")


def _add_principal(share: Share, entity: str) -> Association:
    account_id = account_of(entity)
    internal = not account_id or organizations.same_organization(share.owner, account_id)
    principal = Association(entity, "PRINCIPAL", external=not internal)
    share.principals[entity] = principal
    if internal and organizations.sharing_is_on(share.owner):
        let_in(share, principal)
    else:
        invitations.invite(share, principal, account_id)
    return principal


def _standing(associations: dict[str, Association], entity: str) -> Association | None:
    association = associations.get(entity)
    return association if association and association.status in {"ASSOCIATING", "ASSOCIATED"} else None


def _active(share: Share) -> Share:
    if share.status != "ACTIVE":
        raise AwsError("InvalidStateTransitionException", f"ResourceShare {share.arn} is {share.status}.")
    return share


def _shares_of(call: Call, owner: str, arns: list[str] | None) -> list[Share]:
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


def _describe(share: Share) -> dict[str, Any]:
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


def _describe_association(share: Share, association: Association) -> dict[str, Any]:
    return {
        "resourceShareArn": share.arn,
        "resourceShareName": share.name,
        "associatedEntity": association.entity,
        "associationType": association.kind,
        "status": association.status,
        "creationTime": association.created,
        "lastUpdatedTime": association.updated,
        "external": association.external,
    }


def _with_token(params: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    return answer | ({"clientToken": params["clientToken"]} if params.get("clientToken") else {})
