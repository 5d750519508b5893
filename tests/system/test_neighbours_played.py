"""Short sequences, each of which shows one fault: played side by side, by the rules and the judgement of the model."""

import itertools
from collections.abc import Callable, Generator, Iterator

import pytest

from local_aws.testing.clock import clock, fast_forward, in_flight
from local_aws.testing.faults import CallFault, FaultPlan, faults
from local_aws.testing.slack import APPROVALS
from scenarios.people import Person
from tests.system.conftest import World, bring_to_rest
from tests.system.model.acceptances import Acceptances
from tests.system.model.approvals import ApprovalAccount
from tests.system.model.asks import GRACE, LATE, LISTED_BEFORE, Ask
from tests.system.model.homes import Home
from tests.system.model.judgement import at_rest, judge
from tests.system.model.neighbours import DENIED_IF_GONE, Neighbours
from tests.system.model.pace import DAY, let_days_pass

MINUTE = 60.0
SETTLING = 6 * MINUTE
"""A sweep of the schedule, and some."""

CONFIRMING = 26 * MINUTE
"""Five sweeps: what is gone is found by one, and is so still ten minutes later."""

LONGEST = 8 * 60 * MINUTE

WHILE = 12.0
"""Seconds in which something is decided, and Accept tried: what is throttled is tried again in real time."""

DAYS = 4 * DAY
"""Twice that is more than the week for which stays what is no longer permitted."""

_PATIENCE = 240.0
"""Real seconds: many begin at once, each with functions that start cold, and some are throttled."""

_accounts = itertools.count(540900000001)
_requesters = itertools.count(540900000101)

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
    _nobody_sleeps()
    clock.advance(GRACE + LATE + 2.0)
    them.break_no_more(home)
    yield None


def _nobody_sleeps() -> None:
    """Let time pass until no function sleeps between two tries of the SDK's: it acts on what it saw before it slept.

    Time is about to be advanced, and it would look as if it had slept that long.
    """
    fast_forward(10 * MINUTE, until=lambda: "asleep" not in in_flight())


def _share_grows_before_acceptance(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """A share that grows between decision and acceptance: its contents are listed again."""
    them.throttle(home)
    them.share(requester, home, 1)
    ask = them.asks[-1]
    them.permit(home, requester.account_id)
    yield 4.0
    _nobody_sleeps()
    them.put_subnet(ask)
    clock.advance(LISTED_BEFORE + 2.0)
    them.break_no_more(home)


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


def _connected(them: Neighbours, home: Home, requester: Person) -> Generator[float | None, None, tuple[Ask, Ask]]:
    """Connect a share, and a connection to a service; return both."""
    them.permit(home, requester.account_id)
    them.share(requester, home, 1)
    share = them.asks[-1]
    them.bind(share)
    them.offer_service(home)
    them.connect(requester, them.services[-1])
    connection = them.asks[-1]
    yield None
    return share, connection


def _share_that_shrinks_and_goes(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """A share that loses a resource, and then is deleted: each goes, and nothing that people made beside it."""
    them.permit(home, requester.account_id)
    them.share(requester, home, 2)
    ask = them.asks[-1]
    them.bind(ask)
    yield None
    them.connect_by_hand(ask)
    them.write_beside(ask)
    them.take_from(ask)
    yield None
    them.take_back(ask)
    yield None


def _account_taken_off(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """An account that is taken off a share, and put back: what was connected goes, and comes back."""
    them.permit(home, requester.account_id)
    them.share(requester, home, 1)
    ask = them.asks[-1]
    them.bind(ask)
    yield None
    them.take_off(ask)
    yield None
    them.take_off(ask)
    yield None


def _resource_deleted(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """A resource that its owner deletes; the other one of its share stays."""
    them.permit(home, requester.account_id)
    them.share(requester, home, 2)
    ask = them.asks[-1]
    them.bind(ask)
    yield None
    them.delete_resource(ask)
    yield None


def _shared_again(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """A share that is deleted when another one holds the same: nothing is interrupted."""
    them.permit(home, requester.account_id)
    them.share(requester, home, 1)
    ask = them.asks[-1]
    them.bind(ask)
    yield None
    them.share_again(ask)
    yield None
    them.take_back(ask)
    yield None


def _binding_that_moves_and_goes(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """A binding that moves to another VPC, and then is removed, while calls that take something down go wrong."""
    them.permit(home, requester.account_id)
    them.share(requester, home, 1)
    ask = them.asks[-1]
    them.bind(ask)
    yield None
    name = next(each.name for each in home.bindings.values() if each.matches(requester.account_id, ask.names[0]))
    them.break_withdrawals(home, "lost-answer")
    them.move_binding(home, name)
    yield None
    them.break_withdrawals(home, "kill-after")
    them.unbind(home, name)
    yield None


def _stripped_and_unbound(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """An endpoint whose tags somebody took, and that nothing calls for any longer: it is left alone."""
    them.permit(home, requester.account_id)
    them.share(requester, home, 1)
    ask = them.asks[-1]
    them.bind(ask)
    yield None
    name = next(each.name for each in home.bindings.values() if each.matches(requester.account_id, ask.names[0]))
    them.strip(home, name)
    them.unbind(home, name)
    yield None


def _forbidden(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """A forbid that lasts for a week: what was let in goes, and the share comes back once it is permitted again."""
    both = yield from _connected(them, home, requester)
    for ask in both:
        them.write_beside(ask)
    them.forbid(home, requester.account_id)
    yield None
    yield DAYS
    yield None
    yield DAYS
    yield None
    them.forbid_no_more(home, requester.account_id)
    yield None


def _forbidden_twice(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """A forbid that goes in time, and another one: that begins a week of its own."""
    yield from _connected(them, home, requester)
    them.forbid(home, requester.account_id)
    yield None
    yield DAYS
    them.forbid_no_more(home, requester.account_id)
    yield None
    them.forbid(home, requester.account_id)
    yield DAYS
    yield None


def _forbidden_at_once(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """An urgent forbid does not wait; the share comes back, and the connection that was rejected does not."""
    yield from _connected(them, home, requester)
    them.forbid(home, requester.account_id, urgent=True)
    yield None
    them.forbid_no_more(home, requester.account_id)
    yield None


def _registered_no_more(them: Neighbours, home: Home, requester: Person, other: Person) -> Sequence:
    """A consumer that is deleted from the registry: its connection goes after a week, and not another one's."""
    them.offer_service(home)
    for each in (requester, other):
        them.register(home, each.account_id)
        them.connect(each, them.services[-1])
    yield None
    them.unregister(home, requester.account_id)
    yield None
    yield DAYS
    yield None
    yield DAYS
    yield None


def _connections_that_end(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """One connection is deleted by whoever asked for it, one is rejected by hand: the names of both go, of no other."""
    them.permit(home, requester.account_id)
    them.offer_service(home)
    for _ in range(3):
        them.connect(requester, them.services[-1])
    deleted, rejected, _ = them.asks[-3:]
    yield None
    them.break_withdrawals(home, "kill-before")
    them.take_back(deleted)
    them.reject_by_hand(rejected)
    yield None


def _orphan(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """A share that is deleted when the ledger has lost its row: what was made for it is found, and goes."""
    both = yield from _connected(them, home, requester)
    yield None
    for ask in both:
        assert them.lose(ask)
        them.take_back(ask)
    yield DAYS
    yield None


def _row_that_is_lost(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """Rows that the ledger has lost, of what is there: nothing is interrupted, and it goes once it is forbidden."""
    both = yield from _connected(them, home, requester)
    for ask in both:
        assert them.lose(ask)
    permit = next(name for name, permitted in home.permits.items() if permitted == requester.account_id)
    them.delete_policy(home, permit)
    yield None
    yield DAYS
    yield None
    yield DAYS
    yield None
    them.reject(home, requester.account_id)
    them.forbid(home, requester.account_id, urgent=True)
    yield None


def _listings_that_lie(them: Neighbours, home: Home, requester: Person) -> Sequence:
    """Lists that fail, and then are empty, for longer than it takes to confirm what is gone: nothing is taken down."""
    # Last of all, as nothing of others is taken down meanwhile.
    yield from _connected(them, home, requester)
    yield None
    yield None
    them.break_listings(home, "error")
    yield 25 * MINUTE
    them.break_no_more(home)
    them.break_listings(home, "empty")
    yield 25 * MINUTE
    them.break_no_more(home)
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

    def __init__(self, sequences: dict[str, Sequence], people: list[Person]) -> None:
        """``people`` are those with the stack."""
        self._left = sequences
        self._people = people
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
            if shortest < DAY:
                fast_forward(shortest, patience=_PATIENCE)
            else:
                let_days_pass(self._people, shortest, patience=_PATIENCE)
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
    return [Home(deployed(str(next(_accounts)), LookEvery="rate(5 minutes)")) for _ in range(2)]


@pytest.fixture
def requester(world: World) -> Callable[[], Person]:
    return lambda: world.person(str(next(_requesters)))


def test_each_sequence_that_tells_a_fault_comes_right(
    world: World, deployed: Callable[..., Person], homes: list[Home], requester: Callable[[], Person]
) -> None:
    them = Neighbours(homes, [])
    asking = deployed(str(next(_accounts)), LookEvery="rate(5 minutes)", SlackChannel=APPROVALS, ApprovalHours="24")
    approvals, accepted = ApprovalAccount(Home(asking)), Acceptances()
    people = [*(home.person for home in homes), asking]
    one, other = homes
    wrong: list[str] = []
    # Alone, as the work of others makes time pass: what was decided a minute ago is decided again anyway.
    first = Played({"share grows before acceptance": _share_grows_before_acceptance(them, other, requester())}, people)
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
        },
        people,
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
        # They would sweep on while days pass for others.
        bring_to_rest(people)
    assert wrong == [], "\n".join(wrong)
    assert world.denied(*people) == []


@pytest.mark.timeout(1800)
def test_each_sequence_in_which_something_is_taken_down_comes_right(
    world: World, deployed: Callable[..., Person], requester: Callable[[], Person]
) -> None:
    home = Home(deployed(str(next(_accounts)), LookEvery="rate(5 minutes)"))
    them, accepted = Neighbours([home], []), Acceptances()
    wrong: list[str] = []
    played = Played(
        {
            "share that shrinks and goes": _share_that_shrinks_and_goes(them, home, requester()),
            "account taken off": _account_taken_off(them, home, requester()),
            "resource deleted": _resource_deleted(them, home, requester()),
            "shared again": _shared_again(them, home, requester()),
            "binding that moves and goes": _binding_that_moves_and_goes(them, home, requester()),
            "connections that end": _connections_that_end(them, home, requester()),
            "forbidden twice": _forbidden_twice(them, home, requester()),
            "row that is lost": _row_that_is_lost(them, home, requester()),
            "stripped and unbound": _stripped_and_unbound(them, home, requester()),
            "forbidden": _forbidden(them, home, requester()),
            "forbidden at once": _forbidden_at_once(them, home, requester()),
            "registered no more": _registered_no_more(them, home, requester(), requester()),
            "orphan": _orphan(them, home, requester()),
            "listings that lie": _listings_that_lie(them, home, requester()),
        },
        [home.person],
    )

    def settle() -> None:
        fast_forward(CONFIRMING, patience=_PATIENCE)
        fast_forward(LONGEST, until=lambda: at_rest(them), patience=_PATIENCE)
        fast_forward(SETTLING, patience=_PATIENCE)
        wrong.extend(judge(them, accepted))

    try:
        played.play(settle)
    finally:
        world.control("faults", {})
    assert wrong == [], "\n".join(wrong)
    assert [each for each in world.denied(home.person) if each["operation"] not in DENIED_IF_GONE] == []
