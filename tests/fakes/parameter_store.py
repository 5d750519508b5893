"""The parameters of publications, in memory; ``aws.parameter_store.PublishedParameters`` keeps them in AWS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from drawbridge.errors import DrawbridgeError
from drawbridge.publication.parameters import ObservedParameter


class InMemoryPublicationStore:
    """Parameters, and every write that was made."""

    def __init__(self, **there: ObservedParameter) -> None:
        self.there = dict(there)
        self.writes: list[str] = []

    def read(self, name: str) -> ObservedParameter | None:
        return self.there.get(name)

    def read_all(self, names: Iterable[str]) -> dict[str, ObservedParameter]:
        return {name: there for name in names if (there := self.read(name)) is not None}

    def create(self, name: str, value: str, *, subject: str) -> bool:
        if name in self.there:
            return False
        self.overwrite(name, value, subject=subject)
        return True

    def overwrite(self, name: str, value: str, *, subject: str) -> None:
        self.writes.append(name)
        self.there[name] = ObservedParameter(value=value, subject=subject)

    def below(self, path: str) -> list[tuple[str, str]]:
        return [(name, owned.value) for name, owned in self.there.items() if name.startswith(f"{path}/")]

    def remove_all(self, subjects: Mapping[str, str]) -> dict[str, DrawbridgeError]:
        failed: dict[str, DrawbridgeError] = {}
        for name, subject in subjects.items():
            try:
                self.remove(name, subject=subject)
            except DrawbridgeError as error:
                failed[name] = error
        return failed

    def remove(self, name: str, *, subject: str) -> None:
        if subject and name in self.there and self.there[name].subject == subject:
            self.writes.append(f"remove {name}")
            del self.there[name]
