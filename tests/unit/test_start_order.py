"""In which order a sweep comes to requests: who asks a thousand times holds nobody up."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from drawbridge.discovery.observed_request import ObservedRequest
from drawbridge.discovery.start_order import in_start_order
from drawbridge.request import EndpointConnectionRequest
from tests.builders import NOW, SERVICE_ID, observed_request

SOON = timedelta(hours=3)


def asked_by(account_id: str, number: int, hours_left: int | None = None) -> ObservedRequest:
    request = EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=f"vpce-{account_id}-{number}")
    deadline = None if hours_left is None else NOW + timedelta(hours=hours_left)
    return replace(observed_request(), request=request, account_id=account_id, deadline=deadline)


def test_whoever_asks_once_comes_right_after_the_first_of_who_asks_a_thousand_times() -> None:
    flood = [asked_by("loud", number) for number in range(1000)]
    quiet = asked_by("quiet", 0)

    assert in_start_order([*flood, quiet], (), NOW, SOON)[:3] == [flood[0], quiet, flood[1]]


def test_what_expires_soon_comes_first_the_earliest_before_the_others() -> None:
    later, sooner, today, connection = (
        asked_by("one", 1, 3),
        asked_by("two", 2, 1),
        asked_by("three", 3, 4),
        asked_by("four", 4),
    )

    assert in_start_order([connection, today, later, sooner], (), NOW, SOON) == [sooner, later, connection, today]


def test_a_flood_of_what_expires_soon_goes_by_turns_too() -> None:
    flood = [asked_by("loud", number, 1) for number in range(50)]
    quiet = asked_by("quiet", 0, 2)

    assert in_start_order([*flood, quiet], (), NOW, SOON)[:2] == [flood[0], quiet]


def test_what_is_new_comes_before_what_is_at_rest_and_after_what_expires_soon() -> None:
    at_rest = [asked_by("one", number) for number in range(3)]
    new, pressing = asked_by("two", 0), asked_by("one", 4, 1)
    known = {each.request.request_id for each in (*at_rest, pressing)}

    assert in_start_order([*at_rest, new, pressing], known, NOW, SOON) == [pressing, new, *at_rest]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(-1, 9)), max_size=30))
def test_nothing_is_lost_and_nobody_is_two_ahead_of_another_who_waits(asked: list[tuple[str, int | None]]) -> None:
    requests = [asked_by(account, number, left) for number, (account, left) in enumerate(asked)]

    ordered = in_start_order(requests, (), NOW, SOON)

    assert sorted(each.request.request_id for each in ordered) == sorted(each.request.request_id for each in requests)
    is_pressing = [each.deadline is not None and each.deadline - NOW <= SOON for each in ordered]
    assert is_pressing == sorted(is_pressing, reverse=True)
    for part in (True, False):
        left = [each.account_id for each, pressing in zip(ordered, is_pressing, strict=True) if pressing is part]
        had = Counter[str]()
        for place, account in enumerate(left):
            had[account] += 1
            assert all(had[each] >= had[account] - 1 for each in left[place:])
