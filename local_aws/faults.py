"""The faults that are in force on the local AWS: of events on their way, and of AWS calls."""

from __future__ import annotations

import math
import random
import re
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

KINDS = ("throttle", "error", "slow", "lost-answer")

REORDER_SECONDS = 10.0
"""With ``reorder``, each event is held back by up to this long, at random, so that a later one may overtake it."""

_OPERATION = re.compile(r"[a-z0-9*-]+:[A-Za-z0-9*]+")


@dataclass(frozen=True)
class Fate:
    """What becomes of one event: how many copies arrive, each so many seconds late."""

    copies: int = 1
    delay: float = 0.0


@dataclass(frozen=True)
class EventFaults:
    """How events suffer; probabilities are per event, the delay is in seconds of the clock."""

    drop: float = 0.0
    duplicate: float = 0.0
    delay: float = 0.0
    reorder: bool = False


@dataclass(frozen=True)
class CallFault:
    """How calls of an operation (``ec2:CreateTags``, ``ec2:*``) suffer; ``times`` None is for ever."""

    operation: str
    fault: str
    probability: float = 1.0
    times: int | None = None


@dataclass(frozen=True)
class Plan:
    """All that was posted."""

    seed: int | None = None
    events: EventFaults = field(default_factory=EventFaults)
    calls: tuple[CallFault, ...] = ()


class InvalidFaultsError(ValueError):
    """What was posted is not a plan of faults; the message names the field and says what to do."""


class Faults:
    """The plan in force. A new plan replaces the old one and starts its random numbers anew."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.replace(Plan())

    @property
    def events(self) -> EventFaults:
        return self._plan.events

    @property
    def calls(self) -> tuple[CallFault, ...]:
        """Give the faults of calls with the ``times`` that remain of each."""
        with self._lock:
            left = dict(enumerate(self._left))
            return tuple(
                CallFault(fault.operation, fault.fault, fault.probability, left[position])
                for position, fault in enumerate(self._plan.calls)
            )

    def replace(self, plan: Plan) -> None:
        with self._lock:
            self._plan = plan
            self._left = [fault.times for fault in plan.calls]
            self._random = random.Random(plan.seed)  # noqa: S311 - a seed that repeats a run is the point

    def fate(self) -> Fate:
        """Decide what becomes of the next event."""
        with self._lock:
            events = self._plan.events
            if self._random.random() < events.drop:
                return Fate(copies=0)
            copies = 2 if self._random.random() < events.duplicate else 1
            held = self._random.uniform(0, REORDER_SECONDS) if events.reorder else 0.0
            return Fate(copies, events.delay + held)

    def call_fault(self, operation: str) -> CallFault | None:
        """Decide what befalls the next call of the operation, the first fault that strikes; it counts as used up."""
        with self._lock:
            for position, fault in enumerate(self._plan.calls):
                left = self._left[position]
                if left == 0 or not fnmatchcase(operation, fault.operation):
                    continue
                if self._random.random() < fault.probability:
                    if left is not None:
                        self._left[position] = left - 1
                    return fault
            return None

    def describe(self) -> dict[str, Any]:
        """Tell what is in force, in the form in which it is posted."""
        return {
            "seed": self._plan.seed,
            "events": asdict(self.events),
            "calls": [
                {name: value for name, value in asdict(fault).items() if value is not None} for fault in self.calls
            ],
        }


def parse(posted: Any) -> Plan:
    """Read a plan, strictly.

    Raises:
        InvalidFaultsError: the first thing that is wrong with it.
    """
    body = _object("faults", posted, ("seed", "events", "calls"))
    events = _object("events", body.get("events", {}), ("drop", "duplicate", "delay", "reorder"))
    seed = body.get("seed")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise InvalidFaultsError(f"seed: a whole number is expected, not {seed!r}")
    calls = body.get("calls", [])
    if not isinstance(calls, list):
        raise InvalidFaultsError("calls: a list is expected")
    return Plan(
        seed=seed,
        events=EventFaults(
            drop=_probability("events.drop", events.get("drop", 0.0)),
            duplicate=_probability("events.duplicate", events.get("duplicate", 0.0)),
            delay=_seconds("events.delay", events.get("delay", 0.0)),
            reorder=_flag("events.reorder", events.get("reorder", False)),
        ),
        calls=tuple(_call(f"calls[{position}]", call) for position, call in enumerate(calls)),
    )


def _call(where: str, posted: Any) -> CallFault:
    body = _object(where, posted, ("operation", "fault", "probability", "times"))
    operation = body.get("operation")
    if not isinstance(operation, str) or not _OPERATION.fullmatch(operation):
        raise InvalidFaultsError(f"{where}.operation: service:Operation is expected, such as ec2:DescribeVpcEndpoints")
    fault = body.get("fault")
    if fault not in KINDS:
        raise InvalidFaultsError(f"{where}.fault: one of {', '.join(KINDS)} is expected, not {fault!r}")
    times = body.get("times")
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 0):
        raise InvalidFaultsError(f"{where}.times: a whole number, 0 or more, is expected, not {times!r}")
    return CallFault(operation, fault, _probability(f"{where}.probability", body.get("probability", 1.0)), times)


def _object(where: str, value: Any, known: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidFaultsError(f"{where}: an object with {', '.join(known)} is expected")
    for name in value:
        if name not in known:
            raise InvalidFaultsError(f"{where}: {name!r} is unknown, use {', '.join(known)}")
    return value


def _number(where: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidFaultsError(f"{where}: a number is expected, not {value!r}")
    return float(value)


def _probability(where: str, value: Any) -> float:
    number = _number(where, value)
    if not 0 <= number <= 1:
        raise InvalidFaultsError(f"{where}: a probability from 0 to 1 is expected, not {value!r}")
    return number


def _seconds(where: str, value: Any) -> float:
    number = _number(where, value)
    if number < 0:
        raise InvalidFaultsError(f"{where}: seconds that are 0 or more are expected, not {value!r}")
    return number


def _flag(where: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidFaultsError(f"{where}: true or false is expected, not {value!r}")
    return value


faults = Faults()
"""What is in force in this process."""
