from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest
from slack_sdk.signature import Clock, SignatureVerifier

from local_aws import slack
from local_aws.http.control_input import InvalidInputError
from local_aws.server import LocalAws
from local_aws.slack import callbacks, workspace
from local_aws.slack.callbacks import Delivered
from local_aws.time.activity import in_flight
from local_aws.time.clock import clock
from local_aws_tests.slack_apps import APPROVAL, REASON_MODAL, Bot, Receiver, bot, http_call, receiving, refused
from local_aws_tests.waiting import until

Json = dict[str, Any]


@dataclass(frozen=True)
class Approval:
    """An app that has posted a request for approval, and its callback receiver."""

    bot: Bot
    callback: Receiver
    ts: str

    def click(self, user: str = "U0BOB", action: str = "approve") -> Delivered:
        return workspace.click(user, self.ts, action)

    def trigger(self, user: str = "U0BOB") -> str:
        return str(workspace.block_actions(user, self.ts, "deny")["trigger_id"])

    def open(self, **changed: Any) -> str:
        """Open the modal for Bob; return its id."""
        opened: Any = self.bot.client.views_open(trigger_id=self.trigger(), view={**REASON_MODAL, **changed})
        return str(opened["view"]["id"])


@pytest.fixture
def approval(local_aws_server: LocalAws) -> Iterator[Approval]:
    workspace.state.views.clear()
    with receiving() as callback:
        own = bot(callback.url)
        yield Approval(own, callback, own.post("approve?", blocks=APPROVAL))


class LocalClock(Clock):
    def now(self) -> float:
        return clock.time()


def test_a_click_is_sent_to_the_app_signed_and_encoded_as_slack_does(approval: Approval) -> None:
    """Trap 23."""
    delivered = approval.click()

    (got,) = approval.callback.got
    verifier = SignatureVerifier(approval.bot.app.signing_secret, LocalClock())
    assert (delivered.status, delivered.body, delivered.ok) == (200, "", True)
    assert verifier.is_valid_request(got.body, got.headers)
    assert got.headers["content-type"] == "application/x-www-form-urlencoded"
    assert got.headers["user-agent"] == "Slackbot 1.0 (+https://api.slack.com/robots)"
    assert got.body.startswith(b"payload=%7B%22type%22")


def test_a_click_says_who_clicked_what_and_where(approval: Approval) -> None:
    approval.click("U0CAROL")

    payload = approval.callback.got[0].payload
    assert payload["type"] == "block_actions"
    assert payload["user"] == {"id": "U0CAROL", "username": "carol", "name": "carol", "team_id": slack.TEAM_ID}
    assert payload["api_app_id"] == approval.bot.app.app_id
    assert payload["container"] == {
        "type": "message",
        "message_ts": approval.ts,
        "channel_id": slack.APPROVALS,
        "is_ephemeral": False,
    }
    assert payload["channel"] == {"id": slack.APPROVALS, "name": "net-approvals"}
    assert payload["message"]["ts"] == approval.ts
    assert payload["message"]["blocks"][1]["block_id"] == "decision"
    (action,) = payload["actions"]
    assert {name: action[name] for name in ("type", "action_id", "block_id", "value", "style")} == {
        "type": "button",
        "action_id": "approve",
        "block_id": "decision",
        "value": "request-1",
        "style": "primary",
    }


def test_a_click_on_an_ephemeral_message_is_sent_without_the_message(approval: Approval) -> None:
    posted = approval.bot.client.chat_postEphemeral(
        channel=slack.APPROVALS, user="U0BOB", text="sure?", blocks=APPROVAL
    )

    with pytest.raises(InvalidInputError, match="U0ALICE sees no message"):
        workspace.click("U0ALICE", str(posted["message_ts"]), "approve")
    workspace.click("U0BOB", str(posted["message_ts"]), "approve")

    payload = approval.callback.got[0].payload
    assert payload["container"]["is_ephemeral"] is True
    assert "message" not in payload


@pytest.mark.parametrize(
    ("user", "action", "reason"),
    [("U0NOBODY", "approve", "user:"), ("U0BOB", "nothing", "has no button 'nothing'")],
)
def test_a_button_that_the_user_does_not_see_cannot_be_clicked(
    approval: Approval, user: str, action: str, reason: str
) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        approval.click(user, action)

    assert approval.callback.got == []


def test_a_button_that_an_update_took_away_cannot_be_clicked(approval: Approval) -> None:
    approval.bot.client.chat_update(channel=slack.APPROVALS, ts=approval.ts, text="approved")

    with pytest.raises(InvalidInputError):
        approval.click()


def test_two_people_may_click_at_once(approval: Approval) -> None:
    approval.callback.held = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        clicks = [
            pool.submit(approval.click, user, action_id)
            for user, action_id in (("U0BOB", "approve"), ("U0CAROL", "deny"))
        ]
        until(lambda: len(approval.callback.got) == 2)
        assert in_flight()["Slack callbacks"] == 2
        approval.callback.held.set()

    assert [each.result().status for each in clicks] == [200, 200]
    assert "Slack callbacks" not in in_flight()


def test_an_answer_other_than_200_is_reported(approval: Approval) -> None:
    approval.callback.status, approval.callback.answer = 500, b"no"

    delivered = approval.click()

    assert (delivered.status, delivered.body, delivered.ok) == (500, "no", False)


def test_an_answer_that_takes_too_long_counts_as_none(approval: Approval) -> None:
    approval.callback.held = threading.Event()
    signed = workspace.signed(approval.bot.app.account_id, {"type": "block_actions"})

    delivered = callbacks.send(signed, within=0.1)
    approval.callback.held.set()

    assert (delivered.status, delivered.error) == (None, "operation_timeout")
    assert 0.1 <= delivered.seconds < 2
    assert callbacks.ACKNOWLEDGED_WITHIN == 3


def test_where_nobody_is_nothing_is_delivered(local_aws_server: LocalAws) -> None:
    nowhere, unheard = bot(), bot("http://127.0.0.1:9/slack")

    assert workspace.click("U0BOB", nowhere.post(blocks=APPROVAL), "approve").error == "no_callback_url"
    assert workspace.click("U0BOB", unheard.post(blocks=APPROVAL), "approve").error.startswith("connection_failed")


def test_a_click_on_an_older_message_is_sent_to_the_apps_present_callback_url(local_aws_server: LocalAws) -> None:
    own = bot()
    ts = own.post(blocks=APPROVAL)
    with receiving() as callback:
        slack.install(own.app.account_id, callback.url)

        assert workspace.click("U0BOB", ts, "approve").ok


def test_a_request_can_be_forged_for_a_test_of_the_callback(approval: Approval) -> None:
    account_id, secret = approval.bot.app.account_id, approval.bot.app.signing_secret
    payload = workspace.block_actions("U0MALLORY", approval.ts, "approve")
    honest = workspace.signed(account_id, payload)
    workspace.send(honest)
    workspace.send(workspace.signed(account_id, payload, secret="another"))
    workspace.send(workspace.signed(account_id, payload, at=clock.time() - 600))
    workspace.send(replace(honest, body=honest.body.replace(b"U0MALLORY", b"U0ALICE")))

    verifier = SignatureVerifier(secret, LocalClock())
    assert [verifier.is_valid_request(each.body, each.headers) for each in approval.callback.got] == [
        True,
        False,
        False,
        False,
    ]
    assert workspace.signed(account_id, b"ssl_check=1").body == b"ssl_check=1"


def test_a_modal_is_opened_once_for_a_click(approval: Approval) -> None:
    trigger = approval.trigger()
    opened: Any = approval.bot.client.views_open(trigger_id=trigger, view=REASON_MODAL)

    assert opened["view"]["state"] == {"values": {}}
    assert opened["view"]["private_metadata"] == '{"request": 1}'
    assert [each.view_id for each in workspace.views("U0BOB")] == [opened["view"]["id"]]
    assert (
        refused(approval.bot.client.views_open, trigger_id=trigger, view=REASON_MODAL)["error"]
        == "exchanged_trigger_id"
    )


def test_a_trigger_is_good_for_three_seconds(approval: Approval) -> None:
    trigger, late = approval.trigger(), approval.trigger()
    clock.advance(2)
    assert approval.bot.client.views_open(trigger_id=trigger, view=REASON_MODAL)["ok"]
    clock.advance(1.5)

    assert refused(approval.bot.client.views_open, trigger_id=late, view=REASON_MODAL)["error"] == "expired_trigger_id"


def test_on_a_clock_that_is_sped_up_a_trigger_is_good_for_as_long_as_a_function_has(approval: Approval) -> None:
    trigger = approval.trigger()
    clock.set_speed(20)
    try:
        clock.advance(40)
        assert approval.bot.client.views_open(trigger_id=trigger, view=REASON_MODAL)["ok"]
    finally:
        clock.set_speed(1)


def test_a_trigger_is_its_apps_alone(approval: Approval) -> None:
    answer = refused(bot().client.views_open, trigger_id=approval.trigger(), view=REASON_MODAL)

    assert answer["error"] == "invalid_trigger_id"
    assert (
        refused(approval.bot.client.views_open, trigger_id="1.2.3", view=REASON_MODAL)["error"] == "invalid_trigger_id"
    )


def test_an_invalid_view_does_not_use_its_trigger_up(approval: Approval) -> None:
    trigger = approval.trigger()

    answer = refused(approval.bot.client.views_open, trigger_id=trigger, view={"type": "modal", "blocks": []})

    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == ["[ERROR] missing required field: title [json-pointer:/view]"]
    assert approval.bot.client.views_open(trigger_id=trigger, view=REASON_MODAL)["ok"]


def test_a_submission_says_what_was_typed_and_nothing_of_any_message(approval: Approval) -> None:
    """Trap 23."""
    view_id = approval.open()

    delivered = workspace.submit("U0BOB", view_id, {"reason": {"text": "too wide"}})

    payload = approval.callback.got[0].payload
    assert (delivered.status, payload["type"]) == (200, "view_submission")
    assert payload["view"]["state"]["values"] == {
        "reason": {"text": {"type": "plain_text_input", "value": "too wide"}},
        "more": {"text": {"type": "plain_text_input", "value": None}},
    }
    assert payload["view"]["private_metadata"] == '{"request": 1}'
    assert not {"channel", "message", "container", "response_url"} & payload.keys()
    assert workspace.views("U0BOB") == []


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "values.reason.text: it is not optional"),
        ({"reason": {"text": ""}}, "values.reason.text: it is not optional"),
        ({"reason": {"text": "x" * 21}}, "values.reason.text: from 0 to 20"),
        ({"reason": {"text": "x"}, "other": {"text": "x"}}, "values.other.text: the modal has no such input"),
    ],
)
def test_values_that_slack_would_not_submit_are_refused(
    approval: Approval, values: dict[str, dict[str, str | None]], reason: str
) -> None:
    view_id = approval.open()

    with pytest.raises(InvalidInputError, match=reason):
        workspace.submit("U0BOB", view_id, values)

    assert approval.callback.got == []
    workspace.close("U0BOB", view_id)


@pytest.mark.parametrize(
    ("status", "answer", "errors"),
    [
        (200, {"response_action": "errors", "errors": {"reason": "say more"}}, {"reason": "say more"}),
        (200, {"response_action": "errors", "errors": {"nothing": "x"}}, {"": "We had some trouble connecting."}),
        (200, {"response_action": "nothing"}, {"": "We had some trouble connecting."}),
        (200, "no object", {"": "We had some trouble connecting."}),
        (200, {"response_action": "update", "view": {}}, {"": "We had some trouble connecting."}),
        (200, b"[" * 100_000, {"": "We had some trouble connecting."}),
        (500, b"", {"": "We had some trouble connecting."}),
    ],
)
def test_a_modal_stays_open_and_shows_the_errors(
    approval: Approval, status: int, answer: Any, errors: dict[str, str]
) -> None:
    view_id = approval.open()
    approval.callback.status = status
    approval.callback.answer = answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    workspace.submit("U0BOB", view_id, {"reason": {"text": "x"}})

    (view,) = workspace.views("U0BOB")
    assert view.errors.keys() == errors.keys()
    assert all(view.errors[block].startswith(text) for block, text in errors.items())
    workspace.close("U0BOB", view_id)


def test_a_modal_is_changed_by_the_answer(approval: Approval) -> None:
    view_id = approval.open()
    changed = {**REASON_MODAL, "title": {"type": "plain_text", "text": "Really?"}}
    approval.callback.answer = json.dumps({"response_action": "update", "view": changed}).encode()
    workspace.submit("U0BOB", view_id, {"reason": {"text": "x"}})
    assert [each.content["title"]["text"] for each in workspace.views("U0BOB")] == ["Really?"]

    approval.callback.answer = json.dumps({"response_action": "clear"}).encode()
    workspace.submit("U0BOB", view_id, {"reason": {"text": "x"}})

    assert workspace.views("U0BOB") == []


def test_a_modal_is_nobody_elses(approval: Approval) -> None:
    view_id = approval.open()

    with pytest.raises(InvalidInputError, match="U0MALLORY has no modal"):
        workspace.submit("U0MALLORY", view_id, {"reason": {"text": "x"}})
    workspace.close("U0BOB", view_id)


def test_closing_a_modal_notifies_the_app_if_its_view_says_so(approval: Approval) -> None:
    assert workspace.close("U0BOB", approval.open()) is None
    delivered = workspace.close("U0BOB", approval.open(notify_on_close=True))

    assert delivered is not None
    (got,) = approval.callback.got
    assert got.payload["type"] == "view_closed"


@dataclass(frozen=True)
class ResponseUrl:
    url: str

    def answer(self, body: Any) -> tuple[int, Any]:
        return http_call(self.url, body, {"Content-Type": "application/json"})


@pytest.fixture
def response_url(approval: Approval) -> ResponseUrl:
    return ResponseUrl(workspace.block_actions("U0BOB", approval.ts, "approve")["response_url"])


def test_an_answer_to_a_click_is_seen_by_the_user_who_clicked(approval: Approval, response_url: ResponseUrl) -> None:
    assert response_url.answer({"text": "noted"}) == (200, "ok")

    first, second = workspace.messages(approval.bot.app.account_id)
    assert (first.text, second.text, second.ephemeral_to) == ("approve?", "noted", "U0BOB")


def test_an_answer_may_be_for_the_channel_or_replace_the_message(approval: Approval, response_url: ResponseUrl) -> None:
    response_url.answer({"text": "all hear", "response_type": "in_channel"})
    response_url.answer({"text": "approved by bob", "replace_original": True})

    first, second = workspace.messages(approval.bot.app.account_id)
    assert (first.ts, first.text, first.blocks) == (approval.ts, "approved by bob", ())
    assert (second.text, second.ephemeral_to) == ("all hear", None)


def test_a_message_may_be_deleted_by_the_answer(approval: Approval, response_url: ResponseUrl) -> None:
    response_url.answer({"delete_original": True})

    assert workspace.messages(approval.bot.app.account_id) == []


def test_a_response_url_is_used_five_times(approval: Approval, response_url: ResponseUrl) -> None:
    """Trap 23."""
    answers = [response_url.answer({"text": str(each)})[0] for each in range(6)]

    assert answers == [200] * 5 + [404]
    assert response_url.answer({"text": "x"})[1] == {"ok": False, "error": "used_url"}


def test_a_response_url_is_good_for_half_an_hour(approval: Approval, response_url: ResponseUrl) -> None:
    """Trap 23."""
    clock.advance(30 * 60 - 10)
    assert response_url.answer({"text": "x"})[0] == 200
    clock.advance(20)

    assert response_url.answer({"text": "x"}) == (404, {"ok": False, "error": "expired_url"})


def test_an_answer_that_says_nothing_is_refused(approval: Approval, response_url: ResponseUrl) -> None:
    assert response_url.answer({})[1]["error"] == "no_text"
    assert response_url.answer(b"{")[1]["error"] == "invalid_payload"
    assert response_url.answer(b"[" * 100_000)[1]["error"] == "invalid_payload"
    assert response_url.answer({"blocks": [{}]})[1]["error"] == "invalid_blocks"


def test_clicks_and_submissions_go_over_http_too(approval: Approval, local_aws_server: LocalAws) -> None:
    url = f"{local_aws_server.url}/_local/slack"
    approval.callback.answer = b"taken"
    click = {"user": "U0BOB", "channel": slack.APPROVALS, "ts": approval.ts, "action_id": "deny", "blockId": "decision"}

    status, answer = http_call(f"{url}/click", click)
    assert status == 200
    assert (answer["status"], answer["body"]) == (200, "taken")
    assert 0 <= answer["seconds"] < 3

    approval.callback.answer = b""
    view_id = approval.open()
    submitted = {"user": "U0BOB", "viewId": view_id, "values": {"reason": {"text": "x"}}}
    assert http_call(f"{url}/submit", submitted)[1]["status"] == 200
    assert http_call(f"{url}/close", {"user": "U0BOB", "viewId": approval.open()}) == (200, {})


@pytest.mark.parametrize(
    ("route", "body", "reason"),
    [
        ("click", {"user": "U0BOB"}, "ts: text is expected"),
        ("click", {"user": "U0BOB", "ts": "1.1", "action_id": "x"}, "U0BOB sees no message 1.1"),
        ("click", {"who": "U0BOB"}, "'who' is unknown"),
        ("click", b"{", "body: JSON is expected"),
        ("submit", {"user": "U0BOB", "viewId": "V0"}, "U0BOB has no modal V0 open"),
        ("submit", {"user": "U0BOB", "viewId": "V0", "values": {"a": 1}}, "values.a: {action_id: value} is expected"),
        ("submit", {"user": "U0BOB", "viewId": "V0", "values": {"a": {"b": 1}}}, "values.a.b: text is expected"),
    ],
)
def test_an_interaction_that_is_impossible_is_refused_with_the_field(
    local_aws_server: LocalAws, route: str, body: Any, reason: str
) -> None:
    status, answer = http_call(f"{local_aws_server.url}/_local/slack/{route}", body)

    assert status == 400
    assert reason in answer["error"]


def test_another_site_in_the_same_browser_clicks_nothing(approval: Approval, local_aws_server: LocalAws) -> None:
    click = {"user": "U0BOB", "ts": approval.ts, "action_id": "approve"}

    status, answer = http_call(f"{local_aws_server.url}/_local/slack/click", click, {"Origin": "https://evil.example"})

    assert (status, approval.callback.got) == (400, [])
    assert answer["error"].startswith("Origin:")
