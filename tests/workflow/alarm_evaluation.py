"""How CloudWatch judges the template's alarms, as its user guide says: moto judges none.

"Alarm evaluation": once a minute, over periods that end then. "Configuring how CloudWatch alarms treat missing data":
it retrieves more periods than the alarm has, and goes by those that have data. "Using math expressions": FILL, of which
they do not say what comes of a metric without any data.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tests.workflow.definition import Json

State = Literal["OK", "ALARM"]

_TERM = re.compile(r"([+-]?) ?FILL\((\w+), 0\) ?")
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
}
_STATISTICS: Mapping[str, Callable[[Iterable[float]], float]] = {"Maximum": max, "Sum": sum}


@dataclass(frozen=True)
class Metric:
    """A metric as an alarm watches it."""

    namespace: str
    name: str
    dimensions: tuple[Json, ...]
    statistic: str
    period: int
    is_filled: bool = False
    """Whether a period without data is 0 of it."""
    is_subtracted: bool = False
    """Whether the sum that is judged has it with a minus."""


@dataclass(frozen=True)
class Alarm:
    """An alarm on a sum of metrics."""

    metrics: tuple[Metric, ...]
    periods: int
    datapoints: int
    comparison: str
    threshold: float
    missing: str

    @property
    def period(self) -> int:
        """Seconds, which are the same for all metrics: CloudWatch takes no others."""
        (period,) = {each.period for each in self.metrics}
        return period


@dataclass(frozen=True)
class Datum:
    """What was published: ``at`` is when it counts for, in seconds, and it is known ``after`` that."""

    at: int
    value: float = 1
    after: int = 60


def alarm_of(properties: Json) -> Alarm:
    """Return the alarm that a template describes: on a metric, or on a sum of metrics that are filled with 0."""
    return Alarm(
        metrics=tuple(_metrics_of(properties)),
        periods=properties["EvaluationPeriods"],
        datapoints=properties.get("DatapointsToAlarm") or properties["EvaluationPeriods"],
        comparison=properties["ComparisonOperator"],
        threshold=properties["Threshold"],
        missing=properties["TreatMissingData"],
    )


def _metrics_of(properties: Json) -> list[Metric]:
    if "MetricName" in properties:
        return [_metric(properties, properties["Statistic"], properties["Period"])]
    (judged,) = (each for each in properties["Metrics"] if "Expression" in each)
    assert [each["Id"] for each in properties["Metrics"] if each["ReturnData"]] == [judged["Id"]]
    stats = {each["Id"]: each["MetricStat"] for each in properties["Metrics"] if "MetricStat" in each}
    assert re.sub(_TERM, "", judged["Expression"]) == "", "an expression that is not understood here"
    terms = _TERM.findall(judged["Expression"])
    assert sorted(name for _, name in terms) == sorted(stats), "each metric is paid for"
    return [
        _metric(
            stats[name]["Metric"],
            stats[name]["Stat"],
            stats[name]["Period"],
            is_filled=True,
            is_subtracted=sign == "-",
        )
        for sign, name in terms
    ]


def _metric(of: Json, statistic: str, period: int, *, is_filled: bool = False, is_subtracted: bool = False) -> Metric:
    return Metric(
        of["Namespace"], of["MetricName"], tuple(of["Dimensions"]), statistic, period, is_filled, is_subtracted
    )


def state_of(points: Sequence[bool | None], *, periods: int, datapoints: int, missing: str) -> State:
    """Return the state after the evaluation range: whether each point breaches, the latest last; ``None`` is missing.

    Missing points are ``breaching`` or ``notBreaching``: no alarm here has it otherwise.
    """
    real = [each for each in points if each is not None][-periods:]
    filled = [{"breaching": True, "notBreaching": False}[missing]] * (periods - len(real))
    return "ALARM" if sum((*real, *filled)) >= datapoints else "OK"


def states(
    alarm: Alarm, published: Mapping[str, Collection[Datum]], *, minutes: int, extra: int, fills_nothing: bool
) -> list[State]:
    """Return the alarm's state at the end of each minute; ``extra`` periods are retrieved besides the alarm's own.

    AWS's pages give 2 for three periods of five minutes, and no number for any other alarm: none may depend on it. Nor
    on ``fills_nothing``: whether FILL makes zeros of a metric that has no data in all that is retrieved.
    """
    return [
        state_of(
            _points(alarm, published, now, alarm.periods + extra, fills_nothing=fills_nothing),
            periods=alarm.periods,
            datapoints=alarm.datapoints,
            missing=alarm.missing,
        )
        for now in range(60, 60 * minutes + 1, 60)
    ]


def _points(
    alarm: Alarm, published: Mapping[str, Collection[Datum]], now: int, number: int, *, fills_nothing: bool
) -> list[bool | None]:
    """Return whether each of the latest periods breaches, the latest last; ``None`` is one without data."""
    ends = [now - place * alarm.period for place in reversed(range(number))]
    sums: list[float | None] = [0.0] * number
    for metric in alarm.metrics:
        known = [each for each in published.get(metric.name, ()) if each.at + each.after <= now]
        found = [[each.value for each in known if end - metric.period <= each.at < end] for end in ends]
        is_filled = metric.is_filled and (fills_nothing or any(found))
        sums = [
            None
            if total is None or not (values or is_filled)
            else total + (-1 if metric.is_subtracted else 1) * (_STATISTICS[metric.statistic](values) if values else 0)
            for total, values in zip(sums, found, strict=True)
        ]
    return [None if total is None else _COMPARISONS[alarm.comparison](total, alarm.threshold) for total in sums]
