"""Create, share and associate entities of VPC Lattice."""

from __future__ import annotations

from typing import Any

from local_aws.services.dns import public_dns
from local_aws_tests.sharing import AccountUser, first_vpc, invitations, pass_time, resource_configuration, share

DNS = {"dnsResource": {"domainName": "db.example.com", "ipAddressType": "IPV4"}}


def network(owner: AccountUser, name: str = "network", *, shareable: bool = False, **params: Any) -> dict[str, Any]:
    created: dict[str, Any] = owner.lattice.create_service_network(
        name=name, sharingConfig={"enabled": shareable}, **params
    )
    return created


def shared(owner: AccountUser, arn: str, receiver: AccountUser) -> str:
    """Share a resource, accept the invitation, and wait until it is visible; return the share's ARN."""
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
    """Create a group with children, behind a gateway in the first zone."""
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
    """Create a configuration with a custom name in a domain, verified or not; return its ARN."""
    vpc_id, subnet_ids = first_vpc(provider)
    gateway = provider.lattice.create_resource_gateway(
        name="named-gateway", vpcIdentifier=vpc_id, subnetIds=subnet_ids[:1]
    )
    params: dict[str, Any] = {}
    if verified:
        started = provider.lattice.start_domain_verification(domainName=domain)
        public_dns.publish(started["txtMethodConfig"]["name"], started["txtMethodConfig"]["value"])
        pass_time(10)
        params["domainVerificationIdentifier"] = started["id"]
    made = provider.lattice.create_resource_configuration(
        name="named-db",
        type="SINGLE",
        portRanges=["5432"],
        resourceGatewayIdentifier=gateway["id"],
        resourceConfigurationDefinition=DNS,
        customDomainName=f"db.{domain}",
        **params,
    )
    return str(made["arn"])


def associate(caller: AccountUser, network_id: str, configuration: str, **params: Any) -> dict[str, Any]:
    made: dict[str, Any] = caller.lattice.create_service_network_resource_association(
        serviceNetworkIdentifier=network_id, resourceConfigurationIdentifier=configuration, **params
    )
    return made


def association(caller: AccountUser, made: dict[str, Any]) -> dict[str, Any]:
    identifier = {"serviceNetworkResourceAssociationIdentifier": made["id"]}
    found: dict[str, Any] = caller.lattice.get_service_network_resource_association(**identifier)
    return found


def disassociate(caller: AccountUser, made: dict[str, Any]) -> dict[str, Any]:
    identifier = {"serviceNetworkResourceAssociationIdentifier": made["id"]}
    gone: dict[str, Any] = caller.lattice.delete_service_network_resource_association(**identifier)
    return gone


def network_endpoint(caller: AccountUser, arn: str, **params: Any) -> dict[str, Any]:
    vpc_id, subnet_ids = first_vpc(caller)
    defaults = {"VpcEndpointType": "ServiceNetwork", "VpcId": vpc_id, "SubnetIds": subnet_ids[:1]}
    made: dict[str, Any] = caller.ec2.create_vpc_endpoint(**{**defaults, "ServiceNetworkArn": arn, **params})[
        "VpcEndpoint"
    ]
    return made


def resource_endpoint(caller: AccountUser, arn: str, **params: Any) -> dict[str, Any]:
    vpc_id, subnet_ids = first_vpc(caller)
    defaults = {"VpcEndpointType": "Resource", "VpcId": vpc_id, "SubnetIds": subnet_ids[:1]}
    made: dict[str, Any] = caller.ec2.create_vpc_endpoint(**{**defaults, "ResourceConfigurationArn": arn, **params})[
        "VpcEndpoint"
    ]
    return made


def endpoint_associations(caller: AccountUser, endpoint: dict[str, Any], **filters: str) -> list[dict[str, Any]]:
    """Return the associations of an endpoint."""
    as_filters = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
    answer = caller.ec2.describe_vpc_endpoint_associations(
        VpcEndpointIds=[endpoint["VpcEndpointId"]], Filters=as_filters
    )
    rows: list[dict[str, Any]] = answer["VpcEndpointAssociations"]
    return rows
