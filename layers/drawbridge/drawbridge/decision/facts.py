"""The facts that a decision rests on. They come from AWS and from the registry, never from an event."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from drawbridge.request.shares import SharedResource


class Membership(StrEnum):
    """Whether an account is in the organization that this account is in."""

    MEMBER = "member"
    OUTSIDER = "outsider"
    UNKNOWN = "unknown"
    """Organizations could not be asked. Unknown is not absent: a policy that needs the answer does not permit."""


class OrganizationPlace(Struct, frozen=True, kw_only=True):
    """Where an account stands in our organization."""

    membership: Membership
    organization_id: str = ""
    units: tuple[str, ...] = ()
    """The ids of its organizational units, from the top down."""


class Consumer(Struct, frozen=True, kw_only=True):
    """What the registry knows of an account."""

    account_id: str
    tier: str = ""
    services: frozenset[str] = frozenset()
    """Ids of endpoint services, or ``*``."""
    name: str = ""


class Asker(Struct, frozen=True, kw_only=True):
    """The account that asks, as AWS reports it."""

    account_id: str
    place: OrganizationPlace
    consumer: Consumer | None


class ShareFacts(Struct, frozen=True, kw_only=True):
    """A share, and the invitation to it if there is one to answer."""

    asker: Asker
    share_arn: str
    share_name: str
    contents: tuple[SharedResource, ...]
    deadline: datetime | None
    """When the invitation expires; ``None`` for a share that needs no answer."""


class ConnectionFacts(Struct, frozen=True, kw_only=True):
    """An endpoint's connection to one of our endpoint services."""

    asker: Asker
    service_id: str
    service_tags: dict[str, str]
    endpoint_id: str
    endpoint_region: str


Facts = ShareFacts | ConnectionFacts
