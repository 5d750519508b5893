"""What can be made to go wrong on the local AWS, and reading it, strictly, from what was posted."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

Kind = Literal["throttle", "error", "slow", "lost-answer", "kill-before", "kill-after", "timeout", "fails-later"]
KINDS: tuple[Kind, ...] = get_args(Kind)

OF_FUNCTIONS: frozenset[Kind] = frozenset({"kill-before", "kill-after", "timeout"})
"""What befalls only a Lambda function that makes a call: others have no process that AWS could end."""

_OPERATION = re.compile(r"[a-z0-9*-]+:[A-Za-z0-9*]+")
_ACCOUNT = re.compile(r"[0-9]{12}")
_ROLE = re.compile(r"[\w+=,.@*?-]{1,64}", re.ASCII)
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9.]*")
_FIELDS = ("operation", "fault", "probability", "times", "skip", "account", "role", "seconds", "code", "status")
_EVENT_FIELDS = ("drop", "duplicate", "delay", "reorder")


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
    fault: Kind
    probability: float = 1.0
    times: int | None = None
    skip: int = 0
    """So many matching calls pass first."""
    account: str | None = None
    """The caller's account; any if None."""
    role: str | None = None
    """A glob on the name of the caller's role; anybody, persons too, if None."""
    seconds: float | None = None
    """With ``slow``: how long, on the clock."""
    code: str | None = None
    """With ``error``: AWS's error code; None is the one with which the service tells that it failed itself."""
    status: int | None = None
    """With ``error``: the HTTP status; None is the one that the service's model has for the code."""


@dataclass(frozen=True)
class Plan:
    """All that was posted."""

    seed: int | None = None
    events: EventFaults = field(default_factory=EventFaults)
    calls: tuple[CallFault, ...] = ()


class InvalidFaultsError(ValueError):
    """What was posted is not a plan of faults; the message names the field and says what to do."""


def describe(plan: Plan) -> dict[str, Any]:
    """Tell a plan in the form in which it is posted."""
    return {
        "seed": plan.seed,
        "events": asdict(plan.events),
        "calls": [_described(fault) for fault in plan.calls],
    }


def _described(fault: CallFault) -> dict[str, Any]:
    told = {name: value for name, value in asdict(fault).items() if value is not None}
    if not fault.skip:
        del told["skip"]
    return told


def parse(posted: Any) -> Plan:
    """Read a plan, strictly.

    Raises:
        InvalidFaultsError: the first thing that is wrong with it.
    """
    body = _object("faults", posted, ("seed", "events", "calls"))
    events = _object("events", body.get("events", {}), _EVENT_FIELDS)
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
    # What GET tells can be posted again: how often a fault struck is told, never taken.
    told = {name: value for name, value in posted.items() if name != "struck"} if isinstance(posted, dict) else posted
    body = _object(where, told, _FIELDS)
    kind = body.get("fault")
    if kind not in KINDS:
        raise InvalidFaultsError(f"{where}.fault: one of {', '.join(KINDS)} is expected, not {kind!r}")
    _only(where, body, kind, "slow", ("seconds",))
    _only(where, body, kind, "error", ("code", "status"))
    if kind == "fails-later" and "role" in body:
        raise InvalidFaultsError(
            f"{where}.role: fails-later is of what an account makes, whoever made it; leave it out"
        )
    operation = _text(
        where, "operation", body.get("operation"), _OPERATION, "service:Operation, such as ec2:CreateTags,"
    )
    return CallFault(
        operation=operation,
        fault=kind,
        probability=_probability(f"{where}.probability", body.get("probability", 1.0)),
        times=_whole(f"{where}.times", body["times"]) if body.get("times") is not None else None,
        skip=_whole(f"{where}.skip", body.get("skip", 0)),
        account=_optional(where, "account", body, _ACCOUNT, "an account id of 12 digits"),
        role=_optional(where, "role", body, _ROLE, "a role's name, with * for what varies,"),
        seconds=_seconds(f"{where}.seconds", body["seconds"]) if "seconds" in body else None,
        code=_optional(where, "code", body, _CODE, "an AWS error code, such as ConflictException,"),
        status=_status(f"{where}.status", body["status"]) if "status" in body else None,
    )


def _only(where: str, body: Mapping[str, Any], kind: Kind, of: Kind, names: tuple[str, ...]) -> None:
    for name in names:
        if name in body and kind != of:
            raise InvalidFaultsError(f"{where}.{name}: only the fault {of} has it, not {kind}")


def _object(where: str, value: Any, known: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidFaultsError(f"{where}: an object with {', '.join(known)} is expected")
    for name in value:
        if name not in known:
            raise InvalidFaultsError(f"{where}: {name!r} is unknown, use {', '.join(known)}")
    return value


def _optional(where: str, name: str, body: Mapping[str, Any], form: re.Pattern[str], expected: str) -> str | None:
    return _text(where, name, body[name], form, expected) if name in body else None


def _text(where: str, name: str, value: Any, form: re.Pattern[str], expected: str) -> str:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise InvalidFaultsError(f"{where}.{name}: {expected} is expected, not {value!r}")
    return value


def _whole(where: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidFaultsError(f"{where}: a whole number, 0 or more, is expected, not {value!r}")
    return value


def _status(where: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 400 <= value <= 599:  # noqa: PLR2004 - HTTP's errors
        raise InvalidFaultsError(f"{where}: an HTTP status from 400 to 599 is expected, not {value!r}")
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
