"""The members of the approvers' user groups, cached: a click leaves no time to look them up each time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from drawbridge.approval.approvers import Approvers
from drawbridge.errors import DrawbridgeError, GoneError

_KEPT_FOR = timedelta(minutes=5)
_KEPT_AT_MOST = timedelta(hours=1)
"""If Slack does not answer. While Slack is down nobody clicks: this is for short failures of its web API, and short
enough that nobody who was taken out of a group goes on deciding because a token was revoked."""


class KnownGroupMembers(Protocol):
    """The cache of group members."""

    def members(self, group_id: str) -> tuple[datetime, frozenset[str]] | None:
        """Return when the members were looked up, and the members."""
        ...

    def keep_members(self, group_id: str, members: frozenset[str]) -> None: ...


def members_of(
    approvers: Approvers, groups: KnownGroupMembers, look_up: Callable[[str], frozenset[str]], now: datetime
) -> frozenset[str]:
    """Return the members of all groups, as of five minutes ago at most; as of an hour if they can't be looked up."""
    found: frozenset[str] = frozenset()
    slack_answers = True
    for group in approvers.user_group_ids:
        at, known = groups.members(group) or (None, frozenset())
        if at is not None and now - at < _KEPT_FOR:
            found |= known
            continue
        if at is not None and now - at > _KEPT_AT_MOST:
            known = frozenset()
        try:
            fresh = look_up(group) if slack_answers else known
        except GoneError:
            # A group that is gone has no members.
            fresh = frozenset()
        except DrawbridgeError:
            # Slack waits for our answer, too: there is no time to ask it about another group.
            fresh, slack_answers = known, False
        if slack_answers:
            groups.keep_members(group, fresh)
        found |= fresh
    return found
