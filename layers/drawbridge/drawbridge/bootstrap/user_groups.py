"""The members of the approvers' user groups, for the functions that need them."""

from typing import Any

from drawbridge.approval.approvers import Approvers
from drawbridge.approval.members import members_of
from drawbridge.aws.user_group_items import UserGroupItems
from drawbridge.bootstrap.approvals import environment, now
from drawbridge.bootstrap.clients import table


def members(configured: Approvers) -> frozenset[str]:
    """Return the members of the approvers' user groups."""
    groups = UserGroupItems(table(environment().approvals_table), now=now)
    return members_of(configured, groups, lambda group: quick_messenger().members(group), now())


def quick_messenger() -> Any:
    """Return a messenger that does not wait for Slack."""
    # Loaded when it is needed: most clicks need nothing of Slack.
    from drawbridge.bootstrap.slack import messenger  # noqa: PLC0415 - for the time that it takes

    return messenger(timeout=1, patience=0)
