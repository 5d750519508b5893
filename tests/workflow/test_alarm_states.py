"""When alarms go off and end, judged as CloudWatch does: what they say has to be so."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace

import pytest

from drawbridge.observability import NAMESPACE
from tests.workflow.alarm_evaluation import Alarm, Datum, State, alarm_of, state_of, states
from tests.workflow.definition import RESOURCES, TEMPLATE, of_type

ALARMS = {name: alarm_of(each) for name, each in of_type("AWS::CloudWatch::Alarm").items()}
OURS = {name: alarm for name, alarm in ALARMS.items() if alarm.metrics[0].namespace == NAMESPACE}
"""Those on what sweeps find."""
SUSTAINED = ["FailingSweepsAlarm", "FailingRequestsAlarm"]
"""Those on what may happen once: they say that it happened again and again, for half an hour."""
AT_ONCE = sorted(OURS.keys() - {*SUSTAINED})
"""Those on what does not pass: found once, it is so."""


@dataclass(frozen=True)
class Retrieved:
    """What AWS's pages leave open."""

    extra: int = 2
    """Periods that are retrieved besides the alarm's own."""
    fills_nothing: bool = True
    """Whether FILL makes zeros of a metric that has no data in any of them."""


EVERY = int(re.sub(r"\D", "", TEMPLATE["Parameters"]["LookEvery"]["Default"])) * 60
TIMEOUT = RESOURCES["DiscoverRequestsFunction"]["Properties"]["Timeout"]
QUIET = 2
"""Hours without anything, before and after."""

every_range = pytest.mark.parametrize(
    "retrieved",
    [Retrieved(extra, fills_nothing=fills) for extra in (0, 2, 5) for fills in (True, False)],
    ids=lambda each: f"{each.extra}-{'filled' if each.fills_nothing else 'empty'}",
)


def sweeps(minutes: int, *, since: int = 0) -> list[int]:
    """Return when the schedule's sweeps publish, in seconds: each a little early or late."""
    first = QUIET * 3600 + since * 60
    return [first + place * EVERY + (0, 9, 4)[place % 3] for place in range(minutes * 60 // EVERY + 1)]


def found(name: str, *times: int) -> dict[str, list[Datum]]:
    """Return what sweeps publish at these times, which breaches the alarm."""
    metric, alarm = ALARMS[name].metrics[0].name, ALARMS[name]
    return {metric: [Datum(each, alarm.threshold) for each in times]}


def told(
    alarm: Alarm, published: Mapping[str, Iterable[Datum]], retrieved: Retrieved = Retrieved()
) -> list[tuple[State, int]]:
    """Return the alarm's changes of state, and after how many minutes from the end of the quiet hours they came."""
    series = {metric: [*data] for metric, data in published.items()}
    minutes = (2 * QUIET + 2) * 60
    each_minute: list[State] = ["OK", *states(alarm, series, minutes=minutes, **asdict(retrieved))]
    changes = enumerate(itertools.pairwise(each_minute), start=1)
    return [(state, minute - QUIET * 60) for minute, (before, state) in changes if before != state]


# ---- the evaluation is AWS's: the tables of "Configuring how CloudWatch alarms treat missing data" -----------------


@pytest.mark.parametrize(
    ("points", "datapoints", "breaching", "not_breaching"),
    [
        ("0-X-X", 3, "OK", "OK"),
        ("0----", 3, "OK", "OK"),
        ("-----", 3, "ALARM", "OK"),
        ("0XX-X", 3, "ALARM", "ALARM"),
        ("--X--", 3, "ALARM", "OK"),
        ("0-X-X", 2, "ALARM", "ALARM"),
        ("00X0X", 2, "ALARM", "ALARM"),
        ("0-X--", 2, "ALARM", "OK"),
        ("----0", 2, "ALARM", "OK"),
        ("---X-", 2, "ALARM", "OK"),
    ],
)
def test_missing_data_is_treated_as_aws_s_tables_say(
    points: str, datapoints: int, breaching: State, not_breaching: State
) -> None:
    found_in = [{"0": False, "X": True, "-": None}[each] for each in points]

    assert state_of(found_in, periods=3, datapoints=datapoints, missing="breaching") == breaching
    assert state_of(found_in, periods=3, datapoints=datapoints, missing="notBreaching") == not_breaching


def test_of_a_metric_that_is_not_filled_two_single_failures_count_as_consecutive_ones() -> None:
    """This is what FILL is for."""
    alarm = ALARMS["FailingRequestsAlarm"]
    as_published = replace(alarm, periods=2, datapoints=2, metrics=(replace(alarm.metrics[0], is_filled=False),))
    start = QUIET * 3600
    two = found("FailingRequestsAlarm", start, start + 40 * 60)

    assert [state for state, _ in told(as_published, two)] == ["ALARM", "OK"]
    assert told(replace(as_published, metrics=alarm.metrics), two) == []


# ---- metrics of ours ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_on_a_metric_that_is_not_published_all_the_time_has_it_filled(name: str) -> None:
    # SQS publishes as long as there is anything in a queue.
    filled = {each.is_filled for each in ALARMS[name].metrics}

    assert filled == {ALARMS[name].metrics[0].namespace != "AWS/SQS"}


@every_range
@pytest.mark.parametrize("name", SUSTAINED)
@pytest.mark.parametrize("apart", [5, 20, 29, 44, 60])
def test_two_single_failures_are_not_a_failure_for_half_an_hour(name: str, apart: int, retrieved: Retrieved) -> None:
    start = QUIET * 3600

    assert told(ALARMS[name], found(name, start), retrieved) == []
    assert told(ALARMS[name], found(name, start, start + apart * 60), retrieved) == []


@every_range
@pytest.mark.parametrize("name", SUSTAINED)
def test_what_fails_at_each_sweep_is_told_once_after_half_an_hour_and_ends_with_it(
    name: str, retrieved: Retrieved
) -> None:
    (alarm, told_after), (ok, ended_after) = told(ALARMS[name], found(name, *sweeps(120)), retrieved)

    assert (alarm, ok) == ("ALARM", "OK")
    assert 30 <= told_after <= 32
    # The last sweep that found it, and a period.
    assert 120 < ended_after <= 120 + 16


@every_range
@pytest.mark.parametrize("name", AT_ONCE)
def test_what_does_not_pass_is_told_at_once_and_ends_one_period_after_it_was_found_last(
    name: str, retrieved: Retrieved
) -> None:
    period = ALARMS[name].period // 60

    (alarm, told_after), (ok, ended_after) = told(ALARMS[name], found(name, QUIET * 3600), retrieved)

    assert (alarm, ok) == ("ALARM", "OK")
    assert told_after <= 2
    assert period <= ended_after <= period + 1


@every_range
@pytest.mark.parametrize("name", OURS)
def test_an_alarm_tells_once_of_what_each_sweep_finds_though_one_sweep_is_missing(
    name: str, retrieved: Retrieved
) -> None:
    times = sweeps(120)

    assert [state for state, _ in told(ALARMS[name], found(name, *times), retrieved)] == ["ALARM", "OK"]
    without_one = found(name, *times[:12], *times[13:])
    assert [state for state, _ in told(ALARMS[name], without_one, retrieved)] == ["ALARM", "OK"]


@every_range
@pytest.mark.parametrize("name", ["FailedOnboardingAlarm", "FailedWithdrawalAlarm"])
def test_a_failed_execution_is_told_though_it_is_known_minutes_later(name: str, retrieved: Retrieved) -> None:
    late = {"ExecutionsFailed": [Datum(QUIET * 3600, after=600)]}

    assert [state for state, _ in told(ALARMS[name], late, retrieved)] == ["ALARM", "OK"]


# ---- sweeps that end otherwise than well --------------------------------------------------------------------------


def swept(*, fail: Iterable[int] = (), seconds: int = 3, without: Iterable[int] = ()) -> dict[str, list[Datum]]:
    """Return what Lambda counts of sweeps over all hours, of which some fail after so many seconds, and some are none.

    It counts them for when they began, once they have ended.
    """
    all_of_them = range(0, (2 * QUIET + 2) * 3600, EVERY)
    failing, lacking = {*fail}, {*without}
    counted = [each for each in all_of_them if each not in lacking]
    return {
        "Invocations": [Datum(each, after=60 + (seconds if each in failing else 3)) for each in counted],
        "Errors": [Datum(each, float(each in failing), 60 + (seconds if each in failing else 3)) for each in counted],
    }


def within(minutes: int) -> range:
    """Return when sweeps begin in the first minutes after the quiet hours."""
    return range(QUIET * 3600, QUIET * 3600 + minutes * 60 + 1, EVERY)


def about_sweeps(published: Mapping[str, Iterable[Datum]], retrieved: Retrieved) -> dict[str, list[tuple[State, int]]]:
    return {
        name: changes
        for name in ("StoppedSweepsAlarm", "SilentScheduleAlarm", "FailingSweepsAlarm", "DyingSweepsAlarm")
        # Before the first sweep it is in alarm.
        if (changes := [each for each in told(ALARMS[name], published, retrieved) if each[1] > 0])
    }


@every_range
def test_sweeps_that_end_well_raise_no_alarm(retrieved: Retrieved) -> None:
    assert about_sweeps(swept(), retrieved) == {}


@every_range
@pytest.mark.parametrize("name", ALARMS)
def test_where_sweeps_end_well_and_find_nothing_no_alarm_lasts(name: str, retrieved: Retrieved) -> None:
    until_the_first_sweep = [("ALARM", 1 - QUIET * 60), ("OK", 2 - QUIET * 60)]

    assert told(ALARMS[name], swept(), retrieved) == (until_the_first_sweep if name == "StoppedSweepsAlarm" else [])


@every_range
@pytest.mark.parametrize("seconds", [TIMEOUT, 20], ids=["time", "memory"])
def test_a_sweep_that_runs_out_of_time_or_memory_once_raises_no_alarm(seconds: int, retrieved: Retrieved) -> None:
    assert about_sweeps(swept(fail=within(0), seconds=seconds), retrieved) == {}


@every_range
@pytest.mark.parametrize("seconds", [TIMEOUT, 20], ids=["time", "memory"])
def test_sweeps_that_run_out_of_time_or_memory_for_an_hour_die_and_then_have_stopped(
    seconds: int, retrieved: Retrieved
) -> None:
    """They publish nothing of ours, and each is an invocation."""
    told_of = about_sweeps(swept(fail=within(75), seconds=seconds), retrieved)

    assert {name: [state for state, _ in changes] for name, changes in told_of.items()} == {
        "StoppedSweepsAlarm": ["ALARM", "OK"],
        "DyingSweepsAlarm": ["ALARM", "OK"],
    }
    assert 30 <= told_of["DyingSweepsAlarm"][0][1] <= 32 + seconds // 60
    assert 55 <= told_of["StoppedSweepsAlarm"][0][1] <= 62 + seconds // 60


@every_range
def test_every_other_sweep_that_dies_raises_the_alarm_on_dying_sweeps_alone(retrieved: Retrieved) -> None:
    assert about_sweeps(swept(fail=within(75)[::2]), retrieved).keys() == {"DyingSweepsAlarm"}


@every_range
def test_sweeps_that_are_throttled_or_that_no_schedule_asks_for_have_stopped_after_an_hour(
    retrieved: Retrieved,
) -> None:
    """Neither is an invocation: not an error, either."""
    told_of = about_sweeps(swept(without=within(75)), retrieved)

    assert told_of.keys() == {"StoppedSweepsAlarm"}
    (alarm, after), (ok, _) = told_of["StoppedSweepsAlarm"]
    assert (alarm, ok) == ("ALARM", "OK")
    assert 55 <= after <= 62


@every_range
@pytest.mark.parametrize("apart", [5, 20, 45])
def test_events_that_have_sweeps_made_do_not_hide_that_the_schedule_has_none_made(
    apart: int, retrieved: Retrieved
) -> None:
    """Each sweep counts it, once the schedule was silent for an hour."""
    events = range(QUIET * 3600, QUIET * 3600 + 120 * 60, apart * 60)
    published = swept(without=set(within(120)) - {*events})
    silent = [each for each in events if each - QUIET * 3600 >= 55 * 60]
    published["SweepsWithoutSchedule"] = [Datum(each + 70, after=120) for each in silent]

    told_of = about_sweeps(published, retrieved)

    assert told_of.keys() == {"SilentScheduleAlarm"}
    (alarm, after), (ok, _) = told_of["SilentScheduleAlarm"]
    assert (alarm, ok) == ("ALARM", "OK")
    assert 55 <= after <= 55 + apart + 5


@every_range
def test_a_sweep_that_could_not_observe_everything_is_no_error_of_lambda_and_fails_all_the_same(
    retrieved: Retrieved,
) -> None:
    in_part = swept() | found("FailingSweepsAlarm", *sweeps(75))

    assert about_sweeps(in_part, retrieved).keys() == {"FailingSweepsAlarm"}
