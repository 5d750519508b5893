"""The names that AWS gives to what is attached, in memory: ``EndpointNames`` and ``NetworkNames``."""

from __future__ import annotations

from collections.abc import Iterable

from drawbridge.lattice import Entity
from drawbridge.publication.named import NamedResource
from tests.builders import entity


class InMemoryNamedResources:
    """What AWS lists of an endpoint, a service network and resources."""

    def __init__(self, *named: NamedResource, shared: bool = True) -> None:
        self.found = list(named)
        self.shared = shared
        self.entities: dict[str, Entity] = {}
        self.not_described: set[str] = set()
        """What VPC Lattice does not describe: it is gone, or not shared."""
        self.asked: list[str] = []

    def named(self, endpoint_id: str) -> list[NamedResource]:
        self.asked.append(endpoint_id)
        return self.found

    def named_all(self, endpoint_ids: Iterable[str]) -> dict[str, list[NamedResource]]:
        return {each: self.named(each) for each in endpoint_ids}

    def named_in_network(self, network_arn: str, resource_arn: str) -> list[NamedResource]:
        self.asked.append(f"{network_arn} {resource_arn}")
        return self.found

    def entity(self, arn: str) -> Entity | None:
        described = self.entities.get(arn, None if arn in self.not_described else entity(arn=arn))
        return described if self.shared else None
