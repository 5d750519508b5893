"""AWS's default quotas on the local AWS, and lowering them."""

from __future__ import annotations

import pytest

from local_aws.moto_extension.errors import AwsError
from local_aws.services.quotas import Quotas, endpoint_quota, lowered, quotas


def test_the_defaults_are_those_that_aws_publishes() -> None:
    """Trap 18."""
    published = {
        "configurations_per_region": 2000,
        "configurations_per_network": 500,
        "children_per_group": 60,
        "domain_verifications": 5,
        "networks_per_region": 50,
        "vpc_associations_per_network": 500,
        "network_endpoints_per_network": 200,
        "groups_per_association": 5,
        "interface_endpoints_per_vpc": 50,
        "resource_endpoints_per_vpc": 200,
        "network_endpoints_per_vpc": 50,
        "pending_invitations": 250,
        "principals_per_share": 5000,
        "resources_per_share": 5000,
        "principal_associations": 25_000,
        "resource_associations": 25_000,
        "standard_parameters": 10_000,
    }

    assert {name: getattr(Quotas(), name) for name in published} == published


def test_a_quota_is_lowered_for_a_while_even_if_that_goes_wrong() -> None:
    before = quotas.children_per_group

    with pytest.raises(ZeroDivisionError), lowered(children_per_group=0):
        _ = 1 // quotas.children_per_group

    assert quotas.children_per_group == before


def test_an_unknown_quota_is_named() -> None:
    with pytest.raises(ValueError, match="no such quota: children"), lowered(children=1):
        pass


def test_an_endpoint_too_many_is_refused_by_ec2s_code() -> None:
    endpoint_quota(1, 2, plural="interface endpoints")

    with pytest.raises(AwsError) as refused:
        endpoint_quota(2, 2, plural="interface endpoints")

    assert refused.value.code == "VpcEndpointLimitExceeded"
