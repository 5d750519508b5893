"""The facts that a decision rests on. They come from AWS and from the registry, never from an event.

They are documents too: the ledger keeps those of each decision, and people write some to try their policies on, in JSON
or YAML, with the names as they are here in camel case.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from drawbridge.arns import AccountId, Arn, ArnText

Moments = Annotated[datetime, Meta(tz=True)]
"""With an offset: without one nobody knows when it is."""


class Fact(StrEnum):
    """What it matters whether a policy speaks of: some may be unknown, some change although the request does not."""

    TIME = "time"
    CONNECTIONS = "connections"
    """How many connections the account has."""
    ORGANIZATION = "organization"
    """Where the account stands in our organization, its name and its state there."""
    ACCOUNT_TAGS = "accountTags"
    CONTENTS = "contents"
    """What a share holds."""
    RESOURCE_TAGS = "resourceTags"
    """The tags of a share, or of what is in it."""


class Moment(Struct, frozen=True):
    """When a question is asked, and in which time zone people read clocks."""

    now: datetime
    zone: str = "UTC"
    """By its IANA name."""


class Membership(StrEnum):
    """Whether an account is in the organization that this account is in."""

    MEMBER = "member"
    OUTSIDER = "outsider"
    UNKNOWN = "unknown"
    """Organizations could not be asked. Unknown is not absent: what it could be counts against whoever asks."""


class Document(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """What people write and the ledger keeps: in camel case, without what is as ever, and with nothing unknown."""


class OrganizationPlace(Document, frozen=True, kw_only=True):
    """Where an account stands in our organization."""

    membership: Membership = Membership.OUTSIDER
    organization_id: str = ""
    units: tuple[str, ...] = ()
    """The ids of its organizational units, from the top down."""
    name: str = ""
    state: str = ""
    tags: dict[str, str] | None = {}
    """``None`` where they are unknown."""


class Consumer(Document, frozen=True, kw_only=True):
    """What the registry knows of an account."""

    tier: str = ""
    services: frozenset[str] = frozenset()
    """Ids of endpoint services, or ``*``."""
    name: str = ""
    notes: str = ""
    since: Moments | None = None


class Asker(Document, frozen=True, kw_only=True):
    """The account that asks, as AWS reports it."""

    account_id: AccountId
    place: OrganizationPlace = OrganizationPlace()
    consumer: Consumer | None = None

    @property
    def unknown(self) -> frozenset[Fact]:
        place = self.place.membership is Membership.UNKNOWN
        return frozenset(
            fact
            for fact, missing in ((Fact.ORGANIZATION, place), (Fact.ACCOUNT_TAGS, place or self.place.tags is None))
            if missing
        )


class Content(Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """Something that a share holds."""

    arn: str
    type: str
    """In lower case: RAM's answers vary."""

    @property
    def is_lattice(self) -> bool:
        # Not by parsing: one odd ARN in a share must not hide the others.
        return self.arn.split(":")[2:3] == ["vpc-lattice"]


class ShareFacts(Document, frozen=True, kw_only=True, tag="resource-share", tag_field="kind"):
    """A share, and the invitation to it if there is one to answer."""

    asker: Asker
    share_arn: Annotated[str, Meta(pattern=r"^arn:[a-z-]+:ram:[a-z0-9-]+:[0-9]{12}:resource-share/.")]
    share_name: str = ""
    share_tags: dict[str, str] | None = {}
    """``None`` where they are unknown."""
    contents: tuple[Content, ...] | None
    """``None`` where they are unknown."""
    deadline: Moments | None = None
    """When the invitation expires; ``None`` for a share that needs no answer."""

    @property
    def region(self) -> str:
        return Arn.parse(self.share_arn).region

    @property
    def unknown(self) -> frozenset[Fact]:
        missing = {Fact.CONTENTS: self.contents is None, Fact.RESOURCE_TAGS: self.share_tags is None}
        return self.asker.unknown | {fact for fact, unknown in missing.items() if unknown}


class Service(Document, frozen=True, kw_only=True):
    """An endpoint service of ours."""

    id: str
    name: str = ""
    acceptance_required: bool = True
    private_dns_name: str = ""
    tags: dict[str, str] = {}


class ConnectionFacts(Document, frozen=True, kw_only=True, tag="endpoint-connection", tag_field="kind"):
    """An endpoint's connection to one of our endpoint services."""

    asker: Asker
    service: Service
    endpoint_id: str = ""
    endpoint_type: str = "Interface"
    region: str
    """Of the consumer's endpoint."""
    connections: Annotated[int, Meta(ge=0)] = 0
    """To services of ours, that the account has, or asked for before this one."""
    connections_to_service: Annotated[int, Meta(ge=0)] = 0
    live: bool = False
    """Whether it is open already, and not asked for. No policy goes by it: what is live is withdrawn, never cut."""
    asked_at: Moments | None = None
    """When the endpoint was made, of a connection that is live."""

    @property
    def unknown(self) -> frozenset[Fact]:
        return self.asker.unknown


class ResourceKind(StrEnum):
    """What VPC Lattice lets an account share."""

    RESOURCE_CONFIGURATION = "resource-configuration"
    SERVICE_NETWORK = "service-network"
    SERVICE = "service"


class ResourceFacts(Document, frozen=True, kw_only=True, tag="shared-resource", tag_field="kind"):
    """A resource of an accepted share that a binding wants."""

    asker: Asker
    share_arn: Annotated[str, Meta(pattern=r"^(\Z|arn:[a-z-]+:ram:[a-z0-9-]+:[0-9]{12}:resource-share/.)")] = ""
    share_name: str = ""
    resource_kind: ResourceKind = ResourceKind.RESOURCE_CONFIGURATION
    arn: ArnText
    name: str
    type: str = ""
    """Of a resource configuration: SINGLE, GROUP, CHILD, ARN, CIDR."""
    protocol: str = ""
    port_ranges: tuple[str, ...] = ()
    custom_domain_name: str = ""
    domain_verified: bool = False
    tags: dict[str, str] | None = None
    """``None`` where they are unknown: AWS need not show them to whom the resource is shared with."""
    binding: str = ""
    mode: str = "resource-endpoint"
    private_dns: str = "off"

    @property
    def region(self) -> str:
        return Arn.parse(self.arn).region

    @property
    def unknown(self) -> frozenset[Fact]:
        return self.asker.unknown | (frozenset({Fact.RESOURCE_TAGS}) if self.tags is None else frozenset())


Facts = ShareFacts | ConnectionFacts
"""Of a request."""
