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
from local_aws_tests.slack_apps import APPROVAL, Bot, ask, bot, refused
from local_aws_tests.waiting import clock_at_rest

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}


@pytest.fixture
def mine(local_aws_server: LocalAws) -> Bot:
    return bot()


@pytest.fixture
def faultless(local_aws_server: LocalAws) -> Iterator[str]:
    """Yield the address of the control, and end all of Slack's faults afterwards."""
    url = f"{local_aws_server.url}/_local/slack"
    yield url
    ask(url, {})


def test_a_bot_is_told_who_it_is(mine: Bot) -> None:
    told = mine.client.auth_test()

    assert told["team_id"] == slack.TEAM_ID == mine.app.team_id
    assert told["bot_id"] == mine.app.bot_id
    assert told["user_id"] == mine.app.bot_user_id


def test_a_message_is_posted_with_ids_for_its_blocks(mine: Bot) -> None:
    told = mine.client.chat_postMessage(channel=slack.APPROVALS, text="a request", blocks=[SECTION, *APPROVAL])

    (message,) = workspace.messages(mine.app.account_id)
    assert told["ts"] == message.ts
    assert told["message"]["blocks"] == list(message.blocks)
    assert [block["type"] for block in message.blocks] == ["section", "section", "actions"]
    assert all(block["block_id"] for block in message.blocks)
    assert message.blocks[2]["block_id"] == "decision"
    assert abs(float(message.ts) - clock.time()) < 60


def test_no_two_messages_have_one_ts(mine: Bot) -> None:
    with ThreadPoolExecutor(8) as pool:
        moments = list(pool.map(lambda _: workspace.state.next_ts(), range(400)))

    assert len(set(moments)) == 400


def test_a_channel_goes_by_its_name_for_posting_only(mine: Bot) -> None:
    ts = mine.post("x", channel="#net-approvals")

    told = refused(mine.client.chat_update, channel="#net-approvals", ts=ts, text="y")
    assert told["error"] == "channel_not_found"


def test_a_form_is_as_good_as_json(mine: Bot) -> None:
    body = b"channel=C0APPROVALS&text=a%20%26amp%3B%20b&blocks=" + json.dumps([SECTION]).encode()

    status, told = ask(
        slack.api_url() + "chat.postMessage",
        body + b"&token=" + mine.app.bot_token.encode(),
        {"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert (status, told["ok"]) == (200, True)
    assert told["message"]["text"] == "a &amp; b"


def _call(mine: Bot, method: str, body: bytes, **headers: str) -> Any:
    status, told = ask(
        slack.api_url() + method, body, {name.replace("_", "-"): value for name, value in headers.items()}
    )
    assert status == 200
    return told


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
def test_a_call_that_is_no_good_is_refused_with_200(
    mine: Bot, method: str, body: bytes, headers: dict[str, str], error: str
) -> None:
    """Trap 23."""
    token = mine.app.bot_token
    told = _call(
        mine,
        method,
        body.replace(b"TOKEN", token.encode()),
        **{name.replace("-", "_"): value.replace("TOKEN", token) for name, value in headers.items()},
    )

    assert (told["ok"], told["error"]) == (False, error)


def test_json_without_its_charset_is_taken_with_a_warning(mine: Bot) -> None:
    told = _call(
        mine, "auth.test", b"{}", Content_Type="application/json", Authorization=f"Bearer {mine.app.bot_token}"
    )

    assert (told["ok"], told["warning"]) == (True, "missing_charset")


def test_what_the_scopes_do_not_allow_is_refused_by_scope(mine: Bot) -> None:
    told = refused(bot(scopes=("chat:write", "im:read")).client.conversations_info, channel=slack.APPROVALS)

    assert told["error"] == "missing_scope"
    assert (told["needed"], told["provided"]) == ("channels:read", "chat:write,im:read")
    assert refused(mine.client.users_info, user="U0BOB")["needed"] == "users:read"
    assert refused(bot(scopes=("users:read",)).client.chat_postMessage, channel="x", text="x")["needed"] == "chat:write"
    told = refused(mine.client.chat_postMessage, channel=slack.APPROVALS, text="x", username="somebody else")
    assert told["needed"] == "chat:write.customize"


def test_with_the_scopes_people_and_channels_are_told(local_aws_server: LocalAws) -> None:
    client = bot(scopes=("channels:read", "users:read")).client

    assert client.conversations_info(channel=slack.APPROVALS)["channel"]["name"] == "net-approvals"
    assert client.users_info(user="U0BOB")["user"]["name"] == "bob"
    assert refused(client.users_info, user="U0NOBODY")["error"] == "user_not_found"
    assert refused(client.conversations_info, channel="C0NOTHING")["error"] == "channel_not_found"


def test_a_group_tells_its_users(mine: Bot) -> None:
    told = mine.client.usergroups_users_list(usergroup=slack.NET_ADMINS)

    assert told["users"] == ["U0BOB", "U0CAROL"]
    assert refused(mine.client.usergroups_users_list, usergroup="S0NOTHING")["error"] == "no_such_subteam"
    unscoped = bot(scopes=("chat:write",)).client
    assert refused(unscoped.usergroups_users_list, usergroup=slack.NET_ADMINS)["needed"] == "usergroups:read"


@pytest.mark.parametrize(
    ("told", "error"),
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
def test_a_message_that_is_none_is_refused(mine: Bot, told: dict[str, Any], error: str) -> None:
    answer = refused(mine.client.api_call, "chat.postMessage", json=told)

    assert answer["error"] == error
    assert workspace.messages(mine.app.account_id) == []


def test_a_longest_message_is_posted(mine: Bot) -> None:
    mine.post("x" * 40_000)


def test_invalid_blocks_are_told_with_their_places(mine: Bot) -> None:
    blocks = [SECTION, {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]

    told = refused(mine.client.chat_postMessage, channel=slack.APPROVALS, text="x", blocks=blocks)

    finding = "must be less than 3001 characters [json-pointer:/blocks/1/text/text]"
    assert told["error"] == "invalid_blocks"
    assert told["errors"] == [finding]
    assert told["response_metadata"]["messages"] == [f"[ERROR] {finding}"]


def test_all_text_of_a_message_has_a_limit_of_its_own(mine: Bot) -> None:
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}}

    told = refused(mine.client.chat_postMessage, channel=slack.APPROVALS, text="x", blocks=[section] * 5)

    assert told["error"] == "msg_blocks_too_long"


def test_an_app_that_is_not_in_a_channel_may_not_write_there(mine: Bot) -> None:
    workspace.remove_from(slack.ESCALATION, mine.app.account_id)

    assert refused(mine.client.chat_postMessage, channel=slack.ESCALATION, text="x")["error"] == "not_in_channel"
    assert mine.post("x")


def test_a_message_is_updated_by_its_own_app_only(mine: Bot) -> None:
    ts = mine.post("before", blocks=APPROVAL)

    assert refused(bot().client.chat_update, channel=slack.APPROVALS, ts=ts, text="x")["error"] == "cant_update_message"
    assert refused(mine.client.chat_update, channel=slack.APPROVALS, ts="1.1", text="x")["error"] == "message_not_found"
    assert refused(mine.client.chat_update, channel=slack.ESCALATION, ts=ts, text="x")["error"] == "message_not_found"
    assert [each.text for each in workspace.messages(mine.app.account_id)] == ["before"]


def test_an_update_keeps_the_place_and_the_ts(mine: Bot) -> None:
    ts = mine.post("first", blocks=APPROVAL)
    mine.post("second")

    told = mine.client.chat_update(channel=slack.APPROVALS, ts=ts, text="approved", blocks=[SECTION])

    first, second = workspace.messages(mine.app.account_id)
    assert (first.ts, first.text, [each["type"] for each in first.blocks]) == (ts, "approved", ["section"])
    assert first.edited
    assert second.edited is None
    assert (told["ts"], told["text"]) == (ts, "approved")


def test_an_update_with_text_alone_drops_the_blocks(mine: Bot) -> None:
    ts = mine.post("first", blocks=APPROVAL)

    mine.client.chat_update(channel=slack.APPROVALS, ts=ts, text="approved")

    (message,) = workspace.messages(mine.app.account_id)
    assert message.blocks == ()


def test_an_ephemeral_message_is_nobody_elses_and_cannot_be_updated(mine: Bot) -> None:
    ts = mine.client.chat_postEphemeral(channel=slack.APPROVALS, user="U0MALLORY", text="not for you")["message_ts"]

    (message,) = workspace.messages(mine.app.account_id)
    assert message.ephemeral_to == "U0MALLORY"
    told = refused(mine.client.chat_update, channel=slack.APPROVALS, ts=ts, text="x")
    assert told["error"] == "message_not_found"
    told = refused(mine.client.chat_postEphemeral, channel=slack.APPROVALS, user="U0NOBODY", text="x")
    assert told["error"] == "user_not_in_channel"


def test_a_message_has_a_permalink(mine: Bot) -> None:
    ts = mine.post()

    link = mine.client.chat_getPermalink(channel=slack.APPROVALS, message_ts=ts)["permalink"]

    assert str(link).endswith(f"/archives/C0APPROVALS/p{ts.replace('.', '')}")
    told = refused(mine.client.chat_getPermalink, channel=slack.APPROVALS, message_ts="1.1")
    assert told["error"] == "message_not_found"


def test_a_reply_belongs_to_its_thread(mine: Bot) -> None:
    ts = mine.post()

    mine.post("reply", thread_ts=ts)

    assert [each.thread_ts for each in workspace.messages(mine.app.account_id)] == [None, ts]


def test_a_channel_takes_a_message_a_second_and_a_small_burst(mine: Bot) -> None:
    def post_many() -> None:
        for _ in range(10):
            mine.post()

    with clock_at_rest(), pytest.raises(SlackApiError) as limited:
        post_many()

    assert limited.value.response.status_code == 429
    assert limited.value.response.headers["Retry-After"] == "1"
    assert limited.value.response["error"] == "ratelimited"
    assert mine.post(channel=slack.ESCALATION)
    clock.advance(1)
    assert mine.post()


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


def test_groups_are_asked_for_twenty_times_a_minute() -> None:
    rates = Rates(lambda: 0.0)
    for _ in range(20):
        rates.take("A", "usergroups.users.list")

    with pytest.raises(RateLimitedError) as limited:
        rates.take("A", "usergroups.users.list")

    assert limited.value.retry_after == 3


def test_with_throttles_off_slack_takes_everything(mine: Bot) -> None:
    settings.change({"throttles": False})
    try:
        for _ in range(10):
            mine.post()
    finally:
        settings.change({"throttles": True})


def test_slack_that_is_down_is_no_slack_error(mine: Bot, faultless: str) -> None:
    told = ask(faultless, {"faults": {"down": True}})

    assert told == (200, {"faults": {"down": True}})
    status, body = ask(slack.api_url() + "auth.test", b"", {"Authorization": f"Bearer {mine.app.bot_token}"})
    assert status == 503
    assert isinstance(body, str)
    ask(faultless, {})
    assert mine.client.auth_test()["ok"]


def test_calls_can_be_limited_on_purpose(mine: Bot, faultless: str) -> None:
    ask(faultless, {"faults": {"rateLimited": {"times": 1, "retryAfter": 7}}})

    with pytest.raises(SlackApiError) as limited:
        mine.client.auth_test()

    assert limited.value.response.headers["Retry-After"] == "7"
    assert mine.client.auth_test()["ok"]


def test_a_method_can_fail_on_purpose(mine: Bot, faultless: str) -> None:
    fault = {"method": "chat.postMessage", "error": "channel_not_found", "times": 1}
    ask(faultless, {"faults": {"error": fault}})

    assert mine.client.auth_test()["ok"]
    assert refused(mine.post)["error"] == "channel_not_found"
    assert mine.post()
    assert ask(faultless, headers={"Accept": "application/json"})[1]["faults"] == {"error": {**fault, "times": 0}}


def test_faults_in_python_hold_for_the_block(mine: Bot) -> None:
    with workspace.faults.injected(error=MethodError("*", "fatal_error"), rate_limited=RateLimited(1)):
        assert refused(mine.client.auth_test)["error"] == "ratelimited"
        assert refused(mine.client.auth_test)["error"] == "fatal_error"
        assert refused(mine.client.auth_test)["error"] == "fatal_error"

    assert mine.client.auth_test()["ok"]


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
    status, told = ask(faultless, body)

    assert status == 400
    assert field in told["error"]


def test_json_is_told_to_who_asks_for_it(mine: Bot, faultless: str) -> None:
    ts = mine.post("hello <!channel> <https://example.com|here>", blocks=APPROVAL)
    mine.post("reply", thread_ts=ts)

    _, told = ask(faultless, headers={"Accept": "application/json"})

    first, second = [each for each in told["messages"] if each["account"] == mine.app.account_id]
    assert first["channel"] == slack.APPROVALS
    assert (first["ts"], first["app_id"], first["text"][:5]) == (ts, mine.app.app_id, "hello")
    assert (first["mentions"], first["links"]) == (["!channel"], ["https://example.com"])
    assert not {"edited", "ephemeral_to", "thread_ts"} & first.keys()
    assert second["thread_ts"] == ts


def test_an_account_keeps_its_app(mine: Bot) -> None:
    again = slack.install(mine.app.account_id, "http://127.0.0.1:1/slack")

    assert (again.bot_token, again.signing_secret) == (mine.app.bot_token, mine.app.signing_secret)
    assert again.callback_url == "http://127.0.0.1:1/slack"
    assert slack.install(mine.app.account_id).callback_url == again.callback_url


def test_a_reset_forgets_apps_and_messages() -> None:
    other = Workspace()
    other.install("111111111111")
    other.faults.replace(slack.SlackFaults(down=True))

    other.reset()

    assert other.state.apps == {}
    assert other.describe() == {"messages": [], "views": [], "faults": {}}


def test_what_forgets_everything_forgets_slack() -> None:
    assert workspace.reset in tables._others


@pytest.mark.parametrize(
    ("route", "method", "status"), [("nothing", "GET", 404), ("click", "GET", 405), ("page.js", "POST", 405)]
)
def test_a_route_that_is_none_is_refused(faultless: str, route: str, method: str, status: int) -> None:
    assert ask(f"{faultless}/{route}", b"" if method == "POST" else None, method=method)[0] == status


def test_a_client_of_slacks_reads_errors_as_its_own(mine: Bot) -> None:
    with pytest.raises(SlackApiError, match="invalid_auth"):
        WebClient("xoxb-nobody", base_url=slack.api_url()).auth_test()
