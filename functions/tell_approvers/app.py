"""What became of a click, or that something became of a request, in; the message in Slack as it is by now out."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from drawbridge.approval.notify import Notice, StatusReached, notify
from drawbridge.bootstrap.approvals import approvals
from drawbridge.bootstrap.slack import messenger
from drawbridge.bootstrap.tell_approvers import ledger
from drawbridge.observability import logger
from drawbridge.parsing import read_value


class NoticeInput(Struct, frozen=True, forbid_unknown_fields=True):
    """Sent by ``receive_approval``. No event reads as one: whoever may put events on the bus can't say a word here."""

    notice: Notice


class MentionedRequest(Struct, frozen=True, rename="camel"):
    """All that is believed of an event: which row of the ledger to look at."""

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
    """Return what there is to tell: of an event, what the ledger says by now; ``None`` if it has no such request."""
    if not {"detail", "detail-type"} & event.keys():
        return read_value(event, NoticeInput).notice
    request_id = read_value(event, StatusChangeInput).detail.request_id
    reached = ledger().reached(request_id)
    if reached is None:
        logger.warning("an event of a request that is not in the ledger", request_id=request_id)
    return reached
