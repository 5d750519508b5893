"""The messages of approval, in memory; ``slack.messenger.SlackMessenger`` has them in Slack."""

from __future__ import annotations

from dataclasses import dataclass, field

from drawbridge.approval.ask import Posted
from drawbridge.approval.message import SlackMessage


@dataclass
class InMemoryMessenger:
    """Remembers what was posted, changed, and said privately."""

    posts: list[tuple[str, SlackMessage, Posted | None]] = field(default_factory=list)
    updates: list[tuple[Posted, SlackMessage]] = field(default_factory=list)
    private: list[tuple[str, str, str]] = field(default_factory=list)

    def post(self, channel: str, what: SlackMessage, *, below: Posted | None = None) -> Posted:
        self.posts.append((channel, what, below))
        return Posted(channel, f"{len(self.posts)}.5")

    def update(self, posted: Posted, what: SlackMessage) -> None:
        self.updates.append((posted, what))

    def send_privately(self, channel: str, user_id: str, text: str) -> None:
        self.private.append((channel, user_id, text))
