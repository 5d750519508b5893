"""Slack's web API, as the adapter promises to use it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from drawbridge.approval.ask import Posted
from drawbridge.approval.message import MessageEnding, denial_form, message, reminder
from drawbridge.errors import (
    AccessDeniedError,
    DrawbridgeError,
    GoneError,
    InvalidInputError,
    ThrottledError,
    UpstreamError,
)
from drawbridge.slack.messenger import SlackMessenger
from local_aws.testing import slack
from local_aws.testing.server import LocalAws
from tests.builders import question
from tests.contracts.accounts import new_account_id

WHAT = message(question(), link="https://link")
Answer = tuple[int, str, dict[str, str]]
OK: Answer = (200, '{"ok": true, "channel": "C0", "ts": "1.5", "users": ["U0ALICE"]}', {})


def refusal(error: str, status: int = 200, **headers: str) -> Answer:
    return status, json.dumps({"ok": False, "error": error}), headers


class Answers:
    """What a server answers, one after the other; the last again and again."""

    def __init__(self, *answers: Answer) -> None:
        self.left = list(answers)
        self.asked: list[tuple[str, Any, dict[str, str]]] = []


@contextmanager
def server(answers: Answers) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            answers.asked.append((self.path, body, dict(self.headers)))
            status, text, headers = answers.left.pop(0) if len(answers.left) > 1 else answers.left[0]
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{serving.server_port}/api/"
        finally:
            serving.shutdown()
            thread.join()


class Asked:
    """A messenger and what it did."""

    def __init__(self, patience: float = 20) -> None:
        self.patience = patience
        self.slept: list[float] = []

    def of(self, *answers: Answer, do: Callable[[SlackMessenger], Any] | None = None) -> Any:
        with server(Answers(*answers)) as url:
            messenger = SlackMessenger(lambda: "xoxb-secret", url, patience=self.patience, sleep=self.slept.append)
            return (do or (lambda messenger: messenger.post("C0", WHAT)))(messenger)


def test_a_message_is_posted_with_the_token_and_its_place_is_returned() -> None:
    answers = Answers(OK)
    with server(answers) as url:
        posted = SlackMessenger(lambda: "xoxb-secret", url).post("C0", WHAT, below=Posted("C0", "1.0"))

    ((path, body, headers),) = answers.asked
    sent = json.loads(body)
    assert posted == Posted("C0", "1.5")
    assert path == "/api/chat.postMessage"
    assert headers["Authorization"] == "Bearer xoxb-secret"
    assert (sent["channel"], sent["text"], sent["blocks"]) == ("C0", WHAT.text, WHAT.blocks)
    assert (sent["thread_ts"], sent["unfurl_links"], sent["unfurl_media"]) == ("1.0", False, False)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal("invalid_auth"), AccessDeniedError),
        (refusal("token_revoked"), AccessDeniedError),
        (refusal("account_inactive"), AccessDeniedError),
        (refusal("channel_not_found"), AccessDeniedError),
        (refusal("not_in_channel"), AccessDeniedError),
        (refusal("is_archived"), AccessDeniedError),
        (refusal("ratelimited"), ThrottledError),
        (refusal("message_not_found"), GoneError),
        (refusal("internal_error"), UpstreamError),
        (refusal("fatal_error", 500), UpstreamError),
        (refusal("service_unavailable"), UpstreamError),
        (refusal("invalid_blocks"), InvalidInputError),
        (refusal("msg_too_long"), InvalidInputError),
        (refusal("expired_trigger_id"), InvalidInputError),
        ((503, "<html><body>Service Unavailable</body></html>", {"Content-Type": "text/html"}), UpstreamError),
        ((502, "", {}), UpstreamError),
        ((200, "<html>a proxy's page</html>", {"Content-Type": "text/html"}), UpstreamError),
        ((200, "", {}), UpstreamError),
        ((404, "{}", {}), UpstreamError),
        ((200, "{}", {}), UpstreamError),
    ],
    ids=range(20),
)  # fmt: skip
def test_what_slack_reports_is_an_error_of_ours(answer: Answer, error: type[DrawbridgeError]) -> None:
    with pytest.raises(error, match=r"Slack chat\.postMessage") as raised:
        Asked().of(answer)

    assert type(raised.value) is error
    assert "xoxb-secret" not in str(raised.value)


def test_a_scope_that_is_missing_is_reported() -> None:
    answer: Answer = (200, '{"ok": false, "error": "missing_scope", "needed": "chat:write", "provided": "a"}', {})

    with pytest.raises(AccessDeniedError, match="missing_scope, needed: chat:write"):
        Asked().of(answer)


@pytest.mark.parametrize("header", ["Retry-After", "retry-after"])
def test_slack_is_left_alone_for_as_long_as_it_says(header: str) -> None:
    asked = Asked()

    posted = asked.of(refusal("ratelimited", 429, **{header: "7"}), refusal("ratelimited", 429, **{header: "3"}), OK)

    assert posted == Posted("C0", "1.5")
    assert asked.slept == [7, 3]


@pytest.mark.parametrize("retry_after", ["", "soon", "0", "0.2"])
def test_what_says_no_time_to_wait_is_waited_for_a_second(retry_after: str) -> None:
    asked = Asked()

    asked.of(refusal("ratelimited", 429, **{"Retry-After": retry_after} if retry_after else {}), OK)

    assert asked.slept == [1]


@pytest.mark.parametrize(("patience", "slept"), [(0, []), (6, []), (20, [7, 7])])
def test_no_longer_is_waited_than_there_is_patience_for(patience: float, slept: list[float]) -> None:
    asked = Asked(patience)

    with pytest.raises(ThrottledError):
        asked.of(refusal("ratelimited", 429, **{"Retry-After": "7"}))

    assert asked.slept == slept


def test_slack_that_is_not_there_may_be_back_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(UpstreamError, match=r"Slack chat\.postMessage"):
        SlackMessenger(lambda: "t", f"http://127.0.0.1:{port}/api/", timeout=1).post("C0", WHAT)


def test_slack_that_does_not_answer_may_do_so_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        messenger = SlackMessenger(lambda: "t", f"http://127.0.0.1:{silent.getsockname()[1]}/api/", timeout=1)

        with pytest.raises(UpstreamError):
            messenger.open_form("1.2", {})


@pytest.mark.parametrize("code", ["message_not_found", "cant_update_message", "edit_window_closed"])
def test_a_message_that_is_gone_is_left_so(code: str) -> None:
    Asked().of(refusal(code), do=lambda messenger: messenger.update(Posted("C0", "1.5"), WHAT))


@pytest.fixture
def app(local_aws: LocalAws) -> slack.App:
    return slack.workspace.install(new_account_id())


@pytest.fixture
def messenger(app: slack.App) -> SlackMessenger:
    return SlackMessenger(lambda: app.bot_token, slack.api_url())


def test_the_stand_in_takes_all_that_we_say(app: slack.App, messenger: SlackMessenger) -> None:
    posted = messenger.post(slack.APPROVALS, WHAT)
    messenger.post(slack.APPROVALS, reminder(question(), slack.NET_ADMINS), below=posted)
    messenger.update(posted, message(question(), link="https://link", ending=MessageEnding("Approved.")))
    messenger.send_privately(slack.APPROVALS, "U0ALICE", "Recorded.")

    messages = [(each.text, each.thread_ts, each.ephemeral_to) for each in slack.workspace.messages(app.account_id)]
    assert [each[1:] for each in messages] == [(None, None), (posted.ts, None), (None, "U0ALICE")]
    assert messages[0][0].endswith("? Approved.")


def test_the_members_of_a_group_are_reported_and_a_group_that_is_not_there_is_gone(messenger: SlackMessenger) -> None:
    assert messenger.members(slack.NET_ADMINS) == {"U0BOB", "U0CAROL"}
    with pytest.raises(GoneError):
        messenger.members("S0NONE")


def test_the_app_is_told_who_it_is(messenger: SlackMessenger, app: slack.App) -> None:
    identity = messenger.identity()

    assert (identity["team_id"], identity["user_id"], identity["bot_id"]) == (
        slack.TEAM_ID,
        app.bot_user_id,
        app.bot_id,
    )


def test_the_name_of_a_channel_is_told_to_who_may_read_it(local_aws: LocalAws) -> None:
    app = slack.workspace.install(new_account_id(), scopes=(*slack.DEFAULT_SCOPES, "channels:read"))

    assert SlackMessenger(lambda: app.bot_token, slack.api_url()).channel_name(slack.APPROVALS) == "net-approvals"


def test_a_form_is_not_opened_by_a_trigger_that_was_never_given(messenger: SlackMessenger) -> None:
    with pytest.raises(InvalidInputError, match="invalid_trigger_id"):
        messenger.open_form("1.2.3", denial_form("share-1", "1-1", "C0", "1.5"))
