"""Answering connections by the decisions that are kept of them, and recording what became of each."""

from collections.abc import Sequence

from msgspec import Struct

from drawbridge.acceptance import Acceptance
from drawbridge.acceptance.answer_all import AnswerPorts, answer_all
from drawbridge.acceptance.answer_all import Outcome as Answered
from drawbridge.acceptance.kept_answer import KeptAnswer, KeptAnswers
from drawbridge.acceptance.plan_answer import DecidedConnection, again
from drawbridge.errors import DrawbridgeError, InvalidInputError
from drawbridge.record.history import GatheredHistory
from drawbridge.record.outcome import Accepted, outcome_of
from drawbridge.record.record import StatusLedger
from drawbridge.record.record_all import StatusBusOfMany, record_all
from drawbridge.request import EndpointConnectionRequest, ExecutionInput


class RecordPorts(Struct, frozen=True, kw_only=True):
    """The ports of recording."""

    ledger: StatusLedger
    history: GatheredHistory
    bus: StatusBusOfMany


def answer_kept(
    executions: Sequence[ExecutionInput], attempts: KeptAnswers, ports: AnswerPorts, records: RecordPorts
) -> list[Answered]:
    """Answer connections as was decided; return what became of each, in their order. What is answered is recorded.

    Safe to repeat: what was answered by a decision that is kept is recorded by it, however long ago that was.
    """
    kept = attempts.kept_answers(executions)
    outcomes: list[Answered] = [again("No decision on it is kept.") for _ in executions]
    asked: dict[int, KeptAnswer] = {
        place: kept[each.execution_name] for place, each in enumerate(executions) if each.execution_name in kept
    }
    decided = [_decided(executions[place], answer) for place, answer in asked.items()]
    for place, outcome in zip(asked, answer_all(decided, ports), strict=True):
        outcomes[place] = outcome
    answered = {place: each for place, each in enumerate(outcomes) if isinstance(each, Acceptance)}
    progress = [
        (
            executions[place],
            outcome_of(
                Accepted(
                    decision=asked[place].decision,
                    acceptance=acceptance,
                    decision_record=asked[place].decision_record,
                    let_in=asked[place].let_in,
                )
            ),
        )
        for place, acceptance in answered.items()
    ]
    changes = record_all(progress, records.ledger, records.history, records.bus)
    for place, recorded in zip(answered, changes, strict=True):
        if isinstance(recorded, DrawbridgeError):
            outcomes[place] = recorded
    return outcomes


def _decided(execution: ExecutionInput, answer: KeptAnswer) -> DecidedConnection:
    if not isinstance(execution.request, EndpointConnectionRequest):
        raise InvalidInputError(f"{execution.request_id} is no connection, and is not answered with others")
    return DecidedConnection(request=execution.request, decision=answer.decision, on=answer.on)
