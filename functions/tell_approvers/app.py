"""In: a notice about a click, or an event of a request. Out: the message in Slack, updated."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from drawbridge.approval.notify import Notice, StatusReached, notify
from drawbridge.bootstrap.approvals import approvals
from drawbridge.bootstrap.slack import messenger
from drawbridge.bootstrap.tell_approvers import ledger
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
def lambda_handler(event: dict[str, Any], context: object) -> None:
    what = _what(event)
    if what is None:
        return
    text = notify(what, approvals(), messenger())
    logger.info("told", request_id=what.request_id, told=text)


def _what(event: dict[str, Any]) -> Notice | StatusReached | None:
    """Return the notice, or for an event the status that the ledger has now; ``None`` if it has no such request."""
    if not {"detail", "detail-type"} & event.keys():
        return read_value(event, NoticeInput).notice
    request_id = read_value(event, StatusChangeInput).detail.request_id
    reached = ledger().status_reached(request_id)
    if reached is None:
        logger.warning("an event of a request that is not in the ledger", request_id=request_id)
    return reached
