"""What became of a click, or of a request, in; the message in Slack as it is by now out."""

from typing import Any

import msgspec
from msgspec import Struct

from drawbridge.approval.tell import Notice, StatusReached, tell
from drawbridge.bootstrap.approvals import approvals
from drawbridge.bootstrap.slack import messenger
from drawbridge.observability import logger


class Clicked(Struct, frozen=True):
    """Sent by ``receive_approval``."""

    notice: Notice


class StatusEvent(Struct, frozen=True):
    """The event on the bus."""

    detail: StatusReached


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: object) -> None:
    what = msgspec.convert(event, Clicked).notice if "notice" in event else msgspec.convert(event, StatusEvent).detail
    told = tell(what, approvals(), messenger())
    logger.info("told", request_id=what.request_id, told=told)
