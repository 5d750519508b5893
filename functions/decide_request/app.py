"""In: tasks, each with a request and how its last question ended; or one of these by itself.

Out: the decision, with the question that is to be asked, if any. Of a task's connection, also what became of it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from drawbridge.approval import Approval
from drawbridge.approval.decide_all import DecidedRequest, RequestToDecide, Result, decide_all
from drawbridge.approval.decide_request import RequestDecision, decide_request
from drawbridge.bootstrap.decide_request import batch_ports, door_ports, evaluation_time, ports
from drawbridge.bootstrap.metering import metered
from drawbridge.decision import AlreadyResolved
from drawbridge.errors import DrawbridgeError, InvalidInputError
from drawbridge.observability import Metric, count, log_of_request, logger
from drawbridge.pacing.door import Again, Outcome, TaskDone, TaskFailed, outcome_by, work_through
from drawbridge.pacing.task import Task
from drawbridge.request import ExecutionInput

MOST = 100
"""Tasks of one go: their connections share calls."""

OUTDATED = "DecisionOutdated"
"""The error of what was decided again and again, and was never as it was decided on."""


class DecideRequestInput(ExecutionInput, frozen=True, kw_only=True, rename="camel"):
    approval: Approval | None = None


class DecideTask(Struct, frozen=True):
    approval: Approval | None = None


@logger.inject_lambda_context(clear_state=True)
@metered
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    if "Records" in event:
        return work_through(event, DecideTask, _decide_tasks, door_ports(lambda: _time_left(context)), most=MOST)
    # As executions ask that began before there was a queue.
    step = msgspec.convert(event, DecideRequestInput)
    log_of_request(step.request_id)
    decision = decide_request(step, step.approval, ports(), evaluation_time)
    _note(step, decision)
    decided: dict[str, Any] = msgspec.to_builtins(decision)
    return decided


def _time_left(context: Any) -> float:
    return float(context.get_remaining_time_in_millis()) / 1000


def _decide_tasks(tasks: Sequence[Task[DecideTask]]) -> Iterator[tuple[Task[DecideTask], Outcome]]:
    asked: list[tuple[Task[DecideTask], RequestToDecide]] = []
    for task in tasks:
        if task.message.execution is None:
            yield task, TaskFailed.by(InvalidInputError("task: it is of no execution"))
        else:
            asked.append((task, RequestToDecide(task.message.execution, task.input.approval)))
    results = decide_all([each for _, each in asked], batch_ports(), evaluation_time)
    for (task, each), result in zip(asked, results, strict=True):
        yield task, _outcome(each.execution, result)


def _outcome(execution: ExecutionInput, result: Result) -> Outcome:
    match result:
        case DecidedRequest(decision, acceptance):
            _note(execution, decision)
            accepted = None if acceptance is None else {"acceptance": acceptance}
            return TaskDone({"decided": decision, "accepted": accepted})
        case DrawbridgeError():
            logger.warning("not decided", request_id=execution.request_id, reason=str(result))
            return outcome_by(result)
        case again:
            why = again.because[0].text
            logger.info("decided again", request_id=execution.request_id, reason=why)
            return Again(why, error=OUTDATED)


def _note(execution: ExecutionInput, decision: RequestDecision) -> None:
    """Note a decision in the log and in the metrics."""
    # By policy in the log alone: there may be any number of policies.
    policies = ", ".join(sorted(decision.decision_record.determined_by)) if decision.decision_record else ""
    decided: dict[str, Any] = msgspec.to_builtins(decision.decision)
    logger.info("decided", request_id=execution.request_id, decision=decided, policies=policies)
    if not isinstance(decision.decision, AlreadyResolved):
        count(Metric.DECISIONS, outcome=decided["outcome"])
