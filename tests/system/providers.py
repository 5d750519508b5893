"""What providers share: each kind of VPC Lattice's resources, which can grow and shrink."""

from __future__ import annotations

from typing import Any

from local_aws.testing.incidents import publish_txt_record
from scenarios.people import Person
from tests.system.conftest import until


def gateway(provider: Person, name: str, zones: tuple[str, ...] = ()) -> str:
    """Make a resource gateway, in all zones or in some."""
    in_vpc = [{"Name": "vpc-id", "Values": [provider.vpc()]}]
    subnets = [
        each["SubnetId"]
        for each in provider.client("ec2").describe_subnets(Filters=in_vpc)["Subnets"]
        if not zones or each["AvailabilityZone"] in zones
    ]
    made = provider.client("vpc-lattice").create_resource_gateway(
        name=f"{name}-gateway"[:40],
        vpcIdentifier=provider.vpc(),
        subnetIds=subnets,
        resourceConfigDnsResolution="PUBLIC",
    )
    return str(made["id"])


def single(provider: Person, name: str, zones: tuple[str, ...] = (), **members: Any) -> str:
    """Offer one database; give its ARN."""
    made = provider.client("vpc-lattice").create_resource_configuration(
        name=name,
        type="SINGLE",
        protocol="TCP",
        portRanges=["5432"],
        resourceGatewayIdentifier=gateway(provider, name, zones),
        resourceConfigurationDefinition={"dnsResource": {"domainName": f"{name}.example.com", "ipAddressType": "IPV4"}},
        **members,
    )
    return _active(provider, str(made["arn"]))


def group(provider: Person, name: str, *children: str) -> str:
    """Offer a group with children; give its ARN."""
    made = provider.client("vpc-lattice").create_resource_configuration(
        name=name, type="GROUP", protocol="TCP", resourceGatewayIdentifier=gateway(provider, name)
    )
    for each in children:
        child(provider, str(made["arn"]), each)
    return _active(provider, str(made["arn"]))


def child(provider: Person, group_arn: str, name: str) -> str:
    """Put one more into a group; give its ARN."""
    return _active(provider, _child(provider, group_arn, name))


def broken_child(provider: Person, group_arn: str, name: str) -> None:
    """Put one into a group that will never work."""
    made = _child(provider, group_arn, name)
    lattice = provider.client("vpc-lattice")

    def failed() -> bool:
        found = lattice.get_resource_configuration(resourceConfigurationIdentifier=made)
        return bool(found["status"] == "CREATE_FAILED")

    until(failed, lambda: f"{made} has failed")


def failed_single(provider: Person, name: str) -> str:
    """Offer a database that will never work; give its ARN."""
    made = provider.client("vpc-lattice").create_resource_configuration(
        name=name,
        type="SINGLE",
        protocol="TCP",
        portRanges=["5432"],
        resourceGatewayIdentifier=gateway(provider, name),
        resourceConfigurationDefinition={"dnsResource": {"domainName": f"{name}.example.com", "ipAddressType": "IPV4"}},
    )
    return str(made["arn"])


def _child(provider: Person, group_arn: str, name: str) -> str:
    made = provider.client("vpc-lattice").create_resource_configuration(
        name=name,
        type="CHILD",
        portRanges=["6379"],
        resourceConfigurationGroupIdentifier=group_arn,
        resourceConfigurationDefinition={"dnsResource": {"domainName": f"{name}.example.com", "ipAddressType": "IPV4"}},
    )
    return str(made["arn"])


def endpoints(provider: Person, arn: str) -> list[str]:
    """Return the endpoints of a database that is offered by its ARN, in the order of its children's names."""
    lattice = provider.client("vpc-lattice")
    pages = lattice.get_paginator("list_resource_configurations").paginate(resourceConfigurationGroupIdentifier=arn)
    found = sorted((each["name"], each["id"]) for page in pages for each in page["items"])
    described = (lattice.get_resource_configuration(resourceConfigurationIdentifier=each) for _, each in found)
    return [str(each["customDomainName"]) for each in described]


def verified(provider: Person, domain: str) -> str:
    """Have AWS find that a domain is the provider's; return the id of the verification."""
    lattice = provider.client("vpc-lattice")
    begun = lattice.start_domain_verification(domainName=domain)
    publish_txt_record(begun["txtMethodConfig"]["name"], begun["txtMethodConfig"]["value"])

    def found() -> bool:
        asked = lattice.get_domain_verification(domainVerificationIdentifier=begun["id"])
        return bool(asked["status"] == "VERIFIED")

    until(found, lambda: f"{domain} is verified")
    return str(begun["id"])


def cluster(provider: Person, name: str) -> str:
    """Offer a database cluster by its ARN: its children appear by themselves; return the configuration's ARN."""
    arn = f"arn:aws:rds:us-east-1:{provider.account_id}:cluster:{name}"
    made = provider.client("vpc-lattice").create_resource_configuration(
        name=name,
        type="ARN",
        resourceGatewayIdentifier=gateway(provider, name),
        resourceConfigurationDefinition={"arnResource": {"arn": arn}},
    )
    return _active(provider, str(made["arn"]))


def service(provider: Person, name: str) -> str:
    return str(provider.client("vpc-lattice").create_service(name=name)["arn"])


def network(provider: Person, name: str, *inside: str) -> str:
    """Offer a service network with resources and services in it; give its ARN."""
    arn = str(provider.client("vpc-lattice").create_service_network(name=name)["arn"])
    for each in inside:
        put_in(provider, arn, each)
    return arn


def put_in(provider: Person, network_arn: str, arn: str) -> None:
    """Put a resource or a service into a service network."""
    lattice = provider.client("vpc-lattice")
    if ":service/" in arn:
        lattice.create_service_network_service_association(serviceNetworkIdentifier=network_arn, serviceIdentifier=arn)
    else:
        lattice.create_service_network_resource_association(
            serviceNetworkIdentifier=network_arn, resourceConfigurationIdentifier=arn
        )


def share(provider: Person, name: str, arn: str, account_id: str) -> str:
    """Share something by AWS RAM; return the share's ARN."""
    made = provider.client("ram").create_resource_share(name=name, resourceArns=[arn], principals=[account_id])
    return str(made["resourceShare"]["resourceShareArn"])


def _active(provider: Person, arn: str) -> str:
    lattice = provider.client("vpc-lattice")

    def active() -> bool:
        return bool(lattice.get_resource_configuration(resourceConfigurationIdentifier=arn)["status"] == "ACTIVE")

    until(active, lambda: f"{arn} is active")
    return arn
