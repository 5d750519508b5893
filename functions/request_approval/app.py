"""A question and a task that waits in, nothing out: whoever answers completes the task."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from drawbridge.approval import Question
from drawbridge.approval.ask import ask, close, remind
from drawbridge.arns import console_link
from drawbridge.bootstrap.approvals import approvals
from drawbridge.bootstrap.request_approval import escalation, ports
from drawbridge.observability import logger


class RequestApprovalInput(Struct, frozen=True, kw_only=True, rename="camel", tag_field="do", tag="ask"):
    """Ask; ``remind`` tells that half of the time has passed, ``quiet`` that Slack is not to be had."""

    question: Question
    token: Annotated[str, Meta(min_length=1, max_length=2048)]
    execution: str
    how: Literal["ask", "remind", "quiet"] = "ask"


class CloseApprovalInput(Struct, frozen=True, kw_only=True, rename="camel", tag_field="do", tag="close"):
    """End the question without an answer, unless there is one by now."""

    question: Question


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, RequestApprovalInput | CloseApprovalInput)
    if isinstance(step, CloseApprovalInput):
        return {"approval": msgspec.to_builtins(close(step.question, approvals()))}
    link, channel = console_link(step.execution), ports(quiet=step.how == "quiet")
    if step.how == "remind":
        remind(step.question, step.token, link, channel, escalation=escalation())
    else:
        ask(step.question, step.token, link, channel)
    logger.info("asked", request_id=step.question.request_id, asking=step.question.asked.asking, how=step.how)
    return {}
