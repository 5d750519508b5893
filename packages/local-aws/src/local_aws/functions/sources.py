"""The locations of deployed functions' code on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FunctionSource:
    """A function's folder, and its layers' directories in the order of the path."""

    code: Path
    layers: tuple[Path, ...] = ()


_sources: dict[tuple[str, str, str], FunctionSource] = {}


def register(account_id: str, region: str, function_name: str, source: FunctionSource) -> None:
    """Register a function's code; processes with older code are replaced when they become idle."""
    _sources[account_id, region, function_name] = source


def find(account_id: str, region: str, function_name: str) -> FunctionSource | None:
    return _sources.get((account_id, region, function_name))
