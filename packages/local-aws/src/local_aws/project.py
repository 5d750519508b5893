"""A project's settings for the local AWS: the interpreter for functions, and a folder.

They are in its ``pyproject.toml``; both are optional, and paths are relative to the file::

    [tool.local-aws]
    python = ".local/runtime/bin/python"
    folder = ".local"

The nearest such file applies, from the working directory upwards.
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TABLE = "local-aws"


class InvalidProjectError(ValueError):
    """The project's settings are invalid; the message names the file and the reason."""


@dataclass(frozen=True)
class Project:
    """The project's settings."""

    python: Path = Path(sys.executable)
    """The interpreter of functions, with ``awslambdaric``, ``time-machine`` and the runtime's other packages."""
    folder: Path = field(default_factory=lambda: Path.cwd() / ".local-aws")
    """Its contents may be deleted while nothing is served, except the layers' dependencies."""

    @property
    def logs(self) -> Path:
        """A file for each function of each account."""
        return self.folder / "logs"

    @property
    def bytecode(self) -> Path:
        """Compiled Python files of functions and layers."""
        return self.folder / "pycache"

    @property
    def code(self) -> Path:
        """Unpacked ZIP files."""
        return self.folder / "code"

    def dependencies(self, layer: str) -> Path:
        """Return the folder for the dependencies of a layer, given the name of the layer's folder."""
        return self.folder / "layers" / layer / "python"


def find(start: Path) -> Project:
    """Return the settings of the nearest ``pyproject.toml`` with the table, from a folder upwards.

    Raises:
        InvalidProjectError: it is no TOML, or has an invalid setting.
    """
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file():
            try:
                table = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get(TABLE)
            except ValueError as error:
                raise InvalidProjectError(f"{file}: {error}") from error
            if table is not None:
                return _read(file, table)
    return Project(folder=start / ".local-aws")


def _read(file: Path, table: Any) -> Project:
    if not isinstance(table, dict):
        raise InvalidProjectError(f"{file}: [tool.{TABLE}] is expected to be a table")
    for name, value in table.items():
        if name not in {"python", "folder"} or not isinstance(value, str):
            raise InvalidProjectError(f"{file}: {name} = {value!r} in [tool.{TABLE}]: use python and folder, as text")
    root = file.parent
    return Project(
        python=root / table["python"] if "python" in table else Project.python,
        folder=root / table.get("folder", ".local-aws"),
    )


_used: list[Project] = []


def use(project: Project) -> None:
    """Set this process's project, for functions that start from now on."""
    _used[:] = [project]


def current() -> Project:
    """Return this process's project; unless it was set, it is found once by ``find``.

    Raises:
        InvalidProjectError: as ``find`` does.
    """
    if not _used:
        use(find(Path.cwd()))
    return _used[0]
