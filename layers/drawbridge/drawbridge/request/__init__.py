"""Requests: what somebody wants to be connected with.

A request's id is made of what it is about, so that every trigger, repeat and retry names the same one.
"""

from typing import Annotated

from msgspec import Meta, Struct

from drawbridge.arns import Arn

Attempt = Annotated[int, Meta(ge=1)]


class ResourceShareRequest(Struct, frozen=True, kw_only=True, tag="resource-share", tag_field="kind", rename="camel"):
    """A provider shares something with this account, by AWS RAM, with or without an invitation."""

    share_arn: Annotated[
        str, Meta(pattern=r"^arn:[a-z-]+:ram:[a-z0-9-]+:[0-9]{12}:resource-share/[A-Za-z0-9-]{1,60}\Z")
    ]

    @property
    def request_id(self) -> str:
        return f"share-{Arn.parse(self.share_arn).resource_id}"

    @property
    def subject(self) -> str:
        """What the request is about, as AWS names it."""
        return self.share_arn


class EndpointConnectionRequest(
    Struct, frozen=True, kw_only=True, tag="endpoint-connection", tag_field="kind", rename="camel"
):
    """A consumer's VPC endpoint wants to be connected with an endpoint service of this account.

    So may a transit gateway, by an attachment: EC2 lists it among the connections of endpoints.
    """

    service_id: Annotated[str, Meta(pattern=r"^vpce-svc-[0-9a-f]{8,17}\Z")]
    endpoint_id: Annotated[str, Meta(pattern=r"^(vpce|tgw-attach)-[0-9a-f]{8,17}\Z")]
    """Or the attachment's, where that is what connects."""

    @property
    def request_id(self) -> str:
        return f"connection-{self.service_id}-{self.endpoint_id}"

    @property
    def subject(self) -> str:
        """What the request is about, as AWS names it."""
        return self.endpoint_id


def is_attachment(endpoint_id: str) -> bool:
    """Return whether what connects is a transit gateway's attachment, which is no endpoint and never has a name."""
    return endpoint_id.startswith("tgw-attach-")


def what_connects(endpoint_id: str) -> str:
    """Name what connects, in words."""
    return "transit gateway attachment" if is_attachment(endpoint_id) else "endpoint"


class OrphanRequest(Struct, frozen=True, kw_only=True, tag="orphan", tag_field="kind", rename="camel"):
    """Something was made or published for a resource, and belongs to no request: it stays until that is certain."""

    resource_arn: Annotated[
        str,
        Meta(
            pattern=r"^arn:[a-z-]+:vpc-lattice:[a-z0-9-]+:[0-9]{12}:"
            r"(resourceconfiguration|service|servicenetwork)/[a-z0-9-]{1,60}\Z"
        ),
    ]

    @property
    def request_id(self) -> str:
        return f"orphan-{Arn.parse(self.resource_arn).resource_id}"

    @property
    def subject(self) -> str:
        """What the request is about, as AWS names it."""
        return self.resource_arn


Request = ResourceShareRequest | EndpointConnectionRequest | OrphanRequest


def kind_of(request: Request) -> str:
    """Name the kind, as the ledger has it: ``resource-share``, ``endpoint-connection`` or ``orphan``."""
    return str(request.__struct_config__.tag)


class ExecutionInput(Struct, frozen=True, kw_only=True, rename="camel"):
    """The input of one execution of the onboarding workflow.

    It holds nothing that changes from sweep to sweep: Step Functions takes a second start of the same name for the same
    one only while the input is the same too.
    """

    request: Request
    request_id: str
    attempt: Attempt

    @property
    def execution_name(self) -> str:
        """At most 80 characters that Step Functions allows in a name; closed names stay taken for 90 days."""
        return f"{self.request_id}-{self.attempt}"
