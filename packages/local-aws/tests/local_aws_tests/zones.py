"""Hosted zones of Route 53 in tests, and their records."""

from __future__ import annotations

from typing import Any

from local_aws.services.lattice import network_store
from local_aws.services.privatelink.endpoint_store import ZONE_OF_INTERFACE
from local_aws_tests.sharing import AccountUser, first_vpc

ZONE_OF_LATTICE = network_store.ZONE
"""The hosted zone of VPC Lattice's own names, which is AWS's."""


def private_zone(owner: AccountUser, name: str = "example.com", vpc_id: str | None = None, **params: Any) -> str:
    """Create a zone for a VPC, by default the account's own; return its id."""
    vpc = {"VPCId": vpc_id or first_vpc(owner)[0], "VPCRegion": owner.ec2.meta.region_name}
    request = {"Name": name, "CallerReference": f"{name} in {vpc['VPCId']}", "VPC": vpc, **params}
    made: dict[str, Any] = owner.client("route53").create_hosted_zone(**request)
    return str(made["HostedZone"]["Id"]).removeprefix("/hostedzone/")


def alias(name: str, target: str, zone_id: str | None = None) -> dict[str, Any]:
    """Return an alias record; its target is by default in a zone of AWS's."""
    zone = zone_id or (ZONE_OF_LATTICE if target.endswith(".on.aws") else ZONE_OF_INTERFACE)
    target_record = {"HostedZoneId": zone, "DNSName": target, "EvaluateTargetHealth": False}
    return {"Name": name, "Type": "A", "AliasTarget": target_record}


def record(name: str, kind: str, *values: str, ttl: int = 60) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": value} for value in values]}


def change(owner: AccountUser, zone_id: str, *changes: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """Send one batch of changes: pairs of an action and a record."""
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": each} for action, each in changes]}
    made: dict[str, Any] = owner.client("route53").change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch=batch)
    return made


def put(owner: AccountUser, zone_id: str, *records: dict[str, Any]) -> None:
    change(owner, zone_id, *(("UPSERT", each) for each in records))


def records(owner: AccountUser, zone_id: str) -> list[dict[str, Any]]:
    """Return a zone's records, but for its own NS and SOA."""
    listed = owner.client("route53").list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    return [each for each in listed if each["Type"] not in {"NS", "SOA"}]
