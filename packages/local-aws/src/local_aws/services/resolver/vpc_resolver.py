"""The DNS resolver of a VPC: from a name to the ARN that it leads to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local_aws.moto_extension.tables import lock
from local_aws.services.dns.dns_names import is_in, normal
from local_aws.services.ec2.vpc_facts import VpcPlace, place_of
from local_aws.services.resolver.endpoint_names import interface_endpoint_names
from local_aws.services.resolver.vpc_names import lattice_names
from local_aws.services.route53.hosted_zones import zones_of_vpc

_WILDCARD = normal("*.")


class UnknownVpcError(LookupError):
    """The VPC does not exist."""


class UnresolvedError(LookupError):
    """The name does not resolve in the VPC; the message names both and the reason."""


@dataclass(frozen=True)
class Resolution:
    """A name that resolves in a VPC."""

    name: str
    vpc_id: str
    account_id: str
    """The VPC's owner."""
    arn: str
    """Of the resource, service or endpoint that the name leads to."""
    chain: tuple[str, ...]
    """The chain of names, from the queried one to the one that has the ARN."""


def resolve(vpc_id: str, name: str) -> Resolution:
    """Resolve a name as the VPC does; case and a trailing dot make no difference.

    Raises:
        UnknownVpcError: there is no such VPC.
        UnresolvedError: it does not resolve there.
    """
    with lock:
        return _View(_placed(vpc_id)).resolve(normal(name))


def resolve_all(vpc_id: str) -> dict[str, str]:
    """Return all names that resolve in the VPC, each with the ARN of its target.

    Raises:
        UnknownVpcError: there is no such VPC.
    """
    with lock:
        return _View(_placed(vpc_id)).all()


def owner_of(vpc_id: str) -> str:
    """Return the account of a VPC.

    Raises:
        UnknownVpcError: there is no such VPC.
    """
    return _placed(vpc_id).account_id


def _placed(vpc_id: str) -> VpcPlace:
    place = place_of(vpc_id)
    if place is None:
        raise UnknownVpcError(vpc_id)
    return place


class _View:
    """The present DNS of one VPC."""

    def __init__(self, place: VpcPlace) -> None:
        self._account_id, self._vpc = place.account_id, place.vpc
        location = (place.account_id, place.region, place.vpc.id)
        sources = (lattice_names(*location), interface_endpoint_names(*location))
        self._public = {normal(name): arn for names in sources for name, arn in names.public.items()}
        self._private = {normal(name): arn for names in sources for name, arn in names.private.items()}
        # Private hosted zones need both DNS attributes of the VPC.
        zones = zones_of_vpc(place.vpc.id) if place.vpc.enable_dns_hostnames else ()
        self._zones = sorted(((normal(zone.name), zone) for _, zone in zones), key=lambda each: -len(each[0]))

    def all(self) -> dict[str, str]:
        recorded = {normal(record.name) for _, zone in self._zones for record in zone.rrsets}
        found: dict[str, str] = {}
        for name in sorted(self._public.keys() | self._private.keys() | recorded):
            try:
                found[name] = self.resolve(name).arn
            except UnresolvedError:
                continue
        return found

    def resolve(self, name: str) -> Resolution:
        if not self._vpc.enable_dns_support:
            raise self._unresolved(name, "the VPC's attribute enableDnsSupport is off")
        chain: list[str] = []
        following = name
        while following not in chain:
            chain.append(following)
            arn, following = self._step(name, following)
            if arn is not None:
                return Resolution(name, self._vpc.id, self._account_id, arn, tuple(chain))
        raise self._unresolved(name, f"{' -> '.join([*chain, following])} goes round in a circle")

    def _step(self, queried: str, name: str) -> tuple[str | None, str]:
        """Return the ARN that the name has, or the name that its record leads to."""
        if name in self._private:
            return self._private[name], name
        domain, zone = next((each for each in self._zones if is_in(name, each[0])), ("", None))
        if zone is not None:
            target = _target(zone, name)
            if target is None:
                raise self._unresolved(
                    queried,
                    f"the private hosted zone {zone.resource_id} ({domain}) has no alias of type A and no CNAME for"
                    f" {name}",
                )
            return None, target
        if name in self._public:
            return self._public[name], name
        raise self._unresolved(queried, f"nothing there has the name {name}")

    def _unresolved(self, name: str, why: str) -> UnresolvedError:
        return UnresolvedError(f"{name} does not resolve in {self._vpc.id}: {why}")


def _target(zone: Any, name: str) -> str | None:
    """Return the target of the name's record; the first of weighted or failover records."""
    if name.startswith(_WILDCARD):
        return None
    for record in zone.rrsets:
        if normal(record.name) == name:
            if record.type == "A" and record.alias_target:
                return normal(record.alias_target["DNSName"])
            if record.type == "CNAME":
                return normal(str(record.records[0]))
    return None
