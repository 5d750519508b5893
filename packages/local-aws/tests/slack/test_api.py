from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from local_aws import slack
from local_aws.control import settings
from local_aws.moto_extension import tables
from local_aws.server import LocalAws
from local_aws.slack import MethodError, RateLimited, workspace
from local_aws.slack.errors import RateLimitedError
from local_aws.slack.rates import Rates
from local_aws.slack.workspace import Workspace
from local_aws.time.clock import clock
from local_aws_tests.slack_apps import APPROVAL, Bot, bot, http_call, refused
from local_aws_tests.waiting import clock_at_rest

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}


@pytest.fixture
def own_bot(local_aws_server: LocalAws) -> Bot:
    return bot()


@pytest.fixture
def faultless(local_aws_server: LocalAws) -> Iterator[str]:
    """Yield the URL of Slack's control, and end all of its faults afterwards."""
    url = f"{local_aws_server.url}/_local/slack"
    yield url
    http_call(url, {})


def test_auth_test_returns_the_bots_identity(own_bot: Bot) -> None:
    answer = own_bot.client.auth_test()

    assert answer["team_id"] == slack.TEAM_ID == own_bot.app.team_id
    assert answer["bot_id"] == own_bot.app.bot_id
    assert answer["user_id"] == own_bot.app.bot_user_id


def test_a_message_is_posted_with_ids_for_its_blocks(own_bot: Bot) -> None:
    answer = own_bot.client.chat_postMessage(channel=slack.APPROVALS, text="a request", blocks=[SECTION, *APPROVAL])

    (message,) = workspace.messages(own_bot.app.account_id)
    assert answer["ts"] == message.ts
    assert answer["message"]["blocks"] == list(message.blocks)
    assert [block["type"] for block in message.blocks] == ["section", "section", "actions"]
    assert all(block["block_id"] for block in message.blocks)
    assert message.blocks[2]["block_id"] == "decision"
    assert abs(float(message.ts) - clock.time()) < 60


def test_no_two_messages_have_one_ts(own_bot: Bot) -> None:
    with ThreadPoolExecutor(8) as pool:
        timestamps = list(pool.map(lambda _: workspace.state.next_ts(), range(400)))

    assert len(set(timestamps)) == 400


def test_a_channel_goes_by_its_name_for_posting_only(own_bot: Bot) -> None:
    ts = own_bot.post("x", channel="#net-approvals")

    answer = refused(own_bot.client.chat_update, channel="#net-approvals", ts=ts, text="y")
    assert answer["error"] == "channel_not_found"


def test_a_form_is_as_good_as_json(own_bot: Bot) -> None:
    body = b"channel=C0APPROVALS&text=a%20%26amp%3B%20b&blocks=" + json.dumps([SECTION]).encode()

    status, answer = http_call(
        slack.api_url() + "chat.postMessage",
        body + b"&token=" + own_bot.app.bot_token.encode(),
        {"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert (status, answer["ok"]) == (200, True)
    assert answer["message"]["text"] == "a &amp; b"


def _call(own_bot: Bot, method: str, body: bytes, **headers: str) -> Any:
    status, answer = http_call(
        slack.api_url() + method, body, {name.replace("_", "-"): value for name, value in headers.items()}
    )
    assert status == 200
    return answer


@pytest.mark.parametrize(
    ("method", "body", "headers", "error"),
    [
        ("auth.test", b"{}", {"Content-Type": "application/json"}, "not_authed"),
        ("auth.test", b'{"token": "TOKEN"}', {"Content-Type": "application/json"}, "not_authed"),
        ("auth.test", b"{}", {"Content-Type": "text/plain", "Authorization": "Bearer TOKEN"}, "invalid_post_type"),
        ("auth.test", b"", {"Authorization": "Bearer nobody"}, "invalid_auth"),
        ("auth.test", b"", {"Authorization": "Bearer n\xf6body"}, "invalid_auth"),
        ("auth.tset", b"", {"Authorization": "Bearer TOKEN"}, "unknown_method"),
        ("auth.test", b"{", {"Authorization": "Bearer TOKEN", "Content-Type": "application/json"}, "invalid_json"),
        ("auth.test", b"[]", {"Authorization": "Bearer TOKEN", "Content-Type": "application/json"}, "json_not_object"),
        (
            "chat.getPermalink",
            b'{"channel": "C0APPROVALS", "message_ts": "1.1"}',
            {"Authorization": "Bearer TOKEN", "Content-Type": "application/json"},
            "invalid_arguments",
        ),
    ],
)
def test_an_invalid_call_is_refused_with_status_200(
    own_bot: Bot, method: str, body: bytes, headers: dict[str, str], error: str
) -> None:
    """Trap 23."""
    token = own_bot.app.bot_token
    answer = _call(
        own_bot,
        method,
        body.replace(b"TOKEN", token.encode()),
        **{name.replace("-", "_"): value.replace("TOKEN", token) for name, value in headers.items()},
    )

    assert (answer["ok"], answer["error"]) == (False, error)


def test_json_without_its_charset_is_taken_with_a_warning(own_bot: Bot) -> None:
    answer = _call(
        own_bot, "auth.test", b"{}", Content_Type="application/json", Authorization=f"Bearer {own_bot.app.bot_token}"
    )

    assert (answer["ok"], answer["warning"]) == (True, "missing_charset")


def test_a_method_without_its_scope_is_refused_with_the_scope_that_it_needs(own_bot: Bot) -> None:
    answer = refused(bot(scopes=("chat:write", "im:read")).client.conversations_info, channel=slack.APPROVALS)

    assert answer["error"] == "missing_scope"
    assert (answer["needed"], answer["provided"]) == ("channels:read", "chat:write,im:read")
    assert refused(own_bot.client.users_info, user="U0BOB")["needed"] == "users:read"
    assert refused(bot(scopes=("users:read",)).client.chat_postMessage, channel="x", text="x")["needed"] == "chat:write"
    answer = refused(own_bot.client.chat_postMessage, channel=slack.APPROVALS, text="x", username="somebody else")
    assert answer["needed"] == "chat:write.customize"


def test_with_the_scopes_users_and_channels_are_returned(local_aws_server: LocalAws) -> None:
    client = bot(scopes=("channels:read", "users:read")).client

    assert client.conversations_info(channel=slack.APPROVALS)["channel"]["name"] == "net-approvals"
    assert client.users_info(user="U0BOB")["user"]["name"] == "bob"
    assert refused(client.users_info, user="U0NOBODY")["error"] == "user_not_found"
    assert refused(client.conversations_info, channel="C0NOTHING")["error"] == "channel_not_found"


def test_a_groups_users_are_listed(own_bot: Bot) -> None:
    answer = own_bot.client.usergroups_users_list(usergroup=slack.NET_ADMINS)

    assert answer["users"] == ["U0BOB", "U0CAROL"]
    assert refused(own_bot.client.usergroups_users_list, usergroup="S0NOTHING")["error"] == "no_such_subteam"
    unscoped = bot(scopes=("chat:write",)).client
    assert refused(unscoped.usergroups_users_list, usergroup=slack.NET_ADMINS)["needed"] == "usergroups:read"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        pytest.param({"channel": "C0NOTHING", "text": "x"}, "channel_not_found", id="no channel"),
        pytest.param({"text": "x"}, "invalid_arguments", id="no word of a channel"),
        pytest.param({"channel": slack.APPROVALS}, "no_text", id="nothing to say"),
        pytest.param({"channel": slack.APPROVALS, "text": "", "blocks": []}, "no_text", id="an empty message"),
        pytest.param({"channel": slack.APPROVALS, "text": "x" * 40_001}, "msg_too_long", id="too much to say"),
        pytest.param(
            {"channel": slack.APPROVALS, "blocks": "["}, "invalid_blocks_format", id="blocks that are no JSON"
        ),
        pytest.param({"channel": slack.APPROVALS, "blocks": {}}, "invalid_blocks_format", id="blocks that are no list"),
        pytest.param({"channel": slack.APPROVALS, "blocks": [{}]}, "invalid_blocks", id="a block that is none"),
        pytest.param({"channel": slack.APPROVALS, "text": "x", "thread_ts": "1.1"}, "thread_not_found", id="no thread"),
        pytest.param({"channel": slack.APPROVALS, "text": "x", "parse": "full"}, "invalid_arguments", id="not here"),
    ],
)
def test_an_invalid_message_is_refused(own_bot: Bot, arguments: dict[str, Any], error: str) -> None:
    answer = refused(own_bot.client.api_call, "chat.postMessage", json=arguments)

    assert answer["error"] == error
    assert workspace.messages(own_bot.app.account_id) == []


def test_a_longest_message_is_posted(own_bot: Bot) -> None:
    own_bot.post("x" * 40_000)


def test_invalid_blocks_are_reported_with_their_places(own_bot: Bot) -> None:
    blocks = [SECTION, {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]

    answer = refused(own_bot.client.chat_postMessage, channel=slack.APPROVALS, text="x", blocks=blocks)

    finding = "must be less than 3001 characters [json-pointer:/blocks/1/text/text]"
    assert answer["error"] == "invalid_blocks"
    assert answer["errors"] == [finding]
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {finding}"]


def test_all_text_of_a_message_has_a_limit_of_its_own(own_bot: Bot) -> None:
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}}

    answer = refused(own_bot.client.chat_postMessage, channel=slack.APPROVALS, text="x", blocks=[section] * 5)

    assert answer["error"] == "msg_blocks_too_long"


def test_an_app_that_is_not_in_a_channel_may_not_write_there(own_bot: Bot) -> None:
    workspace.remove_from(slack.ESCALATION, own_bot.app.account_id)

    assert refused(own_bot.client.chat_postMessage, channel=slack.ESCALATION, text="x")["error"] == "not_in_channel"
    assert own_bot.post("x")


def test_a_message_is_updated_by_its_own_app_only(own_bot: Bot) -> None:
    ts = own_bot.post("before", blocks=APPROVAL)

    assert refused(bot().client.chat_update, channel=slack.APPROVALS, ts=ts, text="x")["error"] == "cant_update_message"
    assert (
        refused(own_bot.client.chat_update, channel=slack.APPROVALS, ts="1.1", text="x")["error"] == "message_not_found"
    )
    assert (
        refused(own_bot.client.chat_update, channel=slack.ESCALATION, ts=ts, text="x")["error"] == "message_not_found"
    )
    assert [each.text for each in workspace.messages(own_bot.app.account_id)] == ["before"]


def test_an_update_keeps_the_place_and_the_ts(own_bot: Bot) -> None:
    ts = own_bot.post("first", blocks=APPROVAL)
    own_bot.post("second")

    answer = own_bot.client.chat_update(channel=slack.APPROVALS, ts=ts, text="approved", blocks=[SECTION])

    first, second = workspace.messages(own_bot.app.account_id)
    assert (first.ts, first.text, [each["type"] for each in first.blocks]) == (ts, "approved", ["section"])
    assert first.edited
    assert second.edited is None
    assert (answer["ts"], answer["text"]) == (ts, "approved")


def test_an_update_with_text_alone_drops_the_blocks(own_bot: Bot) -> None:
    ts = own_bot.post("first", blocks=APPROVAL)

    own_bot.client.chat_update(channel=slack.APPROVALS, ts=ts, text="approved")

    (message,) = workspace.messages(own_bot.app.account_id)
    assert message.blocks == ()


def test_an_ephemeral_message_is_nobody_elses_and_cannot_be_updated(own_bot: Bot) -> None:
    ts = own_bot.client.chat_postEphemeral(channel=slack.APPROVALS, user="U0MALLORY", text="not for you")["message_ts"]

    (message,) = workspace.messages(own_bot.app.account_id)
    assert message.ephemeral_to == "U0MALLORY"
    answer = refused(own_bot.client.chat_update, channel=slack.APPROVALS, ts=ts, text="x")
    assert answer["error"] == "message_not_found"
    answer = refused(own_bot.client.chat_postEphemeral, channel=slack.APPROVALS, user="U0NOBODY", text="x")
    assert answer["error"] == "user_not_in_channel"


def test_a_message_has_a_permalink(own_bot: Bot) -> None:
    ts = own_bot.post()

    link = own_bot.client.chat_getPermalink(channel=slack.APPROVALS, message_ts=ts)["permalink"]

    assert str(link).endswith(f"/archives/C0APPROVALS/p{ts.replace('.', '')}")
    answer = refused(own_bot.client.chat_getPermalink, channel=slack.APPROVALS, message_ts="1.1")
    assert answer["error"] == "message_not_found"


def test_a_reply_belongs_to_its_thread(own_bot: Bot) -> None:
    ts = own_bot.post()

    own_bot.post("reply", thread_ts=ts)

    assert [each.thread_ts for each in workspace.messages(own_bot.app.account_id)] == [None, ts]


def test_a_channel_takes_a_message_a_second_and_a_small_burst(own_bot: Bot) -> None:
    def post_many() -> None:
        for _ in range(10):
            own_bot.post()

    with clock_at_rest(), pytest.raises(SlackApiError) as limited:
        post_many()

    assert limited.value.response.status_code == 429
    assert limited.value.response.headers["Retry-After"] == "1"
    assert limited.value.response["error"] == "ratelimited"
    assert own_bot.post(channel=slack.ESCALATION)
    clock.advance(1)
    assert own_bot.post()


def test_the_bucket_of_posting_fills_with_one_a_second() -> None:
    now = [0.0]
    rates = Rates(lambda: now[0])

    def taken() -> int:
        count = 0
        try:
            while True:
                rates.take("A", "chat.postMessage", "C")
                count += 1
        except RateLimitedError as limited:
            assert limited.retry_after == 1
        return count

    assert taken() == 3
    now[0] = 2.0
    assert taken() == 2


def test_a_group_can_be_listed_twenty_times_a_minute() -> None:
    rates = Rates(lambda: 0.0)
    for _ in range(20):
        rates.take("A", "usergroups.users.list")

    with pytest.raises(RateLimitedError) as limited:
        rates.take("A", "usergroups.users.list")

    assert limited.value.retry_after == 3


def test_with_throttles_off_slack_takes_everything(own_bot: Bot) -> None:
    settings.change({"throttles": False})
    try:
        for _ in range(10):
            own_bot.post()
    finally:
        settings.change({"throttles": True})


def test_slack_that_is_down_is_no_slack_error(own_bot: Bot, faultless: str) -> None:
    answer = http_call(faultless, {"faults": {"down": True}})

    assert answer == (200, {"faults": {"down": True}})
    status, body = http_call(slack.api_url() + "auth.test", b"", {"Authorization": f"Bearer {own_bot.app.bot_token}"})
    assert status == 503
    assert isinstance(body, str)
    http_call(faultless, {})
    assert own_bot.client.auth_test()["ok"]


def test_calls_can_be_limited_on_purpose(own_bot: Bot, faultless: str) -> None:
    http_call(faultless, {"faults": {"rateLimited": {"times": 1, "retryAfter": 7}}})

    with pytest.raises(SlackApiError) as limited:
        own_bot.client.auth_test()

    assert limited.value.response.headers["Retry-After"] == "7"
    assert own_bot.client.auth_test()["ok"]


def test_a_method_can_fail_on_purpose(own_bot: Bot, faultless: str) -> None:
    fault = {"method": "chat.postMessage", "error": "channel_not_found", "times": 1}
    http_call(faultless, {"faults": {"error": fault}})

    assert own_bot.client.auth_test()["ok"]
    assert refused(own_bot.post)["error"] == "channel_not_found"
    assert own_bot.post()
    assert http_call(faultless, headers={"Accept": "application/json"})[1]["faults"] == {"error": {**fault, "times": 0}}


def test_faults_in_python_hold_for_the_block(own_bot: Bot) -> None:
    with workspace.faults.injected(error=MethodError("*", "fatal_error"), rate_limited=RateLimited(1)):
        assert refused(own_bot.client.auth_test)["error"] == "ratelimited"
        assert refused(own_bot.client.auth_test)["error"] == "fatal_error"
        assert refused(own_bot.client.auth_test)["error"] == "fatal_error"

    assert own_bot.client.auth_test()["ok"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"fault": {}}, "'fault' is unknown"),
        ({"faults": {"down": 1}}, "faults.down: true or false"),
        ({"faults": {"rateLimited": {"times": -1}}}, "faults.rateLimited.times: a whole"),
        ({"faults": {"error": {"method": "x", "error": "y"}}}, "faults.error.method: a method"),
        ({"faults": {"error": {"method": "a.b", "error": "N O"}}}, "faults.error.error: an error"),
    ],
)
def test_faults_that_are_none_are_refused_by_field(faultless: str, body: Any, field: str) -> None:
    status, answer = http_call(faultless, body)

    assert status == 400
    assert field in answer["error"]


def test_json_is_returned_to_a_client_that_accepts_it(own_bot: Bot, faultless: str) -> None:
    ts = own_bot.post("hello <!channel> <https://example.com|here>", blocks=APPROVAL)
    own_bot.post("reply", thread_ts=ts)

    _, workspace_json = http_call(faultless, headers={"Accept": "application/json"})

    first, second = [each for each in workspace_json["messages"] if each["account"] == own_bot.app.account_id]
    assert first["channel"] == slack.APPROVALS
    assert (first["ts"], first["app_id"], first["text"][:5]) == (ts, own_bot.app.app_id, "hello")
    assert (first["mentions"], first["links"]) == (["!channel"], ["https://example.com"])
    assert not {"edited", "ephemeral_to", "thread_ts"} & first.keys()
    assert second["thread_ts"] == ts


def test_an_account_keeps_its_app(own_bot: Bot) -> None:
    again = slack.install(own_bot.app.account_id, "http://127.0.0.1:1/slack")

    assert (again.bot_token, again.signing_secret) == (own_bot.app.bot_token, own_bot.app.signing_secret)
    assert again.callback_url == "http://127.0.0.1:1/slack"
    assert slack.install(own_bot.app.account_id).callback_url == again.callback_url


def test_a_reset_forgets_apps_and_messages() -> None:
    other = Workspace()
    other.install("111111111111")
    other.faults.replace(slack.SlackFaults(down=True))

    other.reset()

    assert other.state.apps == {}
    assert other.describe() == {"messages": [], "views": [], "faults": {}}


def test_forgetting_everything_forgets_slack_too() -> None:
    assert workspace.reset in tables._others


@pytest.mark.parametrize(
    ("route", "method", "status"), [("nothing", "GET", 404), ("click", "GET", 405), ("page.js", "POST", 405)]
)
def test_an_unknown_route_is_refused(faultless: str, route: str, method: str, status: int) -> None:
    assert http_call(f"{faultless}/{route}", b"" if method == "POST" else None, method=method)[0] == status


def test_a_client_of_slacks_reads_errors_as_its_own(own_bot: Bot) -> None:
    with pytest.raises(SlackApiError, match="invalid_auth"):
        WebClient("xoxb-nobody", base_url=slack.api_url()).auth_test()
