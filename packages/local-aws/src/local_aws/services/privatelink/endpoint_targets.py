"""The resources and services that a Resource or ServiceNetwork endpoint leads to, kept up to date."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local_aws.services.lattice import network_reach as reach
from local_aws.services.lattice.kinds import leaves
from local_aws.services.lattice.network_store import ServiceNetwork, networks, when_changed
from local_aws.services.lattice.private_names import VpcNames, private_name
from local_aws.services.lattice.store import LatticeResource, configurations, gateways
from local_aws.services.privatelink.endpoint_store import UP, Endpoint, EndpointAssociation, Target, endpoints

_WORKING = frozenset({"ACTIVE", "UPDATE_IN_PROGRESS", "UPDATE_FAILED"})
_HOLDING_NAMES = UP | {"deleting"}
"""An endpoint holds its private names until it is wholly deleted."""


def refresh(endpoint: Endpoint) -> None:
    """Add associations for new targets and drop those of targets that are gone."""
    if endpoint.state not in UP:
        return
    targets = {target.key: target for target in _targets(endpoint)}
    for key in set(endpoint.associations) - set(targets):
        del endpoint.associations[key]
    for key, target in targets.items():
        association = endpoint.associations.get(key)
        if association is None:
            association = endpoint.associations[key] = EndpointAssociation(endpoint, target)
        association.target = target
        if target.failure:
            association.accessibility = "Failed"
        elif endpoint.state == "available" and target.usable and association.accessibility == "Pending":
            association.become_usable()


def _refresh_all(network: ServiceNetwork) -> None:
    """Refresh every endpoint that leads to a changed network."""
    for endpoint in endpoints.values():
        if endpoint.target_arn == network.arn:
            refresh(endpoint)


when_changed.append(_refresh_all)


def _targets(endpoint: Endpoint) -> Iterator[Target]:
    identifier = (endpoint.target_arn or "").rpartition("/")[2]
    if endpoint.kind == "Resource" and identifier in configurations:
        yield from _in_configuration(endpoint, configurations[identifier])
    elif endpoint.kind == "ServiceNetwork" and identifier in networks:
        yield from _in_network(endpoint, networks[identifier])


def _in_configuration(endpoint: Endpoint, configuration: LatticeResource) -> Iterator[Target]:
    # A database behind an ARN always has its private name in the VPC.
    with_name = endpoint.private_dns_enabled or configuration.shown["type"] == "ARN"
    for leaf in leaves(configuration):
        yield Target(
            key=leaf.id,
            arn=leaf.arn,
            host=f"{endpoint.id}.{leaf.id}",
            usable=leaf.status in _WORKING or leaf is configuration,
            failure=_failure(leaf),
            group_arn=configuration.arn if leaf is not configuration else None,
            private_name=_private_name(endpoint, leaf) if with_name else None,
        )


def _in_network(endpoint: Endpoint, network: ServiceNetwork) -> Iterator[Target]:
    for association in reach.resource_associations.values():
        if association.network is network and association.status in reach.UP:
            group_arn = association.configuration.arn if association.is_container else None
            # Both the resource's association with the network and the endpoint must have private DNS enabled.
            with_name = association.private_dns and endpoint.private_dns_enabled
            for part in reach.parts(association):
                leaf = part.configuration
                yield Target(
                    key=part.id,
                    arn=leaf.arn,
                    host=f"{endpoint.id}-{part.id}.{leaf.id}",
                    usable=part.is_usable,
                    failure=_failure(leaf),
                    group_arn=group_arn,
                    network_arn=network.arn,
                    network_name=network.name,
                    private_name=_private_name(endpoint, leaf) if with_name else None,
                )
    for association in reach.service_associations.values():
        if association.network is network and association.status in reach.UP:
            yield Target(
                key=association.id,
                arn=association.service.arn,
                host=f"{endpoint.id}-{association.id}",
                area="vpc-lattice-svcs",
                network_arn=network.arn,
                network_name=network.name,
            )


def _failure(leaf: LatticeResource) -> str | None:
    return f"{leaf.id} is in state {leaf.status}." if leaf.status == "CREATE_FAILED" else None


def is_own_vpc(leaf: LatticeResource, vpc_id: str) -> bool:
    """Return whether a resource's gateway is in the VPC, where its name resolves already and gets no zone."""
    gateway = gateways.get(leaf.shown.get("resourceGatewayId"))
    return gateway is not None and bool(gateway.shown["vpcId"] == vpc_id)


def _private_name(endpoint: Endpoint, leaf: LatticeResource) -> str | None:
    if is_own_vpc(leaf, endpoint.vpc_id):
        return None
    name = private_name(leaf, endpoint.dns_options)
    held = names_held(endpoint.owner, endpoint.region, endpoint.vpc_id, apart_from=endpoint) if name else set()
    return None if name in held else name


def published_names(account_id: str, region: str, vpc_id: str) -> VpcNames:
    """Return the DNS names of the VPC's endpoints to Lattice's resources, each with the ARN of its target."""
    names = VpcNames()
    for endpoint in endpoints.values():
        if (endpoint.owner, endpoint.region, endpoint.vpc_id, endpoint.state) == (
            account_id,
            region,
            vpc_id,
            "available",
        ):
            refresh(endpoint)
            for each in endpoint.associations.values():
                if each.dns_name:
                    names.public[each.dns_name] = each.target.arn
                    if each.target.private_name:
                        names.private[each.target.private_name] = each.target.arn
    return names


def names_held(account_id: str, region: str, vpc_id: str, *, apart_from: Endpoint | None = None) -> set[str]:
    """Return the private names that endpoints hold in a VPC."""
    return {
        association.target.private_name
        for each in endpoints.values()
        if (each.owner, each.region, each.vpc_id) == (account_id, region, vpc_id)
        and each is not apart_from
        and each.state in _HOLDING_NAMES
        for association in each.associations.values()
        if association.target.private_name
    }


def names_needed(target_arn: str, dns_options: dict[str, Any]) -> set[str]:
    """Return the private names that an endpoint to the target would need."""
    named = (private_name(leaf, dns_options) for leaf in _leaves_with_names(target_arn))
    return {name for name in named if name is not None}


def _leaves_with_names(target_arn: str) -> Iterator[LatticeResource]:
    identifier = target_arn.rpartition("/")[2]
    if identifier in configurations:
        yield from leaves(configurations[identifier])
    for association in reach.resource_associations.values():
        if association.network.arn == target_arn and association.private_dns:
            yield from (part.configuration for part in reach.parts(association))
