"""What attachments are tried with: a shared resource and a VPC for it, in memory and on the local AWS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from drawbridge.association import DesiredAttachment
from drawbridge.association.observed_attachment import Endpoint, NetworkTarget, ObservedServiceNetwork, State
from drawbridge.association.reconcile import EndpointOperations, ServiceNetworkOperations
from drawbridge.aws.service_networks import ServiceNetworks
from drawbridge.aws.vpc_endpoints import VpcEndpoints
from local_aws_tests.lattice_shares import network_endpoint
from local_aws_tests.sharing import first_vpc, pass_time
from tests.builders import VPC_ID, desired
from tests.contracts.accounts import Account, shared
from tests.fakes.attachments import InMemoryAttachments, InMemoryEndpointOperations, InMemoryServiceNetworkOperations

replace = msgspec.structs.replace


@dataclass(frozen=True)
class Attaching:
    """An account that a resource is shared with."""

    attachment: DesiredAttachment
    """By an endpoint of its own."""
    more_subnets: frozenset[str]
    security_groups: tuple[str, str]
    networks: Callable[[], ServiceNetworkOperations]
    """The port for one run: it may keep what it listed once."""
    endpoints: Callable[[], EndpointOperations]
    settle: Callable[[], None]
    """Have AWS bring to its end what is on its way."""
    delete_endpoint: Callable[[str], None]
    others_endpoint_to: Callable[[ObservedServiceNetwork], str]
    """Have somebody else make an endpoint in the VPC; return its id."""


def in_memory() -> Attaching:
    aws = InMemoryAttachments()
    aws.becomes = State.PENDING

    def delete_endpoint(endpoint_id: str) -> None:
        aws.endpoints = {
            key: [replace(each, state=State.TERMINATED) if each.id == endpoint_id else each for each in found]
            for key, found in aws.endpoints.items()
        }

    def others_endpoint_to(network: ObservedServiceNetwork) -> str:
        there = aws.endpoints.setdefault((NetworkTarget(network), VPC_ID), [])
        there.append(Endpoint(id="vpce-theirs", state=State.AVAILABLE, ours=False))
        return "vpce-theirs"

    return Attaching(
        attachment=desired(),
        more_subnets=frozenset({"subnet-0a", "subnet-0b"}),
        security_groups=("sg-1", "sg-2"),
        networks=lambda: InMemoryServiceNetworkOperations(aws),
        endpoints=lambda: InMemoryEndpointOperations(aws),
        settle=aws.settle,
        delete_endpoint=delete_endpoint,
        others_endpoint_to=others_endpoint_to,
    )


def on_aws(provider: Account, consumer: Account) -> Attaching:
    arn, share_arn = shared(provider, consumer)
    vpc_id, (first, *others) = first_vpc(consumer)
    one, other = (
        str(consumer.ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc_id)["GroupId"])
        for name in ("one", "other")
    )

    def delete_endpoint(endpoint_id: str) -> None:
        consumer.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])

    def others_endpoint_to(network: ObservedServiceNetwork) -> str:
        made = network_endpoint(consumer, network.arn)
        pass_time(2)
        return str(made["VpcEndpointId"])

    return Attaching(
        attachment=desired(
            resource_arn=arn,
            share_arn=share_arn,
            provider=provider.account_id,
            vpc_id=vpc_id,
            subnet_ids=(first,),
        ),
        more_subnets=frozenset(others[:2]),
        security_groups=(one, other),
        networks=lambda: ServiceNetworks(consumer.lattice, owner="drawbridge", account_id=consumer.account_id),
        endpoints=lambda: VpcEndpoints(consumer.ec2, owner="drawbridge"),
        settle=lambda: pass_time(60),
        delete_endpoint=delete_endpoint,
        others_endpoint_to=others_endpoint_to,
    )
