"""The effect of a fault on an AWS call that it strikes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Protocol

from local_aws.fault_injection import listings
from local_aws.fault_injection.faults import CallFault
from local_aws.fault_injection.plans import OF_LISTINGS
from local_aws.http import answers
from local_aws.http.answers import Answer
from local_aws.http.request_identification import IdentifiedCall
from local_aws.time.clock import clock

SLOW_SECONDS = 5.0
"""How long a call struck by the fault ``slow`` waits, if the fault has no ``seconds``."""

ITEMS = 1
"""How many entries the fault ``cut`` leaves in each list, if it has no ``items``."""


class CallingProcess(Protocol):
    """The process of a function that makes a call."""

    def kill(self) -> None:
        """End the process at once, as the operating system does when it is short of memory."""

    def time_out(self) -> None:
        """End the process as Lambda does when its time is up."""


def apply(
    fault: CallFault,
    call: IdentifiedCall,
    process: CallingProcess | None,
    make: Callable[[], Answer],
    once_recorded: ExitStack,
) -> Answer:
    """Return the answer to a struck call; ``make`` makes it.

    A process that the fault ends is ended when ``once_recorded`` is closed, before it gets the answer.
    """
    kind = fault.fault
    if kind == "throttle":
        return answers.throttled(call)
    if kind == "error":
        return _error(fault, call)
    if process is not None and kind == "kill-before":
        once_recorded.callback(process.kill)
        return _not_received(kind)
    if process is not None and kind == "timeout":
        once_recorded.callback(process.time_out)
        return _not_received(kind)
    if kind == "slow":
        clock.sleep(SLOW_SECONDS if fault.seconds is None else fault.seconds)
    answer = make()
    if kind in OF_LISTINGS:
        return listings.shortened(call, answer, 0 if kind == "empty" else fault.items or ITEMS)
    if process is not None and kind == "kill-after":
        once_recorded.callback(process.kill)
    return answers.broken(call) if kind == "lost-answer" else answer


def _error(fault: CallFault, call: IdentifiedCall) -> Answer:
    if fault.code is None:
        broken = answers.broken(call)
        return broken if fault.status is None else Answer(fault.status, broken.headers, broken.body)
    status = fault.status or answers.modelled_status(call, fault.code)
    return answers.error(call, fault.code, "The local AWS was told to answer with this error.", status)


def _not_received(kind: str) -> Answer:
    """Return the answer to a call that never reached AWS, for the record: its caller has ended."""
    return Answer(500, (("x-amzn-ErrorType", kind),), b"")
