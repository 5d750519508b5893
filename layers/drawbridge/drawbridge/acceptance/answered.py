"""What the function is asked that answers connections, and what it says became of them."""

from typing import Self

from msgspec import Struct

from drawbridge.acceptance import Acceptance, DecideAgain
from drawbridge.errors import DrawbridgeError, ThrottledError
from drawbridge.request import ExecutionInput


class AnswersWanted(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which attempts' connections are to be answered, as is kept of them; a decision never travels here."""

    answer: tuple[ExecutionInput, ...]
    may_answer: bool
    """If not, only what was answered already is recorded."""


class AnswerFailed(Struct, frozen=True, tag="failed", tag_field="outcome"):
    """Nothing is known to have become of it, by the name of one of our errors."""

    error: str
    words: str
    after: float | None = None

    @classmethod
    def by(cls, error: DrawbridgeError) -> Self:
        return cls(type(error).__name__, str(error), error.after if isinstance(error, ThrottledError) else None)


class AnswersGiven(Struct, frozen=True):
    """What became of each, in their order."""

    answers: tuple[Acceptance | DecideAgain | AnswerFailed, ...]


def answers_given(outcomes: list[Acceptance | DecideAgain | DrawbridgeError]) -> AnswersGiven:
    return AnswersGiven(
        tuple(AnswerFailed.by(each) if isinstance(each, DrawbridgeError) else each for each in outcomes)
    )
