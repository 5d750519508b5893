"""VPC endpoint services, endpoints and their connections on the local AWS."""

from __future__ import annotations

import json
import re
from typing import Any
from unittest import mock

import pytest
from moto.sns.models import sns_backends

from local_aws.services.privatelink import endpoint_services
from local_aws.time.activity import in_flight
from local_aws_tests.accounts import REGION, Person, hearing, person, refusal
from local_aws_tests.sharing import accept_invitation, first_vpc, pass_time, resource_configuration, share
from local_aws_tests.waiting import until

HOUR = 3600


def service(provider: Person, *, open_to: str | None = "*", **params: Any) -> dict[str, Any]:
    balancer = f"arn:aws:elasticloadbalancing:{REGION}:{provider.account_id}:loadbalancer/net/lb/0123456789abcdef"
    created = provider.ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[balancer], **params)
    configuration: dict[str, Any] = created["ServiceConfiguration"]
    if open_to:
        provider.ec2.modify_vpc_endpoint_service_permissions(
            ServiceId=configuration["ServiceId"], AddAllowedPrincipals=[open_to]
        )
    return configuration


def interface_endpoint(consumer: Person, service_name: str, **params: Any) -> dict[str, Any]:
    vpc_id, subnet_ids = first_vpc(consumer)
    endpoint: dict[str, Any] = consumer.ec2.create_vpc_endpoint(
        **{
            "VpcEndpointType": "Interface",
            "VpcId": vpc_id,
            "SubnetIds": subnet_ids[:1],
            "ServiceName": service_name,
            **params,
        }
    )["VpcEndpoint"]
    return endpoint


def resource_endpoint(consumer: Person, arn: str, **params: Any) -> dict[str, Any]:
    vpc_id, subnet_ids = first_vpc(consumer)
    defaults = {"VpcEndpointType": "Resource", "VpcId": vpc_id, "SubnetIds": subnet_ids[:1]}
    created = consumer.ec2.create_vpc_endpoint(**{**defaults, "ResourceConfigurationArn": arn, **params})
    endpoint: dict[str, Any] = created["VpcEndpoint"]
    return endpoint


def state(consumer: Person, endpoint: dict[str, Any]) -> str:
    described = consumer.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    return str(described["VpcEndpoints"][0]["State"])


def connections(provider: Person, **filters: str) -> list[dict[str, Any]]:
    as_filters = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
    pages = provider.ec2.get_paginator("describe_vpc_endpoint_connections").paginate(Filters=as_filters)
    return [row for page in pages for row in page["VpcEndpointConnections"]]


def shared_with(provider: Person, consumer: Person) -> str:
    arn = resource_configuration(provider)
    share(provider, arn, consumer)
    accept_invitation(consumer)
    pass_time(5)
    return arn


def test_a_service_has_an_id_of_seventeen_digits_and_is_found_by_its_tag() -> None:
    provider = person()
    tags = [{"ResourceType": "vpc-endpoint-service", "Tags": [{"Key": "app:managed", "Value": "true"}]}]
    tagged = service(provider, TagSpecifications=tags)
    service(provider)

    found = provider.ec2.describe_vpc_endpoint_service_configurations(
        Filters=[{"Name": "tag:app:managed", "Values": ["true"]}]
    )["ServiceConfigurations"]

    assert re.fullmatch("vpce-svc-0[0-9a-f]{16}", tagged["ServiceId"])
    assert [each["ServiceId"] for each in found] == [tagged["ServiceId"]]
    assert tagged["AcceptanceRequired"] is True


def test_a_request_waits_for_acceptance_and_then_takes_its_time() -> None:
    provider, consumer = person(), person()
    offered = service(provider)
    endpoint = interface_endpoint(consumer, offered["ServiceName"])
    pass_time(60)

    waiting = state(consumer, endpoint)
    answer = provider.ec2.accept_vpc_endpoint_connections(
        ServiceId=offered["ServiceId"], VpcEndpointIds=[endpoint["VpcEndpointId"]]
    )
    accepted = state(consumer, endpoint)
    pass_time(10)

    assert (waiting, accepted, state(consumer, endpoint)) == ("pendingAcceptance", "pending", "available")
    assert answer["Unsuccessful"] == []
    name = endpoint["DnsEntries"][0]["DnsName"]
    host = f"{offered['ServiceId']}.{REGION}.vpce.amazonaws.com"
    assert re.fullmatch(f"{endpoint['VpcEndpointId']}-[0-9a-f]{{8}}.{host}", name)
    assert endpoint["DnsEntries"][1]["DnsName"] == name.replace(f".{host}", f"-{REGION}a.{host}")


def test_a_service_that_needs_no_acceptance_connects_by_itself() -> None:
    """Trap 32."""
    provider, consumer = person(), person()
    offered = service(provider, AcceptanceRequired=False)

    endpoint = interface_endpoint(consumer, offered["ServiceName"])
    pass_time(10)

    assert endpoint["State"] == "pending"
    assert connections(provider)[0]["VpcEndpointState"] == "available"


def test_a_provider_sees_the_connections_to_its_own_services_only() -> None:
    """Trap 30."""
    provider, other, consumer = person(), person(), person()
    offered = service(provider)
    endpoint = interface_endpoint(consumer, offered["ServiceName"])
    interface_endpoint(consumer, service(other)["ServiceName"])

    rows = connections(provider, vpc_endpoint_state="pendingAcceptance", service_id=offered["ServiceId"])

    assert [row["VpcEndpointId"] for row in rows] == [endpoint["VpcEndpointId"]]
    assert rows[0]["VpcEndpointOwner"] == consumer.account_id
    assert rows[0]["ServiceId"] == offered["ServiceId"]
    assert rows[0]["VpcEndpointRegion"] == REGION
    assert connections(provider, vpc_endpoint_state="available") == []
    assert connections(provider, vpc_endpoint_owner=other.account_id) == []


def test_endpoints_that_cannot_be_accepted_are_listed_in_a_successful_answer() -> None:
    """Trap 10."""
    provider, consumer = person(), person()
    offered = service(provider)
    endpoint_id = interface_endpoint(consumer, offered["ServiceName"])["VpcEndpointId"]
    accept = {"ServiceId": offered["ServiceId"], "VpcEndpointIds": [endpoint_id]}
    provider.ec2.accept_vpc_endpoint_connections(**accept)

    again = provider.ec2.accept_vpc_endpoint_connections(**accept)
    unknown = provider.ec2.accept_vpc_endpoint_connections(**accept | {"VpcEndpointIds": ["vpce-00000000000000000"]})

    assert [each["ResourceId"] for each in again["Unsuccessful"]] == [endpoint_id]
    assert unknown["Unsuccessful"][0]["Error"]["Code"] == "InvalidVpcEndpointId.NotFound"
    assert refusal(lambda: consumer.ec2.accept_vpc_endpoint_connections(**accept)) == (
        "InvalidVpcEndpointServiceId.NotFound"
    )


def test_once_a_permission_is_set_only_permitted_principals_can_connect() -> None:
    provider, friend, stranger = person(), person(), person()
    offered = service(provider, open_to=None)
    permit = {"ServiceId": offered["ServiceId"]}
    provider.ec2.modify_vpc_endpoint_service_permissions(
        **permit, AddAllowedPrincipals=[f"arn:aws:iam::{friend.account_id}:root"]
    )

    endpoint = interface_endpoint(friend, offered["ServiceName"])

    assert endpoint["State"] == "pendingAcceptance"
    assert refusal(lambda: interface_endpoint(stranger, offered["ServiceName"])) == "InvalidServiceName"
    find = {"ServiceNames": [offered["ServiceName"]]}
    found = friend.ec2.describe_vpc_endpoint_services(**find)["ServiceDetails"]
    assert [each["Owner"] for each in found] == [provider.account_id]
    assert refusal(lambda: stranger.ec2.describe_vpc_endpoint_services(**find)) == "InvalidServiceName"
    provider.ec2.modify_vpc_endpoint_service_permissions(
        **permit, RemoveAllowedPrincipals=[f"arn:aws:iam::{friend.account_id}:root"]
    )
    assert state(friend, endpoint) == "pendingAcceptance"
    assert refusal(lambda: interface_endpoint(friend, offered["ServiceName"])) == "InvalidServiceName"


def test_a_service_without_permissions_is_its_owners_alone_unless_the_setting_is_lenient() -> None:
    provider, consumer = person(), person()
    offered = service(provider, open_to=None)

    code = refusal(lambda: interface_endpoint(consumer, offered["ServiceName"]))
    own = interface_endpoint(provider, offered["ServiceName"])["State"]
    with mock.patch.object(endpoint_services, "strict_permissions", new=False):
        open_to_all = interface_endpoint(consumer, offered["ServiceName"])["State"]

    assert code == "InvalidServiceName"
    assert (own, open_to_all) == ("pendingAcceptance", "pendingAcceptance")


def test_a_service_with_connections_cannot_be_deleted() -> None:
    provider, consumer = person(), person()
    offered = service(provider)
    endpoint = interface_endpoint(consumer, offered["ServiceName"])
    delete = {"ServiceIds": [offered["ServiceId"]]}

    refused = provider.ec2.delete_vpc_endpoint_service_configurations(**delete)["Unsuccessful"]
    provider.ec2.reject_vpc_endpoint_connections(
        ServiceId=offered["ServiceId"], VpcEndpointIds=[endpoint["VpcEndpointId"]]
    )
    done = provider.ec2.delete_vpc_endpoint_service_configurations(**delete)["Unsuccessful"]

    assert [each["Error"]["Code"] for each in refused] == ["ExistingVpcEndpointConnections"]
    assert done == []


def test_a_resource_endpoint_shows_its_state_as_no_interface_endpoint_does() -> None:
    """Trap 9."""
    provider, consumer = person(), person()

    endpoint = resource_endpoint(consumer, shared_with(provider, consumer))
    pass_time(7)

    assert (endpoint["State"], endpoint["IpAddressType"]) == ("Pending", "IPV4")
    assert state(consumer, endpoint) == "Available"
    found = consumer.ec2.describe_vpc_endpoints(
        Filters=[{"Name": "vpc-endpoint-state", "Values": ["available"]}, {"Name": "tag-key", "Values": ["x"]}]
    )
    assert found["VpcEndpoints"] == []


def test_the_name_of_a_resource_endpoint_is_shown_late_and_only_by_its_association() -> None:
    """Trap 12."""
    provider, consumer = person(), person()
    arn = shared_with(provider, consumer)
    endpoint = resource_endpoint(consumer, arn)
    request = {"VpcEndpointIds": [endpoint["VpcEndpointId"]]}

    first = consumer.ec2.describe_vpc_endpoint_associations(**request)["VpcEndpointAssociations"][0]
    pass_time(7)
    available = consumer.ec2.describe_vpc_endpoint_associations(**request)["VpcEndpointAssociations"][0]
    pass_time(4)
    named = consumer.ec2.describe_vpc_endpoint_associations(**request)["VpcEndpointAssociations"][0]

    assert (first["AssociatedResourceAccessibility"], "DnsEntry" in first) == ("Pending", False)
    assert (available["AssociatedResourceAccessibility"], "DnsEntry" in available) == ("Accessible", False)
    configuration_id = arn.rpartition("/")[2]
    expected = rf"{endpoint['VpcEndpointId']}\.{configuration_id}\.[0-9a-f]{{7}}\.vpc-lattice-rsc\.{REGION}\.on\.aws"
    assert re.fullmatch(expected, named["DnsEntry"]["DnsName"])
    assert consumer.ec2.describe_vpc_endpoints(**request)["VpcEndpoints"][0]["DnsEntries"] == []


def test_an_endpoint_to_an_unshared_resource_is_refused() -> None:
    provider, consumer = person(), person()
    arn = resource_configuration(provider)
    share(provider, arn, consumer)

    code = refusal(lambda: resource_endpoint(consumer, arn))

    assert code == "InvalidResourceConfigurationArn.NotFound"


def test_an_endpoint_needs_a_zone_of_the_resource() -> None:
    provider, consumer = person(), person()
    arn = shared_with(provider, consumer)
    _, subnet_ids = first_vpc(consumer)

    code = refusal(lambda: resource_endpoint(consumer, arn, SubnetIds=subnet_ids[1:2]))

    assert code == "InvalidParameter"


def test_an_endpoint_outlives_the_share_it_came_by() -> None:
    """Trap 31."""
    provider, consumer = person(), person()
    arn = resource_configuration(provider)
    share_arn = share(provider, arn, consumer)
    accept_invitation(consumer)
    pass_time(5)
    endpoint = resource_endpoint(consumer, arn)
    pass_time(10)

    provider.ram.delete_resource_share(resourceShareArn=share_arn)
    pass_time(60)

    assert state(consumer, endpoint) == "Available"
    assert refusal(lambda: resource_endpoint(consumer, arn)) == "InvalidResourceConfigurationArn.NotFound"


def test_the_provider_sees_resource_endpoints_and_can_cut_them_off() -> None:
    provider, consumer = person(), person()
    arn = shared_with(provider, consumer)
    endpoint = resource_endpoint(consumer, arn)
    pass_time(10)
    request = {"resourceConfigurationIdentifier": arn}

    seen = provider.lattice.list_resource_endpoint_associations(**request)["items"]
    provider.lattice.delete_resource_endpoint_association(resourceEndpointAssociationIdentifier=seen[0]["id"])

    assert [(each["vpcEndpointId"], each["vpcEndpointOwner"]) for each in seen] == [
        (endpoint["VpcEndpointId"], consumer.account_id)
    ]
    assert provider.lattice.list_resource_endpoint_associations(**request)["items"] == []
    assert state(consumer, endpoint) == "Failed"
    assert refusal(lambda: consumer.lattice.list_resource_endpoint_associations(**request)) == "AccessDeniedException"


def test_who_was_cut_off_comes_again_as_long_as_it_is_in_the_share() -> None:
    """AWS says nothing to the contrary, nor what its consumer sees: that its endpoint fails and can go is a guess."""
    provider, consumer = person(), person()
    arn = shared_with(provider, consumer)
    endpoint = resource_endpoint(consumer, arn)
    pass_time(10)
    (seen,) = provider.lattice.list_resource_endpoint_associations(resourceConfigurationIdentifier=arn)["items"]
    cut_off = {"resourceEndpointAssociationIdentifier": seen["arn"]}

    by_its_consumer = refusal(lambda: consumer.lattice.delete_resource_endpoint_association(**cut_off))
    answer = provider.lattice.delete_resource_endpoint_association(**cut_off)
    twice = refusal(lambda: provider.lattice.delete_resource_endpoint_association(**cut_off))
    (shown,) = consumer.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])["VpcEndpoints"]
    again = resource_endpoint(consumer, arn)
    deleted = consumer.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])["Unsuccessful"]
    pass_time(10)

    assert (by_its_consumer, twice) == ("ResourceNotFoundException", "ResourceNotFoundException")
    assert (answer["id"], answer["vpcEndpointId"]) == (seen["id"], endpoint["VpcEndpointId"])
    assert shown["FailureReason"] == "The resource owner deleted the association."
    assert deleted == []
    assert state(consumer, again) == "Available"
    (left,) = provider.lattice.list_resource_endpoint_associations(resourceConfigurationIdentifier=arn)["items"]
    assert left["vpcEndpointId"] == again["VpcEndpointId"]


def test_the_associations_of_what_is_not_there_are_not_shown() -> None:
    """That it is AccessDeniedException is by AWS's model, which has no other error that would fit."""
    missing = {"resourceConfigurationIdentifier": "rcfg-00000000000000000"}

    assert refusal(lambda: person().lattice.list_resource_endpoint_associations(**missing)) == "AccessDeniedException"


def test_a_client_token_gives_the_same_endpoint_even_after_its_deletion() -> None:
    """Trap 19."""
    provider, consumer = person(), person()
    name = service(provider)["ServiceName"]
    first = interface_endpoint(consumer, name, ClientToken="one")
    consumer.ec2.delete_vpc_endpoints(VpcEndpointIds=[first["VpcEndpointId"]])

    again = interface_endpoint(consumer, name, ClientToken="one")

    assert (again["VpcEndpointId"], again["State"]) == (first["VpcEndpointId"], "deleting")
    other = {"ClientToken": "one", "PrivateDnsEnabled": False}
    assert refusal(lambda: interface_endpoint(consumer, name, **other)) == "IdempotentParameterMismatch"


def test_a_deleted_endpoint_is_listed_for_an_hour() -> None:
    provider, consumer = person(), person()
    endpoint = interface_endpoint(consumer, service(provider)["ServiceName"])
    delete = {"VpcEndpointIds": [endpoint["VpcEndpointId"], "vpce-00000000000000000"]}

    answer = consumer.ec2.delete_vpc_endpoints(**delete)
    at_once = state(consumer, endpoint)
    pass_time(10)
    later = state(consumer, endpoint)
    pass_time(HOUR)

    assert [each["ResourceId"] for each in answer["Unsuccessful"]] == ["vpce-00000000000000000"]
    assert (at_once, later) == ("deleting", "deleted")
    assert refusal(lambda: state(consumer, endpoint)) == "InvalidVpcEndpointId.NotFound"
    assert connections(provider) == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"VpcId": "vpc-00000000000000000"}, "InvalidVpcId.NotFound"),
        ({"SubnetIds": ["subnet-00000000000000000"]}, "InvalidSubnetID.NotFound"),
        ({"SecurityGroupIds": ["sg-00000000000000000"]}, "InvalidGroup.NotFound"),
        ({"ServiceName": "com.amazonaws.vpce.eu-west-1.vpce-svc-0"}, "InvalidServiceName"),
        ({"VpcEndpointType": "Gateway"}, "InvalidServiceName"),
        ({"VpcEndpointType": "Nonsense"}, "InvalidParameterValue"),
        ({"PrivateDnsEnabled": True}, "InvalidParameter"),
        ({"ClientToken": "t" * 65}, "InvalidParameterValue"),
        ({"DryRun": True}, "DryRunOperation"),
    ],
)
def test_invalid_requests_are_refused_with_awss_errors(wrong: dict[str, Any], code: str) -> None:
    provider, consumer = person(), person()
    name = service(provider)["ServiceName"]

    assert refusal(lambda: interface_endpoint(consumer, name, **wrong)) == code


def test_an_endpoint_gets_the_default_security_group_and_others_by_modification() -> None:
    """Trap 11."""
    provider, consumer = person(), person()
    endpoint = interface_endpoint(consumer, service(provider)["ServiceName"])
    group = consumer.ec2.create_security_group(GroupName="db", Description="db", VpcId=endpoint["VpcId"])["GroupId"]

    consumer.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint["VpcEndpointId"], AddSecurityGroupIds=[group])

    assert [each["GroupName"] for each in endpoint["Groups"]] == ["default"]
    modified = consumer.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])["VpcEndpoints"][0]
    assert group in {each["GroupId"] for each in modified["Groups"]}


def test_an_owner_is_notified_of_a_request_through_its_topic() -> None:
    """Trap 2."""
    provider, consumer = person(), person()
    offered = service(provider)
    topic = _topic(provider, {"aws:SourceAccount": provider.account_id})
    provider.ec2.create_vpc_endpoint_connection_notification(
        ServiceId=offered["ServiceId"], ConnectionNotificationArn=topic, ConnectionEvents=["Connect"]
    )

    endpoint = interface_endpoint(consumer, offered["ServiceName"])
    provider.ec2.accept_vpc_endpoint_connections(
        ServiceId=offered["ServiceId"], VpcEndpointIds=[endpoint["VpcEndpointId"]]
    )
    pass_time(5)
    messages = _published(provider, topic)

    assert len(messages) == 1
    assert offered["ServiceId"] in messages[0]


def test_a_topic_that_does_not_let_privatelink_in_gets_nothing() -> None:
    provider, consumer = person(), person()
    offered = service(provider)
    topic = _topic(provider, {"aws:SourceAccount": consumer.account_id})
    provider.ec2.create_vpc_endpoint_connection_notification(
        ServiceId=offered["ServiceId"], ConnectionNotificationArn=topic, ConnectionEvents=["Connect"]
    )

    interface_endpoint(consumer, offered["ServiceName"])
    pass_time(5)

    assert _published(provider, topic) == []


def test_creating_and_tagging_a_service_makes_cloudtrail_events() -> None:
    provider = person()

    with hearing() as events:
        offered = service(provider)
        tags = [{"Key": "app:managed", "Value": "true"}]
        provider.ec2.create_tags(Resources=[offered["ServiceId"]], Tags=tags)
        pass_time(5)

    names = [event.detail["eventName"] for event in events if event.account_id == provider.account_id]
    assert names == ["CreateVpcEndpointServiceConfiguration", "CreateTags"]
    detail = events[-1].detail
    assert events[-1].detail_type == "AWS API Call via CloudTrail"
    assert detail["requestParameters"]["resourcesSet"]["items"] == [{"resourceId": offered["ServiceId"]}]
    assert detail["requestParameters"]["tagSet"]["items"] == [{"key": "app:managed", "value": "true"}]
    assert "errorCode" not in detail


def test_connections_come_in_pages_of_five_at_least() -> None:
    provider, consumer = person(), person()
    name = service(provider)["ServiceName"]
    for _ in range(6):
        interface_endpoint(consumer, name, SubnetIds=[])

    first = provider.ec2.describe_vpc_endpoint_connections(MaxResults=5)
    second = provider.ec2.describe_vpc_endpoint_connections(MaxResults=5, NextToken=first["NextToken"])

    assert (len(first["VpcEndpointConnections"]), len(second["VpcEndpointConnections"])) == (5, 1)
    assert refusal(lambda: provider.ec2.describe_vpc_endpoint_connections(MaxResults=4)) == "InvalidParameterValue"


def _topic(provider: Person, condition: dict[str, str]) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "vpce.amazonaws.com"},
        "Action": "SNS:Publish",
        "Resource": "*",
        "Condition": {"StringEquals": condition},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return str(provider.client("sns").create_topic(Name="connections", Attributes={"Policy": policy})["TopicArn"])


def _published(provider: Person, topic: str) -> list[str]:
    # A notification is sent from a thread of its own.
    until(lambda: not in_flight().get("connection notification"))
    sent = sns_backends[provider.account_id][REGION].topics[topic].sent_notifications
    return [message for _, message, *_ in sent]
