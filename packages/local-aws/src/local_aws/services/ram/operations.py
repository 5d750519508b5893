"""RAM's operations that change shares: their resources and principals."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from local_aws.fault_injection.faults import faults
from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.idempotency import once, with_token
from local_aws.moto_extension.operations import ServiceCall, account_in, add_operation
from local_aws.moto_extension.tables import later
from local_aws.services.organizations import membership
from local_aws.services.quotas import quotas
from local_aws.services.ram import invitations, listings, permissions
from local_aws.services.ram.invitations import check_pending
from local_aws.services.ram.listings import describe_association, describe_share
from local_aws.services.ram.resource_types import share_checks, type_of
from local_aws.services.ram.shares import (
    RETAINS,
    Share,
    ShareAssociation,
    account_of,
    add_resource,
    let_in,
    limit_exceeded,
    new_share,
    own_share,
    shares,
    take_out,
)
from local_aws.services.timings import timings
from local_aws.time.clock import clock

_PRINCIPAL = re.compile(
    r"\d{12}|arn:aws[a-z-]*:iam::\d{12}:root|arn:aws[a-z-]*:organizations::\d{12}:(organization/o-\w+|ou/o-\w+/ou-[\w-]+)"
)


def install() -> None:
    add_operation("ram", "CreateResourceShare", _create)
    add_operation("ram", "UpdateResourceShare", _update)
    add_operation("ram", "DeleteResourceShare", _delete)
    add_operation("ram", "AssociateResourceShare", _associate)
    add_operation("ram", "DisassociateResourceShare", _disassociate)
    add_operation("ram", "TagResource", _tag)
    add_operation("ram", "UntagResource", _untag)
    add_operation("ram", "EnableSharingWithAwsOrganization", _enable_sharing)
    invitations.install()
    listings.install()
    permissions.install()


def _create(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    def create() -> Share:
        arns, entities = params.get("resourceArns") or [], params.get("principals") or []
        _check(call, arns, entities, allow_external=params.get("allowExternalPrincipals", True))
        retains = bool((params.get("resourceShareConfiguration") or {}).get(RETAINS))
        _check_room(call, None, arns, entities, retains=retains)
        share = new_share(call, params)
        for arn in arns:
            add_resource(share, arn)
        for entity in entities:
            _add_principal(share, entity)
        return share

    share = once(call, params, params.get("clientToken"), create)
    described = describe_share(share)
    # CreateResourceShare alone does not return the feature set.
    described.pop("featureSet")
    return with_token(params, {"resourceShare": described})


def _update(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    share = own_share(call, params["resourceShareArn"])
    share.name = params.get("name", share.name)
    share.allow_external = params.get("allowExternalPrincipals", share.allow_external)
    share.updated = clock.now()
    return with_token(params, {"resourceShare": describe_share(share)})


def _delete(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    share = own_share(call, params["resourceShareArn"])
    if share.status in {"DELETING", "DELETED"}:
        return with_token(params, {"returnValue": True})
    invitations.withdraw(share)
    for associations in (share.principals, share.resources):
        for association in list(associations.values()):
            take_out(share, associations, association)
    share.status = "DELETING"

    def deleted() -> None:
        share.status = "DELETED"

    later(timings.share_gone, deleted)
    later(timings.deleted_share_listed, lambda: shares.pop(share.arn, None), background=True)
    return with_token(params, {"returnValue": True})


def _associate(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    def associate() -> list[dict[str, Any]]:
        share = _active(own_share(call, params["resourceShareArn"]))
        arns, entities = params.get("resourceArns") or [], params.get("principals") or []
        _check(call, arns, entities, allow_external=share.allow_external)
        _check_count(arns, entities)
        new_arns = [arn for arn in arns if not _standing(share.resources, arn)]
        new_entities = [each for each in entities if not _standing(share.principals, each)]
        _check_room(call, share, new_arns, new_entities, retains=share.retains)
        # Associating a resource or principal again is no error and changes nothing.
        added = [known if (known := _standing(share.resources, arn)) else add_resource(share, arn) for arn in arns]
        fails = faults.fails_later(f"{call.service}:{call.operation}", call.account_id)
        added += [
            known if (known := _standing(share.principals, entity)) else _add_principal(share, entity, fails=fails)
            for entity in entities
        ]
        return [describe_association(share, association) for association in added]

    return with_token(params, {"resourceShareAssociations": once(call, params, params.get("clientToken"), associate)})


def _disassociate(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    foreign = shares.get(params["resourceShareArn"])
    if foreign is not None and foreign.owner != call.account_id and foreign.is_visible_to(call.account_id):
        # AWS allows leaving shares of some resource types, which VPC Lattice's are not.
        raise AwsError("OperationNotPermittedException", "You can't leave a resource share of these resource types.")
    share = _active(own_share(call, params["resourceShareArn"]))
    found = [
        (associations, _removable(share, associations, entity))
        for associations, entities in (
            (share.resources, params.get("resourceArns") or []),
            (share.principals, params.get("principals") or []),
        )
        for entity in entities
    ]
    for associations, association in found:
        invitations.withdraw(share, association)
        take_out(share, associations, association)
    return with_token(
        params, {"resourceShareAssociations": [describe_association(share, association) for _, association in found]}
    )


def _removable(share: Share, associations: dict[str, ShareAssociation], entity: str) -> ShareAssociation:
    """Return what is to be taken out of the share; one that can't be fails the whole call."""
    association = associations.get(entity)
    if association is None:
        raise AwsError("UnknownResourceException", f"{entity} is not associated with {share.arn}.")
    since = (clock.now() - association.created).total_seconds()
    # It was seen of a principal; whether it is so of resources is not known.
    if (association.kind, association.status) == ("PRINCIPAL", "ASSOCIATING") and since < timings.association_settled:
        raise AwsError(
            "InvalidStateTransitionException",
            "At least one of the associations in the resource share is in ASSOCIATING status.",
        )
    return association


def _tag(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    share = own_share(call, params.get("resourceShareArn") or params.get("resourceArn") or "")
    share.tags.update({tag["key"]: tag["value"] for tag in params["tags"]})
    return {}


def _untag(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    share = own_share(call, params.get("resourceShareArn") or params.get("resourceArn") or "")
    for key in params["tagKeys"]:
        share.tags.pop(key, None)
    return {}


def _enable_sharing(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    own = membership.membership(call.account_id)
    if own is None or own.management_account_id != call.account_id:
        raise AwsError("OperationNotPermittedException", "Unable to enable sharing with AWS Organizations.")
    membership.turn_sharing_on(own.organization_id)
    backend: Any = membership.backend_of(call.account_id)
    backend.enable_aws_service_access(ServicePrincipal="ram.amazonaws.com")
    return {"returnValue": True}


def _check(call: ServiceCall, arns: Iterable[str], entities: Iterable[str], *, allow_external: bool) -> None:
    for arn in arns:
        type_of(arn)
        if account_in(arn) != call.account_id:
            raise AwsError("OperationNotPermittedException", f"You can share only what you own, not {arn}.")
        for check in share_checks:
            check(arn)
    for entity in entities:
        _check_principal(call, entity, allow_external=allow_external)


def _check_principal(call: ServiceCall, entity: str, *, allow_external: bool) -> None:
    if not _PRINCIPAL.fullmatch(entity):
        raise AwsError("InvalidParameterException", f"Principal ID {entity} is malformed. Verify the ID and try again.")
    account_id = account_of(entity)
    if not account_id:
        if not membership.entity_exists(call.account_id, entity):
            raise AwsError("UnknownResourceException", f"{entity} could not be found.")
        if not membership.sharing_is_on(call.account_id):
            raise AwsError(
                "OperationNotPermittedException", "Sharing with AWS Organizations is not enabled in this organization."
            )
    elif account_id == call.account_id:
        raise AwsError("InvalidParameterException", "You can't share with your own account.")
    elif not allow_external and not membership.same_organization(call.account_id, account_id):
        raise AwsError(
            "InvalidParameterException",
            f"Principal {account_id} is not in your AWS organization. You do not have permission to add external AWS "
            "accounts to a resource share.",
        )


def _check_count(arns: list[str], entities: list[str]) -> None:
    most = quotas.associations_per_call
    if max(len(arns), len(entities)) > most:
        raise limit_exceeded(f"{most} resources or principals per call")


def _check_room(call: ServiceCall, share: Share | None, arns: list[str], entities: list[str], *, retains: bool) -> None:
    here = (call.account_id, call.region)
    own = [each for each in shares.values() if (each.owner, each.region) == here]
    all_arns = [arn for each in own for arn in each.resources]
    all_entities = [entity for each in own for entity in each.principals]
    for most, present, new, what in (
        (quotas.resources_per_share, share.resources if share else {}, arns, "resource associations per share"),
        (quotas.principals_per_share, share.principals if share else {}, entities, "principal associations per share"),
        (quotas.resource_associations, all_arns, arns, "resource associations"),
        (quotas.principal_associations, all_entities, entities, "principal associations"),
    ):
        if new and len(present) + len(new) > most:
            raise limit_exceeded(f"{most} {what}")
    check_pending(*here, sum(not _is_let_in(call.account_id, entity, retains=retains) for entity in entities))


def _is_let_in(owner: str, entity: str, *, retains: bool) -> bool:
    """Return whether the principal needs no invitation, because sharing within the organization is enabled.

    If the share ``retains`` accounts that leave, RAM treats the organization's accounts as external and invites them.
    How it treats a whole unit then could not be confirmed: here it is let in.
    """
    account_id = account_of(entity)
    if account_id and retains:
        return False
    internal = not account_id or membership.same_organization(owner, account_id)
    return internal and membership.sharing_is_on(owner)


def _add_principal(share: Share, entity: str, *, fails: bool = False) -> ShareAssociation:
    account_id = account_of(entity)
    internal = not account_id or membership.same_organization(share.owner, account_id)
    let = _is_let_in(share.owner, entity, retains=share.retains)
    principal = ShareAssociation(entity, "PRINCIPAL", external=not internal, by_organization=let)
    share.principals[entity] = principal
    if fails:
        _fail(share, principal)
    elif let:
        let_in(share, principal)
    else:
        invitations.invite(share, principal, account_id)
    return principal


def _fail(share: Share, principal: ShareAssociation) -> None:
    """Let an association fail after a while; it stays, to be made anew or taken out."""

    def fail() -> None:
        if principal.status == "ASSOCIATING":
            principal.failure = "The association could not be established."
            principal.become("FAILED")

    later(timings.share_visible, fail)


def _standing(associations: dict[str, ShareAssociation], entity: str) -> ShareAssociation | None:
    association = associations.get(entity)
    return association if association and association.status in {"ASSOCIATING", "ASSOCIATED"} else None


def _active(share: Share) -> Share:
    if share.status != "ACTIVE":
        raise AwsError("InvalidStateTransitionException", f"ResourceShare {share.arn} is {share.status}.")
    return share
