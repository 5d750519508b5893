"""EC2's VPC endpoints of types Resource and ServiceNetwork, and what they lead to."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, assert_never

import msgspec

from drawbridge.association import Mode
from drawbridge.association.actions import CreateEndpoint
from drawbridge.association.observed_attachment import Endpoint, EndpointTarget, NetworkTarget, ResourceTarget, State
from drawbridge.aws.errors import translated
from drawbridge.aws.ownership import OWNER_TAG
from drawbridge.aws.pages import pages
from drawbridge.aws.private_dns import PREFERENCES, names_of
from drawbridge.bounds import in_parts, some_of
from drawbridge.errors import UpstreamError
from drawbridge.lattice import PrivateDns
from drawbridge.publication.named import NamedResource

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import FilterTypeDef, TagTypeDef

BINDING_TAG = "drawbridge:binding"
RESOURCE_TAG = "drawbridge:resource-configuration"

ENDPOINT_TYPES = {Mode.RESOURCE_ENDPOINT: "Resource", Mode.SERVICE_NETWORK_ENDPOINT: "ServiceNetwork"}

_STATES = {
    "pending": State.PENDING,
    "pendingacceptance": State.PENDING,
    "available": State.AVAILABLE,
    "partial": State.PARTIAL,
    "failed": State.FAILED,
    "rejected": State.TERMINATED,
    "expired": State.TERMINATED,
    "deleting": State.TERMINATED,
    "deleted": State.TERMINATED,
}
"""In lower case: these endpoints answer ``Available`` where interface endpoints answer ``available``."""

TERMINATED = frozenset(word for word, state in _STATES.items() if state is State.TERMINATED)
"""Of these states, those in which an endpoint will not be usable again."""

_MOST_LISTED = 100
"""Endpoints whose associations are listed together: the API documents no maximum."""


def counts_for_quota(state: str) -> bool:
    """Return whether an endpoint counts among those that a VPC may have: until it is gone, usable or not."""
    return state.lower() not in {"deleted", "deleting"}


class VpcEndpoints:
    """The endpoints of this account. What is listed of a VPC is kept: build it anew for each sweep or attempt."""

    def __init__(self, ec2: EC2Client, *, owner: str, changing: EC2Client | None = None) -> None:
        """Change them by a client of its own, which repeats no call, where each call waits for its turn."""
        self._ec2 = ec2
        self._changing = changing or ec2
        self._owner = owner
        self._in_vpcs: dict[str, list[Any]] = {}

    def find(self, target: EndpointTarget, vpc_id: str) -> list[Endpoint]:
        """Return the endpoints in the VPC that lead there, terminated ones too, oldest first.

        To a resource those that Drawbridge made for this binding; to a service network all, ours first.
        """
        match target:
            case ResourceTarget():
                tags = {tag["Key"]: tag["Value"] for tag in self._tags(target)}
                found = [each for each in self._listed(vpc_id) if tags.items() <= _tags_of(each).items()]
            case NetworkTarget(network):
                found = [each for each in self._listed(vpc_id) if each.get("ServiceNetworkArn") == network.arn]
            case _:
                assert_never(target)
        made = [self._endpoint(each) for each in sorted(found, key=_age)]
        return sorted(made, key=lambda each: not each.ours)

    def unowned(self, target: ResourceTarget, vpc_id: str) -> list[Endpoint]:
        """Return the endpoints to the resource in the VPC that lack tags of ours, so that no binding has them."""
        there = [each for each in self._listed(vpc_id) if self._is_unowned(each, target)]
        made = [(self._endpoint(each), _tags_of(each)) for each in sorted(there, key=_age)]
        rest = {BINDING_TAG: target.binding, RESOURCE_TAG: target.resource_arn}
        return [
            msgspec.structs.replace(endpoint, was_ours=not endpoint.ours and rest.items() <= tags.items())
            for endpoint, tags in made
            if endpoint.state is not State.TERMINATED
        ]

    def _is_unowned(self, each: Any, target: ResourceTarget) -> bool:
        """Whether it leads to the resource, and no binding of ours has it by all of its tags."""
        tags = _tags_of(each)
        bound = tags.get(OWNER_TAG) == self._owner and BINDING_TAG in tags and RESOURCE_TAG in tags
        return each.get("ResourceConfigurationArn") == target.resource_arn and not bound

    def count(self, vpc_id: str, mode: Mode) -> int:
        """Count those of the mode's type in the VPC, whoever made them."""
        return sum(
            each["VpcEndpointType"] == ENDPOINT_TYPES[mode] and counts_for_quota(each["State"])
            for each in self._listed(vpc_id)
        )

    def create(self, action: CreateEndpoint, client_token: str) -> Endpoint:
        """Make the endpoint. The same token gives the same endpoint.

        Raises:
            RefusedError: AWS does not make it, as where no zone is common with the resource's.
            QuotaExceededError: there are as many as AWS allows.
        """
        placement, target = action.placement, action.target
        led_to: dict[str, Any]
        match target:
            case ResourceTarget():
                mode, called = Mode.RESOURCE_ENDPOINT, action.attachment[:256]
                led_to = {"ResourceConfigurationArn": target.resource_arn}
            case NetworkTarget(network):
                mode, called = Mode.SERVICE_NETWORK_ENDPOINT, network.name
                led_to = {"ServiceNetworkArn": network.arn}
            case _:
                assert_never(target)
        tags: list[TagTypeDef] = [*self._tags(target), {"Key": "Name", "Value": called}]
        # Whatever comes of it: what was listed is not what is there any longer.
        self._in_vpcs.pop(placement.vpc_id, None)
        with translated(f"create the endpoint of {action.attachment}"):
            answer = self._changing.create_vpc_endpoint(
                # Without a type AWS makes a gateway endpoint.
                VpcEndpointType=ENDPOINT_TYPES[mode],  # type: ignore[arg-type]  # the stubs want a literal
                VpcId=placement.vpc_id,
                SubnetIds=list(placement.subnet_ids),
                ClientToken=client_token,
                TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": tags}],
                **led_to,
                **_settings(action),
            )
        return self._endpoint(answer["VpcEndpoint"])

    def modify_security_groups(self, endpoint_id: str, *, add: frozenset[str], remove: frozenset[str]) -> None:
        """Add security groups to the endpoint, and remove others."""
        with _changing(f"change the security groups of {endpoint_id}"):
            self._changing.modify_vpc_endpoint(
                VpcEndpointId=endpoint_id, AddSecurityGroupIds=sorted(add), RemoveSecurityGroupIds=sorted(remove)
            )

    def modify_private_dns(self, endpoint_id: str, private_dns: PrivateDns, domains: frozenset[str]) -> None:
        """Change the private DNS of the endpoint, or turn it off.

        AWS lets it be changed since 17 November 2026 (AWS PrivateLink guide, "Document history").
        """
        with _changing(f"change the private DNS of {endpoint_id}"):
            self._changing.modify_vpc_endpoint(VpcEndpointId=endpoint_id, **_names(private_dns, domains))

    def add_subnets(self, endpoint_id: str, subnet_ids: frozenset[str]) -> None:
        """Have an endpoint to a service network in more subnets, which AWS takes since then too; none are removed."""
        with _changing(f"add subnets to {endpoint_id}"):
            self._changing.modify_vpc_endpoint(VpcEndpointId=endpoint_id, AddSubnetIds=sorted(subnet_ids))

    def named(self, endpoint_id: str) -> list[NamedResource]:
        """Return what the endpoint leads to: the only place where AWS lists the names."""
        return self.named_all([endpoint_id])[endpoint_id]

    def named_all(self, endpoint_ids: Collection[str]) -> dict[str, list[NamedResource]]:
        """Return what each of the endpoints leads to, as pages of one listing for many tell it."""
        named: dict[str, list[NamedResource]] = {each: [] for each in sorted({*endpoint_ids})}
        for some in in_parts([*named], _MOST_LISTED):
            with translated(f"list the associations of {some_of(some)}"):
                for page in pages(
                    self._ec2.describe_vpc_endpoint_associations, marker="NextToken", VpcEndpointIds=[*some]
                ):
                    for each in page["VpcEndpointAssociations"]:
                        endpoint_id = some[0] if len(some) == 1 else each.get("VpcEndpointId", "")
                        if endpoint_id in named:
                            named[endpoint_id].append(named_resource(each))
        return named

    def _listed(self, vpc_id: str) -> list[Any]:
        if vpc_id not in self._in_vpcs:
            filters: list[FilterTypeDef] = [
                {"Name": "vpc-id", "Values": [vpc_id]},
                {"Name": "vpc-endpoint-type", "Values": [*ENDPOINT_TYPES.values()]},
            ]
            with translated(f"list the endpoints in {vpc_id}"):
                self._in_vpcs[vpc_id] = [
                    each
                    for page in self._ec2.get_paginator("describe_vpc_endpoints").paginate(Filters=filters)
                    for each in page["VpcEndpoints"]
                ]
        return self._in_vpcs[vpc_id]

    def _tags(self, target: EndpointTarget) -> list[TagTypeDef]:
        """Return the tags that say whose an endpoint is: one to a network is no single binding's."""
        owner: TagTypeDef = {"Key": OWNER_TAG, "Value": self._owner}
        match target:
            case ResourceTarget(binding, resource_arn):
                return [
                    owner,
                    {"Key": BINDING_TAG, "Value": binding},
                    {"Key": RESOURCE_TAG, "Value": resource_arn},
                ]
            case NetworkTarget():
                return [owner]
            case _:
                assert_never(target)

    def _endpoint(self, each: Any) -> Endpoint:
        error = each.get("LastError") or {}
        owner = _tags_of(each).get(OWNER_TAG, "")
        private_dns, domains = endpoint_names(each)
        return Endpoint(
            id=each["VpcEndpointId"],
            # One that is new to us is waited for: taken for terminated, another endpoint would be made beside it.
            state=_STATES.get(each["State"].lower(), State.PENDING),
            security_group_ids=frozenset(group["GroupId"] for group in each.get("Groups", [])),
            subnet_ids=frozenset(each.get("SubnetIds", [])),
            # These endpoints answer ``IPV4`` where the request says ``ipv4``.
            address_type=each.get("IpAddressType", "").lower(),
            private_dns=private_dns,
            private_domains=domains,
            owner=owner,
            ours=owner == self._owner,
            failure=" ".join(filter(None, (error.get("Code"), error.get("Message"), each.get("FailureReason")))),
        )


def _age(each: Any) -> tuple[Any, str]:
    return each["CreationTimestamp"], each["VpcEndpointId"]


def _tags_of(each: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in each.get("Tags", [])}


def _settings(action: CreateEndpoint) -> dict[str, Any]:
    settings = _names(action.private_dns.preference, action.private_dns.domains)
    if action.security_group_ids:
        settings["SecurityGroupIds"] = list(action.security_group_ids)
    if action.placement.address_type:
        settings["IpAddressType"] = action.placement.address_type
    return settings


def _names(private_dns: PrivateDns, domains: Iterable[str]) -> dict[str, Any]:
    if private_dns is PrivateDns.OFF:
        return {"PrivateDnsEnabled": False}
    options: dict[str, Any] = {"PrivateDnsPreference": PREFERENCES[private_dns]}
    if specified := sorted(domains):
        options["PrivateDnsSpecifiedDomains"] = specified
    return {"PrivateDnsEnabled": True, "DnsOptions": options}


def endpoint_names(each: Any) -> tuple[PrivateDns, frozenset[str]]:
    """Read the private DNS of an endpoint as EC2 lists it."""
    options = each.get("DnsOptions") or {}
    return names_of(
        each.get("PrivateDnsEnabled"), options.get("PrivateDnsPreference"), options.get("PrivateDnsSpecifiedDomains")
    )


def _changing(doing: str) -> AbstractContextManager[None]:
    """Translate errors of a change: an endpoint that was deleted meanwhile is made anew by the next attempt."""
    return translated(doing, missing=UpstreamError)


def named_resource(each: Any) -> NamedResource:
    """Read an association of an endpoint."""
    name, private = each.get("DnsEntry") or {}, each.get("PrivateDnsEntry") or {}
    return NamedResource(
        association_id=each["Id"],
        resource_arn=each.get("AssociatedResourceArn", ""),
        group_arn=each.get("ResourceConfigurationGroupArn", ""),
        # Observed live as "Accessible"; the filter's documentation speaks of AVAILABLE.
        accessible=each.get("AssociatedResourceAccessibility", "").lower() in {"accessible", "available"},
        dns_name=name.get("DnsName", ""),
        hosted_zone_id=name.get("HostedZoneId", ""),
        private_dns_name=private.get("DnsName"),
        private_hosted_zone_id=private.get("HostedZoneId"),
        failure=" ".join(filter(None, (each.get("FailureCode"), each.get("FailureReason")))),
    )
