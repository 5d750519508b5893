"""Bounds of a row: of a history the newest fits, of grounds what fits, whatever there is."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from drawbridge.decision.grounds import AssociationGrounds, Grounds, read_grounds
from drawbridge.record.bounds import association_grounds_kept, grounds_kept, stored_size_of, surplus
from tests.builders import NOW, content, resource_facts, share_facts

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


def grounds(name: str, contents: int) -> Grounds:
    things = tuple(content(f"arn:aws:vpc-lattice:us-east-1:1:resourceconfiguration/{each}") for each in range(contents))
    facts = share_facts(share_name=name, contents=things)
    return Grounds(
        outcome="accept", at=NOW, zone="UTC", policies="v", determined_by=(), facts=facts, fingerprint="0" * 64
    )


def test_grounds_that_are_too_large_are_kept_without_contents_or_not_at_all() -> None:
    small = grounds("orders", 3)

    assert read_grounds(grounds_kept(small), Grounds) == small
    assert read_grounds(grounds_kept(grounds("orders", 1000)), Grounds) == msgspec.structs.replace(
        small, facts=share_facts(share_name="orders", contents=None)
    )
    assert grounds_kept(grounds("x" * 50_000, 3)) == ""


@settings(max_examples=15)
@given(st.integers(0, 100), st.integers(0, 2000))
def test_of_many_resources_the_grounds_of_as_many_are_kept_as_fit(many: int, length: int) -> None:
    told = AssociationGrounds(at=NOW, zone="UTC", resources=(resource_facts(name="x" * length),) * many)

    text = association_grounds_kept(told)

    kept = read_grounds(text, AssociationGrounds)
    assert kept is not None
    assert len(text) <= 40_000
    assert kept.resources == told.resources[: len(kept.resources)]
    assert len(kept.resources) == many or 2 * (len(kept.resources) + 1) * (length + 100) > 10_000
