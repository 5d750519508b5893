"""Reporting what a sweep found and did, to the log and the metrics that alarms watch."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec

from drawbridge.discovery.configuration import SweepConfiguration
from drawbridge.discovery.findings import SweepResult, failure_of
from drawbridge.discovery.followed_counts import FollowedCounts
from drawbridge.discovery.sweep import Sweeper
from drawbridge.discovery.sweep_record import SweepRecord, SweepRecords, sweep_record
from drawbridge.errors import DrawbridgeError
from drawbridge.hint import SweepScope
from drawbridge.observability import Metric, count, logger
from drawbridge.schedule import is_late

_MOST_NAMED = 50
"""Requests or offers of one kind that a line of the log names: it is cut at 256 KB, and read by people."""

_SILENT_AFTER = timedelta(hours=1)
"""After as long without any sweep there is an alarm, whatever the schedule."""


class SweeperFactory(Protocol):
    """Builds the ``Sweeper`` for one sweep, which calls ``on_broken`` for each row that can't be read."""

    def __call__(
        self, configuration: SweepConfiguration, now: Callable[[], datetime], on_broken: Callable[[str], None], /
    ) -> Sweeper: ...


def sweep_and_report(
    scope: SweepScope,
    configuration_now: Callable[[SweepScope], SweepConfiguration],
    make_sweeper: SweeperFactory,
    records: Callable[[], SweepRecords],
    *,
    every: Callable[[], timedelta],
) -> bool:
    """Sweep once, leave a record of it, and return whether anything could not be observed or reconciled.

    ``every`` returns how often the schedule has a sweep made.
    """
    began_at = datetime.now(UTC)
    unreadable: list[str] = []
    rows: dict[str, None] = {}

    def report_broken(reason: str) -> None:
        """Log what can't be read, once: somebody has to mend it, and what the index has the table has too."""
        if reason not in rows:
            logger.error("row broken", extra={"reason": reason})
            rows[reason] = None

    result: SweepResult | None = None
    failures: tuple[DrawbridgeError, ...]
    fault: Exception | None = None
    try:
        configuration = configuration_now(scope)
        for kind, broken in configuration.broken:
            report = {"kind": kind, "parameter": broken.name, "reason": broken.reason, "in_force": broken.in_force}
            logger.error("configuration broken", extra=report)
            unreadable.append(f"{kind} {broken.name}: {broken.reason}")
        count(Metric.CONFIGURATION_BROKEN, len(configuration.broken))
        result = make_sweeper(configuration, lambda: datetime.now(UTC), report_broken).sweep(scope, began_at)
    except DrawbridgeError as error:
        failures = (error,)
    except Exception as error:  # noqa: BLE001 - a fault of ours: it is told like any other failure, then raised
        fault, failures = error, (failure_of("sweep", error),)
    else:
        failures = result.failures
        for each in result.broken:
            report_broken(str(each))
        _report(result, scope)
    for failure in failures:
        logger.error("sweep failed", extra={"error": type(failure).__name__, "reason": str(failure)})
    count(Metric.SWEEPS_FAILED, bool(failures))
    offers = (*result.offers_refused, *result.offers_held_back) if result else ()
    count(Metric.ROWS_BROKEN, len(rows) + len(offers))
    record = sweep_record(
        scope, result, failures=failures, broken=(*unreadable, *rows), began_at=began_at, ended_at=datetime.now(UTC)
    )
    _keep_record(record, scope, records)
    _report_schedule(scope, records, every, began_at)
    if fault is not None:
        raise fault
    return bool(failures)


def _keep_record(record: SweepRecord, scope: SweepScope, records: Callable[[], SweepRecords]) -> None:
    """Keep the record; if it can't be, only operators lack it: the sweep is as good without, and not repeated."""
    try:
        records().keep(record, scope.commands)
    except Exception as error:  # noqa: BLE001 - a fault of ours neither repeats a sweep nor hides what was wrong with it
        logger.error("sweep not recorded", extra={"error": type(error).__name__, "reason": str(error)})


def _report_schedule(
    scope: SweepScope, records: Callable[[], SweepRecords], every: Callable[[], timedelta], now: datetime
) -> None:
    """Report that the schedule should have had a sweep made: Lambda does not count by who asked.

    Of one that never had any made nothing is told: the stack may be new, and how old it is, a sweep does not know.
    """
    if scope.scheduled:
        return
    try:
        last = records().last_scheduled()
        is_silent = last is not None and now - last.ended_at > _SILENT_AFTER and is_late(last.ended_at, every(), now)
    except DrawbridgeError as error:
        logger.error("schedule not known", extra={"error": type(error).__name__, "reason": str(error)})
        return
    if last is not None and is_silent:
        logger.error("schedule silent", extra={"last": last.ended_at.isoformat(timespec="seconds")})
        count(Metric.SWEEPS_WITHOUT_SCHEDULE)


def _report(result: SweepResult, scope: SweepScope) -> None:
    """Log and count what a sweep found and did."""
    logger.info("swept", extra={"seen": result.observed, "started": result.started})
    count(Metric.REQUESTS_STARTED, len(result.started))
    if result.first_attempts and not scope.by_event:
        logger.warning("missed by events", extra={"started": result.first_attempts})
        count(Metric.REQUESTS_MISSED_BY_EVENTS, len(result.first_attempts))
    if result.no_longer_permitted:
        logger.warning("no longer permitted", extra={"requests": result.no_longer_permitted})
    if result.reviews_open:
        logger.warning("reviews open", extra={"requests": result.reviews_open})
    count(Metric.REVIEWS_OPEN, len(result.reviews_open))
    if result.withdrawals_capped:
        logger.error("withdrawals capped", extra={"requests": result.withdrawals_capped})
    count(Metric.WITHDRAWALS_CAPPED, len(result.withdrawals_capped))
    if result.existence_unknown:
        logger.warning("not listed, and not known to be gone", extra={"ids": result.existence_unknown})
    count(Metric.EXISTENCE_UNKNOWN, len(result.existence_unknown))
    if result.expiring:
        logger.warning("expiring", extra={"requests": [str(each) for each in result.expiring]})
        count(Metric.REQUESTS_EXPIRING, len(result.expiring))
    if result.drifted:
        logger.warning("drifted", extra={"requests": result.drifted})
        count(Metric.CONNECTIONS_DRIFTED, len(result.drifted))
    _report_offers(result)
    # A sweep of a part leaves to the schedule's to say how everything stands.
    _report_followed(result.followed if scope.is_whole else FollowedCounts(), reviewed=result.no_longer_permitted)


def _report_offers(result: SweepResult) -> None:
    """Log what was offered, taken back and disassociated, what is not, and what somebody has to mend."""
    for each in result.offers_refused:
        logger.error("offers refused", extra={"reason": str(each)})
    for each in result.offers_held_back:
        logger.error("offers held back", extra={"reason": str(each)})
    for message, offers in (
        ("offered", result.offered),
        ("taken back", result.taken_back),
        ("announced to leave shares", result.announced),
        ("disassociated", result.disassociated),
    ):
        if offers:
            logger.info(message, extra={"number_of_offers": len(offers), "offers": offers[:_MOST_NAMED]})
    if result.quotas:
        logger.warning("quotas near", extra={"quotas": [str(each) for each in result.quotas[:_MOST_NAMED]]})
    if result.not_offered:
        shown = {"number_of_offers": len(result.not_offered), "offers": result.not_offered[:_MOST_NAMED]}
        logger.warning("not offered", extra=shown)
    if result.still_associated:
        named = result.still_associated[:_MOST_NAMED]
        logger.warning("still associated", extra={"number_of_offers": len(result.still_associated), "offers": named})


def _report_followed(followed: FollowedCounts, *, reviewed: Collection[str]) -> None:
    """Log and count the requests in trouble; ``reviewed`` are those that this sweep found no longer permitted."""
    for metric, requests in (
        (Metric.REQUESTS_HELD, followed.held),
        (Metric.REQUESTS_FAILED, followed.failed),
        (Metric.REQUESTS_WAITING_FOR_APPROVAL, followed.waiting_for_approval),
        (Metric.WITHDRAWALS_FAILED, followed.withdrawals_failed),
        (Metric.NO_LONGER_PERMITTED, followed.no_longer_permitted.union(reviewed)),
        (Metric.ORPHANS, followed.orphans),
    ):
        count(metric, len(requests))
    if followed.oldest_pending is not None:
        count(Metric.OLDEST_PENDING_AGE, followed.oldest_pending.age.total_seconds())
    if followed != FollowedCounts():
        logger.info("followed", extra=_named(followed))


def _named(followed: FollowedCounts) -> dict[str, object]:
    """Return the requests in trouble for the log, the first of each kind."""
    named: dict[str, object] = {
        name: sorted(requests)[:_MOST_NAMED]
        for name, requests in msgspec.structs.asdict(followed).items()
        if isinstance(requests, frozenset) and requests
    }
    if followed.oldest_pending is not None:
        named["oldest_pending"] = followed.oldest_pending.request_id
    return named
