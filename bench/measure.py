"""What Drawbridge did in a span of time: AWS calls, throttled calls, state transitions, and where the time went."""

import itertools
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from local_aws.testing.clock import clock
from local_aws.testing.record import record
from local_aws.testing.workflows import transitions
from scenarios.people import Person

_OURS = "drawbridge-"
_WORKFLOWS = ("OnboardingStateMachineArn", "WithdrawalStateMachineArn")
SWEEPS = "DiscoverRequests"
"""The function that sweeps."""

_THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded", "TooManyRequestsException"}
)


@dataclass
class Span:
    """What was measured; durations are seconds of the local clock."""

    seconds: float = 0.0
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By function and operation, those of scheduled sweeps included."""
    throttled: Counter[tuple[str, str]] = field(default_factory=Counter)
    """The calls among them that AWS throttled."""
    executions: int = 0
    transitions: int = 0
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """For each state, how long it took each time that it was entered, retries included."""


@contextmanager
def measured(people: Sequence[Person]) -> Iterator[Span]:
    """Measure what the stacks of these people do as long as the block runs; the span is filled at its end."""
    span = Span()
    began, calls, throttled, known = clock.time(), *_calls(people), _executions(people)
    yield span
    span.seconds = clock.time() - began
    calls_now, throttled_now = _calls(people)
    span.calls, span.throttled = calls_now - calls, throttled_now - throttled
    for person in people:
        for arn in _executions([person]) - known:
            span.executions += 1
            span.transitions += transitions(arn)
            _add_times(person, arn, span.times)


def print_span(span: Span, *, calls: bool = True) -> None:
    """Print the span."""
    print(
        f"   {span.seconds:.0f} s on the local clock, {span.calls.total()} AWS calls of which "
        f"{span.throttled.total()} throttled, {span.executions} execution(s), {span.transitions} state transitions"
    )
    if calls:
        print(f"   {'calls':>6}  {'throttled':>9}  function and operation")
        for who, count in sorted(span.calls.items()):
            print(f"   {count:>6}  {span.throttled[who] or '':>9}  {who[0]:<24}{who[1]}")
    print(f"   {'times':>6}  {'median s':>9}{'longest':>9}{'all':>9}  where the time went")
    for state, times in sorted(span.times.items(), key=lambda item: -sum(item[1])):
        print(f"   {len(times):>6}  {statistics.median(times):>9.1f}{max(times):>9.1f}{sum(times):>9.0f}  {state}")


def _calls(people: Sequence[Person]) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    counted: Counter[tuple[str, str]] = Counter()
    throttled: Counter[tuple[str, str]] = Counter()
    accounts = {person.account_id for person in people}
    for each in record.counts():
        if each.account_id in accounts and each.role and each.role.startswith(_OURS):
            function = each.role.removeprefix(_OURS).partition("Role-")[0].removesuffix("Function")
            counted[function, each.operation] += each.calls
            throttled[function, each.operation] += sum(
                count for code, count in each.errors.items() if code in _THROTTLED
            )
    return counted, throttled


def _executions(people: Sequence[Person]) -> set[str]:
    found: set[str] = set()
    for person, workflow in itertools.product(people, _WORKFLOWS):
        machine = person.output(workflow)
        pages = person.client("stepfunctions").get_paginator("list_executions").paginate(stateMachineArn=machine)
        found |= {each["executionArn"] for page in pages for each in page["executions"]}
    return found


def _add_times(person: Person, execution_arn: str, times: dict[str, list[float]]) -> None:
    pages = person.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=execution_arn)
    entered: dict[str, list[Any]] = defaultdict(list)
    for event in (event for page in pages for event in page["events"]):
        if details := event.get("stateEnteredEventDetails"):
            entered[details["name"]].append(event["timestamp"])
        elif (details := event.get("stateExitedEventDetails")) and entered[details["name"]]:
            # Iterations of a map run concurrently; which of them ended makes no difference to the sum.
            began = entered[details["name"]].pop(0)
            times[details["name"]].append((event["timestamp"] - began).total_seconds())
