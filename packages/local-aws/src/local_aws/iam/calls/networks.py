"""EC2, PrivateLink above all."""

from __future__ import annotations

from collections.abc import Iterator

from local_aws.iam import facts, reference
from local_aws.iam.rules import ANY, AwsCall, Requirement, Rules, key, strings
from local_aws.policy_language.patterns import Context

# The longest matching prefix decides.
_TYPES_BY_ID = {
    "vpce-svc-perm-": "vpc-endpoint-service-permission",
    "vpce-svc-": "vpc-endpoint-service",
    "vpce-con-": "vpc-endpoint-connection",
    "vpce-": "vpc-endpoint",
    "vpc-": "vpc",
    "subnet-": "subnet",
    "sg-": "security-group",
    "sgr-": "security-group-rule",
    "eni-": "network-interface",
    "rtb-": "route-table",
    "igw-": "internet-gateway",
    "nat-": "natgateway",
    "acl-": "network-acl",
    "i-": "instance",
    "vol-": "volume",
    "ami-": "image",
}


def _type_of(resource_id: str) -> str:
    prefixes = [prefix for prefix in _TYPES_BY_ID if resource_id.startswith(prefix)]
    return _TYPES_BY_ID[max(prefixes, key=len)] if prefixes else ""


def _arn(call: AwsCall, kind: str, resource_id: str) -> str:
    return call.arn(f"{kind}/{resource_id}")


def _on(call: AwsCall, action: str, kind: str, *ids: str) -> Iterator[Requirement]:
    for each in ids:
        yield call.requires(action, _arn(call, kind, each), _resource_keys(call, kind, each), kind=kind)


def _tag(call: AwsCall) -> Iterator[Requirement]:
    for each in strings(call.params.get("Resources")):
        kind = _type_of(each)
        yield call.requires(call.operation, _arn(call, kind, each) if kind else ANY, kind=kind)


def _create_endpoint(call: AwsCall) -> Iterator[Requirement]:
    params = call.params
    endpoint_keys = {
        **_endpoint_service_keys(params.get("ServiceName")),
        **key(
            "ec2:VpceServiceRegion", params.get("ServiceRegion") or (call.region if params.get("ServiceName") else None)
        ),
        **key("ec2:VpceMultiRegion", params.get("ServiceRegion", call.region) != call.region),
        **key("ec2:VpcePrivateDnsPreference", (params.get("DnsOptions") or {}).get("PrivateDnsPreference")),
        **key("ec2:VpcePrivateDnsSpecifiedDomains", (params.get("DnsOptions") or {}).get("PrivateDnsSpecifiedDomains")),
    }
    yield call.requires("CreateVpcEndpoint", _arn(call, "vpc-endpoint", ANY), endpoint_keys, kind="vpc-endpoint")
    yield from _on(call, "CreateVpcEndpoint", "vpc", *strings(params.get("VpcId")))
    yield from _on(call, "CreateVpcEndpoint", "subnet", *strings(params.get("SubnetIds")))
    yield from _on(call, "CreateVpcEndpoint", "security-group", *strings(params.get("SecurityGroupIds")))
    yield from _on(call, "CreateVpcEndpoint", "route-table", *strings(params.get("RouteTableIds")))
    if params.get("ServiceRegion", call.region) != call.region:
        yield Requirement("vpce:AllowMultiRegion", _arn(call, "vpc-endpoint", ANY))


def _notification(call: AwsCall) -> Iterator[Requirement]:
    """Yield the permission on the service or endpoint of a connection notification."""
    ids = [
        *strings(call.params.get("ConnectionNotificationIds")),
        *strings(call.params.get("ConnectionNotificationId")),
    ]
    for each in ids:
        owner = facts.owner_of_notification(each)
        kind = _type_of(owner or "")
        yield call.requires(call.operation, _arn(call, kind, owner) if owner else ANY, kind=kind)


def _tags_on_create(call: AwsCall) -> Iterator[Requirement]:
    """Yield ec2:CreateTags on each new resource that gets tags."""
    for specification in call.params.get("TagSpecifications") or ():
        kind = str(specification.get("ResourceType", ""))
        # The API's elastic-ip and natgateway are those of IAM's ARNs; a type unknown to IAM has no ARN.
        arn = _arn(call, kind, ANY) if reference.arn_of_type("ec2", kind) else ANY
        if specification.get("Tags"):
            yield call.requires("CreateTags", arn, key("ec2:CreateAction", call.operation), kind=kind)


def _resource_keys(call: AwsCall, kind: str, resource_id: str) -> Context:
    own = {"vpc": "ec2:VpcID", "subnet": "ec2:SubnetID", "security-group": "ec2:SecurityGroupID"}
    keys = dict(key(own[kind], resource_id)) if kind in own else {}
    vpc = facts.vpc_of(call.account_id, call.region, kind, resource_id)
    return keys | key("ec2:Vpc", _arn(call, "vpc", vpc)) if vpc else keys


def _of_service(call: AwsCall) -> Iterator[Requirement]:
    """Yield the permission on the endpoint service, with the keys that the reference has for its permissions."""
    for each in strings(call.params.get("ServiceId")):
        regions = facts.regions_of_endpoint_service(each)
        keys = {**key("ec2:VpceSupportedRegion", regions or None), **key("ec2:VpceMultiRegion", len(regions) > 1)}
        yield call.requires(call.operation, _arn(call, "vpc-endpoint-service", each), keys, kind="vpc-endpoint-service")


def _endpoint_service_keys(name: object) -> Context:
    if not name:
        return {}
    owner = facts.owner_of_endpoint_service(str(name)) or "amazon"
    return {**key("ec2:VpceServiceName", name), **key("ec2:VpceServiceOwner", owner)}


def _delete_endpoints(call: AwsCall) -> Iterator[Requirement]:
    for each in strings(call.params.get("VpcEndpointIds")):
        keys = _endpoint_service_keys(facts.service_of_endpoint(each))
        yield call.requires("DeleteVpcEndpoints", _arn(call, "vpc-endpoint", each), keys, kind="vpc-endpoint")


def _permit_interface(call: AwsCall) -> Iterator[Requirement]:
    interface = str(call.params.get("NetworkInterfaceId") or ANY)
    keys = {
        **key("ec2:AuthorizedService", call.params.get("AwsService")),
        **key("ec2:AuthorizedUser", call.params.get("AwsAccountId")),
        **key("ec2:Permission", call.params.get("Permission")),
    }
    yield call.requires(call.operation, _arn(call, "network-interface", interface), keys, kind="network-interface")


def _keys(call: AwsCall) -> Context:
    return key("ec2:Region", call.region)


RULES = Rules(
    names={
        "vpc": ("VpcId",),
        "vpc-endpoint": ("VpcEndpointId", "VpcEndpointIds"),
        "vpc-endpoint-service": ("ServiceId", "ServiceIds"),
        "subnet": ("SubnetId", "SubnetIds", "AddSubnetIds", "RemoveSubnetIds"),
        "security-group": ("GroupId", "SecurityGroupIds", "AddSecurityGroupIds", "RemoveSecurityGroupIds", "Groups"),
        "route-table": ("RouteTableId", "RouteTableIds", "AddRouteTableIds", "RemoveRouteTableIds"),
    },
    special={
        "CreateTags": _tag,
        "DeleteTags": _tag,
        "CreateNetworkInterfacePermission": _permit_interface,
        "CreateVpcEndpoint": _create_endpoint,
        "DeleteVpcEndpoints": _delete_endpoints,
        "DeleteVpcEndpointConnectionNotifications": _notification,
        "DescribeVpcEndpointServicePermissions": _of_service,
        "ModifyVpcEndpointConnectionNotification": _notification,
        "ModifyVpcEndpointServicePermissions": _of_service,
    },
    keys=_keys,
    also=_tags_on_create,
)
