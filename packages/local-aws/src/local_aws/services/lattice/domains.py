"""Domain verifications, by which an account proves a domain to be its own, for consumers' private DNS."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local_aws.moto_extension.idempotency import once
from local_aws.moto_extension.operations import ServiceCall, add_operation
from local_aws.moto_extension.tables import later, new_id, table
from local_aws.services.dns.public_dns import texts
from local_aws.services.lattice.definitions import is_name
from local_aws.services.lattice.store import (
    LatticeResource,
    by_kind,
    conflict,
    invalid,
    lattice_page,
    new_tags,
    not_found,
)
from local_aws.services.quotas import lattice_quota, quotas
from local_aws.services.timings import timings
from local_aws.time.clock import clock

KIND = "DOMAIN_VERIFICATION"

_domains = table()
by_kind["domainverification"] = _domains


@dataclass
class Domain:
    """A domain under verification: verified once its TXT record is found, unless that takes too long."""

    id: str
    arn: str
    owner: str
    region: str
    name: str
    tags: dict[str, str]
    record: dict[str, str]
    status: str = "PENDING"
    created: datetime = field(default_factory=clock.now)
    verified: datetime | None = None

    def describe(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "arn": self.arn,
            "domainName": self.name,
            "status": self.status,
            "txtMethodConfig": self.record,
            "createdAt": self.created,
            "tags": self.tags,
            **({"lastVerifiedTime": self.verified} if self.verified else {}),
        }

    def look_up(self) -> None:
        """Look the record up, and again later: after a tenth of the time passed so far, but at least five seconds."""
        if _domains.get(self.id) is not self:
            return
        if self.record["value"] in texts(self.record["name"]):
            self.status, self.verified = "VERIFIED", clock.now()
            return
        passed = (clock.now() - self.created).total_seconds()
        if passed >= timings.domain_timed_out:
            self.status = "VERIFICATION_TIMED_OUT"
            return
        later(max(timings.domain_looked_up, passed / 10), self.look_up, background=True)


def install() -> None:
    add_operation("vpc-lattice", "StartDomainVerification", _start)
    add_operation("vpc-lattice", "GetDomainVerification", _get)
    add_operation("vpc-lattice", "ListDomainVerifications", _list)
    add_operation("vpc-lattice", "DeleteDomainVerification", _delete)


def domain_of(call: ServiceCall, identifier: str, custom_name: str | None) -> dict[str, str]:
    """Return a resource configuration's members about the domain of its custom name."""
    domain = _own(call, identifier)
    if custom_name is None or not f".{custom_name}".endswith(f".{domain.name}"):
        raise invalid(f"{custom_name} is not in the domain {domain.name}.")
    return {"domainVerificationId": domain.id, "domainVerificationArn": domain.arn}


def status_of(configuration: LatticeResource) -> str | None:
    """Return the verification status of a configuration's domain; None without a verification.

    The name of a managed child, which AWS assigns, counts as verified.
    """
    if configuration.shown["amazonManaged"]:
        return "VERIFIED"
    domain = _domains.get(configuration.shown.get("domainVerificationId"))
    return domain.status if domain is not None else None


def _start(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    def start() -> Domain:
        domain_id, name = new_id("dv"), params["domainName"].lower()
        here = (call.account_id, call.region)
        own = [each for each in _domains.values() if (each.owner, each.region) == here]
        if not is_name(name):
            raise invalid(f"{name!r} is not a domain name.")
        if any(each.name == name for each in own):
            raise conflict(name, KIND, f"A domain verification for {name} already exists")
        most = quotas.domain_verifications
        lattice_quota(len(own), most, plural="domain verifications in the Region", kind=KIND, code="L-73D0F278")
        domain = Domain(
            domain_id,
            call.arn("vpc-lattice", f"domainverification/{domain_id}"),
            call.account_id,
            call.region,
            name,
            new_tags(params),
            {"name": f"_{secrets.token_hex(16)}.{name}", "value": f"vpc-lattice:{secrets.token_hex(16)}"},
        )
        _domains[domain_id] = domain
        later(timings.domain_looked_up, domain.look_up, background=True)
        return domain

    started: Domain = once(call, params, params.get("clientToken"), start)
    return started.describe()


def _get(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    return _own(call, params["domainVerificationIdentifier"]).describe()


def _list(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    own = [each.describe() for each in _domains.values() if (each.owner, each.region) == (call.account_id, call.region)]
    return lattice_page(call, params, own)


def _delete(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    del _domains[_own(call, params["domainVerificationIdentifier"]).id]
    return {}


def _own(call: ServiceCall, identifier: str) -> Domain:
    domain = _domains.get(identifier.rpartition("/")[2])
    if domain is None or (domain.owner, domain.region) != (call.account_id, call.region):
        raise not_found(identifier, KIND)
    found: Domain = domain
    return found
