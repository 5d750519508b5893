"""The rejection of connections to an endpoint service: of requests, and of what is connected, as both sides see it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.sns.models import sns_backends

from local_aws.fault_injection.faults import CallFault, faults
from local_aws.services.resolver.endpoint_names import interface_endpoint_names
from local_aws.testing.settings import changed
from local_aws.time.activity import in_flight
from local_aws_tests.accounts import REGION, Person, person, refusal
from local_aws_tests.sharing import first_vpc, pass_time
from local_aws_tests.waiting import until

HOUR = 3600
LONG_ENOUGH = 10


def service(provider: Person, **params: Any) -> dict[str, Any]:
    balancer = f"arn:aws:elasticloadbalancing:{REGION}:{provider.account_id}:loadbalancer/net/lb/0123456789abcdef"
    made = provider.ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[balancer], **params)
    offered: dict[str, Any] = made["ServiceConfiguration"]
    provider.ec2.modify_vpc_endpoint_service_permissions(ServiceId=offered["ServiceId"], AddAllowedPrincipals=["*"])
    return offered


def connect(consumer: Person, offered: dict[str, Any]) -> str:
    vpc_id, subnet_ids = first_vpc(consumer)
    made = consumer.ec2.create_vpc_endpoint(
        VpcEndpointType="Interface", VpcId=vpc_id, SubnetIds=subnet_ids[:1], ServiceName=offered["ServiceName"]
    )
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def connected(consumer: Person, offered: dict[str, Any]) -> str:
    """Connect to a service that accepts by itself, and wait until the endpoint is available."""
    endpoint_id = connect(consumer, offered)
    pass_time(LONG_ENOUGH)
    assert row(consumer, endpoint_id)["State"] == "available"
    return endpoint_id


def answered(operation: Any, offered: dict[str, Any], *endpoint_ids: str) -> list[tuple[str, str]]:
    """Accept or reject connections; return the id and the code of each that was not."""
    answer = operation(ServiceId=offered["ServiceId"], VpcEndpointIds=[*endpoint_ids])
    return [(each["ResourceId"], each["Error"]["Code"]) for each in answer["Unsuccessful"]]


def reject(provider: Person, offered: dict[str, Any], *endpoint_ids: str) -> list[tuple[str, str]]:
    return answered(provider.ec2.reject_vpc_endpoint_connections, offered, *endpoint_ids)


def accept(provider: Person, offered: dict[str, Any], *endpoint_ids: str) -> list[tuple[str, str]]:
    return answered(provider.ec2.accept_vpc_endpoint_connections, offered, *endpoint_ids)


def row(consumer: Person, endpoint_id: str) -> dict[str, Any]:
    found: dict[str, Any] = consumer.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"][0]
    return found


def states(provider: Person, consumer: Person, endpoint_id: str) -> tuple[str, str]:
    """Return the state of a connection as its provider and its consumer see it."""
    filters = [{"Name": "vpc-endpoint-id", "Values": [endpoint_id]}]
    (seen,) = provider.ec2.describe_vpc_endpoint_connections(Filters=filters)["VpcEndpointConnections"]
    return seen["VpcEndpointState"], row(consumer, endpoint_id)["State"]


def resolved(consumer: Person, endpoint_id: str) -> set[str]:
    """Return the names of an endpoint that lead to something in its VPC."""
    names = interface_endpoint_names(consumer.account_id, REGION, row(consumer, endpoint_id)["VpcId"]).public
    return {name for name in names if name.startswith(endpoint_id)}


def notified(provider: Person, offered: dict[str, Any], events: list[str]) -> str:
    """Have a topic notified of a service's events; return the topic's ARN."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "vpce.amazonaws.com"},
        "Action": "SNS:Publish",
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    topic = provider.client("sns").create_topic(Name="connections", Attributes={"Policy": policy})["TopicArn"]
    provider.ec2.create_vpc_endpoint_connection_notification(
        ServiceId=offered["ServiceId"], ConnectionNotificationArn=topic, ConnectionEvents=events
    )
    return str(topic)


def published(provider: Person, topic: str) -> int:
    # A notification is sent from a thread of its own.
    until(lambda: not in_flight().get("connection notification"))
    return len(sns_backends[provider.account_id][REGION].topics[topic].sent_notifications)


def test_a_request_is_rejected_at_once() -> None:
    provider, consumer = person(), person()
    offered = service(provider)
    endpoint_id = connect(consumer, offered)

    assert reject(provider, offered, endpoint_id) == []
    assert states(provider, consumer, endpoint_id) == ("rejected", "rejected")


def test_what_is_connected_is_rejected_after_a_while_in_which_it_still_looks_available() -> None:
    """AWS says that what is available can be rejected, and neither how long it takes nor what is seen meanwhile."""
    provider, consumer = person(), person()
    offered = service(provider, AcceptanceRequired=False)
    endpoint_id = connected(consumer, offered)

    refused = reject(provider, offered, endpoint_id)
    at_once = states(provider, consumer, endpoint_id)
    pass_time(LONG_ENOUGH)

    assert refused == []
    assert at_once == ("available", "available")
    assert states(provider, consumer, endpoint_id) == ("rejected", "rejected")


def test_how_long_a_rejection_takes_is_a_setting() -> None:
    provider, consumer = person(), person()
    offered = service(provider, AcceptanceRequired=False)
    endpoint_id = connected(consumer, offered)

    with changed(timings={"connection_rejected": 300}):
        reject(provider, offered, endpoint_id)
    pass_time(299)
    before = states(provider, consumer, endpoint_id)
    pass_time(2)

    assert (before, states(provider, consumer, endpoint_id)) == (("available",) * 2, ("rejected",) * 2)


def test_a_rejected_endpoint_keeps_its_names_and_interfaces_but_its_names_lead_nowhere() -> None:
    """It is billed until its consumer deletes it (PrivateLink's prices); that its names are still told is a guess."""
    provider, consumer = person(), person()
    offered = service(provider, AcceptanceRequired=False)
    endpoint_id = connected(consumer, offered)
    before, led = row(consumer, endpoint_id), resolved(consumer, endpoint_id)

    reject(provider, offered, endpoint_id)
    pass_time(24 * HOUR)
    after = row(consumer, endpoint_id)

    assert after == before | {"State": "rejected"}
    assert led == {entry["DnsName"] for entry in before["DnsEntries"]}
    assert resolved(consumer, endpoint_id) == set()
    interfaces = consumer.ec2.describe_network_interfaces(NetworkInterfaceIds=before["NetworkInterfaceIds"])
    assert len(interfaces["NetworkInterfaces"]) == 1


def test_a_connection_that_is_being_rejected_is_neither_rejected_nor_accepted_again() -> None:
    """What AWS answers is not known: that neither is a success is the stricter guess."""
    provider, consumer = person(), person()
    offered = service(provider, AcceptanceRequired=False)
    endpoint_id = connected(consumer, offered)
    topic = notified(provider, offered, ["Reject", "Accept"])
    reject(provider, offered, endpoint_id)

    meanwhile = reject(provider, offered, endpoint_id), accept(provider, offered, endpoint_id)
    pass_time(LONG_ENOUGH)
    afterwards = reject(provider, offered, endpoint_id), accept(provider, offered, endpoint_id)
    pass_time(LONG_ENOUGH)

    assert meanwhile == afterwards == ([(endpoint_id, "InvalidState")],) * 2
    assert states(provider, consumer, endpoint_id) == ("rejected", "rejected")
    assert published(provider, topic) == 1


def test_a_connection_that_is_rejected_before_it_is_available_never_is() -> None:
    provider, consumer = person(), person()
    offered = service(provider)
    endpoint_id = connect(consumer, offered)
    accept(provider, offered, endpoint_id)

    with changed(timings={"connection_rejected": 9}):  # longer than an acceptance takes
        refused = reject(provider, offered, endpoint_id)
    at_once = states(provider, consumer, endpoint_id)
    seen = []
    for _ in range(12):
        pass_time(1)
        seen.append(states(provider, consumer, endpoint_id)[0])

    assert (refused, at_once) == ([], ("pending", "pending"))
    assert set(seen) <= {"pending", "rejected"}
    assert seen[-1] == "rejected"


def test_an_endpoint_that_its_consumer_deletes_while_it_is_being_rejected_is_deleted() -> None:
    provider, consumer = person(), person()
    offered = service(provider, AcceptanceRequired=False)
    endpoint_id = connected(consumer, offered)
    reject(provider, offered, endpoint_id)

    consumer.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])
    seen = []
    for _ in range(10):
        seen.append(states(provider, consumer, endpoint_id)[0])
        pass_time(1)

    assert set(seen) == {"deleting", "deleted"}


def test_a_service_is_deleted_only_once_its_connections_are_rejected() -> None:
    provider, consumer = person(), person()
    offered = service(provider, AcceptanceRequired=False)
    endpoint_id = connected(consumer, offered)
    reject(provider, offered, endpoint_id)
    services = {"ServiceIds": [offered["ServiceId"]]}

    too_soon = provider.ec2.delete_vpc_endpoint_service_configurations(**services)["Unsuccessful"]
    pass_time(LONG_ENOUGH)

    assert [each["Error"]["Code"] for each in too_soon] == ["ExistingVpcEndpointConnections"]
    assert provider.ec2.delete_vpc_endpoint_service_configurations(**services)["Unsuccessful"] == []


def test_connections_that_cannot_be_rejected_keep_no_other_from_it() -> None:
    """AWS documents the list and no code; those here are guesses."""
    provider, consumer = person(), person()
    offered, other = (service(provider, AcceptanceRequired=False) for _ in range(2))
    ours, of_another = connected(consumer, offered), connected(consumer, other)
    unknown = "vpce-00000000000000000"

    refused = reject(provider, offered, unknown, of_another, ours)
    pass_time(LONG_ENOUGH)

    assert refused == [(unknown, "InvalidVpcEndpointId.NotFound"), (of_another, "InvalidVpcEndpointId.NotFound")]
    assert states(provider, consumer, ours) == ("rejected", "rejected")
    assert states(provider, consumer, of_another) == ("available", "available")


def test_a_failed_connection_cannot_be_rejected() -> None:
    provider, consumer = person(), person()
    offered = service(provider, AcceptanceRequired=False)
    fault = CallFault("ec2:CreateVpcEndpoint", "fails-later", account=consumer.account_id, times=1)
    with faults.injected(fault):
        endpoint_id = connect(consumer, offered)
    pass_time(LONG_ENOUGH)

    assert states(provider, consumer, endpoint_id) == ("failed", "failed")
    assert reject(provider, offered, endpoint_id) == [(endpoint_id, "InvalidState")]


def test_only_the_owner_of_a_service_rejects_its_connections() -> None:
    provider, consumer, stranger = person(), person(), person()
    offered = service(provider, AcceptanceRequired=False)
    endpoint_id = connected(consumer, offered)

    refused = [
        refusal(lambda: reject(consumer, offered, endpoint_id)),
        refusal(lambda: reject(stranger, offered, endpoint_id)),
    ]
    pass_time(LONG_ENOUGH)

    assert refused == ["InvalidVpcEndpointServiceId.NotFound"] * 2
    assert states(provider, consumer, endpoint_id) == ("available", "available")


@pytest.mark.parametrize("required", [True, False])
def test_an_owner_is_notified_of_what_it_rejects_and_of_nothing_that_it_does_not(required: bool) -> None:
    provider, consumer = person(), person()
    offered = service(provider, AcceptanceRequired=required)
    topic = notified(provider, offered, ["Reject"])
    endpoint_id = connect(consumer, offered)
    pass_time(LONG_ENOUGH)

    reject(provider, offered, "vpce-00000000000000000")
    pass_time(LONG_ENOUGH)
    before = published(provider, topic)
    reject(provider, offered, endpoint_id)
    pass_time(LONG_ENOUGH)

    assert (before, published(provider, topic)) == (0, 1)
