"""What people configure, in memory; ``aws.parameter_store.ConfigurationParameters`` reads it from Parameter Store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from drawbridge.configuration import ConfigurationParameter


class InMemoryParameters:
    """The parameters below one path with all their versions, the newest last; of each the text, or also its time."""

    def __init__(self, path: str, versions: Mapping[str, Sequence[str | tuple[datetime, str]]]) -> None:
        self._path = path
        self._versions = {
            name: [_parameter(name, number, written) for number, written in enumerate(all_written, start=1)]
            for name, all_written in versions.items()
        }

    def below(self, path: str) -> list[ConfigurationParameter]:
        return [versions[-1] for versions in self._versions.values()] if path == self._path else []

    def earlier(self, path: str, name: str, *, than: int) -> list[ConfigurationParameter]:
        versions = self._versions[name] if path == self._path else []
        return [each for each in reversed(versions) if each.version < than]


def _parameter(name: str, number: int, written: str | tuple[datetime, str]) -> ConfigurationParameter:
    at, text = (datetime.min.replace(tzinfo=UTC), written) if isinstance(written, str) else written
    return ConfigurationParameter(name, text, number, at)
