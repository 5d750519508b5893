"""Objects of the kinds that Drawbridge makes, on the local AWS, each with an owner's tag or without."""

from __future__ import annotations

from typing import Any

from drawbridge.association.owned_object import OwnedKind, OwnedObject
from local_aws_tests.lattice_shares import associate, network, network_endpoint, resource_endpoint
from local_aws_tests.sharing import first_vpc, pass_time, resource_configuration
from tests.contracts.accounts import Account

OWNED = {"drawbridge:owner": "drawbridge"}


def owned_object(account: Account, kind: OwnedKind, tags: dict[str, str] | None = None) -> OwnedObject:
    """Make an object of the kind, with these tags or with ours; wait until it is there for good."""
    tags = OWNED if tags is None else tags
    of_ec2 = {"TagSpecifications": [_specification(tags)]} if tags else {}
    match kind:
        case OwnedKind.ENDPOINT:
            made = resource_endpoint(account, resource_configuration(account), **of_ec2)
            found = OwnedObject(id=made["VpcEndpointId"], kind=kind)
        case OwnedKind.NETWORK_ENDPOINT:
            made = network_endpoint(account, network(account)["arn"], **of_ec2)
            found = OwnedObject(id=made["VpcEndpointId"], kind=kind)
        case OwnedKind.RESOURCE_ASSOCIATION:
            made = associate(account, network(account)["id"], resource_configuration(account), tags=tags)
            found = OwnedObject(id=made["id"], arn=made["arn"], kind=kind)
        case OwnedKind.VPC_ASSOCIATION:
            found = vpc_association(account, network(account)["arn"], tags)
        case OwnedKind.SERVICE_NETWORK:
            made = network(account, tags=tags)
            found = OwnedObject(id=made["id"], arn=made["arn"], network_arn=made["arn"], kind=kind)
    pass_time(60)
    return found


def vpc_association(account: Account, network_arn: str, tags: dict[str, str]) -> OwnedObject:
    """Associate a network with the account's VPC."""
    vpc_id, _ = first_vpc(account)
    made = account.lattice.create_service_network_vpc_association(
        serviceNetworkIdentifier=network_arn, vpcIdentifier=vpc_id, tags=tags
    )
    return OwnedObject(id=made["id"], arn=made["arn"], network_arn=network_arn, kind=OwnedKind.VPC_ASSOCIATION)


def service_association(account: Account, tags: dict[str, str], name: str = "api") -> OwnedObject:
    """Associate a network with a service of VPC Lattice, both of this name; wait until it is there for good."""
    service = account.lattice.create_service(name=name)["arn"]
    made = account.lattice.create_service_network_service_association(
        serviceNetworkIdentifier=network(account, name)["id"], serviceIdentifier=service, tags=tags
    )
    pass_time(60)
    return OwnedObject(id=made["id"], arn=made["arn"], kind=OwnedKind.RESOURCE_ASSOCIATION)


def _specification(tags: dict[str, str]) -> dict[str, Any]:
    return {"ResourceType": "vpc-endpoint", "Tags": [{"Key": key, "Value": tags[key]} for key in tags]}
