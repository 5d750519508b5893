"""The state of the workspace: apps, messages, modals, triggers and response URLs."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from local_aws.slack import block_kit, mrkdwn
from local_aws.slack.apps import App
from local_aws.slack.faults import SlackFaults, SlackFaultsInForce
from local_aws.slack.people import CHANNELS, GROUP_NAMES, TEAM_ID, USERS
from local_aws.slack.rates import Rates
from local_aws.time.clock import clock

Json = dict[str, Any]


@dataclass(frozen=True)
class Content:
    """A message's content: ``mentions`` and ``links`` are those that its text and its blocks really make."""

    text: str
    blocks: Sequence[Json] = ()
    mentions: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class Message:
    """A message of an app; ``ephemeral_to`` is the only user who sees it, None if everybody does."""

    channel: str
    ts: str
    content: Content
    app: App
    thread_ts: str | None = None
    edited: str | None = None
    ephemeral_to: str | None = None

    @property
    def text(self) -> str:
        return self.content.text

    @property
    def blocks(self) -> Sequence[Json]:
        return self.content.blocks

    @property
    def mentions(self) -> tuple[str, ...]:
        return self.content.mentions

    @property
    def links(self) -> tuple[str, ...]:
        return self.content.links

    def buttons(self) -> list[Json]:
        """Return the message's buttons."""
        found = [each for block in self.blocks for each in block_kit.elements(block)]
        return [each for each in found if each["type"] == "button"]


@dataclass(frozen=True)
class View:
    """An open modal; ``errors`` are those of the app's answer to the last submission, by block."""

    view_id: str
    app: App
    user: str
    content: Json
    hash: str
    errors: Mapping[str, str] = field(default_factory=dict)
    state: Json = field(default_factory=dict)

    def described(self) -> Json:
        """Return the view object that Slack sends to the app."""
        defaults: Json = {
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            "clear_on_close": False,
            "notify_on_close": False,
            "submit": None,
            "close": None,
        }
        return {
            **defaults,
            **self.content,
            "id": self.view_id,
            "team_id": TEAM_ID,
            "app_id": self.app.app_id,
            "app_installed_team_id": TEAM_ID,
            "bot_id": self.app.bot_id,
            "root_view_id": self.view_id,
            "previous_view_id": None,
            "hash": self.hash,
            "state": {"values": self.state},
        }


@dataclass
class Trigger:
    """A trigger, with which an app may open one modal for the user who clicked."""

    app_id: str
    user: str
    at: float
    used: bool = False


@dataclass
class ResponseUrl:
    """A URL at which an app may answer an interaction a few times."""

    app: App
    user: str
    channel: str
    ts: str
    at: float
    uses: int = 0


class State:
    """One workspace. Hold ``lock`` to read and then write."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.faults = SlackFaultsInForce()
        self.rates = Rates()
        self.apps: dict[str, App] = {}
        """By AWS account."""
        self.messages: list[Message] = []
        self.views: dict[str, View] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self._last_ts = 0

    def app_of_token(self, token: str) -> App | None:
        encoded = token.encode()
        every = list(self.apps.values())
        return next((app for app in every if secrets.compare_digest(app.bot_token.encode(), encoded)), None)

    def app(self, app_id: str) -> App | None:
        return next((app for app in list(self.apps.values()) if app.app_id == app_id), None)

    def find(self, channel: str, ts: str) -> Message | None:
        with self.lock:
            return next((each for each in self.messages if (each.channel, each.ts) == (channel, ts)), None)

    def add(self, message: Message) -> Message:
        with self.lock:
            self.messages.append(message)
        return message

    def put(self, message: Message) -> None:
        """Replace a message by its new version."""
        with self.lock:
            keys = [(each.channel, each.ts) for each in self.messages]
            self.messages[keys.index((message.channel, message.ts))] = message

    def remove(self, message: Message) -> None:
        with self.lock:
            self.messages.remove(message)

    def edit(self, message: Message, content: Content) -> Message:
        edited = replace(message, content=content, edited=self.next_ts())
        self.put(edited)
        return edited

    def next_ts(self) -> str:
        """Make a unique timestamp, which is also a message's id."""
        with self.lock:
            self._last_ts = max(self._last_ts + 1, int(clock.time() * 1_000_000))
            return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def names(self) -> mrkdwn.WorkspaceNames:
        bots = {app.bot_user_id: app.name.lower() for app in list(self.apps.values())}
        return mrkdwn.WorkspaceNames({**USERS, **bots}, CHANNELS, GROUP_NAMES)

    def content(self, text: str, blocks: Sequence[Json]) -> Content:
        """Read a message's content. With blocks, its text counts too: notifications show it."""
        names, now = self.names(), clock.now()
        objects = [each for block in blocks for each in block_kit.texts(block)]
        seen = [mrkdwn.render(text, names, now), *(mrkdwn.render_object(each, names, now) for each in objects)]
        links = [each for one in seen for each in one.links]
        buttons = [each["url"] for block in blocks for each in block_kit.elements(block) if each.get("url")]
        return Content(
            text,
            tuple(blocks),
            tuple(dict.fromkeys(each for one in seen for each in one.mentions)),
            tuple(dict.fromkeys([*links, *buttons])),
        )

    def clear(self) -> None:
        with self.lock:
            for each in (self.apps, self.messages, self.views, self.triggers, self.response_urls):
                each.clear()
            self.rates.clear()
        self.faults.replace(SlackFaults())


def described(message: Message) -> Json:
    """Return a message as ``GET /_local/slack`` shows it."""
    description: Json = {
        "channel": message.channel,
        "ts": message.ts,
        "text": message.text,
        "blocks": list(message.blocks),
        "app_id": message.app.app_id,
        "account": message.app.account_id,
        "mentions": list(message.mentions),
        "links": list(message.links),
    }
    optional = {"thread_ts": message.thread_ts, "edited": message.edited, "ephemeral_to": message.ephemeral_to}
    return {**description, **{name: value for name, value in optional.items() if value is not None}}


def message_payload(message: Message) -> Json:
    """Return the message object that Slack sends to apps."""
    payload: Json = {
        "user": message.app.bot_user_id,
        "type": "message",
        "ts": message.ts,
        "bot_id": message.app.bot_id,
        "app_id": message.app.app_id,
        "text": message.text,
        "team": TEAM_ID,
    }
    if message.blocks:
        payload["blocks"] = list(message.blocks)
    if message.thread_ts:
        payload["thread_ts"] = message.thread_ts
    if message.edited:
        payload["edited"] = {"user": message.app.bot_id, "ts": message.edited}
    return payload


def datetime_of(ts: str) -> datetime:
    return datetime.fromtimestamp(float(ts), UTC)
