"""What can be made to go wrong on the local AWS, and reading it, strictly, from what was posted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from local_aws.http import control_input
from local_aws.http.control_input import InvalidInputError

Kind = Literal["throttle", "error", "slow", "lost-answer", "kill-before", "kill-after", "timeout", "fails-later"]
KINDS: tuple[Kind, ...] = get_args(Kind)

OF_FUNCTIONS: frozenset[Kind] = frozenset({"kill-before", "kill-after", "timeout"})
"""What befalls only a Lambda function that makes a call: others have no process that AWS could end."""

_OPERATION = re.compile(r"[a-z0-9*-]+:[A-Za-z0-9*]+")
_ROLE = re.compile(r"[\w+=,.@*?-]{1,64}", re.ASCII)
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9.]*")


@dataclass(frozen=True)
class EventFaults:
    """What befalls events; probabilities are per event, the delay is in seconds of the clock."""

    drop: float = 0.0
    duplicate: float = 0.0
    delay: float = 0.0
    reorder: bool = False


@dataclass(frozen=True)
class CallFault:
    """What befalls calls of an operation (``ec2:CreateTags``, ``ec2:*``); ``times`` None is for ever."""

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
class FaultPlan:
    """All that was posted."""

    seed: int | None = None
    events: EventFaults = field(default_factory=EventFaults)
    calls: tuple[CallFault, ...] = ()


def describe(plan: FaultPlan) -> dict[str, Any]:
    """Return a plan in the form in which it is posted."""
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


def parse(plan: Any) -> FaultPlan:
    """Read a plan, strictly.

    Raises:
        InvalidInputError: the first thing that is wrong with it.
    """
    body = control_input.fields("faults", plan, ("seed", "events", "calls"))
    events = control_input.fields("events", body.get("events", {}), _names(EventFaults))
    seed = body.get("seed")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise InvalidInputError(f"seed: a whole number is expected, not {seed!r}")
    calls = body.get("calls", [])
    if not isinstance(calls, list):
        raise InvalidInputError("calls: a list is expected")
    return FaultPlan(
        seed=seed,
        events=EventFaults(
            drop=control_input.probability("events.drop", events.get("drop", 0.0)),
            duplicate=control_input.probability("events.duplicate", events.get("duplicate", 0.0)),
            delay=control_input.seconds("events.delay", events.get("delay", 0.0)),
            reorder=control_input.flag("events.reorder", events.get("reorder", False)),
        ),
        calls=tuple(_call(f"calls[{position}]", call) for position, call in enumerate(calls)),
    )


def _call(where: str, value: Any) -> CallFault:
    # What GET tells can be posted again: how often a fault struck is told, never taken.
    told = {name: each for name, each in value.items() if name != "struck"} if isinstance(value, dict) else value
    body = control_input.fields(where, told, _names(CallFault))
    kind = body.get("fault")
    if kind not in KINDS:
        raise InvalidInputError(f"{where}.fault: one of {', '.join(KINDS)} is expected, not {kind!r}")
    _only(where, body, kind, "slow", ("seconds",))
    _only(where, body, kind, "error", ("code", "status"))
    if kind == "fails-later" and "role" in body:
        raise InvalidInputError(f"{where}.role: fails-later is of what an account makes, whoever made it; leave it out")

    def optional(name: str, read: Callable[[str, Any], Any]) -> Any:
        return read(f"{where}.{name}", body[name]) if body.get(name) is not None else None

    return CallFault(
        operation=_operation(f"{where}.operation", body.get("operation")),
        fault=kind,
        probability=control_input.probability(f"{where}.probability", body.get("probability", 1.0)),
        times=optional("times", control_input.whole),
        skip=control_input.whole(f"{where}.skip", body.get("skip", 0)),
        account=optional("account", control_input.account),
        role=optional("role", _role),
        seconds=optional("seconds", control_input.seconds),
        code=optional("code", _code),
        status=optional("status", _status),
    )


def _names(kind: type[EventFaults | CallFault]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))


def _only(where: str, body: Mapping[str, Any], kind: Kind, of: Kind, names: tuple[str, ...]) -> None:
    for name in names:
        if name in body and kind != of:
            raise InvalidInputError(f"{where}.{name}: only the fault {of} has it, not {kind}")


def _operation(where: str, value: Any) -> str:
    return control_input.text(where, value, _OPERATION, "service:Operation, such as ec2:DescribeVpcEndpoints,")


def _role(where: str, value: Any) -> str:
    return control_input.text(where, value, _ROLE, "a role's name, with * for what varies,")


def _code(where: str, value: Any) -> str:
    return control_input.text(where, value, _CODE, "an AWS error code, such as ConflictException,")


def _status(where: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 400 <= value <= 599:  # noqa: PLR2004 - HTTP's errors
        raise InvalidInputError(f"{where}: an HTTP status from 400 to 599 is expected, not {value!r}")
    return value
