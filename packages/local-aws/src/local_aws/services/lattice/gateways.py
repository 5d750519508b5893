"""VPC Lattice's resource gateways."""

from __future__ import annotations

from typing import Any

from local_aws.fault_injection.faults import faults
from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.idempotency import once
from local_aws.moto_extension.operations import ServiceCall, add_operation
from local_aws.moto_extension.tables import new_id
from local_aws.services.ec2.vpc_facts import check_groups, check_subnets, check_vpc
from local_aws.services.lattice import store
from local_aws.services.lattice.store import LatticeResource, gateways, new_tags
from local_aws.services.quotas import lattice_quota, quotas

KIND = "RESOURCE_GATEWAY"
_ADDRESSES_PER_ENI = 16


def install() -> None:
    add_operation("vpc-lattice", "CreateResourceGateway", _create)
    add_operation("vpc-lattice", "GetResourceGateway", _get)
    add_operation("vpc-lattice", "ListResourceGateways", _list)
    add_operation("vpc-lattice", "UpdateResourceGateway", _update)
    add_operation("vpc-lattice", "DeleteResourceGateway", _delete)


def own_gateway(call: ServiceCall, identifier: str) -> LatticeResource:
    return store.find(call, gateways, identifier, KIND, lambda gateway: gateway.owner == call.account_id)


def _create(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    def create() -> LatticeResource:
        here = (call.account_id, call.region)
        own = [each for each in gateways.values() if (each.owner, each.region) == here]
        if any(each.shown["name"] == params["name"] for each in own):
            raise store.conflict(params["name"], KIND, f"A resource gateway named {params['name']} already exists")
        vpc_id = params.get("vpcIdentifier")
        if not vpc_id or not params.get("subnetIds"):
            raise store.invalid("vpcIdentifier and subnetIds are required.")
        groups = _check_place(call, vpc_id, params["subnetIds"], params.get("securityGroupIds") or [])
        used = sum(each.shown["vpcId"] == vpc_id for each in own)
        lattice_quota(
            used, quotas.gateways_per_vpc, plural="resource gateways in the VPC", kind=KIND, code="L-0DCA4434"
        )
        gateway_id = new_id("rgw")
        gateway = LatticeResource(
            gateway_id,
            call.arn("vpc-lattice", f"resourcegateway/{gateway_id}"),
            call.account_id,
            call.region,
            new_tags(params),
            {
                "name": params["name"],
                "vpcIdentifier": vpc_id,
                "vpcId": vpc_id,
                "subnetIds": params["subnetIds"],
                "securityGroupIds": [group.id for group in groups],
                "ipAddressType": params.get("ipAddressType", "IPV4"),
                "ipv4AddressesPerEni": params.get("ipv4AddressesPerEni", _ADDRESSES_PER_ENI),
                "resourceConfigDnsResolution": params.get("resourceConfigDnsResolution", "PUBLIC"),
            },
        )
        gateways[gateway_id] = gateway
        failed = faults.fails_later("vpc-lattice:CreateResourceGateway", call.account_id)
        gateway.settle("CREATE_FAILED" if failed else "ACTIVE")
        return gateway

    created: LatticeResource = once(call, params, params.get("clientToken"), create)
    return created.describe()


def _check_place(call: ServiceCall, vpc_id: str, subnet_ids: list[str], group_ids: list[str]) -> list[Any]:
    try:
        check_vpc(call, vpc_id)
        check_subnets(call, vpc_id, subnet_ids)
        return check_groups(call, vpc_id, group_ids)
    except AwsError as error:
        raise store.invalid(error.message) from error


def _get(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    return own_gateway(call, params["resourceGatewayIdentifier"]).describe()


def _list(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    own = [g.describe() for g in gateways.values() if g.owner == call.account_id and g.region == call.region]
    return store.lattice_page(call, params, own)


def _update(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    gateway = own_gateway(call, params["resourceGatewayIdentifier"])
    if groups := params.get("securityGroupIds"):
        _check_place(call, gateway.shown["vpcId"], gateway.shown["subnetIds"], groups)
        gateway.shown["securityGroupIds"] = groups
    if resolution := params.get("resourceConfigDnsResolution"):
        _check_resolution(gateway, resolution)
        gateway.shown["resourceConfigDnsResolution"] = resolution
    gateway.status = "UPDATE_IN_PROGRESS"
    gateway.settle()
    return gateway.describe()


def _check_resolution(gateway: LatticeResource, resolution: str) -> None:
    unfit = "CIDR" if resolution == "PUBLIC" else "ARN"
    behind = [each for each in store.configurations.values() if each.shown.get("resourceGatewayId") == gateway.id]
    if any(each.shown["type"] == unfit for each in behind):
        raise store.invalid(f"The resource gateway has a resource configuration of type {unfit}.")


def _delete(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    gateway = own_gateway(call, params["resourceGatewayIdentifier"])
    if any(c.shown.get("resourceGatewayId") == gateway.id for c in store.configurations.values()):
        raise store.conflict(gateway.id, KIND, "The resource gateway still has resource configurations.")
    store.remove_later(gateways, gateway)
    return gateway.describe()
