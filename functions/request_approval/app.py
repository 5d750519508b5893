"""In: a question and a waiting task. Out: nothing, since whoever answers completes the task; or how it was closed."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from drawbridge.approval import Question
from drawbridge.approval.ask import ask, close, remind
from drawbridge.arns import console_link
from drawbridge.bootstrap.approvals import approvals, now
from drawbridge.bootstrap.metering import metered
from drawbridge.bootstrap.request_approval import escalation, history, ports
from drawbridge.observability import log_of_request, logger
from drawbridge.record.history import question_item


class RequestApprovalInput(Struct, frozen=True, kw_only=True, rename="camel", tag_field="do", tag="ask"):
    """Ask; with ``remind`` once more, as half of the time has passed, and with ``quiet`` without Slack."""

    question: Question
    token: Annotated[str, Meta(min_length=1, max_length=2048)]
    execution: str
    how: Literal["ask", "remind", "quiet"] = "ask"


class CloseApprovalInput(Struct, frozen=True, kw_only=True, rename="camel", tag_field="do", tag="close"):
    """Close the question, unless there is an answer by now."""

    question: Question


@logger.inject_lambda_context(clear_state=True)
@metered
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, RequestApprovalInput | CloseApprovalInput)
    log_of_request(step.question.request_id)
    if isinstance(step, CloseApprovalInput):
        return {"approval": msgspec.to_builtins(close(step.question, approvals()))}
    link, channel = console_link(step.execution), ports(quiet=step.how == "quiet")
    if step.how == "remind":
        remind(step.question, step.token, link, channel, escalation=escalation())
    else:
        ask(step.question, step.token, link, channel)
        history().add(question_item(step.question, now().isoformat(timespec="milliseconds")))
    logger.info("asked", asking=step.question.asked.asking, how=step.how)
    return {}
