"""Hosted zones of Route 53, and their records."""

from __future__ import annotations

from typing import Any

from tests.contracts.accounts import REGION, Account, first_vpc

ZONE_OF_LATTICE = "Z066783827Z5TWKVAMRM"
"""The hosted zone of VPC Lattice's own names, which is AWS's."""


def private_zone(owner: Account, name: str = "example.com", vpc_id: str | None = None, **wanted: Any) -> str:
    """Make a zone for a VPC, the account's default one if no other is named; give its id."""
    vpc = {"VPCId": vpc_id or first_vpc(owner)[0], "VPCRegion": REGION}
    asked = {"Name": name, "CallerReference": f"{name} in {vpc['VPCId']}", "VPC": vpc, **wanted}
    made: dict[str, Any] = owner.client("route53").create_hosted_zone(**asked)
    return str(made["HostedZone"]["Id"]).removeprefix("/hostedzone/")


def alias(name: str, target: str) -> dict[str, Any]:
    """Give an alias of one of VPC Lattice's names."""
    wanted = {"HostedZoneId": ZONE_OF_LATTICE, "DNSName": target, "EvaluateTargetHealth": False}
    return {"Name": name, "Type": "A", "AliasTarget": wanted}


def record(name: str, kind: str, *values: str, ttl: int = 60) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": value} for value in values]}


def put(owner: Account, zone_id: str, *records: dict[str, Any]) -> None:
    batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": each} for each in records]}
    owner.client("route53").change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch=batch)


def records(owner: Account, zone_id: str) -> list[dict[str, Any]]:
    """Give a zone's records, but for its own NS and SOA."""
    told = owner.client("route53").list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    return [each for each in told if each["Type"] not in {"NS", "SOA"}]
