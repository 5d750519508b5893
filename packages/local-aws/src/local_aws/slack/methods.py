"""Slack's methods, those that are here: https://docs.slack.dev/reference/methods."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.slack import block_kit
from local_aws.slack.apps import App, new_id
from local_aws.slack.errors import SlackError, invalid, missing
from local_aws.slack.people import CHANNELS, GROUPS, REAL_NAMES, TEAM, TEAM_ID, USERS
from local_aws.slack.state import Content, Json, Message, State, View, as_slack_tells
from local_aws.time.clock import clock

MOST_TEXT = 40_000

TRIGGER_SECONDS = 3.0

_ABSENT = ("attachments", "parse", "link_names", "metadata", "markdown_text")
_CUSTOM = ("username", "icon_url", "icon_emoji")

Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class MethodCall:
    """A method's call, by an app."""

    state: State
    app: App
    arguments: Arguments
    site: str
    """The workspace's own address."""

    def required(self, *names: str) -> tuple[str, ...]:
        lacking = [name for name in names if self.arguments.get(name) in (None, "")]
        if lacking:
            raise missing(*lacking)
        return tuple(str(self.arguments[name]) for name in names)


@dataclass(frozen=True)
class Method:
    """What a call needs, and what carries it out. ``form_only``: arguments in JSON are passed over, as Slack does."""

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
    (told,) = call.required("channel")
    channel = _channel(told, by_name=True)
    _refuse_what_is_absent(call)
    content = _content(call)
    _be_in(call, channel)
    thread_ts = _thread(call, channel)
    call.state.rates.take(call.app.app_id, "chat.postMessage", channel)
    message = call.state.add(Message(channel, call.state.next_ts(), content, call.app, thread_ts))
    return {"channel": channel, "ts": message.ts, "message": as_slack_tells(message)}


def post_ephemeral(call: MethodCall) -> Json:
    told, user = call.required("channel", "user")
    channel = _channel(told, by_name=True)
    _refuse_what_is_absent(call)
    if user not in USERS:
        raise SlackError("user_not_in_channel")
    content = _content(call)
    _be_in(call, channel)
    message = Message(channel, call.state.next_ts(), content, call.app, _thread(call, channel), ephemeral_to=user)
    return {"message_ts": call.state.add(message).ts}


def update(call: MethodCall) -> Json:
    told, ts = call.required("channel", "ts")
    channel = _channel(told)
    _refuse_what_is_absent(call)
    _be_in(call, channel)
    with call.state.lock:
        message = call.state.find(channel, ts)
        if message is None or message.ephemeral_to:
            raise SlackError("message_not_found")
        if message.app.app_id != call.app.app_id:
            raise SlackError("cant_update_message")
        edited = call.state.edit(message, _content(call, message))
    return {"channel": channel, "ts": ts, "text": edited.text, "message": as_slack_tells(edited)}


def get_permalink(call: MethodCall) -> Json:
    told, ts = call.required("channel", "message_ts")
    channel = _channel(told)
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
        # A function takes as long on a clock that is sped up, and has as long.
        if clock.time() - trigger.at > TRIGGER_SECONDS * max(1.0, clock.speed):
            raise SlackError("expired_trigger_id")
        told = block_kit.read_view(call.arguments["view"])
        trigger.used = True
        view = View(new_id("V"), call.app, trigger.user, told, new_hash())
        call.state.views[view.view_id] = view
    return {"view": view.described()}


def group_users(call: MethodCall) -> Json:
    (group,) = call.required("usergroup")
    if group not in GROUPS:
        raise SlackError("no_such_subteam")
    return {"users": list(GROUPS[group])}


def conversation_info(call: MethodCall) -> Json:
    (told,) = call.required("channel")
    channel = _channel(told)
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


def read_content(state: State, told: Arguments, before: Content | None = None) -> Content:
    """Read what a message is to say.

    Raises:
        SlackError: nothing, too much, or what is no block.
    """
    text, blocks = told.get("text"), told.get("blocks")
    if text is not None and not isinstance(text, str):
        raise invalid("invalid_arguments", ["must be a string [json-pointer:/text]"])
    if text and len(text) > MOST_TEXT:
        raise SlackError("msg_too_long")
    read = None if blocks is None or blocks == "" else block_kit.read_blocks(blocks)
    if not text and not read:
        raise SlackError("no_text")
    # Blocks that are not told of again stay, if no text is to take their place.
    kept = before.blocks if before and read is None and not text else ()
    return state.content(text or (before.text if before else ""), read if read is not None else kept)


def _content(call: MethodCall, before: Message | None = None) -> Content:
    return read_content(call.state, call.arguments, before.content if before else None)


def _channel(told: str, *, by_name: bool = False) -> str:
    if told in CHANNELS:
        return told
    named = {name: known for known, name in CHANNELS.items()} if by_name else {}
    found = named.get(told.removeprefix("#"))
    if found is None:
        raise SlackError("channel_not_found")
    return found


def _be_in(call: MethodCall, channel: str) -> None:
    if channel not in call.app.channels:
        raise SlackError("not_in_channel")


def _thread(call: MethodCall, channel: str) -> str | None:
    ts = call.arguments.get("thread_ts")
    if ts is None:
        return None
    if call.state.find(channel, str(ts)) is None:
        raise SlackError("thread_not_found")
    return str(ts)


def _refuse_what_is_absent(call: MethodCall) -> None:
    """Name what this Slack lacks, rather than pass over it; what needs a scope of its own is refused as Slack does."""
    told = [name for name in _ABSENT if call.arguments.get(name) not in (None, "", False, [], "none")]
    if told:
        raise invalid("invalid_arguments", [f"the local Slack has no {name} [json-pointer:/{name}]" for name in told])
    custom = "chat:write.customize"
    if custom not in call.app.scopes and any(call.arguments.get(name) for name in _CUSTOM):
        raise SlackError("missing_scope", needed=custom, provided=",".join(call.app.scopes))
