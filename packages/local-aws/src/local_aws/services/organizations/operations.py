"""Organizations' operations, most of them only for the management account and delegated administrators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import Proceed, ServiceCall, add_operation, extend_operation
from local_aws.moto_extension.pages import BadTokenError, page
from local_aws.services.organizations import membership

_MOST = 20
_RAM = "ram.amazonaws.com"

status_is_shown = False
"""Whether an account shows ``Status`` as well as ``State``; AWS retired it on 2026-09-09."""

paths_are_shown = True
"""Whether an account shows ``Paths``, which AWS added in 2026."""


def install() -> None:
    add_operation("organizations", "DescribeOrganization", _describe_organization)
    for operation, answer in (
        ("DescribeAccount", _describe_account),
        ("DescribeOrganizationalUnit", _describe_unit),
        ("ListAWSServiceAccessForOrganization", _list_service_access),
        ("ListAccounts", _list_accounts),
        ("ListAccountsForParent", _list_accounts_for_parent),
        ("ListOrganizationalUnitsForParent", _list_units_for_parent),
        ("ListChildren", _list_children),
        ("ListParents", _list_parents),
        ("ListRoots", _list_roots),
        ("ListTagsForResource", _list_tags),
    ):
        add_operation("organizations", operation, _for_administrators(answer))
    extend_operation("organizations", "DisableAWSServiceAccess", _disable_access)


def _for_administrators(
    answer: Callable[[ServiceCall, dict[str, Any], Any], dict[str, Any]],
) -> Callable[[ServiceCall, dict[str, Any]], dict[str, Any]]:
    def checked(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
        backend = _backend(call)
        administrators = {backend.org.master_account_id, *(admin.account.id for admin in backend.admins)}
        if call.account_id not in administrators:
            raise AwsError("AccessDeniedException", "You don't have permissions to access this resource.")
        return answer(call, params, backend)

    return checked


def _backend(call: ServiceCall) -> Any:
    backend = membership.backend_of(call.account_id)
    if backend is None:
        raise AwsError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    return backend


def _disable_access(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    """Take members out of the shares that they are in without an invitation, if RAM's access is disabled."""
    answer = proceed()
    backend = membership.backend_of(call.account_id)
    if backend is not None and params["ServicePrincipal"] == _RAM:
        membership.turn_sharing_off(backend.org.id)
    return answer


def _list_service_access(call: ServiceCall, params: dict[str, Any], backend: Any) -> dict[str, Any]:
    """List whom the organization trusts: RAM too, if it was RAM that turned its sharing on."""
    by_ram = [{"ServicePrincipal": _RAM}] if membership.sharing_is_on(backend.org.master_account_id) else []
    others = [each for each in backend.services if not by_ram or each["ServicePrincipal"] != _RAM]
    return _page(call, params, "EnabledServicePrincipals", [*by_ram, *others])


def _describe_organization(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = _backend(call).org.describe()
    return described


def _describe_account(call: ServiceCall, params: dict[str, Any], backend: Any) -> dict[str, Any]:
    for account in backend.accounts:
        if account.id == params["AccountId"]:
            return {"Account": _account(backend, account)}
    raise AwsError("AccountNotFoundException", "You specified an account that doesn't exist.")


def _describe_unit(call: ServiceCall, params: dict[str, Any], backend: Any) -> dict[str, Any]:
    for unit in _units(backend):
        if unit.id == params["OrganizationalUnitId"]:
            return {"OrganizationalUnit": _unit(backend, unit)}
    raise AwsError("OrganizationalUnitNotFoundException", "You specified an organizational unit that doesn't exist.")


def _list_accounts(call: ServiceCall, params: dict[str, Any], backend: Any) -> dict[str, Any]:
    return _page(call, params, "Accounts", [_account(backend, account) for account in backend.accounts])


def _list_accounts_for_parent(call: ServiceCall, params: dict[str, Any], backend: Any) -> dict[str, Any]:
    parent_id = _parent(params["ParentId"], backend)
    found = [_account(backend, account) for account in backend.accounts if account.parent_id == parent_id]
    return _page(call, params, "Accounts", found)


def _list_units_for_parent(call: ServiceCall, params: dict[str, Any], backend: Any) -> dict[str, Any]:
    parent_id = _parent(params["ParentId"], backend)
    found = [_unit(backend, unit) for unit in _units(backend) if unit.parent_id == parent_id]
    return _page(call, params, "OrganizationalUnits", found)


def _list_children(call: ServiceCall, params: dict[str, Any], backend: Any) -> dict[str, Any]:
    parent_id, kind = _parent(params["ParentId"], backend), params["ChildType"]
    among = backend.accounts if kind == "ACCOUNT" else _units(backend)
    found = [{"Id": each.id, "Type": kind} for each in among if each.parent_id == parent_id]
    return _page(call, params, "Children", found)


def _list_parents(call: ServiceCall, params: dict[str, Any], backend: Any) -> dict[str, Any]:
    for child in [*backend.accounts, *_units(backend)]:
        if child.id == params["ChildId"]:
            kind = "ROOT" if child.parent_id == backend.org.root_id else "ORGANIZATIONAL_UNIT"
            return {"Parents": [{"Id": child.parent_id, "Type": kind}]}
    raise AwsError("ChildNotFoundException", "We can't find a child with the ChildId that you specified.")


def _list_roots(call: ServiceCall, params: dict[str, Any], backend: Any) -> dict[str, Any]:
    return {"Roots": [unit.describe() for unit in backend.ou if unit.type == "ROOT"]}


def _list_tags(call: ServiceCall, params: dict[str, Any], backend: Any) -> dict[str, Any]:
    listed: dict[str, Any] = backend.list_tags_for_resource(ResourceId=params["ResourceId"])
    return listed


def _units(backend: Any) -> list[Any]:
    return [unit for unit in backend.ou if unit.type == "ORGANIZATIONAL_UNIT"]


def _parent(parent_id: str, backend: Any) -> str:
    if all(unit.id != parent_id for unit in backend.ou):
        raise AwsError("ParentNotFoundException", "We can't find a root or OU with the ParentId that you specified.")
    return parent_id


def _account(backend: Any, account: Any) -> dict[str, Any]:
    described: dict[str, Any] = account.describe()
    if not status_is_shown:
        described.pop("Status", None)
    if paths_are_shown:
        described["Paths"] = [f"{membership.path_of(backend, account.parent_id)}{account.id}/"]
    return described


def _unit(backend: Any, unit: Any) -> dict[str, Any]:
    return {"Id": unit.id, "Arn": unit.arn, "Name": unit.name, "Path": membership.path_of(backend, unit.id)}


def _page(call: ServiceCall, params: dict[str, Any], key: str, items: Sequence[Any]) -> dict[str, Any]:
    try:
        shown, token = page(items, call.operation, params.get("NextToken"), min(params.get("MaxResults", _MOST), _MOST))
    except BadTokenError as error:
        raise AwsError("InvalidInputException", "You specified an invalid value for NextToken.") from error
    return {key: shown} | ({"NextToken": token} if token else {})
