"""Slack, for the functions that speak to it; a module of its own, because loading it takes a while."""

from drawbridge.bootstrap.approvals import environment, secrets
from drawbridge.slack.messenger import SlackMessenger


def messenger(*, timeout: int = 5, patience: float = 20) -> SlackMessenger:
    return SlackMessenger(
        lambda: secrets().slack().bot_token, environment().slack_api, timeout=timeout, patience=patience
    )
