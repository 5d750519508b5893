"""In: a notice about a click, or an event of a request. Out: the messages in Slack, updated."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from drawbridge.approval.announcement import AnnouncingPorts, announce
from drawbridge.approval.notify import Notice, notify
from drawbridge.bootstrap.approvals import approvals, now
from drawbridge.bootstrap.metering import metered
from drawbridge.bootstrap.slack import messenger
from drawbridge.bootstrap.tell_approvers import about, announcements, ledger, slack_channel
from drawbridge.observability import logger
from drawbridge.parsing import read_value


class NoticeInput(Struct, frozen=True, forbid_unknown_fields=True):
    """A notice from ``receive_approval``. No event has this form: whoever may put events on the bus can't send one."""

    notice: Notice


class MentionedRequest(Struct, frozen=True, rename="camel"):
    """All that is trusted of an event: which row of the ledger to read."""

    request_id: Annotated[str, Meta(min_length=1, max_length=200)]


class StatusChangeInput(Struct, frozen=True):
    """The event on the bus, whoever put it there."""

    detail: MentionedRequest


@logger.inject_lambda_context
@metered
def lambda_handler(event: dict[str, Any], context: object) -> None:
    if {"detail", "detail-type"} & event.keys():
        _tell_of(read_value(event, StatusChangeInput).detail.request_id)
        return
    notice = read_value(event, NoticeInput).notice
    text = notify(notice, approvals(), messenger())
    logger.info("told", request_id=notice.request_id, told=text)


def _tell_of(request_id: str) -> None:
    """Have the messages about a request say what the ledger says of it now."""
    channel = slack_channel()
    # Before the row, so that no record that is written meanwhile is taken for an older one than the row.
    before = announcements().announcement(request_id) if channel else None
    reached = ledger().status_reached(request_id)
    if reached is None:
        logger.warning("an event of a request that is not in the ledger", request_id=request_id)
    slack = messenger()
    try:
        text = "" if reached is None else notify(reached, approvals(), slack)
        logger.info("told", request_id=request_id, told=text)
    finally:
        # The question's message is one thing, that of the announcement another: neither keeps the other back.
        if channel:
            ports = AnnouncingPorts(
                channel=channel, announcements=announcements(), messenger=slack, about=about, now=now
            )
            ending = announce(reached, before, ports)
            logger.info("announcement told", request_id=request_id, told=ending)
