"""The inventory that plans rest on, as the adapters promise to list it: in few calls, with AWS's oddities."""

from __future__ import annotations

import pytest

from drawbridge.association import Mode
from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.aws.account_listing import AccountListing
from drawbridge.aws.attachment_listing import AttachmentListing
from drawbridge.aws.owned_object_listing import OwnedObjectListing
from drawbridge.aws.service_networks import ServiceNetworks
from drawbridge.errors import ThrottledError
from local_aws_tests.lattice_shares import network as make_network
from local_aws_tests.lattice_shares import shared as shared_with
from local_aws_tests.sharing import first_vpc, pass_time
from tests.builders import desired, desired_by_network
from tests.contracts.accounts import Account, empty_first_pages, refusing
from tests.contracts.accounts import shared as shared_resource
from tests.contracts.associating import made


def inventory_of(who: Account) -> AccountListing:
    survey = AttachmentListing(who.ec2, who.lattice)
    return AccountListing(who.ec2, who.lattice, lambda: who.client("route53"), survey, account_id=who.account_id)


def test_what_is_shared_is_listed_and_changes_with_what_its_owner_changes(provider: Account, consumer: Account) -> None:
    arn, _ = shared_resource(provider, consumer)
    service = str(provider.lattice.create_service(name="api")["arn"])
    network = str(make_network(provider, "shared", shareable=True)["arn"])
    for each in (service, network):
        shared_with(provider, each, consumer)
    arns = [arn, service, network, arn + "0"]

    before = inventory_of(consumer).resources(arns)
    pass_time(60)
    again = inventory_of(consumer).resources(arns)
    provider.lattice.update_resource_configuration(resourceConfigurationIdentifier=arn, portRanges=["5433"])
    pass_time(10)
    after = inventory_of(consumer).resources(arns)

    assert before.keys() == {arn, service, network}
    assert before == again
    assert {each for each in before if before[each] != after[each]} == {arn}


def test_vpcs_have_their_tags_and_a_subnet_for_each_kind_of_place(consumer: Account) -> None:
    vpc_id, _ = first_vpc(consumer)
    consumer.ec2.create_tags(Resources=[vpc_id], Tags=[{"Key": "Team", "Value": "first"}])
    there = inventory_of(consumer)

    (vpc,) = (each for each in there.vpcs() if each.vpc_id == vpc_id)

    assert vpc.tags["Team"] == "first"
    lowest = {place[-1] for place in vpc.places}
    assert lowest <= there.subnets().keys()
    assert {there.subnets()[each] for each in lowest} == {vpc_id}
    assert len({place[0] for place in vpc.places}) == len(vpc.places)


def test_groups_networks_and_zones_are_listed(provider: Account, consumer: Account) -> None:
    vpc_id, _ = first_vpc(consumer)
    group = consumer.ec2.create_security_group(GroupName="listed", Description="listed", VpcId=vpc_id)["GroupId"]
    own = consumer.lattice.create_service_network(name="own-listed", sharingConfig={"enabled": False})["arn"]
    foreign = str(make_network(provider, "own-listed", shareable=True)["arn"])
    shared_with(provider, foreign, consumer)
    zone = consumer.client("route53").create_hosted_zone(Name="listed.example", CallerReference=group)["HostedZone"][
        "Id"
    ]

    with empty_first_pages():
        there = inventory_of(consumer)
        assert there.security_groups()[group] == vpc_id
        assert there.own_networks()["own-listed"].arn == own
        assert {own, foreign} <= {each.arn for each in there.networks()}
        assert there.hosted_zones()[zone.rpartition("/")[2]] is False


def test_endpoints_are_counted_and_those_with_our_marker_are_ours(provider: Account, consumer: Account) -> None:
    arn, share_arn = shared_resource(provider, consumer)
    vpc_id, subnet_ids = first_vpc(consumer)
    before = inventory_of(consumer).endpoints(vpc_id, Mode.RESOURCE_ENDPOINT)
    by = made(consumer, desired(resource_arn=arn, share_arn=share_arn, vpc_id=vpc_id, subnet_ids=tuple(subnet_ids[:1])))

    assert inventory_of(consumer).endpoints(vpc_id, Mode.RESOURCE_ENDPOINT) == before + 1
    ours = OwnedObject(id=by.endpoint_id, kind=OwnedKind.ENDPOINT, binding="orders", resource_arn=arn, vpc_id=vpc_id)
    assert ours in owned_objects_of(consumer).endpoints()
    assert owned_objects_of(consumer, owner="another").endpoints() == ()
    consumer.ec2.delete_vpc_endpoints(VpcEndpointIds=[by.endpoint_id])
    assert ours not in owned_objects_of(consumer).endpoints()


def test_what_a_network_is_associated_with_is_listed_whoever_made_it_and_its_tags_tell(
    provider: Account, consumer: Account
) -> None:
    arn, share_arn = shared_resource(provider, consumer)
    ServiceNetworks(consumer.lattice, owner="drawbridge", account_id=consumer.account_id).create("shared", "token")
    by = made(consumer, desired_by_network(resource_arn=arn, share_arn=share_arn, vpc_id=first_vpc(consumer)[0]))

    there = owned_objects_of(consumer)

    found = {each.id: each for each in there.network_associations()}
    assert {by.resource_association, by.vpc_association} <= found.keys()
    assert found[by.resource_association].resource_arn == arn
    assert all(there.is_ours(found[each]) for each in (by.resource_association, by.vpc_association))
    assert not any(owned_objects_of(consumer, owner="another").is_ours(each) for each in found.values())


def test_a_refusal_of_aws_s_is_raised_as_our_error(consumer: Account) -> None:
    with refusing(consumer.ec2, "describe_subnets", "RequestLimitExceeded"), pytest.raises(ThrottledError):
        inventory_of(consumer).subnets()
    with refusing(consumer.ec2, "describe_vpc_endpoints", "RequestLimitExceeded"), pytest.raises(ThrottledError):
        owned_objects_of(consumer).endpoints()


def owned_objects_of(who: Account, owner: str = "drawbridge") -> OwnedObjectListing:
    return OwnedObjectListing(who.ec2, who.lattice, owner=owner)
