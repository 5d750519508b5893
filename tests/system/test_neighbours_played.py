"""Short sequences, each of which tells one fault: played side by side, by the rules and the judgement of the model."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from local_aws.testing.clock import clock, fast_forward
from local_aws.testing.faults import CallFault, FaultPlan, faults
from local_aws.testing.slack import APPROVALS
from scenarios.people import Person
from tests.system.conftest import World
from tests.system.model.acceptances import Acceptances
from tests.system.model.approvals import Desk
from tests.system.model.judgement import at_rest, judge
from tests.system.model.neighbours import GRACE, LATE, SEEN, Home, Neighbours

MINUTE = 60.0
SETTLING = 6 * MINUTE
"""A look of the schedule, and some."""

LONGEST = 8 * 60 * MINUTE

WHILE = 12.0
"""Seconds in which something is decided, and Accept tried: what is throttled is tried again in real time."""

_PATIENCE = 240.0
"""Real seconds: many begin at once, each with functions that start cold, and some are throttled."""

Sequence = Iterator[float | None]
"""What is done, bit by bit; between the bits so many seconds pass or, for ``None``, all settles and is judged."""


def _policy_changes_while_throttled(them: Neighbours, home: Home, asker: Person) -> Sequence:
    """Policies that change while Accept is throttled: nothing is done that was decided more than a minute ago."""
    them.throttle(home)
    them.share(asker, home, 1)
    them.offer_service(home)
    them.connect(asker, them.services[-1])
    them.permit(home, asker.account_id)
    yield WHILE
    them.forbid(home, asker.account_id)
    clock.advance(GRACE + LATE + 2.0)
    them.throttle_no_more(home)
    yield None


def _share_grows_before_acceptance(them: Neighbours, home: Home, asker: Person) -> Sequence:
    """A share that grows between decision and acceptance: what it holds is looked at again."""
    them.throttle(home)
    them.share(asker, home, 1)
    ask = them.asks[-1]
    them.permit(home, asker.account_id)
    yield 4.0
    them.put_subnet(ask)
    clock.advance(SEEN + 2.0)
    them.throttle_no_more(home)


def _share_grows_after_acceptance(them: Neighbours, home: Home, asker: Person) -> Sequence:
    """A share that grows when policies would not let it in any more: what was let in stays, and nothing joins it."""
    them.permit(home, asker.account_id)
    them.share(asker, home, 1)
    ask = them.asks[-1]
    them.bind(ask)
    yield None
    them.forbid(home, asker.account_id)
    yield 2 * MINUTE
    them.add_to(ask)
    yield None


def _live_connection(them: Neighbours, home: Home, asker: Person) -> Sequence:
    """A live connection on a service that becomes managed under a policy that rejects."""
    them.reject(home, asker.account_id)
    them.offer_unmanaged_service(home, asker)
    unmanaged = them.unmanaged[-1]
    yield MINUTE
    them.accept_unmanaged(unmanaged)
    yield MINUTE
    them.manage(unmanaged)
    yield None


def _late_tag(them: Neighbours, home: Home, asker: Person) -> Sequence:
    """A VPC that gets the tag by which a binding names VPCs when everything else is connected."""
    them.permit(home, asker.account_id)
    them.share(asker, home, 1)
    them.bind(them.asks[-1], by_tag=True)
    them.tag_vpc(home, home.vpcs[0])
    yield None
    them.tag_vpc(home, home.vpcs[1])
    yield None


def _stripped(them: Neighbours, home: Home, asker: Person) -> Sequence:
    """An endpoint whose tags somebody took: no second one is made."""
    them.permit(home, asker.account_id)
    them.share(asker, home, 1)
    ask = them.asks[-1]
    them.bind(ask)
    yield None
    them.strip(home)
    them.add_to(ask)
    yield None


def _alias_that_is_taken(them: Neighbours, home: Home, asker: Person) -> Sequence:
    """A binding wants the name that another one has: that one keeps it."""
    them.permit(home, asker.account_id)
    them.share(asker, home, 1)
    ask = them.asks[-1]
    them.share_alias(ask)
    yield None
    them.share_alias(ask)
    yield None


def _alias_that_is_given_up(them: Neighbours, home: Home, asker: Person) -> Sequence:
    """Of two bindings that want one name at once, one gets another: both names lead where they should."""
    them.permit(home, asker.account_id)
    them.share(asker, home, 1)
    ask = them.asks[-1]
    them.share_alias(ask)
    them.share_alias(ask)
    yield None
    them.rename_alias(home, next(each for each in home.bindings.values() if each.provider == asker.account_id))
    yield None


def _approver_leaves_between(desk: Desk, asker: Person) -> Sequence:
    """Two people have to approve, and the first leaves before the second clicks."""
    desk.want_two(asker.account_id)
    ask = desk.knock(asker)
    yield MINUTE
    desk.click(ask, "U0ALICE", approve=True)
    desk.change_list("U0ALICE")
    yield 2 * MINUTE
    desk.click(ask, "U0BOB", approve=True)
    yield 5 * MINUTE
    desk.change_list("U0ALICE")
    yield None


def _approver_leaves_before_use(desk: Desk, asker: Person) -> Sequence:
    """An approval that is recorded and reaches the workflow late: whoever gave it has left by then."""
    ask = desk.knock(asker)
    yield MINUTE
    # As long as it lasts nobody can tell the task, and each look comes to be killed.
    killed = CallFault("states:SendTaskSuccess", "kill-before", account=desk.home.account_id, role="drawbridge-*")
    faults.replace(FaultPlan(0, faults.events, (killed, *faults.calls)))
    desk.click(ask, "U0CAROL", approve=True)
    desk.change_list("U0CAROL")
    clock.advance(GRACE + LATE + 2.0)
    faults.replace(
        FaultPlan(0, faults.events, tuple(each for each in faults.calls if each.operation != killed.operation))
    )
    yield None


class Played:
    """The sequences, and where each stands."""

    def __init__(self, sequences: dict[str, Sequence]) -> None:
        self._left = sequences
        self._due: dict[str, float | None] = dict.fromkeys(sequences, 0.0)

    def play(self, settle: Callable[[], None]) -> None:
        """Play them all to their ends."""
        while self._left:
            waits = [left for left in self._due.values() if left is not None]
            if not waits:
                settle()
                self._due = dict.fromkeys(self._left, 0.0)
                continue
            shortest = min(waits)
            fast_forward(shortest, patience=_PATIENCE)
            for name, left in self._due.items():
                if left is not None:
                    self._due[name] = left - shortest
            for name in [name for name, left in self._due.items() if left == 0.0]:
                try:
                    self._due[name] = next(self._left[name])
                except StopIteration:
                    del self._left[name], self._due[name]


@pytest.fixture
def homes(deployed: Callable[..., Person]) -> list[Home]:
    return [Home(deployed(f"{540900000001 + number}", LookEvery="rate(5 minutes)")) for number in range(2)]


def test_each_sequence_that_tells_a_fault_comes_right(
    world: World, deployed: Callable[..., Person], homes: list[Home]
) -> None:
    numbers = itertools.count(540900000101)

    def asker() -> Person:
        return world.person(str(next(numbers)))

    them = Neighbours(homes, [])
    asking = deployed("540900000009", LookEvery="rate(5 minutes)", SlackChannel=APPROVALS, ApprovalHours="24")
    desk, accepted = Desk(Home(asking)), Acceptances()
    one, other = homes
    wrong: list[str] = []
    # Alone, as the work of others makes time pass: what was decided a minute ago is decided again anyway.
    first = Played({"share grows before acceptance": _share_grows_before_acceptance(them, other, asker())})
    played = Played(
        {
            "policy changes while throttled": _policy_changes_while_throttled(them, one, asker()),
            "stripped": _stripped(them, one, asker()),
            "share grows after acceptance": _share_grows_after_acceptance(them, other, asker()),
            "live connection": _live_connection(them, other, asker()),
            "late tag": _late_tag(them, other, asker()),
            "alias that is taken": _alias_that_is_taken(them, other, asker()),
            "alias that is given up": _alias_that_is_given_up(them, other, asker()),
            "approver leaves between": _approver_leaves_between(desk, asker()),
            "approver leaves before use": _approver_leaves_before_use(desk, asker()),
        }
    )

    def settle() -> None:
        fast_forward(SETTLING, patience=_PATIENCE)
        fast_forward(LONGEST, until=lambda: at_rest(them) and desk.at_rest(), patience=_PATIENCE)
        fast_forward(SETTLING, patience=_PATIENCE)
        wrong.extend([*judge(them, accepted), *desk.judge(accepted)])

    try:
        first.play(settle)
        played.play(settle)
    finally:
        world.control("faults", {})
    assert wrong == [], "\n".join(wrong)
    assert world.denied(*(home.person for home in [*homes, desk.home])) == []
