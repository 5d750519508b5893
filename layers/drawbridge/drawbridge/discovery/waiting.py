"""Waiting: what discovery sees to while somebody is asked."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from drawbridge.approval import Reconsider
from drawbridge.approval.ask import Callback, Pending, Standing
from drawbridge.discovery.row import Row

_LATE = timedelta(minutes=5)
"""After the deadline the workflow ends the question by itself; if it has not by then, it may not run any longer."""


class Waits(StrEnum):
    """What is known of a request that waits for a person's answer."""

    WAITS = "it waits, and there is nothing to tell it"
    TOLD = "it waited, and was told to go on"
    UNKNOWN = "nothing is known to wait"


class Questions(Protocol):
    """The questions."""

    def pending(self, request_ids: Collection[str]) -> Mapping[str, Pending]:
        """Give those that were asked of requests last, in as few calls as that takes."""
        ...

    def standing(self, request_id: str) -> Standing | None: ...


class WaitingRequests:
    """Requests that wait for a person's answer, at one look."""

    def __init__(self, questions: Questions, callback: Callback) -> None:
        self._questions = questions
        self._callback = callback
        self._pending: Mapping[str, Pending] = {}

    def look_at(self, request_ids: Collection[str]) -> None:
        """Look at the questions of all that wait, at once."""
        self._pending = self._questions.pending(request_ids) if request_ids else {}

    def see_to(self, row: Row, now: datetime, *, reconsider: bool) -> Waits:
        """See to it that an answer that was recorded reaches the workflow; or have it look again, without an answer.

        Whoever recorded an answer may have been stopped before telling the task. Safe to repeat: a task is completed
        once.
        """
        question = self._pending.get(row.request_id)
        if question is None or not question.waits:
            return Waits.UNKNOWN
        if question.decided or reconsider:
            return Waits.TOLD if self._tell(row.request_id) else Waits.UNKNOWN
        return Waits.WAITS if now < question.deadline + _LATE else Waits.UNKNOWN

    def _tell(self, request_id: str) -> bool:
        """Complete the task with the answer, or without one; tell whether it waited."""
        standing = self._questions.standing(request_id)
        if standing is None or not standing.token:
            return False
        answer = standing.approval or Reconsider(asked=standing.question.asked)
        return self._callback.complete(standing.token, answer)
