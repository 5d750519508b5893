"""What ``request_approval`` works with."""

from drawbridge.approval.ask import AskingPorts, Escalation, SilentMessenger
from drawbridge.bootstrap.approvals import approvals, approvers, callback, environment
from drawbridge.bootstrap.slack import messenger


def ports(*, quiet: bool) -> AskingPorts:
    """Build what asking works with; ``quiet`` tells that Slack is not to be had."""
    return AskingPorts(
        channel=environment().slack_channel,
        approvals=approvals(),
        messenger=SilentMessenger() if quiet else messenger(),
        callback=callback(),
    )


def escalation() -> Escalation:
    """Read who is reminded as well."""
    configured = approvers()
    if configured is None:
        return Escalation()
    return Escalation(channel=configured.escalation_channel or "", group=configured.escalation_group or "")
