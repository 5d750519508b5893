"""Client tokens, which name to AWS what an action makes: asked for twice by one token, it is made once.

They name what exists, so they are made of the same things in the same order in every version.
"""

import hashlib
from typing import assert_never

from drawbridge.association import PrivateDnsOptions
from drawbridge.association.actions import (
    CreateEndpoint,
    CreateResourceAssociation,
    CreateServiceNetwork,
    CreateVpcAssociation,
)
from drawbridge.association.observed_attachment import NetworkTarget, ResourceTarget


def network_token(action: CreateServiceNetwork) -> str:
    return _token("network", action.name, action.attempt)


def association_token(action: CreateResourceAssociation) -> str:
    """Return the token of a network's association with a resource or a service."""
    return _token("in", action.network.arn, action.resource.arn, action.private_dns, action.attempt)


def vpc_association_token(action: CreateVpcAssociation) -> str:
    settings = action.settings
    made_with = (action.vpc_id, *_settings(settings.security_group_ids, settings.private_dns))
    return _token("vpc", action.network.arn, *made_with, action.attempt)


def endpoint_token(action: CreateEndpoint, *, placed: bool = True) -> str:
    """Return the token of an endpoint: at most 64 characters.

    ``placed`` puts in all that the endpoint is made with, because AWS refuses a token that comes back with something
    else. What was there before is in it too, because a token whose endpoint was deleted gives the deleted endpoint. An
    endpoint to a resource is made by one attempt of one request; one to a service network perhaps by several at once,
    for bindings that may name other groups: without those and the attempt, AWS refuses all but the first.
    """
    terminated_ids, everything = sorted(action.terminated_ids), _made_with(action)
    match action.target:
        case ResourceTarget(binding, resource_arn):
            return _token("endpoint", binding, resource_arn, *everything, action.attempt, *terminated_ids)
        case NetworkTarget(network):
            made_with = everything if placed else (action.placement.vpc_id,)
            return _token("network endpoint", network.arn, *made_with, *terminated_ids)
        case _:
            assert_never(action.target)


def _made_with(action: CreateEndpoint) -> tuple[str, ...]:
    placement = action.placement
    addresses = [placement.address_type] if placement.address_type else []
    settings = _settings(action.security_group_ids, action.private_dns)
    return (placement.vpc_id, *sorted(placement.subnet_ids), *addresses, *settings)


def _settings(security_group_ids: tuple[str, ...], private_dns: PrivateDnsOptions) -> tuple[str, ...]:
    return ("groups", *sorted(security_group_ids), private_dns.preference, *sorted(private_dns.domains))


def _token(*made_of: object) -> str:
    return hashlib.sha256("\n".join(str(each) for each in made_of).encode()).hexdigest()
