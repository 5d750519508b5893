"""What people do with VPC Lattice: networks, configurations, and what of it is shared with whom."""

from __future__ import annotations

from typing import Any

from local_aws.services.dns import public_dns
from local_aws_tests.sharing import AccountUser, first_vpc, invitations, pass_time, resource_configuration, share

DNS = {"dnsResource": {"domainName": "db.example.com", "ipAddressType": "IPV4"}}


def network(owner: AccountUser, name: str = "network", *, shareable: bool = False, **wanted: Any) -> dict[str, Any]:
    created: dict[str, Any] = owner.lattice.create_service_network(
        name=name, sharingConfig={"enabled": shareable}, **wanted
    )
    return created


def shared(owner: AccountUser, arn: str, receiver: AccountUser) -> str:
    """Share, accept, and wait until it can be seen; return the share's ARN."""
    share_arn = share(owner, arn, receiver)
    for invitation in invitations(receiver):
        if invitation["resourceShareArn"] == share_arn:
            receiver.ram.accept_resource_share_invitation(
                resourceShareInvitationArn=invitation["resourceShareInvitationArn"]
            )
    pass_time(5)
    return share_arn


def shared_configuration(provider: AccountUser, consumer: AccountUser, name: str = "orders-db") -> str:
    arn = resource_configuration(provider, name)
    shared(provider, arn, consumer)
    return arn


def group(provider: AccountUser, *children: str) -> dict[str, Any]:
    """Make a group with children, behind a gateway in the first zone."""
    vpc_id, subnet_ids = first_vpc(provider)
    gateway = provider.lattice.create_resource_gateway(
        name="group-gateway", vpcIdentifier=vpc_id, subnetIds=subnet_ids[:1]
    )
    made: dict[str, Any] = provider.lattice.create_resource_configuration(
        name="group", type="GROUP", resourceGatewayIdentifier=gateway["id"]
    )
    for name in children:
        child(provider, made, name)
    pass_time(5)
    return made


def child(provider: AccountUser, parent: dict[str, Any], name: str) -> dict[str, Any]:
    made: dict[str, Any] = provider.lattice.create_resource_configuration(
        name=name,
        type="CHILD",
        resourceConfigurationGroupIdentifier=parent["id"],
        resourceConfigurationDefinition=DNS,
        portRanges=["5432"],
    )
    return made


def named_configuration(provider: AccountUser, domain: str = "example.com", *, verified: bool = True) -> str:
    """Make a configuration with a custom name in a domain, which is verified or not; give its ARN."""
    vpc_id, subnet_ids = first_vpc(provider)
    gateway = provider.lattice.create_resource_gateway(
        name="named-gateway", vpcIdentifier=vpc_id, subnetIds=subnet_ids[:1]
    )
    wanted: dict[str, Any] = {}
    if verified:
        started = provider.lattice.start_domain_verification(domainName=domain)
        public_dns.publish(started["txtMethodConfig"]["name"], started["txtMethodConfig"]["value"])
        pass_time(10)
        wanted["domainVerificationIdentifier"] = started["id"]
    made = provider.lattice.create_resource_configuration(
        name="named-db",
        type="SINGLE",
        portRanges=["5432"],
        resourceGatewayIdentifier=gateway["id"],
        resourceConfigurationDefinition=DNS,
        customDomainName=f"db.{domain}",
        **wanted,
    )
    return str(made["arn"])


def associate(who: AccountUser, network_id: str, configuration: str, **wanted: Any) -> dict[str, Any]:
    made: dict[str, Any] = who.lattice.create_service_network_resource_association(
        serviceNetworkIdentifier=network_id, resourceConfigurationIdentifier=configuration, **wanted
    )
    return made


def association(who: AccountUser, made: dict[str, Any]) -> dict[str, Any]:
    asked = {"serviceNetworkResourceAssociationIdentifier": made["id"]}
    found: dict[str, Any] = who.lattice.get_service_network_resource_association(**asked)
    return found


def disassociate(who: AccountUser, made: dict[str, Any]) -> dict[str, Any]:
    asked = {"serviceNetworkResourceAssociationIdentifier": made["id"]}
    gone: dict[str, Any] = who.lattice.delete_service_network_resource_association(**asked)
    return gone


def network_endpoint(who: AccountUser, arn: str, **wanted: Any) -> dict[str, Any]:
    vpc_id, subnet_ids = first_vpc(who)
    asked = {"VpcEndpointType": "ServiceNetwork", "VpcId": vpc_id, "SubnetIds": subnet_ids[:1]}
    made: dict[str, Any] = who.ec2.create_vpc_endpoint(**{**asked, "ServiceNetworkArn": arn, **wanted})["VpcEndpoint"]
    return made


def resource_endpoint(who: AccountUser, arn: str, **wanted: Any) -> dict[str, Any]:
    vpc_id, subnet_ids = first_vpc(who)
    asked = {"VpcEndpointType": "Resource", "VpcId": vpc_id, "SubnetIds": subnet_ids[:1]}
    made: dict[str, Any] = who.ec2.create_vpc_endpoint(**{**asked, "ResourceConfigurationArn": arn, **wanted})[
        "VpcEndpoint"
    ]
    return made


def ways(who: AccountUser, endpoint: dict[str, Any], **filters: str) -> list[dict[str, Any]]:
    """Return the associations of an endpoint."""
    asked = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
    told = who.ec2.describe_vpc_endpoint_associations(VpcEndpointIds=[endpoint["VpcEndpointId"]], Filters=asked)
    rows: list[dict[str, Any]] = told["VpcEndpointAssociations"]
    return rows
