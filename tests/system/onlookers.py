"""People who look at a stack again and again, and read only what may have changed since they last did."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from local_aws.testing.record import record
from scenarios.people import Person

_READS = re.compile(r":(BatchGet|Describe|Get|List|Query|Scan)")

Key = TypeVar("Key")
Seen = TypeVar("Seen")


class Onlooker(Person):
    """A person who reads the ledger and the published names anew only if somebody has written there meanwhile.

    Tests look whenever nothing is in flight, most of the time for nothing, and a look costs as much as a call of a
    function. Rows and parameters change by calls alone.
    """

    def __init__(self, url: str, account_id: str, called: str) -> None:
        super().__init__(url, account_id, called)
        self._rows: _Kept[str | None, list[dict[str, Any]]] = _Kept(account_id, "dynamodb")
        self._names: _Kept[str, list[tuple[str, str]]] = _Kept(account_id, "ssm")

    def ledger(self, subject: str | None = None) -> list[dict[str, Any]]:
        return self._rows.read(subject, lambda: super(Onlooker, self).ledger(subject))

    def published(self) -> list[tuple[str, str]]:
        return self._names.read("", super().published)


class _Kept(Generic[Key, Seen]):
    """What was read of a service in an account, each with the position in the record before it was read."""

    def __init__(self, account_id: str, service: str) -> None:
        self._account_id = account_id
        self._service = service
        self._kept: dict[Key, tuple[int, Seen]] = {}

    def read(self, key: Key, read: Callable[[], Seen]) -> Seen:
        now = record.mark()
        if key in self._kept and not self._written_since(self._kept[key][0]):
            self._kept[key] = (now, self._kept[key][1])
        else:
            self._kept[key] = (now, read())
        return self._kept[key][1]

    def _written_since(self, mark: int) -> bool:
        try:
            calls = record.since(mark, account_id=self._account_id)
        except LookupError:
            return True
        return any(
            each.operation.startswith(f"{self._service}:") and not _READS.search(each.operation) for each in calls
        )
