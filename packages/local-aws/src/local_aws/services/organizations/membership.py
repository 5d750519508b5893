"""Accounts' membership of organizations, kept in moto's Organizations backends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.organizations.models import FakeAccount, FakeOrganization, FakeOrganizationalUnit, FakeRoot
from moto.organizations.models import organizations_backends as backends

from local_aws.moto_extension.tables import lock, table

_PARTITION = "aws"

_sharing = table()
"""Ids of organizations in which RAM shares without invitations."""


@dataclass(frozen=True)
class Membership:
    """An account's place in its organization."""

    organization_id: str
    organization_arn: str
    management_account_id: str
    units: tuple[str, ...]
    """ARNs of the organizational units above the account, from the top."""
    path: str
    """As in ``DescribeAccount``: ``o-…/r-…/ou-…/ACCOUNT/``."""


def backend_of(account_id: str) -> Any | None:
    """Return the moto backend that holds the account's organization; it is the management account's."""
    for owner in list(backends):
        backend = backends[owner][_PARTITION]
        if backend.org is not None and any(account.id == account_id for account in backend.accounts):
            return backend
    return None


def membership(account_id: str) -> Membership | None:
    backend = backend_of(account_id)
    if backend is None:
        return None
    account = next(account for account in backend.accounts if account.id == account_id)
    units = tuple(reversed(list(_units_above(backend, account.parent_id))))
    return Membership(
        backend.org.id,
        backend.org.arn,
        backend.org.master_account_id,
        tuple(unit.arn for unit in units),
        path_of(backend, account.parent_id) + f"{account_id}/",
    )


def path_of(backend: Any, parent_id: str) -> str:
    """Return the path of a root or organizational unit, ending in a slash."""
    units = reversed([unit.id for unit in _units_above(backend, parent_id)])
    return "/".join([backend.org.id, backend.org.root_id, *units]) + "/"


def same_organization(one: str, other: str) -> bool:
    first, second = membership(one), membership(other)
    return first is not None and second is not None and first.organization_id == second.organization_id


def belongs_to(account_id: str, entity_arn: str) -> bool:
    """Return whether the account is in the organization or organizational unit that has this ARN."""
    own = membership(account_id)
    return own is not None and (entity_arn == own.organization_arn or entity_arn in own.units)


def entity_exists(account_id: str, entity_arn: str) -> bool:
    """Return whether the ARN is of the account's own organization or of an entity in it."""
    backend = backend_of(account_id)
    if backend is None:
        return False
    return entity_arn == backend.org.arn or any(
        unit.arn == entity_arn and unit.type == "ORGANIZATIONAL_UNIT" for unit in backend.ou
    )


def sharing_is_on(account_id: str) -> bool:
    own = membership(account_id)
    return own is not None and own.organization_id in _sharing


def turn_sharing_on(organization_id: str) -> None:
    _sharing[organization_id] = True


def turn_sharing_off(organization_id: str) -> None:
    _sharing.pop(organization_id, None)


def arrange(management: str, accounts: Mapping[str, str], ram_sharing: bool) -> None:
    """Build an organization: accounts by id, each with the path of its organizational unit (``workloads/prod``).

    It replaces earlier organizations that were built so, and any that one of the accounts was in.
    """
    with lock:
        _disband({management, *accounts})
        backend = backends[management][_PARTITION]
        backend.org = FakeOrganization(management, "us-east-1", "ALL")
        backend.ou = [FakeRoot(backend.org)]
        _enter(backend, management, "management", _unit_at(backend, accounts.get(management, "")))
        for account_id, path in accounts.items():
            if account_id != management:
                _enter(backend, account_id, f"account {account_id}", _unit_at(backend, path))
        if ram_sharing:
            turn_sharing_on(backend.org.id)
        _arranged[management] = True


_arranged = table()


def _disband(accounts: set[str]) -> None:
    for owner in list(backends):
        backend = backends[owner][_PARTITION]
        if backend.org is None:
            continue
        if owner in _arranged or accounts & {account.id for account in backend.accounts}:
            _sharing.pop(backend.org.id, None)
            _arranged.pop(owner, None)
            backend._reset()  # noqa: SLF001 - moto's own way to forget an organization, under no public name


def _enter(backend: Any, account_id: str, name: str, parent_id: str) -> None:
    account = FakeAccount(backend.org, AccountName=name, Email=f"{account_id}@example.com")
    account.id = account_id
    account.parent_id = parent_id
    backend.accounts.append(account)


def _unit_at(backend: Any, path: str) -> str:
    parent_id: str = backend.org.root_id
    for name in filter(None, path.split("/")):
        unit = next((each for each in backend.ou if each.name == name and each.parent_id == parent_id), None)
        if unit is None:
            unit = FakeOrganizationalUnit(backend.org, Name=name, ParentId=parent_id)
            backend.ou.append(unit)
        parent_id = unit.id
    return parent_id


def _units_above(backend: Any, parent_id: str) -> Iterator[Any]:
    while parent_id != backend.org.root_id:
        unit = next(each for each in backend.ou if each.id == parent_id)
        yield unit
        parent_id = unit.parent_id
