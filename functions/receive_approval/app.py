"""What Slack sends when somebody clicks in; an answer within three seconds out, and what is slow is done after it."""

import base64
from typing import Any, assert_never

from aws_lambda_powertools.metrics import MetricUnit

from drawbridge.approval.answer import Answer, Reply, Result, answer_of_person, words_of
from drawbridge.approval.approvers import Approvers, Person, is_approver
from drawbridge.approval.click import (
    Approve,
    BadSignatureError,
    Click,
    Deny,
    Nothing,
    OpenDenial,
    read_click,
    verify,
)
from drawbridge.approval.message import denial_form
from drawbridge.bootstrap.receive_approval import (
    approvals,
    approvers,
    callback,
    environment,
    members,
    now,
    open_form,
    secrets,
    tell_later,
)
from drawbridge.errors import DrawbridgeError, InvalidInputError
from drawbridge.observability import logger, metrics

_OK: dict[str, Any] = {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": ""}


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    body = _bytes(event)
    headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    try:
        timestamp, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
        verify(body, timestamp, signature, secret=secrets().slack().signing_secret, now=now())
        click = read_click(body, app_id=environment().slack_app_id)
    except BadSignatureError as refused:
        _count("refused")
        logger.warning("refused", reason=str(refused))
        return {"statusCode": 401, "headers": {"content-type": "text/plain"}, "body": "not signed by our app"}
    except InvalidInputError as broken:
        _count("broken")
        logger.warning("not read", reason=str(broken))
        return {"statusCode": 400, "headers": {"content-type": "text/plain"}, "body": str(broken)}
    return _answer(click)


def _answer(click: Click) -> dict[str, Any]:
    match click:
        case Nothing():
            _count("nothing")
        case Approve(answer, person, response_url, channel):
            _take(answer, person, response_url=response_url, channel=channel)
        case OpenDenial():
            _open(click)
        case Deny(answer, person, channel):
            _take(answer, person, channel=channel)
        case _:
            assert_never(click)
    return _OK


def _take(answer: Answer, person: Person, **where: str) -> None:
    configured = _approvers()
    if configured is None:
        reply = Reply(Result.NOT_ALLOWED)
    else:
        reply = answer_of_person(
            answer,
            person,
            approvers=configured,
            members=lambda: members(configured),
            decisions=approvals(),
            callback=callback(),
        )
    _tell(reply, person, configured, **where)


def _open(click: OpenDenial) -> None:
    """Ask for the reason of a denial, if the person may deny it at all: the form opens only within three seconds."""
    configured = _approvers()
    if configured is None or not (
        is_approver(click.person, configured, frozenset()) or is_approver(click.person, configured, members(configured))
    ):
        _tell(Reply(Result.NOT_ALLOWED), click.person, configured, channel=click.channel)
        return
    try:
        open_form(click.trigger_id, denial_form(click.request_id, click.asking, click.channel, click.ts))
    except DrawbridgeError as failed:
        # It opens within three seconds of the click, or not at all: only another click helps.
        logger.warning("form not opened", reason=str(failed))
        _count("denial-not-opened")
        tell_later(
            request_id=click.request_id,
            user=click.person.user_id,
            words="Slack did not open the form for the reason in time. Click Deny once more.",
            response_url="",
            channel=click.channel,
        )
        return
    _count("denial-opened")


def _tell(
    reply: Reply, person: Person, configured: Approvers | None, *, response_url: str = "", channel: str = ""
) -> None:
    """Have what became of an answer told after it was answered: to the person, and in the message."""
    _count(reply.result)
    standing = reply.standing
    request_id = standing.question.request_id if standing else ""
    logger.info("answered", result=reply.result, user=person.user_id, request_id=request_id)
    posted = standing.posted if standing else None
    tell_later(
        request_id=request_id,
        user=person.user_id,
        words="" if reply.result is Result.RECORDED else words_of(reply, configured),
        response_url=response_url,
        channel=channel or (posted.channel if posted else ""),
    )


def _approvers() -> Approvers | None:
    """Give who may decide: nobody, if the parameter can't be read."""
    try:
        return approvers()
    except InvalidInputError as broken:
        logger.error("approvers broken", reason=str(broken))
        _count("configuration-broken")
        return None


def _bytes(event: dict[str, Any]) -> bytes:
    """Give the body as Slack signed it: API Gateway encodes a form in Base64."""
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        try:
            return base64.b64decode(body, validate=True)
        except ValueError:
            return b""
    return str(body).encode("utf-8", "surrogatepass")


def _count(result: str) -> None:
    metrics.add_metric(f"Approvals{result.title().replace('-', '')}", MetricUnit.Count, 1)
