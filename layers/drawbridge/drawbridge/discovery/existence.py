"""What has to be there as long as a request is connected, asked for one by one."""

from msgspec import Struct

from drawbridge.request import Request
from drawbridge.request.absence import Existence, Existences, existence_of_subject


class Watched(Struct, frozen=True, kw_only=True, order=True):
    """What has to be there as long as a request is connected."""

    of: str
    """The ARN of a share or of a shared resource, or the id of an endpoint."""
    request: Request | None = None
    """The request that it is the subject of; ``None`` for a shared resource."""


def existence_of(watched: Watched, existences: Existences) -> Existence:
    """Ask AWS for it."""
    if watched.request is None:
        return existences.resource(watched.of)
    return existence_of_subject(watched.request, existences)
