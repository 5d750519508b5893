"""Bounds of a row: of a history the newest fits, whatever there is."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from drawbridge.record.bounds import stored_size_of, surplus

ENTRIES = st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=200), max_size=4), max_size=30)


@given(ENTRIES, st.integers(1, 30), st.integers(0, 5000))
def test_of_a_history_the_newest_entries_are_kept_as_many_as_fit(
    history: list[Any], most: int, most_bytes: int
) -> None:
    first = surplus(history, most=most, most_bytes=most_bytes)

    kept = history[first:]
    assert len(kept) <= most
    assert sum(1 + stored_size_of(each) for each in kept) <= most_bytes
    if first and len(kept) < most:
        assert sum(1 + stored_size_of(each) for each in history[first - 1 :]) > most_bytes
