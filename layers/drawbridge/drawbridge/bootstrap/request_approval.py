"""The objects of ``request_approval``."""

from functools import cache

from drawbridge.approval.ask import AskingPorts, Escalation, SilentMessenger
from drawbridge.aws.history_table import HistoryTable
from drawbridge.bootstrap.approvals import approvals, approvers, callback, environment
from drawbridge.bootstrap.history import history as build_history
from drawbridge.bootstrap.slack import messenger


def ports(*, quiet: bool) -> AskingPorts:
    """Return the ports of asking; ``quiet`` leaves Slack out."""
    return AskingPorts(
        channel=environment().slack_channel,
        approvals=approvals(),
        messenger=SilentMessenger() if quiet else messenger(),
        callback=callback(),
    )


@cache
def history() -> HistoryTable:
    return build_history(environment())


def escalation() -> Escalation:
    """Return who is reminded besides those who were asked."""
    configured = approvers()
    if configured is None:
        return Escalation()
    return Escalation(channel=configured.escalation_channel or "", group=configured.escalation_group or "")
