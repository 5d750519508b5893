"""SNS as a door: a notification of any form is a hint, and what is relayed always fits onto the bus."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.relay_notification import app
from tests.builders import sample
from tests.functions.invocations import Json, invoke
from tests.functions.relaying import Bus
from tests.odd import ODD_JSON, fuzzed, json_texts, values

LARGEST = 256 * 1024
"""Of an entry on the bus."""


def relayed(event: Any) -> list[Json]:
    bus = Bus()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "bus", lambda: bus)
        invoke(app.lambda_handler, event)
    return bus.relayed


def notification(message: Any) -> Json:
    event: Json = sample("sns-connection-notification")
    event["Records"][0]["Sns"]["Message"] = message
    return event


@pytest.mark.parametrize("message", [*ODD_JSON, "vpce-0c1308d7312217abc " * 10_000, None, 7, ["vpce-svc-1"]])
def test_a_notification_of_any_form_is_relayed_and_fits(message: Any) -> None:
    (detail,) = relayed(notification(message))

    assert len(json.dumps(detail)) < 2000


@fuzzed
@given(json_texts | st.text(alphabet="vpce-svc0123456789abcdef ", max_size=300))
def test_nothing_but_ids_is_relayed_whatever_the_message(message: str) -> None:
    (detail,) = relayed(notification(message))

    assert len(json.dumps(detail)) < LARGEST
    assert all(each.startswith("vpce-") and each in message for ids in detail.values() for each in ids)


@fuzzed
@given(st.lists(values, min_size=1, max_size=3))
def test_records_of_any_shape_are_hints_and_stop_no_other(records: list[Any]) -> None:
    good = sample("sns-connection-notification")["Records"]

    details = relayed({"Records": [*records, *good]})

    assert len(details) == len(records) + 1
    assert details[-1] == sample("endpoint-connection-notification")["detail"]


@fuzzed
@given(values.filter(lambda value: not isinstance(value, list)))
def test_what_is_no_notification_at_all_is_a_hint_once(records: Any) -> None:
    assert relayed({"Records": records}) == [{"serviceIds": [], "endpointIds": []}]
