"""Questions that were asked, and the approval records that are kept of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Protocol

from drawbridge.approval import Options, Question
from drawbridge.approval.answer import AnswerRecords, ApprovalAnswer
from drawbridge.approval.ask import ApprovalRecord, QuestionStore
from drawbridge.approval.notify import MessageNotes
from drawbridge.discovery.waiting import PendingQuestions
from tests.builders import question


class Approvals(QuestionStore, AnswerRecords, MessageNotes, PendingQuestions, Protocol):
    """All that is done with approval records."""


Asking = Callable[..., Question]
TWO = Options(two_person=True)


def asking(approvals: Approvals) -> Asking:
    """Return what keeps a question of a request of its own, with a task that waits."""

    def ask(**changes: Any) -> Question:
        kept = question(**({"request_id": f"share-{uuid.uuid4()}"} | changes))
        approvals.open(kept, "a token", "https://link")
        return kept

    return ask


def answer(to: Question, *, approve: bool = True, **changes: Any) -> ApprovalAnswer:
    fields: dict[str, Any] = {"request_id": to.request_id, "asking": to.asked.asking, "approve": approve}
    return ApprovalAnswer(**(fields | changes))


def record_of(approvals: Approvals, of: Question) -> ApprovalRecord:
    there = approvals.approval_record(of.request_id)
    assert there is not None
    return there
