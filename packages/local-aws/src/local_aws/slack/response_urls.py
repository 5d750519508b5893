"""Response URLs, at which apps answer an interaction: five times in half an hour.

https://docs.slack.dev/interactivity/handling-user-interaction
"""

from __future__ import annotations

import json
from typing import Any

from local_aws.slack.errors import SlackError
from local_aws.slack.methods import read_content
from local_aws.slack.state import Message, State
from local_aws.slack.web_api import SlackAnswer
from local_aws.time.clock import clock

PATH = "/response"

MOST_USES = 5
SECONDS = 30 * 60


def respond(state: State, key: str, body: bytes) -> SlackAnswer:
    """Take an app's answer. Slack does not document which status comes with which error."""
    with state.lock:
        response_url = state.response_urls.get(key)
        if response_url is None or clock.time() - response_url.at > SECONDS:
            return SlackAnswer(404, {"ok": False, "error": "expired_url"})
        if response_url.uses >= MOST_USES:
            return SlackAnswer(404, {"ok": False, "error": "used_url"})
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            return SlackAnswer(400, {"ok": False, "error": "invalid_payload"})
        if not isinstance(answer, dict):
            return SlackAnswer(400, {"ok": False, "error": "invalid_payload"})
        response_url.uses += 1
        message = state.find(response_url.channel, response_url.ts)
        try:
            _carry_out(state, response_url, answer, message)
        except SlackError as error:
            return SlackAnswer(400, {"ok": False, "error": error.code, **error.details})
    return SlackAnswer(200, "ok", (("Content-Type", "text/plain"),))


def _carry_out(state: State, response_url: Any, answer: dict[str, Any], message: Message | None) -> None:
    if answer.get("delete_original"):
        if message is not None:
            state.remove(message)
        return
    content = read_content(state, answer, message.content if message and answer.get("replace_original") else None)
    if answer.get("replace_original") and message is not None:
        state.edit(message, content)
        return
    kind = answer.get("response_type", "ephemeral")
    if kind not in {"ephemeral", "in_channel"}:
        raise SlackError("invalid_response_type")
    state.add(
        Message(
            response_url.channel,
            state.next_ts(),
            content,
            response_url.app,
            answer.get("thread_ts"),
            ephemeral_to=response_url.user if kind == "ephemeral" else None,
        )
    )
