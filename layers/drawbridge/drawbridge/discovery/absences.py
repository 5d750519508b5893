"""What is gone of what is connected: marked in one sweep, due in a later one, and never acted on in masses.

All of it is data: what AWS lists, and what it answers when it is asked by id. Nothing is gone because it is not listed:
AWS has to say so of it by its id, and to say so again long enough after, with no sign of it between the two.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from drawbridge.bounds import fitting
from drawbridge.discovery.existence import Watched
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.next_action import HELD_AT_LEAST_EVERY, may_try_again
from drawbridge.request.absence import Absence, Existence
from drawbridge.status import Reason, Status

MOST_ASKED = 50
"""Things that are asked for by id in one sweep: a listing that lies must not become thousands of calls."""

_MARKS_BYTES = 30_000
"""Of a row's marks: some two hundred. What finds no room is marked once others have gone."""

_UNCAPPED_PART = 4
"""More than one in this many of all that is connected never goes in one sweep."""

Answers = Mapping[Watched, Existence]
"""What AWS answered in one sweep, asked by id."""


class Unlisted(Struct, frozen=True, kw_only=True):
    """A row of which AWS does not list everything that has to be there."""

    row: LedgerRow
    missing: tuple[Watched, ...]

    @property
    def subject_is_missing(self) -> bool:
        return any(each.request is not None for each in self.missing)


class RowAbsences(Struct, frozen=True, kw_only=True):
    """What is gone of one row by now."""

    row: LedgerRow
    marks: tuple[Absence, ...]
    """Of what is gone, or was gone and did not show again."""
    due: tuple[Absence, ...] = ()
    """Those marks that AWS has confirmed in this sweep."""


def watched_of(row: LedgerRow) -> tuple[Watched, ...]:
    """Return what has to be there for the row, its subject first."""
    if not row.is_connected:
        return ()
    # An orphan's subject is a resource itself.
    resources = sorted({each.resource_arn for each in row.attachments or ()} - {row.request.subject})
    return Watched(of=row.request.subject, request=row.request), *(Watched(of=each) for each in resources)


def unlisted_of(row: LedgerRow, listed: Collection[str]) -> Unlisted:
    """Return what AWS does not list of a settled row; ``listed`` are the ids and ARNs of what it lists."""
    return Unlisted(row=row, missing=tuple(each for each in watched_of(row) if each.of not in listed))


def still_marked(row: LedgerRow, listed: Collection[str]) -> tuple[Absence, ...]:
    """Return the marks of a row that has an attempt under way: nobody asks for them, and what is listed loses its."""
    return tuple(mark for mark in row.absent if mark.of not in listed)


def to_ask(unlisted: Iterable[Unlisted], now: datetime, wait: timedelta) -> list[Watched]:
    """Return what is to be asked for by id, the most urgent first.

    That is what may be due, the oldest marks first, then what has no mark yet, then what is held back by the cap: it
    stays so until fewer are gone, and must not keep the others from being marked.
    """
    ranked: dict[Watched, tuple[int, datetime]] = {}
    for one in unlisted:
        marks = {mark.of: mark for mark in one.row.absent}
        for each in one.missing:
            mark = marks.get(each.of)
            if mark is not None and not _is_ripe(mark, now, wait):
                continue
            held_back = mark is not None and one.row.withdrawal_capped and mark.counts_for_cap
            rank = (1, now) if mark is None else (2 if held_back else 0, mark.since)
            ranked[each] = min(rank, ranked.get(each, rank))
    return sorted(ranked, key=lambda each: (ranked[each], each.of))


def absences_of(unlisted: Unlisted, answers: Answers, now: datetime, wait: timedelta) -> RowAbsences:
    """Return what is gone of a row, after what AWS answered."""
    marks: list[Absence] = []
    due: list[Absence] = []
    before = {mark.of: mark for mark in unlisted.row.absent}
    for each in unlisted.missing:
        mark, answer = before.get(each.of), answers.get(each)
        if mark is None:
            marks += [Absence(of=each.of, since=now)] if answer is Existence.GONE else []
        elif answer is not Existence.PRESENT:
            marks.append(mark)
            due += [mark] if answer is Existence.GONE and _is_ripe(mark, now, wait) else []
    # What is there already keeps its place: a mark that is left out would never become due.
    marks.sort(key=lambda mark: mark.of not in before)
    return RowAbsences(row=unlisted.row, marks=fitting(marks, _MARKS_BYTES), due=tuple(due))


def is_capped(newly_due: int, connected: int, cap: int) -> bool:
    """Return whether so many of all that is connected would go in one sweep that none of them does."""
    return newly_due > cap and newly_due * _UNCAPPED_PART > connected


def is_newly_due(found: RowAbsences) -> bool:
    """Return whether something would go that nobody has confirmed, neither an earlier sweep nor an operator."""
    return any(mark.counts_for_cap for mark in found.due)


def is_still_open(unlisted: Unlisted, answers: Answers, now: datetime, wait: timedelta) -> bool:
    """Return whether there was no room to ask for something that may be gone: it counts as if it were due.

    Otherwise the bound on what is asked for would keep the cap from ever being reached.
    """
    marks = {mark.of: mark for mark in unlisted.row.absent}
    return any(
        each not in answers
        and ((mark := marks.get(each.of)) is None or (mark.counts_for_cap and _is_ripe(mark, now, wait)))
        for each in unlisted.missing
    )


def may_go(unlisted: Unlisted, going: Sequence[Absence], now: datetime) -> bool:
    """Return whether to act on these marks now; what was tried already is tried again after a while."""
    row = unlisted.row
    of_subject = any(mark.of == row.request.subject for mark in going)
    if not going or (unlisted.subject_is_missing and not of_subject):
        # Without its subject nothing of it is planned: what becomes of that has to be known first.
        return False
    if row.status is Status.WITHDRAWING:
        return may_try_again(row, now)
    # What an operator let go was held back until now.
    tried = all(mark.confirmed for mark in going) and not row.withdrawal_capped
    if not tried:
        return True
    if row.status is Status.FAILED:
        return may_try_again(row, now)
    return now - datetime.fromisoformat(row.updated_at) >= HELD_AT_LEAST_EVERY


def confirmed(found: RowAbsences, going: Sequence[Absence]) -> tuple[Absence, ...]:
    """Return the row's marks, those confirmed that are acted on."""
    return tuple(msgspec.structs.replace(mark, confirmed=True) if mark in going else mark for mark in found.marks)


def reasons_of(absent: Iterable[Absence]) -> tuple[Reason, ...]:
    """Return why something is taken down: the same whenever it is asked for."""
    return tuple(
        Reason("gone", f"AWS says since {mark.since:%Y-%m-%d %H:%M} UTC that {mark.of} is gone.")
        for mark in absent
        if mark.confirmed
    )


def _is_ripe(mark: Absence, now: datetime, wait: timedelta) -> bool:
    return now - mark.since >= wait
