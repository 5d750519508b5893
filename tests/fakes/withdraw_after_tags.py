"""The tag that says when something is taken down, in memory; ``aws.withdraw_after_tags.ObjectTags`` has AWS keep it."""

from __future__ import annotations

from drawbridge.errors import GoneError
from tests.fakes.interruptions import Interruptions


class InMemoryWithdrawAfterTags:
    """What carries the tag, by id, ARN or name, with the tag's value."""

    def __init__(self, interruptions: Interruptions | None = None) -> None:
        self._interruptions = interruptions or Interruptions()
        self.there: dict[str, str] = {}
        self.gone: set[str] = set()
        """What is not there any longer."""
        self.calls = 0

    def tag(self, thing: str, value: str) -> None:
        self._called(thing)
        self.there[thing] = value

    def untag(self, thing: str) -> None:
        self._called(thing)
        self.there.pop(thing, None)

    def _called(self, thing: str) -> None:
        self._interruptions.before_write()
        self.calls += 1
        if thing in self.gone:
            raise GoneError(thing)
