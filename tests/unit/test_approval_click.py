"""Clicks: what Slack signed is verified over its bytes, then read, and nothing else gets through."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.approval.answer import ApprovalAnswer
from drawbridge.approval.approvers import Person
from drawbridge.approval.click import (
    WINDOW,
    Approve,
    BadSignatureError,
    Deny,
    Nothing,
    OpenDenial,
    read_click,
    verify,
)
from drawbridge.approval.message import APPROVE, DENIAL, DENY, REASON, denial_form, value_of
from drawbridge.errors import InvalidInputError

# Slack's own example: https://docs.slack.dev/authentication/verifying-requests-from-slack
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TIME = "1531420618"
BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
THEN = datetime.fromtimestamp(int(TIME), UTC)

ANY_TEXT = st.text(st.characters(codec=None, categories=None))
"""Lone surrogates too: JSON can have them."""


def signed(body: bytes, timestamp: str, secret: str = SECRET) -> str:
    return "v0=" + hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()


def refused(body: bytes, timestamp: str, signature: str, *, now: datetime = THEN, secret: str = SECRET) -> None:
    with pytest.raises(BadSignatureError):
        verify(body, timestamp, signature, secret=secret, now=now)


def test_slack_s_documented_example_verifies() -> None:
    verify(BODY, TIME, SIGNATURE, secret=SECRET, now=THEN)


@given(st.binary(max_size=2000), st.integers(0, 2**33), st.integers(-WINDOW, WINDOW))
def test_whatever_was_signed_lately_verifies(body: bytes, at: int, away: int) -> None:
    now = datetime.fromtimestamp(at, UTC) + timedelta(seconds=away)

    verify(body, str(at), signed(body, str(at)), secret=SECRET, now=now)


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_a_body_with_any_byte_changed_is_refused(place: int, change: int) -> None:
    changed = bytearray(BODY)
    changed[place] ^= change

    refused(bytes(changed), TIME, SIGNATURE)


@given(st.integers(0, len(BODY)), st.binary(min_size=1, max_size=20))
def test_a_body_with_anything_put_in_is_refused(place: int, more: bytes) -> None:
    refused(BODY[:place] + more + BODY[place:], TIME, SIGNATURE)


@given(st.integers(0, len(BODY) - 1), st.integers(1, 50))
def test_a_body_with_anything_left_out_is_refused(place: int, less: int) -> None:
    refused(BODY[:place] + BODY[place + less :], TIME, SIGNATURE)


@given(st.integers(-WINDOW, WINDOW).filter(bool))
def test_another_time_within_the_window_is_refused(away: int) -> None:
    refused(BODY, str(int(TIME) + away), SIGNATURE)


@given(st.integers(0, len(SIGNATURE) - 1), st.characters(codec=None, categories=None))
def test_a_signature_with_any_character_changed_is_refused(place: int, other: str) -> None:
    changed = SIGNATURE[:place] + other + SIGNATURE[place + 1 :]

    if changed != SIGNATURE:
        refused(BODY, TIME, changed)


@given(ANY_TEXT, ANY_TEXT)
def test_no_time_and_no_signature_that_anybody_makes_up_gets_through(timestamp: str, signature: str) -> None:
    refused(BODY, timestamp, SIGNATURE) if timestamp != TIME else None
    refused(BODY, TIME, signature)


@pytest.mark.parametrize("away", [WINDOW + 1, -WINDOW - 1, 86_400, -86_400])
def test_what_is_too_old_or_from_the_future_is_refused_although_it_is_signed(away: int) -> None:
    refused(BODY, TIME, SIGNATURE, now=THEN + timedelta(seconds=away))


@pytest.mark.parametrize(
    "timestamp",
    ["", " ", "soon", "1531420618.0", "-1531420618", "+1531420618", " 1531420618", "1531420618\n", "1_531_420_618",
     "\u0661\u0665\u0663\u0661\u0664\u0662\u0660\u0666\u0661\u0668", "\u00b2", "9" * 13, "9" * 10_000],
    ids=lambda each: ascii(each)[:20],
)  # fmt: skip
def test_what_is_no_time_is_refused_although_it_is_signed(timestamp: str) -> None:
    refused(BODY, timestamp, signed(BODY, timestamp))


@pytest.mark.parametrize(
    "signature", ["", "v0=", SIGNATURE[3:], "v1=" + SIGNATURE[3:], SIGNATURE.upper(), f"{SIGNATURE} "]
)
def test_a_signature_of_another_form_is_refused(signature: str) -> None:
    refused(BODY, TIME, signature)


def test_another_app_s_secret_is_refused() -> None:
    refused(BODY, TIME, signed(BODY, TIME, "another secret"))


def test_more_than_slack_would_send_is_refused_before_it_is_looked_at() -> None:
    large = b"x" * 300_000

    refused(large, TIME, signed(large, TIME))


def payload(**changes: Any) -> dict[str, Any]:
    """Return a click on Approve as Slack sends it."""
    fields: dict[str, Any] = {
        "type": "block_actions",
        "user": {"id": "U0ALICE", "username": "alice", "name": "alice", "team_id": "T0OTHER"},
        "api_app_id": "A0DRAW",
        "token": "deprecated",
        "container": {"type": "message", "message_ts": "1.5", "channel_id": "C0APPROVALS", "is_ephemeral": False},
        "trigger_id": "1.2.3",
        "team": {"id": "T0TEAM", "domain": "team"},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": "C0APPROVALS", "name": "approvals"},
        "response_url": "https://hooks.slack.com/actions/x",
        "actions": [{"action_id": APPROVE, "block_id": "decision", "value": value_of("share-1", "1-1")}],
    }
    return {name: value for name, value in (fields | changes).items() if value is not ...}


def submission(reason: Any = "not ours", **changes: Any) -> dict[str, Any]:
    """Return a denial's form as Slack sends it."""
    view = denial_form("share-1", "1-1", "C0APPROVALS", "1.5")
    view |= {"id": "V1", "state": {"values": {REASON: {REASON: {"type": "plain_text_input", "value": reason}}}}}
    return payload(type="view_submission", view=view | changes, actions=..., response_url=..., container=...)


def body_of(written: Any) -> bytes:
    return urlencode({"payload": written if isinstance(written, str) else json.dumps(written)}).encode()


ALICE = Person("U0ALICE", "T0TEAM")


def test_a_click_on_approve_is_an_answer_of_the_person_in_the_team() -> None:
    click = read_click(body_of(payload()), app_id="A0DRAW")

    answer = ApprovalAnswer(request_id="share-1", asking="1-1", approve=True)
    assert click == Approve(answer, ALICE, "C0APPROVALS")


def test_a_click_on_deny_is_to_be_asked_for_a_reason() -> None:
    click = read_click(body_of(payload(actions=[{"action_id": DENY, "value": "share-1/1-1"}])))

    assert click == OpenDenial("share-1", "1-1", ALICE, "1.2.3", "C0APPROVALS", "1.5")


def test_a_form_is_a_denial_with_its_reason_and_the_channel_that_it_was_opened_in() -> None:
    click = read_click(body_of(submission()))

    assert click == Deny(
        ApprovalAnswer(request_id="share-1", asking="1-1", approve=False, reason="not ours"), ALICE, "C0APPROVALS"
    )


def test_a_form_without_a_reason_is_a_denial_all_the_same() -> None:
    click = read_click(body_of(submission(reason=None)))

    assert isinstance(click, Deny)
    assert click.answer.reason == ""


def test_a_reason_is_kept_within_what_the_form_takes() -> None:
    click = read_click(body_of(submission(reason="x" * 5000)))

    assert isinstance(click, Deny)
    assert len(click.answer.reason) == 500


def test_the_person_s_own_team_counts_where_no_team_installed_the_app() -> None:
    click = read_click(body_of(payload(team=None)))

    assert isinstance(click, Approve)
    assert click.person == Person("U0ALICE", "T0OTHER")


@pytest.mark.parametrize("body", [b"ssl_check=1&token=x", b"ssl_check="])
def test_slack_s_look_at_the_certificate_needs_no_more_than_an_answer(body: bytes) -> None:
    assert read_click(body, app_id="A0DRAW") == Nothing("ssl_check")


def test_a_form_that_was_closed_needs_no_more_than_an_answer() -> None:
    assert read_click(body_of(submission() | {"type": "view_closed"})) == Nothing("view_closed")


@pytest.mark.parametrize(
    ("written", "field"),
    [
        ("no json", "payload"),
        ("[]", "payload"),
        ("", "payload"),
        (payload(type=...), "type"),
        (payload(type="message_action"), "type"),
        (payload(type="view_" * 1000), "type"),
        (payload(user=...), "user"),
        (payload(user={"id": 7}), r"\$.user.id"),
        (payload(user={"id": "U" * 31}), r"\$.user.id"),
        (payload(api_app_id="A0OTHER"), "api_app_id"),
        (payload(api_app_id=...), "api_app_id"),
        (payload(actions=[]), "actions"),
        (payload(actions=[{"action_id": "other", "value": "share-1/1-1"}]), "actions"),
        (payload(actions=[{"action_id": APPROVE}]), "value"),
        (payload(actions=[{"action_id": APPROVE, "value": "share-1"}]), "value"),
        (payload(actions=[{"action_id": APPROVE, "value": "/1-1"}]), "value"),
        (payload(actions=[{"action_id": APPROVE, "value": "share-1/" + "1" * 300}]), "value"),
        (submission(callback_id="other"), r"view\.callback_id"),
        (submission(callback_id=""), r"view\.callback_id"),
        (submission(private_metadata=""), "value"),
        (submission(private_metadata="x" * 3001), r"\$.view.private_metadata"),
        (submission(state={}), r"view\.state"),
        (submission(state={"values": None}), r"view\.state"),
        (submission(state={"values": [1]}), r"view\.state"),
        (submission(state={"values": {REASON: "text"}}), r"view\.state"),
        (submission(state={"values": {REASON: {REASON: {}}}}), r"view\.state"),
        (payload(type="view_submission"), r"view\.callback_id"),
    ],
)
def test_what_is_none_of_our_buttons_and_forms_is_refused_by_its_field(written: Any, field: str) -> None:
    with pytest.raises(InvalidInputError, match=field) as error:
        read_click(body_of(written), app_id="A0DRAW")
    assert len(str(error.value)) < 500


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"payload",
        b"nothing=1",
        b"&".join(b"x=%d" % number for number in range(100)),
        b"payload=%FF%FE",
        b"payload=%ED%A0%80",
        body_of('{"view": {"state": {"a": ' + "[" * 50_000 + "]" * 50_000 + "}}}"),
        body_of(json.dumps(submission("N")).replace('"N"', "9" * 5000)),
        body_of(json.dumps(payload(view={"callback_id": DENIAL})).replace("share-1", "\\ud800")),
    ],
    ids=range(9),
)  # fmt: skip
def test_odd_bodies_are_refused_or_read_and_nothing_else(body: bytes) -> None:
    read_or_refused(body)


def read_or_refused(body: bytes) -> None:
    try:
        click = read_click(body)
    except InvalidInputError:
        return
    assert isinstance(click, Approve | OpenDenial | Deny | Nothing)


@given(st.binary(max_size=3000))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    read_or_refused(body)


@given(st.binary(max_size=300))
def test_any_payload_is_read_or_refused(written: bytes) -> None:
    read_or_refused(b"payload=" + written)


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(["type", "user", "team", "api_app_id", "container", "actions", "view", "response_url"])
OF_VIEW = st.sampled_from(["callback_id", "private_metadata", "state"])


@given(st.booleans(), st.dictionaries(FIELDS, JSONS, max_size=3), st.dictionaries(OF_VIEW, JSONS, max_size=2))
def test_any_change_to_what_slack_sends_is_read_or_refused(
    form: bool, changes: dict[str, Any], of_view: dict[str, Any]
) -> None:
    fields = submission(**of_view) if form else payload()

    read_or_refused(body_of(fields | changes))
