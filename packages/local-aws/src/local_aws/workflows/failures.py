"""Failures of states, and their matching with ``ErrorEquals``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

DATA_LIMIT = 262_144
"""Bytes of JSON allowed as input or output of a state, a task or an execution."""

TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
RUNTIME = "States.Runtime"
DATA_LIMIT_EXCEEDED = "States.DataLimitExceeded"
QUERY_EVALUATION_ERROR = "States.QueryEvaluationError"
NO_CHOICE_MATCHED = "States.NoChoiceMatched"

_ERROR_LIMIT = 256
_CAUSE_LIMIT = 32_768


class StateFailed(Exception):  # noqa: N818 - Amazon States Language says that a state fails
    """A failure of a state, with the error name and cause that Retry and Catch see."""

    def __init__(self, error: str | None, cause: str | None = None) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error[:_ERROR_LIMIT] if error is not None else None
        self.cause = cause[:_CAUSE_LIMIT] if cause is not None else None
        self.explained = False
        """Whether the cause names the state already."""

    def output(self) -> dict[str, str]:
        """Return ``$states.errorOutput``, with only the members that the failure has."""
        named = {"Error": self.error, "Cause": self.cause}
        return {key: value for key, value in named.items() if value is not None}


def answers_to(error: str | None, names: Sequence[str]) -> bool:
    """Return whether a Retrier or Catcher with these names in ErrorEquals applies.

    States.Runtime can't be caught; States.DataLimitExceeded is caught only by its own name.
    """
    if error == RUNTIME:
        return False
    if error in names:
        return True
    if error == DATA_LIMIT_EXCEEDED:
        return False
    timed_out = error in (TIMEOUT, HEARTBEAT_TIMEOUT)
    if "States.ALL" in names or (timed_out and TIMEOUT in names):
        return True
    return "States.TaskFailed" in names and not timed_out


def check_size(data: Any, name: str) -> None:
    """Fail if the data exceed AWS's limit."""
    if len(to_json(data).encode()) > DATA_LIMIT:
        raise StateFailed(
            DATA_LIMIT_EXCEEDED,
            f"The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service "
            "limit.",
        )


def to_json(data: Any) -> str:
    """Write JSON as Step Functions does: without spaces, and with characters unescaped."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)
