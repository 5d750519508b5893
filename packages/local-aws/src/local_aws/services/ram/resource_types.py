"""RAM's resource types, from ARNs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from moto.ram.utils import RAM_RESOURCE_TYPES

from local_aws.moto_extension.errors import AwsError

_BY_ARN: Final = {
    ("vpc-lattice", "resourceconfiguration"): "vpc-lattice:ResourceConfiguration",
    ("vpc-lattice", "servicenetwork"): "vpc-lattice:ServiceNetwork",
    ("vpc-lattice", "service"): "vpc-lattice:Service",
    ("ec2", "subnet"): "ec2:Subnet",
    ("ec2", "prefix-list"): "ec2:PrefixList",
    ("ec2", "transit-gateway"): "ec2:TransitGateway",
    ("ec2", "security-group"): "ec2:SecurityGroup",
    ("ec2", "capacity-reservation"): "ec2:CapacityReservation",
    ("ec2", "dedicated-host"): "ec2:DedicatedHost",
    ("ec2", "traffic-mirror-target"): "ec2:TrafficMirrorTarget",
    ("ec2", "coip-pool"): "ec2:CoipPool",
    ("ec2", "local-gateway-route-table"): "ec2:LocalGatewayRouteTable",
    ("ec2", "transit-gateway-multicast-domain"): "ec2:TransitGatewayMulticastDomain",
    ("ssm", "parameter"): "ssm:Parameter",
    ("rds", "cluster"): "rds:Cluster",
    ("license-manager", "license-configuration"): "license-manager:LicenseConfiguration",
    ("outposts", "outpost"): "outposts:Outpost",
    ("outposts", "site"): "outposts:Site",
    ("route53resolver", "resolver-rule"): "route53resolver:ResolverRule",
    ("glue", "catalog"): "glue:Catalog",
    ("glue", "database"): "glue:Database",
    ("glue", "table"): "glue:Table",
    ("secretsmanager", "secret"): "secretsmanager:Secret",
}

SEVEN_DAYS: Final = frozenset(
    {
        "rds:Cluster",
        "ec2:CapacityReservation",
        "ec2:DedicatedHost",
        "license-manager:LicenseConfiguration",
        "outposts:Outpost",
        "outposts:Site",
        "route53resolver:ResolverRule",
        "ec2:CoipPool",
        "ec2:LocalGatewayRouteTable",
        "ec2:PrefixList",
        "ec2:Subnet",
        "ec2:TrafficMirrorTarget",
        "ec2:TransitGateway",
        "ec2:TransitGatewayMulticastDomain",
    }
)
"""Types whose invitations live seven days, others twelve hours: RAM user guide, "Working with shared invitations".

How long one to both kinds lives is not documented: here it is twelve hours.
"""

_KNOWN: Final = {name.lower(): name for name in _BY_ARN.values()} | {
    known["resourceType"].lower(): known["resourceType"] for known in RAM_RESOURCE_TYPES
}


share_checks: Final[list[Callable[[str], None]]] = []
"""Checks of the resources' services, called with the ARN, that may refuse to share a resource."""


def type_of(arn: str) -> str:
    """Return the resource type of an ARN.

    Raises:
        AwsError: it is no ARN, or not of a resource that can be shared.
    """
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn" or not parts[5]:  # noqa: PLR2004 - an ARN has six parts
        raise AwsError(
            "MalformedArnException", f"The specified resource ARN {arn} is not valid. Verify the ARN and try again."
        )
    service, resource = parts[2], parts[5].replace("/", ":").split(":")[0]
    found = _BY_ARN.get((service, resource))
    if found is None:
        raise AwsError("MalformedArnException", "You cannot share the selected resource type.")
    return found


def known_type(name: str) -> str:
    """Return a type's name in AWS's spelling; requests may have any case.

    Raises:
        AwsError: RAM does not know it.
    """
    if name.lower() not in _KNOWN:
        raise AwsError("InvalidResourceTypeException", f"The specified resource type {name} is not valid.")
    return str(_KNOWN[name.lower()])
