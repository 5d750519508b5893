"""Slack's web API: messages, forms, and members of user groups."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from drawbridge.approval.ask import Posted
from drawbridge.approval.block_kit import Block
from drawbridge.approval.message import SlackMessage
from drawbridge.errors import (
    AccessDeniedError,
    DrawbridgeError,
    GoneError,
    InvalidInputError,
    ThrottledError,
    UpstreamError,
)

_SET_UP_WRONG = frozenset(
    {
        "account_inactive",
        "channel_is_archived",
        "channel_not_found",
        "invalid_auth",
        "is_archived",
        "missing_scope",
        "no_permission",
        "not_authed",
        "not_in_channel",
        "org_login_required",
        "restricted_action",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
    }
)
"""Errors of the set-up, which somebody has to mend: no retry helps."""

_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "no_such_subteam"})
_PASSING = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable", "team_added_to_org"})
_CODE = re.compile(r"[a-z_]+")
_TOO_MANY = 429
_BROKEN = 500


class SlackMessenger:
    """Slack, as the app of a bot token."""

    def __init__(
        self,
        token: Callable[[], str],
        base_url: str,
        *,
        timeout: int = 5,
        patience: float = 20,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``patience`` is how many seconds a call waits at most in all when Slack asks it to wait."""
        self._token = token
        self._base_url = base_url
        self._timeout = timeout
        self._patience = patience
        self._sleep = sleep

    def post(self, channel: str, what: SlackMessage, *, below: Posted | None = None) -> Posted:
        """Post a message, perhaps in the thread below another one."""
        thread = {"thread_ts": below.ts} if below else {}
        still = {"unfurl_links": False, "unfurl_media": False}
        answer = self._call("chat.postMessage", channel=channel, text=what.text, blocks=what.blocks, **still, **thread)
        return Posted(answer["channel"], answer["ts"])

    def update(self, posted: Posted, what: SlackMessage) -> None:
        """Change a message, if it still exists."""
        try:
            self._call("chat.update", channel=posted.channel, ts=posted.ts, text=what.text, blocks=what.blocks)
        except GoneError:
            return

    def send_privately(self, channel: str, user_id: str, text: str) -> None:
        """Post something that only one person sees."""
        self._call("chat.postEphemeral", channel=channel, user=user_id, text=text)

    def open_form(self, trigger_id: str, form: Block) -> None:
        """Open a form; only within three seconds of the click that it follows."""
        self._call("views.open", trigger_id=trigger_id, view=form)

    def members(self, group_id: str) -> frozenset[str]:
        """Return the members of a user group.

        Raises:
            GoneError: there is no such group.
        """
        return frozenset(self._read("usergroups.users.list", usergroup=group_id)["users"])

    def identity(self) -> dict[str, str]:
        """Return team, user and bot of the token."""
        answer = self._read("auth.test")
        return {name: str(answer.get(name, "")) for name in ("team", "team_id", "user", "user_id", "bot_id", "url")}

    def channel_name(self, channel: str) -> str:
        """Return the name of a channel that the app is in."""
        return str(self._read("conversations.info", channel=channel)["channel"]["name"])

    def _call(self, method: str, **parameters: Any) -> Any:
        return self._api(method, json=parameters)

    def _read(self, method: str, **parameters: str) -> Any:
        # What only reads takes no JSON: https://docs.slack.dev/apis/web-api/#methods_supporting_json
        return self._api(method, http_verb="GET", params=parameters)

    def _api(self, method: str, **how: Any) -> Any:
        client = WebClient(token=self._token(), base_url=self._base_url, timeout=self._timeout)
        patience = self._patience
        while True:
            try:
                return client.api_call(method, **how).data
            except SlackApiError as error:
                wait = _seconds_to_wait(error)
                if wait is None or wait > patience:
                    raise _translated(method, error) from error
                patience -= wait
                self._sleep(wait)
            except (SlackClientError, OSError) as error:
                raise UpstreamError(f"Slack {method}: {error}") from error


def _seconds_to_wait(error: SlackApiError) -> float | None:
    """Return how long Slack asks to wait; ``None`` if it does not."""
    if error.response.status_code != _TOO_MANY:
        return None
    try:
        return max(1.0, float(error.response.headers.get("Retry-After", "1")))
    except ValueError:
        return 1.0


def _translated(method: str, error: SlackApiError) -> DrawbridgeError:
    """Return our error for Slack's, which comes as a code in an answer with status 200."""
    status = error.response.status_code
    data = error.response.data if isinstance(error.response.data, dict) else {}
    code = str(data.get("error", ""))
    if _CODE.fullmatch(code) is None:
        # A proxy answered instead of Slack; slack_sdk puts its words where Slack's codes are.
        code = ""
    needed = f", needed: {data.get('needed')}" if code == "missing_scope" else ""
    words = f"Slack {method}: {code or status}{needed}"
    if status == _TOO_MANY or code == "ratelimited":
        return ThrottledError(words)
    if code in _SET_UP_WRONG:
        return AccessDeniedError(words)
    if code in _GONE:
        return GoneError(words)
    if not code or code in _PASSING or status >= _BROKEN:
        return UpstreamError(words)
    return InvalidInputError(words)
