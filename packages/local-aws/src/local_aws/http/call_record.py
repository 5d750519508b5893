"""A record of AWS calls: the counts of all, and the last ones.

A call whose caller was ended by a fault before it reached AWS has the fault (``kill-before``) as its error.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any

from local_aws.http.request_identification import IdentifiedCall

RECENT = 5000


@dataclass(frozen=True)
class MadeCall:
    """A call and its outcome; ``error`` is the answer's code, ``time`` the local seconds since 1970."""

    call: IdentifiedCall
    time: float
    status: int
    error: str | None
    function: str | None = None
    """The Lambda function that called; None for a person and for a service with a role."""
    request_id: str | None = None
    """The request id of the function's invocation."""


@dataclass(frozen=True)
class CallKey:
    """An operation and its caller; a person has no role."""

    account_id: str
    role_name: str | None
    operation: str


class Record:
    """Counts of calls and their errors by caller and operation, and the last calls."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[CallKey] = Counter()
        self._errors: dict[CallKey, Counter[str]] = {}
        self._recent: deque[MadeCall] = deque(maxlen=RECENT)
        self._added = 0
        self._collecting: list[tuple[str, list[MadeCall]]] = []

    def add(self, made: MadeCall) -> None:
        call = made.call
        caller = CallKey(call.account_id, call.role_name, call.name)
        with self._lock:
            self._counts[caller] += 1
            if made.error is not None:
                self._errors.setdefault(caller, Counter())[made.error] += 1
            self._recent.append(made)
            self._added += 1
            for operation, collected in self._collecting:
                if operation == call.name:
                    collected.append(made)

    @contextmanager
    def collected(self, operation: str) -> Iterator[list[MadeCall]]:
        """Yield a list to which each call of an operation is added as long as the block runs, however many they are."""
        collecting: tuple[str, list[MadeCall]] = (operation, [])
        with self._lock:
            self._collecting.append(collecting)
        try:
            yield collecting[1]
        finally:
            with self._lock:
                self._collecting = [each for each in self._collecting if each is not collecting]

    def mark(self) -> int:
        """Return the present position in the record, for ``since``."""
        with self._lock:
            return self._added

    def since(self, mark: int, *, function: str | None = None, account_id: str | None = None) -> list[MadeCall]:
        """Return the calls after a mark, in the order of their ends; ``function`` is a name, with ``*`` as wildcard.

        Raises:
            LookupError: some of them are no longer kept.
        """
        with self._lock:
            count = self._added - mark
            if count > len(self._recent):
                raise LookupError(f"{count} calls were made since, only the last {len(self._recent)} are kept")
            calls = list(islice(reversed(self._recent), count))
        return [
            made
            for made in reversed(calls)
            if account_id in {None, made.call.account_id}
            and (function is None or (made.function is not None and fnmatchcase(made.function, function)))
        ]

    def recent(self) -> list[MadeCall]:
        """Return the last calls, the oldest first."""
        with self._lock:
            return list(self._recent)

    def describe(self, last: int = 100) -> dict[str, Any]:
        """Return the counts by account, role and operation, and the last calls."""
        with self._lock:
            counts = sorted(
                self._counts.items(), key=lambda item: (item[0].account_id, item[0].role_name or "", item[0].operation)
            )
            errors = {caller: dict(codes) for caller, codes in self._errors.items()}
            recent = list(self._recent)[-last:]
        return {
            "calls": [
                {
                    "account": caller.account_id,
                    "role": caller.role_name,
                    "operation": caller.operation,
                    "count": count,
                    "errors": errors.get(caller, {}),
                }
                for caller, count in counts
            ],
            "recent": [
                {
                    "time": made.time,
                    "account": made.call.account_id,
                    "role": made.call.role_name,
                    "function": made.function,
                    "request": made.request_id,
                    "region": made.call.region,
                    "operation": made.call.name,
                    "status": made.status,
                    "error": made.error,
                }
                for made in recent
            ],
        }


record = Record()
"""The record of this process."""
