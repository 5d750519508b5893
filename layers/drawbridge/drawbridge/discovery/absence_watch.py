"""Watching what is connected: what AWS does not list any longer is asked for by its id, and what is gone may go."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from drawbridge.discovery.absences import (
    MOST_ASKED,
    Answers,
    RowAbsences,
    Unlisted,
    absences_of,
    confirmed,
    is_capped,
    is_newly_due,
    is_still_open,
    may_go,
    still_marked,
    to_ask,
    unlisted_of,
)
from drawbridge.discovery.existence import Watched, existence_of
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.errors import DrawbridgeError, ThrottledError
from drawbridge.request.absence import Absence, Existence, Existences


class MarkedRows(Protocol):
    """The ledger's marks."""

    def note_absent(self, row: LedgerRow, absent: tuple[Absence, ...], *, capped: bool) -> bool:
        """Note what of it is gone; ``False`` if the row and its marks are not any longer as they were read."""
        ...


@dataclass
class Watch:
    """What one sweep found of all that is connected."""

    going: dict[str, tuple[Absence, ...]] = field(default_factory=dict)
    """The marks, some of them confirmed, with which the next attempt of a request is to take something down."""
    noted: dict[str, LedgerRow] = field(default_factory=dict)
    """The rows whose marks have changed, as they are now."""
    capped: list[str] = field(default_factory=list)
    """The requests that would go, were they not too many."""
    unknown: list[str] = field(default_factory=list)
    """What AWS, asked by id, said nothing of."""
    failures: list[DrawbridgeError] = field(default_factory=list)
    is_capped: bool = False
    """Whether too many would go at once."""


class AbsenceWatch:
    """Marks what is gone, and says what may go."""

    def __init__(self, existences: Existences, ledger: MarkedRows, *, confirm_after: timedelta, cap: int) -> None:
        """``confirm_after`` is how long after it first said so AWS has to say again that something is gone."""
        self._existences = existences
        self._ledger = ledger
        self._wait = confirm_after
        self._cap = cap

    def observe(
        self, rows: Collection[LedgerRow], listed: Collection[str], connected: int, now: datetime, *, also_due: int = 0
    ) -> Watch:
        """Observe rows of kinds that were listed: ``listed`` has the ids and ARNs of what is there.

        ``connected`` is how many rows of all kinds are connected, ``also_due`` how many would go although they are
        there, which counts for the cap.
        """
        watch = Watch()
        for row in rows:
            if not row.settled:
                self._note(row, still_marked(row, listed), watch, capped=row.withdrawal_capped)
        unlisted = [unlisted_of(row, listed) for row in rows if row.settled]
        answers = self._ask(to_ask(unlisted, now, self._wait), watch)
        absences = [(one, absences_of(one, answers, now, self._wait)) for one in unlisted]
        newly_due = sum(is_newly_due(found) or is_still_open(one, answers, now, self._wait) for one, found in absences)
        capped = watch.is_capped = is_capped(newly_due + also_due, connected, self._cap)
        for one, found in absences:
            self._decide(one, found, watch, now, capped=capped)
        return watch

    def _ask(self, things: list[Watched], watch: Watch) -> Answers:
        """Ask AWS for the first of the things; what it refuses to answer is not known, and marks nothing."""
        answers: dict[Watched, Existence] = {}
        for each in things[:MOST_ASKED]:
            try:
                answers[each] = existence_of(each, self._existences)
            except ThrottledError as error:
                watch.failures.append(error)
                break
            except DrawbridgeError as error:
                watch.failures.append(error)
        watch.unknown += [each.of for each, answer in answers.items() if answer is Existence.UNKNOWN]
        return answers

    def _decide(self, unlisted: Unlisted, found: RowAbsences, watch: Watch, now: datetime, *, capped: bool) -> None:
        row = unlisted.row
        held_back = capped and is_newly_due(found)
        if held_back:
            watch.capped.append(row.request_id)
        self._note(row, found.marks, watch, capped=row.withdrawal_capped or held_back)
        going = [mark for mark in found.due if not (capped and mark.counts_for_cap)]
        if may_go(unlisted, going, now):
            watch.going[row.request_id] = confirmed(found, going)

    def _note(self, row: LedgerRow, marks: tuple[Absence, ...], watch: Watch, *, capped: bool) -> None:
        now = msgspec.structs.replace(row, absent=marks, withdrawal_capped=capped and bool(marks or row.announced))
        if now == row:
            return
        try:
            if self._ledger.note_absent(row, now.absent, capped=now.withdrawal_capped):
                watch.noted[row.request_id] = now
        except DrawbridgeError as error:
            watch.failures.append(error)
