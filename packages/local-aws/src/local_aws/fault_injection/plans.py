"""The plans of faults, and their strict parsing from posted input."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from local_aws.fault_injection.listings import strikes_a_listing
from local_aws.http import control_input
from local_aws.http.control_input import AccountId, ControlInput, Count, InvalidInputError, Probability, Seconds

Kind = Literal[
    "throttle", "error", "slow", "lost-answer", "empty", "cut", "kill-before", "kill-after", "timeout", "fails-later"
]
KINDS: tuple[Kind, ...] = get_args(Kind)

OF_FUNCTIONS: frozenset[Kind] = frozenset({"kill-before", "kill-after", "timeout"})
"""The faults that strike only calls of Lambda functions: other callers have no process that AWS could end."""

OF_LISTINGS: frozenset[Kind] = frozenset({"empty", "cut"})
"""The faults that strike only calls that list something: other answers have no list that could be too short."""

_KIND_OF_FIELD: dict[str, Kind] = {"seconds": "slow", "code": "error", "status": "error", "items": "cut"}
"""The fields that only one kind has."""

Operation = Annotated[
    str,
    Meta(pattern=r"^[a-z0-9*-]+:[A-Za-z0-9*]+\Z", description="service:Operation, such as ec2:DescribeVpcEndpoints,"),
]
RolePattern = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_+=,.@*?-]{1,64}\Z", description="a role's name, with * for what varies,")
]
ErrorCode = Annotated[
    str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9.]*\Z", description="an AWS error code, such as ConflictException,")
]
ErrorStatus = Annotated[int, Meta(ge=400, le=599, description="an HTTP status from 400 to 599")]
Entries = Annotated[int, Meta(ge=1, description="a whole number, 1 or more,")]


class EventFaults(ControlInput, frozen=True):
    """The faults of events; probabilities are per event, the delay is in seconds of the clock."""

    drop: Probability = 0.0
    duplicate: Probability = 0.0
    delay: Seconds = 0.0
    reorder: bool = False


class CallFault(ControlInput, frozen=True):
    """A fault of calls of an operation (``ec2:CreateTags``, ``ec2:*``); ``times`` None is without limit."""

    operation: Operation
    fault: Kind
    probability: Probability = 1.0
    times: Count | None = None
    skip: Count = 0
    """The number of matching calls that pass first."""
    account: AccountId | None = None
    """The caller's account; any if None."""
    role: RolePattern | None = None
    """A glob on the name of the caller's role; any caller, persons too, if None."""
    seconds: Seconds | None = None
    """With ``slow``: the seconds of the clock."""
    code: ErrorCode | None = None
    """With ``error``: AWS's error code; None is that of the service's own failure."""
    status: ErrorStatus | None = None
    """With ``error``: the HTTP status; None is that of the code in the service's model."""
    items: Entries | None = None
    """With ``cut``: how many entries of each list are left; None is one."""


class FaultPlan(ControlInput, frozen=True):
    """All faults of one plan."""

    seed: int | None = None
    events: EventFaults = EventFaults()
    calls: tuple[CallFault, ...] = ()


class _PostedCall(CallFault, frozen=True):
    """A fault in the form of ``GET``, which can be posted again: ``struck`` is accepted and ignored."""

    struck: Count = 0


class _PostedPlan(FaultPlan, frozen=True):
    calls: tuple[_PostedCall, ...] = ()


def describe(plan: FaultPlan) -> dict[str, Any]:
    """Return a plan in the form in which it is posted."""
    return {**msgspec.to_builtins(plan), "calls": [_described(fault) for fault in plan.calls]}


def _described(fault: CallFault) -> dict[str, Any]:
    fields = msgspec.to_builtins(fault)
    return {name: value for name, value in fields.items() if value is not None and (name, value) != ("skip", 0)}


def parse(plan: Any) -> FaultPlan:
    """Parse a plan strictly.

    Raises:
        InvalidInputError: it is not valid; the message names the first such field.
    """
    posted = control_input.convert(plan, _PostedPlan, "faults")
    for position, fault in enumerate(posted.calls):
        _check_fields_fit(f"calls[{position}]", fault)
    return msgspec.convert(posted, FaultPlan, from_attributes=True)


def _check_fields_fit(where: str, fault: CallFault) -> None:
    for name, kind in _KIND_OF_FIELD.items():
        if getattr(fault, name) is not None and fault.fault != kind:
            raise InvalidInputError(f"{where}.{name}: only the fault {kind} has it, not {fault.fault}")
    if fault.fault == "fails-later" and fault.role is not None:
        raise InvalidInputError(f"{where}.role: fails-later is of what an account makes, whoever made it; leave it out")
    if fault.fault in OF_LISTINGS and not strikes_a_listing(fault.operation):
        raise InvalidInputError(
            f"{where}.operation: {fault.operation} lists nothing that {fault.fault} could leave out; name an operation "
            "that reads and answers with a list, such as ec2:DescribeVpcEndpoints, or ec2:* for all of a service"
        )
