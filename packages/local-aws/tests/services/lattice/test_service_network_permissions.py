"""The permissions that calls on service networks need: actions, resources and condition keys."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.iam import facts
from local_aws.iam.requirements import requirements
from local_aws.iam.rules import AwsCall, Requirement
from local_aws_tests.accounts import REGION, person
from local_aws_tests.lattice_shares import associate, network
from local_aws_tests.sharing import first_vpc, resource_configuration

LATTICE = "vpc-lattice"


def needed(account_id: str, operation: str, params: dict[str, Any], service: str = LATTICE) -> list[Requirement]:
    return list(requirements(AwsCall(service, operation, params, account_id, REGION)))


def pairs(found: list[Requirement]) -> set[tuple[str, str]]:
    return {(each.action, each.resource) for each in found}


@pytest.mark.parametrize(
    ("operation", "params", "kind"),
    [
        ("GetServiceNetwork", {"serviceNetworkIdentifier": "sn-1"}, "servicenetwork/sn-1"),
        ("UpdateServiceNetwork", {"serviceNetworkIdentifier": "sn-1"}, "servicenetwork/sn-1"),
        ("DeleteServiceNetwork", {"serviceNetworkIdentifier": "sn-1"}, "servicenetwork/sn-1"),
        ("GetService", {"serviceIdentifier": "svc-1"}, "service/svc-1"),
        ("CreateService", {"name": "orders"}, "service/*"),
        (
            "DeleteServiceNetworkResourceAssociation",
            {"serviceNetworkResourceAssociationIdentifier": "snra-1"},
            "servicenetworkresourceassociation/snra-1",
        ),
        (
            "GetServiceNetworkServiceAssociation",
            {"serviceNetworkServiceAssociationIdentifier": "snsa-1"},
            "servicenetworkserviceassociation/snsa-1",
        ),
        (
            "DeleteResourceEndpointAssociation",
            {"resourceEndpointAssociationIdentifier": "rea-1"},
            "resourceendpointassociation/rea-1",
        ),
    ],
)
def test_an_operation_needs_its_action_on_what_it_names(operation: str, params: dict[str, Any], kind: str) -> None:
    # An account's first service of VPC Lattice creates the service-linked role, which has tests of its own.
    found = {each for each in pairs(needed("300000000000", operation, params)) if each[0].partition(":")[0] != "iam"}

    assert found == {(f"vpc-lattice:{operation}", f"arn:aws:vpc-lattice:{REGION}:300000000000:{kind}")}


@pytest.mark.parametrize(
    "operation",
    [
        "ListServiceNetworks",
        "ListServices",
        "ListServiceNetworkResourceAssociations",
        "ListServiceNetworkVpcAssociations",
        "ListServiceNetworkVpcEndpointAssociations",
    ],
)
def test_a_listing_is_of_everything(operation: str) -> None:
    assert pairs(needed("300000000000", operation, {})) == {(f"vpc-lattice:{operation}", "*")}


def test_associating_a_vpc_needs_to_see_it() -> None:
    params = {"serviceNetworkIdentifier": "sn-1", "vpcIdentifier": "vpc-1", "securityGroupIds": ["sg-1"]}

    found = needed("300000000000", "CreateServiceNetworkVpcAssociation", params)

    assert {("ec2:DescribeVpcs", "*"), ("ec2:DescribeSecurityGroups", "*")} < pairs(found)
    made = next(each for each in found if each.resource.endswith(":servicenetworkvpcassociation/*"))
    assert made.keys["vpc-lattice:vpcid"] == ("vpc-1",)
    assert made.keys["vpc-lattice:securitygroupids"] == ("sg-1",)
    assert made.keys["vpc-lattice:servicenetworkarn"][0].endswith(":servicenetwork/sn-1")


def test_an_endpoint_to_a_network_needs_lattices_permission_to_associate() -> None:
    arn = f"arn:aws:vpc-lattice:{REGION}:300000000000:servicenetwork/sn-1"

    found = needed("300000000000", "CreateVpcEndpoint", {"VpcId": "vpc-1", "ServiceNetworkArn": arn}, "ec2")

    assert ("vpc-lattice:CreateServiceNetworkVpcEndpointAssociation", "*") in pairs(found)


def test_an_associations_condition_keys_name_both_sides() -> None:
    owner = person()
    made_in = network(owner)
    vpc_id, _ = first_vpc(owner)
    joined = owner.lattice.create_service_network_vpc_association(
        serviceNetworkIdentifier=made_in["id"], vpcIdentifier=vpc_id
    )
    offered = owner.lattice.create_service(name="orders")
    served = owner.lattice.create_service_network_service_association(
        serviceNetworkIdentifier=made_in["id"], serviceIdentifier=offered["id"]
    )

    vpc_needs = needed(
        owner.account_id,
        "DeleteServiceNetworkVpcAssociation",
        {"serviceNetworkVpcAssociationIdentifier": joined["id"]},
    )[0]
    service_needs = needed(
        owner.account_id,
        "DeleteServiceNetworkServiceAssociation",
        {"serviceNetworkServiceAssociationIdentifier": served["arn"]},
    )[0]

    assert (vpc_needs.keys["vpc-lattice:vpcid"], vpc_needs.keys["vpc-lattice:servicenetworkarn"]) == (
        (vpc_id,),
        (made_in["arn"],),
    )
    assert service_needs.keys["vpc-lattice:servicearn"] == (offered["arn"],)


def test_tags_of_networks_and_associations_count_in_conditions() -> None:
    owner = person()
    made_in = network(owner, tags={"team": "orders"})
    made = associate(owner, made_in["id"], resource_configuration(owner), tags={"team": "databases"})

    assert facts.tags_of(made_in["arn"]) == {"team": "orders"}
    assert facts.tags_of(made["arn"]) == {"team": "databases"}
