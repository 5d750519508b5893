"""Copies of what there is: AWS lists them as it lists the originals."""

from __future__ import annotations

import pytest

from local_aws.testing.accounts import Account, Accounts
from local_aws.testing.clock import fast_forward
from local_aws.testing.copies import copy_configuration, copy_endpoint, copy_parameter, copy_share


@pytest.fixture
def provider(local_aws_accounts: Accounts) -> Account:
    return local_aws_accounts.new_person()


@pytest.fixture
def consumer(local_aws_accounts: Accounts) -> Account:
    return local_aws_accounts.new_person()


def shared(provider: Account, consumer: Account) -> tuple[str, str]:
    """Share a database with the consumer, who accepts; return its ARN and the share's."""
    lattice, ram = provider.client("vpc-lattice"), consumer.client("ram")
    gateway = lattice.create_resource_gateway(
        name="gateway", vpcIdentifier=provider.vpc(), subnetIds=provider.subnets()[:1]
    )
    arn = lattice.create_resource_configuration(
        name="first",
        type="SINGLE",
        portRanges=["5432"],
        protocol="TCP",
        resourceGatewayIdentifier=gateway["id"],
        resourceConfigurationDefinition={"dnsResource": {"domainName": "db.example.com", "ipAddressType": "IPV4"}},
        tags={"of": "provider"},
    )["arn"]
    share = provider.client("ram").create_resource_share(
        name="first", resourceArns=[arn], principals=[consumer.account_id]
    )["resourceShare"]["resourceShareArn"]
    pages = ram.get_paginator("get_resource_share_invitations").paginate()
    (invitation,) = (each["resourceShareInvitationArn"] for page in pages for each in page["resourceShareInvitations"])
    ram.accept_resource_share_invitation(resourceShareInvitationArn=invitation)
    fast_forward(10)
    return str(arn), str(share)


def test_a_copied_share_holds_a_copied_resource_for_whoever_has_the_original(
    provider: Account, consumer: Account
) -> None:
    arn, share_arn = shared(provider, consumer)

    copied = copy_configuration(arn, "second")
    copied_share = copy_share(share_arn, "second", copied)

    ram, lattice = consumer.client("ram"), consumer.client("vpc-lattice")
    listed = [each for page in ram.get_paginator("list_resources").paginate(resourceOwner="OTHER-ACCOUNTS")
              for each in page["resources"]]  # fmt: skip
    assert {each["arn"]: each["resourceShareArn"] for each in listed} == {arn: share_arn, copied: copied_share}
    assert {each["status"] for each in listed} == {"AVAILABLE"}
    found = {each["arn"]: (each["name"], each["status"]) for each in lattice.list_resource_configurations()["items"]}
    assert found == {arn: ("first", "ACTIVE"), copied: ("second", "ACTIVE")}


def test_what_is_done_to_a_copy_is_not_done_to_the_original(provider: Account, consumer: Account) -> None:
    arn, share_arn = shared(provider, consumer)
    copied_share = copy_share(share_arn, "second", copy_configuration(arn, "second"))

    provider.client("ram").disassociate_resource_share(resourceShareArn=copied_share, principals=[consumer.account_id])

    fast_forward(60)
    pages = consumer.client("ram").get_paginator("get_resource_shares").paginate(resourceOwner="OTHER-ACCOUNTS")
    assert [each["resourceShareArn"] for page in pages for each in page["resourceShares"]] == [share_arn]


def test_a_copied_endpoint_leads_to_another_resource_by_a_name_of_its_own(provider: Account, consumer: Account) -> None:
    arn, share_arn = shared(provider, consumer)
    ec2 = consumer.client("ec2")
    first = ec2.create_vpc_endpoint(
        VpcEndpointType="Resource",
        VpcId=consumer.vpc(),
        SubnetIds=consumer.subnets()[:1],
        ResourceConfigurationArn=arn,
        TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "of", "Value": "consumer"}]}],
    )["VpcEndpoint"]["VpcEndpointId"]
    fast_forward(300)
    copied_arn = copy_configuration(arn, "second")
    copy_share(share_arn, "second", copied_arn)

    second = copy_endpoint(first, configuration_arn=copied_arn)

    fast_forward(300)
    endpoints = ec2.describe_vpc_endpoints(VpcEndpointIds=[first, second])["VpcEndpoints"]
    assert {each["State"].lower() for each in endpoints} == {"available"}
    assert [each["Tags"] for each in endpoints] == [[{"Key": "of", "Value": "consumer"}]] * 2
    named = ec2.describe_vpc_endpoint_associations()["VpcEndpointAssociations"]
    assert {each["VpcEndpointId"]: each["AssociatedResourceArn"] for each in named} == {first: arn, second: copied_arn}
    assert len({each["DnsEntry"]["DnsName"] for each in named}) == 2


def test_a_copied_endpoint_of_another_account_is_a_connection_of_that_account(
    provider: Account, consumer: Account
) -> None:
    ec2 = provider.client("ec2")
    balancer = f"arn:aws:elasticloadbalancing:us-east-1:{provider.account_id}:loadbalancer/net/orders/0123456789abcdef"
    service = ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[balancer])["ServiceConfiguration"]
    ec2.modify_vpc_endpoint_service_permissions(ServiceId=service["ServiceId"], AddAllowedPrincipals=["*"])
    first = consumer.client("ec2").create_vpc_endpoint(
        VpcEndpointType="Interface",
        VpcId=consumer.vpc(),
        SubnetIds=consumer.subnets()[:1],
        ServiceName=service["ServiceName"],
    )["VpcEndpoint"]["VpcEndpointId"]

    second = copy_endpoint(first, owner="790000000001")

    connections = ec2.describe_vpc_endpoint_connections()["VpcEndpointConnections"]
    assert {each["VpcEndpointId"]: each["VpcEndpointOwner"] for each in connections} == {
        first: consumer.account_id,
        second: "790000000001",
    }
    assert {each["VpcEndpointState"] for each in connections} == {"pendingAcceptance"}
    names = {each["VpcEndpointId"]: each["DnsEntries"][0]["DnsName"] for each in connections}
    assert names[second] == names[first].replace(first, second)
    assert consumer.client("ec2").describe_vpc_endpoints()["VpcEndpoints"][0]["VpcEndpointId"] == first
    assert len(consumer.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]) == 1


def test_a_copied_parameter_has_the_tags_and_a_value_of_its_own(consumer: Account) -> None:
    ssm = consumer.client("ssm")
    ssm.put_parameter(Name="/copied/first", Type="String", Value="1", Tags=[{"Key": "of", "Value": "consumer"}])
    ssm.put_parameter(Name="/copied/first", Type="String", Value="2", Overwrite=True)

    copy_parameter(consumer.account_id, consumer.region, "/copied/first", to="/copied/second", value="3")

    found = ssm.get_parameters(Names=["/copied/first", "/copied/second"])["Parameters"]
    assert {each["Name"]: (each["Value"], each["Version"]) for each in found} == {
        "/copied/first": ("2", 2),
        "/copied/second": ("3", 1),
    }
    ssm.add_tags_to_resource(
        ResourceType="Parameter", ResourceId="/copied/second", Tags=[{"Key": "of", "Value": "the copy"}]
    )
    tags = {
        name: ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
        for name in ("/copied/first", "/copied/second")
    }
    assert [each[0]["Value"] for each in tags.values()] == ["consumer", "the copy"]


def test_what_is_not_there_is_not_copied(consumer: Account) -> None:
    with pytest.raises(KeyError):
        copy_endpoint("vpce-00000000000000000")
    with pytest.raises(KeyError):
        copy_configuration("arn:aws:vpc-lattice:us-east-1:111111111111:resourceconfiguration/rcfg-0", "second")
    with pytest.raises(KeyError):
        copy_share("arn:aws:ram:us-east-1:111111111111:resource-share/0", "second", "arn")
    with pytest.raises(KeyError):
        copy_parameter(consumer.account_id, consumer.region, "/nothing", to="/something", value="")
