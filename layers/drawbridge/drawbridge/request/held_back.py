"""Held back: what is gone or no longer permitted, and would go, were it not one of too many that would go at once."""

from datetime import datetime
from typing import Protocol

from msgspec import Struct

from drawbridge.request.absence import Absence
from drawbridge.request.announced import Announced


class MarkedRow(Protocol):
    """A row of the ledger, by whatever reads it."""

    @property
    def withdrawal_capped(self) -> bool: ...

    @property
    def absent(self) -> tuple[Absence, ...]: ...

    @property
    def announced(self) -> tuple[Announced, ...]: ...


class HeldBack(Struct, frozen=True, kw_only=True):
    """The marks of a row that wait for an operator to let them go."""

    absent: tuple[Absence, ...]
    announced: tuple[Announced, ...]


def held_back(row: MarkedRow, now: datetime) -> HeldBack | None:
    """Return what of a row the cap holds back; ``None`` if that is nothing, or nothing any longer.

    That a row is capped was so in the last sweep, and stays with it until a sweep lets it go: its marks may have gone
    meanwhile, or an operator may have let them go.
    """
    if not row.withdrawal_capped:
        return None
    absent = tuple(mark for mark in row.absent if mark.counts_for_cap)
    announced = tuple(mark for mark in row.announced if mark.counts_for_cap and mark.is_due(now))
    return HeldBack(absent=absent, announced=announced) if absent or announced else None
