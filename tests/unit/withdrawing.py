"""The withdrawal planner over fakes of its ports: what tests of withdrawals have AWS list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from drawbridge.association import MadeAttachment, NetworkRef
from drawbridge.association.binding import Binding
from drawbridge.association.observed_attachment import ObservedServiceNetwork
from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.configuration import InForce
from drawbridge.decision import AlreadyResolved
from drawbridge.decision.permission import Permission, Permitted
from drawbridge.lattice import Entity, ResourceKind
from drawbridge.publication import AttachmentSnapshot
from drawbridge.publication.documents import to_parameter
from drawbridge.publication.names import connection_path, document_parameter, name_parameter
from drawbridge.publication.parameters import ObservedParameter
from drawbridge.request import ExecutionInput
from drawbridge.request.absence import Absence
from drawbridge.request.shares import SharedResource
from drawbridge.withdrawal import ConnectedRecord
from drawbridge.withdrawal.attempt import WithdrawalPorts
from drawbridge.withdrawal.called_for import NOTHING_EXCLUDED, Demand, Excluded
from drawbridge.withdrawal.plan import WithdrawalPlanner
from tests.builders import CONSUMER, NOW, PROVIDER, RESOURCE_ARN, connection_document, entity, shared_resource
from tests.builders import VPC_ID as VPC
from tests.fakes.attempts import InMemoryAttempts
from tests.fakes.existence import InMemoryExistences
from tests.fakes.owned_objects import InMemoryOwnedObjects
from tests.fakes.parameter_store import InMemoryPublicationStore
from tests.unit.planning import binding

PREFIX = "drawbridge"
OTHER_VPC = "vpc-0fedcba9876543210"
NET = "arn:aws:vpc-lattice:us-east-1:222222222222:servicenetwork/sn-0123456789abcdef0"
ENDPOINT = OwnedObject(id="vpce-1", kind=OwnedKind.ENDPOINT, binding="orders", resource_arn=RESOURCE_ARN, vpc_id=VPC)
IN_NETWORK = OwnedObject(
    id="snra-1", kind=OwnedKind.RESOURCE_ASSOCIATION, arn="arn:1", resource_arn=RESOURCE_ARN, network_arn=NET
)
VPC_OF_NETWORK = OwnedObject(id="snva-1", kind=OwnedKind.VPC_ASSOCIATION, arn="arn:2", network_arn=NET, vpc_id=VPC)
TO_NETWORK = OwnedObject(id="vpce-2", kind=OwnedKind.NETWORK_ENDPOINT, network_arn=NET, vpc_id=VPC)


def by_network(mode: str = "service-network", vpc: str = VPC) -> Binding:
    return binding("central", attach={"mode": mode, "vpc": vpc, "serviceNetwork": {"name": "central"}})


class WithdrawalWorld:
    """An account, what is shared with it, and what was made and published in it."""

    def __init__(self) -> None:
        self.shared_as: dict[str, set[str]] = defaultdict(set, {RESOURCE_ARN: {"orders"}})
        self.of_another_share: dict[str, set[str]] = {}
        """What a share holds that is not the one that is excluded, if any is."""
        self.entities: dict[str, Entity] = {RESOURCE_ARN: entity()}
        self.vpcs: dict[str, dict[str, str]] = {VPC: {}, OTHER_VPC: {}}
        self.networks = {NET: ObservedServiceNetwork(arn=NET, name="central")}
        self.owned_objects = InMemoryOwnedObjects()
        self.store = InMemoryPublicationStore()
        self.existences = InMemoryExistences()
        self.existences.held = {RESOURCE_ARN}
        self.written: set[str] = set()
        """Bindings that are written, whether or not Parameter Store lists them."""
        self.connected = ConnectedRecord(account_id=PROVIDER)
        self.of_others: list[AttachmentSnapshot] = []
        """How other requests' attachments were left."""

    def publish(self, binding: str = "orders", resource: str = "orders-db", **document: Any) -> str:
        """Publish a name, as the request's row tells; return its path."""
        per_vpc = document.pop("per_vpc", None)
        published = connection_document(**document)
        path = connection_path(PREFIX, binding, resource, per_vpc)
        subject = published.resource_configuration_arn
        both = {name_parameter(path): published.dns_name, document_parameter(path): to_parameter(published)}
        for name, value in both.items():
            self.store.there[name] = ObservedParameter(value=value, subject=subject)
        self.connected = msgspec.structs.replace(
            self.connected, published=tuple(sorted({*self.connected.published, *both}))
        )
        return path

    def attach(self, name: str = f"orders/orders-db/{VPC}", **made: Any) -> None:
        """Keep in the row how an attachment was left."""
        snapshot = AttachmentSnapshot(
            name=name,
            resource_arn=RESOURCE_ARN,
            resource_kind=ResourceKind.RESOURCE_CONFIGURATION,
            holds_others=False,
            made=MadeAttachment(**made),
            observed_fingerprint="as it was left",
        )
        self.connected = msgspec.structs.replace(self.connected, attachments=(*self.connected.attachments, snapshot))

    def attach_by_network(self, network_arn: str = NET) -> None:
        """Keep in the row that the resource was attached by a service network, and by an endpoint to it."""
        self.attach(
            f"central/orders-db/{VPC}",
            network_arn=network_arn,
            resource_association="snra-1",
            vpc_association="snva-1",
            endpoint_id="vpce-2",
        )

    def mark(self, *gone: str, confirmed: bool = True) -> None:
        """Have AWS say that these are gone, and keep the marks in the row."""
        self.existences.held -= {*gone}
        marks = tuple(Absence(of=each, since=NOW, confirmed=confirmed) for each in gone)
        self.connected = msgspec.structs.replace(self.connected, absent=marks)

    def planner(self, *bindings: Binding, excluded: Excluded = NOTHING_EXCLUDED) -> WithdrawalPlanner:
        in_force = InForce(tuple(bindings), tuple((each.name, 1) for each in bindings), ())
        return self.planner_of(in_force, excluded)

    def planner_of(self, bindings: InForce[Binding], excluded: Excluded = NOTHING_EXCLUDED) -> WithdrawalPlanner:
        demand = Demand(
            bindings,
            prefix=PREFIX,
            account_id=CONSUMER,
            shared_as=self.shared_as if not excluded.share_arn else self.of_another_share,
            tags_of_vpc=self.vpcs.get,
            network_of=self._network,
            entity_of=self.entities.get,
            excluded=excluded,
        )
        return WithdrawalPlanner(
            bindings=bindings,
            parameters=self,
            demand=demand,
            owned_objects=self.owned_objects,
            names=self,
            existences=self.existences,
            prefix=PREFIX,
            account_id=CONSUMER,
        )

    def is_written(self, path: str, name: str) -> bool:
        return path == "bindings" and name in self.written

    def published(self, parameters: Collection[str]) -> Mapping[str, str]:
        return {name: there.value for name in parameters if (there := self.store.read(name)) is not None}

    def below(self, path: str) -> list[tuple[str, str]]:
        return self.store.below(path)

    def _network(self, named: NetworkRef) -> ObservedServiceNetwork | None:
        return self.networks.get(named.identifier)


class WithdrawalAttempts:
    """Attempts that take something down in such an account; what people configure may change between two plans."""

    def __init__(self) -> None:
        self.world = WithdrawalWorld()
        self.attempts = InMemoryAttempts()
        self.bindings: list[Binding] = []
        self.time = NOW
        self.asked_for: list[str] = []
        """The requests whose rows were read."""
        self.others_asked_for = 0
        """How often the rows of others were."""
        self.permission: Permission | AlreadyResolved = Permitted()
        """What policies say of the request, and of what of it is associated."""
        self.permissions_to_associate: dict[tuple[str, str], Permission] = {}

    def connected(self, request_id: str) -> ConnectedRecord:
        self.asked_for.append(request_id)
        return self.world.connected

    def attachments_of_others(self, request_id: str) -> list[AttachmentSnapshot]:
        self.others_asked_for += 1
        return self.world.of_others

    def contents_of_share(self, share_arn: str) -> list[SharedResource]:
        return [shared_resource(arn) for arn in self.world.shared_as]

    def of_request(self, execution: ExecutionInput) -> Permission | AlreadyResolved:
        return self.permission

    def to_associate(self, share_arn: str) -> Mapping[tuple[str, str], Permission]:
        return self.permissions_to_associate

    @property
    def ports(self) -> WithdrawalPorts:
        return WithdrawalPorts(
            ledger=self,
            planner=lambda excluded: self.world.planner(*self.bindings, excluded=excluded),
            attempts=self.attempts,
            existences=self.world.existences,
            shares=self,
            permissions=self,
            now=lambda: self.time,
            prefix=PREFIX,
        )
