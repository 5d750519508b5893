"""Endpoint services on the local AWS: permissions, notifications and private names."""

from __future__ import annotations

import json
import random
import re
from typing import Any
from unittest import mock

import pytest
from moto.sns.models import sns_backends

from local_aws.services.dns import public_dns
from local_aws.services.privatelink import connection_notifications
from local_aws.services.privatelink.topic_policy import Publication, allows
from local_aws.time.activity import in_flight
from local_aws_tests.accounts import REGION, Person, person, refusal
from local_aws_tests.sharing import first_vpc, pass_time
from local_aws_tests.waiting import until

EVERY = ["Accept", "Connect", "Delete", "Reject"]


def service(provider: Person, **params: Any) -> dict[str, Any]:
    balancer = f"arn:aws:elasticloadbalancing:{REGION}:{provider.account_id}:loadbalancer/net/lb/0123456789abcdef"
    created = provider.ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[balancer], **params)
    configuration: dict[str, Any] = created["ServiceConfiguration"]
    return configuration


def connect(consumer: Person, offered: dict[str, Any]) -> str:
    vpc_id, subnet_ids = first_vpc(consumer)
    created = consumer.ec2.create_vpc_endpoint(
        VpcEndpointType="Interface", VpcId=vpc_id, SubnetIds=subnet_ids[:1], ServiceName=offered["ServiceName"]
    )
    return str(created["VpcEndpoint"]["VpcEndpointId"])


def topic(provider: Person, name: str = "connections", *, open_to: str = "vpce.amazonaws.com") -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": open_to}, "Action": "SNS:Publish", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return str(provider.client("sns").create_topic(Name=name, Attributes={"Policy": policy})["TopicArn"])


def notify(provider: Person, offered: dict[str, Any], topic_arn: str) -> dict[str, Any]:
    created = provider.ec2.create_vpc_endpoint_connection_notification(
        ServiceId=offered["ServiceId"], ConnectionNotificationArn=topic_arn, ConnectionEvents=EVERY
    )
    notification: dict[str, Any] = created["ConnectionNotification"]
    return notification


def published(provider: Person, topic_arn: str) -> list[str]:
    until(lambda: not in_flight().get("connection notification"))
    sent = sns_backends[provider.account_id][REGION].topics[topic_arn].sent_notifications
    return [message for _, message, *_ in sent]


def state_of(provider: Person, notification: dict[str, Any]) -> str:
    request = {"ConnectionNotificationId": notification["ConnectionNotificationId"]}
    found = provider.ec2.describe_vpc_endpoint_connection_notifications(**request)["ConnectionNotificationSet"]
    return str(found[0]["ConnectionNotificationState"])


def test_removing_a_permission_ends_no_connection() -> None:
    """Trap 31."""
    provider, consumer = person(), person()
    offered = service(provider, AcceptanceRequired=False)
    account = f"arn:aws:iam::{consumer.account_id}:root"
    service_id = {"ServiceId": offered["ServiceId"]}
    provider.ec2.modify_vpc_endpoint_service_permissions(**service_id, AddAllowedPrincipals=[account])
    endpoint = connect(consumer, offered)
    pass_time(10)

    provider.ec2.modify_vpc_endpoint_service_permissions(**service_id, RemoveAllowedPrincipals=[account])
    pass_time(10)

    found = provider.ec2.describe_vpc_endpoint_connections()["VpcEndpointConnections"]
    assert [(each["VpcEndpointId"], each["VpcEndpointState"]) for each in found] == [(endpoint, "available")]
    assert refusal(lambda: connect(consumer, offered)) == "InvalidServiceName"


def test_a_service_without_acceptance_notifies_of_endpoints_that_need_none() -> None:
    """Trap 32."""
    provider, consumer = person(), person()
    offered = service(provider, AcceptanceRequired=False)
    provider.ec2.modify_vpc_endpoint_service_permissions(ServiceId=offered["ServiceId"], AddAllowedPrincipals=["*"])
    topic_arn = topic(provider)
    notify(provider, offered, topic_arn)

    endpoint = connect(consumer, offered)
    pass_time(10)

    accept = provider.ec2.accept_vpc_endpoint_connections(ServiceId=offered["ServiceId"], VpcEndpointIds=[endpoint])
    assert len(published(provider, topic_arn)) == 1
    assert [each["ResourceId"] for each in accept["Unsuccessful"]] == [endpoint]


def test_a_notification_has_no_fixed_form() -> None:
    """Trap 2."""
    provider, consumer = person(), person()
    offered = service(provider)
    provider.ec2.modify_vpc_endpoint_service_permissions(ServiceId=offered["ServiceId"], AddAllowedPrincipals=["*"])
    topic_arn = topic(provider)
    notify(provider, offered, topic_arn)

    forms = random.Random(7)  # noqa: S311 - the same forms in every run, not secret ones
    with mock.patch.object(connection_notifications, "_form", forms):
        for _ in range(12):
            connect(consumer, offered)
        pass_time(5)
    messages = published(provider, topic_arn)

    assert len(messages) == 12
    assert all(offered["ServiceId"] in message for message in messages)
    without_ids = {re.sub(r"vpce-[0-9a-z-]+|\d{4}-[0-9T:.+-]+", "", message) for message in messages}
    assert len(without_ids) > 1
    assert not all(re.search(r"\bvpce-[0-9a-f]{8,17}\b", message) for message in messages)


@pytest.mark.parametrize(
    ("condition", "lets"),
    [
        ({"ArnLike": {"aws:SourceArn": "arn:aws:ec2:*:111111111111:vpc-endpoint-service/*"}}, True),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "111111111111"}}, True),
        ({"StringNotEquals": {"aws:SourceAccount": "111111111111"}}, False),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, False),
    ],
)
def test_a_topics_policy_can_restrict_the_service_that_privatelink_publishes_for(
    condition: dict[str, dict[str, str]], lets: bool
) -> None:
    """Trap 2."""
    topic_arn = "arn:aws:sns:eu-west-1:111111111111:connections"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "vpce.amazonaws.com"},
        "Action": "SNS:Publish",
        "Resource": topic_arn,
        "Condition": condition,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    source_arn = "arn:aws:ec2:eu-west-1:111111111111:vpc-endpoint-service/vpce-svc-0"

    assert allows(policy, Publication(topic_arn, source_arn, "111111111111")) is lets


def test_a_topic_is_notified_of_a_service_once() -> None:
    provider = person()
    offered = service(provider)
    topic_arn = topic(provider)
    notify(provider, offered, topic_arn)

    again = refusal(lambda: notify(provider, offered, topic_arn))
    other = notify(provider, offered, topic(provider, "other"))

    assert again == "DuplicateConnectionNotification"
    assert other["ConnectionNotificationState"] == "Enabled"


def test_a_notification_that_its_topic_turns_away_is_disabled_until_it_is_modified() -> None:
    provider, consumer = person(), person()
    offered = service(provider)
    provider.ec2.modify_vpc_endpoint_service_permissions(ServiceId=offered["ServiceId"], AddAllowedPrincipals=["*"])
    notification = notify(provider, offered, topic(provider, open_to="events.amazonaws.com"))
    willing = topic(provider, "willing")

    connect(consumer, offered)
    pass_time(5)
    turned_away = state_of(provider, notification)
    provider.ec2.modify_vpc_endpoint_connection_notification(
        ConnectionNotificationId=notification["ConnectionNotificationId"], ConnectionNotificationArn=willing
    )
    connect(consumer, offered)
    pass_time(5)

    assert turned_away == "Disabled"
    assert state_of(provider, notification) == "Enabled"
    assert len(published(provider, willing)) == 1


def test_a_private_name_is_verified_by_its_record_on_request() -> None:
    provider = person()
    offered = service(provider, PrivateDnsName="db.example.com")
    service_id = {"ServiceId": offered["ServiceId"]}

    def state() -> str:
        found = provider.ec2.describe_vpc_endpoint_service_configurations(ServiceIds=[offered["ServiceId"]])
        return str(found["ServiceConfigurations"][0]["PrivateDnsNameConfiguration"]["State"])

    at_first = state()
    provider.ec2.start_vpc_endpoint_service_private_dns_verification(**service_id)
    pass_time(10)
    in_vain = state()
    record = offered["PrivateDnsNameConfiguration"]
    public_dns.publish(f"{record['Name']}.db.example.com", record["Value"])
    provider.ec2.start_vpc_endpoint_service_private_dns_verification(**service_id)
    pass_time(10)

    assert (at_first, in_vain, state()) == ("pendingVerification", "failed", "verified")
