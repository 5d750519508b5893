"""Functions killed before and after each AWS call of an onboarding, which is to end the same."""

import itertools
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import pytest

from local_aws.testing.clock import fast_forward, in_flight
from local_aws.testing.faults import CallFault, Kind, faults
from local_aws.testing.functions import begin_anew
from local_aws.testing.record import record
from local_stack.stack import REGION
from scenarios.people import Person
from tests.system.conftest import LONG
from tests.system.requests_in_ledger import row_of, statuses

LONGEST = 7200.0
"""A hint in the hands of a function that was killed is seen again after half an hour; the schedule comes sooner.

What waits in a queue is seen again after three or four minutes each time: decisions, turns and names, each killed four
times, are most of an hour.
"""

TRAILING = 150.0
"""The last events of an onboarding come after its end; a function that they invoke is tried again a minute later."""

ANOTHER_SWEEP = 330.0
"""The schedule sweeps every five minutes; in less, an onboarding may come to its end between two sweeps."""

_KEEPING = {
    "sts": ("decide_request", "plan_associations"),
    "organizations": ("decide_request", "plan_associations"),
    "secretsmanager": ("request_approval", "receive_approval", "tell_approvers"),
}
"""Functions that keep a service's answers for minutes."""

_SWEEPER = "DiscoverRequests"
_KILLS_AT_ONCE = {_SWEEPER: 6, "RelayNotification": 2, "TellApprovers": 2, "ReceiveApproval": 1}
"""How often a function may be killed in one onboarding and still get through: what is invoked by events is tried three
times, and a click once."""

_KILLS_OF_A_TASK = 4
"""The workflow tries a task six times."""

_WRITTEN_ONCE = {"ssm:PutParameter"}
"""What is published already is compared, and not written again."""

_READS = re.compile(r":(BatchGet|Describe|Get|List|Query)")


@dataclass(frozen=True)
class Point:
    """A call of an onboarding: the so-manyth that a function makes of an operation, from 0."""

    role: str
    operation: str
    nth: int
    before: tuple[str, ...] = ()
    """The operations that the same invocation called before, in order: it calls them again if it is killed here."""


_HISTORY = "dynamodb:PutItem"
"""The only items that a sweep puts one by one."""


def kills_at(point: Point) -> Iterator[tuple[Kind, ...]]:
    """Yield how a function is killed at a call: in the long profile both ways, each in an onboarding of its own.

    The short one kills twice in the same onboarding: before the call and, once that is retried, after it; and after no
    call that only reads, as this is to be killed before the next. What nobody retries, as a click that has recorded
    the decision, is killed both ways too, and so is what a sweep adds to the history once it has entered an attempt.
    """
    if LONG:
        yield from (("kill-before",), ("kill-after",))
    elif _READS.search(point.operation):
        yield ("kill-before",)
    elif "ReceiveApproval" in point.role or ("DiscoverRequests" in point.role and point.operation == _HISTORY):
        yield from (("kill-before",), ("kill-after",))
    else:
        yield ("kill-before", "kill-after")


@dataclass(frozen=True)
class End:
    """What an onboarding came to, in a form in which two of them can be compared."""

    statuses: tuple[str, ...]
    published: tuple[str, ...]
    right: bool
    """Whether the published name is the one that AWS gives."""
    made: int
    """Endpoints that Drawbridge made for it."""
    executions: int


class Onboarding(Protocol):
    """One kind of onboarding, in an account with the stack."""

    @property
    def home(self) -> Person: ...
    def begin(self) -> str:
        """Ask for one more; give its subject."""
        ...

    def see_to(self, subject: str) -> None:
        """Do what people do until it has come to its end."""
        ...

    def end(self, subject: str) -> End:
        """Return what came of it."""
        ...


@dataclass(frozen=True)
class Strike:
    """How a function is killed at a call."""

    point: Point
    kills: tuple[Kind, ...]

    def __str__(self) -> str:
        function = self.point.role.removeprefix("drawbridge-").partition("FunctionRole")[0]
        return f"{' and '.join(self.kills)} {function} {self.point.operation} {self.point.nth}"


@dataclass(frozen=True)
class Trial:
    """An onboarding whose functions are killed."""

    kind: Onboarding
    strikes: tuple[Strike, ...]

    @property
    def faults(self) -> list[tuple[Strike, CallFault]]:
        """The faults of each strike: they let pass what the function calls again after those before."""
        account_id = self.kind.home.account_id
        again: Counter[tuple[str, str]] = Counter()
        planned: list[tuple[Strike, CallFault]] = []
        for strike, kill in ((each, kill) for each in self.strikes for kill in each.kills):
            point = strike.point
            skip = point.nth + again[point.role, point.operation]
            fault = CallFault(point.operation, kill, times=1, skip=skip, account=account_id, role=point.role)
            planned.append((strike, fault))
            again.update((point.role, operation) for operation in point.before if operation not in _WRITTEN_ONCE)
        return planned

    def forget_what_would_not_be_asked_again(self) -> None:
        """Restart the functions that keep the answer of a call that is to be struck."""
        for service, functions in _KEEPING.items():
            if any(each.point.operation.startswith(f"{service}:") for each in self.strikes):
                for function in functions:
                    begin_anew(self.kind.home.account_id, REGION, f"drawbridge-{function}")

    def __str__(self) -> str:
        return f"{', '.join(str(each) for each in self.strikes)}; in {self.kind.home.account_id}"


def trials_of(kind: Onboarding, strikes: Sequence[Strike], *, one_by_one: bool = False) -> list[Trial]:
    """Return the onboardings in which all these are tried.

    In the long profile it is one for each. In the short one, each strikes every function, as long as there are calls
    that were not struck: each has to come back by its own retries. Several calls of a function are struck in one,
    unless ``one_by_one``: the retry passes the one and comes to the next.
    """
    if LONG:
        return [Trial(kind, (each,)) for each in strikes]
    of_functions: dict[str, list[Strike]] = defaultdict(list)
    for strike in strikes:
        of_functions[strike.point.role].append(strike)
    in_turn = [
        [[strike] for strike in of_function] if one_by_one else list(_at_once(role, of_function))
        for role, of_function in of_functions.items()
    ]
    return [
        Trial(kind, tuple(strike for several in side_by_side if several for strike in several))
        for side_by_side in itertools.zip_longest(*in_turn)
    ]


def _at_once(role: str, strikes: Sequence[Strike]) -> Iterator[list[Strike]]:
    """Yield what strikes a function in one onboarding."""
    most = next((kills for name, kills in _KILLS_AT_ONCE.items() if name in role), _KILLS_OF_A_TASK)
    together: list[Strike] = []
    for strike in strikes:
        kills = sum(len(each.kills) for each in (*together, strike))
        if together and (kills > most or any(_writes_it(each, strike) for each in together)):
            yield together
            together = []
        together.append(strike)
    if together:
        yield together


def _writes_it(earlier: Strike, later: Strike) -> bool:
    """Return whether the earlier call has written what the function may then not write again before the later one."""
    return earlier.point.operation == later.point.operation and len(earlier.kills) > 1


def end_of(home: Person, subject: str, path: str, names: set[str], *, made: int) -> End:
    """Return the end; ``names`` are those that AWS gives, ``path`` is where one is published."""
    row = row_of(home, subject)
    pages = home.client("ssm").get_paginator("get_parameters_by_path").paginate(Path=path)
    published = [each for page in pages for each in page["Parameters"]]
    return End(
        statuses=tuple(statuses(row)) if row else (),
        published=tuple(sorted(each["Name"].removeprefix(path) for each in published)),
        right={each["Value"] for each in published if each["Name"].endswith("/dns-name")} == names,
        made=made,
        executions=executions_of(home, row["request_id"]["S"]) if row else 0,
    )


def executions_of(home: Person, request_id: str) -> int:
    machine = home.output("OnboardingStateMachineArn")
    pages = home.client("stepfunctions").get_paginator("list_executions").paginate(stateMachineArn=machine)
    return sum(each["name"].startswith(request_id) for page in pages for each in page["executions"])


class _Onslaught:
    """Onboardings whose functions are killed, and what came of them."""

    def __init__(self, undisturbed: dict[Onboarding, End]) -> None:
        self._undisturbed = undisturbed
        self.differing: dict[str, End] = {}
        self.struck: set[_What] = set()
        self.missed: dict[Onboarding, dict[Strike, None]] = {kind: {} for kind in undisturbed}
        """What was not struck where the same function was killed elsewhere too, but for sweeps, which are many."""

    def play(self, trials: Sequence[Trial], trailing: float = TRAILING) -> None:
        """Play these at once, which don't meet: each is in an account of its own."""
        for trial in trials:
            trial.forget_what_would_not_be_asked_again()
        with faults.injected(*(fault for trial in trials for _, fault in trial.faults)) as force:
            ends = played([trial.kind for trial in trials], trailing)
        for trial, end in zip(trials, ends, strict=True):
            if end != self._undisturbed[trial.kind]:
                self.differing[str(trial)] = end
            for strike, fault in trial.faults:
                if force.struck(fault):
                    self.struck.add(_what(fault))
                elif len(trial.strikes) > 1 and _SWEEPER not in strike.point.role:
                    self.missed[trial.kind][strike] = None

    def play_all(self, plans: Iterable[Sequence[Trial]]) -> None:
        for side_by_side in itertools.zip_longest(*plans):
            self.play([trial for trial in side_by_side if trial])


def killed_everywhere(
    kinds: Sequence[Onboarding],
    capsys: pytest.CaptureFixture[str],
    *,
    but: tuple[str, ...] = (),
    by_chance: tuple[tuple[str, str], ...] = (),
) -> None:
    """See that each kind ends the same wherever its functions are killed, but for some functions.

    ``by_chance`` are calls, by function and operation, that are not made each time.
    """
    mark = record.mark()
    onslaught = _Onslaught(dict(zip(kinds, played(kinds), strict=True)))
    strikes = {
        kind: [
            Strike(point, kills)
            for point in points_since(mark, kind.home)
            if not any(function in point.role for function in but)
            for kills in kills_at(point)
        ]
        for kind in kinds
    }
    plans = [trials_of(kind, each) for kind, each in strikes.items()]
    onslaught.play_all(plans)
    # A function that is killed several times may come to its end without some of its calls, such as those that wait.
    rest = [trials_of(kind, [*each], one_by_one=True) for kind, each in onslaught.missed.items()]
    onslaught.play_all(rest)
    # What nobody struck even so gets an onboarding of its own.
    for kind, of_kind in strikes.items():
        for each in of_kind:
            alone = Trial(kind, (each,))
            if {_what(fault) for _, fault in alone.faults} - onslaught.struck:
                # A sweep for each kill: some calls are made only by one that the schedule asked for.
                onslaught.play([alone], len(each.kills) * ANOTHER_SWEEP + TRAILING)

    with capsys.disabled():
        for of_kind, plan, more in zip(strikes.values(), plans, rest, strict=True):
            sys.stdout.write(f"\nfunctions killed at {len(of_kind)} calls, in {len(plan) + len(more)} onboardings")
    assert onslaught.differing == {}
    # How often something is called depends on timing; that it is called does not.
    every = {_what(fault) for plan in plans for trial in plan for _, fault in trial.faults}
    missed = {
        (role, operation, fault)
        for role, operation, fault in every - onslaught.struck
        if not any(function in role and operation == call for function, call in by_chance)
    }
    assert missed == set()


_What = tuple[str, str, Kind]


def _what(fault: CallFault) -> _What:
    return str(fault.role), fault.operation, fault.fault


def played(kinds: Sequence[Onboarding], trailing: float = TRAILING) -> list[End]:
    """Play one onboarding of each of these until all have come to their ends, and return those."""
    subjects = [kind.begin() for kind in kinds]

    def over() -> bool:
        for kind, subject in zip(kinds, subjects, strict=True):
            kind.see_to(subject)
        if in_flight().get("executions"):
            return False
        rows = [row_of(kind.home, subject) for kind, subject in zip(kinds, subjects, strict=True)]
        return all(row and row["status"]["S"] == "AVAILABLE" and row["settled"]["BOOL"] for row in rows)

    fast_forward(LONGEST, until=over)
    fast_forward(trailing)
    return [kind.end(subject) for kind, subject in zip(kinds, subjects, strict=True)]


def points_since(mark: int, home: Person) -> list[Point]:
    """List the calls that the functions of an account have made since.

    An onboarding has many sweeps: those that wrote the same, or nothing, count as one, the longest, and its calls are
    counted from its own beginning.
    """
    invocations: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for made in record.since(mark, account_id=home.account_id):
        if made.invocation is not None and made.role is not None:
            invocations[made.invocation].append((made.role, made.operation))
    sweeps: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    others: list[list[tuple[str, str]]] = []
    for calls in invocations.values():
        if _SWEEPER not in calls[0][0]:
            others.append(calls)
            continue
        wrote = tuple(operation for _, operation in calls if not _READS.search(operation))
        sweeps[wrote] = max(calls, sweeps.get(wrote, []), key=len)
    return [
        *(replace(point, before=()) for calls in sweeps.values() for point in _counted([calls])),
        *_counted(others),
    ]


def _counted(invocations: Sequence[Sequence[tuple[str, str]]]) -> Iterator[Point]:
    counts: Counter[tuple[str, str]] = Counter()
    for calls in invocations:
        for place, call in enumerate(calls):
            yield Point(*call, nth=counts[call], before=tuple(operation for _, operation in calls[:place]))
            counts[call] += 1
