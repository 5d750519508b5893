"""Having moto take its times from the clock."""

from __future__ import annotations

import datetime as dt
import importlib
import sys
import time as real_time
from datetime import UTC, date, datetime, tzinfo
from types import ModuleType, SimpleNamespace
from typing import Any

from local_aws.time.clock import clock

# They use ``datetime`` or ``time`` directly; nearly all else in moto uses ``moto.core.utils.utcnow``.
_DIRECT_USERS = (
    "moto.awslambda.models",
    "moto.cloudwatch.models",
    "moto.iam.models",
    "moto.ram.models",
    "moto.ram.utils",
    "moto.s3.models",
    "moto.secretsmanager.models",
    "moto.stepfunctions.parser.models",
    "moto.vpclattice.models",
    "moto.xray.models",
)


def install() -> None:
    """Have all modules of moto that are imported by now use the clock; harmless when done already."""
    utils = importlib.import_module("moto.core.utils")
    original = getattr(utils, "utcnow")  # noqa: B009 - moto has no types to check against
    for name in _DIRECT_USERS:
        importlib.import_module(name)
    for name, module in list(sys.modules.items()):
        if name == "moto" or name.startswith("moto."):
            _patch(module, {id(original): utcnow})


def utcnow() -> datetime:
    """Return the clock's time, naive, as moto expects it."""
    return clock.now().replace(tzinfo=None)


def _patch(module: ModuleType, functions: dict[int, Any]) -> None:
    for name, value in list(vars(module).items()):
        replacement = functions.get(id(value)) or _REPLACED.get(id(value))
        if replacement is not None and value is not replacement:
            setattr(module, name, replacement)


class _StandsInFor(type):
    """Has ``isinstance`` of the stand-in check the real class."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__mro__[1])


class _ClockDatetime(datetime, metaclass=_StandsInFor):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # real datetimes, no stand-ins
        now = clock.now()
        return now.astimezone(tz) if tz else now.astimezone().replace(tzinfo=None)

    @classmethod
    def utcnow(cls) -> datetime:  # type: ignore[override]  # real datetimes, no stand-ins
        return utcnow()

    @classmethod
    def today(cls) -> datetime:  # type: ignore[override]  # real datetimes, no stand-ins
        return cls.now()


class _ClockDate(date, metaclass=_StandsInFor):
    @classmethod
    def today(cls) -> date:  # type: ignore[override]  # real dates, no stand-ins
        return clock.now().astimezone(UTC).date()


_clock_datetime = SimpleNamespace(**vars(dt))
_clock_datetime.datetime = _ClockDatetime
_clock_datetime.date = _ClockDate

_clock_time = SimpleNamespace(**vars(real_time))
_clock_time.time = clock.time
_clock_time.time_ns = lambda: int(clock.time() * 1e9)
# monotonic and perf_counter stay: they measure computing, which no clock can speed up.

_REPLACED: dict[int, Any] = {
    id(datetime): _ClockDatetime,
    id(date): _ClockDate,
    id(dt): _clock_datetime,
    id(real_time): _clock_time,
}
