"""Slack's workspace: installed apps, their messages, and people who click and answer.

``app = workspace.install(account_id, callback_url)`` is an app with its token, ``WebClient(app.bot_token,
base_url=api_url())`` talks to it, ``workspace.messages(account_id)`` is what it wrote, and
``workspace.click("U0BOB", ts, "approve")`` is a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from local_aws.slack import block_kit, callbacks, mrkdwn
from local_aws.slack.apps import DEFAULT_NAME, DEFAULT_SCOPES, App
from local_aws.slack.callbacks import Delivered, Signed
from local_aws.slack.mrkdwn import Rendered
from local_aws.slack.people import APPROVALS, ESCALATION, NET_ADMINS, TEAM_ID
from local_aws.slack.state import Message, View
from local_aws.slack.workspace import api_url
from local_aws.slack.workspace import workspace as _workspace

__all__ = [
    "APPROVALS",
    "DEFAULT_NAME",
    "DEFAULT_SCOPES",
    "ESCALATION",
    "NET_ADMINS",
    "TEAM_ID",
    "App",
    "Delivered",
    "Message",
    "Rendered",
    "Signed",
    "View",
    "Workspace",
    "api_url",
    "check_blocks",
    "check_view",
    "rendered",
    "send",
    "texts",
    "workspace",
]


class Workspace(Protocol):
    """The workspace: two channels, four people, and at most one installed app for each AWS account."""

    def install(
        self,
        account_id: str,
        callback_url: str = "",
        *,
        scopes: tuple[str, ...] = DEFAULT_SCOPES,
        name: str = DEFAULT_NAME,
    ) -> App:
        """Install the app of an account in all channels; an installed one keeps token and name and gets the scopes."""

    def app(self, account_id: str) -> App:
        """Return the app of an account.

        Raises:
            KeyError: the account has no app.
        """

    def messages(self, account_id: str | None = None, channel: str | None = None) -> list[Message]:
        """Return the messages in their present form, the oldest first."""

    def views(self, user: str | None = None) -> list[View]:
        """Return the open modals."""

    def click(
        self, user: str, ts: str, action_id: str, *, channel: str | None = None, block_id: str | None = None
    ) -> Delivered:
        """Click a button, and wait for the app's answer.

        Raises:
            InvalidInputError: this user sees no such button.
        """

    def submit(self, user: str, view_id: str, values: Mapping[str, Mapping[str, str | None]]) -> Delivered:
        """Submit a modal: ``values`` is by block and action.

        Raises:
            InvalidInputError: there is no such modal, or Slack itself would not let it be submitted so.
        """

    def block_actions(self, user: str, ts: str, action_id: str, *, channel: str | None = None) -> dict[str, Any]:
        """Return the payload of a click without sending it, to change it, or to send it late or twice."""

    def signed(
        self, account_id: str, payload: Mapping[str, Any] | bytes, *, secret: str | None = None, at: float | None = None
    ) -> Signed:
        """Sign a payload or body for the account's app, by default with its own secret and at the present time."""


workspace: Workspace = _workspace
"""This process's workspace."""


def send(request: Signed, *, within: float = callbacks.ACKNOWLEDGED_WITHIN) -> Delivered:
    """Send a request as Slack does, even an altered one, and wait so many real seconds for the answer."""
    return callbacks.send(request, within=within)


def check_blocks(blocks: Sequence[Mapping[str, Any]]) -> None:
    """Check a message's blocks by Slack's rules.

    Raises:
        SlackError: Slack would refuse them.
    """
    block_kit.read_blocks(blocks)


def check_view(view: Mapping[str, Any]) -> None:
    """Check a modal by Slack's rules.

    Raises:
        SlackError: Slack would refuse it.
    """
    block_kit.read_view(view)


def texts(block: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all text objects of a block, at any depth."""
    return list(block_kit.texts(block))


def rendered(text: Mapping[str, Any], now: datetime) -> Rendered:
    """Return a text object as people see it: its HTML, mentions and links."""
    return mrkdwn.render_object(text, mrkdwn.WorkspaceNames(), now)
