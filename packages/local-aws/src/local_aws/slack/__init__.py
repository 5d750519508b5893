"""A stand-in for Slack: one workspace, behind Slack's own web API, with people who read and click.

``slack_sdk.WebClient(token, base_url=slack.api_url())`` talks to it; a browser shows it at ``/_local/slack``.

- ``workspace`` is what tests use, ``state`` what there is; ``people`` are in it from the beginning, and ``apps`` are
  installed in it, one for each AWS account.
- ``web_api`` reads calls, ``methods`` carries them out, ``rates`` holds them back, ``faults`` has them fail on purpose.
- ``checks`` and ``block_kit`` say what blocks and views may be; ``mrkdwn`` says what text comes to: what it mentions,
  and what it links.
- ``interactions`` are clicks and submissions; ``callbacks`` signs and sends them; ``response_urls`` takes the answers.
- ``page`` is what a browser shows, ``serving`` the way in.
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
    """Install the app of an AWS account, or tell the one that is there where its callbacks go from now on."""
    return workspace.install(account_id, callback_url, scopes=scopes, name=name)
