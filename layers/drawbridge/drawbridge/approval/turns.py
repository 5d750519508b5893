"""Turns: how many questions of one account are open at once, so that no stranger floods those who are asked."""

from typing import Protocol

from drawbridge.approval import Question
from drawbridge.decision import Decision, Hold
from drawbridge.status import Reason

AWAITS_TURN = "too-many-questions"
"""The code of the reason for which a request is held until another question of the same account is closed."""


class Turns(Protocol):
    """The questions that are open, by the account that asks."""

    def take(self, account_id: str, request_id: str, *, most: int) -> bool:
        """Take one of the account's turns, or keep it; ``False`` if all are taken by questions that are open still."""
        ...


def in_turn(decision: Decision, question: Question | None, turns: Turns, most: int) -> tuple[Decision, Question | None]:
    """Give the question if it is its turn to be asked; else it is held, and asked when another one is closed."""
    if question is None or turns.take(question.account_id, question.request_id, most=most):
        return decision, question
    told = f"{most} questions of account {question.account_id} are open; it is asked when one of them is closed."
    return Hold((Reason(AWAITS_TURN, told), *decision.because)), None
