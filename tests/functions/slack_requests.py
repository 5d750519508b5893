"""What Slack sends when people answer, and doubles for ``receive_approval``."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from drawbridge.approval.approvers import Approvers
from drawbridge.approval.message import APPROVE, REASON, denial_form
from drawbridge.aws.secrets import SlackSecret
from drawbridge.environment import Environment
from functions.receive_approval import app
from tests.builders import NOW, SHARE, approval_record
from tests.fakes.approvals import InMemoryApprovals
from tests.fakes.callback import InMemoryCallback
from tests.functions.invocations import Json

ID = SHARE.request_id
SIGNING = "signing-secret-of-ours"
APPROVERS = Approvers(team_id="T0TEAM", user_ids=("U0ALICE", "U0BOB"), user_group_ids=("S0GROUP",))


class World:
    """What the door works with, and what it did."""

    def __init__(self) -> None:
        self.kept, self.task = InMemoryApprovals(approval_record()), InMemoryCallback()
        self.approvers: Approvers | None = APPROVERS
        self.members: frozenset[str] = frozenset()
        self.notices: list[dict[str, str]] = []
        self.opened: list[tuple[str, Json]] = []
        self.opens: Exception | None = None

    def slack(self) -> SlackSecret:
        return SlackSecret(bot_token="xoxb-of-ours", signing_secret=SIGNING)

    def open_form(self, trigger_id: str, form: Json) -> None:
        if self.opens is not None:
            raise self.opens
        self.opened.append((trigger_id, form))

    def notify_later(self, **notice: str) -> None:
        self.notices.append(notice)


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    environment = Environment({"SLACK_APP_ID": "A0DRAW"})
    replaced: dict[str, Callable[..., Any]] = {
        "environment": lambda: environment,
        "secrets": lambda: world,
        "now": lambda: NOW,
        "approvals": lambda: world.kept,
        "approvers": lambda: world.approvers,
        "callback": lambda: world.task,
        "members": lambda configured: world.members,
        "open_form": world.open_form,
        "notify_later": world.notify_later,
    }
    for name, each in replaced.items():
        monkeypatch.setattr(app, name, each)
    return world


def payload(who: str = "U0ALICE", action: str = APPROVE, value: str = f"{ID}/1-1", **changes: Any) -> Json:
    return {
        "type": "block_actions",
        "user": {"id": who, "team_id": "T0TEAM"},
        "team": {"id": "T0TEAM"},
        "api_app_id": "A0DRAW",
        "trigger_id": "1.2.3",
        "container": {"channel_id": "C0APPROVALS", "message_ts": "1.0"},
        "response_url": "https://hooks.slack.com/actions/x",
        "actions": [{"action_id": action, "value": value}],
    } | changes


def submission(reason: str = "not ours", who: str = "U0ALICE") -> Json:
    view = denial_form(ID, "1-1", "C0APPROVALS", "1.0")
    view["state"] = {"values": {REASON: {REASON: {"type": "plain_text_input", "value": reason}}}}
    return payload(who, type="view_submission", view=view, actions=[])


def sent(written: Json | bytes, *, encoded: bool = True, secret: str = SIGNING, age: int = 0, **headers: str) -> Json:
    """Return the event as API Gateway makes it of what Slack sends: a form, encoded in Base64."""
    body = written if isinstance(written, bytes) else urlencode({"payload": json.dumps(written)}).encode()
    timestamp = str(int((NOW - timedelta(seconds=age)).timestamp()))
    signature = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    signed = {"x-slack-request-timestamp": timestamp, "x-slack-signature": f"v0={signature}"}
    text = base64.b64encode(body).decode() if encoded else body.decode()
    return {"version": "2.0", "headers": signed | headers, "body": text, "isBase64Encoded": encoded}
