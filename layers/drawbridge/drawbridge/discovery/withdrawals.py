"""What of a request is to be taken down: gone, no longer permitted and due, or commanded."""

from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec

from drawbridge.discovery.absences import reasons_of
from drawbridge.discovery.announced import (
    marks_due,
    may_take_down,
    reasons_of_marks,
)
from drawbridge.discovery.attempt_starter import AttemptStarter, reasons_to_withdraw
from drawbridge.discovery.findings import Findings
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.next_action import is_young, may_try_again
from drawbridge.discovery.observed_request import ObservedRequest
from drawbridge.discovery.permission_watch import PermissionWatch, Reviewed
from drawbridge.discovery.review import ReviewOpen
from drawbridge.errors import DrawbridgeError
from drawbridge.request import OrphanRequest
from drawbridge.request.announced import Announced, whole
from drawbridge.status import Reason, Status

_PART_GONE = Reason("part-gone", "Some of what it holds is gone, and is taken down.")
_PART_DUE = Reason("part-due", "Policies no longer permit some of it, which was announced, and its time has come.")


class WithdrawalReconciler:
    """Starts what takes down that which is called for no longer, and announces what will be."""

    def __init__(self, attempts: AttemptStarter, permissions: PermissionWatch) -> None:
        self._attempts = attempts
        self._permissions = permissions

    def load(self, followed: Iterable[LedgerRow]) -> None:
        """Take note of all that is followed."""
        self._permissions.load(followed)

    @staticmethod
    def is_for_withdrawal(row: LedgerRow, now: datetime, findings: Findings) -> bool:
        """Return whether nothing but a withdrawal may become of it.

        An operator commanded it, its time has come and it was begun, or it is connected and AWS does not list it. To an
        orphan nothing else can happen.
        """
        if row.stays_withdrawn or row.is_to_be_withdrawn or isinstance(row.request, OrphanRequest):
            return True
        is_begun = row.status is Status.WITHDRAWING
        if findings.lists(row):
            return is_begun and whole(marks_due(row, now)) is not None
        return row.is_connected if row.settled else is_begun

    def withdraw(self, observed: ObservedRequest, row: LedgerRow, now: datetime, findings: Findings) -> str | None:
        """Start the withdrawal of the whole request if it is time, or see to the one that was started."""
        if row.stays_withdrawn:
            return None
        if isinstance(row.request, OrphanRequest) and row.status is Status.PENDING:
            # It was not entered whole. Withdrawn with nothing that it tells of, it is entered anew by the next look.
            return None if is_young(row, now) else self._attempts.start_withdrawal(row, (), ())
        # An orphan that is listed ends: what leads there belongs to a share again.
        if row.is_to_be_withdrawn or findings.lists(row):
            return self._withdraw_listed(observed, row, now, findings)
        return self._withdraw_absent(observed, row, now, findings)

    def take_down_part(
        self, observed: ObservedRequest, row: LedgerRow, now: datetime, findings: Findings
    ) -> str | None:
        """Start an attempt that takes down what is gone of a request, or what of it was announced and is due."""
        if row.request_id in findings.going:
            cause = findings.caused_by(_PART_GONE)
            caused = msgspec.structs.replace(observed, cause=cause)
            return self._attempts.start(caused, row, absent=findings.going[row.request_id])
        return self.review(observed, row, now, findings) if marks_due(row, now) else None

    def _withdraw_absent(
        self, observed: ObservedRequest, row: LedgerRow, now: datetime, findings: Findings
    ) -> str | None:
        """Start the withdrawal if what the request is about is gone, or see to the one that was started."""
        if not row.settled and not self._attempts.is_lost(observed, row, now):
            return None
        # Under way, its marks are those of what is still gone.
        absent = findings.going.get(row.request_id, ()) if row.settled else row.absent
        if not any(mark.of == row.request.subject and mark.confirmed for mark in absent):
            return None
        return self._attempts.start_withdrawal(row, absent, reasons_of(absent))

    def _withdraw_listed(
        self, observed: ObservedRequest, row: LedgerRow, now: datetime, findings: Findings
    ) -> str | None:
        """Start the withdrawal of what is there, or see to the one that was started."""
        if row.settled:
            if row.status is Status.WITHDRAWING and not may_try_again(row, now):
                return self._connect_if_permitted_again(observed, row, now, findings)
        elif not self._attempts.is_lost(observed, row, now):
            return None
        return self._attempts.start_withdrawal(row, row.absent, reasons_to_withdraw(row))

    def _connect_if_permitted_again(
        self, observed: ObservedRequest, row: LedgerRow, now: datetime, findings: Findings
    ) -> str | None:
        """Start an attempt at what could not be taken down and is permitted again: that waits for no backoff."""
        is_refused = row.commanded is None and row.is_connected and whole(row.announced) is not None
        if not is_refused or not observed.open or self._permissions.is_reviewed_as_now(row, observed):
            return None
        reviewed = self._permissions.review(row, observed, now)
        if isinstance(reviewed, ReviewOpen):
            findings.reviews_open.append(f"{row.request_id}: {reviewed.because}")
        if not isinstance(reviewed, Reviewed):
            return None
        self._tell(reviewed.row, findings, after=row)
        return None if whole(reviewed.row.announced) else self._attempts.start(observed, reviewed.row)

    def is_review_due(self, observed: ObservedRequest, row: LedgerRow, now: datetime) -> bool:
        """Return whether what is connected is to be reviewed."""
        return self._permissions.concerns(row, observed) and self._permissions.is_review_due(row, observed, now)

    def review(self, observed: ObservedRequest, row: LedgerRow, now: datetime, findings: Findings) -> str | None:
        """Review what is connected if that is due, announce what is no longer permitted, and take down what is due.

        Return the name of the execution if one was started.
        """
        if row.request_id in findings.reviewed:
            return None
        findings.reviewed.add(row.request_id)
        if row.settled and row.announced and not row.is_connected:
            self._permissions.drop(row)
        if not self._permissions.concerns(row, observed):
            return None
        if not self._permissions.is_review_due(row, observed, now):
            self._tell(row, findings)
            return None
        reviewed = self._permissions.review(row, observed, now)
        if isinstance(reviewed, ReviewOpen):
            findings.reviews_open.append(f"{row.request_id}: {reviewed.because}")
        if reviewed is None or isinstance(reviewed, ReviewOpen):
            return None
        if reviewed.row.no_longer_permitted and not (row.no_longer_permitted or row.is_denied):
            findings.no_longer_permitted.append(row.request_id)
        self._tell(reviewed.row, findings, after=row)
        return self._take_down_refused(observed, reviewed, row.announced, now, findings)

    def _tell(self, row: LedgerRow, findings: Findings, *, after: LedgerRow | None = None) -> None:
        """Tell what is announced; that it can't be told holds nothing up, and is tried again by the next sweep."""
        try:
            self._permissions.tell(row, after=after)
        except DrawbridgeError as error:
            findings.failures.append(error)

    def _take_down_refused(
        self,
        observed: ObservedRequest,
        reviewed: Reviewed,
        before: Collection[Announced],
        now: datetime,
        findings: Findings,
    ) -> str | None:
        """Start what takes down that of which the time has come; ``before`` are the marks as they were read.

        What nobody forbade was counted for the cap only if its mark was there when the sweep began.
        """
        row, counted = reviewed.row, {mark.key for mark in before}
        due = [
            mark
            for mark in marks_due(row, now)
            if mark.key in reviewed.lapsed and (mark.forbidden or mark.key in counted)
        ]
        held_back = [mark for mark in due if findings.holds_back and mark.counts_for_cap]
        if held_back and findings.is_capped:
            findings.withdrawals_capped.append(row.request_id)
            self._permissions.hold_back(row)
        going = [mark for mark in due if mark not in held_back]
        if not going or not may_take_down(row, going, now):
            return None
        if whole(going) is not None:
            return self._attempts.start_withdrawal(row, row.absent, reasons_of_marks(going))
        caused = msgspec.structs.replace(observed, cause=findings.caused_by(_PART_DUE))
        return self._attempts.start(caused, row, absent=row.absent)
