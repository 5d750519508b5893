"""The callback as a door: whatever comes in, signed or not, has an answer, and what is broken decides nothing."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.receive_approval import app
from tests.builders import NOW
from tests.functions.invocations import Json, invoke
from tests.functions.slack_requests import ID, SIGNING, World, payload, sent, submission
from tests.functions.slack_requests import world as world  # noqa: PLC0414 - its fixture is this file's too
from tests.odd import ODD_JSON, fuzzed, json_texts, values, with_odd_members


def status(event: Any) -> int:
    return int(invoke(app.lambda_handler, event)["statusCode"])


def form(text: str) -> Json:
    """Return what Slack would send of it, signed."""
    return sent(urlencode({"payload": text}, errors="surrogatepass").encode(), secret=SIGNING)


def undecided(world: World) -> bool:
    return world.kept.approval_record(ID).approval is None  # type: ignore[union-attr]  # it is there


@pytest.mark.parametrize("text", ODD_JSON, ids=range(len(ODD_JSON)))
def test_what_is_signed_and_odd_is_refused(world: World, text: str) -> None:
    assert status(form(text)) in {400, 401}
    assert undecided(world)


@fuzzed
@given(json_texts | with_odd_members(payload()) | with_odd_members(submission()))
def test_what_is_signed_and_of_any_shape_has_an_answer(world: World, text: str) -> None:
    assert status(form(text)) in {200, 400, 401}


@fuzzed
@given(st.binary(max_size=300))
def test_a_signed_body_of_any_bytes_has_an_answer(world: World, body: bytes) -> None:
    assert status(sent(body)) in {200, 400}
    assert undecided(world)


@pytest.mark.parametrize("body", [b"payload=" * 50, b"a=b&" * 100, b"payload=%ff%fe", b"payload[]=x", b"ssl_check=1"])
def test_a_signed_form_of_odd_fields_has_an_answer(world: World, body: bytes) -> None:
    assert status(sent(body)) in {200, 400}
    assert undecided(world)


@fuzzed
@given(st.fixed_dictionaries({}, optional={"headers": values, "body": values, "isBase64Encoded": values}))
def test_an_event_of_any_shape_is_not_signed_and_refused(world: World, event: Json) -> None:
    assert status(event) == 401
    assert undecided(world)


@pytest.mark.parametrize("reason", [["x"], {"a": 1}, 7, True, [[[[]]]]])
def test_a_denial_whose_reason_is_no_text_denies_nothing(world: World, reason: Any) -> None:
    written = submission()
    written["view"]["state"] = json.loads(
        json.dumps(written["view"]["state"]).replace('"not ours"', json.dumps(reason))
    )

    assert status(sent(written)) == 400
    assert undecided(world)


def test_a_timestamp_far_from_any_calendar_is_refused() -> None:
    event = sent(payload()) | {}
    event["headers"]["x-slack-request-timestamp"] = "9" * 12

    assert NOW.year < 9999
    assert status(event) == 401
