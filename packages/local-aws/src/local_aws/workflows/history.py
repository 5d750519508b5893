"""The event history of one execution."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from local_aws.time.clock import clock
from local_aws.workflows.failures import RUNTIME, StateFailed

EVENT_LIMIT = 25_000
_DATA = frozenset({"input", "output", "parameters"})
_DATA_DETAILS = frozenset({"inputDetails", "outputDetails"})


class History:
    """Events in order, up to the one that ends the execution; later ones are dropped.

    Any thread may end the execution while its own thread is still adding events.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended = False
        self.events: list[dict[str, Any]] = []

    def add(self, kind: str, previous: int, details: tuple[str, dict[str, Any]] | None = None) -> int:
        """Record an event and return its id; past the limit the execution fails instead."""
        with self._lock:
            # One place is reserved for the last event.
            if len(self.events) >= EVENT_LIMIT - 1 and not self._ended:
                raise StateFailed(
                    RUNTIME, f"The execution reached the maximum number of history events ({EVENT_LIMIT})."
                )
            return self._append(kind, previous, details)

    def end(self, kind: str, details: tuple[str, dict[str, Any]]) -> None:
        with self._lock:
            self._append(kind, len(self.events), details)
            self._ended = True

    def redrive(self, count: int) -> int:
        """Go on after the last event; return the new event's id."""
        with self._lock:
            self._ended = False
            return self._append("ExecutionRedriven", 0, ("executionRedriven", {"redriveCount": count}))

    def _append(self, kind: str, previous: int, details: tuple[str, dict[str, Any]] | None) -> int:
        if self._ended:
            return len(self.events)
        event = {"timestamp": clock.now(), "type": kind, "id": len(self.events) + 1, "previousEventId": previous}
        if details is not None:
            name, content = details
            event[f"{name}EventDetails"] = {key: value for key, value in content.items() if value is not None}
        self.events.append(event)
        return len(self.events)


def without_data(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the events as for ``includeExecutionData=False``."""
    return [
        {key: _details_without_data(value) if key.endswith("EventDetails") else value for key, value in event.items()}
        for event in events
    ]


def _details_without_data(details: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in details.items() if key not in _DATA and key not in _DATA_DETAILS}
