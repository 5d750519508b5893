"""What Drawbridge made, in memory; ``aws.owned_object_listing.OwnedObjectListing`` has AWS list it."""

from __future__ import annotations

from drawbridge.association.owned_object import OwnedObject


class InMemoryOwnedObjects:
    """The objects that were made, by Drawbridge and by others."""

    def __init__(self) -> None:
        self.marked: list[OwnedObject] = []
        self.there: list[OwnedObject] = []
        self.not_ours: set[str] = set()

    def endpoints(self) -> list[OwnedObject]:
        return self.marked

    def network_associations(self) -> list[OwnedObject]:
        return self.there

    def is_ours(self, made: OwnedObject) -> bool:
        return made.id not in self.not_ours
