"""Systems Manager's Parameter Store: what people configure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from drawbridge.aws.errors import translated
from drawbridge.aws.parameter_deletion import MOST_AT_ONCE, deleted
from drawbridge.bounds import in_parts
from drawbridge.configuration import ConfigurationParameter
from drawbridge.errors import GoneError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


class ConfigurationParameters:
    """The parameters below ``/{prefix}/config/``."""

    def __init__(self, ssm: SSMClient, *, prefix: str) -> None:
        self._ssm = ssm
        self._root = f"/{prefix}/config/"
        # What came before a version never changes: while one is broken, its history is read once.
        self._history: dict[tuple[str, int], list[ConfigurationParameter]] = {}

    def below(self, path: str) -> list[ConfigurationParameter]:
        """Return all parameters below a path; pages of ten, which may come empty."""
        root = f"{self._root}{path}/"
        with translated(f"read {root}"):
            return [
                ConfigurationParameter(
                    each["Name"].removeprefix(root), each["Value"], each["Version"], each["LastModifiedDate"]
                )
                for page in self._ssm.get_paginator("get_parameters_by_path").paginate(
                    Path=root, Recursive=True, WithDecryption=False
                )
                for each in page["Parameters"]
            ]

    def one(self, name: str) -> str | None:
        """Return the value of one parameter right below the root; ``None`` if there is none."""
        try:
            with translated(f"read {self._root}{name}"):
                return self._ssm.get_parameter(Name=f"{self._root}{name}")["Parameter"]["Value"]
        except GoneError:
            return None

    def is_written(self, path: str, name: str) -> bool:
        """Return whether there is such a parameter; ``False`` only if AWS says that there is none."""
        return self.one(f"{path}/{name}") is not None

    def earlier(self, path: str, name: str, *, than: int) -> list[ConfigurationParameter]:
        """Return the versions before ``than``, newest first. AWS keeps 100, and allows few such calls a second."""
        full = f"{self._root}{path}/{name}"
        if (full, than) not in self._history:
            with translated(f"read the history of {full}"):
                versions = [
                    ConfigurationParameter(name, each["Value"], each["Version"], each["LastModifiedDate"])
                    for page in self._ssm.get_paginator("get_parameter_history").paginate(
                        Name=full, WithDecryption=False
                    )
                    for each in page["Parameters"]
                    # By number: the listing may lag behind the version that was read.
                    if each["Version"] < than
                ]
            self._history[full, than] = sorted(versions, key=lambda parameter: parameter.version, reverse=True)
        return self._history[full, than]

    def write(self, path: str, name: str, value: str) -> None:
        """Write a parameter; what is too long for the standard tier goes to the advanced one, which costs."""
        full = f"{self._root}{path}/{name}"
        with translated(f"write {full}"):
            self._ssm.put_parameter(Name=full, Value=value, Type="String", Overwrite=True, Tier="Intelligent-Tiering")

    def remove(self, path: str, names: Sequence[str]) -> Iterator[str]:
        """Remove parameters, ten in a call, and yield each that is gone now; one that was gone already is left so.

        Where the role may not remove one of ten, AWS removes none of them: each is tried by itself then.
        """
        full = {f"{self._root}{path}/{name}": name for name in names}
        for some in in_parts([*full], MOST_AT_ONCE):
            for part in deleted(self._ssm, some):
                yield from (full[each] for each in part)
