"""Users' interactions: clicking buttons, submitting and closing modals.

https://docs.slack.dev/reference/interaction-payloads
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from local_aws.http.control_input import InvalidInputError
from local_aws.slack import block_kit
from local_aws.slack.apps import App, new_id
from local_aws.slack.callbacks import Delivered, form_of, send, sign
from local_aws.slack.errors import SlackError
from local_aws.slack.methods import new_hash
from local_aws.slack.people import CHANNELS, TEAM, TEAM_ID, USERS
from local_aws.slack.response_urls import PATH
from local_aws.slack.state import Json, Message, ResponseUrl, State, Trigger, View, message_payload
from local_aws.time.clock import clock


def find_button(
    state: State, user: str, ts: str, action_id: str, *, channel: str | None = None, block_id: str | None = None
) -> tuple[Message, Json]:
    """Return a message that this user sees and its button, to which the ``block_id`` is added.

    Raises:
        InvalidInputError: no such button.
    """
    _check_user(user)
    with state.lock:
        found = [each for each in state.messages if each.ts == ts and channel in {None, each.channel}]
    if not found or found[0].ephemeral_to not in {None, user}:
        raise InvalidInputError(f"ts: {user} sees no message {ts}")
    message = found[0]
    for block in message.blocks:
        for element in block_kit.elements(block):
            if element.get("action_id") == action_id and block_id in {None, block["block_id"]}:
                return message, {**element, "block_id": block["block_id"]}
    raise InvalidInputError(f"action_id: the message {ts} has no button {action_id!r}")


def block_actions(state: State, site: str, user: str, message: Message, button: Mapping[str, Any]) -> Json:
    """Return the payload of a click, with a working trigger and response URL."""
    app, now = message.app, clock.time()
    trigger_id = _trigger(state, app, user)
    key = f"{TEAM_ID}/{secrets.randbelow(10**13)}/{secrets.token_urlsafe(18)}"
    with state.lock:
        state.response_urls[key] = ResponseUrl(app, user, message.channel, message.ts, now)
    known = ("type", "action_id", "block_id", "text", "value", "style", "url")
    action = {**{name: button[name] for name in known if name in button}, "action_ts": f"{now:.6f}"}
    channel = {"id": message.channel, "name": CHANNELS[message.channel]}
    payload: Json = {
        "type": "block_actions",
        "user": {"id": user, "username": USERS[user], "name": USERS[user], "team_id": TEAM_ID},
        "api_app_id": app.app_id,
        "token": "deprecated",
        "container": {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": message.channel,
            "is_ephemeral": message.ephemeral_to is not None,
        },
        "trigger_id": trigger_id,
        "team": {"id": TEAM_ID, "domain": TEAM},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": channel,
        "state": {"values": {}},
        "response_url": f"{site}{PATH}/{key}",
        "actions": [action],
    }
    # For an ephemeral message Slack sends the app no content.
    return payload if message.ephemeral_to else {**payload, "message": message_payload(message)}


def click(state: State, site: str, user: str, message: Message, button: Mapping[str, Any]) -> Delivered:
    payload = block_actions(state, site, user, message, button)
    return deliver(state, message.app, payload)


def view_submission(view: View, user: str, trigger_id: str) -> Json:
    """Return the payload of a submission, which has no channel, message or response URL."""
    return {
        "type": "view_submission",
        "team": {"id": TEAM_ID, "domain": TEAM},
        "user": {"id": user, "username": USERS[user], "name": USERS[user], "team_id": TEAM_ID},
        "api_app_id": view.app.app_id,
        "token": "deprecated",
        "trigger_id": trigger_id,
        "view": view.described(),
        "response_urls": [],
        "is_enterprise_install": False,
        "enterprise": None,
    }


def submit(state: State, user: str, view_id: str, values: Mapping[str, Mapping[str, str | None]]) -> Delivered:
    """Submit a modal with the typed values, and apply the app's answer.

    Raises:
        InvalidInputError: the user has no such modal open, or Slack itself would not let it be submitted so.
    """
    view = replace(_opened(state, user, view_id), state={}, errors={})
    view = replace(view, state=_typed(view, values))
    delivered = deliver(state, view.app, view_submission(view, user, _trigger(state, view.app, user)))
    with state.lock:
        if view_id in state.views:
            _take_effect(state, view, delivered)
    return delivered


def close(state: State, user: str, view_id: str) -> Delivered | None:
    """Close a modal; the app is notified if the view has ``notify_on_close``."""
    view = _opened(state, user, view_id)
    with state.lock:
        state.views.pop(view_id, None)
    if not view.content.get("notify_on_close"):
        return None
    payload = {**view_submission(view, user, ""), "type": "view_closed", "is_cleared": False}
    payload = {name: value for name, value in payload.items() if name not in {"trigger_id", "response_urls"}}
    return deliver(state, view.app, payload)


def deliver(state: State, app: App, payload: Mapping[str, Any]) -> Delivered:
    # The app as it is now: its callback URL may have been set after its message was posted.
    return send(sign(state.app(app.app_id) or app, form_of(payload)))


def _take_effect(state: State, view: View, delivered: Delivered) -> None:
    errors = _errors(view, delivered)
    if errors is not None:
        state.views[view.view_id] = replace(view, errors=errors)
        return
    answer = json.loads(delivered.body) if delivered.body.strip() else {}
    action = answer.get("response_action")
    if action in {"update", "push"}:
        content = block_kit.read_view(answer["view"])
        if action == "update":
            state.views[view.view_id] = replace(view, content=content, hash=new_hash(), state={}, errors={})
        else:
            pushed = View(new_id("V"), view.app, view.user, content, new_hash())
            state.views[pushed.view_id] = pushed
    elif action == "clear":
        for opened in [each for each in state.views.values() if (each.user, each.app) == (view.user, view.app)]:
            del state.views[opened.view_id]
    else:
        del state.views[view.view_id]


def _errors(view: View, delivered: Delivered) -> dict[str, str] | None:
    """Return the errors that the modal shows after an answer, by block, "" for the whole; None if there are none."""
    trouble = {"": "We had some trouble connecting. Try again?"}
    if not delivered.ok:
        return trouble
    if not delivered.body.strip():
        return None
    try:
        answer = json.loads(delivered.body)
        action = answer.get("response_action")
        if action == "errors":
            errors = {str(block): str(message) for block, message in answer["errors"].items()}
            blocks = {block["block_id"] for block in view.content["blocks"] if block["type"] == "input"}
            return errors if errors and errors.keys() <= blocks else trouble
        if action in {"update", "push"}:
            block_kit.read_view(answer["view"])
        elif action not in {None, "clear"} or (action is None and answer):
            return trouble
    except (ValueError, RecursionError, KeyError, AttributeError, SlackError):
        return trouble
    return None


def _typed(view: View, values: Mapping[str, Mapping[str, str | None]]) -> Json:
    """Return the view's state as Slack sends it; values that Slack's own client would not submit are an error."""
    state: Json = {}
    left = {(block, action) for block, actions in values.items() for action in actions}
    for block in view.content["blocks"]:
        if block["type"] != "input":
            continue
        element, block_id = block["element"], block["block_id"]
        action_id = element["action_id"]
        left.discard((block_id, action_id))
        value = values.get(block_id, {}).get(action_id, element.get("initial_value")) or None
        if value is None and not block.get("optional", False):
            raise InvalidInputError(f"values.{block_id}.{action_id}: it is not optional")
        if value is not None:
            _check_length(f"values.{block_id}.{action_id}", value, element)
        state[block_id] = {action_id: {"type": element["type"], "value": value}}
    if left:
        block_id, action_id = min(left)
        raise InvalidInputError(f"values.{block_id}.{action_id}: the modal has no such input")
    return state


def _check_length(field: str, value: str, element: Mapping[str, Any]) -> None:
    least, most = element.get("min_length", 0), element.get("max_length", 3000)
    if not least <= len(value) <= most:
        raise InvalidInputError(f"{field}: from {least} to {most} characters are expected")


def _opened(state: State, user: str, view_id: str) -> View:
    _check_user(user)
    view = state.views.get(view_id)
    if view is None or view.user != user:
        raise InvalidInputError(f"viewId: {user} has no modal {view_id} open")
    return view


def _trigger(state: State, app: App, user: str) -> str:
    trigger_id = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
    with state.lock:
        state.triggers[trigger_id] = Trigger(app.app_id, user, clock.time())
    return trigger_id


def _check_user(user: str) -> None:
    if user not in USERS:
        raise InvalidInputError(f"user: {', '.join(USERS)} are here, not {user!r}")
