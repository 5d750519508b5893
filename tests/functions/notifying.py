"""Doubles for ``tell_approvers``, and the events that invoke it."""

from __future__ import annotations

from typing import Any

import msgspec

from drawbridge.approval import Approved
from drawbridge.record.record import StatusChange
from drawbridge.request.status_reached import StatusReached
from drawbridge.status import Status
from tests.builders import NOW, PROVIDER, SHARE, SHARE_ARN, approval_record, question, sample
from tests.fakes.announcements import InMemoryAnnouncements
from tests.fakes.approvals import InMemoryApprovals
from tests.fakes.messenger import InMemoryMessenger

ID = SHARE.request_id
CLICKED: dict[str, Any] = {"notice": {"request_id": ID, "user": "U0ALICE", "words": "Too late.", "channel": "C0"}}
CHANGE = StatusChange(
    id="1",
    request_id=ID,
    kind="resource-share",
    subject=SHARE_ARN,
    account_id=PROVIDER,
    status=Status.ACCEPTED,
    attempt=1,
    reasons=({"code": "approved", "text": "Approved by U0ALICE"},),
)
EVENT: dict[str, Any] = {
    "version": "0",
    "source": "drawbridge",
    "detail-type": "Request Status Changed",
    "resources": [SHARE_ARN],
    "detail": msgspec.to_builtins(CHANGE),
}


ANNOUNCED = sample("withdrawal-announced")
CANCELLED = sample("withdrawal-cancelled")
ALARM = sample("alarm-state-change")


class World:
    """The questions, the announcements and Slack."""

    def __init__(self) -> None:
        self.kept = InMemoryApprovals(approval_record(approval=Approved(asked=question().asked, by=("U0ALICE",))))
        self.slack = InMemoryMessenger()
        self.announcements = InMemoryAnnouncements(lambda: NOW)
        self.rows = {ID: StatusReached(request_id=ID, status=Status.ACCEPTED, attempt=1)}

    def status_reached(self, request_id: str) -> StatusReached | None:
        return self.rows.get(request_id)
