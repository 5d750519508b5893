"""How states fail, and which names in ``ErrorEquals`` a failure answers to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

DATA_LIMIT = 262_144
"""Bytes of JSON that may go into or out of a state, a task or an execution."""

TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
RUNTIME = "States.Runtime"
DATA_LIMIT_EXCEEDED = "States.DataLimitExceeded"
QUERY_EVALUATION_ERROR = "States.QueryEvaluationError"
NO_CHOICE_MATCHED = "States.NoChoiceMatched"

_ERROR_LIMIT = 256
_CAUSE_LIMIT = 32_768


class StateFailed(Exception):  # noqa: N818 - Amazon States Language says that a state fails
    """A state failed, with the name and the cause that Retry and Catch see."""

    def __init__(self, error: str | None, cause: str | None = None) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error[:_ERROR_LIMIT] if error is not None else None
        self.cause = cause[:_CAUSE_LIMIT] if cause is not None else None
        self.explained = False
        """Whether the cause says already which state it was."""

    def output(self) -> dict[str, str]:
        """Return ``$states.errorOutput``; what the failure does not name is left out."""
        named = {"Error": self.error, "Cause": self.cause}
        return {key: value for key, value in named.items() if value is not None}


def answers_to(error: str | None, names: Sequence[str]) -> bool:
    """Return whether a Retrier or Catcher with these names in ErrorEquals is meant.

    States.Runtime ends the execution whatever is caught; States.DataLimitExceeded is caught only by its own name.
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


def check_size(data: Any, what: str) -> None:
    """Fail where the data are more than AWS carries from state to state."""
    if len(to_json(data).encode()) > DATA_LIMIT:
        raise StateFailed(
            DATA_LIMIT_EXCEEDED,
            f"The state/task '{what}' returned a result with a size exceeding the maximum number of bytes service "
            "limit.",
        )


def to_json(data: Any) -> str:
    """Write data as Step Functions does: nothing between them, characters as they are."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)
