"""AWS's words for private DNS: the same in VPC Lattice and EC2, whose user guides have others."""

from drawbridge.association import PrivateDns

PREFERENCES = {
    PrivateDns.VERIFIED: "VERIFIED_DOMAINS_ONLY",
    PrivateDns.VERIFIED_AND_LISTED: "VERIFIED_DOMAINS_AND_SPECIFIED_DOMAINS",
    PrivateDns.LISTED: "SPECIFIED_DOMAINS_ONLY",
    PrivateDns.ALL: "ALL_DOMAINS",
}

_BY_PREFERENCE = {preference: private_dns for private_dns, preference in PREFERENCES.items()}


def private_dns_of(preference: str) -> PrivateDns:
    """Give ours for AWS's; AWS's default is to take verified domains only."""
    return _BY_PREFERENCE.get(preference, PrivateDns.VERIFIED)
