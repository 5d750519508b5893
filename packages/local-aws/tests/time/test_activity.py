"""What counts as under way."""

from __future__ import annotations

from local_aws.time.activity import at_rest, doing, in_flight

WHAT = "something only this test does"


def test_what_rests_is_not_under_way_until_its_rest_ends_once() -> None:
    with doing(WHAT):
        with at_rest(WHAT) as end:
            assert WHAT not in in_flight()
            end()
            end()
            assert in_flight()[WHAT] == 1
        assert in_flight()[WHAT] == 1
        with at_rest(WHAT):
            assert WHAT not in in_flight()
        assert in_flight()[WHAT] == 1
    assert WHAT not in in_flight()
