"""How long what was read of AWS is shown again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count

import pytest

from drawbridge_cli.ui_kept import Kept


class Source:
    """Something in AWS, with a clock; it counts how often it is read."""

    def __init__(self) -> None:
        self.now = 0.0
        self.lasts = 0.0
        self.value = "first"
        self.is_broken = False
        self.read_at: list[float] = []

    def read(self) -> str:
        self.read_at.append(self.now)
        self.now += self.lasts
        if self.is_broken:
            raise ConnectionError
        return self.value

    def kept(self, is_moving: Callable[[str], bool] = lambda _: False, *, soon: float = 4) -> Kept[str]:
        return Kept(self.read, soon=soon, late=30, clock=lambda: self.now, is_moving=is_moving)


@pytest.fixture
def source() -> Source:
    return Source()


def asked(kept: Kept[str], source: Source, until: float) -> Iterator[str]:
    """Ask each second, until a time."""
    while source.now < until:
        yield kept().value
        source.now += 1


def test_what_does_not_change_is_read_after_ever_longer_up_to_the_longest(source: Source) -> None:
    assert {*asked(source.kept(), source, 120)} == {"first"}

    assert source.read_at == [0, 4, 12, 28, 58, 88, 118]


def test_what_has_changed_is_read_soon_again(source: Source) -> None:
    kept = source.kept()
    [*asked(kept, source, 30)]
    source.value = "second"

    shown = [*asked(kept, source, 70)]

    assert source.read_at == [0, 4, 12, 28, 58, 62]
    assert shown == ["first"] * 28 + ["second"] * 12


def test_what_is_moving_is_read_soon_although_nothing_has_changed(source: Source) -> None:
    [*asked(source.kept(lambda value: value == "first"), source, 20)]

    assert source.read_at == [0, 4, 8, 12, 16]


def test_what_takes_long_to_read_is_read_less_often(source: Source) -> None:
    source.lasts = 6

    [*asked(source.kept(), source, 200)]

    assert source.read_at == [0, 66, 132, 198]


def test_how_old_it_is_counts_from_the_beginning_of_the_reading(source: Source) -> None:
    source.lasts = 0.25
    kept = source.kept()

    ages = [kept().age]
    source.now = 3.75
    ages.append(kept().age)
    source.now = 4.0
    ages.append(kept().age)

    assert ages == [0.25, 3.75, 0.25]


def test_what_was_read_before_is_not_shown_for_what_fails(source: Source) -> None:
    kept = source.kept()
    kept()
    source.now, source.is_broken = 4, True

    with pytest.raises(ConnectionError):
        kept()


@pytest.mark.parametrize("soon", [1, 4, 600])
def test_a_failure_is_kept_for_four_seconds_whatever_it_is_of(source: Source, soon: float) -> None:
    kept = source.kept(soon=soon)
    source.now, source.is_broken, source.lasts = 4, True, 6
    failed_at: list[float] = []
    while source.now < 17:
        with pytest.raises(ConnectionError):
            kept()
        failed_at.append(source.now)
        source.now += 1

    # From the end of the reading, which throttling makes long.
    assert failed_at == [10, 11, 12, 13, 20]
    assert source.read_at == [4, 14]
    source.now, source.is_broken, source.lasts = 23.9, False, 0
    with pytest.raises(ConnectionError):
        kept()
    source.now = 24
    assert (kept().value, kept().age, source.read_at) == ("first", 0, [4, 14, 24])


def test_what_has_never_been_read_fails_once_for_all_who_ask(source: Source) -> None:
    kept = source.kept()
    source.is_broken = True

    for _ in range(3):
        with pytest.raises(ConnectionError):
            kept()

    assert source.read_at == [0]


def test_several_who_ask_at_once_have_it_read_once() -> None:
    numbers = count()
    asking, reading = threading.Barrier(2), threading.Barrier(2)

    def read() -> int:
        # Whoever else reads, reads meanwhile; nobody does.
        with suppress(threading.BrokenBarrierError):
            reading.wait(0.2)
        return next(numbers)

    kept = Kept(read, soon=4, late=30, clock=lambda: 0.0)

    def ask() -> int:
        asking.wait(60)
        return kept().value

    with ThreadPoolExecutor(2) as windows:
        asked = [windows.submit(ask) for _ in range(2)]

    assert [each.result() for each in asked] == [0, 0]
    assert next(numbers) == 1
