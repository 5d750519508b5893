"""In: what Slack sends when somebody clicks. Out: a response within three seconds; what is slow is done after it."""

from typing import Any

import msgspec

from drawbridge.approval.approvers import Approvers
from drawbridge.approval.click import BadSignatureError, read_click, request_clicked, verify
from drawbridge.approval.receive import ApprovalPorts, receive
from drawbridge.bootstrap.metering import metered
from drawbridge.bootstrap.receive_approval import (
    approvals,
    approvers,
    callback,
    environment,
    members,
    notify_later,
    now,
    open_form,
    secrets,
)
from drawbridge.errors import InvalidInputError
from drawbridge.http_event import body_of, headers_of
from drawbridge.observability import Metric, count, log_of_request, logger

_OK: dict[str, Any] = {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": ""}


@logger.inject_lambda_context(clear_state=True)
@metered
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    # The signature is over the very bytes that Slack sent.
    body, headers = body_of(event), headers_of(event)
    try:
        timestamp, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
        verify(body, timestamp, signature, secret=secrets().slack().signing_secret, now=now())
        click = read_click(body, app_id=environment().slack_app_id)
    except BadSignatureError as refused:
        count(Metric.APPROVALS_REFUSED)
        logger.warning("refused", reason=str(refused))
        return {"statusCode": 401, "headers": {"content-type": "text/plain"}, "body": "not signed by our app"}
    except InvalidInputError as broken:
        count(Metric.APPROVALS_REFUSED)
        logger.warning("not read", reason=str(broken))
        return {"statusCode": 400, "headers": {"content-type": "text/plain"}, "body": str(broken)}
    if request_id := request_clicked(click):
        log_of_request(request_id)
    ports = ApprovalPorts(
        approvers=_approvers,
        members=members,
        decisions=approvals(),
        callback=callback(),
        open_form=open_form,
        notify_later=notify_later,
    )
    received = receive(click, ports)
    logger.info("received", **msgspec.to_builtins(received))
    return _OK


def _approvers() -> Approvers | None:
    """Return the approvers; ``None`` if the parameter can't be read."""
    try:
        return approvers()
    except InvalidInputError as broken:
        logger.error("approvers broken", reason=str(broken))
        count(Metric.CONFIGURATION_BROKEN)
        return None
