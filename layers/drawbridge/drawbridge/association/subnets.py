"""Subnets that endpoints are made in: which of them can hold one, and why not."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from drawbridge.association import Mode

_DEFAULT = "ipv4"
_ADDRESSES = {Mode.RESOURCE_ENDPOINT: 1, Mode.SERVICE_NETWORK_ENDPOINT: 16, Mode.SERVICE_NETWORK: 0}
"""An endpoint to a service network takes a /28 for each 16 resources (AWS PrivateLink guide, "Service networks")."""

_WITHOUT_LATTICE = frozenset(
    {"use1-az3", "usw1-az2", "apne1-az3", "apne2-az2", "euc1-az2", "euw1-az4", "cac1-az3", "ilc1-az2"}
)
"""Zones that take no resource endpoint (VPC Lattice user guide, "Resource VPC endpoints")."""


class Subnet(Struct, frozen=True, kw_only=True):
    """A subnet, as far as it matters to an endpoint."""

    id: str
    vpc_id: str
    zone: str
    zone_id: str = ""
    zone_type: str = "availability-zone"
    """In AWS's words; empty if AWS does not list the zone, as where the account did not opt in."""
    on_outpost: bool = False
    address_types: frozenset[str] = frozenset({_DEFAULT})
    """What endpoints in it can have, if all of their subnets can."""
    free: int = 256
    """IPv4 addresses that are left."""


class Vpc(Struct, frozen=True, kw_only=True):
    """A VPC, and the subnets that an endpoint may be made in."""

    vpc_id: str
    subnets: tuple[Subnet, ...] = ()


def chosen_subnets(subnets: Iterable[Subnet], mode: Mode, address_type: str) -> tuple[str, ...]:
    """Return for each zone the subnet with the lowest id that can hold an endpoint: the same one at every sweep."""
    of_zone: dict[str, str] = {}
    for subnet in sorted(subnets, key=lambda subnet: subnet.id):
        if not unfit(subnet, mode, address_type):
            of_zone.setdefault(subnet.zone, subnet.id)
    return tuple(of_zone[zone] for zone in sorted(of_zone))


def unfit(subnet: Subnet, mode: Mode, address_type: str) -> str:
    """Return why the subnet can't hold an endpoint, which would fail as a whole; empty if it can."""
    return next(_blockers(subnet, mode, address_type or _DEFAULT), "")


def _blockers(subnet: Subnet, mode: Mode, address_type: str) -> Iterator[str]:
    if subnet.on_outpost:
        yield f"{subnet.id} is on an Outpost, which takes no such endpoint"
    if subnet.zone_type != "availability-zone":
        called = f"a {subnet.zone_type}" if subnet.zone_type else "a zone that AWS does not list for this account"
        yield f"{subnet.id} is in {subnet.zone}, {called}, which takes no such endpoint"
    if subnet.zone_id in _WITHOUT_LATTICE:
        yield f"{subnet.id} is in {subnet.zone}, which takes no such endpoint"
    if address_type not in subnet.address_types:
        yield f"{subnet.id} is for addresses of type {' or '.join(sorted(subnet.address_types))}, not {address_type}"
    if address_type != "ipv6" and subnet.free < _ADDRESSES[mode]:
        yield f"{subnet.id} has {subnet.free} free addresses of the {_ADDRESSES[mode]} that the endpoint takes"
