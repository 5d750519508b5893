"""Turns: requests that are held until another question of the same account is closed."""

from collections import Counter
from collections.abc import Iterable

from drawbridge.approval.turns import AWAITS_TURN
from drawbridge.discovery.row import Row
from drawbridge.status import Status


class FreeTurns:
    """The turns that are free at one look. It only tells whom to start: whoever asks takes the turn itself."""

    def __init__(self, followed: Iterable[Row], most: int) -> None:
        self._taken = Counter(row.account_id for row in followed if row.may_be_asked_about)
        self._most = most

    def is_next(self, row: Row) -> bool:
        """Tell whether the request awaits its turn and gets it; it is taken then."""
        held = row.awaits_turn and row.status is Status.HELD
        # What failed is tried again after the waits of a failure.
        kept = row.status is not Status.FAILED and any(reason.code == AWAITS_TURN for reason in row.kept)
        if not (held or kept) or self._taken[row.account_id] >= self._most:
            return False
        self._taken[row.account_id] += 1
        return True
