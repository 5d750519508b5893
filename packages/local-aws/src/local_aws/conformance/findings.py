"""What answers are found to have that botocore's model does not, while somebody watches."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

Kind = Literal["unknown member", "type", "enum", "missing", "error code", "status", "unreadable", "failed"]


@dataclass(frozen=True, order=True)
class Finding:
    """``path`` is without the numbers of list elements, so that the same defect is the same finding."""

    operation: str
    kind: Kind
    path: str = ""
    detail: str = ""

    def __str__(self) -> str:
        return " ".join(each for each in (self.operation, f"({self.kind})", self.path, self.detail) if each)


class Findings:
    """What was found since the beginning; nothing is looked at until ``watching`` is set."""

    def __init__(self) -> None:
        self.watching = False
        self._lock = threading.Lock()
        self._found: dict[tuple[str, str, str], Finding] = {}

    def add(self, finding: Finding) -> None:
        """Keep the first of those that differ in detail only."""
        with self._lock:
            self._found.setdefault((finding.operation, finding.kind, finding.path), finding)

    def all(self) -> list[Finding]:
        with self._lock:
            return sorted(self._found.values())


findings = Findings()
"""Those of this process."""
