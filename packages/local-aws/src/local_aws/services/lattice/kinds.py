"""The types of resource configurations: their members and their leaves."""

from __future__ import annotations

from typing import Any, Final

from local_aws.moto_extension.operations import ServiceCall
from local_aws.services.lattice import store
from local_aws.services.lattice.definitions import check_definition, check_ports
from local_aws.services.lattice.domains import domain_of
from local_aws.services.lattice.gateways import own_gateway
from local_aws.services.lattice.store import LatticeResource, configurations
from local_aws.services.quotas import lattice_quota, quotas

KIND: Final = "RESOURCE_CONFIGURATION"

# The types that a member is for, as given in brackets in CreateResourceConfiguration's documentation.
_KINDS_OF: Final = {
    "portRanges": frozenset({"SINGLE", "GROUP", "CHILD", "CIDR"}),
    "protocol": frozenset({"SINGLE", "GROUP", "CIDR"}),
    "resourceGatewayIdentifier": frozenset({"SINGLE", "GROUP", "ARN", "CIDR"}),
    "resourceConfigurationGroupIdentifier": frozenset({"CHILD"}),
    "resourceConfigurationDefinition": frozenset({"SINGLE", "CHILD", "ARN", "CIDR"}),
    "allowAssociationToShareableServiceNetwork": frozenset({"SINGLE", "GROUP", "ARN"}),
    "customDomainName": frozenset({"SINGLE", "CHILD"}),
    "groupDomain": frozenset({"GROUP"}),
    "domainVerificationIdentifier": frozenset({"SINGLE", "GROUP"}),
}
_REQUIRED: Final = {
    "SINGLE": ("resourceGatewayIdentifier", "resourceConfigurationDefinition", "portRanges"),
    "GROUP": ("resourceGatewayIdentifier",),
    "CHILD": ("resourceConfigurationGroupIdentifier", "resourceConfigurationDefinition", "portRanges"),
    "ARN": ("resourceGatewayIdentifier", "resourceConfigurationDefinition"),
    "CIDR": ("resourceGatewayIdentifier", "resourceConfigurationDefinition", "portRanges"),
}


def leaves(configuration: LatticeResource) -> list[LatticeResource]:
    """Return the configurations that a consumer reaches through one, each with its own ``status``.

    For a SINGLE, CHILD or CIDR that is itself; for a GROUP or ARN its children, if there are any yet.
    """
    if configuration.shown["type"] in {"GROUP", "ARN"}:
        return children(configuration)
    return [configuration]


def children(group: LatticeResource) -> list[LatticeResource]:
    return [each for each in configurations.values() if each.shown.get("resourceConfigurationGroupId") == group.id]


def check_members(kind: str, params: dict[str, Any]) -> None:
    """Refuse members that are not for the type.

    Raises:
        AwsError: there is such a member.
    """
    for member, kinds in _KINDS_OF.items():
        if params.get(member) is not None and kind not in kinds:
            raise store.invalid(f"{member} can't be specified for a resource configuration of type {kind}.")
    if params.get("portRanges"):
        check_ports(params["portRanges"])


def made_of(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    """Return a new configuration's members by its type.

    Raises:
        AwsError: a member is missing, is not for the type, or is not well formed.
    """
    kind = params["type"]
    check_members(kind, params)
    for member in _REQUIRED[kind]:
        if not params.get(member):
            raise store.invalid(f"{member} is required for a resource configuration of type {kind}.")
    shown = _inherited(call, params) if kind == "CHILD" else _behind_gateway(call, params)
    gateway = store.gateways[shown["resourceGatewayId"]]
    if definition := params.get("resourceConfigurationDefinition"):
        check_definition(call, kind, definition, gateway)
        shown["resourceConfigurationDefinition"] = definition
    for optional in ("portRanges", "customDomainName", "groupDomain"):
        if params.get(optional):
            shown[optional] = params[optional]
    return shown


def _behind_gateway(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    kind, gateway = params["type"], own_gateway(call, params["resourceGatewayIdentifier"])
    in_vpc = gateway.shown["resourceConfigDnsResolution"] == "IN_VPC"
    if kind == "CIDR" and not in_vpc:
        raise store.invalid("A resource configuration of type CIDR requires a resource gateway that resolves IN_VPC.")
    if kind == "ARN" and in_vpc:
        raise store.invalid("A resource gateway that resolves IN_VPC can't be used for type ARN.")
    shown: dict[str, Any] = {"resourceGatewayId": gateway.id}
    if kind != "ARN":
        shown["protocol"] = params.get("protocol", "TCP")
        if shown["protocol"] == "TCP_UDP" and kind != "CIDR":
            raise store.invalid("TCP_UDP is supported only for resource configurations of type CIDR.")
    if params.get("domainVerificationIdentifier"):
        name = params.get("groupDomain" if kind == "GROUP" else "customDomainName")
        shown |= domain_of(call, params["domainVerificationIdentifier"], name)
    return shown


def _inherited(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    """Return the members that a child inherits from its group: the gateway and the domain verification."""
    group = store.find(
        call,
        configurations,
        params["resourceConfigurationGroupIdentifier"],
        KIND,
        lambda found: found.owner == call.account_id,
    )
    if group.shown["type"] != "GROUP":
        raise store.invalid(f"{group.id} is not a group.")
    most = quotas.children_per_group
    lattice_quota(len(children(group)), most, plural="children of a group", kind=KIND, code="L-9BC96FEF")
    shown = {"resourceConfigurationGroupId": group.id, "resourceGatewayId": group.shown["resourceGatewayId"]}
    name, domain = params.get("customDomainName"), group.shown.get("groupDomain")
    if name is None:
        return shown
    if domain is None or not name.endswith(f".{domain}"):
        raise store.invalid(f"{name} is not a subdomain of the group's domain.")
    domain_members = {"domainVerificationId", "domainVerificationArn"}
    return shown | {member: value for member, value in group.shown.items() if member in domain_members}
