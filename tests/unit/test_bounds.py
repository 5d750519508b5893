"""Bounds: what is kept, and what is named, where room is limited."""

import pytest

from drawbridge.bounds import some_of


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a, b"),
        (["a", "b", "c"], "a, b and 1 more"),
        ([*"abcdef"], "a, b and 4 more"),
    ],
)
def test_of_many_the_first_are_named_and_the_others_counted(names: list[str], told: str) -> None:
    assert some_of(names, 2) == told
