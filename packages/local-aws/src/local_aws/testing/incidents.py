"""Incidents: changes by AWS itself, or by others for whom the local AWS has no API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from local_aws.moto_extension.tables import lock
from local_aws.services.dns import public_dns
from local_aws.services.lattice import children
from local_aws.services.lattice.store import configurations
from local_aws.services.privatelink import endpoint_connections, endpoint_deletion, endpoint_store
from local_aws.services.ram import listings, shares


def publish_txt_record(name: str, value: str) -> None:
    """Publish a TXT record, as if its domain were hosted outside of AWS."""
    public_dns.publish(name, value)


def suspend_share(share_arn: str, entity: str) -> None:
    """Suspend one resource or principal of a share, as RAM does by itself: it is listed but can't be used."""
    shares.suspend(share_arn, entity)


def restore_share(share_arn: str, entity: str) -> None:
    """Restore a suspended resource or principal."""
    shares.restore(share_arn, entity)


def trouble_shared_resource(
    resource_arn: str, status: Literal["UNAVAILABLE", "LIMIT_EXCEEDED", ""], message: str = ""
) -> None:
    """Set the status of a shared resource in every share of RAM; empty if it is available."""
    listings.set_trouble(resource_arn, status, message)


def set_database_endpoints(configuration_arn: str, names: Sequence[str]) -> None:
    """Set the endpoints of the database behind a resource configuration of type ARN.

    VPC Lattice creates and deletes the configuration's children accordingly, as for a new replica or a failover.
    """
    children.set_endpoints(configurations[configuration_arn.rpartition("/")[2]], names)


def finish_deletion(endpoint_id: str) -> None:
    """End the deletion of a VPC endpoint that hangs by the fault ``fails-later`` of ``ec2:DeleteVpcEndpoints``.

    Raises:
        KeyError: there is no such endpoint.
    """
    with lock:
        endpoint_deletion.finish(endpoint_store.endpoints[endpoint_id])


def attach_transit_gateway(service_id: str, account_id: str) -> str:
    """Request a connection to an endpoint service for an account's transit gateway; return the attachment's id.

    Raises:
        ValueError: the service is not one of Gateway Load Balancers.
        PermissionError: it has no permission ``transit-gateway-attachment`` for the account, whose own it is not.
    """
    with lock:
        return endpoint_connections.attach(service_id, account_id)


def detach_transit_gateway(attachment_id: str) -> None:
    """Delete a transit gateway's attachment.

    Raises:
        KeyError: there is no such attachment.
    """
    with lock:
        endpoint_connections.detach(attachment_id)


def set_payer(endpoint_id: str, payer: Literal["vpc-endpoint-account", "vpc-endpoint-service-account"]) -> None:
    """Set who is charged for a VPC endpoint, which its connection tells from then on."""
    with lock:
        endpoint_connections.payers[endpoint_id] = payer
