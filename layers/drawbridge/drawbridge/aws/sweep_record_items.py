"""The records of sweeps: items of the table of the approvals, under keys that no request has."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from drawbridge.aws.errors import translated
from drawbridge.discovery.sweep_record import SweepRecord
from drawbridge.errors import InvalidInputError, UpstreamError
from drawbridge.parsing import UnreadableError, read_json

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_KEPT_FOR_COMMAND = timedelta(days=1)

_SCHEDULED = "sweep/scheduled"
_ORPHANS = "sweep/orphans"


class SweepRecordItems:
    """The last record of the schedule, the last that looked for orphans, and those that commands wait for."""

    def __init__(self, approvals: Table) -> None:
        self._table = approvals

    def keep(self, record: SweepRecord, commands: frozenset[str]) -> None:
        """Keep a record for each command that waits for it, and as the last of its kinds.

        That is one call for 25, and none for a sweep that only an event asked for. The last of a kind does not
        expire: a schedule that has long been silent would be one that never had a sweep made.
        """
        kinds = (*((_SCHEDULED,) if record.scheduled else ()), *((_ORPHANS,) if record.orphans else ()))
        text = msgspec.json.encode(record).decode()
        expires_at = int((record.ended_at + _KEPT_FOR_COMMAND).timestamp())
        with translated("keep the record of the sweep", missing=UpstreamError), self._table.batch_writer() as batch:
            for kind in kinds:
                batch.put_item(Item={"request_id": kind, "sweep": text})
            for each in commands:
                batch.put_item(Item={"request_id": _of_command(each), "sweep": text, "expires_at": expires_at})

    def last_scheduled(self) -> SweepRecord | None:
        """Return the record of the last sweep that the schedule asked for."""
        return self._record(_SCHEDULED)

    def last_for_orphans(self) -> SweepRecord | None:
        """Return the record of the last sweep that looked for orphans."""
        return self._record(_ORPHANS)

    def of_command(self, command: str) -> SweepRecord | None:
        """Return the record of the sweep that a command waits for; ``None`` as long as it is not through."""
        return self._record(_of_command(command))

    def _record(self, key: str) -> SweepRecord | None:
        with translated("read the record of a sweep", missing=UpstreamError):
            item: Any = self._table.get_item(Key={"request_id": key}, ConsistentRead=True).get("Item")
        if item is None:
            return None
        try:
            return read_json(str(item.get("sweep", "")), SweepRecord)
        except UnreadableError as error:
            raise InvalidInputError(f"{key} in the table of the approvals can't be read: {error}; delete it") from error


def _of_command(command: str) -> str:
    return f"sweep/command/{command}"
