"""What VPC Lattice shows of shared resources, in memory; ``aws.lattice_entities.LatticeEntities`` asks it."""

from __future__ import annotations

from collections.abc import Iterable

from drawbridge.lattice import Entity, Undescribed
from drawbridge.request.shares import SharedResource


class InMemoryEntityDescriptions:
    """Resources that are described, and others of which it is said why they are not."""

    def __init__(self, *described: Entity) -> None:
        self.described = list(described)
        self.undescribed: list[Undescribed] = []
        self.shown_tags: dict[str, str] | None = None
        self.asked_for_tags = 0

    def describe(self, resources: Iterable[SharedResource]) -> list[Entity | Undescribed]:
        asked = {each.arn for each in resources}
        there: list[Entity | Undescribed] = [*self.described, *self.undescribed]
        return [each for each in there if each.arn in asked]

    def entity(self, arn: str) -> Entity | None:
        return next((each for each in self.described if each.arn == arn), None)

    def tags(self, arn: str) -> dict[str, str] | None:
        self.asked_for_tags += 1
        return self.shown_tags
