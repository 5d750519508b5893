"""The objects that are deleted, in memory; ``aws.object_deletion.ObjectDeletions`` has AWS delete them."""

from __future__ import annotations

from drawbridge.association.owned_object import OwnedObject
from drawbridge.errors import ConflictError, GoneError
from drawbridge.withdrawal.steps import GONE, ObjectState, ObservedObject


class InMemoryObjectDeletions:
    """Objects by their ids: one that is deleted is deleting until ``finish``."""

    def __init__(self, *ids: str) -> None:
        self.there = {each: ObservedObject(state=ObjectState.PRESENT) for each in ids}
        self.deleted: list[str] = []
        self.depended_on: dict[str, str] = {}
        """What AWS does not delete an object for, as long as that is there; by their ids."""

    def observe(self, removed: OwnedObject) -> ObservedObject:
        return self.there.get(removed.id, GONE)

    def delete(self, removed: OwnedObject) -> None:
        if removed.id not in self.there:
            raise GoneError(removed.id)
        if self.depended_on.get(removed.id) in self.there:
            raise ConflictError(f"{self.depended_on[removed.id]} depends on it")
        self.deleted.append(removed.id)
        self.there[removed.id] = ObservedObject(state=ObjectState.DELETING)

    def finish(self) -> None:
        """Have AWS come to the end of all deletions."""
        self.there = {each: seen for each, seen in self.there.items() if seen.state is not ObjectState.DELETING}
