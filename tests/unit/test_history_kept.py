"""Of any history, its beginning and its end are told, in order of time, and what is left out is said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.aws.history_table import HistoryTable
from drawbridge.record.history import CommandItem, Happened, HistoryItem, MarksItem, StatusItem, place_of
from drawbridge.status import Reason, Status
from tests.builders import NOW

FIRST, LAST = 3, 5
MOST_READ = 20
_A_PAGE = 7
_LONGEST_ATTEMPT = 12


class StoredHistory:
    """The table with one request's items, as DynamoDB answers queries: by name, in pages."""

    def __init__(self, items: list[HistoryItem]) -> None:
        self._stored = sorted((_stored(each) for each in items), key=lambda each: str(each["item"]))

    def query(self, **asked: Any) -> dict[str, Any]:
        """Return a page."""
        wanted = asked["ExpressionAttributeValues"].get(":statuses", "")
        found = [each for each in self._stored if str(each["item"]).startswith(wanted)]
        found = found if asked["ScanIndexForward"] else found[::-1]
        after = asked.get("ExclusiveStartKey")
        start = [each["item"] for each in found].index(after) + 1 if after else 0
        page = found[start : start + min(asked["Limit"], _A_PAGE)]
        is_last = start + len(page) >= len(found)
        return {"Items": page} if is_last else {"Items": page, "LastEvaluatedKey": page[-1]["item"]}


def _stored(item: HistoryItem) -> dict[str, Any]:
    told = msgspec.json.encode({"happened": item.happened}).decode()
    return {"request_id": "share-1", "item": item.name, "at": item.at, "json": told}


def _item(attempt: int, name: str, seconds: float, happened: Happened) -> HistoryItem:
    at = (NOW + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
    return HistoryItem(request_id="share-1", attempt=attempt, name=f"{attempt:07d}/{name}", at=at, happened=happened)


_happened = st.one_of(
    st.sampled_from([Status.ACCEPTED, Status.ASSOCIATING, Status.AVAILABLE, Status.HELD, Status.FAILED]).map(
        lambda status: StatusItem(status=status, settled=status is Status.HELD)
    ),
    st.just(MarksItem(reasons=(Reason("gone", "It is gone."),))),
    st.just(CommandItem(command="retry", by="")),
)


@st.composite
def _histories(draw: st.DrawFn) -> list[HistoryItem]:
    """Return what happened: each attempt begins, and whatever else it is named, happens before the next one begins."""
    items: list[HistoryItem] = []
    for attempt in range(1, draw(st.integers(1, 9)) + 1):
        items.append(_item(attempt, "status/PENDING", attempt * 1000, StatusItem(status=Status.PENDING, settled=False)))
        for number, happened in enumerate(draw(st.lists(_happened, max_size=_LONGEST_ATTEMPT))):
            kind = {StatusItem: "status", MarksItem: "marks", CommandItem: "command"}[type(happened)]
            name = f"{kind}/{draw(st.integers(0, 99)):02d}/{number}"
            items.append(_item(attempt, name, attempt * 1000 + draw(st.integers(0, 900)), happened))
    return items


@given(_histories())
def test_the_beginning_and_the_end_are_told_in_order_of_time_and_what_is_left_out_is_said(
    happened: list[HistoryItem],
) -> None:
    table: Any = StoredHistory(happened)
    history = HistoryTable(table, now=lambda: NOW, keep_for=timedelta(days=1), on_lost=pytest.fail, most_read=MOST_READ)

    kept = history.kept("share-1", first=FIRST, last=LAST)

    in_order = sorted(happened, key=place_of)
    told = [*kept.first, *kept.last]
    assert told == sorted(told, key=place_of)
    assert (told[0], told[-1]) == (in_order[0], in_order[-1])
    if len(happened) <= MOST_READ:
        left_out = max(0, len(happened) - FIRST - LAST)
        assert kept.left_out == left_out
        assert len(kept.first) == (FIRST if left_out else 0)
        assert told == ([*in_order[:FIRST], *in_order[-LAST:]] if left_out else in_order)
    else:
        assert kept.left_out is None
        assert kept.last == (*in_order[-LAST:],)
