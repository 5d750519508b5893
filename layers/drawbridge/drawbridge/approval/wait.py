"""Waiting: what discovery sees to while somebody is asked."""

from typing import Protocol

from drawbridge.approval import Reconsider
from drawbridge.approval.ask import Callback, Standing
from drawbridge.request.row import Row


class Standings(Protocol):
    """The questions."""

    def standing(self, request_id: str) -> Standing | None: ...


class WaitingRequests:
    """Requests that wait for a person's answer."""

    def __init__(self, approvals: Standings, callback: Callback) -> None:
        self._approvals = approvals
        self._callback = callback

    def see_to(self, row: Row, *, reconsider: bool) -> None:
        """See to it that an answer that was recorded reaches the workflow; or have it look again, without an answer.

        Whoever recorded an answer may have been stopped before telling the task. Safe to repeat: a task is completed
        once.
        """
        standing = self._approvals.standing(row.request_id)
        if standing is None or not standing.token:
            return
        if standing.approval is not None:
            self._callback.complete(standing.token, standing.approval)
        elif reconsider:
            self._callback.complete(standing.token, Reconsider(asked=standing.question.asked))
