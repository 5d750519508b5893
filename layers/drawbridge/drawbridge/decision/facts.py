"""The facts that a decision rests on. They come from AWS and from the registry, never from an event.

They are documents too: the ledger keeps those of each decision, and people write some to try their policies on, in JSON
or YAML. Their fields are named in camel case.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from drawbridge.arns import AccountId, Arn, ArnText
from drawbridge.lattice import ResourceKind
from drawbridge.request.shares import Content

TIER_TAG = "drawbridge:tier"
"""The tag of an endpoint service that consumers of a tier may reach."""

ALL_SERVICES = "*"

AwareDatetime = Annotated[datetime, Meta(tz=True)]
"""A time with an offset from UTC."""


class Fact(StrEnum):
    """Facts that matter if a policy refers to them: they may be unknown, or change although the request does not."""

    TIME = "time"
    CONNECTIONS = "connections"
    """How many connections the account has."""
    ORGANIZATION = "organization"
    """Whether the account is in our organization, and its state there."""
    ACCOUNT_NAME = "accountName"
    """In our organization."""
    UNITS = "units"
    """In which of our organization's units it is."""
    ACCOUNT_TAGS = "accountTags"
    CONSUMER = "consumer"
    """What the registry knows of the account."""
    CONTENTS = "contents"
    """What a share holds."""
    NAME = "name"
    """Of a share, or of another resource."""
    RESOURCE_TAGS = "resourceTags"
    """The tags of a service, of a share, or of what is in it."""
    ALIAS = "alias"
    """The name of our own that a resource would get."""
    ACCEPTANCE_REQUIRED = "acceptanceRequired"
    ENDPOINT_TYPE = "endpointType"
    REGION = "region"
    """Of a consumer's endpoint."""
    SERVICE_REGION = "serviceRegion"
    IP_ADDRESS_TYPE = "ipAddressType"
    PAYER = "payer"
    """Who is charged for a consumer's endpoint."""
    TYPE = "type"
    """Of a resource configuration; so are those that follow."""
    PROTOCOL = "protocol"
    PORT_RANGES = "portRanges"
    DOMAIN_VERIFIED = "domainVerified"


class EvaluationTime(Struct, frozen=True):
    """As of when policies are asked, and in which time zone they read the clock."""

    now: datetime
    zone: str = "UTC"
    """By its IANA name."""


class Membership(StrEnum):
    """Whether an account is in the organization that this account is in."""

    MEMBER = "member"
    OUTSIDER = "outsider"
    UNKNOWN = "unknown"
    """Organizations could not be asked. Unknown is not absent: what it could be counts against the requester."""


class Document(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """A document that people write and the ledger keeps: in camel case, without defaults and unknown fields."""


class OrganizationPlace(Document, frozen=True, kw_only=True):
    """The place of an account in our organization."""

    membership: Membership = Membership.OUTSIDER
    organization_id: str = ""
    units: tuple[str, ...] | None = ()
    """The ids of its organizational units, from the top down; ``None`` where they are unknown.

    Those of an account that is suspended or closed count as unknown, so that neither a permit nor a forbid that goes
    by units is wrong about it.
    """
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
    since: AwareDatetime | None = None
    principals: frozenset[str] = frozenset()
    """ARNs of the account's roles and users that services are offered to; empty for the account as a whole."""
    suspended_at: AwareDatetime | None = None
    """Since when nothing new of the account is let in; ``None`` for an account that is not suspended."""
    proof_required: bool = False
    """Whether the account has to prove that it is who it says before anything is offered to it or let in.

    What can't be read counts as required.
    """
    proved_at: AwareDatetime | None = None
    """When it did; ``None`` as long as it has not."""
    unreadable: tuple[str, ...] = ()
    """The fields of its entry that can't be read, and are unknown."""

    def may_reach(self, service_id: str, tags: Mapping[str, str] | None) -> bool:
        """Return whether it is registered for a service: by its id, by ``*``, or by the service's tag of its tier.

        Tags that are unknown say nothing.
        """
        by_tier = bool(self.tier) and (tags or {}).get(TIER_TAG) == self.tier
        return by_tier or not self.services.isdisjoint({service_id, ALL_SERVICES})

    @property
    def is_suspended(self) -> bool:
        """Whether it is suspended, or may be: since when can't be read."""
        return self.suspended_at is not None or "suspended_at" in self.unreadable

    @property
    def is_proved(self) -> bool:
        """Whether it has proved that it is who it says, where that is required."""
        return self.proved_at is not None or not self.proof_required


class Requester(Document, frozen=True, kw_only=True):
    """The account that asks, as AWS reports it."""

    account_id: AccountId
    place: OrganizationPlace = OrganizationPlace()
    consumer: Consumer | None = None

    @property
    def known_name(self) -> str:
        """Return its name in the registry, or else in our organization; empty where it has none."""
        return (self.consumer.name if self.consumer else "") or self.place.name

    @property
    def unknown(self) -> frozenset[Fact]:
        place = self.place.membership is Membership.UNKNOWN
        described = self.place.membership is Membership.MEMBER or bool(self.place.state)
        return frozenset(
            fact
            for fact, missing in (
                (Fact.ORGANIZATION, place),
                (Fact.ACCOUNT_NAME, place or (described and not self.place.name)),
                (Fact.UNITS, place or self.place.units is None),
                (Fact.ACCOUNT_TAGS, place or self.place.tags is None),
                (Fact.CONSUMER, self.consumer is not None and bool(self.consumer.unreadable)),
            )
            if missing
        )


class ShareFacts(Document, frozen=True, kw_only=True, tag="resource-share", tag_field="kind"):
    """A share, and the invitation to it if there is one to answer."""

    requester: Requester = msgspec.field(name="asker")
    share_arn: Annotated[str, Meta(pattern=r"^arn:[a-z-]+:ram:[a-z0-9-]+:[0-9]{12}:resource-share/.")]
    share_name: str = ""
    """Empty where it is unknown: an invitation need not have it."""
    share_tags: dict[str, str] | None = {}
    """``None`` where they are unknown."""
    contents: tuple[Content, ...] | None
    """``None`` where they are unknown."""
    deadline: AwareDatetime | None = None
    """When the invitation expires; ``None`` for a share that needs no answer."""

    @property
    def region(self) -> str:
        return Arn.parse(self.share_arn).region

    @property
    def unknown(self) -> frozenset[Fact]:
        missing = {
            Fact.CONTENTS: self.contents is None,
            Fact.RESOURCE_TAGS: self.share_tags is None,
            Fact.NAME: not self.share_name,
        }
        return self.requester.unknown | {fact for fact, unknown in missing.items() if unknown}


class Service(Document, frozen=True, kw_only=True):
    """An endpoint service of ours."""

    id: str
    name: str = ""
    """Empty where it is unknown."""
    region: str = ""
    """Empty in rows of earlier versions: it is unknown of those."""
    acceptance_required: bool | None = None
    """``None`` where it is unknown. Rows of earlier versions leave it out for ``true``: it is unknown of those."""
    private_dns_name: str = ""
    tags: dict[str, str] | None = {}
    """``None`` where they are unknown."""

    @property
    def tagged_name(self) -> str:
        """Return the name that we gave it by its tag; empty where it has none."""
        return (self.tags or {}).get("Name", "")


class ConnectionFacts(Document, frozen=True, kw_only=True, tag="endpoint-connection", tag_field="kind"):
    """An endpoint's connection to one of our endpoint services."""

    requester: Requester = msgspec.field(name="asker")
    service: Service
    endpoint_id: str = ""
    """Or the id of a transit gateway's attachment."""
    endpoint_type: str = ""
    """Interface, GatewayLoadBalancer, or what else AWS calls it; of an attachment our own type; empty if unknown."""
    region: str
    """Of the consumer's endpoint; empty where it is unknown."""
    ip_address_type: str = ""
    """Of the consumer's endpoint: ipv4, ipv6, dualstack; empty where it is unknown."""
    payer: str = ""
    """Who is charged for the endpoint, as AWS calls it; empty where it is unknown."""
    connections: Annotated[int, Meta(ge=0)] = 0
    """How many other connections to services of ours the account has, or asked for before this one."""
    connections_to_service: Annotated[int, Meta(ge=0)] = 0
    live: bool = False
    """Whether it is open already, and not asked for. No policy goes by it: what is live is kept, never cut."""
    asked_at: AwareDatetime | None = None
    """When the endpoint of a live connection was made."""

    @property
    def unknown(self) -> frozenset[Fact]:
        missing = {
            Fact.NAME: not self.service.name,
            Fact.RESOURCE_TAGS: self.service.tags is None,
            Fact.ACCEPTANCE_REQUIRED: self.service.acceptance_required is None,
            Fact.ENDPOINT_TYPE: not self.endpoint_type,
            Fact.REGION: not self.region,
            Fact.SERVICE_REGION: not self.service.region,
            Fact.IP_ADDRESS_TYPE: not self.ip_address_type,
            Fact.PAYER: not self.payer,
        }
        return self.requester.unknown | {fact for fact, unknown in missing.items() if unknown}


class ResourceFacts(Document, frozen=True, kw_only=True, tag="shared-resource", tag_field="kind"):
    """A resource of an accepted share that a binding matches."""

    requester: Requester = msgspec.field(name="asker")
    share_arn: Annotated[str, Meta(pattern=r"^(\Z|arn:[a-z-]+:ram:[a-z0-9-]+:[0-9]{12}:resource-share/.)")] = ""
    share_name: str = ""
    resource_kind: ResourceKind = ResourceKind.RESOURCE_CONFIGURATION
    arn: ArnText
    name: str
    type: str = ""
    """Of a resource configuration: SINGLE, GROUP, CHILD, ARN, CIDR; empty where it is unknown."""
    protocol: str = ""
    """Of a resource configuration; empty where it is unknown."""
    port_ranges: tuple[str, ...] | None = None
    domain_verified: bool | None = None
    """Like the port ranges, only a resource configuration's; ``None`` where it is unknown."""
    custom_domain_name: str = ""
    tags: dict[str, str] | None = None
    """``None`` where they are unknown: AWS need not show them to the account that the resource is shared with."""
    binding: str = ""
    mode: str = "resource-endpoint"
    private_dns: str = "off"
    alias: str | None = ""
    """Empty if the binding has none; ``None`` where it is unknown, as it is named after what is inside."""

    @property
    def region(self) -> str:
        return Arn.parse(self.arn).region

    @property
    def unknown(self) -> frozenset[Fact]:
        configuration = self.resource_kind is ResourceKind.RESOURCE_CONFIGURATION
        missing = {
            Fact.NAME: not self.name,
            Fact.RESOURCE_TAGS: self.tags is None,
            Fact.ALIAS: self.alias is None,
            Fact.TYPE: configuration and not self.type,
            Fact.PROTOCOL: configuration and not self.protocol,
            Fact.PORT_RANGES: configuration and self.port_ranges is None,
            Fact.DOMAIN_VERIFIED: configuration and self.domain_verified is None,
        }
        return self.requester.unknown | {fact for fact, unknown in missing.items() if unknown}


Facts = ShareFacts | ConnectionFacts
"""The facts of a request."""
