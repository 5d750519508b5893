"""Reporting what a sweep found and did, to the log and the metrics that alarms watch."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from aws_lambda_powertools.metrics import MetricUnit

from drawbridge.discovery.configuration import SweepConfiguration
from drawbridge.discovery.sweep import Discoverer, Discovery
from drawbridge.errors import DrawbridgeError
from drawbridge.hint import Look
from drawbridge.observability import logger, metrics


class MakesDiscoverer(Protocol):
    """Builds what sweeps, for one sweep; ``on_broken`` hears of rows that can't be read."""

    def __call__(
        self, configuration: SweepConfiguration, now: Callable[[], datetime], on_broken: Callable[[str], None], /
    ) -> Discoverer: ...


def sweep_and_report(
    look: Look, configuration_now: Callable[[], SweepConfiguration], make_discoverer: MakesDiscoverer
) -> bool:
    """Look, and tell whether anything could not be looked at or seen to."""
    try:
        configuration = configuration_now()
        for kind, broken in configuration.broken:
            report = {"kind": kind, "parameter": broken.name, "reason": broken.reason, "in_force": broken.in_force}
            logger.error("configuration broken", extra=report)
        metrics.add_metric("ConfigurationBroken", MetricUnit.Count, len(configuration.broken))
        discovery = make_discoverer(configuration, lambda: datetime.now(UTC), _broken).discover(look, datetime.now(UTC))
    except DrawbridgeError as error:
        failures: tuple[DrawbridgeError, ...] = (error,)
    else:
        failures = discovery.failures
        for unreadable in discovery.broken:
            _broken(str(unreadable))
        _tell(discovery, look)
    for failure in failures:
        logger.error("look failed", extra={"error": type(failure).__name__, "reason": str(failure)})
    metrics.add_metric("LooksFailed", MetricUnit.Count, bool(failures))
    return bool(failures)


def _tell(discovery: Discovery, look: Look) -> None:
    """Log and count what a look found and did."""
    logger.info("looked", extra={"seen": discovery.seen, "started": discovery.started})
    metrics.add_metric("RequestsStarted", MetricUnit.Count, len(discovery.started))
    if discovery.attachments:
        waiting = [f"{each.attachment_id} of {each.owner} at {each.service_id}" for each in discovery.attachments]
        logger.warning("transit gateway attachments wait", extra={"attachments": waiting})
        metrics.add_metric("AttachmentsWaiting", MetricUnit.Count, len(discovery.attachments))
    if discovery.no_longer_permitted:
        logger.warning("no longer permitted", extra={"requests": discovery.no_longer_permitted})
    if discovery.reviews_open:
        logger.warning("reviews open", extra={"requests": discovery.reviews_open})
    metrics.add_metric("ReviewsOpen", MetricUnit.Count, len(discovery.reviews_open))
    if discovery.left_behind:
        logger.warning("left behind", extra={"ids": discovery.left_behind})
    if look.shares:
        metrics.add_metric("LeftBehind", MetricUnit.Count, len(discovery.left_behind))
    metrics.add_metric("NoLongerPermitted", MetricUnit.Count, len(discovery.no_longer_permitted))


def _broken(reason: str) -> None:
    """Tell of what can't be read in a table of ours. Somebody has to mend it: to look again is no use."""
    logger.error("row broken", extra={"reason": reason})
    metrics.add_metric("RowsBroken", MetricUnit.Count, 1)
