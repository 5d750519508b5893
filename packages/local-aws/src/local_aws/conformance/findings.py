"""Findings of answers that differ from botocore's model, collected on request."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

Kind = Literal["unknown member", "type", "enum", "missing", "error code", "status", "unreadable", "failed"]


@dataclass(frozen=True, order=True)
class Finding:
    """A difference; ``path`` is without the numbers of list elements, so that the same defect is one finding."""

    operation: str
    kind: Kind
    path: str = ""
    detail: str = ""

    def __str__(self) -> str:
        return " ".join(each for each in (self.operation, f"({self.kind})", self.path, self.detail) if each)


class Findings:
    """All findings since the start; answers are not checked until ``watching`` is set."""

    def __init__(self) -> None:
        self.watching = False
        self._lock = threading.Lock()
        self._found: dict[tuple[str, str, str], Finding] = {}

    def add(self, finding: Finding) -> None:
        """Add a finding, unless one was added that differs in detail only."""
        with self._lock:
            self._found.setdefault((finding.operation, finding.kind, finding.path), finding)

    def all(self) -> list[Finding]:
        with self._lock:
            return sorted(self._found.values())


findings = Findings()
"""The findings of this process."""
