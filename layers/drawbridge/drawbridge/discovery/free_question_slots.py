"""Question slots: requests that are held until another question of the same account is closed."""

from collections import Counter
from collections.abc import Iterable

from drawbridge.decision.let_in import AWAITS_QUESTION_SLOT
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.status import Status


class FreeQuestionSlots:
    """The slots that are free at one sweep. It only says which attempts to start: these take the slots themselves."""

    def __init__(self, followed: Iterable[LedgerRow], most: int) -> None:
        self._taken = Counter(row.account_id for row in followed if row.may_be_asked_about)
        self._most = most

    def is_next(self, row: LedgerRow) -> bool:
        """Return whether the request awaits a slot and one is free, which then counts as taken."""
        held = row.awaits_question_slot and row.status is Status.HELD
        # What failed is tried again after the waits of a failure.
        kept = row.status is not Status.FAILED and any(reason.code == AWAITS_QUESTION_SLOT for reason in row.kept)
        if not (held or kept) or self._taken[row.account_id] >= self._most:
            return False
        self._taken[row.account_id] += 1
        return True
