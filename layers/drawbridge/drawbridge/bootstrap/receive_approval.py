"""What ``receive_approval`` works with: nothing that is not needed within Slack's three seconds is loaded with it."""

from datetime import timedelta
from functools import cache
from typing import Any

import msgspec

from drawbridge.approval.approvers import Approvers
from drawbridge.aws.notices import Notices
from drawbridge.bootstrap.approvals import approvals, approvers, callback, environment, now, secrets
from drawbridge.bootstrap.clients import client
from drawbridge.errors import DrawbridgeError, GoneError

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

_MEMBERS_KEPT_FOR = timedelta(minutes=5)
_MEMBERS_KEPT_AT_MOST = timedelta(days=1)


def members(configured: Approvers) -> frozenset[str]:
    """Give the members of the approvers' user groups, as of five minutes ago at most; of a day if Slack won't say."""
    found: frozenset[str] = frozenset()
    slack_answers = True
    for group in configured.user_group_ids:
        kept = approvals().members(group)
        at, known = kept or (None, frozenset())
        if at is not None and now() - at < _MEMBERS_KEPT_FOR:
            found |= known
            continue
        if at is not None and now() - at > _MEMBERS_KEPT_AT_MOST:
            known = frozenset()
        try:
            fresh = _messenger().members(group) if slack_answers else known
        except GoneError:
            # Nobody is in a group that is no more.
            fresh = frozenset()
        except DrawbridgeError:
            # Slack waits for our answer, too: there is no time to ask it about another group.
            fresh, slack_answers = known, False
        if slack_answers:
            approvals().keep_members(group, fresh)
        found |= fresh
    return found


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
