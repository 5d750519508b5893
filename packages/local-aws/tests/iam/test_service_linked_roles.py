"""A service-linked role is made by the first call that needs it, with the caller's permission."""

from __future__ import annotations

import pytest

from local_aws.iam import identities
from local_aws.iam.authorize import authorize
from local_aws_tests.role_calls import RoleCall, account, allow, make_role, moto

__all__ = ["account", "moto"]  # fixtures

LATTICE_ROLE = "AWSServiceRoleForVpcLattice"
ENDPOINT = {"VpcId": "vpc-1", "VpcEndpointType": "ServiceNetwork", "ServiceNetworkArn": "arn:aws:vpc-lattice:x"}


def role_arn(account_id: str, service: str = "vpc-lattice.amazonaws.com", name: str = LATTICE_ROLE) -> str:
    return f"arn:aws:iam::{account_id}:role/aws-service-role/{service}/{name}"


def has_role(account_id: str, name: str = LATTICE_ROLE) -> bool:
    return identities.find_role(account_id, "aws", name) is not None


def linking(account_id: str, service: str = "vpc-lattice.amazonaws.com") -> dict[str, object]:
    condition = {"iam:AWSServiceName": service}
    return allow("iam:CreateServiceLinkedRole", role_arn(account_id), StringEquals=condition)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        pytest.param("vpc-lattice:CreateServiceNetwork", {"name": "n"}, id="a network"),
        pytest.param(
            "vpc-lattice:CreateServiceNetworkResourceAssociation",
            {"serviceNetworkIdentifier": "sn-1", "resourceConfigurationIdentifier": "rcfg-1"},
            id="an association",
        ),
        pytest.param("ec2:CreateVpcEndpoint", ENDPOINT, id="an endpoint"),
    ],
)
def test_the_first_call_that_needs_the_role_is_denied_without_permission_to_make_it(
    account: str, name: str, params: dict[str, str]
) -> None:
    make_role(account, allow(["vpc-lattice:*", "ec2:*"]))

    denied = authorize(RoleCall.make(account, name, **params))

    assert denied is not None
    assert f"perform: iam:CreateServiceLinkedRole on resource: {role_arn(account)} because no" in denied.message
    assert not has_role(account)


def test_a_caller_with_permission_makes_the_role_once(account: str) -> None:
    make_role(account, allow("vpc-lattice:*"), linking(account))
    create_call = RoleCall.make(account, "vpc-lattice:CreateServiceNetwork", name="n")

    assert authorize(create_call) is None
    assert has_role(account)

    make_role(account, allow("vpc-lattice:*"), name="another")
    assert authorize(RoleCall.make(account, "vpc-lattice:CreateServiceNetwork", "another", name="m")) is None


def test_permission_for_another_service_is_not_enough(account: str) -> None:
    make_role(account, allow("vpc-lattice:*"), linking(account, "ecs.amazonaws.com"))

    assert authorize(RoleCall.make(account, "vpc-lattice:CreateServiceNetwork", name="n")) is not None


def test_a_person_s_first_resource_makes_the_role(account: str) -> None:
    assert authorize(RoleCall.make(account, "vpc-lattice:CreateResourceGateway", None, name="g")) is None

    assert has_role(account)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        pytest.param("vpc-lattice:ListServiceNetworks", {}, id="a list call"),
        pytest.param(
            "ec2:CreateVpcEndpoint", {"VpcId": "vpc-1", "ServiceName": "com.amazonaws.x.ssm"}, id="another endpoint"
        ),
        pytest.param("vpc-lattice:TagResource", {"resourceArn": "arn:aws:vpc-lattice:x"}, id="a tag"),
    ],
)
def test_a_call_that_makes_nothing_of_lattice_makes_no_role(account: str, name: str, params: dict[str, str]) -> None:
    assert authorize(RoleCall.make(account, name, None, **params)) is None

    assert not has_role(account)


def test_sharing_with_the_organization_makes_ram_s_role(account: str) -> None:
    assert authorize(RoleCall.make(account, "ram:EnableSharingWithAwsOrganization", None)) is None

    assert has_role(account, "AWSServiceRoleForResourceAccessManager")
