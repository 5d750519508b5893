"""What a browser shows of the workspace. All text of messages passes ``html.escape`` or ``mrkdwn``."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from local_aws.slack import mrkdwn
from local_aws.slack.people import CHANNELS, REAL_NAMES, TEAM, USERS
from local_aws.slack.state import Json, Message, State, View, moment_of
from local_aws.time.clock import clock

_FOLDER = Path(__file__).with_name("page")
STYLE = (_FOLDER / "page.css").read_text(encoding="utf-8")
SCRIPT = (_FOLDER / "page.js").read_text(encoding="utf-8")

# Whatever a message may say, the browser runs nothing but our own script, and loads nothing.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Page:
    """The page of a channel, as one of the people sees it."""

    def __init__(self, state: State, root: str, channel: str, user: str) -> None:
        self._state = state
        self._root = root
        self._channel = channel if channel in CHANNELS else next(iter(CHANNELS))
        self._user = user if user in USERS else next(iter(USERS))
        self._names = state.names()
        self._now = clock.now()

    def whole(self) -> str:
        people = "".join(
            f'<option value="{user}"{" selected" if user == self._user else ""}>{html.escape(name)}</option>'
            for user, name in REAL_NAMES.items()
        )
        name = html.escape(CHANNELS[self._channel])
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            f"<title>#{name} - local Slack</title>"
            '<meta name="viewport" content="width=device-width">'
            f'<link rel="stylesheet" href="{self._root}/page.css"></head>'
            f'<body data-root="{self._root}">'
            '<header class="top"><b>local Slack</b><span class="what">a stand-in on this machine</span>'
            f'<label>Click as<select id="as">{people}</select></label></header>'
            f"{self._channels()}<main><h2># {name}</h2>{self._messages()}</main>{self._modals()}"
            f'<div id="toast" role="status" hidden></div><script src="{self._root}/page.js"></script></body></html>'
        )

    def sections(self) -> str:
        """Return what changes."""
        return f"<body>{self._channels()}{self._messages()}{self._modals()}</body>"

    def _visible(self, channel: str) -> list[Message]:
        return [
            each
            for each in list(self._state.messages)
            if each.channel == channel and each.ephemeral_to in {None, self._user}
        ]

    def _channels(self) -> str:
        links = "".join(
            f'<a href="{self._root}?channel={channel}&amp;as={self._user}"'
            f"{' class=here' if channel == self._channel else ''}><span># {html.escape(name)}</span>"
            f'<span class="count">{len(self._visible(channel)) or ""}</span></a>'
            for channel, name in CHANNELS.items()
        )
        return f'<nav id="channels"><h1>{TEAM}</h1><h2>Channels</h2>{links}</nav>'

    def _messages(self) -> str:
        messages = self._visible(self._channel)
        top = [each for each in messages if not each.thread_ts]
        shown: list[str] = []
        day = None
        for message in top:
            moment = moment_of(message.ts)
            if moment.date() != day:
                day = moment.date()
                shown.append(f'<div class="day"><span>{html.escape(_day(moment, self._now))}</span></div>')
            shown.append(self._message(message))
            replies = [each for each in messages if each.thread_ts == message.ts]
            shown += [self._message(each, "reply") for each in replies]
        nothing = '<div class="nothing">Nothing has been posted here yet.</div>'
        return f'<div id="messages">{"".join(shown) or nothing}</div>'

    def _message(self, message: Message, *classes: str) -> str:
        only = ("only",) if message.ephemeral_to else ()
        note = '<div class="note">Only visible to you</div>' if only else ""
        moment = moment_of(message.ts)
        edited = '<span class="edited">(edited)</span>' if message.edited else ""
        blocks = "".join(self._block(each, message) for each in message.blocks)
        body = blocks or f"<div>{mrkdwn.render(message.text, self._names, self._now).html}</div>"
        name = html.escape(message.app.name)
        return (
            f'<article class="{" ".join(("message", *only, *classes))}" data-ts="{message.ts}">'
            f'<div class="icon">{name[:1]}</div><div>{note}<div class="who"><b>{name}</b>'
            f'<span class="badge">APP</span><span class="account">{message.app.account_id}</span>'
            f'<span class="when" title="{moment:%Y-%m-%d %H:%M:%S} UTC">{_time(moment)}</span>{edited}</div>'
            f'<div class="blocks">{body}</div></div></article>'
        )

    def _block(self, block: Json, message: Message | None) -> str:
        shows: Mapping[str, Callable[[Json, Message | None], str]] = {
            "section": self._section,
            "header": lambda told, _: f'<div class="header">{self._text(told["text"])}</div>',
            "divider": lambda _told, _: "<hr>",
            "context": self._context,
            "actions": self._actions,
            "image": lambda told, _: _image(told),
            "input": self._input,
        }
        return shows[block["type"]](block, message)

    def _section(self, block: Json, message: Message | None) -> str:
        text = f"<div>{self._text(block['text'])}</div>" if "text" in block else ""
        fields = "".join(f"<div>{self._text(each)}</div>" for each in block.get("fields", ()))
        fields = f'<div class="fields">{fields}</div>' if fields else ""
        accessory = block.get("accessory")
        beside = self._element(accessory, block, message) if accessory else ""
        return f'<div class="section"><div class="inner">{text}{fields}</div>{beside}</div>'

    def _context(self, block: Json, message: Message | None) -> str:
        inside = (
            f"<span>{_image(each) if each['type'] == 'image' else self._text(each)}</span>"
            for each in block["elements"]
        )
        return f'<div class="context">{"".join(inside)}</div>'

    def _actions(self, block: Json, message: Message | None) -> str:
        inside = "".join(self._element(each, block, message) for each in block["elements"])
        return f'<div class="actions">{inside}</div>'

    def _element(self, element: Json, block: Json, message: Message | None) -> str:
        if element["type"] == "image":
            return _image(element)
        told = {"action": element["action_id"], "block": block["block_id"], "url": element.get("url", "")}
        if message is not None:
            told |= {"ts": message.ts, "channel": message.channel}
        data = "".join(f' data-{name}="{html.escape(value)}"' for name, value in told.items() if value)
        button = f'<button class="{element.get("style", "")}"{data}>{self._text(element["text"])}</button>'
        return button + (self._confirm(element["confirm"]) if "confirm" in element else "")

    def _confirm(self, confirm: Json) -> str:
        style = confirm.get("style", "primary")
        return (
            f'<template><h3>{self._text(confirm["title"])}</h3><div class="inside">{self._text(confirm["text"])}</div>'
            f'<div class="foot"><button data-answer="deny">{self._text(confirm["deny"])}</button>'
            f'<button class="{style}" data-answer="confirm">{self._text(confirm["confirm"])}</button></div></template>'
        )

    def _modals(self) -> str:
        views = [each for each in list(self._state.views.values()) if each.user == self._user]
        return f'<div id="modals">{"".join(self._modal(each) for each in views)}</div>'

    def _modal(self, view: View) -> str:
        told = view.told
        close = self._text(told["close"]) if told.get("close") else "Cancel"
        submit = (
            f'<button class="primary" data-does="submit">{self._text(told["submit"])}</button>'
            if told.get("submit")
            else ""
        )
        blocks = "".join(self._modal_block(each, view) for each in told["blocks"])
        wrong = f'<div class="wrong">{html.escape(view.errors[""])}</div>' if "" in view.errors else ""
        return (
            f'<dialog data-view="{view.view_id}" data-hash="{view.hash}"><h3>{self._text(told["title"])}</h3>'
            f'<div class="inside blocks">{blocks}{wrong}</div>'
            f'<div class="foot"><button data-does="close">{close}</button>{submit}</div></dialog>'
        )

    def _modal_block(self, block: Json, view: View) -> str:
        shown = self._block(block, None)
        wrong = view.errors.get(block["block_id"])
        return shown + (f'<div class="wrong">{html.escape(wrong)}</div>' if wrong else "")

    def _input(self, block: Json, message: Message | None) -> str:
        element = block["element"]
        data = f'data-block="{html.escape(block["block_id"])}" data-action="{html.escape(element["action_id"])}"'
        placeholder = html.escape(element.get("placeholder", {}).get("text", ""))
        value = html.escape(element.get("initial_value", ""))
        field = (
            f'<textarea {data} placeholder="{placeholder}">\n{value}</textarea>'
            if element.get("multiline")
            else f'<input {data} placeholder="{placeholder}" value="{value}">'
        )
        hint = f'<div class="hint">{self._text(block["hint"])}</div>' if "hint" in block else ""
        optional = ' <span class="hint">(optional)</span>' if block.get("optional") else ""
        return f"<div><label>{self._text(block['label'])}{optional}{field}</label>{hint}</div>"

    def _text(self, told: Mapping[str, Any]) -> str:
        return mrkdwn.render_object(told, self._names, self._now).html


def _image(told: Json) -> str:
    """Return what an image shows: nothing is loaded from anywhere."""
    return f'<span class="image">image: {html.escape(told["alt_text"])}</span>'


def _time(moment: datetime) -> str:
    return f"{moment:%I:%M %p}".lstrip("0")


def _day(moment: datetime, now: datetime) -> str:
    near = mrkdwn.near(moment, now)
    if near:
        return near.capitalize()
    form = "%A, %B" if abs(moment - now) < timedelta(days=300) else "%B"
    shown = mrkdwn.day_of(moment, form)
    return shown if form == "%A, %B" else f"{shown}, {moment:%Y}"


def accepts_json(accept: str) -> bool:
    """Return whether JSON is asked for, and not as one of whatever a browser takes."""
    kinds: Sequence[str] = [each.partition(";")[0].strip() for each in accept.lower().split(",")]
    return "application/json" in kinds and "text/html" not in kinds
