"""The workspace's page in a browser: the data that is shown, and to whom. The templates in ``page/`` lay it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from local_aws.slack import mrkdwn
from local_aws.slack.people import CHANNELS, REAL_NAMES, TEAM, USERS
from local_aws.slack.state import Message, State, View, datetime_of
from local_aws.time.clock import clock

_FOLDER = Path(__file__).with_name("page")
STYLE = (_FOLDER / "page.css").read_text(encoding="utf-8")
SCRIPT = (_FOLDER / "page.js").read_text(encoding="utf-8")

# Each template is read and compiled when it is first used.
_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

# Whatever a message contains, the browser runs only the page's own script and loads nothing else.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class ListedChannel:
    """A channel, with the number of messages in it that the page's user sees."""

    channel_id: str
    name: str
    count: int


@dataclass(frozen=True)
class Post:
    """A message as the page shows it."""

    message: Message

    @property
    def posted(self) -> datetime:
        return datetime_of(self.message.ts)

    @property
    def time(self) -> str:
        """The time of day."""
        return f"{self.posted:%I:%M %p}".lstrip("0")

    @property
    def is_reply(self) -> bool:
        return bool(self.message.thread_ts)


@dataclass(frozen=True)
class PostingDay:
    """The messages posted on a day, each followed by its replies, of whatever day those are."""

    name: str
    posts: Sequence[Post]


class Page:
    """The page of a channel, as one of the users sees it."""

    def __init__(self, state: State, root: str, channel: str, user: str) -> None:
        self._state = state
        self._root = root
        self._channel = channel if channel in CHANNELS else next(iter(CHANNELS))
        self._user = user if user in USERS else next(iter(USERS))
        self._names = state.names()
        self._now = clock.now()

    def whole(self) -> str:
        return self._render("whole.html")

    def sections(self) -> str:
        """Return the sections that the script replaces each second."""
        return self._render("sections.html")

    def _render(self, template: str) -> str:
        channels = {each: self._listed(each) for each in CHANNELS}
        return _TEMPLATES.get_template(template).render(
            root=self._root,
            team=TEAM,
            people=REAL_NAMES,
            user=self._user,
            channels=list(channels.values()),
            channel=channels[self._channel],
            days=self._days(),
            views=self._views(),
            text=self._text,
        )

    def _visible(self, channel: str) -> list[Message]:
        return [
            each
            for each in list(self._state.messages)
            if each.channel == channel and each.ephemeral_to in {None, self._user}
        ]

    def _listed(self, channel: str) -> ListedChannel:
        return ListedChannel(channel, CHANNELS[channel], len(self._visible(channel)))

    def _days(self) -> list[PostingDay]:
        messages = self._visible(self._channel)
        top = [each for each in messages if not each.thread_ts]
        days = [list(begun) for _, begun in groupby(top, key=lambda each: datetime_of(each.ts).date())]
        return [
            PostingDay(_day(datetime_of(begun[0].ts), self._now), list(_threads(begun, messages))) for begun in days
        ]

    def _views(self) -> list[View]:
        return [each for each in list(self._state.views.values()) if each.user == self._user]

    def _text(self, text_object: Mapping[str, Any]) -> Markup:
        rendered = mrkdwn.render_object(text_object, self._names, self._now)
        return Markup(rendered.html)  # noqa: S704 - in it nothing of the text is markup


def _threads(begun: Sequence[Message], messages: Sequence[Message]) -> Iterator[Post]:
    for message in begun:
        yield Post(message)
        yield from (Post(each) for each in messages if each.thread_ts == message.ts)


def _day(date: datetime, now: datetime) -> str:
    near = mrkdwn.near(date, now)
    if near:
        return near.capitalize()
    form = "%A, %B" if abs(date - now) < timedelta(days=300) else "%B"
    shown = mrkdwn.day_of(date, form)
    return shown if form == "%A, %B" else f"{shown}, {date:%Y}"


def accepts_json(accept: str) -> bool:
    """Return whether JSON is accepted and HTML is not, as a browser's request would have it."""
    kinds: Sequence[str] = [each.partition(";")[0].strip() for each in accept.lower().split(",")]
    return "application/json" in kinds and "text/html" not in kinds
