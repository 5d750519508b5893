"""VPC endpoints of types Resource and ServiceNetwork, as the adapter promises to make and show them."""

from __future__ import annotations

from typing import Any

import pytest

from drawbridge.association import DesiredAttachment, Mode, NetworkRef
from drawbridge.association.attachment_document import document_of
from drawbridge.association.client_tokens import endpoint_token
from drawbridge.association.observed_attachment import Endpoint, ObservedServiceNetwork, ResourceTarget, State
from drawbridge.aws.vpc_endpoints import VpcEndpoints
from drawbridge.errors import AccessDeniedError, ConflictError, NotReadyError, QuotaExceededError, UpstreamError
from drawbridge.lattice import PrivateDns
from local_aws_tests.lattice_shares import associate as put_in
from local_aws_tests.lattice_shares import group as make_group
from local_aws_tests.lattice_shares import network as make_network
from local_aws_tests.lattice_shares import network_endpoint, resource_endpoint
from local_aws_tests.lattice_shares import shared as shared_with
from local_aws_tests.sharing import first_vpc, pass_time
from tests.associating import associate
from tests.builders import creation_of, desired, otherwise, target_of
from tests.contracts.accounts import REGION, Account, answering, refusing, shared
from tests.contracts.associating import reconciler_of

RESOURCE, BY_NETWORK = Mode.RESOURCE_ENDPOINT, Mode.SERVICE_NETWORK_ENDPOINT


def endpoints_of(consumer: Account, owner: str = "drawbridge") -> VpcEndpoints:
    return VpcEndpoints(consumer.ec2, owner=owner)


@pytest.fixture
def association(provider: Account, consumer: Account) -> DesiredAttachment:
    """Return a desired attachment of a share that was accepted."""
    arn, share_arn = shared(provider, consumer)
    vpc_id, subnet_ids = first_vpc(consumer)
    return desired(
        resource_arn=arn,
        share_arn=share_arn,
        provider=provider.account_id,
        vpc_id=vpc_id,
        subnet_ids=tuple(subnet_ids[:1]),
    )


def endpoints_for(
    listing: VpcEndpoints, association: DesiredAttachment, network: ObservedServiceNetwork | None
) -> list[Endpoint]:
    return listing.find(target_of(association, network), association.vpc_id)


def unowned_for(listing: VpcEndpoints, association: DesiredAttachment) -> list[Endpoint]:
    return listing.unowned(ResourceTarget(association.binding, association.resource.arn), association.vpc_id)


def described(consumer: Account, endpoint_id: str) -> dict[str, Any]:
    (found,) = consumer.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"]
    endpoint: dict[str, Any] = found
    return endpoint


def test_trap_11_an_endpoint_is_made_of_type_resource_where_it_is_desired(
    consumer: Account, association: DesiredAttachment
) -> None:
    made = endpoints_of(consumer).create(creation_of(association), "token")

    there = described(consumer, made.id)
    assert made.state is State.PENDING
    assert there["VpcEndpointType"] == "Resource"
    assert (there["VpcId"], tuple(there["SubnetIds"])) == (association.vpc_id, document_of(association).subnet_ids)
    assert there["ResourceConfigurationArn"] == association.resource.arn
    assert there["PrivateDnsEnabled"] is False
    assert [group["GroupName"] for group in there["Groups"]] == ["default"]
    assert {tag["Key"]: tag["Value"] for tag in there["Tags"]} == {
        "drawbridge:owner": "drawbridge",
        "drawbridge:binding": association.binding,
        "drawbridge:resource-configuration": association.resource.arn,
        "Name": association.name,
    }


def test_an_endpoint_gets_the_security_groups_that_are_desired(
    consumer: Account, association: DesiredAttachment
) -> None:
    group = consumer.ec2.create_security_group(GroupName="db", Description="db", VpcId=association.vpc_id)["GroupId"]

    made = endpoints_of(consumer).create(creation_of(otherwise(association, security_group_ids=(group,))), "token")

    assert [each["GroupId"] for each in described(consumer, made.id)["Groups"]] == [group]


def test_the_security_groups_of_an_endpoint_are_reported_and_can_be_changed(
    consumer: Account, association: DesiredAttachment
) -> None:
    first, second, third = (
        consumer.ec2.create_security_group(GroupName=name, Description=name, VpcId=association.vpc_id)["GroupId"]
        for name in "abc"
    )
    endpoints = endpoints_of(consumer)
    made = endpoints.create(creation_of(otherwise(association, security_group_ids=(first, second))), "token")

    endpoints.modify_security_groups(made.id, add=frozenset({third}), remove=frozenset({first}))

    (found,) = endpoints_for(endpoints_of(consumer), association, None)
    assert made.security_group_ids == {first, second}
    assert found.security_group_ids == {second, third}


def test_an_endpoint_without_desired_groups_has_the_default_one(
    consumer: Account, association: DesiredAttachment
) -> None:
    made = endpoints_of(consumer).create(creation_of(association), "token")

    assert {each["GroupId"] for each in described(consumer, made.id)["Groups"]} == made.security_group_ids
    assert len(made.security_group_ids) == 1


@pytest.mark.parametrize(
    ("code", "error"), [("InvalidVpcEndpointId.NotFound", UpstreamError), ("UnauthorizedOperation", AccessDeniedError)]
)
def test_a_change_of_groups_that_aws_refuses_is_an_error(consumer: Account, code: str, error: type[Exception]) -> None:
    with refusing(consumer.ec2, "modify_vpc_endpoint", code), pytest.raises(error, match="vpce-0"):
        endpoints_of(consumer).modify_security_groups("vpce-0", add=frozenset({"sg-0"}), remove=frozenset())


def test_trap_17_private_names_are_those_of_verified_domains_only(
    consumer: Account, association: DesiredAttachment
) -> None:
    made = endpoints_of(consumer).create(creation_of(otherwise(association, private_dns="verified")), "token")

    there = described(consumer, made.id)
    assert there["PrivateDnsEnabled"] is True
    assert there["DnsOptions"]["PrivateDnsPreference"] == "VERIFIED_DOMAINS_ONLY"


def test_trap_19_the_same_token_gives_the_same_endpoint(consumer: Account, association: DesiredAttachment) -> None:
    endpoints = endpoints_of(consumer)
    token = endpoint_token(creation_of(association, attempt=1))

    first, again = endpoints.create(creation_of(association), token), endpoints.create(creation_of(association), token)
    later = endpoints.create(creation_of(association), endpoint_token(creation_of(association, attempt=2)))

    assert first.id == again.id != later.id


def test_trap_19_a_token_that_comes_back_with_something_else_is_a_conflict(
    consumer: Account, association: DesiredAttachment
) -> None:
    endpoints = endpoints_of(consumer)
    endpoints.create(creation_of(association), "token")

    with pytest.raises(ConflictError, match="IdempotentParameterMismatch"):
        endpoints.create(creation_of(otherwise(association, private_dns="verified")), "token")


def test_an_endpoint_is_found_by_what_it_was_made_for(consumer: Account, association: DesiredAttachment) -> None:
    endpoints = endpoints_of(consumer)
    made = endpoints.create(creation_of(association), "token")

    assert [each.id for each in endpoints_for(endpoints_of(consumer), association, None)] == [made.id]
    assert endpoints_for(endpoints_of(consumer), otherwise(association, binding="other"), None) == []
    assert (
        endpoints_for(endpoints_of(consumer), otherwise(association, resource_arn=f"{association.resource.arn}0"), None)
        == []
    )
    assert endpoints_for(endpoints_of(consumer), otherwise(association, vpc_id="vpc-00000000000000000"), None) == []
    assert endpoints_for(endpoints_of(consumer, owner="another"), association, None) == []


def test_an_endpoint_that_people_made_is_not_found(consumer: Account, association: DesiredAttachment) -> None:
    consumer.ec2.create_vpc_endpoint(
        VpcEndpointType="Resource",
        VpcId=association.vpc_id,
        SubnetIds=list(document_of(association).subnet_ids),
        ResourceConfigurationArn=association.resource.arn,
    )

    assert endpoints_for(endpoints_of(consumer), association, None) == []


def test_trap_9_an_endpoint_s_state_is_read_in_whichever_spelling(
    consumer: Account, association: DesiredAttachment
) -> None:
    endpoints = endpoints_of(consumer)
    made = endpoints.create(creation_of(association), "token")

    def state() -> State:
        (found,) = endpoints_for(endpoints_of(consumer), association, None)
        return found.state

    before = state()
    pass_time(10)
    available = state()
    consumer.ec2.delete_vpc_endpoints(VpcEndpointIds=[made.id])

    assert (before, available, state()) == (State.PENDING, State.AVAILABLE, State.TERMINATED)


def test_an_endpoint_that_the_provider_cut_off_has_failed(
    provider: Account, consumer: Account, association: DesiredAttachment
) -> None:
    endpoints = endpoints_of(consumer)
    endpoints.create(creation_of(association), "token")
    pass_time(10)
    (widths,) = provider.lattice.list_resource_endpoint_associations(
        resourceConfigurationIdentifier=association.resource.arn
    )["items"]

    provider.lattice.delete_resource_endpoint_association(resourceEndpointAssociationIdentifier=widths["id"])

    assert [each.state for each in endpoints_for(endpoints_of(consumer), association, None)] == [State.FAILED]


def test_a_failed_endpoint_says_why(consumer: Account, association: DesiredAttachment) -> None:
    there = {
        "VpcEndpointId": "vpce-0",
        "State": "Failed",
        "CreationTimestamp": "2026-01-01T00:00:00Z",
        "LastError": {"Code": "InsufficientFreeAddresses", "Message": "none left"},
        "Tags": [
            {"Key": "drawbridge:owner", "Value": "drawbridge"},
            {"Key": "drawbridge:binding", "Value": association.binding},
            {"Key": "drawbridge:resource-configuration", "Value": association.resource.arn},
        ],
    }

    with answering(consumer.ec2, "describe_vpc_endpoints", {"VpcEndpoints": [there]}):
        (found,) = endpoints_for(endpoints_of(consumer), association, None)

    assert (found.state, found.failure) == (State.FAILED, "InsufficientFreeAddresses none left")


def test_trap_12_the_name_is_reported_by_the_association_and_late(
    consumer: Account, association: DesiredAttachment
) -> None:
    endpoints = endpoints_of(consumer)
    made = endpoints.create(creation_of(association), "token")

    (first,) = endpoints.named(made.id)
    pass_time(7)
    (available,) = endpoints.named(made.id)
    pass_time(4)
    (named,) = endpoints.named(made.id)

    assert (first.accessible, first.dns_name) == (False, "")
    assert (available.accessible, available.dns_name) == (True, "")
    assert named.accessible
    assert named.resource_arn == association.resource.arn
    assert named.association_id.startswith("vpce-rsc-asc-")
    assert named.dns_name.startswith(f"{made.id}.{association.resource.arn.rpartition('/')[2]}.")
    assert named.dns_name.endswith(f".vpc-lattice-rsc.{REGION}.on.aws")
    assert named.hosted_zone_id
    assert named.private_dns_name is None


def test_trap_8_associations_come_in_pages_that_botocore_does_not_turn(consumer: Account) -> None:
    answers: list[dict[str, Any]] = [
        {"VpcEndpointAssociations": [], "NextToken": "on"},
        {
            "VpcEndpointAssociations": [
                {"Id": "a", "AssociatedResourceAccessibility": "AVAILABLE", "FailureCode": "X", "FailureReason": "y"}
            ]
        },
    ]

    with answering(consumer.ec2, "describe_vpc_endpoint_associations", *answers):
        (found,) = endpoints_of(consumer).named("vpce-0")

    assert (found.accessible, found.dns_name, found.failure) == (True, "", "X y")


def test_a_limit_that_is_reached_is_reported_as_such(consumer: Account) -> None:
    """Trap 18."""
    with refusing(consumer.ec2, "create_vpc_endpoint", "VpcEndpointLimitExceeded"), pytest.raises(QuotaExceededError):
        endpoints_of(consumer).create(creation_of(desired()), "token")


def by_network(association: DesiredAttachment, **changes: Any) -> DesiredAttachment:
    return otherwise(association, mode=Mode.SERVICE_NETWORK_ENDPOINT, network=NetworkRef(name="shared"), **changes)


@pytest.fixture
def network(consumer: Account) -> ObservedServiceNetwork:
    made = make_network(consumer, "shared")
    return ObservedServiceNetwork(arn=made["arn"], name=made["name"])


def test_trap_11_an_endpoint_to_a_network_is_made_of_type_service_network(
    consumer: Account, association: DesiredAttachment, network: ObservedServiceNetwork
) -> None:
    made = endpoints_of(consumer).create(creation_of(by_network(association), network), "token")

    there = described(consumer, made.id)
    assert made.state is State.PENDING
    assert (there["VpcEndpointType"], there["ServiceNetworkArn"]) == ("ServiceNetwork", network.arn)
    assert "ResourceConfigurationArn" not in there
    # It belongs to no single binding: others come to use it.
    assert {tag["Key"]: tag["Value"] for tag in there["Tags"]} == {"drawbridge:owner": "drawbridge", "Name": "shared"}


WIDTHS = [
    (PrivateDns.ALL, frozenset[str]()),
    (PrivateDns.LISTED, frozenset({"a.example", "b.example"})),
    (PrivateDns.LISTED, frozenset({"a.example"})),
    (PrivateDns.VERIFIED_AND_LISTED, frozenset({"b.example"})),
    (PrivateDns.VERIFIED, frozenset[str]()),
    (PrivateDns.OFF, frozenset[str]()),
]


@pytest.mark.parametrize("mode", [RESOURCE, BY_NETWORK])
def test_trap_17_the_private_dns_of_an_endpoint_is_reported_and_can_be_changed_wider_narrower_and_off(
    consumer: Account, association: DesiredAttachment, network: ObservedServiceNetwork, mode: Mode
) -> None:
    by = by_network(association) if mode is BY_NETWORK else association
    made = endpoints_of(consumer).create(creation_of(by, network), "token")

    widths = []
    for private_dns, domains in WIDTHS:
        endpoints_of(consumer).modify_private_dns(made.id, private_dns, domains)
        (there,) = endpoints_for(endpoints_of(consumer), by, network)
        widths.append((there.private_dns, there.private_domains))

    assert (made.private_dns, made.private_domains) == (PrivateDns.OFF, frozenset())
    assert widths == WIDTHS


@pytest.mark.parametrize("asked", ["", "ipv4"])
def test_the_addresses_of_an_endpoint_are_reported_as_a_binding_writes_them(
    consumer: Account, association: DesiredAttachment, asked: str
) -> None:
    endpoints_of(consumer).create(creation_of(otherwise(association, address_type=asked)), "token")

    (there,) = endpoints_for(endpoints_of(consumer), association, None)

    assert there.address_type == "ipv4"


def test_an_endpoint_to_another_network_or_to_a_resource_is_not_found(
    consumer: Account, association: DesiredAttachment, network: ObservedServiceNetwork
) -> None:
    endpoints_of(consumer).create(creation_of(association), "token")
    network_endpoint(consumer, make_network(consumer, "other")["arn"])

    assert endpoints_for(endpoints_of(consumer), by_network(association), network) == []
    nowhere = otherwise(by_network(association), network=NetworkRef(name="none"))
    assert reconciler_of(consumer).observe(nowhere).endpoint is None


def test_endpoints_are_counted_by_type_whoever_made_them(
    consumer: Account, association: DesiredAttachment, network: ObservedServiceNetwork
) -> None:
    resource_endpoint(consumer, association.resource.arn)
    gone = endpoints_of(consumer).create(creation_of(association), "token").id
    network_endpoint(consumer, network.arn)
    before = endpoints_of(consumer)
    counted = [before.count(association.vpc_id, mode) for mode in (RESOURCE, BY_NETWORK)]

    consumer.ec2.delete_vpc_endpoints(VpcEndpointIds=[gone])
    after = endpoints_of(consumer)

    assert counted == [2, 1]
    assert [after.count(association.vpc_id, mode) for mode in (RESOURCE, BY_NETWORK)] == [1, 1]
    assert after.count("vpc-00000000000000000", RESOURCE) == 0


def test_trap_19_an_endpoint_that_is_over_is_listed_with_those_that_are_not(
    consumer: Account, association: DesiredAttachment, network: ObservedServiceNetwork
) -> None:
    first = endpoints_of(consumer).create(creation_of(by_network(association), network), "token").id
    consumer.ec2.delete_vpc_endpoints(VpcEndpointIds=[first])
    pass_time(2)
    second = endpoints_of(consumer).create(creation_of(by_network(association), network), "another token").id

    found = endpoints_for(endpoints_of(consumer), by_network(association), network)

    assert [(each.id, each.state) for each in found] == [(first, State.TERMINATED), (second, State.PENDING)]


def test_trap_19_what_was_deleted_is_made_anew_whether_it_is_listed_or_not(
    consumer: Account, association: DesiredAttachment
) -> None:
    def made() -> str:
        return associate(association, reconciler_of(consumer), attempt=1).endpoint_id

    ids = []
    # At once, once it is deleted, and once it is not even listed any longer.
    for deleted_for in (0, 10, 4000):
        with pytest.raises(NotReadyError):
            made()
        pass_time(10)
        ids.append(made())
        consumer.ec2.delete_vpc_endpoints(VpcEndpointIds=[ids[-1]])
        pass_time(deleted_for)
    with pytest.raises(NotReadyError):
        made()

    assert len({*ids}) == 3


@pytest.mark.parametrize(
    ("private_dns", "domains", "preference"),
    [
        (PrivateDns.VERIFIED, (), "VERIFIED_DOMAINS_ONLY"),
        (PrivateDns.VERIFIED_AND_LISTED, ("a.example",), "VERIFIED_DOMAINS_AND_SPECIFIED_DOMAINS"),
        (PrivateDns.LISTED, ("a.example", "b.example"), "SPECIFIED_DOMAINS_ONLY"),
        (PrivateDns.ALL, (), "ALL_DOMAINS"),
    ],
)
def test_trap_17_an_endpoint_takes_over_the_names_that_are_desired_and_no_others(
    consumer: Account,
    association: DesiredAttachment,
    private_dns: PrivateDns,
    domains: tuple[str, ...],
    preference: str,
) -> None:
    named = otherwise(association, private_dns=private_dns, private_domains=domains)

    made = endpoints_of(consumer).create(creation_of(named), "token")

    options = described(consumer, made.id)["DnsOptions"]
    assert options["PrivateDnsPreference"] == preference
    assert options.get("PrivateDnsSpecifiedDomains", []) == list(domains)
    assert made.private_dns


def test_what_a_network_s_endpoint_leads_to_is_reported_with_the_group_that_it_is_in(
    provider: Account, consumer: Account, association: DesiredAttachment, network: ObservedServiceNetwork
) -> None:
    parent = make_group(provider, "one", "two")
    shared_with(provider, parent["arn"], consumer)
    put_in(consumer, network.id, association.resource.arn)
    put_in(consumer, network.id, parent["arn"])
    pass_time(5)
    made = endpoints_of(consumer).create(creation_of(by_network(association), network), "token")
    pass_time(15)

    named = endpoints_of(consumer).named(made.id)

    assert [each.group_arn for each in named if each.resource_arn == association.resource.arn] == [""]
    assert [each.group_arn for each in named].count(parent["arn"]) == 2
    assert all(each.is_usable and each.dns_name.startswith(f"{made.id}-snra-") for each in named)
    assert len({each.dns_name for each in named}) == 3


def test_a_service_is_reported_among_what_a_network_s_endpoint_leads_to(
    provider: Account, consumer: Account, association: DesiredAttachment, network: ObservedServiceNetwork
) -> None:
    arn = provider.lattice.create_service(name="api")["arn"]
    shared_with(provider, arn, consumer)
    consumer.lattice.create_service_network_service_association(
        serviceNetworkIdentifier=network.id, serviceIdentifier=arn
    )
    pass_time(5)
    made = endpoints_of(consumer).create(creation_of(by_network(association), network), "token")
    pass_time(15)

    (named,) = endpoints_of(consumer).named(made.id)

    assert (named.resource_arn, named.is_usable) == (arn, True)
    assert named.dns_name.startswith(f"{made.id}-snsa-")


@pytest.mark.parametrize(
    ("gone", "was_ours"),
    [
        (["drawbridge:owner"], True),
        (["drawbridge:binding"], False),
        (["drawbridge:owner", "drawbridge:binding", "drawbridge:resource-configuration", "Name"], False),
    ],
)
def test_an_endpoint_whose_tags_somebody_took_is_listed_as_unowned_and_says_what_is_left_of_them(
    consumer: Account, association: DesiredAttachment, gone: list[str], was_ours: bool
) -> None:
    made = endpoints_of(consumer).create(creation_of(association), "token").id
    assert unowned_for(endpoints_of(consumer), association) == []

    consumer.ec2.delete_tags(Resources=[made], Tags=[{"Key": key} for key in gone])

    listing = endpoints_of(consumer)
    assert endpoints_for(listing, association, None) == []
    assert [(each.id, each.was_ours) for each in unowned_for(listing, association)] == [(made, was_ours)]


def test_unowned_is_nothing_of_another_binding_s_or_that_leads_elsewhere_or_is_over(
    consumer: Account, association: DesiredAttachment, network: ObservedServiceNetwork
) -> None:
    listing = endpoints_of(consumer)
    listing.create(creation_of(otherwise(association, binding="other")), "token")
    network_endpoint(consumer, network.arn)
    over = resource_endpoint(consumer, association.resource.arn)["VpcEndpointId"]
    consumer.ec2.delete_vpc_endpoints(VpcEndpointIds=[over])
    theirs = resource_endpoint(consumer, association.resource.arn)["VpcEndpointId"]

    assert [(each.id, each.was_ours) for each in unowned_for(endpoints_of(consumer), association)] == [(theirs, False)]
