"""Slack's text formatting: how a text looks, and which mentions and links it makes.

https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from local_aws.slack.people import CHANNELS, GROUP_NAMES, USERS

_LINKED = ("http://", "https://", "mailto:", "tel:")
_ALL = frozenset({"channel", "here", "everyone"})

# Finished parts are stashed between these characters while the rest is formatted; they are removed from input first.
_OPEN, _CLOSE = "\ue000", "\ue001"
_STASHED = re.compile(f"{_OPEN}(\\d+){_CLOSE}")

_CODE = re.compile(r"```\n?([\s\S]+?)```|`([^`\n]+)`")
_TOKEN = re.compile(r"<([^<>\n]+)>")
_BARE = re.compile(r"<([^<>\n]+)>|(https?://[^\s<>|`*]*[^\s<>|`*.,;:!?)\]}'\"])|(?<![\w#&])#([a-z0-9][a-z0-9_-]*)")
_STYLES = (
    (re.compile(r"(?<![\w*])\*(?![\s*])([^*\n]*[^*\s])\*(?![\w*])"), "b"),
    (re.compile(r"(?<![\w_])_(?![\s_])([^_\n]*[^_\s])_(?![\w_])"), "i"),
    (re.compile(r"(?<![\w~])~(?![\s~])([^~\n]*[^~\s])~(?![\w~])"), "s"),
)
_EMOJI = re.compile(r":([a-z0-9_+-]+):")
_EMOJIS: Mapping[str, str] = {
    "bell": "\N{BELL}",
    "eyes": "\N{EYES}",
    "heavy_check_mark": "\N{HEAVY CHECK MARK}",
    "hourglass": "\N{HOURGLASS}",
    "hourglass_flowing_sand": "\N{HOURGLASS WITH FLOWING SAND}",
    "link": "\N{LINK SYMBOL}",
    "lock": "\N{LOCK}",
    "no_entry": "\N{NO ENTRY}",
    "question": "\N{BLACK QUESTION MARK ORNAMENT}",
    "rotating_light": "\N{POLICE CARS REVOLVING LIGHT}",
    "unlock": "\N{OPEN LOCK}",
    "warning": "\N{WARNING SIGN}",
    "white_check_mark": "\N{WHITE HEAVY CHECK MARK}",
    "x": "\N{CROSS MARK}",
}
"""Some of Slack's emoji; others are left as written."""
_DATE_TOKEN = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class WorkspaceNames:
    """The names behind the ids of the workspace."""

    users: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)

    def channel_id(self, name: str) -> str | None:
        return next((channel_id for channel_id, channel_name in self.channels.items() if channel_name == name), None)


@dataclass(frozen=True)
class Rendered:
    """Text as safe HTML: nothing in the text becomes markup; ``mentions`` and ``links`` are those it makes."""

    html: str
    mentions: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


def escape(text: str) -> str:
    """Escape the three characters that Slack asks callers to escape, and no others."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def render(text: str, names: WorkspaceNames, now: datetime, *, verbatim: bool = False) -> Rendered:
    return _Rendering(names, now).render(text, verbatim=verbatim)


def mentions(text: str, *, verbatim: bool = False) -> tuple[str, ...]:
    """Return the users, channels and groups that a text mentions."""
    return render(text, _KNOWN, _SOME_TIME, verbatim=verbatim).mentions


def links(text: str, *, verbatim: bool = False) -> tuple[str, ...]:
    """Return the addresses that a text links to."""
    return render(text, _KNOWN, _SOME_TIME, verbatim=verbatim).links


def render_object(text_object: Mapping[str, Any], names: WorkspaceNames, now: datetime) -> Rendered:
    """Render a text object. Plain text has no markup and no entities."""
    if text_object["type"] == "plain_text":
        shown = html.escape(text_object["text"]).replace("\n", "<br>")
        return Rendered(_with_emoji(shown) if text_object.get("emoji", True) else shown)
    return render(text_object["text"], names, now, verbatim=bool(text_object.get("verbatim")))


_KNOWN = WorkspaceNames(USERS, CHANNELS, GROUP_NAMES)
_SOME_TIME = datetime.fromtimestamp(0, UTC)
"""Any time will do: mentions and links do not depend on it."""


class _Rendering:
    def __init__(self, names: WorkspaceNames, now: datetime) -> None:
        self._names = names
        self._now = now
        self._stash: list[str] = []
        self._mentions: list[str] = []
        self._links: list[str] = []

    def render(self, text: str, *, verbatim: bool) -> Rendered:
        text = text.replace(_OPEN, "").replace(_CLOSE, "")
        text = _CODE.sub(self._code, text)
        text = _TOKEN.sub(self._token, text) if verbatim else _BARE.sub(self._bare, text)
        text = _with_emoji(_plain(text))
        for style, tag in _STYLES:
            text = style.sub(rf"<{tag}>\1</{tag}>", text)
        text = "".join(_lines(text))
        while _STASHED.search(text):
            text = _STASHED.sub(lambda found: self._stash[int(found[1])], text)
        return Rendered(text, tuple(dict.fromkeys(self._mentions)), tuple(dict.fromkeys(self._links)))

    def _keep(self, made: str) -> str:
        self._stash.append(made)
        return f"{_OPEN}{len(self._stash) - 1}{_CLOSE}"

    def _code(self, found: re.Match[str]) -> str:
        # Tokens in angle brackets are resolved in code too: Slack reads them before it applies styles.
        inner = _plain(_TOKEN.sub(self._token, found[1] or found[2]))
        return self._keep(f"<pre>{inner}</pre>" if found[1] else f"<code>{inner}</code>")

    def _bare(self, found: re.Match[str]) -> str:
        if found[1]:
            return self._token(found)
        if found[2]:
            return self._link(_decode(found[2]), _decode(found[2]))
        channel_id = self._names.channel_id(found[3])
        return self._mention(f"#{channel_id}", f"#{found[3]}") if channel_id else found[0]

    def _token(self, found: re.Match[str]) -> str:
        target, _, label = found[1].partition("|")
        kind, rest = target[:1], target[1:]
        if kind == "@":
            return self._mention(target, f"@{self._names.users.get(rest, rest)}")
        if kind == "#":
            return self._mention(target, f"#{self._names.channels.get(rest, rest)}")
        if kind == "!":
            return self._special(rest, label, found[0])
        if target.lower().startswith(_LINKED):
            return self._link(_decode(target), _decode(label or target))
        return self._keep(html.escape(_decode(found[0])))

    def _special(self, command: str, label: str, whole: str) -> str:
        name, *rest = command.split("^")
        if name in _ALL:
            return self._mention(f"!{name}", f"@{name}", loud=True)
        if name == "subteam" and rest:
            return self._mention(f"!subteam^{rest[0]}", f"@{self._names.groups.get(rest[0], rest[0])}")
        if name == "date" and len(rest) in {2, 3} and label:
            shown = date_of(rest[0], rest[1], self._now) or _decode(label)
            link = rest[2] if len(rest) == 3 else ""  # noqa: PLR2004 - a link may come after the form
            return self._link(_decode(link), shown) if link else self._keep(html.escape(shown))
        return self._keep(html.escape(_decode(whole)))

    def _mention(self, mention: str, shown: str, *, loud: bool = False) -> str:
        self._mentions.append(mention)
        kind = "mention loud" if loud else "mention"
        return self._keep(f'<span class="{kind}">{html.escape(shown)}</span>')

    def _link(self, address: str, shown: str) -> str:
        self._links.append(address)
        if not address.lower().startswith(_LINKED):
            return self._keep(html.escape(shown))
        href = html.escape(address)
        return self._keep(
            f'<a href="{href}" title="{href}" target="_blank" rel="noopener noreferrer">{html.escape(shown)}</a>'
        )


def date_of(seconds: str, form: str, now: datetime) -> str | None:
    """Format a time as ``<!date^seconds^form>`` does, in UTC; None if ``seconds`` is no valid time."""
    try:
        date = datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return _DATE_TOKEN.sub(lambda found: _date_part(found, date, now), form)


def near(date: datetime, now: datetime) -> str | None:
    """Return ``today``, ``yesterday`` or ``tomorrow``; None for any other day."""
    days = (date.date() - now.date()).days
    return {0: "today", -1: "yesterday", 1: "tomorrow"}.get(days)


def day_of(date: datetime, form: str = "%B") -> str:
    """Format a day as Slack does: November 26th."""
    suffix = "th" if date.day in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(date.day % 10, "th")
    return f"{date:{form}} {date.day}{suffix}"


def _date_part(found: re.Match[str], date: datetime, now: datetime) -> str:
    time = f"{date:%I:%M %p}".lstrip("0")
    plain = {
        "date_num": f"{date:%Y-%m-%d}",
        "date": f"{day_of(date)}, {date:%Y}",
        "date_slash": f"{date:%m/%d/%Y}",
        "date_short": f"{date:%b} {date.day}, {date:%Y}",
        "date_long": f"{date:%A}, {day_of(date)}, {date:%Y}",
        "time": time,
        "time_secs": f"{date:%I:%M:%S %p}".lstrip("0"),
        "ago": _ago(date - now),
    }
    name = found[1]
    if name.endswith("_pretty"):
        return near(date, now) or plain.get(name.removesuffix("_pretty"), found[0])
    return plain.get(name, found[0])


def _ago(gap: timedelta) -> str:
    seconds = gap.total_seconds()
    size = abs(seconds)
    steps = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
    unit, length = next(((unit, length) for unit, length in steps if size >= length), ("second", 1))
    count = int(size // length)
    length_text = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"in {length_text}" if seconds > 0 else f"{length_text} ago"


def _lines(text: str) -> list[str]:
    shown: list[str] = []
    lines = text.split("\n")
    for place, line in enumerate(lines):
        quoted = line.startswith("&gt;")
        if quoted:
            shown.append(f"<blockquote>{line.removeprefix('&gt;').lstrip()}</blockquote>")
        else:
            shown.append(line + ("<br>" if place < len(lines) - 1 else ""))
    return shown


def _with_emoji(text: str) -> str:
    return _EMOJI.sub(lambda found: _EMOJIS.get(found[1], found[0]), text)


def _plain(text: str) -> str:
    return html.escape(_decode(text))


def _decode(text: str) -> str:
    """Decode Slack's three entities once: text that was escaped twice stays escaped once."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
