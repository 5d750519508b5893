"""Schedule expressions: ``rate(...)``, ``cron(...)`` and ``at(...)``.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
_RATE = re.compile(r"rate\((?P<count>[1-9]\d*) (?P<unit>minute|hour|day)(?P<plural>s?)\)")
_AT = re.compile(r"at\((?P<time>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)")
_CRON = re.compile(r"cron\((?P<fields>[^()]+)\)")
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), start=1)}
_YEARS = range(1970, 2200)
_FIELDS = 6
_FARTHEST = timedelta(days=366 * 8 + 2)
"""The latest that a date can come, if at all: within two leap years."""


class InvalidExpressionError(ValueError):
    """The text is no schedule expression."""


class Expression(Protocol):
    """The times at which a schedule fires."""

    def after(self, time: datetime) -> datetime | None:
        """Return the first of them after this time; None if there is none."""


@dataclass(frozen=True)
class Rate:
    """A number of seconds after the last time, again and again."""

    seconds: int

    def after(self, time: datetime) -> datetime | None:
        return time + timedelta(seconds=self.seconds)


@dataclass(frozen=True)
class At:
    """Once."""

    at: datetime

    def after(self, time: datetime) -> datetime | None:
        return self.at if self.at > time else None


@dataclass(frozen=True)
class Cron:
    """At the full minutes that six fields describe, in a time zone."""

    minutes: frozenset[int]
    hours: frozenset[int]
    day_of_month: str
    months: frozenset[int]
    day_of_week: str
    years: frozenset[int]
    zone: ZoneInfo

    def after(self, time: datetime) -> datetime | None:
        start = time.astimezone(self.zone).replace(second=0, microsecond=0, tzinfo=None) + timedelta(minutes=1)
        day = start.date()
        last = day + _FARTHEST
        while day <= last:
            if day.year > max(self.years):
                return None
            if self._matches(day):
                found = self._first_on(day, start, time)
                if found is not None:
                    return found
            day += timedelta(days=1)
        return None

    def _first_on(self, day: date, start: datetime, time: datetime) -> datetime | None:
        for hour in sorted(self.hours):
            for minute in sorted(self.minutes):
                local = datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - the zone is added below
                if local < start:
                    continue
                found = local.replace(tzinfo=self.zone).astimezone(UTC)
                # A local time that summer time skips does not come.
                exists = found.astimezone(self.zone).replace(tzinfo=None) == local
                if exists and found > time:
                    return found
        return None

    def _matches(self, day: date) -> bool:
        if day.year not in self.years or day.month not in self.months:
            return False
        if self.day_of_month == "?":
            return _is_day_of_week(self.day_of_week, day)
        return _is_day_of_month(self.day_of_month, day)


def parse(text: str, zone: str = "UTC") -> Expression:
    """Read an expression.

    Raises:
        InvalidExpressionError: it is not valid, or there is no such time zone.
    """
    if rate := _RATE.fullmatch(text):
        if (rate["count"] == "1") is (rate["plural"] == "s"):
            raise InvalidExpressionError(f"{text}: one minute, but two minutes")
        return Rate(int(rate["count"]) * _UNITS[rate["unit"]])
    time_zone = _zone(zone)
    if at := _AT.fullmatch(text):
        try:
            return At(datetime.fromisoformat(at["time"]).replace(tzinfo=time_zone).astimezone(UTC))
        except ValueError as error:
            raise InvalidExpressionError(f"{text}: {error}") from error
    if cron := _CRON.fullmatch(text):
        return _cron(cron["fields"].split(), time_zone, text)
    raise InvalidExpressionError(f"{text}: rate(...), cron(...) or at(...)")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidExpressionError(f"{name} is no time zone") from error


def _cron(fields: list[str], zone: ZoneInfo, text: str) -> Cron:
    if len(fields) != _FIELDS:
        raise InvalidExpressionError(f"{text}: six fields")
    minutes, hours, day_of_month, months, day_of_week, years = (field.upper() for field in fields)
    if (day_of_month == "?") is (day_of_week == "?"):
        raise InvalidExpressionError(f"{text}: either the day of the month or the day of the week is ?")
    if day_of_month != "?" and not re.fullmatch(r"L|LW|\d{1,2}W", day_of_month):
        _numbers(day_of_month, range(1, 32), {})
    if day_of_week != "?" and not re.fullmatch(r"L|(\d|[A-Z]{3})(L|#[1-5])", day_of_week):
        _numbers(day_of_week, range(1, 8), _DAYS)
    return Cron(
        minutes=_numbers(minutes, range(60), {}),
        hours=_numbers(hours, range(24), {}),
        day_of_month=day_of_month,
        months=_numbers(months, range(1, 13), _MONTHS),
        day_of_week=day_of_week,
        years=_numbers(years, _YEARS, {}),
        zone=zone,
    )


def _numbers(field: str, allowed: range, names: dict[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        if "/" in part and not (step.isdigit() and int(step) > 0):
            raise InvalidExpressionError(f"{part}: a step is a number above 0")
        low = allowed.start if first in {"*", ""} else _number(first, allowed, names)
        high = allowed.stop - 1 if first == "*" or step else low
        high = _number(last, allowed, names) if dash else high
        # FRI-MON wraps around.
        high = high if high >= low else high + len(allowed)
        found.update(
            (each - allowed.start) % len(allowed) + allowed.start for each in range(low, high + 1, int(step or 1))
        )
    return frozenset(found)


def _number(text: str, allowed: range, names: dict[str, int]) -> int:
    number = names.get(text, int(text) if text.isdigit() else -1)
    if number not in allowed:
        raise InvalidExpressionError(f"{text} is not from {allowed.start} to {allowed.stop - 1}")
    return number


def _is_day_of_month(field: str, day: date) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    if field == "L":
        return day.day == last
    if field == "LW":
        return day.day == _nearest_weekday(day.year, day.month, last)
    if field.endswith("W"):
        number = int(field[:-1])
        return number <= last and day.day == _nearest_weekday(day.year, day.month, number)
    return day.day in _numbers(field, range(1, 32), {})


def _nearest_weekday(year: int, month: int, day: int) -> int:
    """Return the working day nearest to a day, within its month."""
    last = calendar.monthrange(year, month)[1]
    weekday = date(year, month, day).weekday()
    if weekday == calendar.SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == calendar.SUNDAY:
        return day + 1 if day < last else day - 2
    return day


def _is_day_of_week(field: str, day: date) -> bool:
    weekday = (day.weekday() + 1) % 7 + 1
    if field == "L":
        return weekday == _DAYS["SAT"]
    if field.endswith("L"):
        number = _number(field[:-1], range(1, 8), _DAYS)
        return weekday == number and (day + timedelta(days=7)).month != day.month
    if "#" in field:
        name, _, nth = field.partition("#")
        return weekday == _number(name, range(1, 8), _DAYS) and (day.day - 1) // 7 + 1 == int(nth)
    return weekday in _numbers(field, range(1, 8), _DAYS)
