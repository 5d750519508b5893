"""The door of ``relay_notification``: SNS in, the bus out."""

from __future__ import annotations

from typing import Any

import pytest

from functions.relay_notification import app
from tests.builders import sample
from tests.functions.invocations import invoke
from tests.functions.relaying import Bus


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Bus:
    bus = Bus()
    monkeypatch.setattr(app, "bus", lambda: bus)
    return bus


def test_the_sample_is_relayed_by_the_ids_that_are_in_it(bus: Bus) -> None:
    invoke(app.lambda_handler, sample("sns-connection-notification"))

    assert bus.relayed == [sample("endpoint-connection-notification")["detail"]]


@pytest.mark.parametrize("message", ["", "{}", "nothing that looks like an id", '{"a": "vpce-svc-xyz"}'])
def test_a_notification_of_any_form_is_a_hint(bus: Bus, message: str) -> None:
    event: dict[str, Any] = sample("sns-connection-notification")
    event["Records"][0]["Sns"]["Message"] = message

    invoke(app.lambda_handler, event)

    assert bus.relayed == [{"serviceIds": [], "endpointIds": []}]
