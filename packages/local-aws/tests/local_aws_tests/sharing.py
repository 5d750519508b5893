"""Share VPC Lattice's resources through AWS RAM, for any kind of caller."""

from __future__ import annotations

from typing import Any, Protocol

from local_aws.time.clock import clock


class AccountUser(Protocol):
    """Somebody with full access to an account."""

    @property
    def account_id(self) -> str: ...

    @property
    def ec2(self) -> Any: ...

    @property
    def ram(self) -> Any: ...

    @property
    def lattice(self) -> Any: ...

    def client(self, service: str) -> Any: ...


def pass_time(seconds: float) -> None:
    clock.advance(seconds)


def first_vpc(owner: AccountUser) -> tuple[str, list[str]]:
    """Return the account's default VPC and its subnets."""
    vpc_id = owner.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = owner.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"]
    return vpc_id, [subnet["SubnetId"] for subnet in sorted(subnets, key=lambda each: each["AvailabilityZone"])]


def resource_configuration(provider: AccountUser, name: str = "orders-db", **params: Any) -> str:
    """Create a resource configuration behind a gateway in the provider's first zone; return its ARN."""
    vpc_id, subnet_ids = first_vpc(provider)
    gateway = provider.lattice.create_resource_gateway(
        name=f"{name}-gateway", vpcIdentifier=vpc_id, subnetIds=subnet_ids[:1]
    )
    created = provider.lattice.create_resource_configuration(
        name=name,
        type="SINGLE",
        portRanges=["5432"],
        protocol="TCP",
        resourceGatewayIdentifier=gateway["id"],
        resourceConfigurationDefinition={"dnsResource": {"domainName": "db.example.com", "ipAddressType": "IPV4"}},
        **params,
    )
    return str(created["arn"])


def share(provider: AccountUser, arn: str, consumer: AccountUser) -> str:
    """Share a resource; return the share's ARN."""
    created = provider.ram.create_resource_share(name="orders", resourceArns=[arn], principals=[consumer.account_id])
    return str(created["resourceShare"]["resourceShareArn"])


def invitations(consumer: AccountUser) -> list[dict[str, Any]]:
    pages = consumer.ram.get_paginator("get_resource_share_invitations").paginate()
    return [invitation for page in pages for invitation in page["resourceShareInvitations"]]


def accept_invitation(consumer: AccountUser) -> str:
    """Accept the only invitation; return its ARN."""
    arn = str(invitations(consumer)[0]["resourceShareInvitationArn"])
    consumer.ram.accept_resource_share_invitation(resourceShareInvitationArn=arn)
    return arn
