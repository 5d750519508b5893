"""VPC endpoint services, and who may find and connect to them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, Final

from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import ServiceCall
from local_aws.moto_extension.tables import new_id, table
from local_aws.services.dns.public_dns import texts
from local_aws.services.organizations import membership

strict_permissions = True
"""On AWS only the owner can connect to a service that allows no principals. False is lenient: everybody
can connect to a service on which no permission was ever set."""


@dataclass
class PrivateName:
    """A service's private DNS name; consumers may use it once a TXT record has shown that the domain is the owner's."""

    name: str
    state: str = "pendingVerification"
    record: str = field(default_factory=lambda: f"_{secrets.token_hex(10)}")
    value: str = field(default_factory=lambda: f"vpce:{secrets.token_urlsafe(15)}")

    def describe(self) -> dict[str, str]:
        return {"State": self.state, "Type": "TXT", "Value": self.value, "Name": self.record}

    def verify(self) -> None:
        """Look the record up once; AWS looks again only after another request."""
        self.state = "verified" if self.value in texts(f"{self.record}.{self.name}") else "failed"


services = table()
"""By id."""

FOR_ENDPOINTS: Final = "vpc-endpoint"
"""EC2's default of permission types."""

FOR_ATTACHMENTS: Final = "transit-gateway-attachment"


@dataclass(frozen=True)
class ServicePermission:
    """A principal that a service allows something; one that it allows both types has two permissions."""

    id: str
    principal: str
    type: str


@dataclass
class EndpointService:
    """An endpoint service configuration."""

    id: str
    owner: str
    region: str
    acceptance_required: bool
    network_load_balancers: list[str]
    gateway_load_balancers: list[str]
    supported_regions: list[str]
    address_types: list[str]
    permissions: dict[tuple[str, str], ServicePermission] = field(default_factory=dict)
    """By principal and permission type."""
    permissions_were_set: bool = False
    private_name: PrivateName | None = None

    @property
    def private_dns_name(self) -> str | None:
        return self.private_name.name if self.private_name else None

    @property
    def name(self) -> str:
        return f"com.amazonaws.vpce.{self.region}.{self.id}"

    @property
    def host(self) -> str:
        return f"{self.id}.{self.region}.vpce.amazonaws.com"

    @property
    def kind(self) -> str:
        return "GatewayLoadBalancer" if self.gateway_load_balancers else "Interface"

    @property
    def tags(self) -> list[dict[str, str]]:
        return self.tags_on(self.id)

    def tags_on(self, resource_id: str) -> list[dict[str, str]]:
        """Return the owner's tags on the service or on one of its permissions."""
        kept = ec2_backends[self.owner][self.region].tags.get(resource_id, {})
        return [{"Key": key, "Value": value} for key, value in kept.items()]

    def zones(self) -> list[str]:
        return [zone.name for zone in ec2_backends[self.owner][self.region].describe_availability_zones()]

    def admits(self, call: ServiceCall) -> bool:
        """Return whether the caller may find the service and create an endpoint to it."""
        if call.account_id == self.owner:
            return True
        if not self.permissions_were_set and not strict_permissions:
            return True
        return any(
            each.type == FOR_ENDPOINTS and _is_caller(call, each.principal) for each in self.permissions.values()
        )

    def admits_attachments_of(self, account_id: str) -> bool:
        """Return whether an account may attach transit gateways: a permission to create endpoints is none for that."""
        if account_id == self.owner:
            return True
        if not self.permissions_were_set and not strict_permissions:
            return True
        return any(
            each.type == FOR_ATTACHMENTS and each.principal.endswith(f":iam::{account_id}:root")
            for each in self.permissions.values()
        )


def new_service(call: ServiceCall, params: dict[str, Any]) -> EndpointService:
    service = EndpointService(
        id=new_id("vpce-svc"),
        owner=call.account_id,
        region=call.region,
        acceptance_required=params.get("AcceptanceRequired", True),
        network_load_balancers=list(params.get("NetworkLoadBalancerArns") or []),
        gateway_load_balancers=list(params.get("GatewayLoadBalancerArns") or []),
        supported_regions=[call.region, *(params.get("SupportedRegions") or [])],
        address_types=list(params.get("SupportedIpAddressTypes") or ["ipv4"]),
        private_name=PrivateName(params["PrivateDnsName"]) if params.get("PrivateDnsName") else None,
    )
    services[service.id] = service
    return service


def own_service(call: ServiceCall, service_id: str) -> EndpointService:
    service = services.get(service_id)
    if service is None or service.owner != call.account_id or service.region != call.region:
        raise AwsError(
            "InvalidVpcEndpointServiceId.NotFound", f"The VpcEndpointService Id '{service_id}' does not exist"
        )
    found: EndpointService = service
    return found


def service_named(call: ServiceCall, name: str, region: str) -> EndpointService:
    """Return the service of this name that admits the caller.

    Raises:
        AwsError: it does not exist or does not admit the caller; AWS does not distinguish the two.
    """
    for service in services.values():
        if service.name == name and service.region == region and call.region in service.supported_regions:
            if service.admits(call):
                found: EndpointService = service
                return found
            break
    raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")


def _is_caller(call: ServiceCall, principal: str) -> bool:
    if principal in {"*", f"arn:{call.partition}:iam::{call.account_id}:root"}:
        return True
    if ":organizations:" in principal:
        return membership.belongs_to(call.account_id, principal)
    key = iam_backends[call.account_id][call.partition].access_keys.get(call.access_key_id)
    return key is not None and principal in {getattr(key, "role_arn", None), getattr(key, "user_arn", None)}
