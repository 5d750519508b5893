"""The JSON beside a published name: all that an application or an operator may want to know of the connection."""

import msgspec
from msgspec import Struct

SCHEMA_VERSION = 1


class ConnectionDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """A connection to a shared resource, for the consumer's side."""

    schema_version: int = SCHEMA_VERSION
    dns_name: str
    hosted_zone_id: str
    private_dns_name: str | None
    port_ranges: tuple[str, ...]
    protocol: str
    mode: str
    vpc_id: str
    endpoint_id: str
    association_id: str
    resource_configuration_arn: str
    provider: str
    published_at: str
    """ISO 8601, UTC: when this content was first published."""


class ConsumerDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """A consumer's connection to an endpoint service, for the provider's side."""

    schema_version: int = SCHEMA_VERSION
    dns_name: str
    hosted_zone_id: str
    zonal_dns_names: tuple[str, ...]
    consumer: str
    endpoint_id: str
    endpoint_region: str
    service_id: str
    published_at: str
    """ISO 8601, UTC: when this content was first published."""


Document = ConnectionDocument | ConsumerDocument


def to_parameter(document: Document) -> str:
    """Write it as a parameter's value. AWS refuses ``{{`` in a value, so it is written as JSON may write it too."""
    return msgspec.json.encode(document).decode().replace("{{", "{\\u007b")


def says_the_same(document: Document, published: str) -> bool:
    """Tell whether what is published differs in nothing but the time; anything unreadable differs."""
    try:
        earlier = msgspec.json.decode(published, type=type(document))
    except (msgspec.DecodeError, UnicodeEncodeError):
        return False
    return msgspec.structs.replace(earlier, published_at=document.published_at) == document
