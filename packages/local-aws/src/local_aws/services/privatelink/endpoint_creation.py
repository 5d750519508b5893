"""The common part of creating VPC endpoints."""

from __future__ import annotations

from typing import Any

from moto.ec2.utils import random_private_ip

from local_aws.fault_injection.faults import faults
from local_aws.moto_extension.operations import ServiceCall
from local_aws.moto_extension.tables import new_id
from local_aws.services.ec2.answers import requested_tags
from local_aws.services.ec2.vpc_facts import check_groups, check_room, check_subnets, check_vpc, ec2_of
from local_aws.services.privatelink.endpoint_store import Endpoint, endpoints
from local_aws.services.quotas import endpoint_quota, quotas

_POLICY = '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}'


def new_endpoint(call: ServiceCall, params: dict[str, Any], kind: str) -> Endpoint:
    """Create a pending endpoint.

    Raises:
        AwsError: the VPC, a subnet or a group does not exist, or a quota is used up.
    """
    vpc_id = params["VpcId"]
    check_vpc(call, vpc_id)
    subnets = check_subnets(call, vpc_id, params.get("SubnetIds") or [])
    check_room(call, [subnet.id for subnet in subnets], kind, params.get("IpAddressType", "ipv4"))
    groups = check_groups(call, vpc_id, params.get("SecurityGroupIds") or [])
    _check_quota(call, vpc_id, kind)
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
        fails=faults.fails_later(f"{call.service}:{call.operation}", call.account_id),
    )
    endpoints[endpoint.id] = endpoint
    ec2.create_tags([endpoint.id], requested_tags(params, "vpc-endpoint"))
    return endpoint


def _check_quota(call: ServiceCall, vpc_id: str, kind: str) -> None:
    most, plural = {
        "Resource": (quotas.resource_endpoints_per_vpc, "resource endpoints"),
        "ServiceNetwork": (quotas.network_endpoints_per_vpc, "service network endpoints"),
    }.get(kind, (quotas.interface_endpoints_per_vpc, "interface and Gateway Load Balancer endpoints"))
    kinds = {kind} if kind in {"Resource", "ServiceNetwork"} else {"Interface", "GatewayLoadBalancer"}
    used = sum(
        1
        for each in endpoints.values()
        if (each.owner, each.region, each.vpc_id) == (call.account_id, call.region, vpc_id)
        and each.kind in kinds
        and each.state != "deleted"
    )
    endpoint_quota(used, most, plural=f"{plural} for {vpc_id}")
