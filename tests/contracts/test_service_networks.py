"""VPC Lattice's service networks, as the adapter promises to find, make and change them."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from botocore.stub import Stubber

from drawbridge.association import DesiredAttachment, MadeAttachment, Mode, NetworkRef, VpcAssociationSettings
from drawbridge.association.actions import CreateResourceAssociation, CreateVpcAssociation, UpdateVpcAssociation
from drawbridge.association.observed_attachment import Endpoint, ObservedServiceNetwork, State
from drawbridge.aws.service_networks import ServiceNetworks
from drawbridge.errors import (
    AccessDeniedError,
    AssociationFailedError,
    ConflictError,
    NotReadyError,
    QuotaExceededError,
    ThrottledError,
)
from drawbridge.lattice import PrivateDns, ResourceKind
from local_aws.testing.faults import CallFault, faults
from local_aws.testing.settings import changed
from local_aws_tests.lattice_shares import associate as put_in
from local_aws_tests.lattice_shares import network as make_network
from local_aws_tests.lattice_shares import shared
from local_aws_tests.sharing import first_vpc, pass_time, resource_configuration
from tests.associating import associate
from tests.builders import creation_of, desired_by_network, otherwise
from tests.contracts.accounts import Account, answering, empty_first_pages, refusing
from tests.contracts.accounts import shared as shared_resource
from tests.contracts.associating import reconciler_of

replace = msgspec.structs.replace


def networks_of(who: Account, owner: str = "drawbridge") -> ServiceNetworks:
    """Build it for one run."""
    return ServiceNetworks(who.lattice, owner=owner, account_id=who.account_id)


@pytest.fixture
def network(consumer: Account) -> ObservedServiceNetwork:
    return networks_of(consumer).create("shared", "token")


@pytest.fixture
def association(provider: Account, consumer: Account) -> DesiredAttachment:
    """Return a desired attachment of a share that was accepted."""
    arn, share_arn = shared_resource(provider, consumer)
    return desired_by_network(
        resource_arn=arn, share_arn=share_arn, provider=provider.account_id, vpc_id=first_vpc(consumer)[0]
    )


def settings_of(association: DesiredAttachment) -> VpcAssociationSettings:
    return VpcAssociationSettings(association.security_group_ids, association.private_dns)


def joining(network: ObservedServiceNetwork, association: DesiredAttachment) -> CreateVpcAssociation:
    return CreateVpcAssociation(network, association.vpc_id, settings_of(association), 1)


def tags_of(who: Account, arn: str) -> dict[str, str]:
    tags: dict[str, str] = who.lattice.list_tags_for_resource(resourceArn=arn)["tags"]
    return tags


def security_groups(who: Account, vpc_id: str, count: int = 2) -> list[str]:
    return [
        who.ec2.create_security_group(GroupName=f"group-{number}", Description="test", VpcId=vpc_id)["GroupId"]
        for number in range(count)
    ]


def test_trap_13_a_network_is_made_ours_and_not_shareable(consumer: Account) -> None:
    made = networks_of(consumer).create("shared", "token")

    there = consumer.lattice.get_service_network(serviceNetworkIdentifier=made.arn)
    assert (made.name, made.id, made.shareable) == ("shared", there["id"], False)
    assert (there["sharingConfig"], there["authType"]) == ({"enabled": False}, "NONE")
    assert tags_of(consumer, made.arn) == {"drawbridge:owner": "drawbridge"}


def test_a_network_that_others_have_is_not_there(provider: Account, consumer: Account) -> None:
    theirs = make_network(provider)

    assert networks_of(consumer).network(NetworkRef(identifier=theirs["arn"])) is None


def test_a_network_by_name_is_one_of_this_account_s(provider: Account, consumer: Account) -> None:
    theirs = make_network(provider, "shared", shareable=True)
    shared(provider, theirs["arn"], consumer)
    by_name, by_arn = NetworkRef(name="shared"), NetworkRef(identifier=theirs["arn"])

    before, foreign = networks_of(consumer).network(by_name), networks_of(consumer).network(by_arn)
    made = networks_of(consumer).create("shared", "token")

    assert before is None
    assert foreign is not None
    assert foreign.arn == theirs["arn"]
    assert networks_of(consumer).network(by_name) == made


@pytest.mark.parametrize("shareable", [True, False])
def test_trap_13_whether_a_network_can_be_shared_is_reported(consumer: Account, shareable: bool) -> None:
    make_network(consumer, "theirs", shareable=shareable)

    found = networks_of(consumer).network(NetworkRef(name="theirs"))

    assert found is not None
    assert found.shareable is shareable


def test_trap_8_networks_are_found_page_after_page(consumer: Account, network: ObservedServiceNetwork) -> None:
    with empty_first_pages():
        assert networks_of(consumer).network(NetworkRef(name="shared")) == network


def test_who_is_throttled_does_not_know_whether_there_is_a_network(consumer: Account) -> None:
    with refusing(consumer.lattice, "get_service_network", "ThrottlingException"), pytest.raises(ThrottledError):
        networks_of(consumer).network(NetworkRef(identifier="sn-0123456789abcdef0"))


@pytest.mark.parametrize("private_dns", [True, False])
def test_a_resource_is_put_in_and_found_there(
    consumer: Account, network: ObservedServiceNetwork, association: DesiredAttachment, private_dns: bool
) -> None:
    before = networks_of(consumer).resource_association(network, association.resource)

    made = networks_of(consumer).create_resource_association(
        CreateResourceAssociation(network, association.resource, private_dns, 3), "token"
    )
    on_its_way = networks_of(consumer).resource_association(network, association.resource)
    pass_time(5)
    there = networks_of(consumer).resource_association(network, association.resource)

    assert before is None
    assert (made.state, made.private_dns, made.attempt) == (State.PENDING, private_dns, 3)
    assert on_its_way is not None
    assert there is not None
    assert (on_its_way.id, on_its_way.state) == (made.id, State.PENDING)
    assert (there.id, there.state, there.private_dns) == (made.id, State.AVAILABLE, private_dns)
    arn = consumer.lattice.get_service_network_resource_association(
        serviceNetworkResourceAssociationIdentifier=made.id
    )["arn"]
    assert tags_of(consumer, arn) == {"drawbridge:owner": "drawbridge", "drawbridge:attempt": "3"}


def test_a_service_is_put_in_and_found_there(
    provider: Account, consumer: Account, network: ObservedServiceNetwork
) -> None:
    arn = provider.lattice.create_service(name="api")["arn"]
    shared(provider, arn, consumer)
    service = desired_by_network(resource_arn=arn, resource_kind=ResourceKind.SERVICE, vpc_id="")

    made = networks_of(consumer).create_resource_association(
        CreateResourceAssociation(network, service.resource, False, 1), "token"
    )
    pass_time(5)
    there = networks_of(consumer).resource_association(network, service.resource)

    assert made.id.startswith("snsa-")
    assert there is not None
    assert (there.id, there.state) == (made.id, State.AVAILABLE)


def test_trap_18_what_is_in_already_is_a_conflict_and_can_be_found(
    consumer: Account, network: ObservedServiceNetwork, association: DesiredAttachment
) -> None:
    theirs = put_in(consumer, network.id, association.resource.arn)

    with pytest.raises(ConflictError, match=association.resource.arn):
        networks_of(consumer).create_resource_association(
            CreateResourceAssociation(network, association.resource, False, 1), "token"
        )

    found = networks_of(consumer).resource_association(network, association.resource)
    assert found is not None
    assert found.id == theirs["id"]


def test_trap_14_what_is_shared_is_not_put_into_what_is_shared(
    provider: Account, consumer: Account, association: DesiredAttachment
) -> None:
    theirs = make_network(provider, shareable=True)
    shared(provider, theirs["arn"], consumer)
    foreign = ObservedServiceNetwork(arn=theirs["arn"], name="network")

    with pytest.raises(AccessDeniedError):
        networks_of(consumer).create_resource_association(
            CreateResourceAssociation(foreign, association.resource, False, 1), "token"
        )


def test_what_an_aws_service_put_in_is_none_of_our_business(
    consumer: Account, network: ObservedServiceNetwork, association: DesiredAttachment
) -> None:
    managed = {
        "id": "snra-0123456789abcdef0",
        "status": "ACTIVE",
        "resourceConfigurationArn": association.resource.arn,
        "isManagedAssociation": True,
    }

    with answering(consumer.lattice, "list_service_network_resource_associations", {"items": [managed]}):
        assert networks_of(consumer).resource_association(network, association.resource) is None


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("CREATE_IN_PROGRESS", State.PENDING),
        ("ACTIVE", State.AVAILABLE),
        ("PARTIAL", State.PARTIAL),
        ("DELETE_IN_PROGRESS", State.PENDING),
    ],
)
def test_trap_16_how_far_something_has_come_is_reported_in_our_words(
    consumer: Account, network: ObservedServiceNetwork, association: DesiredAttachment, status: str, state: State
) -> None:
    listed = {"id": "snra-0123456789abcdef0", "status": status, "resourceConfigurationArn": association.resource.arn}

    with answering(consumer.lattice, "list_service_network_resource_associations", {"items": [listed]}):
        found = networks_of(consumer).resource_association(network, association.resource)

    assert found is not None
    assert found.state is state


def failing(consumer: Account, operation: str) -> Any:
    return faults.injected(CallFault(f"vpc-lattice:{operation}", "fails-later", account=consumer.account_id, times=1))


def test_trap_16_of_what_failed_the_attempt_is_known_and_it_can_be_taken_out(
    consumer: Account, network: ObservedServiceNetwork, association: DesiredAttachment
) -> None:
    with failing(consumer, "CreateServiceNetworkResourceAssociation"):
        made = networks_of(consumer).create_resource_association(
            CreateResourceAssociation(network, association.resource, False, 2), "token"
        )
        pass_time(5)
    failed = networks_of(consumer).resource_association(network, association.resource)
    others = networks_of(consumer, "second").resource_association(network, association.resource)

    networks_of(consumer).delete_resource_association(made.id)
    pass_time(5)

    assert failed is not None
    assert others is not None
    assert (failed.state, failed.attempt) == (State.FAILED, 2)
    assert (others.state, others.attempt) == (State.FAILED, 0)
    assert networks_of(consumer).resource_association(network, association.resource) is None


def test_trap_16_what_others_put_in_and_failed_is_not_ours(
    provider: Account, consumer: Account, association: DesiredAttachment
) -> None:
    own = make_network(consumer, "open", shareable=True)
    shared(consumer, own["arn"], provider)
    arn = resource_configuration(provider, "theirs")
    pass_time(5)
    provider.lattice.update_resource_configuration(
        resourceConfigurationIdentifier=arn, allowAssociationToShareableServiceNetwork=True
    )
    pass_time(5)
    with failing(provider, "CreateServiceNetworkResourceAssociation"):
        put_in(provider, own["arn"], arn)
        pass_time(5)

    found = networks_of(consumer).resource_association(
        ObservedServiceNetwork(arn=own["arn"], name="open"), otherwise(association, resource_arn=arn).resource
    )

    assert found is not None
    assert (found.state, found.attempt) == (State.FAILED, 0)


def test_a_service_is_taken_out(provider: Account, consumer: Account, network: ObservedServiceNetwork) -> None:
    arn = provider.lattice.create_service(name="api")["arn"]
    shared(provider, arn, consumer)
    service = desired_by_network(resource_arn=arn, resource_kind=ResourceKind.SERVICE, vpc_id="")
    made = networks_of(consumer).create_resource_association(
        CreateResourceAssociation(network, service.resource, False, 1), "token"
    )
    pass_time(5)

    networks_of(consumer).delete_resource_association(made.id)
    pass_time(5)

    assert networks_of(consumer).resource_association(network, service.resource) is None


def test_a_vpc_is_associated_and_found_with_its_network(
    consumer: Account, network: ObservedServiceNetwork, association: DesiredAttachment
) -> None:
    before = networks_of(consumer).vpc_association(association.vpc_id)

    made = networks_of(consumer).create_vpc_association(joining(network, association), "token")
    pass_time(5)
    there = networks_of(consumer).vpc_association(association.vpc_id)

    assert before is None
    assert made.state is State.PENDING
    assert there == replace(made, state=State.AVAILABLE)
    assert (there.network_arn, there.ours, there.private_dns) == (network.arn, True, PrivateDns.OFF)


WIDTHS = [
    (PrivateDns.VERIFIED, (), "VERIFIED_DOMAINS_ONLY"),
    (PrivateDns.VERIFIED_AND_LISTED, ("a.example",), "VERIFIED_DOMAINS_AND_SPECIFIED_DOMAINS"),
    (PrivateDns.LISTED, ("a.example", "b.example"), "SPECIFIED_DOMAINS_ONLY"),
    (PrivateDns.ALL, (), "ALL_DOMAINS"),
]


@pytest.mark.parametrize(("private_dns", "domains", "preference"), WIDTHS)
def test_trap_17_a_vpc_takes_over_the_names_that_are_desired_and_no_others(
    consumer: Account,
    network: ObservedServiceNetwork,
    association: DesiredAttachment,
    private_dns: PrivateDns,
    domains: tuple[str, ...],
    preference: str,
) -> None:
    groups = security_groups(consumer, association.vpc_id)
    named = otherwise(association, private_dns=private_dns, private_domains=domains, security_group_ids=tuple(groups))

    made = networks_of(consumer).create_vpc_association(joining(network, named), "token")
    pass_time(5)
    there = networks_of(consumer).vpc_association(association.vpc_id)

    described = consumer.lattice.get_service_network_vpc_association(serviceNetworkVpcAssociationIdentifier=made.id)
    assert described["privateDnsEnabled"]
    assert described["dnsOptions"]["privateDnsPreference"] == preference
    assert there is not None
    assert (there.private_dns, there.private_domains) == (private_dns, frozenset(domains))
    assert there.security_group_ids == frozenset(groups)


def test_a_vpc_s_association_is_changed_to_what_is_desired(
    consumer: Account, network: ObservedServiceNetwork, association: DesiredAttachment
) -> None:
    first, second = security_groups(consumer, association.vpc_id)
    networks_of(consumer).create_vpc_association(
        joining(network, otherwise(association, security_group_ids=(first,))), "token"
    )
    pass_time(5)
    there = networks_of(consumer).vpc_association(association.vpc_id)
    assert there is not None
    other = otherwise(association, security_group_ids=(second,), private_dns=PrivateDns.VERIFIED)

    changed = networks_of(consumer).update_vpc_association(UpdateVpcAssociation(there, "", settings_of(other)))
    pass_time(5)
    found = networks_of(consumer).vpc_association(association.vpc_id)

    assert changed.state is State.PENDING
    assert found == replace(changed, state=State.AVAILABLE)
    assert found.security_group_ids == {second}
    assert found.private_dns is PrivateDns.VERIFIED


def test_a_vpc_s_association_that_others_made_is_not_ours(
    consumer: Account, network: ObservedServiceNetwork, association: DesiredAttachment
) -> None:
    consumer.lattice.create_service_network_vpc_association(
        serviceNetworkIdentifier=network.id, vpcIdentifier=association.vpc_id
    )

    found = networks_of(consumer).vpc_association(association.vpc_id)

    assert found is not None
    assert not found.ours


def test_a_failed_association_of_a_vpc_says_why(
    consumer: Account, network: ObservedServiceNetwork, association: DesiredAttachment
) -> None:
    with failing(consumer, "CreateServiceNetworkVpcAssociation"):
        networks_of(consumer).create_vpc_association(joining(network, association), "token")
        pass_time(5)

    found = networks_of(consumer).vpc_association(association.vpc_id)

    assert found is not None
    assert found.state is State.FAILED
    assert found.failure


def test_what_a_network_is_associated_with_is_counted(
    consumer: Account, network: ObservedServiceNetwork, association: DesiredAttachment
) -> None:
    before = (networks_of(consumer).resources_in(network), networks_of(consumer).vpcs_of(network))

    networks_of(consumer).create_resource_association(
        CreateResourceAssociation(network, association.resource, False, 1), "in"
    )
    networks_of(consumer).create_vpc_association(joining(network, association), "vpc")

    with empty_first_pages():
        after = (networks_of(consumer).resources_in(network), networks_of(consumer).vpcs_of(network))
    assert (before, after) == ((0, 0), (1, 1))


def test_trap_18_a_quota_that_is_used_up_is_reported_as_such(
    consumer: Account, network: ObservedServiceNetwork, association: DesiredAttachment
) -> None:
    with changed(quotas={"configurations_per_network": 0}), pytest.raises(QuotaExceededError):
        networks_of(consumer).create_resource_association(
            CreateResourceAssociation(network, association.resource, False, 1), "token"
        )


def test_what_was_listed_once_is_kept_for_one_run(
    consumer: Account, network: ObservedServiceNetwork, association: DesiredAttachment
) -> None:
    networks = networks_of(consumer)
    before = networks.resource_association(network, association.resource)

    networks.create_resource_association(CreateResourceAssociation(network, association.resource, False, 1), "token")

    assert (before, networks.resource_association(network, association.resource)) == (None, None)
    assert networks_of(consumer).resource_association(network, association.resource) is not None


def test_a_whole_attachment_by_a_network_is_made_and_adopted_by_the_next_run(
    consumer: Account, association: DesiredAttachment
) -> None:
    from_name = otherwise(association, network=NetworkRef(name="made", create=True))

    def once() -> MadeAttachment:
        return associate(from_name, reconciler_of(consumer), attempt=1)

    with pytest.raises(NotReadyError):
        once()
    pass_time(5)

    assert once() == once()
    assert once().vpc_association.startswith("snva-")
    assert once().resource_association.startswith("snra-")


def test_trap_16_an_attachment_that_failed_is_made_anew_by_the_next_attempt(
    consumer: Account, network: ObservedServiceNetwork, association: DesiredAttachment
) -> None:
    alone = otherwise(association, vpc_id="")

    def attempt(number: int) -> MadeAttachment:
        return associate(alone, reconciler_of(consumer), attempt=number)

    with failing(consumer, "CreateServiceNetworkResourceAssociation"):
        with pytest.raises(NotReadyError):
            attempt(1)
        pass_time(5)
    with pytest.raises(AssociationFailedError):
        attempt(1)

    for expected in ("is being deleted", "not available yet", "not available yet"):
        with pytest.raises(NotReadyError, match=expected):
            attempt(2)
        pass_time(1 if expected == "is being deleted" else 3)

    assert attempt(2).resource_association


def test_trap_19_two_bindings_at_the_same_instant_have_one_endpoint_to_their_network_whatever_groups_they_name(
    consumer: Account, network: ObservedServiceNetwork, association: DesiredAttachment
) -> None:
    made = consumer.ec2.create_security_group(GroupName="theirs", Description="for a test", VpcId=association.vpc_id)
    subnets = tuple(first_vpc(consumer)[1][:2])
    one = otherwise(association, mode=Mode.SERVICE_NETWORK_ENDPOINT, subnet_ids=subnets)
    other = otherwise(one, binding="other", subnet_ids=subnets[:1], security_group_ids=(made["GroupId"],))
    side_by_side = [(reconciler_of(consumer), each) for each in (one, other)]
    observed = [reconciler.observe(each) for reconciler, each in side_by_side]
    assert [each.endpoint for each in observed] == [None, None]

    ids = set()
    for (reconciler, each), before in zip(side_by_side, observed, strict=True):
        endpoint = reconciler.apply(creation_of(each, network, before.terminated_ids))
        assert isinstance(endpoint, Endpoint)
        ids.add(endpoint.id)

    assert len(ids) == 1
    found = consumer.ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [one.vpc_id]}])["VpcEndpoints"]
    assert [each["VpcEndpointId"] for each in found] == [*ids]


DENIED = "User: arn:aws:sts::2:assumed-role/r/s is not authorized to perform: {} on resource: arn:aws:x because no ..."


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        pytest.param(
            DENIED.format("iam:CreateServiceLinkedRole"),
            "this role lacks iam:CreateServiceLinkedRole, which AWS asks for beside",
            id="what Lattice does in the caller's name",
        ),
        pytest.param(
            DENIED.format("vpc-lattice:CreateServiceNetworkResourceAssociation"),
            "the share is of an older kind",
            id="the association itself",
        ),
        pytest.param("Access denied", "the share is of an older kind", id="no action"),
    ],
)
def test_a_refusal_says_what_lacks_by_the_action_that_aws_names(
    consumer: Account, association: DesiredAttachment, network: ObservedServiceNetwork, words: str, hint: str
) -> None:
    networks = networks_of(consumer)
    operation = "create_service_network_resource_association"

    with Stubber(networks._lattice) as stubber:
        stubber.add_client_error(operation, "AccessDeniedException", words)
        with pytest.raises(AccessDeniedError, match=re.escape(words)) as refused:
            networks.create_resource_association(
                CreateResourceAssociation(network, association.resource, False, 1), "token"
            )

    assert hint in str(refused.value)
