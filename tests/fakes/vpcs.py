"""The VPCs of an account, in memory; ``aws.vpcs.Vpcs`` has EC2 list them."""

from __future__ import annotations

from drawbridge.association.subnets import Vpc


class InMemoryVpcLookup:
    """VPCs that all have every tag."""

    def __init__(self, *vpcs: Vpc) -> None:
        self.vpcs_there = vpcs

    def vpc(self, vpc_id: str) -> Vpc | None:
        return next((vpc for vpc in self.vpcs_there if vpc.vpc_id == vpc_id), None)

    def tagged(self, tags: dict[str, str]) -> list[Vpc]:
        return list(self.vpcs_there)
