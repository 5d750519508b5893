"""Attachments and records as AWS lists them, in memory: ``aws.attachment_listing`` and ``aws.hosted_zone_listing``."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from drawbridge.association import MadeAttachment
from drawbridge.errors import DrawbridgeError, GoneError
from drawbridge.publication.named import NamedResource


class InMemoryListedAttachments:
    """One endpoint, and service networks that all have the same resource in them."""

    def __init__(self, *, endpoint_id: str, resource_arn: str, found: Collection[NamedResource]) -> None:
        self._endpoint_id = endpoint_id
        self._resource_arn = resource_arn
        self.groups: frozenset[str] | None = frozenset({"sg-1"})
        self.found = [*found]
        self.vpcs = frozenset({"snva-1"})
        self.left_with = "verified"
        self.failing: dict[str, DrawbridgeError] = {}
        """Networks that AWS does not list."""

    def security_groups(self, endpoint_id: str) -> frozenset[str] | None:
        return self.groups if endpoint_id == self._endpoint_id else None

    def named(self, endpoint_id: str) -> list[NamedResource]:
        return self.found

    def named_in_network(self, network_arn: str, resource_arn: str) -> list[NamedResource]:
        if resource_arn != self._resource_arn:
            raise GoneError(f"list what leads to {resource_arn} in {network_arn}: ResourceNotFoundException: no")
        if network_arn in self.failing:
            raise self.failing[network_arn]
        return self.found

    def vpc_associations(self, network_arn: str) -> frozenset[str]:
        return self.vpcs

    def settings(self, made: MadeAttachment) -> str:
        return self.left_with


class InMemoryListedRecords:
    """One hosted zone, and where its names lead."""

    def __init__(self, zone_id: str, led: Mapping[str, str]) -> None:
        self._zone_id = zone_id
        self._led = led

    def leads_to(self, zone_id: str, name: str) -> str:
        return self._led.get(name, "") if zone_id == self._zone_id else ""
