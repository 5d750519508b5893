"""The JSON beside a published name: all that an application or an operator may want to know of the connection."""

import msgspec
from msgspec import Struct

from drawbridge.association import Alias
from drawbridge.parsing import UnreadableError, read_json

SCHEMA_VERSION = 1


class ConnectionDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """A connection to a shared resource, for the consumer's side."""

    schema_version: int = SCHEMA_VERSION
    dns_name: str
    hosted_zone_id: str
    private_dns_name: str | None
    """The provider's own name for it, where the VPC takes it over."""
    private_hosted_zone_id: str | None = None
    port_ranges: tuple[str, ...]
    protocol: str
    mode: str
    vpc_id: str | None
    endpoint_id: str | None
    """Null in mode ``service-network``."""
    association_id: str
    """Of the endpoint, or of the service network, with the resource."""
    service_network_arn: str | None = None
    vpc_association_id: str | None = None
    resource_configuration_arn: str
    """Or the ARN of a service of VPC Lattice."""
    group_arn: str | None = None
    """What it came with: a group, an ARN, or a shared service network."""
    alias: Alias | None = None
    """The record in a private hosted zone that leads there."""
    provider: str
    published_at: str
    """ISO 8601, UTC: when this content was first published."""


class ConsumerDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """A consumer's connection to an endpoint service, for the provider's side."""

    schema_version: int = SCHEMA_VERSION
    dns_name: str | None
    hosted_zone_id: str | None
    """Both null for a Gateway Load Balancer endpoint and a transit gateway's attachment, which have no names."""
    zonal_dns_names: tuple[str, ...]
    consumer: str
    endpoint_id: str
    """Or the id of a transit gateway's attachment."""
    endpoint_region: str
    """Empty where AWS does not report it, as of attachments."""
    ip_address_type: str | None = None
    """``ipv4``, ``ipv6`` or ``dualstack``; null where AWS does not report it."""
    service_id: str
    service_region: str | None = None
    """Null in what earlier versions published."""
    published_at: str
    """ISO 8601, UTC: when this content was first published."""


Document = ConnectionDocument | ConsumerDocument


def to_parameter(document: Document) -> str:
    """Write it as a parameter's value. AWS refuses ``{{`` in a value, so it is written as JSON may write it too."""
    return msgspec.json.encode(document).decode().replace("{{", "{\\u007b")


def says_the_same(document: Document, published: str) -> bool:
    """Return whether what is published differs in nothing but the time; anything unreadable differs."""
    try:
        earlier = read_json(published, type(document))
    except UnreadableError:
        return False
    return msgspec.structs.replace(earlier, published_at=document.published_at) == document


def differences(document: Document, published: str) -> list[str]:
    """Return what differs from what is published, but for the time."""
    try:
        earlier = read_json(published, type(document))
    except UnreadableError:
        return ["what is published can't be read"]
    named = zip(document.__struct_encode_fields__, document.__struct_fields__, strict=True)
    return [
        f"{label}: {_text(getattr(earlier, name))} -> {_text(getattr(document, name))}"
        for label, name in named
        if name != "published_at" and getattr(earlier, name) != getattr(document, name)
    ]


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def read_connection(published: str) -> ConnectionDocument | None:
    """Read what is published; ``None`` for what can't be read."""
    try:
        return read_json(published, ConnectionDocument)
    except UnreadableError:
        return None
