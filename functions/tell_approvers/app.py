"""In: a notice about a click, an event of a request, or an alarm. Out: the messages in Slack, posted or updated."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from drawbridge.approval.alarm_message import AlarmChange, alarm_message
from drawbridge.approval.announcement import AnnouncingPorts, announce
from drawbridge.approval.notify import Notice, notify
from drawbridge.bootstrap.approvals import approvals, now
from drawbridge.bootstrap.metering import metered
from drawbridge.bootstrap.slack import messenger
from drawbridge.bootstrap.tell_approvers import about, announcements, ledger, slack_channel
from drawbridge.observability import log_of_request, logger
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


class AlarmInput(Struct, frozen=True):
    """CloudWatch's event, by a rule on its own bus: nobody else puts events there in its name."""

    detail: AlarmChange


_ALARM = "CloudWatch Alarm State Change"


@logger.inject_lambda_context(clear_state=True)
@metered
def lambda_handler(event: dict[str, Any], context: object) -> None:
    if event.get("detail-type") == _ALARM:
        _tell_of_alarm(read_value(event, AlarmInput).detail)
        return
    if {"detail", "detail-type"} & event.keys():
        _tell_of(read_value(event, StatusChangeInput).detail.request_id)
        return
    notice = read_value(event, NoticeInput).notice
    log_of_request(notice.request_id)
    text = notify(notice, approvals(), messenger())
    logger.info("told", told=text)


def _tell_of_alarm(change: AlarmChange) -> None:
    """Post what the alarm says; an event that is delivered twice is told twice, rather than not at all."""
    channel = slack_channel()
    if channel:
        messenger().post(channel, alarm_message(change))
    logger.info("alarm told", alarm=change.alarm_name, state=change.state.value, told=bool(channel))


def _tell_of(request_id: str) -> None:
    """Have the messages about a request say what the ledger says of it now."""
    log_of_request(request_id)
    channel = slack_channel()
    # Before the row, so that no record that is written meanwhile is taken for an older one than the row.
    before = announcements().announcement(request_id) if channel else None
    reached = ledger().status_reached(request_id)
    if reached is None:
        logger.warning("an event of a request that is not in the ledger")
    slack = messenger()
    try:
        text = "" if reached is None else notify(reached, approvals(), slack)
        logger.info("told", told=text)
    finally:
        # The question's message is one thing, that of the announcement another: neither keeps the other back.
        if channel:
            ports = AnnouncingPorts(
                channel=channel, announcements=announcements(), messenger=slack, about=about, now=now
            )
            ending = announce(reached, before, ports)
            logger.info("announcement told", told=ending)
