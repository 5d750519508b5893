"""EC2's operations on VPC endpoints."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.utils import random_private_ip

from local_aws.services import lattice_configurations, lattice_store
from local_aws.services.connection_notifications import notify
from local_aws.services.ec2_answers import ec2_page, filtered, tags_asked_for, tags_of
from local_aws.services.endpoint_services import service_named
from local_aws.services.endpoint_store import Association, Endpoint, endpoints, interface_names
from local_aws.services.errors import AwsError, unsuccessful
from local_aws.services.idempotency import once
from local_aws.services.operations import Call, Proceed, add_operation, extend_operation
from local_aws.services.private_names import check_preference, private_name
from local_aws.services.tables import later, new_id
from local_aws.services.timings import timings
from local_aws.services.vpc_facts import check_groups, check_subnets, check_vpc, dns_is_on, ec2_of, zone_ids

_POLICY = '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}'
_FILTERS = {
    "vpc-id": lambda row: [row["VpcId"]],
    "vpc-endpoint-type": lambda row: [row["VpcEndpointType"]],
    "vpc-endpoint-id": lambda row: [row["VpcEndpointId"]],
    # The values of this filter are camelCase even where the rows are not.
    "vpc-endpoint-state": lambda row: [row["State"][0].lower() + row["State"][1:], row["State"]],
    "service-name": lambda row: [row.get("ServiceName", "")],
    "ip-address-type": lambda row: [row["IpAddressType"].lower()],
    "service-region": lambda row: [row.get("ServiceRegion", "")],
}


def install() -> None:
    extend_operation("ec2", "CreateVpcEndpoint", _create)
    add_operation("ec2", "DescribeVpcEndpoints", _describe)
    extend_operation("ec2", "ModifyVpcEndpoint", _modify)
    add_operation("ec2", "DeleteVpcEndpoints", _delete)


def _create(call: Call, params: dict[str, Any], proceed: Proceed) -> Any:
    kind = params.get("VpcEndpointType", "Gateway")
    makers = {"Interface": _interface, "GatewayLoadBalancer": _interface, "Resource": _resource}
    if kind == "Gateway":
        return _gateway(call, params, proceed)
    if kind not in {*makers, "ServiceNetwork"}:
        raise AwsError("InvalidVpcEndpointType", f"The VPC endpoint type {kind} is not valid.")
    tags_asked_for(params, "vpc-endpoint")
    make = makers.get(kind, _service_network)
    endpoint = once(call, params, params.get("ClientToken"), lambda: make(call, params, kind))
    return {"VpcEndpoint": endpoint.describe(), "ClientToken": params.get("ClientToken")}


def _gateway(call: Call, params: dict[str, Any], proceed: Proceed) -> Any:
    check_vpc(call, params["VpcId"])
    name = params.get("ServiceName", "")
    if name not in {f"com.amazonaws.{call.region}.{service}" for service in ("s3", "dynamodb", "s3express")}:
        # The default type catches who forgets it: a gateway to an interface's service does not exist.
        raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    answer = proceed()
    for gateway in ec2_of(call).vpc_end_points.values():
        # moto keeps no type where the request had none, and then can't delete the endpoint.
        gateway.vpc_endpoint_type = gateway.vpc_endpoint_type or "Gateway"
    return answer


def _interface(call: Call, params: dict[str, Any], kind: str) -> Endpoint:
    name = params.get("ServiceName", "")
    service = None
    if name.startswith("com.amazonaws.vpce."):
        service = service_named(call, name, params.get("ServiceRegion", call.region))
    elif not name.startswith(f"com.amazonaws.{call.region}."):
        raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    if params.get("PrivateDnsEnabled") and service is not None and not service.private_dns_name:
        raise AwsError(
            "InvalidParameter",
            f"Private DNS can't be enabled because the service {name} does not provide a private DNS name.",
        )
    endpoint = _new(call, params, kind)
    endpoint.service_name, endpoint.service = name, service
    host = service.host if service else f"{name.rpartition('.')[2]}.{call.region}.vpce.amazonaws.com"
    zones = [subnet.availability_zone for subnet in check_subnets(call, endpoint.vpc_id, endpoint.subnet_ids)]
    endpoint.dns_entries = interface_names(endpoint.id, host, zones)
    if service is None or not service.acceptance_required:
        endpoint.become("available", timings.endpoint_available)
    else:
        endpoint.state = "pendingAcceptance"
    notify("Connect", endpoint)
    return endpoint


def _resource(call: Call, params: dict[str, Any], kind: str) -> Endpoint:
    arn = params.get("ResourceConfigurationArn")
    if not arn:
        raise AwsError("MissingParameter", "The request must contain the parameter ResourceConfigurationArn")
    if params.get("ServiceName"):
        raise AwsError("InvalidParameter", "A resource endpoint has no service name.")
    if not arn.startswith("arn:") or ":resourceconfiguration/rcfg-" not in arn:
        raise AwsError(
            "InvalidResourceConfigurationArn.Malformed", f"The resource configuration ARN {arn} is malformed."
        )
    try:
        configuration = lattice_configurations.seen_configuration(call, arn)
    except AwsError as error:
        raise AwsError(
            "InvalidResourceConfigurationArn.NotFound", f"The resource configuration ARN {arn} does not exist."
        ) from error
    if configuration.shown["type"] == "CHILD":
        raise AwsError("InvalidParameter", f"{arn} is a child: an endpoint leads to its group.")
    _check_zones(call, params, configuration)
    if params.get("PrivateDnsEnabled") and not dns_is_on(call, params["VpcId"]):
        raise AwsError(
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true "
            f"for {params['VpcId']}",
        )
    check_preference(params.get("DnsOptions") or {})
    endpoint = _new(call, params, kind)
    endpoint.target_arn = arn
    association = endpoint.association = Association(endpoint, arn)
    if endpoint.private_dns_enabled:
        association.private_name = private_name(configuration, endpoint.dns_options)
    endpoint.become("available", timings.endpoint_available, association.become_usable)
    return endpoint


def _service_network(call: Call, params: dict[str, Any], kind: str) -> Endpoint:
    """Keep an endpoint to a service network; what it leads to is not modelled."""
    if not params.get("ServiceNetworkArn"):
        raise AwsError("MissingParameter", "The request must contain the parameter ServiceNetworkArn")
    endpoint = _new(call, params, kind)
    endpoint.target_arn = params["ServiceNetworkArn"]
    endpoint.become("available", timings.endpoint_available)
    return endpoint


def _check_zones(call: Call, params: dict[str, Any], configuration: lattice_store.LatticeResource) -> None:
    gateway = lattice_store.gateways.get(configuration.shown.get("resourceGatewayId"))
    mine = zone_ids(call.account_id, call.region, params.get("SubnetIds") or [])
    if gateway is None or not mine:
        return
    if not mine & zone_ids(gateway.owner, gateway.region, gateway.shown["subnetIds"]):
        raise AwsError(
            "InvalidParameter", "None of the Availability Zones of the endpoint's subnets is one of the resource's."
        )


def _new(call: Call, params: dict[str, Any], kind: str) -> Endpoint:
    vpc_id = params["VpcId"]
    check_vpc(call, vpc_id)
    subnets = check_subnets(call, vpc_id, params.get("SubnetIds") or [])
    groups = check_groups(call, vpc_id, params.get("SecurityGroupIds") or [])
    ec2 = ec2_of(call)
    endpoint = Endpoint(
        id=new_id("vpce"),
        kind=kind,
        owner=call.account_id,
        region=call.region,
        vpc_id=vpc_id,
        subnet_ids=[subnet.id for subnet in subnets],
        groups=[{"GroupId": group.id, "GroupName": group.name} for group in groups],
        network_interface_ids=[ec2.create_network_interface(subnet, random_private_ip()).id for subnet in subnets],
        ip_address_type=params.get("IpAddressType", "ipv4"),
        private_dns_enabled=params.get("PrivateDnsEnabled", False),
        dns_options=params.get("DnsOptions") or {"DnsRecordIpType": "ipv4"},
        policy=params.get("PolicyDocument", _POLICY),
    )
    endpoints[endpoint.id] = endpoint
    ec2.create_tags([endpoint.id], tags_asked_for(params, "vpc-endpoint"))
    return endpoint


def _describe(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    rows = [e.describe() for e in endpoints.values() if (e.owner, e.region) == (call.account_id, call.region)]
    rows += [_gateway_row(gateway) for gateway in ec2_of(call).vpc_end_points.values()]
    if wanted := params.get("VpcEndpointIds") or []:
        rows = [row for row in rows if row["VpcEndpointId"] in wanted]
        missing = set(wanted) - {row["VpcEndpointId"] for row in rows}
        if missing:
            raise AwsError("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{min(missing)}' does not exist")
    return ec2_page(call, params, "VpcEndpoints", filtered(rows, params.get("Filters") or [], _FILTERS, tags_of))


def _gateway_row(gateway: Any) -> dict[str, Any]:
    return {
        "VpcEndpointId": gateway.id,
        "VpcEndpointType": gateway.vpc_endpoint_type or "Gateway",
        "VpcId": gateway.vpc_id,
        "ServiceName": gateway.service_name,
        "State": gateway.state,
        "PolicyDocument": gateway.policy_document,
        "RouteTableIds": gateway.route_table_ids,
        "SubnetIds": gateway.subnet_ids or [],
        "Groups": [],
        "IpAddressType": "ipv4",
        "PrivateDnsEnabled": False,
        "DnsEntries": [],
        "NetworkInterfaceIds": gateway.network_interface_ids,
        "CreationTimestamp": gateway.creation_timestamp,
        "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in gateway.get_tags()],
        "OwnerId": gateway.owner_id,
    }


def _modify(call: Call, params: dict[str, Any], proceed: Proceed) -> Any:
    if params["VpcEndpointId"] in ec2_of(call).vpc_end_points:
        return proceed()
    endpoint = own_endpoint(call, params["VpcEndpointId"])
    if endpoint.kind == "Resource" and (params.get("AddSubnetIds") or params.get("RemoveSubnetIds")):
        raise AwsError("InvalidParameter", "Only the security groups of a resource endpoint can be modified.")
    removed = set(params.get("RemoveSecurityGroupIds") or [])
    added = (
        check_groups(call, endpoint.vpc_id, params["AddSecurityGroupIds"]) if params.get("AddSecurityGroupIds") else []
    )
    present = {group["GroupId"]: group["GroupName"] for group in endpoint.groups} | {g.id: g.name for g in added}
    endpoint.groups = [{"GroupId": i, "GroupName": name} for i, name in present.items() if i not in removed]
    gone = set(params.get("RemoveSubnetIds") or [])
    wanted = [i for i in [*endpoint.subnet_ids, *(params.get("AddSubnetIds") or [])] if i not in gone]
    endpoint.subnet_ids = [subnet.id for subnet in check_subnets(call, endpoint.vpc_id, wanted)]
    endpoint.private_dns_enabled = params.get("PrivateDnsEnabled", endpoint.private_dns_enabled)
    return {"Return": True}


def own_endpoint(call: Call, endpoint_id: str) -> Endpoint:
    endpoint = endpoints.get(endpoint_id)
    if endpoint is None or (endpoint.owner, endpoint.region) != (call.account_id, call.region):
        raise AwsError("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{endpoint_id}' does not exist")
    found: Endpoint = endpoint
    return found


def _delete(call: Call, params: dict[str, Any]) -> dict[str, Any]:
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


def _release(endpoint: Endpoint) -> None:
    enis = ec2_backends[endpoint.owner][endpoint.region].enis
    for interface_id in endpoint.network_interface_ids:
        enis.pop(interface_id, None)


def _remove(endpoint: Endpoint) -> None:
    if endpoint.state in {"deleting", "deleted"}:
        return
    endpoint.state = "deleting"
    endpoint.association = None
    notify("Delete", endpoint)
    endpoint.become("deleted", timings.endpoint_deleted, lambda: _release(endpoint))
    later(timings.deleted_endpoint_listed, lambda: endpoints.pop(endpoint.id, None), background=True)
