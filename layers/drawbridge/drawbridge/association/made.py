"""What Drawbridge makes in AWS, by its id, and how it is told where nothing calls for it any longer."""

from enum import StrEnum
from typing import assert_never

from msgspec import Struct

from drawbridge.status import Reason

LEFT_BEHIND = "left-behind"
"""The code of the reason."""


class Kind(StrEnum):
    """Kinds of what Drawbridge makes."""

    ENDPOINT = "endpoint"
    NETWORK_ENDPOINT = "service-network-endpoint"
    IN_NETWORK = "in-service-network"
    """A service network's association with a resource or a service."""
    VPC = "vpc-in-service-network"
    """A service network's association with a VPC."""


class Made(Struct, frozen=True, kw_only=True, order=True, rename="camel", omit_defaults=True):
    """Something of the kinds that Drawbridge makes."""

    id: str
    kind: Kind
    arn: str = ""
    """Its own, where that is asked for its tags."""
    binding: str = ""
    resource_arn: str = ""
    network_arn: str = ""
    vpc_id: str = ""

    def __str__(self) -> str:
        match self.kind:
            case Kind.ENDPOINT:
                return f"{self.id}, the endpoint to {self.resource_arn} in {self.vpc_id}"
            case Kind.NETWORK_ENDPOINT:
                return f"{self.id}, the endpoint to {self.network_arn} in {self.vpc_id}"
            case Kind.IN_NETWORK:
                return f"{self.id}, the association of {self.network_arn} with {self.resource_arn}"
            case Kind.VPC:
                return f"{self.id}, the association of {self.network_arn} with {self.vpc_id}"
            case _:
                assert_never(self.kind)

    @property
    def reason(self) -> Reason:
        text = f"{self} is called for by nothing any longer; it stays, and is paid for, until somebody deletes it"
        return Reason(LEFT_BEHIND, text, source=self.binding)
