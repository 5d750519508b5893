"""The objects of ``receive_approval``: what is not needed within Slack's three seconds is not loaded with them."""

from functools import cache
from typing import Any

import msgspec

from drawbridge.aws.notice_function import NoticeFunction
from drawbridge.bootstrap.approvals import approvals, approvers, callback, environment, now, secrets
from drawbridge.bootstrap.clients import client
from drawbridge.bootstrap.user_groups import members, quick_messenger

__all__ = [
    "approvals",
    "approvers",
    "callback",
    "environment",
    "members",
    "notify_later",
    "now",
    "open_form",
    "secrets",
]


def open_form(trigger_id: str, form: dict[str, Any]) -> None:
    """Open a form in Slack."""
    quick_messenger().open_form(trigger_id, form)


def notify_later(**notice: str) -> None:
    """Have ``tell_approvers`` send the notice, without waiting for it."""
    _notices().send(msgspec.json.encode({"notice": notice}))


@cache
def _notices() -> NoticeFunction:
    return NoticeFunction(client("lambda"), environment().tell_approvers)
