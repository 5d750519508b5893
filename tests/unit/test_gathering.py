"""Gathering: the facts of a request, from AWS and the registry."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.decision import AlreadyResolved
from drawbridge.decision.facts import ConnectionFacts, Consumer, Fact, Facts, ShareFacts
from drawbridge.decision.gather import Gatherer, expired_if_late
from drawbridge.errors import AccessDeniedError, GoneError, NotReadyError
from drawbridge.request import EndpointConnectionRequest, Request
from drawbridge.request.connections import (
    ConnectionCounts,
    ConnectionState,
    EndpointConnection,
    LoadBalancer,
    ManagedService,
    count_other_connections,
)
from drawbridge.request.shares import Content, InvitationStatus, Share, SharedResource, expired
from drawbridge.status import Reason, Status
from tests.builders import (
    ATTACHMENT_ID,
    CONNECTION,
    CONSUMER,
    ENDPOINT_ID,
    NOW,
    PROVIDER,
    RESOURCE_ARN,
    SERVICE_ID,
    SHARE,
    SHARE_ARN,
    STRANGER,
    invitation,
    shared_resource,
)
from tests.fakes.consumers import InMemoryConsumerRegistry
from tests.fakes.request_details import InMemoryConnectionDetails, InMemoryOrganizationPlaces, InMemoryShareDetails

PENDING = ConnectionState.PENDING_ACCEPTANCE


def connection(number: int = 0, state: ConnectionState = PENDING, **changes: Any) -> EndpointConnection:
    fields: dict[str, Any] = {
        "service_id": SERVICE_ID,
        "endpoint_id": f"vpce-{number:017x}" if number else ENDPOINT_ID,
        "owner": CONSUMER,
        "region": "eu-west-1",
        "asked_at": NOW + timedelta(minutes=number),
    }
    return EndpointConnection(state=state, **(fields | changes))


class World:
    """What AWS and the registry answer."""

    def __init__(self) -> None:
        self.shares = InMemoryShareDetails()
        self.connections = InMemoryConnectionDetails(connection())
        self.registry = InMemoryConsumerRegistry()

    def gather(
        self, now: datetime = NOW, *, share: bool = False, endpoint_id: str = ENDPOINT_ID
    ) -> Facts | AlreadyResolved:
        gatherer = Gatherer(self.shares, self.connections, InMemoryOrganizationPlaces(), self.registry)
        asking = EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=endpoint_id)
        return gatherer.gather(SHARE if share else asking, now)


@pytest.fixture
def world() -> World:
    return World()


def shared(facts: Facts | AlreadyResolved) -> ShareFacts:
    assert isinstance(facts, ShareFacts)
    return facts


def test_trap_30_who_asks_for_a_connection_is_who_aws_says_owns_the_endpoint(world: World) -> None:
    world.registry.registered[CONSUMER] = Consumer(tier="gold", services=frozenset({"*"}))

    facts = world.gather()

    assert isinstance(facts, ConnectionFacts)
    assert facts.requester.account_id == CONSUMER
    assert facts.requester.place.name == f"name of {CONSUMER}"
    assert facts.requester.consumer == world.registry.registered[CONSUMER]
    assert (facts.service.name, facts.service.private_dns_name) == ("its name", "api.example.com")
    assert (facts.service.tags, facts.region) == ({"tier": "gold"}, "eu-west-1")


def test_connections_that_the_account_has_or_asked_for_before_are_counted(world: World) -> None:
    other = "vpce-svc-00000000000000001"
    world.connections.listed += [
        connection(1, ConnectionState.AVAILABLE),
        connection(2, ConnectionState.PENDING, service_id=other),
        connection(3),
        connection(4, asked_at=NOW - timedelta(days=1), service_id=other),
        connection(5, ConnectionState.REJECTED),
        connection(6, ConnectionState.DELETED),
        connection(7, ConnectionState.AVAILABLE, owner=STRANGER),
    ]

    facts = world.gather()

    assert isinstance(facts, ConnectionFacts)
    assert (facts.connections, facts.connections_to_service) == (3, 1)


def test_endpoints_are_counted_among_endpoints_and_attachments_of_transit_gateways_among_themselves(
    world: World,
) -> None:
    world.connections.listed += [
        connection(0, endpoint_id=ATTACHMENT_ID),
        connection(1, ConnectionState.AVAILABLE),
        connection(2, ConnectionState.AVAILABLE),
        connection(3, ConnectionState.AVAILABLE, endpoint_id="tgw-attach-00000000000000003"),
        connection(4, ConnectionState.AVAILABLE, endpoint_id="tgw-attach-00000000000000004", owner=STRANGER),
    ]

    of_endpoint, of_attachment = world.gather(), world.gather(endpoint_id=ATTACHMENT_ID)

    assert isinstance(of_endpoint, ConnectionFacts)
    assert isinstance(of_attachment, ConnectionFacts)
    assert (of_endpoint.connections, of_attachment.connections) == (2, 1)


def test_an_attachment_of_a_transit_gateway_has_a_type_of_its_own_and_the_rest_of_it_only_if_aws_tells(
    world: World,
) -> None:
    gateway = frozenset({LoadBalancer.GATEWAY})
    world.connections.listed = [connection(endpoint_id=ATTACHMENT_ID, region="", load_balancers=gateway)]

    facts = world.gather(endpoint_id=ATTACHMENT_ID)

    assert isinstance(facts, ConnectionFacts)
    assert (facts.endpoint_id, facts.endpoint_type) == (ATTACHMENT_ID, "TransitGatewayAttachment")
    assert facts.requester.account_id == CONSUMER
    assert {Fact.REGION, Fact.PAYER, Fact.IP_ADDRESS_TYPE} <= facts.unknown


def test_an_endpoint_of_another_region_is_told_with_its_own_and_the_service_s_and_who_pays(world: World) -> None:
    world.connections.listed = [
        connection(
            region="eu-west-1", service_region="us-east-1", ip_address_type="dualstack", payer="vpc-endpoint-account"
        )
    ]

    facts = world.gather()

    assert isinstance(facts, ConnectionFacts)
    assert (facts.region, facts.service.region) == ("eu-west-1", "us-east-1")
    assert (facts.ip_address_type, facts.payer) == ("dualstack", "vpc-endpoint-account")
    assert not {Fact.REGION, Fact.SERVICE_REGION, Fact.IP_ADDRESS_TYPE, Fact.PAYER} & facts.unknown


def test_of_several_that_ask_at_the_same_time_each_has_a_number_of_its_own() -> None:
    at_once = [connection(number, asked_at=NOW) for number in range(1, 11)]

    assert sorted(count_other_connections(each, at_once).to_service for each in at_once) == list(range(10))


def test_a_number_does_not_change_when_those_before_are_let_in() -> None:
    asked = [connection(number) for number in range(1, 6)]
    let_in = [connection(1, ConnectionState.AVAILABLE), connection(2, ConnectionState.PENDING), *asked[2:]]

    assert (
        count_other_connections(asked[4], asked) == count_other_connections(asked[4], let_in) == ConnectionCounts(4, 4)
    )


def test_an_invitation_is_looked_into_before_anybody_accepts(world: World) -> None:
    """Trap 5."""
    subnet = SharedResource("arn:aws:ec2:us-east-1:111111111111:subnet/a", "ec2:subnet", SHARE_ARN)
    world.shares.invitation = invitation()
    world.shares.contents = [subnet, shared_resource(), shared_resource()]

    facts = shared(world.gather(share=True))

    assert facts.contents == (Content(subnet.arn, "ec2:subnet"), Content(RESOURCE_ARN, shared_resource().type))
    assert facts.requester.account_id == PROVIDER
    assert facts.deadline == NOW + timedelta(hours=12)
    assert facts.unknown == {Fact.RESOURCE_TAGS}


def test_the_deadline_goes_by_what_the_invitation_offers(world: World) -> None:
    subnet = SharedResource("arn:aws:ec2:us-east-1:111111111111:subnet/a", "ec2:subnet", SHARE_ARN)
    world.shares.invitation, world.shares.contents = invitation(), [subnet]

    assert shared(world.gather(share=True)).deadline == NOW + timedelta(days=7)


def test_contents_that_aws_does_not_show_are_unknown_and_stop_nothing(world: World) -> None:
    world.shares.invitation = invitation()
    world.shares.contents = AccessDeniedError("no")

    facts = shared(world.gather(share=True))

    assert facts.contents is None
    assert Fact.CONTENTS in facts.unknown


def test_an_invitation_that_shows_nothing_yet_is_not_ready_and_later_is_to_nothing(world: World) -> None:
    world.shares.invitation, world.shares.contents = invitation(), []

    with pytest.raises(NotReadyError):
        world.gather(share=True)
    assert shared(world.gather(NOW + timedelta(minutes=6), share=True)).contents == ()


def test_a_share_in_effect_needs_no_answer(world: World) -> None:
    world.shares.in_effect = Share(arn=SHARE_ARN, name="orders", owner=PROVIDER, tags={"stage": "prod"})

    facts = shared(world.gather(share=True))

    assert (facts.share_name, facts.share_tags, facts.deadline) == ("orders", {"stage": "prod"}, None)
    assert facts.unknown == frozenset()


def test_a_share_that_was_accepted_and_is_not_in_effect_yet_is_waited_for(world: World) -> None:
    world.shares.invitation = invitation(InvitationStatus.ACCEPTED)

    with pytest.raises(NotReadyError, match="not in effect yet"):
        world.gather(share=True)


@pytest.mark.parametrize(
    ("status", "ends", "code"),
    [
        (InvitationStatus.REJECTED, Status.REJECTED, "rejected-elsewhere"),
        (InvitationStatus.EXPIRED, Status.EXPIRED, "deadline-passed"),
        (None, Status.WITHDRAWN, "gone"),
    ],
)
def test_trap_4_what_is_over_is_reported_as_it_ended(
    world: World, status: InvitationStatus | None, ends: Status, code: str
) -> None:
    world.shares.invitation = invitation(status) if status else None

    ended = world.gather(share=True)

    assert isinstance(ended, AlreadyResolved)
    assert (ended.status, ended.because[0].code) == (ends, code)


def test_an_invitation_that_goes_while_it_is_looked_into_was_withdrawn(world: World) -> None:
    world.shares.invitation, world.shares.contents = invitation(), GoneError("gone")

    ended = world.gather(share=True)

    assert isinstance(ended, AlreadyResolved)
    assert ended.status is Status.WITHDRAWN


def test_an_invitation_that_expires_while_it_is_looked_into_has_expired(world: World) -> None:
    class Expiring(InMemoryShareDetails):
        def contents_of_invitation(self, invitation_arn: str) -> list[SharedResource]:
            self.invitation = invitation(InvitationStatus.EXPIRED)
            raise GoneError("expired")

    world.shares = Expiring()
    world.shares.invitation = invitation()

    ended = world.gather(share=True)

    assert isinstance(ended, AlreadyResolved)
    assert (ended.status, ended.because[0].code) == (Status.EXPIRED, "deadline-passed")


GONE = AlreadyResolved(Status.WITHDRAWN, (Reason("gone", "Nothing is left."),))
REJECTED = AlreadyResolved(Status.REJECTED, (Reason("rejected-elsewhere", "It was rejected."),))


def test_a_share_that_is_gone_whose_deadline_has_passed_had_its_invitation_expire() -> None:
    ended = expired_if_late(GONE, SHARE, NOW, NOW)

    assert ended == AlreadyResolved(Status.EXPIRED, (expired(NOW, PROVIDER),))


@pytest.mark.parametrize(
    ("over", "request_", "deadline"),
    [
        (GONE, SHARE, NOW + timedelta(seconds=1)),
        (GONE, SHARE, None),
        (GONE, CONNECTION, NOW),
        (REJECTED, SHARE, NOW),
    ],
)
def test_what_is_over_otherwise_than_by_its_deadline_is_so(
    over: AlreadyResolved, request_: Request, deadline: datetime | None
) -> None:
    assert expired_if_late(over, request_, deadline, NOW) == over


@pytest.mark.parametrize(
    ("state", "ends"),
    [
        (ConnectionState.REJECTED, Status.REJECTED),
        (ConnectionState.EXPIRED, Status.EXPIRED),
        (ConnectionState.DELETED, Status.WITHDRAWN),
        (ConnectionState.FAILED, Status.WITHDRAWN),
    ],
)
def test_a_connection_that_is_over_is_reported_as_it_ended(world: World, state: ConnectionState, ends: Status) -> None:
    world.connections.listed = [connection(state=state)]

    ended = world.gather()

    assert isinstance(ended, AlreadyResolved)
    assert ended.status is ends


def test_a_connection_or_a_service_that_is_gone_was_withdrawn(world: World) -> None:
    world.connections.listed = []
    gone = world.gather()
    world.connections.service = None
    unmanaged = world.gather()

    assert isinstance(gone, AlreadyResolved)
    assert isinstance(unmanaged, AlreadyResolved)
    assert (gone.because[0].code, unmanaged.because[0].code) == ("gone", "service-not-managed")


def test_a_state_that_nobody_knows_is_waited_for(world: World) -> None:
    world.connections.listed = [connection(state=ConnectionState.UNKNOWN)]

    with pytest.raises(NotReadyError):
        world.gather()


@pytest.mark.parametrize(
    ("of_connection", "of_service", "expected"),
    [
        ({LoadBalancer.NETWORK}, {"Interface"}, "Interface"),
        ({LoadBalancer.GATEWAY}, {"GatewayLoadBalancer"}, "GatewayLoadBalancer"),
        ({LoadBalancer.GATEWAY}, set(), "GatewayLoadBalancer"),
        (set(), {"GatewayLoadBalancer"}, "GatewayLoadBalancer"),
        ({LoadBalancer.NETWORK}, {"Interface", "GatewayLoadBalancer"}, "Interface"),
        (set(), {"Hyperplane"}, "Hyperplane"),
        (set(), set(), ""),
        (set(), {"Interface", "GatewayLoadBalancer"}, ""),
        ({LoadBalancer.NETWORK}, {"GatewayLoadBalancer"}, ""),
        ({LoadBalancer.NETWORK, LoadBalancer.GATEWAY}, set(), ""),
    ],
)
def test_an_endpoint_s_type_is_what_aws_says_and_where_that_is_in_doubt_it_is_unknown(
    world: World, of_connection: set[LoadBalancer], of_service: set[str], expected: str
) -> None:
    world.connections.listed = [connection(load_balancers=frozenset(of_connection))]
    world.connections.service = ManagedService(service_id=SERVICE_ID, tags={}, types=frozenset(of_service))

    facts = world.gather()

    assert isinstance(facts, ConnectionFacts)
    assert facts.endpoint_type == expected
    assert (Fact.ENDPOINT_TYPE in facts.unknown) is (not expected)


def test_an_endpoint_whose_owner_aws_does_not_tell_is_waited_for(world: World) -> None:
    world.connections.listed = [connection(owner="")]

    with pytest.raises(NotReadyError, match="whose"):
        world.gather()


def test_contents_of_which_one_thing_has_no_type_are_unknown_as_a_whole(world: World) -> None:
    world.shares.invitation = invitation()
    world.shares.contents = [
        shared_resource(),
        SharedResource("arn:aws:ec2:us-east-1:111111111111:subnet/a", "", SHARE_ARN),
    ]

    assert Fact.CONTENTS in shared(world.gather(share=True)).unknown


@pytest.mark.parametrize("status", [None, InvitationStatus.ACCEPTED, InvitationStatus.UNKNOWN])
def test_a_share_that_is_listed_and_not_in_effect_is_waited_for(world: World, status: InvitationStatus | None) -> None:
    world.shares.in_effect = Share(arn=SHARE_ARN, name="orders", owner=PROVIDER, in_effect=False)
    world.shares.invitation = invitation(status) if status else None

    with pytest.raises(NotReadyError, match="not in effect"):
        world.gather(share=True)


def test_an_invitation_in_a_status_that_nobody_knows_is_waited_for(world: World) -> None:
    world.shares.invitation = invitation(InvitationStatus.UNKNOWN)

    with pytest.raises(NotReadyError, match="nobody knew"):
        world.gather(share=True)


KEPT_BY_EARLIER_VERSIONS = """{
  "kind": "endpoint-connection", "asker": {"accountId": "222222222222", "place": {"membership": "outsider"}},
  "service": {"id": "vpce-svc-03d5ebb7d9579a2b3", "name": "a"}, "endpointId": "vpce-0c1308d7312217abc",
  "region": "us-east-1"
}"""


def test_what_earlier_versions_left_out_is_unknown_when_it_is_decided_on_again() -> None:
    facts = msgspec.json.decode(KEPT_BY_EARLIER_VERSIONS, type=ConnectionFacts)

    assert facts.unknown == {
        Fact.ENDPOINT_TYPE,
        Fact.ACCEPTANCE_REQUIRED,
        Fact.SERVICE_REGION,
        Fact.IP_ADDRESS_TYPE,
        Fact.PAYER,
    }
