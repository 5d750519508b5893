"""Question slots: only so many questions of one account are open at once, so that no stranger floods approvers."""

from typing import Protocol

from drawbridge.approval import Question
from drawbridge.decision import Decision, Hold
from drawbridge.decision.let_in import AWAITS_QUESTION_SLOT
from drawbridge.status import Reason


class QuestionSlots(Protocol):
    """The open questions of each requester."""

    def take(self, account_id: str, request_id: str, *, most: int) -> bool:
        """Take one of the account's slots, or keep it; ``False`` if all are taken by open questions."""
        ...


def within_slots(
    decision: Decision, question: Question | None, slots: QuestionSlots, most: int
) -> tuple[Decision, Question | None]:
    """Return decision and question if there is a slot; else ``Hold``, until another question is closed."""
    if question is None or slots.take(question.account_id, question.request_id, most=most):
        return decision, question
    text = f"{most} questions of account {question.account_id} are open; it is asked when one of them is closed."
    return Hold((Reason(AWAITS_QUESTION_SLOT, text), *decision.because)), None
