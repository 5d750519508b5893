"""The supported subset of Slack's methods: https://docs.slack.dev/reference/methods."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.slack import block_kit
from local_aws.slack.apps import App, new_id
from local_aws.slack.errors import SlackError, invalid, missing
from local_aws.slack.people import CHANNELS, GROUPS, REAL_NAMES, TEAM, TEAM_ID, USERS
from local_aws.slack.state import Content, Json, Message, State, View, message_payload
from local_aws.time.clock import clock

MOST_TEXT = 40_000

TRIGGER_SECONDS = 3.0

_UNSUPPORTED = ("attachments", "parse", "link_names", "metadata", "markdown_text")
_CUSTOM = ("username", "icon_url", "icon_emoji")

Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class MethodCall:
    """A call of a method by an app."""

    state: State
    app: App
    arguments: Arguments
    site: str
    """The workspace's URL."""

    def required(self, *names: str) -> tuple[str, ...]:
        lacking = [name for name in names if self.arguments.get(name) in (None, "")]
        if lacking:
            raise missing(*lacking)
        return tuple(str(self.arguments[name]) for name in names)


@dataclass(frozen=True)
class Method:
    """A method's function and scope. ``form_only``: arguments in JSON are ignored, as Slack does."""

    carry_out: Callable[[MethodCall], Json]
    scope: str = ""
    form_only: bool = False


def auth_test(call: MethodCall) -> Json:
    return {
        "url": f"{call.site}/",
        "team": TEAM,
        "user": call.app.name.lower(),
        "team_id": TEAM_ID,
        "user_id": call.app.bot_user_id,
        "bot_id": call.app.bot_id,
        "is_enterprise_install": False,
    }


def post_message(call: MethodCall) -> Json:
    (name_or_id,) = call.required("channel")
    channel = _channel(name_or_id, by_name=True)
    _refuse_unsupported(call)
    content = _content(call)
    _check_membership(call, channel)
    thread_ts = _thread(call, channel)
    call.state.rates.take(call.app.app_id, "chat.postMessage", channel)
    message = call.state.add(Message(channel, call.state.next_ts(), content, call.app, thread_ts))
    return {"channel": channel, "ts": message.ts, "message": message_payload(message)}


def post_ephemeral(call: MethodCall) -> Json:
    name_or_id, user = call.required("channel", "user")
    channel = _channel(name_or_id, by_name=True)
    _refuse_unsupported(call)
    if user not in USERS:
        raise SlackError("user_not_in_channel")
    content = _content(call)
    _check_membership(call, channel)
    message = Message(channel, call.state.next_ts(), content, call.app, _thread(call, channel), ephemeral_to=user)
    return {"message_ts": call.state.add(message).ts}


def update(call: MethodCall) -> Json:
    channel_id, ts = call.required("channel", "ts")
    channel = _channel(channel_id)
    _refuse_unsupported(call)
    _check_membership(call, channel)
    with call.state.lock:
        message = call.state.find(channel, ts)
        if message is None or message.ephemeral_to:
            raise SlackError("message_not_found")
        if message.app.app_id != call.app.app_id:
            raise SlackError("cant_update_message")
        edited = call.state.edit(message, _content(call, message))
    return {"channel": channel, "ts": ts, "text": edited.text, "message": message_payload(edited)}


def get_permalink(call: MethodCall) -> Json:
    channel_id, ts = call.required("channel", "message_ts")
    channel = _channel(channel_id)
    message = call.state.find(channel, ts)
    if message is None or message.ephemeral_to:
        raise SlackError("message_not_found")
    return {"channel": channel, "permalink": f"{call.site}/archives/{channel}/p{ts.replace('.', '')}"}


def open_view(call: MethodCall) -> Json:
    trigger_id, _ = call.required("trigger_id", "view")
    with call.state.lock:
        trigger = call.state.triggers.get(trigger_id)
        if trigger is None or trigger.app_id != call.app.app_id:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        # On a clock that is sped up a function takes more clock time, so the limit is extended likewise.
        if clock.time() - trigger.at > TRIGGER_SECONDS * max(1.0, clock.speed):
            raise SlackError("expired_trigger_id")
        content = block_kit.read_view(call.arguments["view"])
        trigger.used = True
        view = View(new_id("V"), call.app, trigger.user, content, new_hash())
        call.state.views[view.view_id] = view
    return {"view": view.described()}


def group_users(call: MethodCall) -> Json:
    (group,) = call.required("usergroup")
    if group not in GROUPS:
        raise SlackError("no_such_subteam")
    return {"users": list(GROUPS[group])}


def conversation_info(call: MethodCall) -> Json:
    (channel_id,) = call.required("channel")
    channel = _channel(channel_id)
    return {
        "channel": {
            "id": channel,
            "name": CHANNELS[channel],
            "is_channel": True,
            "is_private": False,
            "is_archived": False,
            "is_member": channel in call.app.channels,
            "context_team_id": TEAM_ID,
        }
    }


def user_info(call: MethodCall) -> Json:
    (user,) = call.required("user")
    if user not in USERS:
        raise SlackError("user_not_found")
    profile = {"real_name": REAL_NAMES[user], "display_name": USERS[user], "team": TEAM_ID}
    return {
        "user": {
            "id": user,
            "team_id": TEAM_ID,
            "name": USERS[user],
            "real_name": REAL_NAMES[user],
            "tz": "Etc/UTC",
            "profile": profile,
            "deleted": False,
            "is_bot": False,
        }
    }


METHODS: Mapping[str, Method] = {
    "auth.test": Method(auth_test),
    "chat.postMessage": Method(post_message, "chat:write"),
    "chat.update": Method(update, "chat:write"),
    "chat.postEphemeral": Method(post_ephemeral, "chat:write"),
    "chat.getPermalink": Method(get_permalink, form_only=True),
    "views.open": Method(open_view),
    "usergroups.users.list": Method(group_users, "usergroups:read"),
    "conversations.info": Method(conversation_info, "channels:read", form_only=True),
    "users.info": Method(user_info, "users:read", form_only=True),
}


def new_hash() -> str:
    return f"{int(clock.time())}.{secrets.token_hex(4)}"


def read_content(state: State, arguments: Arguments, before: Content | None = None) -> Content:
    """Read a message's text and blocks.

    Raises:
        SlackError: both are missing, too long or invalid.
    """
    text, blocks = arguments.get("text"), arguments.get("blocks")
    if text is not None and not isinstance(text, str):
        raise invalid("invalid_arguments", ["must be a string [json-pointer:/text]"])
    if text and len(text) > MOST_TEXT:
        raise SlackError("msg_too_long")
    read = None if blocks is None or blocks == "" else block_kit.read_blocks(blocks)
    if not text and not read:
        raise SlackError("no_text")
    # Blocks that an update leaves out stay, unless a text replaces them.
    kept = before.blocks if before and read is None and not text else ()
    return state.content(text or (before.text if before else ""), read if read is not None else kept)


def _content(call: MethodCall, before: Message | None = None) -> Content:
    return read_content(call.state, call.arguments, before.content if before else None)


def _channel(name_or_id: str, *, by_name: bool = False) -> str:
    if name_or_id in CHANNELS:
        return name_or_id
    named = {name: channel_id for channel_id, name in CHANNELS.items()} if by_name else {}
    found = named.get(name_or_id.removeprefix("#"))
    if found is None:
        raise SlackError("channel_not_found")
    return found


def _check_membership(call: MethodCall, channel: str) -> None:
    if channel not in call.app.channels:
        raise SlackError("not_in_channel")


def _thread(call: MethodCall, channel: str) -> str | None:
    ts = call.arguments.get("thread_ts")
    if ts is None:
        return None
    if call.state.find(channel, str(ts)) is None:
        raise SlackError("thread_not_found")
    return str(ts)


def _refuse_unsupported(call: MethodCall) -> None:
    """Refuse arguments that this Slack lacks, rather than ignore them, and those that need a scope the app lacks."""
    unsupported = [name for name in _UNSUPPORTED if call.arguments.get(name) not in (None, "", False, [], "none")]
    if unsupported:
        raise invalid(
            "invalid_arguments", [f"the local Slack has no {name} [json-pointer:/{name}]" for name in unsupported]
        )
    custom = "chat:write.customize"
    if custom not in call.app.scopes and any(call.arguments.get(name) for name in _CUSTOM):
        raise SlackError("missing_scope", needed=custom, provided=",".join(call.app.scopes))
