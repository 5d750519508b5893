"""Reporting what a sweep found and did, to the log and the metrics that alarms watch."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from aws_lambda_powertools.metrics import MetricUnit

from drawbridge.discovery.configuration import SweepConfiguration
from drawbridge.discovery.findings import SweepResult
from drawbridge.discovery.sweep import Sweeper
from drawbridge.discovery.sweep_record import SweepRecord, SweepRecords, attachments_waiting, sweep_record
from drawbridge.errors import DrawbridgeError
from drawbridge.hint import SweepScope
from drawbridge.observability import logger, metrics


class SweeperFactory(Protocol):
    """Builds the ``Sweeper`` for one sweep, which calls ``on_broken`` for each row that can't be read."""

    def __call__(
        self, configuration: SweepConfiguration, now: Callable[[], datetime], on_broken: Callable[[str], None], /
    ) -> Sweeper: ...


def sweep_and_report(
    scope: SweepScope,
    configuration_now: Callable[[], SweepConfiguration],
    make_sweeper: SweeperFactory,
    records: Callable[[], SweepRecords],
) -> bool:
    """Sweep once, leave a record of it, and return whether anything could not be observed or reconciled."""
    began_at = datetime.now(UTC)
    unreadable: list[str] = []

    def report_broken(reason: str) -> None:
        _broken(reason)
        unreadable.append(reason)

    result: SweepResult | None = None
    failures: tuple[DrawbridgeError, ...]
    try:
        configuration = configuration_now()
        for kind, broken in configuration.broken:
            report = {"kind": kind, "parameter": broken.name, "reason": broken.reason, "in_force": broken.in_force}
            logger.error("configuration broken", extra=report)
            unreadable.append(f"{kind} {broken.name}: {broken.reason}")
        metrics.add_metric("ConfigurationBroken", MetricUnit.Count, len(configuration.broken))
        result = make_sweeper(configuration, lambda: datetime.now(UTC), report_broken).sweep(scope, began_at)
    except DrawbridgeError as error:
        failures = (error,)
    else:
        failures = result.failures
        for each in result.broken:
            report_broken(str(each))
        _report(result, scope)
    for failure in failures:
        logger.error("sweep failed", extra={"error": type(failure).__name__, "reason": str(failure)})
    metrics.add_metric("SweepsFailed", MetricUnit.Count, bool(failures))
    _keep_record(
        sweep_record(
            scope, result, failures=failures, broken=unreadable, began_at=began_at, ended_at=datetime.now(UTC)
        ),
        scope,
        records,
    )
    return bool(failures)


def _keep_record(record: SweepRecord, scope: SweepScope, records: Callable[[], SweepRecords]) -> None:
    """Keep the record; if it can't be, only operators lack it: the sweep is as good without, and not repeated."""
    try:
        records().keep(record, scope.commands)
    except DrawbridgeError as error:
        logger.error("sweep not recorded", extra={"error": type(error).__name__, "reason": str(error)})


def _report(result: SweepResult, scope: SweepScope) -> None:
    """Log and count what a sweep found and did."""
    logger.info("swept", extra={"seen": result.observed, "started": result.started})
    metrics.add_metric("RequestsStarted", MetricUnit.Count, len(result.started))
    if result.transit_gateway_attachments:
        logger.warning("transit gateway attachments wait", extra={"attachments": attachments_waiting(result)})
        metrics.add_metric("AttachmentsWaiting", MetricUnit.Count, len(result.transit_gateway_attachments))
    if result.no_longer_permitted:
        logger.warning("no longer permitted", extra={"requests": result.no_longer_permitted})
    if result.reviews_open:
        logger.warning("reviews open", extra={"requests": result.reviews_open})
    metrics.add_metric("ReviewsOpen", MetricUnit.Count, len(result.reviews_open))
    if result.withdrawals_capped:
        logger.error("withdrawals capped", extra={"requests": result.withdrawals_capped})
    metrics.add_metric("WithdrawalsCapped", MetricUnit.Count, len(result.withdrawals_capped))
    if result.existence_unknown:
        logger.warning("not listed, and not known to be gone", extra={"ids": result.existence_unknown})
    metrics.add_metric("ExistenceUnknown", MetricUnit.Count, len(result.existence_unknown))
    if result.expiring is not None:
        if result.expiring:
            logger.warning("expiring", extra={"requests": [str(each) for each in result.expiring]})
        metrics.add_metric("RequestsExpiring", MetricUnit.Count, len(result.expiring))
    metrics.add_metric("NoLongerPermitted", MetricUnit.Count, len(result.no_longer_permitted))


def _broken(reason: str) -> None:
    """Log and count what can't be read in a table of ours; somebody has to mend it, sweeping again does not help."""
    logger.error("row broken", extra={"reason": reason})
    metrics.add_metric("RowsBroken", MetricUnit.Count, 1)
