"""The activities that count as under way."""

from __future__ import annotations

from unittest import mock

from local_aws.time import activity
from local_aws.time.activity import WAITING, at_rest, at_work, doing, in_flight

ACTIVITY = "something only this test does"


def test_a_resting_activity_is_not_under_way_until_its_rest_ends_once() -> None:
    with doing(ACTIVITY):
        with at_rest(ACTIVITY) as end:
            assert ACTIVITY not in in_flight()
            end()
            end()
            assert in_flight()[ACTIVITY] == 1
        assert in_flight()[ACTIVITY] == 1
        with at_rest(ACTIVITY):
            assert ACTIVITY not in in_flight()
        assert in_flight()[ACTIVITY] == 1
    assert ACTIVITY not in in_flight()


def test_what_only_waits_for_the_clock_is_in_flight_and_not_at_work() -> None:
    messages = mock.Mock(return_value=2)
    with mock.patch.dict(activity._gauges, messages=messages), doing(ACTIVITY), doing("executions"):
        assert at_work().get(ACTIVITY) == 1
        assert at_work().keys().isdisjoint(WAITING)
        messages.assert_not_called()
        assert in_flight()["messages"] == 2
        assert in_flight()["executions"] >= 1
