"""Watching what is permitted: what is connected is reviewed when policies change, announced, and due after its wait."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from msgspec import Struct

from drawbridge.discovery.announced import (
    announcement_fingerprint,
    desired_tags,
    marks_after,
    marks_due,
    own_things,
    taggable_of,
    were_taken_down,
)
from drawbridge.discovery.announcements import BusAnnouncements
from drawbridge.discovery.decision_records import DecisionRecords
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.observed_request import ObservedRequest
from drawbridge.discovery.review import Review, ReviewOpen
from drawbridge.discovery.reviewer import PolicyReviewer
from drawbridge.errors import AccessDeniedError, GoneError, RefusedError
from drawbridge.request.announced import Announced
from drawbridge.status import Status

_FORM = "2"
"""Of what reviews come to."""

MOST_TAGGED = 40
"""Objects that one sweep tags: a forbid against everybody must not become thousands of calls at once."""


class ReviewedRows(Protocol):
    """The ledger's reviews and announcements."""

    def note_review(
        self, row: LedgerRow, review: Review, announced: tuple[Announced, ...], *, policies_fingerprint: str
    ) -> bool:
        """Note what a review came to, and what is announced by it; ``False`` if the row is not as it was read."""
        ...

    def note_announced(self, row: LedgerRow, announced: tuple[Announced, ...], *, capped: bool) -> bool:
        """Note what is announced; ``False`` if the row and its marks are not as they were read."""
        ...

    def note_announcement_sent(self, row: LedgerRow, fingerprint: str) -> None:
        """Note which marks were put on the bus; nothing if the row has a later attempt by now."""
        ...

    def note_tagged(self, row: LedgerRow, tagged: Mapping[str, str]) -> None:
        """Note what carries the tag by now; nothing if the row has a later attempt by now."""
        ...


class WithdrawAfterTags(Protocol):
    """The tag that says when something of ours is taken down; each call raises whatever AWS says against it."""

    def tag(self, thing: str, value: str) -> None:
        """Tag an endpoint by its id, an object of VPC Lattice's by its ARN, or a parameter by its name."""
        ...

    def untag(self, thing: str) -> None: ...


class Reviewed(Struct, frozen=True):
    """A request after its review."""

    row: LedgerRow
    lapsed: frozenset[tuple[str, str]]
    """What of it is refused for certain now, by binding and resource: of the rest that is marked it is not known."""


class PermissionWatch:
    """Reviews, announces and tags."""

    def __init__(
        self,
        reviewer: PolicyReviewer,
        ledger: ReviewedRows,
        decision_records: DecisionRecords,
        announcements: BusAnnouncements,
        tags: WithdrawAfterTags,
        *,
        withdraw_after: timedelta,
        prefix: str,
        account_id: str,
    ) -> None:
        """``withdraw_after`` is how long what is no longer permitted stays, unless a forbid is urgent."""
        self._reviewer = reviewer
        self._ledger = ledger
        self._decision_records = decision_records
        self._announcements = announcements
        self._tags = tags
        self._wait = withdraw_after
        self._prefix = prefix
        self._account_id = account_id
        self._tagged = 0
        self._rows: dict[str, LedgerRow] = {}
        self._holders: Mapping[str, Collection[str]] = {}

    def load(self, rows: Iterable[LedgerRow]) -> None:
        """Take note of all that is followed: what one share has announced may be another share's to keep."""
        self._rows = {row.request_id: row for row in rows if row.attachments}
        self._holders = {}
        if any(row.announced or row.tagged for row in self._rows.values()):
            self._find_holders()

    def _find_holders(self) -> None:
        """Find which requests hold each thing that can carry the tag: it matters where something is announced."""
        if self._holders:
            return
        holders = defaultdict[str, list[str]](list)
        for row in self._rows.values():
            for thing in own_things(row, self._account_id):
                holders[thing].append(row.request_id)
        self._holders = holders

    @staticmethod
    def concerns(row: LedgerRow, observed: ObservedRequest) -> bool:
        """Return whether something of the request is connected, settled and there, so that it is reviewed."""
        return row.settled and row.is_connected and observed.open and row.status is not Status.WITHDRAWING

    def is_review_due(self, row: LedgerRow, observed: ObservedRequest, now: datetime) -> bool:
        """Return whether the configuration changed since the last review or decision, or the time of a mark has come.

        What was kept was not let in by what is in force: that is announced as any change is. Whatever stands announced
        is reviewed again before anything is taken down, and after each attempt.
        """
        if marks_due(row, now):
            return True
        if row.reviewed_fingerprint:
            return row.reviewed_fingerprint != self._reviewed_under(observed)
        return bool(row.kept or row.announced) or observed.policies_fingerprint != row.decision_fingerprint

    def is_reviewed_as_now(self, row: LedgerRow, observed: ObservedRequest) -> bool:
        """Return whether nothing that a review rests on has changed since the last one."""
        return row.reviewed_fingerprint == self._reviewed_under(observed)

    def review(self, row: LedgerRow, observed: ObservedRequest, now: datetime) -> Reviewed | ReviewOpen | None:
        """Review a request, and note what is announced.

        ``None`` if the row is not any longer as it was read: the next sweep does it.
        """
        review = self._reviewer.review(self._decision_records.of(row), observed.contents)
        if isinstance(review, ReviewOpen):
            return review
        if review.permitted is row.no_longer_permitted:
            self._announcements.reviewed(row, review, policies_fingerprint=observed.policies_fingerprint)
        marks = marks_after(review, row.announced, now, self._wait)
        under = self._reviewed_under(observed)
        noted = self._ledger.note_review(row, review, marks, policies_fingerprint=under)
        if not noted:
            return None
        now_there = msgspec.structs.replace(
            row, announced=marks, no_longer_permitted=not review.permitted, reviewed_fingerprint=under
        )
        self._rows[row.request_id] = now_there
        if marks:
            self._find_holders()
        return Reviewed(now_there, frozenset(lapse.key for lapse in review.lapses))

    def _reviewed_under(self, observed: ObservedRequest) -> str:
        """Return what a review rests on, as the row keeps it.

        A policy that can't be in force is part of it, and so is the form of reviews: an earlier version announced
        nothing.
        """
        form = _FORM if self._reviewer.is_whole else f"{_FORM}-in-part"
        return f"{form}:{observed.policies_fingerprint}"

    def tell(self, row: LedgerRow, *, after: LedgerRow | None = None) -> None:
        """Put on the bus what is announced, or that it is so no longer, and tag what goes; nothing if that was done.

        The row comes first: whoever hears the event finds there what it is about. A crash on the way is made good by
        the next sweep. ``after`` is the row before a review: what was taken down meanwhile is not called off.
        """
        fingerprint = announcement_fingerprint(row.announced)
        if fingerprint != row.announcement_sent:
            is_done = not fingerprint and after is not None and were_taken_down(after.announced, row)
            if not is_done:
                self._announcements.announced(row, fingerprint or row.announcement_sent)
            self._ledger.note_announcement_sent(row, fingerprint)
        others = self._others(row)
        desired = desired_tags(row, others, prefix=self._prefix, account_id=self._account_id)
        there = taggable_of(row, prefix=self._prefix, account_id=self._account_id)
        noted = (*(item for other in others for item in other.tagged.items()), *row.tagged.items())
        tagged = self._retagged({thing: value for thing, value in noted if thing in there}, desired)
        if tagged != row.tagged:
            self._ledger.note_tagged(row, tagged)

    def _others(self, row: LedgerRow) -> tuple[LedgerRow, ...]:
        """Return the rows of other requests that hold some of what was made for this one."""
        things = own_things(row, self._account_id) if self._holders else ()
        ids = {name for thing in things for name in self._holders.get(thing, ())} - {row.request_id}
        return tuple(self._rows[name] for name in sorted(ids))

    def _retagged(self, tagged: Mapping[str, str], desired: Mapping[str, str]) -> Mapping[str, str]:
        """Tag what lacks the tag or has another value, untag the rest; return what carries it then."""
        there = dict(tagged)
        for thing in sorted({*desired, *tagged}):
            value = desired.get(thing, "")
            if there.get(thing, "") == value or self._tagged >= MOST_TAGGED:
                continue
            self._tagged += 1
            self._tag(thing, value)
            if value:
                there[thing] = value
            else:
                del there[thing]
        return there

    def _tag(self, thing: str, value: str) -> None:
        try:
            if value:
                self._tags.tag(thing, value)
            else:
                self._tags.untag(thing)
        except (GoneError, AccessDeniedError, RefusedError):
            # It is not there, has no room for a tag, or lost our ownership tag: nothing that a repetition mends.
            return

    def drop(self, row: LedgerRow) -> None:
        """Drop the marks of what is not connected any longer."""
        self._ledger.note_announced(row, (), capped=False)
        self._ledger.note_announcement_sent(row, "")

    def hold_back(self, row: LedgerRow) -> None:
        """Note that it would go, were it not one of too many."""
        if not row.withdrawal_capped:
            self._ledger.note_announced(row, row.announced, capped=True)
