"""AWS's words for private DNS: the same in VPC Lattice and EC2, whose user guides have others."""

from collections.abc import Iterable

from drawbridge.lattice import PrivateDns

PREFERENCES = {
    PrivateDns.VERIFIED: "VERIFIED_DOMAINS_ONLY",
    PrivateDns.VERIFIED_AND_LISTED: "VERIFIED_DOMAINS_AND_SPECIFIED_DOMAINS",
    PrivateDns.LISTED: "SPECIFIED_DOMAINS_ONLY",
    PrivateDns.ALL: "ALL_DOMAINS",
}

_LISTING = frozenset({PrivateDns.VERIFIED_AND_LISTED, PrivateDns.LISTED})

_BY_PREFERENCE = {preference: private_dns for private_dns, preference in PREFERENCES.items()}


def private_dns_of(preference: str) -> PrivateDns:
    """Return our word for AWS's: an empty one means verified domains only, an unknown one may mean any."""
    return _BY_PREFERENCE.get(preference, PrivateDns.ALL) if preference else PrivateDns.VERIFIED


def names_of(
    enabled: object, preference: str | None, domains: Iterable[str] | None
) -> tuple[PrivateDns, frozenset[str]]:
    """Read what AWS says of private DNS: which names, and of which domains.

    Where no domains are specified, AWS answers ``*`` for them, and does not take that back (Terraform's AWS provider,
    pull request 45619).
    """
    private_dns = private_dns_of(preference or "") if enabled else PrivateDns.OFF
    return private_dns, frozenset(domains or ()) if private_dns in _LISTING else frozenset()
