"""What there is in hosted zones: a call for each 300 records of a zone, and none for a zone that nobody asks of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from drawbridge.aws.errors import code_of, translated
from drawbridge.aws.once import Once

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_route53.type_defs import ResourceRecordSetOutputTypeDef


class HostedZoneListing:
    """A listing of records: each zone once. The client is built only if somebody asks of a zone, which few do."""

    def __init__(self, route53: Callable[[], Route53Client]) -> None:
        self._route53 = route53
        self._zone = Once[str, dict[str, str]](self._list)

    def leads_to(self, zone_id: str, name: str) -> str:
        """Return where a name leads; empty if there is no record of type A of that name, or no such zone."""
        return self._zone(zone_id).get(name, "")

    def _list(self, zone_id: str) -> dict[str, str]:
        pages = self._route53().get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone_id)
        with translated(f"list the records of {zone_id}"):
            try:
                return {
                    each["Name"].rstrip(".").lower(): _target(each)
                    for page in pages
                    for each in page["ResourceRecordSets"]
                    if each["Type"] == "A"
                }
            except ClientError as error:
                if code_of(error) != "NoSuchHostedZone":
                    raise
                return {}


def _target(record: ResourceRecordSetOutputTypeDef) -> str:
    if "AliasTarget" in record:
        return record["AliasTarget"]["DNSName"].rstrip(".").lower()
    return " ".join(each["Value"] for each in record.get("ResourceRecords", ()))
