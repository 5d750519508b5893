"""VPC endpoints that lead to resource configurations and service networks."""

from __future__ import annotations

from typing import Any

from local_aws.services import endpoint_targets
from local_aws.services.endpoint_creation import new_endpoint
from local_aws.services.endpoint_store import Endpoint, endpoints
from local_aws.services.errors import AwsError
from local_aws.services.lattice_configurations import seen_configuration
from local_aws.services.lattice_kinds import leaves
from local_aws.services.lattice_store import LatticeResource, gateways
from local_aws.services.operations import Call
from local_aws.services.private_names import check_preference
from local_aws.services.quotas import endpoint_quota, quotas
from local_aws.services.service_network_store import seen_network
from local_aws.services.timings import timings
from local_aws.services.vpc_facts import dns_is_on, zone_ids


def make_resource_endpoint(call: Call, params: dict[str, Any], kind: str) -> Endpoint:
    arn = _target(params, "ResourceConfigurationArn", "resourceconfiguration/rcfg-")
    try:
        configuration = seen_configuration(call, arn)
    except AwsError as error:
        raise AwsError(
            "InvalidResourceConfigurationArn.NotFound", f"The resource configuration ARN {arn} does not exist."
        ) from error
    if configuration.shown["type"] == "CHILD":
        raise AwsError("InvalidParameter", f"{arn} is a child: an endpoint leads to its group.")
    if configuration.shown["type"] == "CIDR":
        raise AwsError("InvalidParameter", f"{arn} is of type CIDR: only a tunnel endpoint leads to it.")
    if configuration.status in {"CREATE_FAILED", "DELETE_IN_PROGRESS"}:
        raise AwsError("InvalidParameter", f"{arn} is in state {configuration.status}.")
    _check_zones(call, params, configuration)
    return _connected(call, params, kind, arn)


def make_network_endpoint(call: Call, params: dict[str, Any], kind: str) -> Endpoint:
    arn = _target(params, "ServiceNetworkArn", "servicenetwork/sn-")
    try:
        seen_network(call, arn)
    except AwsError as error:
        raise AwsError("InvalidServiceNetworkArn.NotFound", f"The service network ARN {arn} does not exist.") from error
    used = sum(1 for each in endpoints.values() if each.target_arn == arn and each.state != "deleted")
    endpoint_quota(used, quotas.network_endpoints_per_network, what=f"service network endpoints for {arn}")
    return _connected(call, params, kind, arn)


def _target(params: dict[str, Any], member: str, resource: str) -> str:
    arn = str(params.get(member) or "")
    if not arn:
        raise AwsError("MissingParameter", f"The request must contain the parameter {member}")
    if params.get("ServiceName"):
        raise AwsError("InvalidParameter", f"An endpoint with a {member} has no service name.")
    if not arn.startswith("arn:") or f":{resource}" not in arn:
        raise AwsError(f"Invalid{member}.Malformed", f"The ARN {arn} is malformed.")
    return arn


def _connected(call: Call, params: dict[str, Any], kind: str, arn: str) -> Endpoint:
    if params.get("PrivateDnsEnabled") and not dns_is_on(call, params["VpcId"]):
        raise AwsError(
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true "
            f"for {params['VpcId']}",
        )
    check_preference(params.get("DnsOptions") or {})
    if params.get("PrivateDnsEnabled"):
        _check_names(call, params, arn)
    endpoint = new_endpoint(call, params, kind)
    endpoint.target_arn = arn
    endpoint_targets.refresh(endpoint)
    endpoint.become("available", timings.endpoint_available, lambda: endpoint_targets.refresh(endpoint))
    return endpoint


def _check_names(call: Call, params: dict[str, Any], arn: str) -> None:
    """Refuse a second way to a private name that the VPC has already, be it by a resource or a network endpoint."""
    wanted = endpoint_targets.names_wanted(arn, params.get("DnsOptions") or {})
    twice = wanted & endpoint_targets.names_held(call.account_id, call.region, params["VpcId"])
    if twice:
        raise AwsError(
            "InvalidParameter",
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
            f"{min(twice)} in the VPC {params['VpcId']}",
        )


def _check_zones(call: Call, params: dict[str, Any], configuration: LatticeResource) -> None:
    ways = [gateways.get(each.shown.get("resourceGatewayId")) for each in (configuration, *leaves(configuration))]
    theirs = {zone for way in ways if way for zone in zone_ids(way.owner, way.region, way.shown["subnetIds"])}
    mine = zone_ids(call.account_id, call.region, params.get("SubnetIds") or [])
    if theirs and mine and not mine & theirs:
        raise AwsError(
            "InvalidParameter", "None of the Availability Zones of the endpoint's subnets is one of the resource's."
        )
