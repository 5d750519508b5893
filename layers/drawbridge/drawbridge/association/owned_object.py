"""What Drawbridge makes in AWS, by its id, and how it is reported once nothing calls for it any longer."""

from enum import StrEnum
from typing import assert_never

from msgspec import Struct

from drawbridge.status import Reason

LEFT_BEHIND = "left-behind"
"""The code of the reason."""


class OwnedKind(StrEnum):
    """Kinds of what Drawbridge makes."""

    ENDPOINT = "endpoint"
    NETWORK_ENDPOINT = "service-network-endpoint"
    RESOURCE_ASSOCIATION = "in-service-network"
    """A service network's association with a resource or a service."""
    VPC_ASSOCIATION = "vpc-in-service-network"
    """A service network's association with a VPC."""


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
            case _:
                assert_never(self.kind)

    @property
    def reason(self) -> Reason:
        text = f"{self} is called for by nothing any longer; it stays, and is paid for, until somebody deletes it"
        return Reason(LEFT_BEHIND, text, source=self.binding)
