"""Waiting: what discovery does while a person is asked."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from drawbridge.approval import Reconsider
from drawbridge.approval.ask import ApprovalRecord, Callback, Pending
from drawbridge.discovery.ledger_row import LedgerRow

_LATE = timedelta(minutes=5)
"""After the deadline the workflow closes the question; if it has not by then, it may not be running any longer."""


class WaitState(StrEnum):
    """What is known of a request that waits for a person's answer."""

    WAITING = "it waits, and there is nothing to tell it"
    RESUMED = "it waited, and was told to go on"
    UNKNOWN = "nothing is known to wait"


class PendingQuestions(Protocol):
    """The questions, as discovery needs them."""

    def pending(self, request_ids: Collection[str]) -> Mapping[str, Pending]:
        """Return the last question of each request, in as few calls as that takes."""
        ...

    def approval_record(self, request_id: str) -> ApprovalRecord | None: ...


class WaitingRequests:
    """Requests that wait for a person's answer, at one sweep."""

    def __init__(self, questions: PendingQuestions, callback: Callback) -> None:
        self._questions = questions
        self._callback = callback
        self._pending: Mapping[str, Pending] = {}

    def load(self, request_ids: Collection[str]) -> None:
        """Read the questions of all waiting requests at once."""
        self._pending = self._questions.pending(request_ids) if request_ids else {}

    def resume_if_answered(self, row: LedgerRow, now: datetime, *, reconsider: bool) -> WaitState:
        """Complete the task if an answer was recorded, or without one, for another decision, if ``reconsider``.

        Whoever recorded an answer may have been stopped before completing the task. Safe to repeat: a task is
        completed once.
        """
        question = self._pending.get(row.request_id)
        if question is None or not question.waits:
            return WaitState.UNKNOWN
        if question.decided or question.deadline is None or reconsider:
            return WaitState.RESUMED if self._resume(row.request_id) else WaitState.UNKNOWN
        return WaitState.WAITING if now < question.deadline + _LATE else WaitState.UNKNOWN

    def _resume(self, request_id: str) -> bool:
        """Complete the task with the answer, or without one; return whether it waited."""
        record = self._questions.approval_record(request_id)
        if record is None or not record.token:
            return False
        answer = record.approval or Reconsider(asked=record.question.asked)
        return self._callback.complete(record.token, answer)
