"""Deciding on many requests, and having the connections among them answered together.

A decision is kept before it is answered. So whoever dies in between is followed by one who finds it: what was answered
is recorded by the decision that it was answered by, and no approver is asked about it again.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import msgspec
from msgspec import Struct

from drawbridge.acceptance import Acceptance, DecideAgain
from drawbridge.acceptance.kept_answer import AnswerKeeper, KeptAnswer
from drawbridge.approval import Approval
from drawbridge.approval.decide_batch import at_one_time, ports_of_batch
from drawbridge.approval.decide_request import DecisionPorts, RequestDecision, decide_request
from drawbridge.decision import Accept, Keep, Reject
from drawbridge.decision.facts import EvaluationTime
from drawbridge.decision.gather_batch import BatchReads
from drawbridge.decision.recorded import BatchLedger
from drawbridge.errors import DrawbridgeError
from drawbridge.request import EndpointConnectionRequest, ExecutionInput

Answered = Acceptance | DecideAgain | DrawbridgeError


class RequestToDecide(Struct, frozen=True):
    """A request to decide on, and how its last question ended, if there was one."""

    execution: ExecutionInput
    approval: Approval | None = None


class DecidedRequest(Struct, frozen=True):
    """What was decided, and what became of it if it was a connection's to be answered: that is recorded."""

    decision: RequestDecision
    acceptance: Acceptance | None = None


Result = DecidedRequest | DecideAgain | DrawbridgeError


class Answers(Protocol):
    """What answers connections."""

    def answer(self, executions: Sequence[ExecutionInput], *, may_answer: bool) -> Sequence[Answered]:
        """Answer connections as is kept of them, and record it; return what became of each, in their order.

        Unless it may answer, only what was answered already is recorded, and all else is ``DecideAgain``.

        Raises:
            DrawbridgeError: it is not known what became of any.
        """
        ...


class BatchPorts(Struct, frozen=True, kw_only=True):
    """The ports of deciding on many requests."""

    ports: DecisionPorts
    reads: BatchReads
    ledger: BatchLedger
    attempts: AnswerKeeper
    answers: Answers


def decide_all(
    asked: Sequence[RequestToDecide], batch: BatchPorts, evaluation_time: Callable[[], EvaluationTime]
) -> list[Result]:
    """Decide on each as it would be decided alone; return what came of each, or its error, in their order.

    Connections that are to be accepted, rejected or kept are answered. ``DecideAgain`` is what is to come again: it was
    decided too long ago, or on what is not so any more.
    """
    results: dict[int, Result] = {}
    connections = [
        place for place, each in enumerate(asked) if isinstance(each.execution.request, EndpointConnectionRequest)
    ]
    earlier = _kept(asked, connections, batch, results)
    # What an earlier try may have answered is recorded by what it had decided, before anything is decided anew.
    results |= _answered(asked, earlier, batch, may_answer=False)
    to_decide = [
        place for place in range(len(asked)) if place not in results or isinstance(results[place], DecideAgain)
    ]
    decided = _decided(asked, to_decide, batch, evaluation_time, results)
    to_answer = {
        place: answer
        for place, decision in decided.items()
        if place in connections and (answer := _answer_of(decision)) is not None
    }
    results |= {place: DecidedRequest(decision) for place, decision in decided.items()}
    results |= _forgotten(asked, (earlier.keys() & decided.keys()) - to_answer.keys(), batch)
    results |= _kept_and_answered(asked, to_answer, batch)
    return [results[place] for place in range(len(asked))]


def _kept(
    asked: Sequence[RequestToDecide], places: Sequence[int], batch: BatchPorts, results: dict[int, Result]
) -> dict[int, KeptAnswer]:
    """Return what is kept of earlier tries; note the error of those of which that is not known."""
    if not places:
        return {}
    try:
        kept = batch.attempts.kept_answers([asked[place].execution for place in places])
    except DrawbridgeError as error:
        results |= dict.fromkeys(places, error)
        return {}
    names = {place: asked[place].execution.execution_name for place in places}
    return {place: kept[name] for place, name in names.items() if name in kept}


def _decided(
    asked: Sequence[RequestToDecide],
    places: Sequence[int],
    batch: BatchPorts,
    evaluation_time: Callable[[], EvaluationTime],
    results: dict[int, Result],
) -> dict[int, RequestDecision]:
    """Return the decisions; note the errors of those that could not be decided."""
    executions = [asked[place].execution for place in places]
    ports = ports_of_batch(executions, batch.ports, batch.reads, batch.ledger)
    now = at_one_time(evaluation_time)
    decided: dict[int, RequestDecision] = {}
    for place in places:
        try:
            decided[place] = decide_request(asked[place].execution, asked[place].approval, ports, now)
        except DrawbridgeError as error:
            results[place] = error
    return decided


def _forgotten(asked: Sequence[RequestToDecide], places: Collection[int], batch: BatchPorts) -> dict[int, Result]:
    """Forget what was decided and never done, and is decided otherwise by now; return the errors."""
    try:
        if places:
            batch.attempts.forget_answers([asked[place].execution for place in places])
    except DrawbridgeError as error:
        return dict.fromkeys(places, error)
    return {}


def _kept_and_answered(
    asked: Sequence[RequestToDecide], answers: dict[int, KeptAnswer], batch: BatchPorts
) -> dict[int, Result]:
    if not answers:
        return {}
    try:
        batch.attempts.keep_answers([(asked[place].execution, answer) for place, answer in answers.items()])
    except DrawbridgeError as error:
        return dict.fromkeys(answers, error)
    return _answered(asked, answers, batch, may_answer=True)


def _answered(
    asked: Sequence[RequestToDecide], answers: dict[int, KeptAnswer], batch: BatchPorts, *, may_answer: bool
) -> dict[int, Result]:
    if not answers:
        return {}
    try:
        outcomes = batch.answers.answer([asked[place].execution for place in answers], may_answer=may_answer)
    except DrawbridgeError as error:
        return dict.fromkeys(answers, error)
    return {
        place: DecidedRequest(_decision_of(answers[place]), each) if isinstance(each, Acceptance) else each
        for place, each in zip(answers, outcomes, strict=True)
    }


def _answer_of(decided: RequestDecision) -> KeptAnswer | None:
    """Return how a connection is to be answered; ``None`` if it is not, or a person is asked first."""
    if not isinstance(decided.decision, Accept | Reject | Keep) or decided.on is None or decided.question is not None:
        return None
    return KeptAnswer(
        decision=decided.decision,
        on=decided.on,
        decision_fingerprint=decided.decision_fingerprint,
        decision_record=decided.decision_record,
        let_in=decided.let_in,
    )


def _decision_of(answer: KeptAnswer) -> RequestDecision:
    return RequestDecision(**msgspec.structs.asdict(answer))
