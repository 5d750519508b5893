"""What ``receive_approval`` works with: nothing that is not needed within Slack's three seconds is loaded with it."""

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
    """Have people told, by a function of its own, without waiting for it."""
    _notices().send(msgspec.json.encode({"notice": notice}))


@cache
def _notices() -> NoticeFunction:
    return NoticeFunction(client("lambda"), environment().tell_approvers)
