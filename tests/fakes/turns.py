"""Turns of who never has to wait for one; ``pacing.turn.GivenTurn`` is the one that the queue gave."""

from __future__ import annotations


class AlwaysTheirTurn:
    """For tests of what is done, however often it may be."""

    def has(self, of: str) -> bool:
        return True

    def use(self, of: str) -> None:
        pass
