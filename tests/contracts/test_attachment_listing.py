"""The attachments of an account, as the adapter promises to list them, in few calls."""

from __future__ import annotations

from typing import Any

import pytest

from drawbridge.aws.attachment_listing import AttachmentListing
from drawbridge.aws.service_networks import ServiceNetworks
from drawbridge.errors import ThrottledError
from drawbridge.lattice import PrivateDns
from local_aws_tests.sharing import first_vpc, pass_time
from tests.builders import desired, desired_by_network
from tests.contracts.accounts import Account, refusing
from tests.contracts.accounts import shared as shared_resource
from tests.contracts.associating import made


def survey(who: Account) -> AttachmentListing:
    return AttachmentListing(who.ec2, who.lattice)


def test_an_endpoint_has_its_groups_and_what_it_leads_to_until_it_is_deleted(
    provider: Account, consumer: Account
) -> None:
    arn, share_arn = shared_resource(provider, consumer)
    vpc_id, subnet_ids = first_vpc(consumer)
    by = made(consumer, desired(resource_arn=arn, share_arn=share_arn, vpc_id=vpc_id, subnet_ids=tuple(subnet_ids[:1])))
    pass_time(10)

    there = survey(consumer)

    assert there.security_groups(by.endpoint_id) == frozenset(by.security_group_ids)
    assert [each.resource_arn for each in there.named(by.endpoint_id)] == [arn]
    consumer.ec2.delete_vpc_endpoints(VpcEndpointIds=[by.endpoint_id])
    gone = survey(consumer)
    assert gone.security_groups(by.endpoint_id) is None
    assert gone.named(by.endpoint_id) == []


def test_a_network_has_what_is_in_it_and_its_vpcs(provider: Account, consumer: Account) -> None:
    arn, share_arn = shared_resource(provider, consumer)
    ServiceNetworks(consumer.lattice, owner="drawbridge", account_id=consumer.account_id).create("shared", "token")
    by = made(consumer, desired_by_network(resource_arn=arn, share_arn=share_arn, vpc_id=first_vpc(consumer)[0]))
    pass_time(10)

    there = survey(consumer)

    assert [each.resource_arn for each in there.named_in_network(by.network_arn, arn)] == [arn]
    assert there.vpc_associations(by.network_arn) == {by.vpc_association}
    consumer.lattice.delete_service_network_vpc_association(serviceNetworkVpcAssociationIdentifier=by.vpc_association)
    assert survey(consumer).vpc_associations(by.network_arn) == frozenset()


def test_what_is_not_there_is_nothing(consumer: Account) -> None:
    there = survey(consumer)

    assert there.security_groups("vpce-0123456789abcdef0") is None
    assert there.named("vpce-0123456789abcdef0") == []


def test_a_refusal_of_aws_s_is_raised_as_our_error(consumer: Account) -> None:
    there = survey(consumer)

    with refusing(consumer.ec2, "describe_vpc_endpoints", "RequestLimitExceeded"), pytest.raises(ThrottledError):
        there.security_groups("vpce-0123456789abcdef0")
    with (
        refusing(consumer.lattice, "list_service_network_vpc_associations", "ThrottlingException"),
        pytest.raises(ThrottledError),
    ):
        there.vpc_associations("arn:aws:vpc-lattice:us-east-1:222222222222:servicenetwork/sn-0123456789abcdef0")


def test_what_an_endpoint_or_a_vpc_s_association_was_left_with_is_returned_as_it_was_left(
    provider: Account, consumer: Account
) -> None:
    arn, share_arn = shared_resource(provider, consumer)
    vpc_id, subnet_ids = first_vpc(consumer)
    fields: dict[str, Any] = {"resource_arn": arn, "share_arn": share_arn, "vpc_id": vpc_id}
    ServiceNetworks(consumer.lattice, owner="drawbridge", account_id=consumer.account_id).create("shared", "token")
    by_endpoint = made(consumer, desired(subnet_ids=tuple(subnet_ids[:1]), **fields))
    by_network = made(consumer, desired_by_network(private_dns=PrivateDns.VERIFIED, names_elsewhere=False, **fields))

    assert (by_endpoint.settings, by_network.settings) == ("off drawbridge", "verified")
    assert survey(consumer).settings(by_endpoint) == by_endpoint.settings
    assert survey(consumer).settings(by_network) == by_network.settings

    consumer.ec2.modify_vpc_endpoint(
        VpcEndpointId=by_endpoint.endpoint_id,
        PrivateDnsEnabled=True,
        DnsOptions={"PrivateDnsPreference": "ALL_DOMAINS"},
    )
    consumer.lattice.update_service_network_vpc_association(
        serviceNetworkVpcAssociationIdentifier=by_network.vpc_association,
        dnsOptions={"privateDnsPreference": "ALL_DOMAINS"},
    )
    assert survey(consumer).settings(by_endpoint) == "all drawbridge"
    assert survey(consumer).settings(by_network) == "all"

    consumer.ec2.delete_tags(Resources=[by_endpoint.endpoint_id], Tags=[{"Key": "drawbridge:owner"}])
    assert survey(consumer).settings(by_endpoint) == "all"
    consumer.ec2.delete_vpc_endpoints(VpcEndpointIds=[by_endpoint.endpoint_id])
    assert survey(consumer).settings(by_endpoint) == ""
