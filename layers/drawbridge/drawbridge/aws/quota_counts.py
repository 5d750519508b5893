"""How much there is in the account of what AWS has quotas of: RAM's shares, and VPC Lattice's configurations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from drawbridge.arns import Arn
from drawbridge.aws.errors import translated
from drawbridge.intake.offering.quotas import AccountCounts

if TYPE_CHECKING:
    from mypy_boto3_ram import RAMClient
    from mypy_boto3_vpc_lattice import VPCLatticeClient

_GONE = frozenset({"DISASSOCIATING", "DISASSOCIATED", "FAILED"})
"""What RAM still lists and what is in no share. Whether it counts is documented nowhere."""


class QuotaCounts:
    """Counts by listings of all, one of each kind."""

    def __init__(self, ram: RAMClient, lattice: VPCLatticeClient, *, account_id: str) -> None:
        self._ram = ram
        self._lattice = lattice
        self._account_id = account_id

    def counts(self) -> AccountCounts:
        principals = [*self._associations("PRINCIPAL")]
        resources = [*self._associations("RESOURCE")]
        return AccountCounts(
            shares=self._shares(),
            principals=Counter(each["resourceShareArn"] for each in principals),
            resources=Counter(each["resourceShareArn"] for each in resources),
            # As ``SharePrincipal.is_invited`` has it.
            waiting=sum(each.get("status") == "ASSOCIATING" for each in principals),
            configurations=self._configurations(),
        )

    def _shares(self) -> int:
        with translated("list resource shares of this account"):
            pages = self._ram.get_paginator("get_resource_shares").paginate(
                resourceOwner="SELF", resourceShareStatus="ACTIVE"
            )
            return sum(len(page["resourceShares"]) for page in pages)

    def _associations(self, kind: Literal["PRINCIPAL", "RESOURCE"]) -> Iterator[Any]:
        with translated("list what is in resource shares of this account"):
            for page in self._ram.get_paginator("get_resource_share_associations").paginate(associationType=kind):
                yield from (
                    each
                    for each in page["resourceShareAssociations"]
                    if each.get("status") not in _GONE and each.get("resourceShareArn")
                )

    def _configurations(self) -> int:
        with translated("list resource configurations"):
            pages = self._lattice.get_paginator("list_resource_configurations").paginate()
            arns = [each.get("arn", "") for page in pages for each in page["items"]]
        # Those that others share are listed too.
        return sum(Arn.parse(arn).account_id == self._account_id for arn in arns if arn)
