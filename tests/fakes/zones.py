"""Hosted zones and the holders of their names, in memory; ``aws.hosted_zones.HostedZones`` has Route 53 tell them."""

from __future__ import annotations

from drawbridge.association import Alias
from drawbridge.association.aliases import Holder, HostedZone


class InMemoryZones:
    """The zones of this account, by their ids, and who has a name in them."""

    def __init__(self, **zones: HostedZone) -> None:
        self.zones_there = zones
        self.holders: dict[Alias, Holder] = {}
        self.asked_for_zones: list[str] = []

    def zone(self, zone_id: str) -> HostedZone | None:
        self.asked_for_zones.append(zone_id)
        return self.zones_there.get(zone_id)

    def holder(self, alias: Alias) -> Holder | None:
        return self.holders.get(alias)
