"""VPC Lattice's resource gateways and configurations on the local AWS."""

from __future__ import annotations

import re
from typing import Any

import pytest

from local_aws.services.dns import public_dns
from local_aws_tests.accounts import Person, hearing, person, refusal
from local_aws_tests.sharing import accept_invitation, first_vpc, pass_time, resource_configuration, share

DEFINITION = {"dnsResource": {"domainName": "db.example.com", "ipAddressType": "IPV4"}}


def gateway(provider: Person, name: str = "gateway") -> str:
    vpc_id, subnet_ids = first_vpc(provider)
    created = provider.lattice.create_resource_gateway(name=name, vpcIdentifier=vpc_id, subnetIds=subnet_ids[:1])
    return str(created["id"])


def verified_domain(provider: Person, name: str = "example.com") -> str:
    """Verify a domain by its TXT record; return the verification's id."""
    started = provider.lattice.start_domain_verification(domainName=name)
    public_dns.publish(started["txtMethodConfig"]["name"], started["txtMethodConfig"]["value"])
    pass_time(10)
    return str(started["id"])


def listed(caller: Person) -> list[str]:
    pages = caller.lattice.get_paginator("list_resource_configurations").paginate()
    return [item["arn"] for page in pages for item in page["items"]]


def test_a_configuration_becomes_active_after_a_while() -> None:
    provider = person()
    arn = resource_configuration(provider)
    request = {"resourceConfigurationIdentifier": arn}

    at_once = provider.lattice.get_resource_configuration(**request)["status"]
    pass_time(5)
    later = provider.lattice.get_resource_configuration(**request)

    assert (at_once, later["status"]) == ("CREATE_IN_PROGRESS", "ACTIVE")
    assert re.fullmatch("rcfg-0[0-9a-f]{16}", later["id"])
    assert later["resourceConfigurationDefinition"] == DEFINITION
    assert later["portRanges"] == ["5432"]
    assert later["allowAssociationToShareableServiceNetwork"] is False


def test_a_shared_configuration_is_found_by_id_and_arn() -> None:
    provider, consumer, stranger = person(), person(), person()
    arn = resource_configuration(provider)
    share(provider, arn, consumer)
    accept_invitation(consumer)
    pass_time(5)

    for identifier in (arn, arn.rpartition("/")[2]):
        found = consumer.lattice.get_resource_configuration(resourceConfigurationIdentifier=identifier)
        assert found["arn"] == arn

    assert listed(consumer) == [arn]
    assert listed(stranger) == []
    assert refusal(lambda: stranger.lattice.get_resource_configuration(resourceConfigurationIdentifier=arn)) == (
        "ResourceNotFoundException"
    )


def test_a_shared_configuration_can_be_read_and_not_changed() -> None:
    provider, consumer = person(), person()
    arn = resource_configuration(provider)
    share(provider, arn, consumer)
    accept_invitation(consumer)
    pass_time(5)

    code = refusal(lambda: consumer.lattice.delete_resource_configuration(resourceConfigurationIdentifier=arn))

    assert code == "AccessDeniedException"


def test_a_group_that_is_shared_shows_its_children() -> None:
    provider, consumer = person(), person()
    group = provider.lattice.create_resource_configuration(
        name="group", type="GROUP", resourceGatewayIdentifier=gateway(provider)
    )
    child = provider.lattice.create_resource_configuration(
        name="child",
        type="CHILD",
        resourceConfigurationGroupIdentifier=group["id"],
        resourceConfigurationDefinition=DEFINITION,
        portRanges=["80-90"],
    )
    shared = {"name": "child", "resourceArns": [child["arn"]], "principals": [consumer.account_id]}

    alone = refusal(lambda: provider.ram.create_resource_share(**shared))
    share(provider, group["arn"], consumer)
    accept_invitation(consumer)
    pass_time(5)

    assert alone == "InvalidParameterException"
    assert set(listed(consumer)) == {group["arn"], child["arn"]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Not-A-Name"},
        {"type": "NONSENSE"},
        {"portRanges": ["http"]},
        {"portRanges": []},
    ],
)
def test_a_configuration_that_is_not_well_formed_is_refused(wrong: dict[str, Any]) -> None:
    provider = person()
    right = {
        "name": "orders-db",
        "type": "SINGLE",
        "portRanges": ["5432"],
        "resourceGatewayIdentifier": gateway(provider),
        "resourceConfigurationDefinition": DEFINITION,
    }

    assert refusal(lambda: provider.lattice.create_resource_configuration(**right | wrong)) == "ValidationException"


def test_a_client_token_gives_the_same_configuration() -> None:
    provider = person()
    request: dict[str, Any] = {
        "name": "orders-db",
        "type": "SINGLE",
        "portRanges": ["5432"],
        "resourceGatewayIdentifier": gateway(provider),
        "resourceConfigurationDefinition": DEFINITION,
    }
    first = provider.lattice.create_resource_configuration(**request, clientToken="one")

    again = provider.lattice.create_resource_configuration(**request, clientToken="one")

    assert again["id"] == first["id"]
    assert refusal(lambda: provider.lattice.create_resource_configuration(**request)) == "ConflictException"


def test_a_gateway_stays_as_long_as_a_configuration_needs_it() -> None:
    provider = person()
    arn = resource_configuration(provider)
    gateway_id = provider.lattice.list_resource_gateways()["items"][0]["id"]
    delete = {"resourceGatewayIdentifier": gateway_id}

    refused = refusal(lambda: provider.lattice.delete_resource_gateway(**delete))
    provider.lattice.delete_resource_configuration(resourceConfigurationIdentifier=arn)
    pass_time(5)
    deleted = provider.lattice.delete_resource_gateway(**delete)
    pass_time(5)

    assert refused == "ConflictException"
    assert deleted["status"] == "DELETE_IN_PROGRESS"
    assert provider.lattice.list_resource_gateways()["items"] == []


def test_a_configuration_that_an_endpoint_leads_to_stays() -> None:
    """Trap 18."""
    provider = person()
    arn = resource_configuration(provider)
    vpc_id, subnet_ids = first_vpc(provider)
    provider.ec2.create_vpc_endpoint(
        VpcEndpointType="Resource", VpcId=vpc_id, SubnetIds=subnet_ids[:1], ResourceConfigurationArn=arn
    )

    code = refusal(lambda: provider.lattice.delete_resource_configuration(resourceConfigurationIdentifier=arn))

    assert code == "ConflictException"


def test_tags_are_kept() -> None:
    provider = person()
    arn = resource_configuration(provider)

    provider.lattice.tag_resource(resourceArn=arn, tags={"team": "orders", "cost": "1"})
    provider.lattice.untag_resource(resourceArn=arn, tagKeys=["cost"])

    assert provider.lattice.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "orders"}


def test_the_owner_gets_an_event_when_a_sharee_associates_its_configuration() -> None:
    """Trap 3."""
    provider, consumer = person(), person()
    arn = resource_configuration(provider)
    share(provider, arn, consumer)
    accept_invitation(consumer)
    pass_time(5)
    network = consumer.lattice.create_service_network(name="network", sharingConfig={"enabled": False})

    with hearing() as events:
        consumer.lattice.create_service_network_resource_association(
            resourceConfigurationIdentifier=arn, serviceNetworkIdentifier=network["id"]
        )
        pass_time(5)

    assert [(event.account_id, event.source, event.detail_type) for event in events] == [
        (provider.account_id, "aws.vpc-lattice", "AWS Service Event via CloudTrail")
    ]
    detail = events[0].detail
    assert detail["eventName"] == "CreateServiceNetworkResourceAssociationBySharee"
    assert detail["additionalEventData"] == {"callerAccountId": consumer.account_id}
    assert detail["resources"][0]["ARN"] == arn


def test_a_gateway_must_be_in_a_vpc_of_its_owner() -> None:
    provider, other = person(), person()
    _, subnet_ids = first_vpc(provider)
    others_vpc, _ = first_vpc(other)
    request = {"name": "gateway", "vpcIdentifier": others_vpc, "subnetIds": subnet_ids[:1]}

    code = refusal(lambda: provider.lattice.create_resource_gateway(**request))

    assert code == "ValidationException"


def test_an_unsupported_operation_is_an_error() -> None:
    request = {"targetGroupIdentifier": "tg-00000000000000000"}

    code = refusal(lambda: person().lattice.delete_target_group(**request))

    assert code == "UnknownOperationException"


@pytest.mark.parametrize(
    ("options", "resolved"),
    [
        ({}, True),
        ({"PrivateDnsPreference": "SPECIFIED_DOMAINS_ONLY", "PrivateDnsSpecifiedDomains": ["other.example"]}, False),
        ({"PrivateDnsPreference": "SPECIFIED_DOMAINS_ONLY", "PrivateDnsSpecifiedDomains": ["example.com"]}, True),
    ],
)
def test_a_private_name_is_given_by_the_endpoints_preference(options: dict[str, Any], resolved: bool) -> None:
    """Trap 15. Trap 17."""
    provider, consumer = person(), person()
    domain = verified_domain(provider)
    configuration = provider.lattice.create_resource_configuration(
        name="orders-db",
        type="SINGLE",
        portRanges=["5432"],
        resourceGatewayIdentifier=gateway(provider),
        resourceConfigurationDefinition=DEFINITION,
        customDomainName="db.example.com",
        domainVerificationIdentifier=domain,
    )
    share(provider, configuration["arn"], consumer)
    accept_invitation(consumer)
    pass_time(5)
    vpc_id, subnet_ids = first_vpc(consumer)

    endpoint = consumer.ec2.create_vpc_endpoint(
        VpcEndpointType="Resource",
        VpcId=vpc_id,
        SubnetIds=subnet_ids[:1],
        ResourceConfigurationArn=configuration["arn"],
        PrivateDnsEnabled=True,
        DnsOptions=options,
    )["VpcEndpoint"]
    pass_time(15)

    request = {"VpcEndpointIds": [endpoint["VpcEndpointId"]]}
    association = consumer.ec2.describe_vpc_endpoint_associations(**request)["VpcEndpointAssociations"][0]
    assert ("PrivateDnsEntry" in association) is resolved


def test_a_configuration_shows_whether_its_domain_is_verified() -> None:
    provider = person()
    domain = provider.lattice.start_domain_verification(domainName="example.com")
    params: dict[str, Any] = {
        "name": "orders-db",
        "type": "SINGLE",
        "portRanges": ["5432"],
        "resourceGatewayIdentifier": gateway(provider),
        "resourceConfigurationDefinition": DEFINITION,
        "domainVerificationIdentifier": domain["id"],
    }
    foreign = {**params, "name": "other-db", "customDomainName": "db.example.org"}

    created = provider.lattice.create_resource_configuration(**params, customDomainName="db.example.com")
    request = {"resourceConfigurationIdentifier": created["id"]}
    pass_time(10)
    in_vain = provider.lattice.get_resource_configuration(**request)["domainVerificationStatus"]
    public_dns.publish(domain["txtMethodConfig"]["name"], domain["txtMethodConfig"]["value"])
    pass_time(10)

    assert (in_vain, provider.lattice.get_resource_configuration(**request)["domainVerificationStatus"]) == (
        "PENDING",
        "VERIFIED",
    )
    assert refusal(lambda: provider.lattice.create_resource_configuration(**foreign)) == "ValidationException"
