"""The types of resource configurations on the local AWS."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.fault_injection.faults import CallFault, faults
from local_aws.moto_extension.tables import lock
from local_aws.services.lattice.children import set_endpoints
from local_aws.services.lattice.kinds import leaves
from local_aws.services.lattice.store import configurations
from local_aws.services.quotas import lowered
from local_aws_tests.accounts import REGION, Person, person, refusal
from local_aws_tests.sharing import accept_invitation, first_vpc, pass_time, resource_configuration, share

DNS = {"dnsResource": {"domainName": "db.example.com", "ipAddressType": "IPV4"}}


def gateway(provider: Person, **params: Any) -> str:
    vpc_id, subnet_ids = first_vpc(provider)
    request: dict[str, Any] = {"name": "gateway", "vpcIdentifier": vpc_id, "subnetIds": subnet_ids[:1], **params}
    return str(provider.lattice.create_resource_gateway(**request)["id"])


def create(provider: Person, **params: Any) -> dict[str, Any]:
    created: dict[str, Any] = provider.lattice.create_resource_configuration(**{"name": "orders-db", **params})
    return created


def described(caller: Person, configuration: dict[str, Any] | str) -> dict[str, Any]:
    identifier = configuration if isinstance(configuration, str) else configuration["id"]
    found: dict[str, Any] = caller.lattice.get_resource_configuration(resourceConfigurationIdentifier=identifier)
    return found


def group_with(provider: Person, *names: str, **params: Any) -> dict[str, Any]:
    group = create(provider, name="group", type="GROUP", resourceGatewayIdentifier=gateway(provider), **params)
    for name in names:
        child(provider, group, name)
    return group


def child(provider: Person, group: dict[str, Any], name: str, **params: Any) -> dict[str, Any]:
    in_group: dict[str, Any] = {"type": "CHILD", "resourceConfigurationGroupIdentifier": group["id"]}
    return create(provider, name=name, resourceConfigurationDefinition=DNS, portRanges=["5432"], **in_group, **params)


def database(provider: Person, kind: str = "cluster") -> dict[str, Any]:
    arn = f"arn:aws:rds:{REGION}:{provider.account_id}:{kind}:orders"
    definition = {"arnResource": {"arn": arn}}
    return create(
        provider, type="ARN", resourceGatewayIdentifier=gateway(provider), resourceConfigurationDefinition=definition
    )


def names_below(caller: Person, parent: dict[str, Any]) -> list[str]:
    request = {"resourceConfigurationGroupIdentifier": parent["id"]}
    pages = caller.lattice.get_paginator("list_resource_configurations").paginate(**request)
    return sorted(item["name"] for page in pages for item in page["items"])


def test_a_child_has_its_groups_gateway_and_appears_to_consumers_by_itself() -> None:
    provider, consumer = person(), person()
    group = group_with(provider, "first-db")
    share(provider, group["arn"], consumer)
    accept_invitation(consumer)
    pass_time(5)

    second = child(provider, group, "second-db")
    later = names_below(consumer, group)
    provider.lattice.delete_resource_configuration(resourceConfigurationIdentifier=second["id"])
    pass_time(5)

    assert described(consumer, second["resourceConfigurationGroupId"])["type"] == "GROUP"
    assert second["resourceGatewayId"] == described(provider, group)["resourceGatewayId"]
    assert later == ["first-db", "second-db"]
    assert names_below(consumer, group) == ["first-db"]


def test_a_group_leads_to_its_children_and_stays_while_it_has_any() -> None:
    provider = person()
    group = group_with(provider, "first-db", "second-db")
    pass_time(5)

    with lock:
        below = [(each.shown["name"], each.status) for each in leaves(configurations[group["id"]])]
    code = refusal(lambda: provider.lattice.delete_resource_configuration(resourceConfigurationIdentifier=group["id"]))

    assert sorted(below) == [("first-db", "ACTIVE"), ("second-db", "ACTIVE")]
    assert code == "ConflictException"


def test_a_database_gets_its_children_by_itself_with_names_of_their_own() -> None:
    provider = person()
    cluster = database(provider)

    pass_time(3)
    at_first = names_below(provider, cluster)
    pass_time(10)
    below = [described(provider, each.id) for each in leaves(configurations[cluster["id"]])]

    assert at_first == []
    assert [each["status"] for each in below] == ["ACTIVE", "ACTIVE"]
    assert {each["amazonManaged"] for each in below} == {True}
    assert all(each["customDomainName"].endswith(f".{REGION}.rds.amazonaws.com") for each in below)
    assert refusal(
        lambda: provider.lattice.delete_resource_configuration(resourceConfigurationIdentifier=below[0]["id"])
    ) == ("AccessDeniedException")


def test_a_databases_children_come_and_go_with_its_endpoints_and_go_with_it() -> None:
    provider = person()
    instance = database(provider, "db")
    pass_time(10)
    before = names_below(provider, instance)

    with lock:
        parent = configurations[instance["id"]]
        set_endpoints(parent, ["one.example.com", "two.example.com"])
    pass_time(5)
    after = names_below(provider, instance)
    provider.lattice.delete_resource_configuration(resourceConfigurationIdentifier=instance["id"])
    pass_time(5)

    assert (len(before), len(after)) == (1, 2)
    assert provider.lattice.list_resource_configurations()["items"] == []


def test_neither_a_child_nor_a_childs_name_stands_alone() -> None:
    provider = person()
    plain, named = group_with(provider), create_named_group(provider)

    within = child(provider, named, "first-db", customDomainName="one.db.example.com")
    outside = {"name": "second-db", "customDomainName": "one.example.com"}

    assert within["customDomainName"] == "one.db.example.com"
    assert refusal(lambda: child(provider, named, **outside)) == "ValidationException"
    assert refusal(lambda: child(provider, plain, "third-db", customDomainName="one.db.example.com")) == (
        "ValidationException"
    )


def create_named_group(provider: Person) -> dict[str, Any]:
    gateway_id = provider.lattice.list_resource_gateways()["items"][0]["id"]
    return create(
        provider, name="named", type="GROUP", resourceGatewayIdentifier=gateway_id, groupDomain="db.example.com"
    )


@pytest.mark.parametrize(
    "ranges",
    [["10.0.0.0"], ["10.0.0.0/8", "0.0.0.0/0"], ["169.254.1.0/24"], ["nonsense/8"], ["10.0.0.1/8"], ["fe80::/64"]],
)
def test_ranges_of_addresses_are_checked(ranges: list[str]) -> None:
    provider = person()
    behind = gateway(provider, resourceConfigDnsResolution="IN_VPC")
    params: dict[str, Any] = {"type": "CIDR", "resourceGatewayIdentifier": behind, "portRanges": ["53", "443"]}

    right = create(
        provider,
        **params,
        protocol="TCP_UDP",
        resourceConfigurationDefinition={"cidrResource": {"cidrRanges": ["::/0"]}},
    )
    wrong = {"name": "wrong", "resourceConfigurationDefinition": {"cidrResource": {"cidrRanges": ranges}}}

    assert right["resourceConfigurationDefinition"] == {"cidrResource": {"cidrRanges": ["::/0"]}}
    assert refusal(lambda: create(provider, **params, **wrong)) == "ValidationException"


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "CIDR", "resourceConfigurationDefinition": {"cidrResource": {"cidrRanges": ["10.0.0.0/8"]}}},
        {"protocol": "TCP_UDP"},
        {"portRanges": ["0"]},
        {"portRanges": ["90-80"]},
        {"portRanges": ["1-65536"]},
        {"groupDomain": "example.com"},
        {"resourceConfigurationDefinition": {"dnsResource": {"domainName": "not a name"}}},
        {"resourceConfigurationDefinition": {"ipResource": {"ipAddress": "10.300.0.1"}}},
        {"resourceConfigurationDefinition": {"ipResource": {"ipAddress": "192.0.2.1"}}},
        {"resourceConfigurationDefinition": {"arnResource": {"arn": "arn:aws:rds:eu-west-1:123456789012:db:one"}}},
        {"resourceGatewayIdentifier": None},
        {"type": "GROUP"},
        {"type": "CHILD"},
        {"type": "ARN", "portRanges": None},
    ],
)
def test_members_that_do_not_fit_the_type_are_refused(wrong: dict[str, Any]) -> None:
    provider = person()
    right = {
        "type": "SINGLE",
        "portRanges": ["5432"],
        "resourceGatewayIdentifier": gateway(provider),
        "resourceConfigurationDefinition": DNS,
    }
    params = {name: value for name, value in (right | wrong).items() if value is not None}

    assert refusal(lambda: create(provider, **params)) == "ValidationException"


def test_an_address_must_be_one_of_the_gateways_vpc() -> None:
    provider = person()
    vpc = provider.ec2.describe_vpcs()["Vpcs"][0]["CidrBlock"]
    address = vpc.rpartition(".")[0] + ".9"

    created = create(
        provider,
        type="SINGLE",
        portRanges=["5432"],
        resourceGatewayIdentifier=gateway(provider),
        resourceConfigurationDefinition={"ipResource": {"ipAddress": address}},
    )

    assert created["resourceConfigurationDefinition"] == {"ipResource": {"ipAddress": address}}


def test_an_update_changes_three_members_and_takes_a_while() -> None:
    provider = person()
    arn = resource_configuration(provider)
    pass_time(5)
    elsewhere = {"dnsResource": {"domainName": "other.example.com", "ipAddressType": "IPV4"}}

    answer = provider.lattice.update_resource_configuration(
        resourceConfigurationIdentifier=arn,
        resourceConfigurationDefinition=elsewhere,
        portRanges=["6432"],
        allowAssociationToShareableServiceNetwork=True,
    )
    pass_time(5)
    found = described(provider, arn)

    assert (answer["status"], found["status"]) == ("UPDATE_IN_PROGRESS", "ACTIVE")
    assert (found["resourceConfigurationDefinition"], found["portRanges"]) == (elsewhere, ["6432"])
    assert found["allowAssociationToShareableServiceNetwork"] is True
    assert refusal(
        lambda: provider.lattice.update_resource_configuration(
            resourceConfigurationIdentifier=arn,
            resourceConfigurationDefinition={"cidrResource": {"cidrRanges": ["10.0.0.0/8"]}},
        )
    ) == ("ValidationException")


def test_a_failed_creation_shows_the_reason_and_stays_until_it_is_deleted() -> None:
    provider = person()
    plan = CallFault("vpc-lattice:*ResourceConfiguration", "fails-later", account=provider.account_id)

    with faults.injected(plan):
        arn = resource_configuration(provider)
    pass_time(5)
    failed = described(provider, arn)
    provider.lattice.delete_resource_configuration(resourceConfigurationIdentifier=arn)
    pass_time(5)

    assert failed["status"] == "CREATE_FAILED"
    assert failed["failureReason"]
    assert provider.lattice.list_resource_configurations()["items"] == []


def test_a_gateways_resolution_fits_what_is_behind_it() -> None:
    provider = person()
    database(provider)
    gateway_id = provider.lattice.list_resource_gateways()["items"][0]["id"]
    change = {"resourceGatewayIdentifier": gateway_id, "resourceConfigDnsResolution": "IN_VPC"}

    assert refusal(lambda: provider.lattice.update_resource_gateway(**change)) == "ValidationException"


def test_a_client_token_is_good_for_one_request_even_after_a_deletion() -> None:
    """Trap 19."""
    provider = person()
    request: dict[str, Any] = {
        "type": "SINGLE",
        "portRanges": ["5432"],
        "resourceGatewayIdentifier": gateway(provider),
        "resourceConfigurationDefinition": DNS,
        "clientToken": "t" * 64,
    }
    first = create(provider, **request)
    provider.lattice.delete_resource_configuration(resourceConfigurationIdentifier=first["id"])
    pass_time(5)

    again = create(provider, **request)

    assert again["id"] == first["id"]
    assert refusal(lambda: described(provider, again)) == "ResourceNotFoundException"
    assert refusal(lambda: create(provider, **{**request, "portRanges": ["6432"]})) == "ConflictException"
    assert refusal(lambda: create(provider, **{**request, "clientToken": "t" * 65})) == "ValidationException"


def test_listings_are_narrowed_by_group_gateway_and_domain() -> None:
    provider = person()
    group = group_with(provider, "first-db")
    domain = provider.lattice.start_domain_verification(domainName="example.com")["id"]
    behind = gateway(provider, name="other")
    create(
        provider,
        name="single",
        type="SINGLE",
        portRanges=["5432"],
        resourceGatewayIdentifier=behind,
        resourceConfigurationDefinition=DNS,
        customDomainName="one.example.com",
        domainVerificationIdentifier=domain,
    )

    def listed(**by: str) -> list[str]:
        return [item["name"] for item in provider.lattice.list_resource_configurations(**by)["items"]]

    assert listed(resourceConfigurationGroupIdentifier=group["arn"]) == ["first-db"]
    assert listed(resourceGatewayIdentifier=behind) == ["single"]
    assert listed(domainVerificationIdentifier=domain) == ["single"]


def test_quotas_are_answered_with_402() -> None:
    """Trap 18."""
    provider = person()
    group = group_with(provider, "first-db")

    with (
        lowered(children_per_group=1),
        pytest.raises(provider.lattice.exceptions.ServiceQuotaExceededException) as error,
    ):
        child(provider, group, "second-db")

    refused = error.value.response
    assert refused["ResponseMetadata"]["HTTPStatusCode"] == 402
    assert (refused["serviceCode"], refused["quotaCode"]) == ("vpc-lattice", "L-9BC96FEF")
    with lowered(configurations_per_region=2):
        assert refusal(lambda: child(provider, group, "third-db")) == "ServiceQuotaExceededException"
    with lowered(gateways_per_vpc=1):
        assert refusal(lambda: gateway(provider, name="second")) == "ServiceQuotaExceededException"
