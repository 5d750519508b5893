"""A decision on a connection that is kept before it is answered: who dies in between leaves what it was done by."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec
from msgspec import Struct

from drawbridge.decision import ActionableDecision, DecidedOn
from drawbridge.decision.decision_record import DecisionRecord
from drawbridge.decision.let_in import LetIn
from drawbridge.request import ExecutionInput


class KeptAnswer(Struct, frozen=True, kw_only=True):
    """How a connection is to be answered, and all that is recorded once it is."""

    decision: ActionableDecision
    on: DecidedOn
    decision_fingerprint: str = msgspec.field(default="", name="permitted")
    decision_record: DecisionRecord | None = msgspec.field(default=None, name="grounds")
    let_in: LetIn | None = None


class KeptAnswers(Protocol):
    """What is kept of attempts."""

    def kept_answers(self, executions: Sequence[ExecutionInput]) -> Mapping[str, KeptAnswer]:
        """Return the answers that are kept, by the names of the attempts, read consistently."""
        ...


class AnswerKeeper(KeptAnswers, Protocol):
    """Where answers are kept."""

    def keep_answers(self, answers: Sequence[tuple[ExecutionInput, KeptAnswer]]) -> None:
        """Keep answers, each instead of what is kept of its attempt."""
        ...

    def forget_answers(self, executions: Sequence[ExecutionInput]) -> None:
        """Have nothing kept of these attempts any more."""
        ...
