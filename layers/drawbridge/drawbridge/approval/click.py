"""Reading what Slack sends when somebody clicks, once the signature over its raw bytes is verified."""

import hashlib
import hmac
from datetime import datetime
from typing import Annotated, Any, assert_never
from urllib.parse import parse_qs

from msgspec import Meta, Struct

from drawbridge.approval.answer import ApprovalAnswer
from drawbridge.approval.approvers import Person
from drawbridge.approval.message import APPROVE, DENIAL, DENY, REASON
from drawbridge.errors import InvalidInputError
from drawbridge.parsing import UnreadableError, read_json

WINDOW = 300
"""Seconds that a request may be old, or ahead of our clock: an older one may be replayed."""

_LARGEST = 200_000
"""Bytes; what Slack sends about our messages is a tenth of it."""


class BadSignatureError(InvalidInputError):
    """The request is not from Slack, not for this app, or too old."""


class Approve(Struct, frozen=True):
    """Somebody clicked Approve."""

    answer: ApprovalAnswer
    person: Person
    channel: str = ""


class OpenDenial(Struct, frozen=True):
    """Somebody clicked Deny, and is to be asked for the reason."""

    request_id: str
    asking: str
    person: Person
    trigger_id: str
    channel: str
    ts: str


class Deny(Struct, frozen=True):
    """Somebody gave the reason, and so denied."""

    answer: ApprovalAnswer
    person: Person
    channel: str


class Nothing(Struct, frozen=True):
    """A request that needs only a response: Slack's check of the certificate, or a form that was closed."""

    why: str


Click = Approve | OpenDenial | Deny | Nothing


def request_clicked(click: Click) -> str:
    """Return the id of the request that a click is about; empty if it is about none."""
    match click:
        case Approve(answer) | Deny(answer):
            return answer.request_id
        case OpenDenial(request_id):
            return request_id
        case Nothing():
            return ""
        case _:
            assert_never(click)


def verify(body: bytes, timestamp: str, signature: str, *, secret: str, now: datetime) -> None:
    """Verify that the bytes were signed with our secret, and recently.

    Raises:
        BadSignatureError: they were not.
    """
    if len(body) > _LARGEST:
        raise BadSignatureError("the body is too large")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):  # noqa: PLR2004 - a Unix time
        raise BadSignatureError("X-Slack-Request-Timestamp is no time")
    if abs(now.timestamp() - int(timestamp)) > WINDOW:
        raise BadSignatureError("the request is too old")
    base = b"v0:" + timestamp.encode() + b":" + body
    expected = "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogatepass")):
        raise BadSignatureError("the signature is not ours")


class _User(Struct, frozen=True):
    id: Annotated[str, Meta(max_length=30)]
    team_id: str = ""


class _Team(Struct, frozen=True):
    id: Annotated[str, Meta(max_length=30)]


class _Action(Struct, frozen=True):
    action_id: str
    value: str = ""


class _Container(Struct, frozen=True):
    channel_id: str = ""
    message_ts: str = ""


class _View(Struct, frozen=True):
    callback_id: str = ""
    private_metadata: Annotated[str, Meta(max_length=3000)] = ""
    state: dict[str, Any] = {}


class _Payload(Struct, frozen=True):
    type: str
    user: _User
    team: _Team | None = None
    api_app_id: str = ""
    trigger_id: str = ""
    container: _Container = _Container()
    actions: tuple[_Action, ...] = ()
    view: _View = _View()


def read_click(body: bytes, *, app_id: str = "") -> Click:
    """Read what Slack sent, once it is verified.

    ``app_id``, if given, is the app that it must be for: two apps of a workspace may use one callback URL.

    Raises:
        InvalidInputError: it is not from one of our buttons or forms.
    """
    try:
        form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise InvalidInputError(f"body: {error}") from error
    if "ssl_check" in form:
        return Nothing("ssl_check")
    try:
        payload = read_json(form["payload"][0], _Payload)
    except KeyError:
        raise InvalidInputError("payload: it is missing") from None
    except UnreadableError as error:
        raise InvalidInputError(f"payload: {error}") from error
    if app_id and payload.api_app_id != app_id:
        raise InvalidInputError(f"api_app_id: {payload.api_app_id!r} is not our app")
    person = Person(payload.user.id, payload.team.id if payload.team else payload.user.team_id)
    match payload.type:
        case "block_actions":
            return _of_button(payload, person)
        case "view_submission":
            return _of_form(payload, person)
        case "view_closed":
            return Nothing("view_closed")
        case other:
            raise InvalidInputError(f"type: {other[:50]!r} is nothing that we have")


def _of_button(payload: _Payload, person: Person) -> Click:
    ours = [action for action in payload.actions if action.action_id in {APPROVE, DENY}]
    if not ours:
        raise InvalidInputError("actions: none of them is ours")
    request_id, asking = _question(ours[0].value)
    if ours[0].action_id == APPROVE:
        answer = ApprovalAnswer(request_id=request_id, asking=asking, approve=True)
        return Approve(answer, person, payload.container.channel_id)
    return OpenDenial(
        request_id,
        asking,
        person,
        payload.trigger_id,
        payload.container.channel_id,
        payload.container.message_ts,
    )


def _of_form(payload: _Payload, person: Person) -> Click:
    if payload.view.callback_id != DENIAL:
        raise InvalidInputError("view.callback_id: it is no form of ours")
    parts = payload.view.private_metadata.rsplit("/", 2)
    request_id, asking = _question(parts[0])
    try:
        reason = payload.view.state["values"][REASON][REASON]["value"] or ""
    except (KeyError, TypeError):
        raise InvalidInputError("view.state: the reason is not there") from None
    if not isinstance(reason, str):
        raise InvalidInputError("view.state: the reason is no text")
    answer = ApprovalAnswer(request_id=request_id, asking=asking, approve=False, reason=reason[:500])
    return Deny(answer, person, channel=parts[1] if len(parts) == 3 else "")  # noqa: PLR2004 - value, channel, ts


def _question(value: str) -> tuple[str, str]:
    request_id, _, asking = value.partition("/")
    if not request_id or not asking or len(value) > 300:  # noqa: PLR2004 - far more than any id of ours
        raise InvalidInputError("value: it names no question")
    return request_id, asking
