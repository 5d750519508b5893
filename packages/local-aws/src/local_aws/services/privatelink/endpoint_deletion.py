"""EC2's deletion of VPC endpoints."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends

from local_aws.fault_injection.faults import faults
from local_aws.moto_extension.errors import AwsError, unsuccessful
from local_aws.moto_extension.operations import ServiceCall, add_operation
from local_aws.moto_extension.tables import later
from local_aws.services.ec2.vpc_facts import ec2_of
from local_aws.services.privatelink.connection_notifications import notify
from local_aws.services.privatelink.endpoint_store import Endpoint, endpoints
from local_aws.services.privatelink.endpoints import no_such_endpoint, own_endpoint
from local_aws.services.timings import timings

_MOST = 25
"""Seen on AWS (github.com/couchbaselabs/cbdinocluster, pull request 199)."""


def install() -> None:
    add_operation("ec2", "DeleteVpcEndpoints", _delete)


def _delete(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    if len(params["VpcEndpointIds"]) > _MOST:
        raise AwsError(
            "InvalidParameter",
            f"Maximum number of VPC endpoints to delete was exceeded. You can provide up to {_MOST} VPC endpoints.",
        )
    refused = (_remove(call, endpoint_id) for endpoint_id in params["VpcEndpointIds"])
    return {"Unsuccessful": [each for each in refused if each is not None]}


def _remove(call: ServiceCall, endpoint_id: str) -> dict[str, Any] | None:
    """Begin to delete an endpoint; return why it is not deleted.

    What AWS says of one that is being deleted, or is deleted and still listed, is not known: that it is no success is
    the stricter guess.
    """
    gateways = ec2_of(call).vpc_end_points
    try:
        endpoint = gateways.get(endpoint_id) or own_endpoint(call, endpoint_id)
    except AwsError as error:
        return unsuccessful(endpoint_id, "InvalidVpcEndpoint.NotFound", error.message)
    if endpoint.state == "deleted":
        return unsuccessful(endpoint_id, "InvalidVpcEndpoint.NotFound", no_such_endpoint(endpoint_id).message)
    if endpoint.state == "deleting":
        return unsuccessful(endpoint_id, "InvalidState", f"The endpoint {endpoint_id} is being deleted.")
    if endpoint_id in gateways:
        ec2_of(call).delete_vpc_endpoints([endpoint_id])
    else:
        endpoint.state = "deleting"
        notify("Delete", endpoint)
        if not faults.fails_later(f"{call.service}:{call.operation}", call.account_id):
            later(timings.endpoint_deleted, lambda: finish(endpoint))
    return None


def finish(endpoint: Endpoint) -> None:
    """End the deletion of an endpoint, if it is still there and being deleted."""
    if endpoint.state != "deleting" or endpoints.get(endpoint.id) is not endpoint:
        return
    endpoint.state = "deleted"
    ec2 = ec2_backends[endpoint.owner][endpoint.region]
    for interface_id in endpoint.network_interface_ids:
        ec2.enis.pop(interface_id, None)
    endpoint.associations.clear()

    def forget() -> None:
        endpoints.pop(endpoint.id, None)
        ec2.tags.pop(endpoint.id, None)

    later(timings.deleted_endpoint_listed, forget, background=True)
