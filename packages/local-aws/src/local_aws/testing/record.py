"""The AWS calls that were made: the last thousands one by one, and all of them counted.

``mark = record.mark()``, then ``record.since(mark, function="keeper")`` returns a function's calls since then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from local_aws.http.call_record import MadeCall
from local_aws.http.call_record import record as _record


@dataclass(frozen=True)
class RecordedCall:
    """A call and its result."""

    _made: MadeCall

    @property
    def operation(self) -> str:
        """``service:Operation``, with IAM's name of the service: ``states:StartExecution``."""
        return self._made.call.name

    @property
    def params(self) -> Mapping[str, Any]:
        """The request's parameters, as in boto3."""
        return self._made.call.params

    @property
    def account_id(self) -> str:
        return self._made.call.account_id

    @property
    def role(self) -> str | None:
        """The name of the role that called; None for a person."""
        return self._made.call.role_name

    @property
    def function(self) -> str | None:
        """The calling Lambda function; None for a person and for a service with a role."""
        return self._made.function

    @property
    def invocation(self) -> str | None:
        """The request id of the function's invocation."""
        return self._made.request_id

    @property
    def time(self) -> float:
        """The time of its end on the clock, in seconds since 1970."""
        return self._made.time

    @property
    def error(self) -> str | None:
        """The error code of the answer, or the fault that killed the caller before the call: ``kill-before``."""
        return self._made.error


@dataclass(frozen=True)
class Count:
    """How often a caller made a call so far, and how often with which error; a person has no role."""

    account_id: str
    role: str | None
    operation: str
    calls: int
    errors: Mapping[str, int]


class Record:
    """The calls of this process."""

    def mark(self) -> int:
        """Return the present position in the record, for ``since``."""
        return _record.mark()

    def since(self, mark: int, *, function: str | None = None, account_id: str | None = None) -> list[RecordedCall]:
        """Return the calls after a mark, in the order of their ends; ``function`` may have ``*`` for any text.

        Raises:
            LookupError: some of them are no longer kept.
        """
        return [RecordedCall(made) for made in _record.since(mark, function=function, account_id=account_id)]

    @contextmanager
    def collected(self, operation: str) -> Iterator[Callable[[], list[RecordedCall]]]:
        """Yield what returns the calls of an operation since the block began, however many: none is let go."""
        with _record.collected(operation) as made:
            yield lambda: [RecordedCall(each) for each in made]

    def recent(self) -> list[RecordedCall]:
        """Return the calls that are kept, the oldest first."""
        return [RecordedCall(made) for made in _record.recent()]

    def counts(self) -> list[Count]:
        """Return the counts of all callers and operations."""
        return [
            Count(each["account"], each["role"], each["operation"], each["count"], each["errors"])
            for each in _record.describe(last=1)["calls"]
        ]


record = Record()
"""The record of this process."""
