"""The blocks of messages and modals, and their rules.

A subset of https://docs.slack.dev/reference/block-kit; block types outside of it are refused as unsupported.
"""

from __future__ import annotations

import copy
import json
import secrets
from collections import Counter
from collections.abc import Iterator
from typing import Any

from local_aws.slack.checks import Check, array, finding, flag, one_of, record, string, text, typed, url, whole
from local_aws.slack.errors import SlackError, invalid

MOST_MESSAGE_BLOCKS = 50
MOST_MODAL_BLOCKS = 100
MOST_MESSAGE_TEXT = 13_200
"""For all text of a message's blocks together, as observed (bolt-js, issue 2509); Slack documents no number."""

MOST_VIEW_BYTES = 250 * 1024

Json = dict[str, Any]


def _plain(most: int) -> Check:
    return text(most, "plain_text")


_STYLE = one_of("primary", "danger")
_CONFIRM = record(
    {"title": _plain(100), "text": text(300), "confirm": _plain(30), "deny": _plain(30), "style": _STYLE},
    "title",
    "text",
    "confirm",
    "deny",
)
_BUTTON = record(
    {
        "text": _plain(75),
        "action_id": string(255, 1),
        "url": url(3000),
        "value": string(2000),
        "style": _STYLE,
        "confirm": _CONFIRM,
        "accessibility_label": string(75),
    },
    "text",
)
_IMAGE = record({"image_url": url(3000), "alt_text": string(2000, 1)}, "image_url", "alt_text")
_INPUT = record(
    {
        "action_id": string(255, 1),
        "placeholder": _plain(150),
        "initial_value": string(3000),
        "multiline": flag,
        "min_length": whole(0, 3000),
        "max_length": whole(1, 3000),
        "focus_on_load": flag,
    }
)
_ID = {"block_id": string(255, 1)}
_BLOCK = typed(
    {
        "section": record(
            {
                **_ID,
                "text": text(3000),
                "fields": array(text(2000), 10),
                "accessory": typed({"button": _BUTTON, "image": _IMAGE}),
                "expand": flag,
            }
        ),
        "header": record({**_ID, "text": _plain(150)}, "text"),
        "divider": record(_ID),
        "context": record(
            {
                **_ID,
                "elements": array(typed({"mrkdwn": text(3000), "plain_text": text(3000), "image": _IMAGE}), 10),
            },
            "elements",
        ),
        "actions": record({**_ID, "elements": array(typed({"button": _BUTTON}), 25)}, "elements"),
        "image": record(
            {**_ID, "image_url": url(3000), "alt_text": string(2000, 1), "title": _plain(2000)}, "image_url", "alt_text"
        ),
        "input": record(
            {
                **_ID,
                "label": _plain(2000),
                "element": typed({"plain_text_input": _INPUT}),
                "hint": _plain(2000),
                "optional": flag,
                "dispatch_action": flag,
            },
            "label",
            "element",
        ),
    }
)
_MESSAGE = array(_BLOCK, MOST_MESSAGE_BLOCKS, 0)
_VIEW = record(
    {
        "title": _plain(24),
        "blocks": array(_BLOCK, MOST_MODAL_BLOCKS, 0),
        "submit": _plain(24),
        "close": _plain(24),
        "private_metadata": string(3000),
        "callback_id": string(255),
        "external_id": string(255),
        "clear_on_close": flag,
        "notify_on_close": flag,
        "submit_disabled": flag,
    },
    "title",
    "blocks",
)


def read_blocks(value: Any) -> list[Json]:
    """Read a message's blocks, parsed or as JSON text, and return them with the ids that Slack adds.

    Raises:
        SlackError: the blocks are invalid.
    """
    blocks = _parsed(value, "invalid_blocks_format")
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    found = _MESSAGE("/blocks", blocks) or _rules("/blocks", blocks)
    if found:
        raise invalid("invalid_blocks", found)
    if sum(len(each["text"]) for block in blocks for each in texts(block)) > MOST_MESSAGE_TEXT:
        raise SlackError("msg_blocks_too_long")
    return with_ids(blocks)


def read_view(value: Any) -> Json:
    """Read a modal.

    Raises:
        SlackError: the view is invalid.
    """
    view = _parsed(value, "invalid_arguments")
    found = typed({"modal": _VIEW})("/view", view)
    if not found:
        found = _rules("/view/blocks", view["blocks"])
        if "submit" not in view and any(block["type"] == "input" for block in view["blocks"]):
            found.append(finding("/view", "missing required field: submit"))
    if found:
        raise invalid("invalid_arguments", found)
    if len(json.dumps(view).encode()) > MOST_VIEW_BYTES:
        raise SlackError("view_too_large")
    return {**copy.deepcopy(view), "blocks": with_ids(view["blocks"])}


def with_ids(blocks: list[Json]) -> list[Json]:
    """Return a copy of the blocks, with each missing ``block_id`` and ``action_id`` added."""
    copied = copy.deepcopy(blocks)
    for block in copied:
        block.setdefault("block_id", _new_id())
        for element in elements(block):
            element.setdefault("action_id", _new_id())
    return copied


def elements(block: Json) -> Iterator[Json]:
    """Yield a block's interactive elements."""
    inside = [*block.get("elements", ()), block.get("accessory"), block.get("element")]
    yield from (each for each in inside if each and each.get("type") in {"button", "plain_text_input"})


def texts(block: Json) -> Iterator[Json]:
    """Yield all text objects of a block, at any depth."""
    for value in [block.get(name) for name in ("text", "label", "hint", "title", "placeholder", "confirm", "deny")]:
        if isinstance(value, dict):
            yield from [value] if value.get("type") in {"plain_text", "mrkdwn"} else texts(value)
    for name in ("fields", "elements"):
        for value in block.get(name, ()):
            yield from [value] if value.get("type") in {"plain_text", "mrkdwn"} else texts(value)
    for name in ("accessory", "element"):
        if isinstance(block.get(name), dict):
            yield from texts(block[name])


def _rules(pointer: str, blocks: list[Json]) -> list[str]:
    """Check the rules that concern more than one field."""
    found: list[str] = []
    ids = Counter(block["block_id"] for block in blocks if "block_id" in block)
    for place, block in enumerate(blocks):
        here = f"{pointer}/{place}"
        if ids[block.get("block_id", "")] > 1:
            found.append(finding(f"{here}/block_id", f"block_id already exists: {block['block_id']}"))
        if block["type"] == "section" and not {"text", "fields"} & block.keys():
            found.append(finding(here, "must define either `text` or `fields`"))
        actions = Counter(each["action_id"] for each in elements(block) if "action_id" in each)
        found += [finding(here, f"action_id already exists: {name}") for name, count in actions.items() if count > 1]
    return found


def _parsed(value: Any, code: str) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as wrong:
        raise SlackError(code) from wrong


def _new_id() -> str:
    return secrets.token_urlsafe(4)[:5]
