"""Route 53's changes, one for each call that writes, PENDING at first."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import ServiceCall, add_operation
from local_aws.moto_extension.tables import table
from local_aws.services.timings import timings
from local_aws.time.clock import clock

_changes = table()
"""When each was submitted, and its comment, by id."""


def install() -> None:
    add_operation("route53", "GetChange", _get)


def new_change(comment: str | None = None) -> dict[str, Any]:
    """Return the ``ChangeInfo`` of a new change."""
    change_id = f"C{secrets.token_hex(10).upper()}"
    _changes[change_id] = (clock.now(), comment)
    return _describe(change_id)


def _get(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    change_id = params["Id"].removeprefix("/change/")
    if change_id not in _changes:
        raise AwsError("NoSuchChange", f"Could not find resource with ID: {change_id}")
    return {"ChangeInfo": _describe(change_id)}


def _describe(change_id: str) -> dict[str, Any]:
    submitted: datetime
    submitted, comment = _changes[change_id]
    in_sync = (clock.now() - submitted).total_seconds() >= timings.records_in_sync
    info = {"Id": f"/change/{change_id}", "Status": "INSYNC" if in_sync else "PENDING", "SubmittedAt": submitted}
    return info | ({"Comment": comment} if comment else {})
