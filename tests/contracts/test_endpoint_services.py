"""EC2's endpoint services and the connections to them, as the adapter promises to show them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from drawbridge.aws.endpoint_services import EndpointServices
from drawbridge.aws.existence import ExistenceById
from drawbridge.errors import AccessDeniedError, GoneError, ThrottledError
from drawbridge.request.absence import Existence
from drawbridge.request.connections import ConnectionState, has_no_names
from local_aws.testing.incidents import attach_transit_gateway, detach_transit_gateway
from local_aws_tests.sharing import pass_time
from tests.builders import ATTACHMENT_ID, NOW
from tests.contracts.accounts import REGION, Account, answering, connected, offered, refusing
from tests.contracts.conftest import NewAccount

NOWHERE = "vpce-svc-00000000000000000"
NOBODY = "vpce-00000000000000000"


def services_of(provider: Account, **options: Any) -> EndpointServices:
    return EndpointServices(provider.ec2, **options)


def topic(provider: Account) -> str:
    return str(provider.client("sns").create_topic(Name="connections")["TopicArn"])


def notified(provider: Account, topic_arn: str) -> list[str]:
    listed = provider.ec2.describe_vpc_endpoint_connection_notifications()["ConnectionNotificationSet"]
    return sorted(each["ServiceId"] for each in listed if each["ConnectionNotificationArn"] == topic_arn)


def test_services_are_managed_by_their_tag_or_by_being_listed(provider: Account) -> None:
    tagged = offered(provider)["ServiceId"]
    shouted = offered(provider, managed="True")["ServiceId"]
    listed = offered(provider, managed=None)["ServiceId"]
    others = [offered(provider, managed=managed)["ServiceId"] for managed in (None, "false", "")]
    services = services_of(provider, listed=[listed])

    found = services.managed()

    assert {each.service_id for each in found} == {tagged, shouted, listed}
    assert {each.service_id: each.tags for each in found}[tagged] == {"drawbridge:managed": "true"}
    assert services.managed_service(tagged) in found
    assert [services.managed_service(each) for each in others] == [None, None, None]


def test_many_services_are_asked_for_at_once_and_those_that_are_not_managed_are_left_out(provider: Account) -> None:
    first, second = offered(provider)["ServiceId"], offered(provider)["ServiceId"]
    unmanaged = offered(provider, managed=None)["ServiceId"]
    services = services_of(provider)

    found = services.managed_services([first, second, unmanaged, NOWHERE])

    assert found == {each: services.managed_service(each) for each in (first, second)}
    assert services.managed_services([]) == {}


def test_the_connections_of_many_accounts_are_listed_at_once(
    provider: Account, consumer: Account, new_account: NewAccount
) -> None:
    service, other = offered(provider), new_account()
    endpoints = {connected(consumer, service): consumer.account_id, connected(other, service): other.account_id}
    connected(new_account(), service)

    found = services_of(provider).of_owners([consumer.account_id, other.account_id])

    assert {each.endpoint_id: each.owner for each in found} == endpoints
    assert services_of(provider).of_owners([]) == []


def test_a_service_that_does_not_exist_is_not_managed(provider: Account) -> None:
    assert services_of(provider, listed=[NOWHERE]).managed_service(NOWHERE) is None


def test_connections_of_all_services_are_listed_at_once(provider: Account, consumer: Account) -> None:
    first, second = offered(provider), offered(provider, managed=None)
    endpoints = {connected(consumer, each): each["ServiceId"] for each in (first, second)}

    found = services_of(provider).connections()

    assert {each.endpoint_id: each.service_id for each in found} == endpoints
    assert {each.owner for each in found} == {consumer.account_id}
    assert {each.region for each in found} == {REGION}


def test_the_connections_of_one_account_are_listed_with_when_they_were_asked_for(
    provider: Account, consumer: Account, new_account: NewAccount
) -> None:
    service = offered(provider)
    first = connected(consumer, service)
    connected(new_account(), service)
    pass_time(60)
    second = connected(consumer, service)

    found = {each.endpoint_id: each for each in services_of(provider).of_owner(consumer.account_id)}

    assert found.keys() == {first, second}
    assert found[second].asked_at - found[first].asked_at >= timedelta(seconds=60)


def test_a_service_is_returned_as_a_policy_sees_it(provider: Account) -> None:
    open_to_all = offered(provider, acceptance=False)
    services = services_of(provider)

    service = services.managed_service(open_to_all["ServiceId"])

    assert service is not None
    assert (service.name, service.acceptance_required) == (open_to_all["ServiceName"], False)
    assert service.private_dns_name == ""


def test_trap_9_a_state_is_read_in_whichever_spelling(provider: Account, consumer: Account) -> None:
    service = offered(provider)
    endpoint_id = connected(consumer, service)
    services = services_of(provider)
    answer = {
        "ServiceId": service["ServiceId"],
        "VpcEndpointId": endpoint_id,
        "VpcEndpointOwner": consumer.account_id,
        "VpcEndpointState": "PendingAcceptance",
        "CreationTimestamp": NOW,
    }

    as_served = services.state(service["ServiceId"], endpoint_id)
    with answering(provider.ec2, "describe_vpc_endpoint_connections", {"VpcEndpointConnections": [answer]}):
        as_modelled = services.connection(service["ServiceId"], endpoint_id)

    assert as_served is as_modelled.state is ConnectionState.PENDING_ACCEPTANCE
    assert as_modelled.region == ""


def listed_as(**fields: Any) -> dict[str, Any]:
    """Return a connection as EC2 lists it."""
    plain = {
        "ServiceId": NOWHERE,
        "VpcEndpointId": NOBODY,
        "VpcEndpointOwner": "",
        "VpcEndpointState": "available",
        "CreationTimestamp": NOW,
    }
    return {name: value for name, value in (plain | fields).items() if value is not ...}


@pytest.mark.parametrize("spelling", ["dreaming", "Dreaming", ""])
def test_a_state_that_nobody_knows_hides_no_other_connection(provider: Account, spelling: str) -> None:
    answer = {"VpcEndpointConnections": [listed_as(VpcEndpointState=spelling), listed_as()]}

    with answering(provider.ec2, "describe_vpc_endpoint_connections", answer):
        found = services_of(provider).connections()

    assert [each.state for each in found] == [ConnectionState.UNKNOWN, ConnectionState.AVAILABLE]
    assert not found[0].state.is_open


@pytest.mark.parametrize("endpoint_id", [..., ""])
def test_a_transit_gateway_s_attachment_is_a_connection_by_its_own_id_and_owner(
    provider: Account, endpoint_id: Any
) -> None:
    attachment = listed_as(
        VpcEndpointId=endpoint_id,
        VpcEndpointOwner=...,
        VpcEndpointState=...,
        TransitGatewayAttachmentId=ATTACHMENT_ID,
        TransitGatewayAttachmentOwner="222222222222",
    )
    neither = listed_as(VpcEndpointId=endpoint_id)
    answer = {"VpcEndpointConnections": [neither, attachment, listed_as()]}

    with answering(provider.ec2, "describe_vpc_endpoint_connections", answer):
        found = services_of(provider).connections()

    assert [each.endpoint_id for each in found] == [ATTACHMENT_ID, NOBODY]
    assert (found[0].owner, found[0].state, found[0].region) == ("222222222222", ConnectionState.UNKNOWN, "")
    assert has_no_names(found[0])


def attached(provider: Account, service_id: str, consumer: Account) -> str:
    """Have a consumer, who is allowed that, attach a transit gateway."""
    provider.ec2.modify_vpc_endpoint_service_permissions(
        ServiceId=service_id,
        AddAllowedPrincipals=[f"arn:aws:iam::{consumer.account_id}:root"],
        PermissionType="transit-gateway-attachment",
    )
    return attach_transit_gateway(service_id, consumer.account_id)


def test_attachments_and_endpoints_are_answered_apart_and_each_by_its_own_id(
    provider: Account, consumer: Account
) -> None:
    service_id = offered(provider, gateway=True)["ServiceId"]
    first, second = (attached(provider, service_id, consumer) for _ in range(2))
    services = services_of(provider)

    asking = services.connection(service_id, first)
    refused = services.answer(service_id, [first, NOBODY, second], accept=True)
    pass_time(10)
    again = services.answer(service_id, [first], accept=True)

    assert (asking.state, asking.owner) == (ConnectionState.PENDING_ACCEPTANCE, consumer.account_id)
    assert refused.keys() == {NOBODY}
    assert again.keys() == {first}
    assert services.state(service_id, second) is ConnectionState.AVAILABLE
    assert services.answer(service_id, [second], accept=False) == {}
    pass_time(10)
    assert services.state(service_id, second) is ConnectionState.REJECTED


def test_what_an_account_attached_is_listed_apart_from_its_endpoints(
    provider: Account, consumer: Account, new_account: NewAccount
) -> None:
    service, appliance = offered(provider), offered(provider, gateway=True)
    endpoint_id = connected(consumer, service)
    attachment_id = attached(provider, appliance["ServiceId"], consumer)
    attached(provider, appliance["ServiceId"], new_account())
    services = services_of(provider)

    assert [each.endpoint_id for each in services.of_owner(consumer.account_id)] == [endpoint_id]
    assert [each.endpoint_id for each in services.attachments_of(consumer.account_id)] == [attachment_id]


def test_an_attachment_exists_until_it_is_rejected_or_deleted(provider: Account, consumer: Account) -> None:
    service_id = offered(provider, gateway=True)["ServiceId"]
    rejected, deleted = (attached(provider, service_id, consumer) for _ in range(2))
    existences = ExistenceById(provider.ram, provider.lattice, provider.ec2)

    before = [existences.connection(service_id, each) for each in (rejected, deleted)]
    services_of(provider).answer(service_id, [rejected], accept=False)
    detach_transit_gateway(deleted)
    pass_time(24 * 3600)

    assert before == [Existence.PRESENT, Existence.PRESENT]
    assert [existences.connection(service_id, each) for each in (rejected, deleted)] == [Existence.GONE] * 2


def test_an_endpoint_of_another_region_is_told_with_both_regions_and_its_address_type(
    provider: Account, consumer: Account
) -> None:
    service = offered(provider, SupportedRegions=["eu-west-1"])
    abroad = consumer.client("ec2", "eu-west-1")
    vpc_id = abroad.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = abroad.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"]
    abroad.create_vpc_endpoint(
        VpcEndpointType="Interface",
        VpcId=vpc_id,
        SubnetIds=[subnets[0]["SubnetId"]],
        ServiceName=service["ServiceName"],
        ServiceRegion=REGION,
    )

    (found,) = services_of(provider).connections()

    assert (found.region, found.service_region, found.ip_address_type) == ("eu-west-1", REGION, "ipv4")
    assert found.dns_names[0][0].endswith(f".{service['ServiceId']}.{REGION}.vpce.amazonaws.com")


ENDPOINT_CHARGES = {"Scope": "vpc-endpoint-charges", "PayerResponsibilityType": "vpc-endpoint-account"}
GATEWAY_CHARGES = {"Scope": "resource-gateway-charges", "PayerResponsibilityType": "resource-gateway-account"}
OTHERWISE = ENDPOINT_CHARGES | {"PayerResponsibilityType": "vpc-endpoint-service-account"}


@pytest.mark.parametrize(
    ("charges", "payer"),
    [
        (..., ""),
        ([], ""),
        ([GATEWAY_CHARGES], ""),
        ([GATEWAY_CHARGES, ENDPOINT_CHARGES], "vpc-endpoint-account"),
        ([ENDPOINT_CHARGES, ENDPOINT_CHARGES], "vpc-endpoint-account"),
        ([ENDPOINT_CHARGES, OTHERWISE], ""),
        ([{"Scope": "vpc-endpoint-charges"}], ""),
    ],
)
def test_who_is_charged_for_an_endpoint_is_known_if_aws_says_it_of_the_endpoint_and_says_one(
    provider: Account, charges: Any, payer: str
) -> None:
    answer = {"VpcEndpointConnections": [listed_as(PayerResponsibilities=charges)]}

    with answering(provider.ec2, "describe_vpc_endpoint_connections", answer):
        (found,) = services_of(provider).connections()

    assert found.payer == payer


def test_trap_8_an_empty_page_of_connections_is_not_the_last(provider: Account) -> None:
    answers: list[dict[str, Any]] = [
        {"VpcEndpointConnections": [], "NextToken": "on"},
        {"VpcEndpointConnections": [listed_as()], "NextToken": ""},
    ]

    with answering(provider.ec2, "describe_vpc_endpoint_connections", *answers):
        assert len(services_of(provider).connections()) == 1


def test_a_connection_that_is_not_listed_is_gone(provider: Account, consumer: Account) -> None:
    service = offered(provider)
    connected(consumer, service)

    for asked in ((service["ServiceId"], NOBODY), (NOWHERE, NOBODY)):
        with pytest.raises(GoneError, match=asked[1]):
            services_of(provider).connection(*asked)


def test_an_accepted_connection_becomes_available_under_its_names(provider: Account, consumer: Account) -> None:
    service = offered(provider)
    endpoint_id = connected(consumer, service)
    services = services_of(provider)

    refused = services.answer(service["ServiceId"], [endpoint_id], accept=True)
    at_once = services.state(service["ServiceId"], endpoint_id)
    pass_time(10)
    connection = services.connection(service["ServiceId"], endpoint_id)

    assert refused == {}
    assert (at_once, connection.state) == (ConnectionState.PENDING, ConnectionState.AVAILABLE)
    (name, zone), *zonal = connection.dns_names
    assert name.startswith(f"{endpoint_id}-")
    assert name.endswith(f".{service['ServiceId']}.{REGION}.vpce.amazonaws.com")
    assert zone
    assert zonal
    assert all(f"-{REGION}" in zonal_name for zonal_name, _ in zonal)


def test_trap_10_what_a_successful_call_did_not_do_is_reported_with_its_reason(
    provider: Account, consumer: Account
) -> None:
    service = offered(provider)
    accepted, waiting = connected(consumer, service), connected(consumer, service)
    services = services_of(provider)
    services.answer(service["ServiceId"], [accepted], accept=True)

    refused = services.answer(service["ServiceId"], [accepted, waiting, NOBODY], accept=True)

    assert refused.keys() == {accepted, NOBODY}
    assert refused[NOBODY].startswith("InvalidVpcEndpointId.NotFound: ")
    assert services.state(service["ServiceId"], waiting) is ConnectionState.PENDING


def test_many_connections_are_answered_a_few_at_once(provider: Account) -> None:
    service = offered(provider)
    nobody = [f"vpce-{number:017x}" for number in range(60)]

    refused = services_of(provider).answer(service["ServiceId"], nobody, accept=True)

    assert sorted(refused) == nobody


def test_connections_of_a_service_of_others_cannot_be_answered(provider: Account, consumer: Account) -> None:
    service = offered(provider)
    endpoint_id = connected(consumer, service)

    with pytest.raises(GoneError):
        services_of(consumer).answer(service["ServiceId"], [endpoint_id], accept=True)


def test_trap_32_a_connection_to_a_service_without_acceptance_is_available_already(
    provider: Account, consumer: Account
) -> None:
    service = offered(provider, acceptance=False)
    endpoint_id = connected(consumer, service)
    pass_time(10)

    services, service_id = services_of(provider), service["ServiceId"]
    assert services.state(service_id, endpoint_id) is ConnectionState.AVAILABLE
    assert services.answer(service_id, [endpoint_id], accept=False) == {}
    pass_time(10)
    assert services.state(service_id, endpoint_id) is ConnectionState.REJECTED


def test_a_throttled_answer_is_a_throttled_error(provider: Account) -> None:
    with (
        refusing(provider.ec2, "accept_vpc_endpoint_connections", "RequestLimitExceeded"),
        pytest.raises(ThrottledError, match=f"answer connections to {NOWHERE}"),
    ):
        services_of(provider).answer(NOWHERE, [NOBODY], accept=True)


def test_trap_2_a_service_without_its_connection_notification_is_listed_and_gets_it_once(provider: Account) -> None:
    topic_arn = topic(provider)
    ids = sorted(offered(provider)["ServiceId"] for _ in range(3))
    services = services_of(provider, topic_arn=topic_arn)

    before = services.without_notification(ids)
    services.create_connection_notification(ids[0])
    between = services.without_notification(ids)
    for each in between:
        services.create_connection_notification(each)

    assert (before, between, services.without_notification(ids)) == (ids, ids[1:], [])
    assert notified(provider, topic_arn) == ids
    listed = provider.ec2.describe_vpc_endpoint_connection_notifications()["ConnectionNotificationSet"]
    assert {tuple(sorted(each["ConnectionEvents"])) for each in listed} == {("Connect", "Delete")}


def test_a_notification_to_a_topic_of_others_is_left_alone(provider: Account) -> None:
    service_id = offered(provider)["ServiceId"]
    ours = topic(provider)
    theirs = str(provider.client("sns").create_topic(Name="theirs")["TopicArn"])
    services_of(provider, topic_arn=theirs).create_connection_notification(service_id)
    services = services_of(provider, topic_arn=ours)

    lacking = services.without_notification([service_id])
    services.create_connection_notification(service_id)

    assert lacking == [service_id]
    assert notified(provider, theirs) == notified(provider, ours) == [service_id]


def test_trap_8_notifications_come_in_pages(provider: Account) -> None:
    answers: list[dict[str, Any]] = [
        {"ConnectionNotificationSet": [], "NextToken": "on"},
        # One of an interface endpoint's names no service.
        {"ConnectionNotificationSet": [{"ServiceId": NOWHERE}, {"VpcEndpointId": NOBODY}]},
    ]

    with answering(provider.ec2, "describe_vpc_endpoint_connection_notifications", *answers):
        assert services_of(provider, topic_arn="topic").without_notification([NOWHERE]) == []


def test_a_service_that_was_deleted_meanwhile_is_left_alone(provider: Account) -> None:
    topic_arn = topic(provider)

    services_of(provider, topic_arn=topic_arn).create_connection_notification(NOWHERE)

    assert notified(provider, topic_arn) == []


def test_another_sweep_may_be_faster_with_a_notification(provider: Account) -> None:
    with refusing(provider.ec2, "create_vpc_endpoint_connection_notification", "DuplicateConnectionNotification"):
        services_of(provider, topic_arn="topic").create_connection_notification(NOWHERE)


@pytest.mark.parametrize(
    ("code", "error"), [("UnauthorizedOperation", AccessDeniedError), ("RequestLimitExceeded", ThrottledError)]
)
def test_a_notification_that_aws_refuses_for_another_reason_is_an_error(
    provider: Account, code: str, error: type[Exception]
) -> None:
    with (
        refusing(provider.ec2, "create_vpc_endpoint_connection_notification", code),
        pytest.raises(error, match=NOWHERE),
    ):
        services_of(provider, topic_arn="topic").create_connection_notification(NOWHERE)
