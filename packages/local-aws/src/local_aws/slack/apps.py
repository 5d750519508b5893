"""The apps that are installed in the workspace."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass

DEFAULT_NAME = "App"
DEFAULT_SCOPES = ("chat:write", "usergroups:read", "channels:read", "groups:read")

_LETTERS = string.ascii_uppercase + string.digits


@dataclass(frozen=True)
class App:
    """An app with its bot. ``callback_url`` is where interactions are sent; empty until it is set."""

    account_id: str
    app_id: str
    bot_id: str
    bot_user_id: str
    bot_token: str
    signing_secret: str
    team_id: str
    scopes: tuple[str, ...]
    channels: frozenset[str]
    """The channels that the bot is in."""
    callback_url: str = ""
    name: str = DEFAULT_NAME


def new_app(
    account_id: str, callback_url: str, *, name: str, team_id: str, scopes: tuple[str, ...], channels: frozenset[str]
) -> App:
    return App(
        account_id=account_id,
        app_id=new_id("A"),
        bot_id=new_id("B"),
        bot_user_id=new_id("U"),
        bot_token=f"xoxb-local-{account_id}-{secrets.token_hex(12)}",
        signing_secret=secrets.token_hex(16),
        team_id=team_id,
        scopes=scopes,
        channels=channels,
        callback_url=callback_url,
        name=name,
    )


def new_id(kind: str) -> str:
    """Make an id as Slack makes them: a letter for the kind, then ten letters and digits."""
    return kind + "0" + "".join(secrets.choice(_LETTERS) for _ in range(9))
