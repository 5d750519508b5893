"""``drawbridge approve`` and ``deny``: answering without Slack, by IAM, with the same approval record."""

from typing import Annotated

import typer

from drawbridge.approval.answer import AnswerResult, ApprovalAnswer, Reply, take
from drawbridge.approval.ask import ApprovalRecord
from drawbridge.approval.outcomes import outcome_text
from drawbridge.errors import InvalidInputError
from drawbridge.legible import legible
from drawbridge_cli.explanation import lines_of
from drawbridge_cli.named_requests import NAMED, the_request
from drawbridge_cli.options import Json
from drawbridge_cli.screen import ask, check_that_nobody_is_asked, complain, say, show_json
from drawbridge_cli.stack import Stack

Request = Annotated[str, typer.Argument(help=NAMED)]
Reason = Annotated[str, typer.Option(help="Why; kept in the record.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


def approve(
    context: typer.Context, request: Request, reason: Reason = "", yes: Yes = False, as_json: Json = False
) -> None:
    """Approve what a request asks. Exit code 1: there is nothing, or nothing any more, to decide."""
    _answer(context.obj, request, approve=True, reason=reason, yes=yes, as_json=as_json)


def deny(
    context: typer.Context, request: Request, reason: Reason = "", yes: Yes = False, as_json: Json = False
) -> None:
    """Deny what a request asks. Exit code 1: there is nothing, or nothing any more, to decide."""
    _answer(context.obj, request, approve=False, reason=reason, yes=yes, as_json=as_json)


def _answer(stack: Stack, request: str, *, approve: bool, reason: str, yes: bool, as_json: bool) -> None:
    check_that_nobody_is_asked(as_json=as_json, yes=yes)
    if len(reason) > _LONGEST:
        raise InvalidInputError(f"--reason: {len(reason)} characters, {_LONGEST} at most")
    entry = the_request(stack, request)
    record = stack.approvals.approval_record(entry.request_id)
    if record is None:
        complain(f"{entry.request_id} is {entry.status}: nobody is, or was, asked about it")
        raise typer.Exit(1)
    if not as_json:
        _show(record)
    if record.approval is None and not yes:
        ask("Approve?" if approve else "Deny?")
    # The question that was shown, and no other one that may be asked meanwhile.
    asking = record.question.asked.asking
    answer = ApprovalAnswer(request_id=entry.request_id, asking=asking, approve=approve, reason=reason)
    reply = take(answer, stack.caller(), record, stack.approvals, stack.callback)
    if as_json:
        show_json({"result": reply.result, "requestId": entry.request_id, "standing": _how(reply)})
    else:
        say(_WORDS[reply.result].format(_how(reply)), "good" if reply.result in _TAKEN else "bad")
    if reply.result not in _TAKEN:
        raise typer.Exit(1)


_LONGEST = 500
_TAKEN = frozenset({AnswerResult.RECORDED, AnswerResult.SECOND_NEEDED})
_WORDS = {
    AnswerResult.RECORDED: "recorded: {}",
    AnswerResult.SECOND_NEEDED: "recorded; a second person has to approve too",
    AnswerResult.AGAIN: "you approved this already; a second person has to approve too",
    AnswerResult.DECIDED_ALREADY: "decided already: {}",
    AnswerResult.OUTDATED: "something changed, and it is asked again: look once more, then answer that",
    AnswerResult.NOT_ALLOWED: "not allowed",
    AnswerResult.OWN_REQUEST: "not allowed",
    AnswerResult.UNKNOWN: "there is nothing to decide any more",
}


def _how(reply: Reply) -> str:
    approval = reply.approval_record.approval if reply.approval_record else None
    return outcome_text(approval) if approval else "open"


def _show(record: ApprovalRecord) -> None:
    question = record.question
    say(f"{question.title} of {question.account_id}", "title")
    for change in question.changed:
        say(f"  changed: {legible(change)}", "doubtful")
    for line in question.asked.lines:
        say(f"  {line.label:<13} {legible(line.text, _LONGEST)}")
    say("asked because", "title")
    for text in lines_of(question.why):
        say(f"  {text}")
    say("on approval", "title")
    for effect in question.effects:
        say(f"  {legible(effect)}")
    say(f"decide by {question.asked.deadline:%Y-%m-%d %H:%M} UTC")
    if record.approved_by:
        say(f"approved so far by {', '.join(record.approved_by)}")
