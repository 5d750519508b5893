"""Listings that are asked for once a sweep."""

from collections.abc import Callable
from typing import Generic, TypeVar

from drawbridge.errors import DrawbridgeError

Key = TypeVar("Key")
Listed = TypeVar("Listed")


class Once(Generic[Key, Listed]):
    """Keeps what was listed for each key, or why it could not be: what is denied is not asked for again either."""

    def __init__(self, listing: Callable[[Key], Listed]) -> None:
        self._listing = listing
        self._kept: dict[Key, Listed | DrawbridgeError] = {}

    def __call__(self, key: Key) -> Listed:
        """Return what is listed.

        Raises:
            DrawbridgeError: it could not be listed, now or before.
        """
        if key not in self._kept:
            try:
                self._kept[key] = self._listing(key)
            except DrawbridgeError as error:
                self._kept[key] = error
        kept = self._kept[key]
        if isinstance(kept, DrawbridgeError):
            raise kept
        return kept
