"""Domains that an account proves to be its own, so that consumers may resolve names in them privately."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local_aws.clock import clock
from local_aws.services.idempotency import once
from local_aws.services.lattice_store import LatticeResource, invalid, lattice_page, not_found
from local_aws.services.operations import Call, add_operation
from local_aws.services.tables import later, new_id, table
from local_aws.services.timings import timings

KIND = "DOMAIN_VERIFICATION"

_domains = table()


@dataclass
class Domain:
    """A domain under verification. There is no DNS here to look for the record in: waiting is enough."""

    id: str
    arn: str
    owner: str
    region: str
    name: str
    tags: dict[str, str]
    record: dict[str, str]
    status: str = "PENDING"
    created: datetime = field(default_factory=clock.now)

    def describe(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "arn": self.arn,
            "domainName": self.name,
            "status": self.status,
            "txtMethodConfig": self.record,
            "createdAt": self.created,
            "tags": self.tags,
        }

    def verify(self) -> None:
        self.status = "VERIFIED"


def install() -> None:
    add_operation("vpc-lattice", "StartDomainVerification", _start)
    add_operation("vpc-lattice", "GetDomainVerification", _get)
    add_operation("vpc-lattice", "ListDomainVerifications", _list)
    add_operation("vpc-lattice", "DeleteDomainVerification", _delete)


def domain_of(call: Call, identifier: str, custom_name: str | None) -> dict[str, str]:
    """Give what a resource configuration says of the domain that its custom name is in."""
    domain = _own(call, identifier)
    if custom_name is None or not f".{custom_name}".endswith(f".{domain.name}"):
        raise invalid(f"{custom_name} is not in the domain {domain.name}.")
    return {"domainVerificationId": domain.id, "domainVerificationArn": domain.arn}


def status_of(configuration: LatticeResource) -> str | None:
    domain = _domains.get(configuration.shown.get("domainVerificationId"))
    return domain.status if domain is not None else None


def _start(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    def start() -> Domain:
        domain_id, name = new_id("dv"), params["domainName"]
        domain = Domain(
            domain_id,
            call.arn("vpc-lattice", f"domainverification/{domain_id}"),
            call.account_id,
            call.region,
            name,
            dict(params.get("tags") or {}),
            {"name": f"_{secrets.token_hex(16)}.{name}", "value": f"vpc-lattice:{secrets.token_hex(16)}"},
        )
        _domains[domain_id] = domain
        later(timings.domain_verified, domain.verify)
        return domain

    started: Domain = once(call, params, params.get("clientToken"), start)
    return started.describe()


def _get(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    return _own(call, params["domainVerificationIdentifier"]).describe()


def _list(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    own = [each.describe() for each in _domains.values() if (each.owner, each.region) == (call.account_id, call.region)]
    return lattice_page(call, params, own)


def _delete(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    del _domains[_own(call, params["domainVerificationIdentifier"]).id]
    return {}


def _own(call: Call, identifier: str) -> Domain:
    domain = _domains.get(identifier.rpartition("/")[2])
    if domain is None or (domain.owner, domain.region) != (call.account_id, call.region):
        raise not_found(identifier, KIND)
    found: Domain = domain
    return found
