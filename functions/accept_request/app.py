"""In: a request and the decision on it, or attempts of which decisions are kept. Out: what became of each."""

from typing import Any

import msgspec
from msgspec import Struct

from drawbridge.acceptance.accept import accept
from drawbridge.acceptance.answer_all import AnswerPorts
from drawbridge.acceptance.answered import AnswersWanted, answers_given
from drawbridge.bootstrap.accept_request import attempts, connections, consumers, ledger, now, pace, records, shares
from drawbridge.bootstrap.metering import metered
from drawbridge.decision import ActionableDecision, DecidedOn
from drawbridge.observability import log_of_request, logger
from drawbridge.record.answer_kept import answer_kept
from drawbridge.request import ExecutionInput


class AcceptRequestInput(Struct, frozen=True):
    execution: ExecutionInput = msgspec.field(name="request")
    decision: ActionableDecision
    on: DecidedOn


@logger.inject_lambda_context(clear_state=True)
@metered
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    if "answer" in event:
        return _answer_all(msgspec.convert(event, AnswersWanted), context)
    step = msgspec.convert(event, AcceptRequestInput)
    log_of_request(step.execution.request_id)
    request = step.execution.request
    acceptance = accept(
        request,
        step.decision,
        step.on,
        shares(),
        connections(),
        commands=ledger(),
        consumers=consumers,
        now=now(),
    )
    logger.info("answered", acceptance=msgspec.to_builtins(acceptance))
    return {"acceptance": msgspec.to_builtins(acceptance)}


def _answer_all(wanted: AnswersWanted, context: Any) -> dict[str, Any]:
    ports = AnswerPorts(
        connections=connections(),
        commanded=ledger().commanded,
        consumers=consumers().consumers,
        now=now,
        pace=pace(lambda: float(context.get_remaining_time_in_millis()) / 1000),
        may_answer=wanted.may_answer,
    )
    given = answers_given(answer_kept(wanted.answer, attempts(), ports, records()))
    for execution, answer in zip(wanted.answer, given.answers, strict=True):
        logger.info("answered", request_id=execution.request_id, acceptance=msgspec.to_builtins(answer))
    answers: dict[str, Any] = msgspec.to_builtins(given)
    return answers
