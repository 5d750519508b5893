"""What Drawbridge makes in AWS, by its id."""

from enum import StrEnum
from typing import assert_never

from msgspec import Struct


class OwnedKind(StrEnum):
    """Kinds of what Drawbridge makes."""

    ENDPOINT = "endpoint"
    NETWORK_ENDPOINT = "service-network-endpoint"
    RESOURCE_ASSOCIATION = "in-service-network"
    """A service network's association with a resource or a service."""
    VPC_ASSOCIATION = "vpc-in-service-network"
    """A service network's association with a VPC."""
    SERVICE_NETWORK = "service-network"


class OwnedObject(Struct, frozen=True, kw_only=True, order=True, rename="camel", omit_defaults=True):
    """Something of the kinds that Drawbridge makes."""

    id: str
    kind: OwnedKind
    arn: str = ""
    """Empty where AWS lists the tags with it."""
    binding: str = ""
    resource_arn: str = ""
    network_arn: str = ""
    vpc_id: str = ""

    def __str__(self) -> str:
        match self.kind:
            case OwnedKind.ENDPOINT:
                return f"{self.id}, the endpoint to {self.resource_arn} in {self.vpc_id}"
            case OwnedKind.NETWORK_ENDPOINT:
                return f"{self.id}, the endpoint to {self.network_arn} in {self.vpc_id}"
            case OwnedKind.RESOURCE_ASSOCIATION:
                return f"{self.id}, the association of {self.network_arn} with {self.resource_arn}"
            case OwnedKind.VPC_ASSOCIATION:
                return f"{self.id}, the association of {self.network_arn} with {self.vpc_id}"
            case OwnedKind.SERVICE_NETWORK:
                return f"{self.id}, the service network that was created for it"
            case _:
                assert_never(self.kind)
