"""What AWS answers when it is asked for one thing by its id."""

from typing import Protocol

from msgspec import Struct

from drawbridge.request import EndpointConnectionRequest, Request, ResourceShareRequest
from drawbridge.request.absence import Existence


class Existences(Protocol):
    """AWS, asked for one thing at a time."""

    def share(self, share_arn: str) -> Existence: ...

    def resource(self, arn: str) -> Existence:
        """Return whether a share holds the resource."""
        ...

    def connection(self, service_id: str, endpoint_id: str) -> Existence: ...


class Watched(Struct, frozen=True, kw_only=True, order=True):
    """What has to be there as long as a request is connected."""

    of: str
    """The ARN of a share or of a shared resource, or the id of an endpoint."""
    request: Request | None = None
    """The request that it is the subject of; ``None`` for a shared resource."""


def existence_of(watched: Watched, existences: Existences) -> Existence:
    """Ask AWS for it."""
    match watched.request:
        case ResourceShareRequest(share_arn=share_arn):
            return existences.share(share_arn)
        case EndpointConnectionRequest(service_id=service_id, endpoint_id=endpoint_id):
            return existences.connection(service_id, endpoint_id)
        case None:
            return existences.resource(watched.of)
