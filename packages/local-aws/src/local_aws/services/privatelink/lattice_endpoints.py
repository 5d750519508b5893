"""VPC endpoints that lead to resource configurations and service networks."""

from __future__ import annotations

from typing import Any

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import ServiceCall
from local_aws.services.ec2.vpc_facts import dns_is_on, zone_ids
from local_aws.services.lattice.configurations import seen_configuration
from local_aws.services.lattice.kinds import leaves
from local_aws.services.lattice.network_store import seen_network
from local_aws.services.lattice.private_names import check_preference
from local_aws.services.lattice.store import LatticeResource, gateways
from local_aws.services.privatelink import endpoint_targets
from local_aws.services.privatelink.endpoint_creation import new_endpoint
from local_aws.services.privatelink.endpoint_store import Endpoint, endpoints
from local_aws.services.quotas import endpoint_quota, quotas
from local_aws.services.timings import timings


def make_resource_endpoint(call: ServiceCall, params: dict[str, Any], kind: str) -> Endpoint:
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


def make_network_endpoint(call: ServiceCall, params: dict[str, Any], kind: str) -> Endpoint:
    arn = _target(params, "ServiceNetworkArn", "servicenetwork/sn-")
    try:
        seen_network(call, arn)
    except AwsError as error:
        raise AwsError("InvalidServiceNetworkArn.NotFound", f"The service network ARN {arn} does not exist.") from error
    used = sum(1 for each in endpoints.values() if each.target_arn == arn and each.state != "deleted")
    endpoint_quota(used, quotas.network_endpoints_per_network, plural=f"service network endpoints for {arn}")
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


def _connected(call: ServiceCall, params: dict[str, Any], kind: str, arn: str) -> Endpoint:
    _check_dns(call, params["VpcId"], enabled=params.get("PrivateDnsEnabled", False))
    check_preference(params.get("DnsOptions") or {})
    if params.get("PrivateDnsEnabled"):
        _check_names(call, params["VpcId"], arn, params.get("DnsOptions") or {})
    endpoint = new_endpoint(call, params, kind)
    endpoint.target_arn = arn
    endpoint_targets.refresh(endpoint)
    endpoint.become("available", timings.endpoint_available, lambda: endpoint_targets.refresh(endpoint))
    return endpoint


def modify_names(call: ServiceCall, endpoint: Endpoint, params: dict[str, Any]) -> None:
    """Set the endpoint's DNS options to those of the request, if they are allowed."""
    enabled = params.get("PrivateDnsEnabled", endpoint.private_dns_enabled)
    requested = params.get("DnsOptions") or {}
    check_preference(requested)
    options = endpoint.dns_options | requested
    if "PrivateDnsPreference" in requested and "PrivateDnsSpecifiedDomains" not in requested:
        options.pop("PrivateDnsSpecifiedDomains", None)
    _check_dns(call, endpoint.vpc_id, enabled=enabled)
    if enabled and params.keys() & {"PrivateDnsEnabled", "DnsOptions"}:
        _check_names(call, endpoint.vpc_id, endpoint.target_arn or "", options, apart_from=endpoint)
    endpoint.dns_options = options


def _check_dns(call: ServiceCall, vpc_id: str, *, enabled: bool) -> None:
    if enabled and not dns_is_on(call, vpc_id):
        raise AwsError(
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true "
            f"for {vpc_id}",
        )


def _check_names(
    call: ServiceCall, vpc_id: str, arn: str, options: dict[str, Any], *, apart_from: Endpoint | None = None
) -> None:
    """Refuse a private name that another Resource or ServiceNetwork endpoint holds in the VPC."""
    names = endpoint_targets.names_needed(arn, options)
    taken = names & endpoint_targets.names_held(call.account_id, call.region, vpc_id, apart_from=apart_from)
    if taken:
        raise AwsError(
            "InvalidParameter",
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
            f"{min(taken)} in the VPC {vpc_id}",
        )


def _check_zones(call: ServiceCall, params: dict[str, Any], configuration: LatticeResource) -> None:
    behind = [gateways.get(each.shown.get("resourceGatewayId")) for each in (configuration, *leaves(configuration))]
    gateway_zones = {
        zone
        for gateway in behind
        if gateway
        for zone in zone_ids(gateway.owner, gateway.region, gateway.shown["subnetIds"])
    }
    endpoint_zones = zone_ids(call.account_id, call.region, params.get("SubnetIds") or [])
    if gateway_zones and endpoint_zones and not endpoint_zones & gateway_zones:
        raise AwsError(
            "InvalidParameter", "None of the Availability Zones of the endpoint's subnets is one of the resource's."
        )
