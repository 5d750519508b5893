"""One logger for every function, and all metrics that there are."""

import json
from enum import StrEnum
from typing import Any

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit

NAMESPACE = "Drawbridge"


def _as_ascii(entry: Any) -> str:
    """Return a line of the log in ASCII alone: nothing that others put into their names is invisible in it."""
    return json.dumps(entry, default=str, separators=(",", ":")).replace("\x7f", "\\u007f")


logger = Logger(log_uncaught_exceptions=True, json_serializer=_as_ascii)
metrics = Metrics(namespace=NAMESPACE)


def log_of_request(request_id: str) -> None:
    """Have each line of the log carry the request's id until the invocation ends: saved queries go by it.

    Whatever a step calls logs lines as well, and so does ``metered`` at its end.
    """
    logger.append_keys(request_id=request_id)


class Metric(StrEnum):
    """The metrics. Each costs money in every hour in which it has a value: none is published as zero.

    Those before the empty line are what there is, as a sweep over everything finds it; the others are what happens.
    """

    REQUESTS_HELD = "RequestsHeld"
    REQUESTS_FAILED = "RequestsFailed"
    """Those whose last attempt failed, until one does not."""
    REQUESTS_WAITING_FOR_APPROVAL = "RequestsWaitingForApproval"
    REQUESTS_EXPIRING = "RequestsExpiring"
    OLDEST_PENDING_AGE = "OldestPendingAge"
    """Seconds since the attempt that is under way, and waits for nobody, recorded anything."""
    WITHDRAWALS_FAILED = "WithdrawalsFailed"
    """Those that failed twice or more in a row."""
    WITHDRAWALS_CAPPED = "WithdrawalsCapped"
    NO_LONGER_PERMITTED = "NoLongerPermitted"
    CONNECTIONS_DRIFTED = "ConnectionsDrifted"
    ORPHANS = "Orphans"
    REVIEWS_OPEN = "ReviewsOpen"
    EXISTENCE_UNKNOWN = "ExistenceUnknown"
    CONFIGURATION_BROKEN = "ConfigurationBroken"
    ROWS_BROKEN = "RowsBroken"

    HINTS_BROKEN = "HintsBroken"
    REGISTRATIONS_BROKEN = "RegistrationsBroken"
    """Events of sign-up services that can't be read."""
    SWEEPS_FAILED = "SweepsFailed"
    SWEEPS_WITHOUT_SCHEDULE = "SweepsWithoutSchedule"
    """Those that something else asked for while the schedule had none made for an hour."""
    REQUESTS_STARTED = "RequestsStarted"
    REQUESTS_MISSED_BY_EVENTS = "RequestsMissedByEvents"
    """First attempts of requests that no event had told of."""
    CALLS_THROTTLED = "CallsThrottled"
    DECISIONS = "Decisions"
    """By ``outcome``."""
    TIME_TO_CONNECT = "TimeToConnect"
    """By ``kind``: seconds from the first sight of a request to its connection, without those that people took."""
    TIME_TO_CONNECT_WITH_PEOPLE = "TimeToConnectWithPeople"
    """By ``kind``: all seconds, of what waited for people."""
    APPROVALS_REFUSED = "ApprovalsRefused"
    """Calls of the callback that Slack did not sign, or that can't be read."""
    PROOFS_REFUSED = "ProofsRefused"
    """Answers to challenges that prove nothing, by whoever sent them."""


_SECONDS = {Metric.OLDEST_PENDING_AGE, Metric.TIME_TO_CONNECT, Metric.TIME_TO_CONNECT_WITH_PEOPLE}


def count(metric: Metric, value: float = 1, **dimension: str) -> None:
    """Add a value to the metric, unless it is zero; with a dimension it is published at once."""
    if not value:
        return
    unit = MetricUnit.Seconds if metric in _SECONDS else MetricUnit.Count
    if dimension:
        with single_metric(metric, unit, value, namespace=NAMESPACE) as one:
            for name, of in dimension.items():
                one.add_dimension(name, of)
    else:
        metrics.add_metric(metric, unit, value)
