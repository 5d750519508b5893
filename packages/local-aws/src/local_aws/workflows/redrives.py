"""RedriveExecution: continue an execution that did not succeed from where it ended.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local_aws.moto_extension.errors import AwsError
from local_aws.time.clock import clock
from local_aws.workflows.history import EVENT_LIMIT
from local_aws.workflows.running import RunningExecution

PERIOD = 14 * 86_400.0
"""Seconds within which an ended execution can be redriven."""

_TOKEN_LIFETIME = 900.0
_TOKENS_KEPT = 10


@dataclass
class _Tokens:
    """The client tokens that redrove an execution, with when each was used."""

    used: dict[str, tuple[float, datetime]] = field(default_factory=dict)

    def known(self, token: str | None) -> datetime | None:
        used = self.used.get(token or "")
        return used[1] if used is not None and clock.time() - used[0] <= _TOKEN_LIFETIME else None

    def keep(self, token: str | None, redriven: datetime) -> None:
        if token:
            self.used[token] = (clock.time(), redriven)
            self.used = dict(list(self.used.items())[-_TOKENS_KEPT:])


_lock = threading.Lock()
_tokens: dict[str, _Tokens] = {}


def refusal(execution: RunningExecution) -> str | None:
    """Return AWS's reason why the execution can't be redriven; None if it can."""
    if execution.status in ("RUNNING", "SUCCEEDED"):
        return f"Execution is {execution.status} and cannot be redriven"
    if len(execution.history.events) >= EVENT_LIMIT - 1:
        return "Execution history event limit exceeded"
    ended = execution.stop_date
    if ended is not None and (clock.now() - ended).total_seconds() > PERIOD:
        return "Execution redrivable period exceeded"
    return None


def redrive(execution: RunningExecution, client_token: str | None) -> datetime:
    """Redrive it and return the date; the same client token within 15 minutes returns the same date."""
    with _lock:
        tokens = _tokens.setdefault(execution.execution_arn, _Tokens())
        known = tokens.known(client_token)
        if known is not None:
            return known
        reason = refusal(execution)
        if reason is not None:
            raise AwsError("ExecutionNotRedrivable", f"Execution Not Redrivable: '{reason}'")
        execution.redrive()
        redriven = execution.redrive_date or clock.now()
        tokens.keep(client_token, redriven)
        return redriven


def described(execution: RunningExecution) -> dict[str, Any]:
    """Return DescribeExecution's members about redrives."""
    reason = refusal(execution)
    return {
        "redriveCount": execution.redrive_count,
        "redriveDate": execution.redrive_date,
        "redriveStatus": "REDRIVABLE" if reason is None else "NOT_REDRIVABLE",
        "redriveStatusReason": reason,
    }


def forget_all() -> None:
    with _lock:
        _tokens.clear()
