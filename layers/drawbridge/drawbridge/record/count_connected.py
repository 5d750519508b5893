"""Counting how long requests took until they were connected."""

from typing import Protocol

from drawbridge.errors import DrawbridgeError
from drawbridge.observability import Metric, count, logger
from drawbridge.record.entry import Entry
from drawbridge.record.record import StatusChange
from drawbridge.record.time_to_connect import time_to_connect
from drawbridge.status import Status


class WrittenEntries(Protocol):
    """The ledger, as counting needs it."""

    def entry_with(self, change: StatusChange) -> Entry | None:
        """Return the row with a change that was just written to it."""
        ...


def count_time_to_connect(recorded: StatusChange, ledger: WrittenEntries) -> None:
    """Count how long it took if it is connected for the first time; that it can't be told fails no attempt."""
    if recorded.status is not Status.AVAILABLE:
        return
    try:
        entry = ledger.entry_with(recorded)
    except DrawbridgeError as error:
        logger.warning("time to connect unknown", reason=str(error))
        return
    took = time_to_connect(entry) if entry else None
    if took is None:
        return
    seconds, waited = took.own.total_seconds(), took.waited_for_people.total_seconds()
    logger.info("connected", request_id=recorded.request_id, seconds=seconds, waited_for_people=waited)
    count(Metric.TIME_TO_CONNECT, seconds, kind=recorded.kind)
    if waited:
        count(Metric.TIME_TO_CONNECT_WITH_PEOPLE, took.whole.total_seconds(), kind=recorded.kind)
