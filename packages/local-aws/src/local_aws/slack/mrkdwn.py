"""What text comes to in Slack: how it looks, and whom and what it really mentions and links.

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

# What is stashed away while the rest is formatted; nobody's text has these characters when this is done with it.
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
"""Some of Slack's; others stay as they are written."""
_DATE_TOKEN = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class WorkspaceNames:
    """What ids are called in the workspace."""

    users: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)

    def channel_id(self, name: str) -> str | None:
        return next((known for known, its in self.channels.items() if its == name), None)


@dataclass(frozen=True)
class Rendered:
    """Text as HTML in which nothing of the text is markup; ``mentions`` and ``links`` are those that it makes."""

    html: str
    mentions: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


def escape(text: str) -> str:
    """Escape as Slack asks callers to, and nothing but these three."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def render(text: str, names: WorkspaceNames, now: datetime, *, verbatim: bool = False) -> Rendered:
    return _Rendering(names, now).of(text, verbatim=verbatim)


def mentions(text: str, *, verbatim: bool = False) -> tuple[str, ...]:
    """Return whom a text mentions in the workspace."""
    return render(text, _KNOWN, _SOME_TIME, verbatim=verbatim).mentions


def links(text: str, *, verbatim: bool = False) -> tuple[str, ...]:
    """Return what a text links."""
    return render(text, _KNOWN, _SOME_TIME, verbatim=verbatim).links


def render_object(told: Mapping[str, Any], names: WorkspaceNames, now: datetime) -> Rendered:
    """Render a text object. In plain text nothing is markup, and no entity either."""
    if told["type"] == "plain_text":
        shown = html.escape(told["text"]).replace("\n", "<br>")
        return Rendered(_with_emoji(shown) if told.get("emoji", True) else shown)
    return render(told["text"], names, now, verbatim=bool(told.get("verbatim")))


_KNOWN = WorkspaceNames(USERS, CHANNELS, GROUP_NAMES)
_SOME_TIME = datetime.fromtimestamp(0, UTC)
"""What a text mentions and links depends on no time."""


class _Rendering:
    def __init__(self, names: WorkspaceNames, now: datetime) -> None:
        self._names = names
        self._now = now
        self._stash: list[str] = []
        self._mentions: list[str] = []
        self._links: list[str] = []

    def of(self, text: str, *, verbatim: bool) -> Rendered:
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
        # What is in angle brackets is taken for what it says in code too: Slack reads it before it looks at the style.
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
        told, _, label = found[1].partition("|")
        kind, rest = told[:1], told[1:]
        if kind == "@":
            return self._mention(told, f"@{self._names.users.get(rest, rest)}")
        if kind == "#":
            return self._mention(told, f"#{self._names.channels.get(rest, rest)}")
        if kind == "!":
            return self._special(rest, label, found[0])
        if told.lower().startswith(_LINKED):
            return self._link(_decode(told), _decode(label or told))
        return self._keep(html.escape(_decode(found[0])))

    def _special(self, told: str, label: str, whole: str) -> str:
        name, *rest = told.split("^")
        if name in _ALL:
            return self._mention(f"!{name}", f"@{name}", loud=True)
        if name == "subteam" and rest:
            return self._mention(f"!subteam^{rest[0]}", f"@{self._names.groups.get(rest[0], rest[0])}")
        if name == "date" and len(rest) in {2, 3} and label:
            shown = date_of(rest[0], rest[1], self._now) or _decode(label)
            link = rest[2] if len(rest) == 3 else ""  # noqa: PLR2004 - a link may come after the form
            return self._link(_decode(link), shown) if link else self._keep(html.escape(shown))
        return self._keep(html.escape(_decode(whole)))

    def _mention(self, told: str, shown: str, *, loud: bool = False) -> str:
        self._mentions.append(told)
        kind = "mention loud" if loud else "mention"
        return self._keep(f'<span class="{kind}">{html.escape(shown)}</span>')

    def _link(self, address: str, shown: str) -> str:
        self._links.append(address)
        if not address.lower().startswith(_LINKED):
            return self._keep(html.escape(shown))
        told = html.escape(address)
        return self._keep(
            f'<a href="{told}" title="{told}" target="_blank" rel="noopener noreferrer">{html.escape(shown)}</a>'
        )


def date_of(seconds: str, form: str, now: datetime) -> str | None:
    """Put a moment as ``<!date^seconds^form>`` asks for, in UTC; None if it is no moment."""
    try:
        moment = datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return _DATE_TOKEN.sub(lambda found: _date_part(found, moment, now), form)


def near(moment: datetime, now: datetime) -> str | None:
    """Name a day that is near by what it is from here."""
    days = (moment.date() - now.date()).days
    return {0: "today", -1: "yesterday", 1: "tomorrow"}.get(days)


def day_of(moment: datetime, form: str = "%B") -> str:
    """Put a day as Slack does: the 26th of November."""
    suffix = "th" if moment.day in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(moment.day % 10, "th")
    return f"{moment:{form}} {moment.day}{suffix}"


def _date_part(found: re.Match[str], moment: datetime, now: datetime) -> str:
    time = f"{moment:%I:%M %p}".lstrip("0")
    plain = {
        "date_num": f"{moment:%Y-%m-%d}",
        "date": f"{day_of(moment)}, {moment:%Y}",
        "date_slash": f"{moment:%m/%d/%Y}",
        "date_short": f"{moment:%b} {moment.day}, {moment:%Y}",
        "date_long": f"{moment:%A}, {day_of(moment)}, {moment:%Y}",
        "time": time,
        "time_secs": f"{moment:%I:%M:%S %p}".lstrip("0"),
        "ago": _ago(moment - now),
    }
    name = found[1]
    if name.endswith("_pretty"):
        return near(moment, now) or plain.get(name.removesuffix("_pretty"), found[0])
    return plain.get(name, found[0])


def _ago(gap: timedelta) -> str:
    seconds = gap.total_seconds()
    size = abs(seconds)
    steps = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
    unit, length = next(((unit, length) for unit, length in steps if size >= length), ("second", 1))
    count = int(size // length)
    told = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"in {told}" if seconds > 0 else f"{told} ago"


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
    """Undo the three entities that Slack knows, in one step: what was escaped twice is still escaped once."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
