"""The inventory of an account, in memory; ``aws.account_listing.AccountListing`` has AWS list it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from drawbridge.association import Mode
from drawbridge.association.account_inventory import ListedNetwork, ListedVpc


class InMemoryAccountInventory:
    """An account's VPCs and what is in them, its service networks and hosted zones, and what others share with it."""

    def __init__(self) -> None:
        self.listed: dict[str, tuple[str, ...]] = {}
        self.vpcs_there: list[ListedVpc] = []
        self.vpc_of_subnet: dict[str, str] = {}
        self.vpc_of_group: dict[str, str] = {}
        self.networks_there: list[ListedNetwork] = []
        self.foreign: list[ListedNetwork] = []
        self.zones: dict[str, bool] = {}
        self.endpoint_counts: dict[tuple[str, Mode], int] = {}

    def resources(self, arns: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        return {arn: self.listed[arn] for arn in arns if arn in self.listed}

    def vpcs(self) -> Collection[ListedVpc]:
        return self.vpcs_there

    def subnets(self) -> Mapping[str, str]:
        return self.vpc_of_subnet

    def security_groups(self) -> Mapping[str, str]:
        return self.vpc_of_group

    def own_networks(self) -> Mapping[str, ListedNetwork]:
        return {each.name: each for each in self.networks_there}

    def networks(self) -> Collection[ListedNetwork]:
        return [*self.networks_there, *self.foreign]

    def hosted_zones(self) -> Mapping[str, bool]:
        return self.zones

    def endpoints(self, vpc_id: str, mode: Mode) -> int:
        return self.endpoint_counts.get((vpc_id, mode), 0)
