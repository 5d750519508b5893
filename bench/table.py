"""Lines of the benchmark of bursts: what was measured beside the physical limit, and which aims are missed."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

Way = Literal["drawbridge", "one call each", "a poll a minute"]

MOST_TIMES_THE_LIMIT = 1.25
"""At a thousand connections at once."""
FEWER_CALLS = 15
"""A connection, at a hundred at once."""
MAY_GROW = 1.05
"""Calls a connection may be so many times those of a smaller burst: sweeps by the clock are not to be told apart."""


class Line(Struct, frozen=True, kw_only=True):
    """One burst, done in one way."""

    what: str
    """``connections``, or ``shares`` with their mode."""
    way: Way
    items: int
    """Requests at once."""
    services: int = 1
    vpcs: int = 0
    names: int
    """Names that are to be published."""
    published: int
    available: int
    seconds: float | None
    """On the local AWS's clock until all are available and published; none if they are not."""
    accepted_after: float | None = None
    """Of the first one, from its notification to the call that accepts it."""
    limit: float
    """The physical limit, with what AWS takes by itself."""
    limit_by: str | None
    by_itself: float
    calls: Mapping[str, int]
    throttled: Mapping[str, int]
    others: Sequence[str] = ()
    """The throttled operations that somebody else in the account called too: those may be the others' doing."""
    transitions: int
    invocations: int
    executions: int
    cost: Mapping[str, float]
    """Dollars by service, of all of them."""
    faults: bool = False
    struck: int = 0
    """How often a fault struck."""
    mistaken: int = 0
    """Accepted, though nothing allows it."""
    accepted_twice: int = 0
    stopped: bool = False
    """Whether the time limit, or a person, ended it before it was done."""
    real_seconds: float

    @property
    def ratio(self) -> float | None:
        """How many times the physical limit it took."""
        return None if self.seconds is None or not self.limit else self.seconds / self.limit

    @property
    def calls_each(self) -> float:
        return sum(self.calls.values()) / self.items

    @property
    def ours(self) -> int:
        """Throttled calls that nobody else's calls can have caused."""
        return sum(count for each, count in self.throttled.items() if each not in self.others)

    @property
    def title(self) -> str:
        where = (
            f" over {self.services} services" if self.services > 1 else f" into {self.vpcs} VPC(s)" if self.vpcs else ""
        )
        return f"{self.items} {self.what}{where}{', with faults' if self.faults else ''}"


_HEAD = (
    f"{'':<44}{'':<17}{'done':>12}{'seconds':>9}{'limit':>8}{'ratio':>7}{'calls':>8}{'throttled':>15}"
    f"{'trans.':>8}{'invoc.':>8}{'dollars':>10}\n"
    f"{'':<44}{'':<17}{'':>12}{'':>9}{'':>8}{'':>7}{'each':>8}{'ours':>8}{'others':>7}{'each':>8}{'each':>8}{'each':>10}"
)


def print_table(lines: Sequence[Line]) -> None:
    """Print a row for each line, and below it the calls by operation."""
    print(f"\n{_HEAD}")
    for each in lines:
        print(_row(each))
    print("\nA line's limit: the calls that have to be made, by AWS's buckets and lists, and what AWS takes by itself")
    for each in lines:
        by = each.limit_by or "none waits"
        print(
            f"\n{each.title}, {each.way}: limit {each.limit:.1f} s, of which AWS by itself {each.by_itself:.0f} s; {by}"
        )
        if each.faults:
            wrong = f"accepted by mistake {each.mistaken}, twice {each.accepted_twice}"
            print(f"   faults struck {each.struck} times; {wrong}")
        if each.accepted_after is not None:
            print(f"   the first was accepted {each.accepted_after:.3f} s after its notification")
        print(f"   {'calls':>8}{'each':>8}{'throttled':>11}  operation")
        for operation, count in sorted(each.calls.items(), key=lambda item: -item[1]):
            throttled = each.throttled.get(operation) or ""
            print(f"   {count:>8}{count / each.items:>8.2f}{throttled:>11}  {operation}")
        costs = ", ".join(f"{name} {dollars / each.items:.7f}" for name, dollars in each.cost.items() if dollars)
        print(f"   dollars each: {costs}")


def _row(line: Line) -> str:
    seconds = "-" if line.seconds is None else f"{line.seconds:.0f}"
    ratio = "-" if line.ratio is None else f"{line.ratio:.2f}"
    others = sum(line.throttled.values()) - line.ours
    done = f"{line.published}/{line.names}{'*' if line.stopped else ''}"
    return (
        f"{line.title:<44}{line.way:<17}{done:>12}{seconds:>9}{line.limit:>8.0f}{ratio:>7}{line.calls_each:>8.1f}"
        f"{line.ours:>8}{others:>7}{line.transitions / line.items:>8.1f}{line.invocations / line.items:>8.1f}"
        f"{sum(line.cost.values()) / line.items:>10.6f}"
    )


def missed(lines: Iterable[Line]) -> list[str]:
    """Return which aims the lines of Drawbridge miss, each as a sentence."""
    ours = [line for line in lines if line.way == "drawbridge"]
    found = [problem for line in ours for problem in _missed_by(line)]
    to_one = sorted(
        (line for line in ours if line.what == "connections" and line.services == 1 and not line.faults),
        key=lambda line: line.items,
    )
    for smaller, larger in itertools.pairwise(to_one):
        if larger.calls_each > MAY_GROW * smaller.calls_each:
            found.append(
                f"calls grow: {smaller.calls_each:.1f} each at {smaller.items}, "
                f"{larger.calls_each:.1f} at {larger.items}"
            )
    return found


def _missed_by(line: Line) -> Iterable[str]:
    if line.stopped:
        yield f"{line.title}: was stopped"
    elif line.seconds is None:
        yield f"{line.title}: {line.published} of {line.names} names published, {line.available} of them available"
    if line.mistaken or line.accepted_twice:
        yield f"{line.title}: {line.mistaken} accepted by mistake, {line.accepted_twice} twice"
    if line.faults:
        if not line.struck:
            yield f"{line.title}: no fault struck"
        return
    if line.ours:
        yield f"{line.title}: {line.ours} throttled calls of our own, instead of none"
    if line.what != "connections":
        return
    if line.items == 1000 and line.ratio is not None and line.ratio > MOST_TIMES_THE_LIMIT:  # noqa: PLR2004 - the aim's
        yield f"{line.title}: {line.ratio:.2f} times the limit, instead of {MOST_TIMES_THE_LIMIT}"
    if line.items == 100 and line.calls_each >= FEWER_CALLS:  # noqa: PLR2004 - the aim's
        yield f"{line.title}: {line.calls_each:.1f} calls each, instead of fewer than {FEWER_CALLS}"
