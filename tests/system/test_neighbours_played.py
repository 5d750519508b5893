"""Short sequences, each of which shows one fault: played side by side, by the rules and the judgement of the model."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from local_aws.testing.clock import clock, fast_forward
from local_aws.testing.faults import CallFault, FaultPlan, faults
from local_aws.testing.slack import APPROVALS
from scenarios.people import Person
from tests.system.conftest import World
from tests.system.model.acceptances import Acceptances
from tests.system.model.approvals import ApprovalAccount
from tests.system.model.asks import GRACE, LATE, LISTED_BEFORE
from tests.system.model.homes import Home
from tests.system.model.judgement import at_rest, judge
from tests.system.model.neighbours import Neighbours

MINUTE = 60.0
SETTLING = 6 * MINUTE
"""A sweep of the schedule, and some."""

LONGEST = 8 * 60 * MINUTE

WHILE = 12.0
"""Seconds in which something is decided, and Accept tried: what is throttled is tried again in real time."""

_PATIENCE = 240.0
"""Real seconds: many begin at once, each with functions that start cold, and some are throttled."""

Sequence = Iterator[float | None]
"""What is done, bit by bit; between the bits so many seconds pass or, for ``None``, all settles and is judged."""


def _policy_changes_while_throttled(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """Policies that change while Accept is throttled: nothing is done that was decided more than a minute ago."""
    them.throttle(home)
    them.share(requester, home, 1)
    them.offer_service(home)
    them.connect(requester, them.services[-1])
    them.permit(home, requester.account_id)
    yield WHILE
    them.forbid(home, requester.account_id)
    clock.advance(GRACE + LATE + 2.0)
    them.throttle_no_more(home)
    yield None


def _share_grows_before_acceptance(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """A share that grows between decision and acceptance: its contents are listed again."""
    them.throttle(home)
    them.share(requester, home, 1)
    ask = them.asks[-1]
    them.permit(home, requester.account_id)
    yield 4.0
    them.put_subnet(ask)
    clock.advance(LISTED_BEFORE + 2.0)
    them.throttle_no_more(home)


def _share_grows_after_acceptance(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """A share that grows when policies would not let it in any more: what was let in stays, and nothing joins it."""
    them.permit(home, requester.account_id)
    them.share(requester, home, 1)
    ask = them.asks[-1]
    them.bind(ask)
    yield None
    them.forbid(home, requester.account_id)
    yield 2 * MINUTE
    them.add_to(ask)
    yield None


def _live_connection(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """A live connection on a service that becomes managed under a policy that rejects."""
    them.reject(home, requester.account_id)
    them.offer_unmanaged_service(home, requester)
    unmanaged = them.unmanaged[-1]
    yield MINUTE
    them.accept_unmanaged(unmanaged)
    yield MINUTE
    them.manage(unmanaged)
    yield None


def _late_tag(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """A VPC that gets the tag by which a binding names VPCs when everything else is connected."""
    them.permit(home, requester.account_id)
    them.share(requester, home, 1)
    them.bind(them.asks[-1], by_tag=True)
    them.tag_vpc(home, home.vpcs[0])
    yield None
    them.tag_vpc(home, home.vpcs[1])
    yield None


def _stripped(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """An endpoint whose tags somebody took: no second one is made."""
    them.permit(home, requester.account_id)
    them.share(requester, home, 1)
    ask = them.asks[-1]
    them.bind(ask)
    yield None
    them.strip(home)
    them.add_to(ask)
    yield None


def _alias_that_is_taken(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """A binding has the alias that another one has: that one keeps it."""
    them.permit(home, requester.account_id)
    them.share(requester, home, 1)
    ask = them.asks[-1]
    them.share_alias(ask)
    yield None
    them.share_alias(ask)
    yield None


def _alias_that_is_given_up(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """Of two bindings with one alias at once, one gets another: both aliases lead where they should."""
    them.permit(home, requester.account_id)
    them.share(requester, home, 1)
    ask = them.asks[-1]
    them.share_alias(ask)
    them.share_alias(ask)
    yield None
    them.rename_alias(home, next(each for each in home.bindings.values() if each.provider == requester.account_id))
    yield None


def _approver_leaves_between(approvals: ApprovalAccount, requester: Person) -> Sequence:
    """Two people have to approve, and the first leaves before the second clicks."""
    approvals.require_two_people(requester.account_id)
    ask = approvals.ask_for_approval(requester)
    yield MINUTE
    approvals.click(ask, "U0ALICE", approve=True)
    approvals.change_list("U0ALICE")
    yield 2 * MINUTE
    approvals.click(ask, "U0BOB", approve=True)
    yield 5 * MINUTE
    approvals.change_list("U0ALICE")
    yield None


def _approver_leaves_before_use(approvals: ApprovalAccount, requester: Person) -> Sequence:
    """An approval that is recorded and reaches the workflow late: whoever gave it has left by then."""
    ask = approvals.ask_for_approval(requester)
    yield MINUTE
    # As long as it lasts nobody can resume the task, and each sweep is killed.
    killed = CallFault("states:SendTaskSuccess", "kill-before", account=approvals.home.account_id, role="drawbridge-*")
    faults.replace(FaultPlan(0, faults.events, (killed, *faults.calls)))
    approvals.click(ask, "U0CAROL", approve=True)
    approvals.change_list("U0CAROL")
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

    def requester() -> Person:
        return world.person(str(next(numbers)))

    them = Neighbours(homes, [])
    asking = deployed("540900000009", LookEvery="rate(5 minutes)", SlackChannel=APPROVALS, ApprovalHours="24")
    approvals, accepted = ApprovalAccount(Home(asking)), Acceptances()
    one, other = homes
    wrong: list[str] = []
    # Alone, as the work of others makes time pass: what was decided a minute ago is decided again anyway.
    first = Played({"share grows before acceptance": _share_grows_before_acceptance(them, other, requester())})
    played = Played(
        {
            "policy changes while throttled": _policy_changes_while_throttled(them, one, requester()),
            "stripped": _stripped(them, one, requester()),
            "share grows after acceptance": _share_grows_after_acceptance(them, other, requester()),
            "live connection": _live_connection(them, other, requester()),
            "late tag": _late_tag(them, other, requester()),
            "alias that is taken": _alias_that_is_taken(them, other, requester()),
            "alias that is given up": _alias_that_is_given_up(them, other, requester()),
            "approver leaves between": _approver_leaves_between(approvals, requester()),
            "approver leaves before use": _approver_leaves_before_use(approvals, requester()),
        }
    )

    def settle() -> None:
        fast_forward(SETTLING, patience=_PATIENCE)
        fast_forward(LONGEST, until=lambda: at_rest(them) and approvals.at_rest(), patience=_PATIENCE)
        fast_forward(SETTLING, patience=_PATIENCE)
        wrong.extend([*judge(them, accepted), *approvals.judge(accepted)])

    try:
        first.play(settle)
        played.play(settle)
    finally:
        world.control("faults", {})
    assert wrong == [], "\n".join(wrong)
    assert world.denied(*(home.person for home in [*homes, approvals.home])) == []
