"""EC2's deletion of VPC endpoints."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends

from local_aws.moto_extension.errors import AwsError, unsuccessful
from local_aws.moto_extension.operations import ServiceCall, add_operation
from local_aws.moto_extension.tables import later
from local_aws.services.ec2.vpc_facts import ec2_of
from local_aws.services.privatelink.connection_notifications import notify
from local_aws.services.privatelink.endpoint_store import Endpoint, endpoints
from local_aws.services.privatelink.endpoints import own_endpoint
from local_aws.services.timings import timings


def install() -> None:
    add_operation("ec2", "DeleteVpcEndpoints", _delete)


def _delete(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    failed = []
    for endpoint_id in params["VpcEndpointIds"]:
        if endpoint_id in ec2_of(call).vpc_end_points:
            ec2_of(call).delete_vpc_endpoints([endpoint_id])
            continue
        try:
            _remove(own_endpoint(call, endpoint_id))
        except AwsError as error:
            failed.append(unsuccessful(endpoint_id, "InvalidVpcEndpoint.NotFound", error.message))
    return {"Unsuccessful": failed}


def _remove(endpoint: Endpoint) -> None:
    if endpoint.state in {"deleting", "deleted"}:
        return
    endpoint.state = "deleting"
    notify("Delete", endpoint)
    endpoint.become("deleted", timings.endpoint_deleted, lambda: _release(endpoint))
    later(timings.deleted_endpoint_listed, lambda: endpoints.pop(endpoint.id, None), background=True)


def _release(endpoint: Endpoint) -> None:
    enis = ec2_backends[endpoint.owner][endpoint.region].enis
    for interface_id in endpoint.network_interface_ids:
        enis.pop(interface_id, None)
    endpoint.associations.clear()
