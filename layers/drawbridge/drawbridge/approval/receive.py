"""Receiving a click: the answer is recorded at once; people are notified after Slack has its response."""

from collections.abc import Callable
from typing import Any, assert_never

from msgspec import Struct

from drawbridge.approval.answer import AnswerRecords, AnswerResult, ApprovalAnswer, Reply, answer_of_person, reply_text
from drawbridge.approval.approvers import Approvers, Person, is_approver
from drawbridge.approval.ask import Callback
from drawbridge.approval.click import Approve, Click, Deny, Nothing, OpenDenial
from drawbridge.approval.message import denial_form
from drawbridge.errors import DrawbridgeError


class Received(Struct, frozen=True):
    """What became of a click, for the log."""

    result: str
    user_id: str = ""
    trouble: str = ""


class ApprovalPorts(Struct, frozen=True, kw_only=True):
    """The ports of receiving clicks."""

    approvers: Callable[[], Approvers | None]
    """Returns ``None`` if no approvers are configured correctly: then nobody may decide."""
    members: Callable[[Approvers], frozenset[str]]
    """Called only if the list of users does not have the person."""
    decisions: AnswerRecords
    callback: Callback
    open_form: Callable[[str, dict[str, Any]], None]
    """Called with a trigger id, within three seconds of the click; raises ``DrawbridgeError`` if it did not open."""
    notify_later: Callable[..., None]
    """Called with the fields of a ``Notice``, which is sent without waiting for it."""


def receive(click: Click, ports: ApprovalPorts) -> Received:
    """Do what a click asks; no click is an error."""
    match click:
        case Nothing():
            return Received("nothing")
        case Approve(answer, person, channel) | Deny(answer, person, channel):
            return _take(answer, person, channel, ports)
        case OpenDenial():
            return _open(click, ports)
        case _:
            assert_never(click)


def _take(answer: ApprovalAnswer, person: Person, channel: str, ports: ApprovalPorts) -> Received:
    approvers = ports.approvers()
    if approvers is None:
        return _notify(Reply(AnswerResult.NOT_ALLOWED), person, channel, None, ports)
    reply = answer_of_person(
        answer,
        person,
        approvers=approvers,
        members=lambda: ports.members(approvers),
        decisions=ports.decisions,
        callback=ports.callback,
    )
    return _notify(reply, person, channel, approvers, ports)


def _open(click: OpenDenial, ports: ApprovalPorts) -> Received:
    """Ask for the reason of a denial, if the person may deny it at all."""
    approvers, person = ports.approvers(), click.person
    if approvers is None or not (
        is_approver(person, approvers, frozenset()) or is_approver(person, approvers, ports.members(approvers))
    ):
        return _notify(Reply(AnswerResult.NOT_ALLOWED), person, click.channel, approvers, ports)
    try:
        form = denial_form(click.request_id, click.asking, click.channel, click.ts)
        ports.open_form(click.trigger_id, form)
    except DrawbridgeError as failed:
        # It opens within three seconds of the click, or not at all: only another click helps.
        words = "Slack did not open the form for the reason in time. Click Deny once more."
        ports.notify_later(request_id=click.request_id, user=person.user_id, words=words, channel=click.channel)
        return Received("denial-not-opened", person.user_id, str(failed))
    return Received("denial-opened", person.user_id)


def _notify(reply: Reply, person: Person, channel: str, approvers: Approvers | None, ports: ApprovalPorts) -> Received:
    """Have the person and the message notified of what became of an answer, after the response to Slack."""
    record = reply.approval_record
    request_id = record.question.request_id if record else ""
    posted = record.posted if record else None
    ports.notify_later(
        request_id=request_id,
        user=person.user_id,
        words="" if reply.result is AnswerResult.RECORDED else reply_text(reply, approvers),
        channel=channel or (posted.channel if posted else ""),
    )
    return Received(reply.result, person.user_id)
