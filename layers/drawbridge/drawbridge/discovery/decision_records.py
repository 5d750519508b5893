"""What decisions rested on, as one sweep reads it: of many requests at once, when it comes to the first of them."""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Protocol

import msgspec

from drawbridge.discovery.ledger_row import LedgerRow

_AT_ONCE = 100
"""As many as the ledger reads in one call; no more of these large attributes are in memory at a time."""


class KeptDecisionRecords(Protocol):
    """The ledger, as far as it keeps what decisions rested on."""

    def with_decision_records(self, rows: Collection[LedgerRow]) -> Mapping[str, LedgerRow]:
        """Return rows with their decision records, by their requests' ids."""
        ...


class DecisionRecords:
    """Reads the decision records of the request that is asked for and, with them, of those that are expected next."""

    def __init__(self, ledger: KeptDecisionRecords, *, at_once: int = _AT_ONCE) -> None:
        self._ledger = ledger
        self._at_once = at_once
        self._expected: deque[LedgerRow] = deque()
        self._read: dict[str, LedgerRow] = {}

    def expect(self, rows: Iterable[LedgerRow]) -> None:
        """Take note of the rows that will probably be asked for, in that order. It costs no call if none is."""
        self._expected = deque(rows)

    def of(self, row: LedgerRow) -> LedgerRow:
        """Return the row with its decision records; one that was not expected is read by itself."""
        kept = self._read.pop(row.request_id, None) or self._next_with(row)[row.request_id]
        return msgspec.structs.replace(
            row,
            decision_record=kept.decision_record,
            association_decision_record=kept.association_decision_record,
        )

    def _next_with(self, row: LedgerRow) -> Mapping[str, LedgerRow]:
        some = [row]
        if any(each.request_id == row.request_id for each in self._expected):
            # Those before it were not asked for, and will not be.
            while self._expected.popleft().request_id != row.request_id:
                pass
            some += islice(self._expected, self._at_once - 1)
        found = self._ledger.with_decision_records(some)
        self._read = {each.request_id: found[each.request_id] for each in some[1:]}
        return found
