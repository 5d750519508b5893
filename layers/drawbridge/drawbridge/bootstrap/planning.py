"""The objects of planning, for the function that plans and for the command line, which only shows plans."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import msgspec

from drawbridge.association.aliases import AliasCheck
from drawbridge.association.binding import Binding
from drawbridge.association.plan import Planner
from drawbridge.association.preflight import Preflight
from drawbridge.association.reconcile import AttachmentReconciler
from drawbridge.aws.account_listing import AccountListing
from drawbridge.aws.attachment_listing import AttachmentListing
from drawbridge.aws.configuration_parameters import ConfigurationParameters
from drawbridge.aws.existence import ExistenceById
from drawbridge.aws.hosted_zones import HostedZones
from drawbridge.aws.lattice_entities import LatticeEntities
from drawbridge.aws.owned_object_listing import OwnedObjectListing
from drawbridge.aws.parameter_store import PublishedParameters
from drawbridge.aws.resource_shares import ResourceShares
from drawbridge.aws.service_networks import ServiceNetworks
from drawbridge.aws.vpc_endpoints import VpcEndpoints
from drawbridge.aws.vpcs import Vpcs
from drawbridge.configuration import InForce
from drawbridge.decision.decide import Policies
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.refused_shares import ShareRows, refused_shares, unless_claimed
from drawbridge.request import ResourceShareRequest
from drawbridge.withdrawal.called_for import NOTHING_EXCLUDED, Demand, Excluded, NotCalledFor
from drawbridge.withdrawal.plan import WithdrawalPlanner, WrittenParameters

Client = Callable[[str], Any]
"""Returns the client of an AWS service, by boto3's name for it."""


Rows = Callable[[list[str]], Mapping[str, LedgerRow]]
"""Returns the ledger's rows for the ids of requests."""


class Planning:
    """Builds planners that share their listings."""

    def __init__(self, client: Client, *, prefix: str, account_id: str) -> None:
        self._prefix = prefix
        self._account_id = account_id
        self.shares = ResourceShares(client("ram"))
        self.entities = LatticeEntities(client("vpc-lattice"))
        self.existences = ExistenceById(client("ram"), client("vpc-lattice"), client("ec2"))
        self.network = Vpcs(client("ec2"))
        self.names = PublishedParameters(client("ssm"), owner=prefix)
        self._parameters = ConfigurationParameters(client("ssm"), prefix=prefix)
        self.endpoints = VpcEndpoints(client("ec2"), owner=prefix)
        self._networks = ServiceNetworks(client("vpc-lattice"), owner=prefix, account_id=account_id)
        self.zones = HostedZones(client("route53"), owner=prefix)
        self.reconciler = AttachmentReconciler(self._networks, self.endpoints)
        self._owned_objects = OwnedObjectListing(client("ec2"), client("vpc-lattice"), owner=prefix)
        self._inventory = AccountListing(
            client("ec2"),
            client("vpc-lattice"),
            lambda: client("route53"),
            AttachmentListing(client("ec2"), client("vpc-lattice")),
            account_id=account_id,
        )

    def withdrawal_planner(
        self,
        bindings: InForce[Binding],
        parameters: WrittenParameters | None = None,
        *,
        ledger: ShareRows,
        excluded: Excluded = NOTHING_EXCLUDED,
    ) -> WithdrawalPlanner:
        """Return a planner of what is to be taken down; ``parameters`` are those that are there, if left out."""
        shares = {share.arn: share.name for share in self.shares.shares() if share.in_effect}
        refused = refused_shares(shares, ledger)
        shared_as = defaultdict[str, set[str]](set)
        held_by_refused: dict[str, NotCalledFor] = {}
        for each in self.shares.resources():
            if not each.is_lattice or each.share_arn not in shares or each.share_arn == excluded.share_arn:
                continue
            if each.share_arn in refused:
                held_by_refused[each.arn] = refused[each.share_arn]
            else:
                shared_as[each.arn].add(shares[each.share_arn])
        stated = {arn: each for arn, each in excluded.resources.items() if isinstance(each, NotCalledFor)}
        excluded = msgspec.structs.replace(
            excluded, resources=unless_claimed(held_by_refused | stated, ledger, cache(self.shares.contents_of_share))
        )
        demand = Demand(
            bindings,
            prefix=self._prefix,
            account_id=self._account_id,
            shared_as=shared_as,
            tags_of_vpc=self.network.tags_of,
            network_of=self.reconciler.network,
            entity_of=cache(self.entities.entity),
            excluded=excluded,
        )
        return WithdrawalPlanner(
            bindings=bindings,
            parameters=parameters or self._parameters,
            demand=demand,
            owned_objects=self._owned_objects,
            names=self.names,
            existences=self.existences,
            prefix=self._prefix,
            account_id=self._account_id,
        )

    def planner(
        self, policies: Policies, bindings: InForce[Binding], quotas: InForce[tuple[str, int]], rows: Rows
    ) -> Planner:
        """Return a planner for one share: it counts what it has planned already."""

        @cache
        def recorded(share_arn: str) -> Mapping[str, str]:
            request_id = ResourceShareRequest(share_arn=share_arn).request_id
            row = rows([request_id]).get(request_id)
            return (
                {
                    snapshot.name: snapshot.made.endpoint_id
                    for snapshot in row.attachments or ()
                    if snapshot.made.endpoint_id
                }
                if row
                else {}
            )

        return Planner(
            shares=self.shares,
            entities=self.entities,
            network=self.network,
            policies=policies,
            bindings=bindings,
            reconciler=self.reconciler,
            preflight=Preflight(
                self.network, self.endpoints, self._networks, prefix=self._prefix, quotas=dict(quotas.things)
            ),
            aliases=AliasCheck(self.zones),
            account_id=self._account_id,
            quotas=quotas,
            inventory=self._inventory,
            recorded=recorded,
        )
