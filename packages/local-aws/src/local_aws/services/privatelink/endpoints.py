"""EC2's operations on VPC endpoints."""

from __future__ import annotations

from typing import Any, Final

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.idempotency import once
from local_aws.moto_extension.operations import Proceed, ServiceCall, add_operation, extend_operation
from local_aws.moto_extension.tables import later
from local_aws.services.ec2.answers import ec2_page, filtered, requested_tags, tags_of
from local_aws.services.ec2.vpc_facts import check_groups, check_room, check_subnets, check_vpc, ec2_of
from local_aws.services.privatelink import endpoint_targets
from local_aws.services.privatelink.connection_notifications import notify
from local_aws.services.privatelink.endpoint_creation import new_endpoint
from local_aws.services.privatelink.endpoint_services import service_named
from local_aws.services.privatelink.endpoint_store import Endpoint, endpoints, interface_names
from local_aws.services.privatelink.lattice_endpoints import make_network_endpoint, make_resource_endpoint, modify_names
from local_aws.services.quotas import endpoint_quota, quotas
from local_aws.services.timings import timings

_LONGEST_TOKEN = 64
_FILTERS = {
    "vpc-id": lambda row: [row["VpcId"]],
    "vpc-endpoint-type": lambda row: [row["VpcEndpointType"]],
    "vpc-endpoint-id": lambda row: [row["VpcEndpointId"]],
    # This filter's values are camelCase even if the rows' are not.
    "vpc-endpoint-state": lambda row: [row["State"][0].lower() + row["State"][1:], row["State"]],
    "service-name": lambda row: [row.get("ServiceName", "")],
    "ip-address-type": lambda row: [row["IpAddressType"].lower()],
    "service-region": lambda row: [row.get("ServiceRegion", "")],
}


def install() -> None:
    extend_operation("ec2", "CreateVpcEndpoint", _create)
    add_operation("ec2", "DescribeVpcEndpoints", _describe)
    extend_operation("ec2", "ModifyVpcEndpoint", _modify)


def _create(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    kind = params.get("VpcEndpointType", "Gateway")
    if kind == "Gateway":
        return _gateway(call, params, proceed)
    if kind not in _MAKERS:
        raise AwsError("InvalidVpcEndpointType", f"The VPC endpoint type {kind} is not valid.")
    requested_tags(params, "vpc-endpoint")
    token = params.get("ClientToken", "")
    if len(token) > _LONGEST_TOKEN or not token.isascii():
        raise AwsError("InvalidParameterValue", f"Value ({token}) for parameter ClientToken is invalid.")
    endpoint = once(call, params, params.get("ClientToken"), lambda: _MAKERS[kind](call, params, kind))
    return {"VpcEndpoint": endpoint.describe(), "ClientToken": params.get("ClientToken")}


def _gateway(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    check_vpc(call, params["VpcId"])
    name = params.get("ServiceName", "")
    if name not in {f"com.amazonaws.{call.region}.{service}" for service in ("s3", "dynamodb", "s3express")}:
        # The default type is Gateway, which fails for a service of Interface endpoints.
        raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    kept = ec2_of(call).vpc_end_points
    endpoint_quota(len(kept), quotas.gateway_endpoints_per_region, plural="gateway endpoints in the Region")
    answer = proceed()
    for gateway in ec2_of(call).vpc_end_points.values():
        # moto stores no default type and then can't delete the endpoint.
        gateway.vpc_endpoint_type = gateway.vpc_endpoint_type or "Gateway"
    return answer


def _interface(call: ServiceCall, params: dict[str, Any], kind: str) -> Endpoint:
    name = params.get("ServiceName", "")
    service = None
    if name.startswith("com.amazonaws.vpce."):
        service = service_named(call, name, params.get("ServiceRegion", call.region))
    elif not name.startswith(f"com.amazonaws.{call.region}."):
        raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    served = service.kind if service else "Interface"
    if kind != served:
        raise AwsError("InvalidParameter", f"Endpoint type ({kind}) does not match service type ({served}).")
    address_type = params.get("IpAddressType", "ipv4")
    needed = {"ipv4", "ipv6"} if address_type == "dualstack" else {address_type}
    if service is not None and not needed <= {*service.address_types}:
        raise AwsError("InvalidParameter", f"The service {name} does not support the IP address type {address_type}.")
    if params.get("PrivateDnsEnabled") and service is not None and not service.private_dns_name:
        raise AwsError(
            "InvalidParameter",
            f"Private DNS can't be enabled because the service {name} does not provide a private DNS name.",
        )
    endpoint = new_endpoint(call, params, kind)
    endpoint.service_name, endpoint.service = name, service
    host = service.host if service else f"{name.rpartition('.')[2]}.{call.region}.vpce.amazonaws.com"
    zones = [subnet.availability_zone for subnet in check_subnets(call, endpoint.vpc_id, endpoint.subnet_ids)]
    if kind == "Interface":
        # A Gateway Load Balancer's endpoint is a target of routes and has no name.
        names = interface_names(endpoint.id, host, zones)
        if timings.connection_named:
            later(timings.connection_named, lambda: endpoint.assign_names(names))
        else:
            endpoint.assign_names(names)
    if service is None or not service.acceptance_required:
        endpoint.become("available", timings.endpoint_available)
    else:
        endpoint.state = "pendingAcceptance"
    notify("Connect", endpoint)
    return endpoint


_MAKERS: Final = {
    "Interface": _interface,
    "GatewayLoadBalancer": _interface,
    "Resource": make_resource_endpoint,
    "ServiceNetwork": make_network_endpoint,
}


def _describe(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    rows = [e.describe() for e in endpoints.values() if (e.owner, e.region) == (call.account_id, call.region)]
    rows += [_gateway_row(gateway) for gateway in ec2_of(call).vpc_end_points.values()]
    if endpoint_ids := params.get("VpcEndpointIds") or []:
        rows = [row for row in rows if row["VpcEndpointId"] in endpoint_ids]
        missing = set(endpoint_ids) - {row["VpcEndpointId"] for row in rows}
        if missing:
            raise no_such_endpoint(min(missing))
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


def _modify(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    if params["VpcEndpointId"] in ec2_of(call).vpc_end_points:
        return proceed()
    endpoint = own_endpoint(call, params["VpcEndpointId"])
    fixed = [name for name in _FIXED.get(endpoint.kind, ()) if params.get(name) is not None]
    if fixed:
        raise AwsError("InvalidParameter", f"{fixed[0]} of a {endpoint.kind} endpoint can't be modified.")
    removed = set(params.get("RemoveSecurityGroupIds") or [])
    added = (
        check_groups(call, endpoint.vpc_id, params["AddSecurityGroupIds"]) if params.get("AddSecurityGroupIds") else []
    )
    gone, new = set(params.get("RemoveSubnetIds") or []), params.get("AddSubnetIds") or []
    subnet_ids = [i for i in [*endpoint.subnet_ids, *new] if i not in gone]
    subnets = check_subnets(call, endpoint.vpc_id, subnet_ids)
    check_room(call, new, endpoint.kind, endpoint.ip_address_type)
    if endpoint.target_arn:
        modify_names(call, endpoint, params)
    present = {group["GroupId"]: group["GroupName"] for group in endpoint.groups} | {g.id: g.name for g in added}
    endpoint.groups = [{"GroupId": i, "GroupName": name} for i, name in present.items() if i not in removed]
    endpoint.subnet_ids = [subnet.id for subnet in subnets]
    endpoint.private_dns_enabled = params.get("PrivateDnsEnabled", endpoint.private_dns_enabled)
    endpoint_targets.refresh(endpoint)
    return {"Return": True}


_FIXED_OF_NETWORK: Final = (
    "RemoveSubnetIds", "SubnetConfigurations", "IpAddressType", "PolicyDocument", "ResetPolicy",
)  # fmt: skip # one member a line is no clearer
_FIXED: Final = {"Resource": ("AddSubnetIds", *_FIXED_OF_NETWORK), "ServiceNetwork": _FIXED_OF_NETWORK}
"""Members that can't be modified. Since November 2026 private DNS can, and a ServiceNetwork endpoint takes new subnets
(AWS PrivateLink guide, "Document history")."""


def own_endpoint(call: ServiceCall, endpoint_id: str) -> Endpoint:
    endpoint = endpoints.get(endpoint_id)
    if endpoint is None or (endpoint.owner, endpoint.region) != (call.account_id, call.region):
        raise no_such_endpoint(endpoint_id)
    found: Endpoint = endpoint
    return found


def no_such_endpoint(endpoint_id: str) -> AwsError:
    return AwsError("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{endpoint_id}' does not exist")
