"""EC2's operations on VPC endpoint services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local_aws.moto_extension.errors import AwsError, unsuccessful
from local_aws.moto_extension.idempotency import once
from local_aws.moto_extension.operations import ServiceCall, add_operation, extend_operation
from local_aws.moto_extension.tables import later
from local_aws.services.cloudtrail.service_events import record
from local_aws.services.ec2.answers import ec2_page, filtered, requested_tags, tags_of
from local_aws.services.ec2.vpc_facts import ec2_of
from local_aws.services.privatelink.endpoint_connections import Attachment, attachments
from local_aws.services.privatelink.endpoint_services import (
    EndpointService,
    PrivateName,
    new_service,
    own_service,
    services,
)
from local_aws.services.privatelink.endpoint_store import LIVE, Endpoint, endpoints
from local_aws.services.timings import timings

_FILTERS = {
    "service-id": lambda row: [row["ServiceId"]],
    "service-name": lambda row: [row["ServiceName"]],
    "service-state": lambda row: [row["ServiceState"]],
    "supported-ip-address-types": lambda row: row["SupportedIpAddressTypes"],
}


def install() -> None:
    add_operation("ec2", "CreateVpcEndpointServiceConfiguration", _create)
    add_operation("ec2", "DescribeVpcEndpointServiceConfigurations", _describe_configurations)
    add_operation("ec2", "ModifyVpcEndpointServiceConfiguration", _modify)
    add_operation("ec2", "DeleteVpcEndpointServiceConfigurations", _delete)
    add_operation("ec2", "StartVpcEndpointServicePrivateDnsVerification", _verify)
    extend_operation("ec2", "DescribeVpcEndpointServices", _describe_services)


def _create(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    balancers = (params.get("NetworkLoadBalancerArns") or []) + (params.get("GatewayLoadBalancerArns") or [])
    if not balancers:
        raise AwsError("InvalidParameter", "At least one load balancer ARN must be specified.")
    for arn in balancers:
        if ":elasticloadbalancing:" not in arn or ":loadbalancer/" not in arn:
            raise AwsError("InvalidParameter", f"The load balancer ARN '{arn}' is not valid.")
    tags = requested_tags(params, "vpc-endpoint-service")

    def create() -> EndpointService:
        service = new_service(call, params)
        ec2_of(call).create_tags([service.id], tags)
        return service

    service = once(call, params, params.get("ClientToken"), create)
    described = _configuration(service)
    record(
        call,
        request={"CreateVpcEndpointServiceConfigurationRequest": {"AcceptanceRequired": service.acceptance_required}},
        response={
            "CreateVpcEndpointServiceConfigurationResponse": {
                "serviceConfiguration": {"serviceId": service.id, "serviceName": service.name}
            }
        },
    )
    return {"ServiceConfiguration": described, "ClientToken": params.get("ClientToken")}


def _describe_configurations(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    service_ids = params.get("ServiceIds") or []
    for service_id in service_ids:
        own_service(call, service_id)
    rows = [_configuration(s) for s in services.values() if (s.owner, s.region) == (call.account_id, call.region)]
    rows = [row for row in rows if not service_ids or row["ServiceId"] in service_ids]
    return ec2_page(
        call, params, "ServiceConfigurations", filtered(rows, params.get("Filters") or [], _FILTERS, tags_of)
    )


def _modify(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    service = own_service(call, params["ServiceId"])
    service.acceptance_required = params.get("AcceptanceRequired", service.acceptance_required)
    if params.get("RemovePrivateDnsName"):
        service.private_name = None
    if params.get("PrivateDnsName"):
        service.private_name = PrivateName(params["PrivateDnsName"])
    for listed, member in (
        (service.network_load_balancers, "NetworkLoadBalancerArns"),
        (service.gateway_load_balancers, "GatewayLoadBalancerArns"),
        (service.supported_regions, "SupportedRegions"),
        (service.address_types, "SupportedIpAddressTypes"),
    ):
        removed = set(params.get(f"Remove{member}") or [])
        added = [each for each in params.get(f"Add{member}") or [] if each not in listed]
        listed[:] = [each for each in listed if each not in removed] + added
    return {"Return": True}


def _delete(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    failed = []
    for service_id in params["ServiceIds"]:
        service = services.get(service_id)
        if service is None or (service.owner, service.region) != (call.account_id, call.region):
            message = f"The VpcEndpointService Id '{service_id}' does not exist"
            failed.append(unsuccessful(service_id, "InvalidVpcEndpointService.NotFound", message))
        elif any(each.service is service and each.state in LIVE for each in _connecting()):
            message = "Service has existing active VPC Endpoint connections!"
            failed.append(unsuccessful(service_id, "ExistingVpcEndpointConnections", message))
        else:
            del services[service_id]
            for tagged in (service_id, *(each.id for each in service.permissions.values())):
                ec2_of(call).tags.pop(tagged, None)
    return {"Unsuccessful": failed}


def _connecting() -> Iterator[Endpoint | Attachment]:
    yield from endpoints.values()
    yield from attachments.values()


def _verify(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    name = own_service(call, params["ServiceId"]).private_name
    if name is None:
        raise AwsError("InvalidParameter", f"{params['ServiceId']} has no private DNS name.")
    later(timings.domain_looked_up, name.verify)
    return {"ReturnValue": True}


def _describe_services(call: ServiceCall, params: dict[str, Any], proceed: Any) -> Any:
    """Add the services that admit the caller to moto's list of AWS's own services."""
    names = params.get("ServiceNames") or []
    admitted = [
        service for service in services.values() if call.region in service.supported_regions and service.admits(call)
    ]
    found = [service for service in admitted if not names or service.name in names]
    unknown = {name for name in names if ".vpce." in name} - {service.name for service in found}
    if unknown:
        raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{min(unknown)}' does not exist")
    if names and len(found) < len(names):
        return proceed()
    if not names and not params.get("Filters"):
        answer = proceed()
        if not params.get("NextToken"):
            answer.result["ServiceDetails"] = [*map(_detail, found), *answer.result["ServiceDetails"]]
            answer.result["ServiceNames"] = [*(each.name for each in found), *answer.result["ServiceNames"]]
        return answer
    rows = filtered(
        [_detail(service) for service in found],
        params.get("Filters") or [],
        {
            "service-name": lambda row: [row["ServiceName"]],
            "owner": lambda row: [row["Owner"]],
            "service-type": lambda row: [row["ServiceType"][0]["ServiceType"]],
        },
        tags_of,
    )
    return {"ServiceDetails": rows, "ServiceNames": [row["ServiceName"] for row in rows]}


def _configuration(service: EndpointService) -> dict[str, Any]:
    shown = {
        "ServiceType": [{"ServiceType": service.kind}],
        "ServiceId": service.id,
        "ServiceName": service.name,
        "ServiceState": "Available",
        "AvailabilityZones": service.zones(),
        "AcceptanceRequired": service.acceptance_required,
        "ManagesVpcEndpoints": False,
        "SupportedIpAddressTypes": service.address_types,
        "BaseEndpointDnsNames": [service.host],
        "SupportedRegions": [{"Region": each, "ServiceState": "Available"} for each in service.supported_regions],
        "Tags": service.tags,
        "RemoteAccessEnabled": len(service.supported_regions) > 1,
    }
    if service.network_load_balancers:
        shown["NetworkLoadBalancerArns"] = service.network_load_balancers
    if service.gateway_load_balancers:
        shown["GatewayLoadBalancerArns"] = service.gateway_load_balancers
    if service.private_name:
        shown["PrivateDnsName"] = service.private_name.name
        shown["PrivateDnsNameConfiguration"] = service.private_name.describe()
    return shown


def _detail(service: EndpointService) -> dict[str, Any]:
    return {
        "ServiceName": service.name,
        "ServiceId": service.id,
        "ServiceType": [{"ServiceType": service.kind}],
        "ServiceRegion": service.region,
        "AvailabilityZones": service.zones(),
        "Owner": service.owner,
        "BaseEndpointDnsNames": [service.host],
        "VpcEndpointPolicySupported": False,
        "AcceptanceRequired": service.acceptance_required,
        "ManagesVpcEndpoints": False,
        "SupportedIpAddressTypes": service.address_types,
        "Tags": [],
    }
