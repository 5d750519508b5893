"""Reads that are made once for all who need them."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from drawbridge.errors import DrawbridgeError

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class ReadOnce(Generic[Value]):
    """One read, made when it is needed first. Whoever needs it after it failed is told the same."""

    def __init__(self, read: Callable[[], Value]) -> None:
        self._read = read
        self._values: list[Value] = []
        self._error: DrawbridgeError | None = None

    def __call__(self) -> Value:
        if self._error is not None:
            raise self._error
        if not self._values:
            try:
                self._values.append(self._read())
            except DrawbridgeError as error:
                self._error = error
                raise
        return self._values[0]


class ReadOnceEach(Generic[Key, Value]):
    """Reads of one thing each, each made when it is needed first."""

    def __init__(self, read: Callable[[Key], Value]) -> None:
        self._read = read
        self._reads: dict[Key, ReadOnce[Value]] = {}

    def __call__(self, key: Key) -> Value:
        return self._reads.setdefault(key, ReadOnce(lambda: self._read(key)))()
