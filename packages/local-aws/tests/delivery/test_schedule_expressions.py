from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from local_aws.delivery.expressions import InvalidExpressionError, parse


def next_times(text: str, start: str, count: int = 1, zone: str = "UTC") -> list[str]:
    expression = parse(text, zone)
    time: datetime | None = datetime.fromisoformat(start).replace(tzinfo=UTC)
    found = []
    for _ in range(count):
        assert time is not None
        time = expression.after(time)
        found.append(time.strftime("%Y-%m-%d %H:%M") if time else "never")
    return found


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        ("rate(1 minute)", "2026-01-01T00:00", ["2026-01-01 00:01", "2026-01-01 00:02"]),
        ("rate(2 hours)", "2026-01-01T00:30", ["2026-01-01 02:30", "2026-01-01 04:30"]),
        ("at(2026-01-02T03:04:05)", "2026-01-01T00:00", ["2026-01-02 03:04", "never"]),
        ("cron(0 10 * * ? *)", "2026-01-01T10:00", ["2026-01-02 10:00", "2026-01-03 10:00"]),
        ("cron(0/15 8-9 ? * MON-FRI *)", "2026-01-02T09:40", ["2026-01-02 09:45", "2026-01-05 08:00"]),
        ("cron(0 0 L * ? *)", "2026-02-01T00:00", ["2026-02-28 00:00", "2026-03-31 00:00"]),
        ("cron(0 0 1W * ? *)", "2026-07-30T00:00", ["2026-08-03 00:00", "2026-09-01 00:00"]),
        ("cron(0 0 LW * ? *)", "2026-02-01T00:00", ["2026-02-27 00:00", "2026-03-31 00:00"]),
        ("cron(0 0 ? * 6#2 *)", "2026-01-01T00:00", ["2026-01-09 00:00", "2026-02-13 00:00"]),
        ("cron(0 0 ? * FRIL *)", "2026-01-01T00:00", ["2026-01-30 00:00", "2026-02-27 00:00"]),
        ("cron(0 0 29 2 ? *)", "2026-01-01T00:00", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("cron(5,10 0 1 JAN ? 2027)", "2026-01-01T00:00", ["2027-01-01 00:05", "2027-01-01 00:10"]),
        ("cron(0 0 ? * FRI-MON *)", "2026-01-01T00:00", ["2026-01-02 00:00", "2026-01-03 00:00"]),
    ],
)
def test_the_next_times(text: str, start: str, expected: list[str]) -> None:
    assert next_times(text, start, len(expected)) == expected


def test_a_past_year_never_comes() -> None:
    assert next_times("cron(0 0 1 1 ? 2020)", "2026-01-01T00:00") == ["never"]


def test_a_time_zone_follows_its_summer_time() -> None:
    found = next_times("cron(0 9 * * ? *)", "2026-03-27T10:00", 3, zone="Europe/Berlin")

    assert found == ["2026-03-28 08:00", "2026-03-29 07:00", "2026-03-30 07:00"]


def test_a_local_time_that_summer_time_skips_does_not_come() -> None:
    found = next_times("cron(30 2 * * ? *)", "2026-03-28T02:00", 2, zone="Europe/Berlin")

    assert found == ["2026-03-30 00:30", "2026-03-31 00:30"]


def test_a_cron_expression_of_every_minute_fires_each_minute() -> None:
    expression = parse("cron(* * * * ? *)")
    start = datetime(2026, 1, 1, tzinfo=UTC)

    assert expression.after(start) == start + timedelta(minutes=1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rate(1 minutes)",
        "rate(5 minute)",
        "rate(0 minutes)",
        "rate(1.5 hours)",
        "rate(10 seconds)",
        "cron(* * * * *)",
        "cron(* * * * * *)",
        "cron(* * ? * ? *)",
        "cron(60 * * * ? *)",
        "cron(* 24 * * ? *)",
        "cron(* * 32 * ? *)",
        "cron(* * ? * FUN *)",
        "cron(0/0 * * * ? *)",
        "at(2026-13-01T00:00:00)",
        "at(tomorrow)",
        "every minute",
    ],
)
def test_an_invalid_expression_is_refused(text: str) -> None:
    with pytest.raises(InvalidExpressionError):
        parse(text)


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(InvalidExpressionError):
        parse("cron(0 0 * * ? *)", "Mars/Olympus")
