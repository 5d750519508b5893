"""The workspace, as tests and the page use it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from local_aws.moto_extension import tables
from local_aws.slack import interactions
from local_aws.slack.apps import DEFAULT_NAME, DEFAULT_SCOPES, App, new_app
from local_aws.slack.callbacks import Delivered, Signed, form_of, send, sign
from local_aws.slack.faults import SlackFaultsInForce
from local_aws.slack.people import APPROVALS, CHANNELS, ESCALATION, NET_ADMINS, TEAM_ID, USERS
from local_aws.slack.state import Json, Message, State, View, described

__all__ = [
    "APPROVALS",
    "CHANNELS",
    "ESCALATION",
    "NET_ADMINS",
    "TEAM_ID",
    "USERS",
    "Message",
    "View",
    "Workspace",
    "api_url",
    "serve_at",
    "site_url",
    "workspace",
]

_site = ""


def serve_at(url: str) -> None:
    """Set the URL of the local AWS."""
    global _site  # noqa: PLW0603 - one process, one address
    _site = f"{url}/_local/slack"


def site_url() -> str:
    return _site


def api_url() -> str:
    """Return the base URL of the web API, as slack_sdk takes it."""
    return f"{_site}/api/"


class Workspace:
    """People, channels and apps. May be used by any number of threads at once."""

    def __init__(self) -> None:
        self.state = State()

    @property
    def faults(self) -> SlackFaultsInForce:
        return self.state.faults

    def install(
        self,
        account_id: str,
        callback_url: str = "",
        *,
        scopes: Iterable[str] = DEFAULT_SCOPES,
        name: str = DEFAULT_NAME,
    ) -> App:
        """Install the app of an account in all channels; an app that is already installed keeps its token."""
        with self.state.lock:
            installed = self.state.apps.get(account_id)
            app = (
                replace(installed, callback_url=callback_url or installed.callback_url, scopes=tuple(scopes))
                if installed
                else new_app(
                    account_id,
                    callback_url,
                    name=name,
                    team_id=TEAM_ID,
                    scopes=tuple(scopes),
                    channels=frozenset(CHANNELS),
                )
            )
            self.state.apps[account_id] = app
        return app

    def app(self, account_id: str) -> App:
        return self.state.apps[account_id]

    def remove_from(self, channel: str, account_id: str) -> App:
        """Remove an account's app from a channel, where it may then no longer post."""
        with self.state.lock:
            app = self.state.apps[account_id]
            self.state.apps[account_id] = replace(app, channels=app.channels - {channel})
        return self.state.apps[account_id]

    def messages(self, account_id: str | None = None, channel: str | None = None) -> list[Message]:
        """Return the messages in their present form, the oldest first."""
        with self.state.lock:
            every = list(self.state.messages)
        return [each for each in every if account_id in {None, each.app.account_id} and channel in {None, each.channel}]

    def views(self, user: str | None = None) -> list[View]:
        """Return the open modals."""
        with self.state.lock:
            return [each for each in self.state.views.values() if user in {None, each.user}]

    def click(
        self, user: str, ts: str, action_id: str, *, channel: str | None = None, block_id: str | None = None
    ) -> Delivered:
        """Click a button, without its confirmation dialog, and wait for the app's answer.

        Raises:
            InvalidInputError: this user sees no such button.
        """
        message, button = interactions.find_button(self.state, user, ts, action_id, channel=channel, block_id=block_id)
        return interactions.click(self.state, _site, user, message, button)

    def submit(self, user: str, view_id: str, values: Mapping[str, Mapping[str, str | None]]) -> Delivered:
        """Submit a modal: ``values`` is by block and action.

        Raises:
            InvalidInputError: there is no such modal, or Slack itself would not let it be submitted so.
        """
        return interactions.submit(self.state, user, view_id, values)

    def close(self, user: str, view_id: str) -> Delivered | None:
        """Close a modal; return the app's answer if the view has ``notify_on_close``."""
        return interactions.close(self.state, user, view_id)

    def block_actions(self, user: str, ts: str, action_id: str, *, channel: str | None = None) -> Json:
        """Return the payload of a click without sending it, to change it, or to send it late or twice."""
        message, button = interactions.find_button(self.state, user, ts, action_id, channel=channel)
        return interactions.block_actions(self.state, _site, user, message, button)

    def signed(
        self, account_id: str, payload: Mapping[str, Any] | bytes, *, secret: str | None = None, at: float | None = None
    ) -> Signed:
        """Sign a payload or body for the account's app, by default with its own secret and at the present time."""
        body = payload if isinstance(payload, bytes) else form_of(payload)
        return sign(self.app(account_id), body, secret=secret, at=at)

    def send(self, request: Signed) -> Delivered:
        """Send a request as Slack does, even an altered one."""
        return send(request)

    def describe(self) -> Json:
        """Return the workspace as ``GET /_local/slack`` does."""
        views = [{"id": each.view_id, "user": each.user, "view": each.described()} for each in self.views()]
        messages = [described(each) for each in self.messages()]
        return {"messages": messages, "views": views, "faults": self.faults.describe()}

    def reset(self) -> None:
        """Forget everything except people and channels."""
        self.state.clear()


workspace = Workspace()
"""This process's workspace."""

tables.also_forget(workspace.reset)
