"""How much AWS allows, by default or as it was raised for this account."""

from drawbridge.configuration import InForce, Parameters, in_force
from drawbridge.errors import InvalidInputError

PATH = "quotas"

RESOURCE_ENDPOINTS = "resource-endpoints-per-vpc"
NETWORK_ENDPOINTS = "service-network-endpoints-per-vpc"
IN_NETWORK = "resource-configurations-per-service-network"
VPCS_OF_NETWORK = "vpcs-per-service-network"

DEFAULTS = {RESOURCE_ENDPOINTS: 200, NETWORK_ENDPOINTS: 50, IN_NETWORK: 500, VPCS_OF_NETWORK: 500}
"""AWS's (user guides of AWS PrivateLink and VPC Lattice, "Quotas")."""

_MOST = 1_000_000
_MOST_DIGITS = 20
"""With leading zeros; Python reads no more than 4,300 digits."""


def quotas_in_force(parameters: Parameters) -> InForce[tuple[str, int]]:
    """Read the quotas that AWS raised, as people wrote them down."""
    return in_force(parameters, PATH, _parse)


def _parse(name: str, text: str) -> tuple[str, int]:
    if name not in DEFAULTS:
        raise InvalidInputError(f"quota {name[:100]!r}: there is none of that name; there are {', '.join(DEFAULTS)}")
    digits = text.strip()
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS and 0 < int(digits) <= _MOST):
        raise InvalidInputError(f"quota {name}: a whole number from 1 to {_MOST:,} is expected, not {text[:50]!r}")
    return name, int(digits)
