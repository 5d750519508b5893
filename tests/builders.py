"""What tests are made of: each builder fills in what a test is not about."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from drawbridge.approval import AskedQuestion, Line, Options, Question
from drawbridge.approval.ask import ApprovalRecord, Posted
from drawbridge.association import (
    DesiredAttachment,
    Mode,
    NetworkRef,
    ResourceEndpointAttachment,
    ServiceNetworkAttachment,
    ServiceNetworkEndpointAttachment,
)
from drawbridge.association.actions import CreateEndpoint
from drawbridge.association.attachment_document import AttachmentDocument, attachment_of, document_of
from drawbridge.association.observed_attachment import EndpointTarget, NetworkTarget, ObservedServiceNetwork
from drawbridge.association.steps import creation, resource_target
from drawbridge.decision.facts import (
    ConnectionFacts,
    Consumer,
    EvaluationTime,
    Membership,
    OrganizationPlace,
    Requester,
    ResourceFacts,
    Service,
    ShareFacts,
)
from drawbridge.discovery.ledger_row import LedgerRow, is_followed
from drawbridge.discovery.observed_request import ObservedRequest
from drawbridge.hint import HintSource, SweepScope
from drawbridge.lattice import Entity, PrivateDns
from drawbridge.publication.documents import ConnectionDocument
from drawbridge.request import EndpointConnectionRequest, ExecutionInput, Request, ResourceShareRequest
from drawbridge.request.shares import Content, Invitation, InvitationStatus, SharedResource
from drawbridge.status import Reason, Status

REPOSITORY = Path(__file__).parent.parent
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
EVALUATION_TIME = EvaluationTime(NOW)
PROVIDER = "111111111111"
CONSUMER = "222222222222"
STRANGER = "333333333333"
SHARE_ARN = f"arn:aws:ram:us-east-1:{PROVIDER}:resource-share/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
RESOURCE_ARN = f"arn:aws:vpc-lattice:us-east-1:{PROVIDER}:resourceconfiguration/rcfg-07129f3acded87625"
SERVICE_ARN = f"arn:aws:vpc-lattice:us-east-1:{PROVIDER}:service/svc-07129f3acded87625"
SHARED_NETWORK_ARN = f"arn:aws:vpc-lattice:us-east-1:{PROVIDER}:servicenetwork/sn-07129f3acded87625"
NETWORK_ARN = f"arn:aws:vpc-lattice:us-east-1:{CONSUMER}:servicenetwork/sn-0123456789abcdef0"
VPC_ID = "vpc-0123456789abcdef0"
SERVICE_ID = "vpce-svc-03d5ebb7d9579a2b3"
ENDPOINT_ID = "vpce-0c1308d7312217abc"
ATTACHMENT_ID = "tgw-attach-0123456789abcdef0"

SHARE = ResourceShareRequest(share_arn=SHARE_ARN)
CONNECTION = EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=ENDPOINT_ID)


def sample(name: str) -> Any:
    """Load one of ``events/``."""
    return json.loads((REPOSITORY / "events" / f"{name}.json").read_text())


def told(scope: SweepScope, *by: HintSource) -> SweepScope:
    """Return what is to be swept, with who hinted at it."""
    return msgspec.structs.replace(scope, told_by=frozenset(by))


def execution_input(request: Request = SHARE, attempt: int = 1) -> ExecutionInput:
    return ExecutionInput(request=request, request_id=request.request_id, attempt=attempt)


def requester(
    account_id: str = PROVIDER,
    membership: Membership = Membership.UNKNOWN,
    services: frozenset[str] | None = None,
    units: tuple[str, ...] = (),
) -> Requester:
    consumer = None if services is None else Consumer(tier="gold", services=services)
    place = OrganizationPlace(
        membership=membership,
        organization_id="o-abc123" if membership is Membership.MEMBER else "",
        units=units,
        tags=None if membership is Membership.UNKNOWN else {},
    )
    return Requester(account_id=account_id, place=place, consumer=consumer)


def content(arn: str = RESOURCE_ARN, kind: str = "vpc-lattice:resourceconfiguration") -> Content:
    return Content(arn, kind)


SUBNET = content(f"arn:aws:ec2:us-east-1:{PROVIDER}:subnet/subnet-1", "ec2:subnet")


def share_facts(who: Requester | None = None, **changes: Any) -> ShareFacts:
    fields: dict[str, Any] = {
        "requester": who or requester(),
        "share_arn": SHARE_ARN,
        "share_name": "orders",
        "contents": (content(),),
        "deadline": datetime(2026, 11, 22, tzinfo=UTC),
    }
    return ShareFacts(**(fields | changes))


def connection_facts(who: Requester | None = None, **changes: Any) -> ConnectionFacts:
    fields: dict[str, Any] = {
        "requester": who or requester(CONSUMER),
        "service": Service(
            id=SERVICE_ID,
            name=f"com.amazonaws.vpce.us-east-1.{SERVICE_ID}",
            acceptance_required=True,
            tags={"drawbridge:managed": "true"},
        ),
        "endpoint_id": ENDPOINT_ID,
        "endpoint_type": "Interface",
        "region": "us-east-1",
    }
    return ConnectionFacts(**(fields | changes))


def resource_facts(who: Requester | None = None, **changes: Any) -> ResourceFacts:
    fields: dict[str, Any] = {
        "requester": who or requester(),
        "share_arn": SHARE_ARN,
        "share_name": "orders",
        "arn": RESOURCE_ARN,
        "name": "orders-db",
        "type": "SINGLE",
        "protocol": "TCP",
        "port_ranges": ("5432",),
        "domain_verified": False,
        "binding": "orders",
    }
    return ResourceFacts(**(fields | changes))


def shared_resource(arn: str = RESOURCE_ARN, kind: str = "vpc-lattice:resourceconfiguration") -> SharedResource:
    return SharedResource(arn, kind, SHARE_ARN)


def invitation(status: InvitationStatus = InvitationStatus.PENDING, sent_at: datetime = NOW) -> Invitation:
    return Invitation(
        arn=f"arn:aws:ram:us-east-1:{PROVIDER}:resource-share-invitation/{sent_at:%Y%m%d%H%M}",
        share_arn=SHARE_ARN,
        share_name="orders",
        sender=PROVIDER,
        status=status,
        sent_at=sent_at,
    )


def observed_request(**changes: Any) -> ObservedRequest:
    fields: dict[str, Any] = {
        "request": CONNECTION,
        "account_id": CONSUMER,
        "observed_fingerprint": "open",
        "bindings_fingerprint": "",
        "decision_fingerprint": "these policies",
        "policies_fingerprint": "these policies",
        "open": True,
    }
    return ObservedRequest(**(fields | changes))


def row(status: Status, **changes: Any) -> LedgerRow:
    fields: dict[str, Any] = {
        "request": CONNECTION,
        "account_id": CONSUMER,
        "status": status,
        "attempt": 1,
        "settled": True,
        "observed_fingerprint": "open",
        "bindings_fingerprint": "",
        "decision_fingerprint": "these policies",
        "updated_at": NOW.isoformat(),
        "failures": 0,
        "incomplete": False,
    } | changes
    followed = is_followed(fields["status"], settled=fields["settled"])
    return LedgerRow(**({"followed": "yes" if followed else ""} | fields))


def desired(**changes: Any) -> DesiredAttachment:
    """Return a desired attachment; its fields are given flat, whatever its mode."""
    fields: dict[str, Any] = {
        "binding": "orders",
        "resource_name": "orders-db",
        "resource_arn": RESOURCE_ARN,
        "share_arn": SHARE_ARN,
        "provider": PROVIDER,
        "protocol": "TCP",
        "port_ranges": ("5432",),
        "mode": Mode.RESOURCE_ENDPOINT,
        "vpc_id": VPC_ID,
        "subnet_ids": ("subnet-0123456789abcdef0",),
        "security_group_ids": (),
        "private_dns": PrivateDns.OFF,
        "per_vpc": False,
    }
    return attachment_of(AttachmentDocument(**(fields | changes)))


def otherwise(attachment: DesiredAttachment, **changes: Any) -> DesiredAttachment:
    """Return the attachment with changes that are given flat; another mode may be one of them."""
    return attachment_of(msgspec.structs.replace(document_of(attachment), **changes))


def creation_of(
    attachment: DesiredAttachment,
    network: ObservedServiceNetwork | None = None,
    over: tuple[str, ...] = (),
    attempt: int = 1,
) -> CreateEndpoint:
    """Return how the endpoint of an attachment is made."""
    match attachment:
        case ResourceEndpointAttachment() | ServiceNetworkEndpointAttachment():
            return creation(attachment, target_of(attachment, network), over, attempt)
        case ServiceNetworkAttachment():
            raise TypeError(attachment)


def target_of(attachment: DesiredAttachment, network: ObservedServiceNetwork | None = None) -> EndpointTarget:
    """Return what the endpoint of an attachment leads to."""
    match attachment, network:
        case ResourceEndpointAttachment() as to_resource, _:
            return resource_target(to_resource)
        case ServiceNetworkEndpointAttachment(), ObservedServiceNetwork() as known:
            return NetworkTarget(known)
        case _:
            raise TypeError(attachment)


def desired_by_network(mode: Mode = Mode.SERVICE_NETWORK, **changes: Any) -> DesiredAttachment:
    """Return a desired attachment by a service network of this account."""
    subnets = () if mode is Mode.SERVICE_NETWORK else ("subnet-0123456789abcdef0",)
    fields = {"mode": mode, "network": NetworkRef(name="shared"), "subnet_ids": subnets}
    return desired(**(fields | changes))


NETWORK = ObservedServiceNetwork(arn=NETWORK_ARN, name="shared")


def entity(name: str = "orders-db", arn: str = RESOURCE_ARN, **changes: Any) -> Entity:
    fields: dict[str, Any] = {
        "share_arn": SHARE_ARN,
        "owner": PROVIDER,
        "type": "SINGLE",
        "protocol": "TCP",
        "port_ranges": ("5432",),
    }
    return Entity(name=name, arn=arn, **(fields | changes))


def connection_document(**changes: Any) -> ConnectionDocument:
    """Return what is published beside the name of a shared resource."""
    fields: dict[str, Any] = {
        "dns_name": "db.example",
        "hosted_zone_id": "Z0",
        "private_dns_name": None,
        "port_ranges": (),
        "protocol": "TCP",
        "mode": "resource-endpoint",
        "vpc_id": VPC_ID,
        "endpoint_id": "vpce-1",
        "association_id": "vpce-rsc-asc-1",
        "resource_configuration_arn": RESOURCE_ARN,
        "provider": PROVIDER,
        "published_at": NOW.isoformat(),
    }
    return ConnectionDocument(**(fields | changes))


def asked(**changes: Any) -> AskedQuestion:
    fields: dict[str, Any] = {
        "asking": "1-1",
        "fingerprint": "this question",
        "lines": (Line("Account", PROVIDER), Line("Share", "orders")),
        "deadline": NOW + timedelta(hours=4),
    }
    return AskedQuestion(**(fields | changes))


def question(**changes: Any) -> Question:
    """Return a question; the fields of its ``asked`` may be given with those of the question."""
    of_asked = {name: changes.pop(name) for name in AskedQuestion.__struct_fields__ if name in changes}
    fields: dict[str, Any] = {
        "request_id": SHARE.request_id,
        "account_id": PROVIDER,
        "title": "Resource share",
        "asked": asked(**of_asked),
        "why": (Reason("policy", "a person decides", source="ask"),),
        "effects": ("The share is accepted.",),
        "options": Options(),
    }
    return Question(**(fields | changes))


def approval_record(**changes: Any) -> ApprovalRecord:
    fields: dict[str, Any] = {
        "question": question(),
        "token": "a token",
        "link": "https://console.example/execution",
        "posted": Posted("C0APPROVALS", "1.0"),
    }
    return ApprovalRecord(**(fields | changes))
