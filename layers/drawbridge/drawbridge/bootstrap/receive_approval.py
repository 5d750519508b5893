"""What ``receive_approval`` works with: nothing that is not needed within Slack's three seconds is loaded with it."""

from functools import cache
from typing import Any

import msgspec

from drawbridge.approval.approvers import Approvers
from drawbridge.approval.members import members_of
from drawbridge.aws.notices import Notices
from drawbridge.aws.user_groups import UserGroups
from drawbridge.bootstrap.approvals import approvals, approvers, callback, environment, now, secrets
from drawbridge.bootstrap.clients import client, table

__all__ = [
    "approvals",
    "approvers",
    "callback",
    "environment",
    "members",
    "now",
    "open_form",
    "secrets",
    "tell_later",
]


def members(configured: Approvers) -> frozenset[str]:
    """Give the members of the approvers' user groups."""
    groups = UserGroups(table(environment().approvals_table), now=now)
    return members_of(configured, groups, lambda group: _messenger().members(group), now())


def open_form(trigger_id: str, form: dict[str, Any]) -> None:
    """Open a form in Slack."""
    _messenger().open_form(trigger_id, form)


def tell_later(**notice: str) -> None:
    """Have people told, by a function of its own, without waiting for it."""
    _notices().send(msgspec.json.encode({"notice": notice}))


@cache
def _notices() -> Notices:
    return Notices(client("lambda"), environment().tell_approvers)


def _messenger() -> Any:
    # Loaded when it is needed: most clicks need nothing of Slack.
    from drawbridge.bootstrap.slack import messenger  # noqa: PLC0415 - for the time that it takes

    return messenger(timeout=1, patience=0)
