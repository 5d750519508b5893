"""Where on this machine the code of a deployed function is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FunctionSource:
    """A function's folder, and the directories that its layers put on the path, the first one first."""

    code: Path
    layers: tuple[Path, ...] = ()


_sources: dict[tuple[str, str, str], FunctionSource] = {}


def register(account_id: str, region: str, function_name: str, source: FunctionSource) -> None:
    """Say where the function's code is; processes that run another code of it are replaced as they become free."""
    _sources[account_id, region, function_name] = source


def find(account_id: str, region: str, function_name: str) -> FunctionSource | None:
    return _sources.get((account_id, region, function_name))
