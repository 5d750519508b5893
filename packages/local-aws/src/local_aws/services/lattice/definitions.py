"""Definitions of resource configurations: a name, an address, an AWS resource or address ranges; and the ports."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Final

from moto.ec2.models import ec2_backends

from local_aws.moto_extension.operations import ServiceCall
from local_aws.services.lattice.store import LatticeResource, invalid

_OF_KIND: Final = {
    "SINGLE": frozenset({"dnsResource", "ipResource"}),
    "CHILD": frozenset({"dnsResource", "ipResource"}),
    "ARN": frozenset({"arnResource"}),
    "CIDR": frozenset({"cidrResource"}),
}
_NAME: Final = re.compile(r"([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_DATABASE: Final = re.compile(r"arn:[a-z-]+:rds:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(db|cluster):[a-z0-9-]+")
_LAST_PORT: Final = 65535
_RESERVED: Final = [
    ipaddress.ip_network(each) for each in ("169.254.0.0/16", "100.64.0.0/10", "224.0.0.0/4", "fe80::/10", "ff00::/8")
]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def is_name(name: str) -> bool:
    return bool(_NAME.fullmatch(name))


def check_ports(ranges: list[str]) -> None:
    """Refuse ports that do not exist and ranges that run backwards.

    Raises:
        AwsError: a port range is invalid.
    """
    for each in ranges:
        first, _, last = each.partition("-")
        if not 1 <= int(first) <= int(last or first) <= _LAST_PORT:
            raise invalid(f"The port range {each} is not valid.")


def check_definition(call: ServiceCall, kind: str, definition: dict[str, Any], gateway: LatticeResource) -> None:
    """Refuse a definition that does not fit the kind or is not well formed.

    Raises:
        AwsError: the definition is invalid.
    """
    members = [member for member, value in definition.items() if value is not None]
    if len(members) != 1 or members[0] not in _OF_KIND[kind]:
        raise invalid(
            f"A resource configuration of type {kind} is defined by one of {', '.join(sorted(_OF_KIND[kind]))}."
        )
    resource = definition[members[0]]
    if "dnsResource" in members and not is_name(resource.get("domainName", "")):
        raise invalid(f"{resource.get('domainName', '')!r} is not a domain name.")
    if "ipResource" in members:
        _check_address(resource.get("ipAddress", ""), gateway)
    if "arnResource" in members:
        _check_database(call, resource.get("arn", ""))
    if "cidrResource" in members:
        _check_networks(resource.get("cidrRanges") or [])


def _check_address(text: str, gateway: LatticeResource) -> None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise invalid(f"{text!r} is not an IP address.") from error
    vpc = ec2_backends[gateway.owner][gateway.region].vpcs[gateway.shown["vpcId"]]
    blocks = [each["cidr_block"] for ipv6 in (False, True) for each in vpc.get_cidr_block_association_set(ipv6=ipv6)]
    if not any(address in ipaddress.ip_network(block) for block in blocks):
        raise invalid(f"{text} is not an address of the resource gateway's VPC.")


def _check_database(call: ServiceCall, arn: str) -> None:
    match = _DATABASE.fullmatch(arn)
    if match is None:
        raise invalid("The resource's ARN must be that of an Amazon RDS DB instance or cluster.")
    if (match["region"], match["account"]) != (call.region, call.account_id):
        raise invalid(f"{arn} is not in this account and Region.")


def _check_networks(texts: list[str]) -> None:
    networks = [_network(text) for text in texts]
    everything = [each for each in networks if each.prefixlen == 0]
    if not networks or (everything and len(networks) > 1):
        raise invalid("Specify CIDR ranges; a range that is the entire network must be the only one.")
    for network in networks:
        if network not in everything and any(_overlap(network, reserved) for reserved in _RESERVED):
            raise invalid(f"{network} is a reserved range.")


def _network(text: str) -> Network:
    if "/" not in text:
        raise invalid(f"The CIDR range {text!r} lacks its prefix length.")
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise invalid(f"{text!r} is not a CIDR range.") from error


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)
