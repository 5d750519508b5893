"""A stand-in for Slack: one workspace, behind Slack's own web API, with people who read and click.

``slack_sdk.WebClient(token, base_url=slack.api_url())`` talks to it; a browser shows it at ``/_local/slack``.

- ``workspace`` is the interface for tests, ``state`` the data; ``people`` are there from the beginning, and ``apps``
  are installed, one for each AWS account.
- ``web_api`` reads calls, ``methods`` carries them out, ``rates`` limits them, ``faults`` makes them fail on purpose.
- ``checks`` and ``block_kit`` are the rules of blocks and views; ``mrkdwn`` formats text and finds its mentions and
  links.
- ``interactions`` are clicks and submissions; ``callbacks`` signs and sends them; ``response_urls`` takes the answers.
- ``page`` is the page for browsers, ``serving`` the routes.
"""

from __future__ import annotations

from local_aws.slack.apps import DEFAULT_NAME, DEFAULT_SCOPES, App
from local_aws.slack.callbacks import Delivered
from local_aws.slack.faults import MethodError, RateLimited, SlackFaults
from local_aws.slack.serving import PREFIX, serve
from local_aws.slack.workspace import (
    APPROVALS,
    ESCALATION,
    NET_ADMINS,
    TEAM_ID,
    Message,
    Workspace,
    api_url,
    serve_at,
    workspace,
)

__all__ = [
    "APPROVALS",
    "DEFAULT_SCOPES",
    "ESCALATION",
    "NET_ADMINS",
    "PREFIX",
    "TEAM_ID",
    "App",
    "Delivered",
    "Message",
    "MethodError",
    "RateLimited",
    "SlackFaults",
    "Workspace",
    "api_url",
    "install",
    "serve",
    "serve_at",
    "workspace",
]


def install(
    account_id: str,
    callback_url: str = "",
    *,
    scopes: tuple[str, ...] = DEFAULT_SCOPES,
    name: str = DEFAULT_NAME,
) -> App:
    """Install the app of an AWS account, or give the installed one a new callback URL."""
    return workspace.install(account_id, callback_url, scopes=scopes, name=name)
