"""``tell_approvers`` as a door: whatever is put in, nothing but its refusal comes of what can't be read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.errors import DrawbridgeError
from functions.tell_approvers import app
from tests.functions.invocations import CONTEXT
from tests.functions.notifying import ALARM, ANNOUNCED, CLICKED, EVENT, World
from tests.odd import fuzzed, values, with_odd_members


def put_in(event: Any) -> World:
    world = World()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "approvals", lambda: world.kept)
        patch.setattr(app, "messenger", lambda: world.slack)
        try:
            app.lambda_handler(event, CONTEXT)
        except DrawbridgeError:
            assert not world.slack.updates
    return world


def as_lambda_reads_it(text: str) -> Any:
    """Read the event as Lambda's runtime does; ``None`` for what never gets as far as the function."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


@fuzzed
@given(with_odd_members(EVENT) | with_odd_members(ANNOUNCED) | with_odd_members(CLICKED) | with_odd_members(ALARM))
def test_a_member_of_any_type_is_accepted_or_refused(text: str) -> None:
    event = as_lambda_reads_it(text)
    if isinstance(event, dict):
        put_in(event)


@fuzzed
@given(st.dictionaries(st.sampled_from(["notice", "detail", "source", "approvals"]), values))
def test_an_event_of_any_shape_changes_no_message(event: dict[str, Any]) -> None:
    assert put_in(event).slack.updates == []
