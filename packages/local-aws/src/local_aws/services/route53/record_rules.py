"""Route 53's rules for records, alone and together with others of their zone, with its error messages."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from local_aws.services.dns.dns_names import fault_of, is_in, normal
from local_aws.services.lattice.network_store import ZONE
from local_aws.services.privatelink.endpoint_store import ZONE_OF_INTERFACE
from local_aws.services.route53.hosted_zones import all_zones

Key = tuple[str, str, str | None]
"""A record's name, type and set identifier, which are unique."""

_DOMAINS = {ZONE_OF_INTERFACE: "vpce.amazonaws.com", ZONE: "on.aws"}
"""The domains of AWS's own hosted zones that appear in answers here."""


def faults_in_values(record: dict[str, Any], domain: str) -> Iterator[str]:
    """Yield the faults of a record by itself."""
    name, kind = record["Name"], record["Type"]
    if fault := fault_of(name):
        yield fault
        return
    if not is_in(normal(name), domain):
        yield f"RRSet with DNS name {name} is not permitted in zone {domain}."
    if kind == "CNAME" and normal(name) == domain:
        yield f"RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {domain}."
    if (alias := record.get("AliasTarget")) and (fault := fault_of(alias["DNSName"])):
        yield fault
    values = [each["Value"] for each in record.get("ResourceRecords") or ()]
    for value, times in Counter(values).items():
        if times > 1:
            yield f"Duplicate Resource Record: '{value}'"
        if fault := _value_fault(kind, value):
            yield f"Invalid Resource Record: '{fault} encountered with '{value}''"
    if kind == "CNAME" and len(values) > 1:
        yield f"RRSet of type CNAME with DNS name {name} has more than one value."


def _value_fault(kind: str, value: str) -> str | None:
    if kind == "A" and not _is_address(value, ipaddress.IPv4Address):
        return "FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"
    if kind == "AAAA" and not _is_address(value, ipaddress.IPv6Address):
        return "FATAL problem: AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)"
    if kind in {"TXT", "SPF"} and not (len(value) > 1 and value[0] == value[-1] == '"'):
        return "FATAL problem: InvalidCharacterString (Value should be enclosed in quotation marks)"
    if kind == "CNAME" and fault_of(value):
        return "FATAL problem: CNAMERRDATADomainName (Value is not a valid domain name)"
    return None


def _is_address(value: str, form: type[ipaddress.IPv4Address | ipaddress.IPv6Address]) -> bool:
    try:
        form(value)
    except ValueError:
        return False
    return True


def faults_together(records: Mapping[Key, dict[str, Any]], written: Iterable[Key], zone: Any) -> Iterator[str]:
    """Yield the faults of written records together with all others of the zone."""
    for key in written:
        name, kind, identifier = key
        others = {each for each in records if each[0] == name and each != key}
        if kind == "CNAME" and any(each[1] != "CNAME" for each in others):
            yield (
                f"RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records with the"
                f" same DNS name in zone {zone.name}"
            )
        elif kind != "CNAME" and any(each[1] == "CNAME" for each in others):
            yield (
                f"RRSet of type {kind} with DNS name {name} is not permitted because a conflicting RRSet of type CNAME"
                f" with the same DNS name already exists in zone {zone.name}"
            )
        if any(each[1] == kind and (each[2] is None) != (identifier is None) for each in others):
            yield (
                f"RRSet with DNS name {name}, type {kind} cannot be created as other RRSets exist with the same name"
                " and type, and not all of them have a SetIdentifier"
            )
        alias = records[key].get("AliasTarget")
        if alias and (fault := _alias_fault(alias, kind, records, zone)):
            yield fault


def _alias_fault(alias: dict[str, Any], kind: str, records: Mapping[Key, dict[str, Any]], zone: Any) -> str | None:
    target, zone_id = alias["DNSName"], alias["HostedZoneId"]
    tried = f"Tried to create an alias that targets {target}, type {kind} in zone {zone_id},"
    domain = normal(zone.name) if zone_id == zone.resource_id else _DOMAINS.get(zone_id)
    if domain is not None and not is_in(normal(target), domain):
        return f"{tried} but the alias target name does not lie within the target zone"
    if zone_id == zone.resource_id:
        exists = any(key[:2] == (target, kind) for key in records)
    else:
        # An alias can target the records of its own zone or of AWS's zones, but of no other account-owned zone.
        exists = all(other.resource_id != zone_id for _, other in all_zones())
    return None if exists else f"{tried} but that target was not found"
