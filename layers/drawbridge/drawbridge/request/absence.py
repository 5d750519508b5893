"""Absence: what is connected, and AWS says by its id that it is gone."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol, assert_never

from msgspec import Struct

from drawbridge.request import EndpointConnectionRequest, OrphanRequest, Request, ResourceShareRequest


class Existence(StrEnum):
    """The answer of AWS, asked for one thing by its id."""

    PRESENT = "present"
    GONE = "gone"
    UNKNOWN = "unknown"
    """An answer that says neither, such as an empty list."""


class Absence(Struct, frozen=True, kw_only=True, order=True):
    """The mark of something that is gone."""

    of: str
    """The ARN of a share or of a shared resource, or the id of an endpoint."""
    since: datetime
    """When AWS, asked by id, first said that it is gone."""
    confirmed: bool = False
    """Whether AWS said so again long enough after, and it may be acted on."""

    @property
    def counts_for_cap(self) -> bool:
        """Whether the cap may hold it back: neither an earlier sweep nor an operator has let it go."""
        return not self.confirmed


class Existences(Protocol):
    """AWS, asked for one thing at a time."""

    def share(self, share_arn: str) -> Existence: ...

    def resource(self, arn: str) -> Existence:
        """Return whether a share holds the resource."""
        ...

    def connection(self, service_id: str, endpoint_id: str) -> Existence: ...


def existence_of_subject(request: Request, existences: Existences) -> Existence:
    """Ask AWS for what a request is about."""
    match request:
        case ResourceShareRequest(share_arn=share_arn):
            return existences.share(share_arn)
        case EndpointConnectionRequest(service_id=service_id, endpoint_id=endpoint_id):
            return existences.connection(service_id, endpoint_id)
        case OrphanRequest(resource_arn=arn):
            return existences.resource(arn)
        case _:
            assert_never(request)
