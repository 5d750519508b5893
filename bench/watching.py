"""Following requests that are made at once, until all of them are through."""

import functools
import itertools
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.counting import Counted
from bench.limits import Physical
from bench.prices import SECONDS, Used, cost_of
from bench.table import Line, Way
from local_aws.testing.clock import clock
from local_aws.testing.stores import endpoint_states, parameter_names
from local_stack.stack import REGION
from scenarios.people import Person

HOUR = 3600.0
AT_MOST = 48 * HOUR
"""Seconds of the clock that are waited."""
PATIENCE = 120.0
"""Real seconds without a pause in which something may be at work: a thousand that are decided take less."""
NOTIFIED = 1.0
ACCEPTED = 4.0
"""The local AWS's seconds from an endpoint's creation to its notification, and from acceptance to availability."""
MOST_ACCOUNTS = 1000
_STUCK = HOUR
"""Seconds of the clock without any progress after which nothing more is waited for."""
_TOLD_EACH = 5.0
_PARAMETERS = 2
"""Of each name."""

homes = itertools.count(480000000000)
"""Accounts to deploy in."""


@dataclass
class Options:
    """What is measured, and for how long."""

    url: str
    seed: int
    minutes: float
    """Real ones, for one line."""


@dataclass
class Watch:
    """Follows a burst: ``until`` is asked whenever nothing works, and tells when it is over."""

    title: str
    account_id: str
    names: int
    endpoints: Sequence[str]
    deadline: float
    settled: Callable[[], bool] = lambda: True
    """Asked once all is published and available."""
    published: int = 0
    available: int = 0
    began: float = field(default_factory=clock.time)
    before: frozenset[str] = frozenset()
    through: float | None = None
    stopped: bool = False
    _progress: float = field(default_factory=clock.time)
    _told: float = 0.0

    def until(self) -> bool:
        published = sum(_is_ours(each) for each in {*parameter_names(self.account_id, REGION)} - self.before)
        available = Counter(endpoint_states(self.endpoints).values())["available"]
        if (published, available) != (self.published, self.available):
            self.published, self.available, self._progress = published, available, clock.time()
        if published >= self.names * _PARAMETERS and available >= len(self.endpoints) and self.settled():
            self.through = clock.time() - self.began
            return True
        self._tell()
        self.stopped = time.monotonic() > self.deadline
        return self.stopped or clock.time() - self._progress > _STUCK

    def _tell(self) -> None:
        if (now := time.monotonic()) - self._told > _TOLD_EACH:
            self._told = now
            done = f"{self.published // _PARAMETERS} of {self.names} names, {self.available} available"
            print(f"   {self.title}: {done} after {clock.time() - self.began:.0f} s", file=sys.stderr, flush=True)


def _is_ours(name: str) -> bool:
    return name.startswith("/naive/") or (
        name.startswith("/drawbridge/") and not name.startswith("/drawbridge/config/")
    )


@functools.cache
def consumer(url: str, number: int) -> Person:
    """Return a consumer in an account of its own, the same for each burst."""
    return Person(url, f"45{number:010}", "consumer")


def line_of(watch: Watch, found: Counted, physical: Physical, *, what: str, way: Way, items: int, **more: Any) -> Line:
    """Return the line of a burst that is over."""
    used = Used(
        calls=found.calls,
        transitions=found.transitions,
        invocations=found.invocations,
        executions=found.executions,
        slept=max(0.0, found.seconds - found.invocations * SECONDS),
        # One that receives and one that deletes, at each of some two batches.
        polled=4 * items,
    )
    return Line(
        what=what,
        way=way,
        items=items,
        names=watch.names,
        published=watch.published // _PARAMETERS,
        available=watch.available,
        seconds=watch.through,
        limit=physical.seconds,
        limit_by=physical.by,
        by_itself=physical.by_itself,
        calls=dict(found.calls),
        throttled=dict(found.throttled),
        others=sorted(found.by_persons),
        transitions=found.transitions,
        invocations=found.invocations,
        executions=found.executions,
        cost=cost_of(used),
        stopped=watch.stopped,
        **more,
    )


def ask_at_once(url: str, services: Sequence[str], count: int, seed: int, first: int = 0) -> list[str]:
    """Connect so many consumers at the same moment of the clock, in an order of the seed; return their endpoints."""
    order = list(range(count))
    random.Random(seed).shuffle(order)  # noqa: S311 - an order, no secret
    return [consumer(url, first + each % MOST_ACCOUNTS).connect(services[each % len(services)]) for each in order]
