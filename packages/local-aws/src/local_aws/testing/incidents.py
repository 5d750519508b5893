"""What happens without any call of yours: AWS does it by itself, or somebody whom the local AWS has no API for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from local_aws.services.dns import public_dns
from local_aws.services.lattice import children
from local_aws.services.lattice.store import configurations
from local_aws.services.privatelink import endpoint_connections
from local_aws.services.ram import listings, shares


def publish_txt_record(name: str, value: str) -> None:
    """Let a name have a TXT record that the whole world sees, as if its domain were hosted outside of AWS."""
    public_dns.publish(name, value)


def suspend_share(share_arn: str, entity: str) -> None:
    """Have RAM suspend one resource or principal of a share: it is there, and nobody can use it."""
    shares.suspend(share_arn, entity)


def restore_share(share_arn: str, entity: str) -> None:
    """Let a resource or principal that was suspended take part again."""
    shares.restore(share_arn, entity)


def trouble_shared_resource(
    resource_arn: str, status: Literal["UNAVAILABLE", "LIMIT_EXCEEDED", ""], message: str = ""
) -> None:
    """Have RAM tell of a shared resource, in every share, that it is not available; an empty status: that it is."""
    listings.set_trouble(resource_arn, status, message)


def set_database_endpoints(configuration_arn: str, names: Sequence[str]) -> None:
    """Let the database that a resource configuration of type ARN stands for have these endpoints from now on.

    VPC Lattice's children of the configuration come and go accordingly, as with a replica more or a failover.
    """
    children.set_endpoints(configurations[configuration_arn.rpartition("/")[2]], names)


def attach_transit_gateway(service_id: str, account_id: str) -> str:
    """Have a transit gateway of an account ask an endpoint service for a connection; return the attachment's id."""
    return endpoint_connections.attach(service_id, account_id)
