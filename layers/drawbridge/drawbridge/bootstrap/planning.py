"""What plans are made with: by the function that plans, and by the command line, which only shows them."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from drawbridge.association.aliases import AliasCheck
from drawbridge.association.associate import Ways
from drawbridge.association.binding import Binding
from drawbridge.association.plan import Planner
from drawbridge.association.preflight import Preflight
from drawbridge.aws.lattice_entities import LatticeEntities
from drawbridge.aws.makings import Makings
from drawbridge.aws.network import Network
from drawbridge.aws.private_zones import PrivateZones
from drawbridge.aws.resource_shares import ResourceShares
from drawbridge.aws.service_networks import ServiceNetworks
from drawbridge.aws.surroundings import Surroundings
from drawbridge.aws.survey import Survey
from drawbridge.aws.vpc_endpoints import VpcEndpoints
from drawbridge.configuration import InForce
from drawbridge.decision.decide import Policies
from drawbridge.discovery.row import Row
from drawbridge.request import ResourceShareRequest

Client = Callable[[str], Any]
"""Gives the client of an AWS service, by boto3's name of it."""


Rows = Callable[[list[str]], Mapping[str, Row]]
"""Gives the ledger's rows, by the requests' ids."""


class Planning:
    """One look at what there is to plan with: what is listed once is kept."""

    def __init__(self, client: Client, *, prefix: str, account_id: str) -> None:
        self._prefix = prefix
        self._account_id = account_id
        self.shares = ResourceShares(client("ram"))
        self.entities = LatticeEntities(client("vpc-lattice"))
        self.network = Network(client("ec2"))
        self.endpoints = VpcEndpoints(client("ec2"), owner=prefix)
        self._networks = ServiceNetworks(client("vpc-lattice"), owner=prefix, account_id=account_id)
        self.zones = PrivateZones(client("route53"), owner=prefix)
        self.ways = Ways(self._networks, self.endpoints)
        self._makings = Makings(client("ec2"), client("vpc-lattice"), owner=prefix)
        self._surroundings = Surroundings(
            client("ec2"),
            client("vpc-lattice"),
            lambda: client("route53"),
            Survey(client("ec2"), client("vpc-lattice")),
            account_id=account_id,
        )

    def planner(
        self, policies: Policies, bindings: InForce[Binding], quotas: InForce[tuple[str, int]], rows: Rows
    ) -> Planner:
        """Give a planner for one share: it counts what it has planned already."""

        @cache
        def recorded(share_arn: str) -> Mapping[str, str]:
            request_id = ResourceShareRequest(share_arn=share_arn).request_id
            row = rows([request_id]).get(request_id)
            return {way.name: way.by.endpoint_id for way in row.ways or () if way.by.endpoint_id} if row else {}

        return Planner(
            shares=self.shares,
            entities=self.entities,
            network=self.network,
            policies=policies,
            bindings=bindings,
            ways=self.ways,
            preflight=Preflight(
                self.network, self.endpoints, self._networks, prefix=self._prefix, quotas=dict(quotas.things)
            ),
            aliases=AliasCheck(self.zones),
            account_id=self._account_id,
            quotas=quotas,
            surroundings=self._surroundings,
            makings=self._makings,
            recorded=recorded,
        )
