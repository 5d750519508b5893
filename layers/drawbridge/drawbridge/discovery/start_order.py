"""In which order a sweep comes to requests: what expires soon, then what is new, and the accounts by turns."""

from collections import Counter
from collections.abc import Container, Iterable
from datetime import datetime, timedelta
from operator import itemgetter

from drawbridge.discovery.observed_request import ObservedRequest


def in_start_order(
    observed: Iterable[ObservedRequest], known: Container[str], now: datetime, soon: timedelta
) -> list[ObservedRequest]:
    """Return the requests in the order in which they are seen to; those that have a row are ``known`` by their ids.

    First comes what expires ``soon``, the earliest first. Of what is new, and then of the rest, each account gets one
    in turn, in the order in which AWS lists them: who asks a thousand times holds nobody up for longer than one
    request, and what is at rest holds up nobody who asks.
    """
    pressing: list[tuple[datetime, ObservedRequest]] = []
    new: list[ObservedRequest] = []
    others: list[ObservedRequest] = []
    for each in observed:
        if each.deadline is not None and each.deadline - now <= soon:
            pressing.append((each.deadline, each))
        else:
            (others if each.request.request_id in known else new).append(each)
    pressing.sort(key=itemgetter(0))
    return [*_in_turn(each for _, each in pressing), *_in_turn(new), *_in_turn(others)]


def _in_turn(requests: Iterable[ObservedRequest]) -> list[ObservedRequest]:
    seen = Counter[str]()
    turns: list[tuple[int, ObservedRequest]] = []
    for each in requests:
        turns.append((seen[each.account_id], each))
        seen[each.account_id] += 1
    # A stable sort: within a turn the order stays.
    return [each for _, each in sorted(turns, key=itemgetter(0))]
