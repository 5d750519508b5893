"""The activities that count as under way."""

from __future__ import annotations

from local_aws.time.activity import at_rest, doing, in_flight

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
