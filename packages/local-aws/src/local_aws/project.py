"""What a project gives the local AWS of its machine: an interpreter for functions, and a folder.

A project says so in its ``pyproject.toml``; both may be left out, and paths are relative to the file::

    [tool.local-aws]
    python = ".local/runtime/bin/python"
    folder = ".local"

The nearest such file counts, from the working directory upwards.
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TABLE = "local-aws"


class InvalidProjectError(ValueError):
    """The project's settings can't be read; the message says where and why."""


@dataclass(frozen=True)
class Project:
    """What the local AWS uses of this machine."""

    python: Path = Path(sys.executable)
    """The interpreter of functions, with ``awslambdaric``, ``time-machine``, and what else the runtime is to bring."""
    folder: Path = field(default_factory=lambda: Path.cwd() / ".local-aws")
    """What is kept here may be deleted when nothing is served, apart from the layers' dependencies."""

    @property
    def logs(self) -> Path:
        """A file for each function of each account."""
        return self.folder / "logs"

    @property
    def bytecode(self) -> Path:
        """What Python compiles of functions and layers."""
        return self.folder / "pycache"

    @property
    def code(self) -> Path:
        """What came in ZIPs, unpacked."""
        return self.folder / "code"

    def dependencies(self, layer: str) -> Path:
        """Return where the dependencies of a layer are to be installed, by the name of the layer's folder."""
        return self.folder / "layers" / layer / "python"


def find(start: Path) -> Project:
    """Return what the nearest ``pyproject.toml`` says that has the table, from a folder upwards.

    Raises:
        InvalidProjectError: it is no TOML, or says something that there is not.
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
    """Have this process use a project's; for functions that start from now on."""
    _used[:] = [project]


def current() -> Project:
    """Return what this process uses: if nobody has said so, what ``find`` finds, once.

    Raises:
        InvalidProjectError: as ``find`` does.
    """
    if not _used:
        use(find(Path.cwd()))
    return _used[0]
