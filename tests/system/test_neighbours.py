"""Everything at once: whatever people, AWS and the clock do, it comes right once all is quiet."""

import itertools
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from local_aws.testing.clock import clock, fast_forward
from local_aws.testing.slack import APPROVALS
from scenarios.people import Person
from tests.system.conftest import LONG, World, bring_to_rest
from tests.system.model.acceptances import Acceptances
from tests.system.model.approvals import APPROVERS, NOBODY, ApprovalAccount
from tests.system.model.asks import GRACE, LATE, Ask
from tests.system.model.homes import Home
from tests.system.model.judgement import at_rest, judge
from tests.system.model.neighbours import DENIED_IF_GONE, LISTINGS, Neighbours
from tests.system.model.pace import DAY, let_days_pass
from tests.system.model.runs import RUNS

MINUTE = 60.0
HOUR = 60 * MINUTE

SETTLING = 6 * MINUTE
"""A sweep of the schedule, and some."""

CONFIRMING = 26 * MINUTE
"""Five sweeps: what is gone is found by one, and is so still ten minutes later."""

FINDING = 7 * HOUR
"""Orphans are looked for every six hours."""

LONGEST = 8 * HOUR
"""What failed is tried again after at most six hours."""

MUCH = 8
"""Steps after which it is worth its time to let all settle."""

_OPERATIONS = (
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
    "ec2:AcceptVpcEndpointConnections",
    "ec2:CreateVpcEndpoint",
    "ec2:DeleteVpcEndpoints",
    "ec2:Describe*",
    "ec2:RejectVpcEndpointConnections",
    "events:PutEvents",
    "ram:AcceptResourceShareInvitation",
    "ram:Get*",
    "ram:List*",
    "ssm:DeleteParameters",
    "ssm:Get*",
    "ssm:PutParameter",
    "states:StartExecution",
    "vpc-lattice:Delete*",
    "vpc-lattice:GetResourceConfiguration",
)
_FAULTS = st.sampled_from(["throttle", "error", "lost-answer", "kill-before", "kill-after", "timeout"])
_CALL_FAULTS = st.one_of(
    st.fixed_dictionaries(
        {
            "operation": st.sampled_from(_OPERATIONS),
            "fault": _FAULTS,
            "times": st.integers(1, 4),
            "skip": st.integers(0, 3),
            "role": st.just("drawbridge-*"),
        }
    ),
    st.fixed_dictionaries(
        {
            "operation": st.just("*:*"),
            "fault": _FAULTS,
            "probability": st.sampled_from([0.02, 0.1, 0.3]),
            "times": st.integers(1, 20),
            "role": st.just("drawbridge-*"),
        }
    ),
    st.fixed_dictionaries(
        {
            "operation": st.sampled_from([*LISTINGS, "ssm:GetParametersByPath"]),
            "fault": st.sampled_from(["empty", "cut"]),
            "times": st.integers(1, 20),
            "role": st.just("drawbridge-*"),
        }
    ),
)
_EVENT_FAULTS = st.fixed_dictionaries(
    {
        "drop": st.sampled_from([0.0, 0.5, 1.0]),
        "duplicate": st.sampled_from([0.0, 0.5, 1.0]),
        "delay": st.sampled_from([0.0, 45.0]),
        "reorder": st.booleans(),
    }
)
_numbers = itertools.count(1)
_survived: Counter[str] = Counter()


class Together(RuleBasedStateMachine):
    """Two accounts with the stack and three others; each run has accounts of its own."""

    world: ClassVar[World]
    deployed: ClassVar[Callable[..., Person]]
    neighbours: Neighbours
    approvals: ApprovalAccount | None = None
    """In the long profile only: a third account with the stack takes its time. The short one's is played elsewhere."""
    accepted: Acceptances
    unsettled = 0
    has_lost_rows = False
    has_seen_days = False

    @initialize(calls=st.lists(_CALL_FAULTS, min_size=1, max_size=4), seed=st.integers(0, 999))
    def begin(self, calls: list[dict[str, Any]], seed: int) -> None:
        _survived["runs"] += 1
        self.world.control("settings", {"ramEventsToInvitees": True})
        # The cap on what goes at once has tests of its own.
        parameters = {"LookEvery": "rate(5 minutes)", "WithdrawCap": "1000000"}
        homes = [type(self).deployed(_account(), **parameters) for _ in range(2)]
        others = [self.world.person(_account()) for _ in range(3)]
        self.neighbours = Neighbours([Home(home) for home in homes], others)
        self.accepted = Acceptances()
        if LONG:
            asking = {"SlackChannel": APPROVALS, "ApprovalHours": "24"}
            self.approvals = ApprovalAccount(
                Home(type(self).deployed(_account(), LookEvery="rate(5 minutes)", **asking))
            )
        for home in self.neighbours.homes:
            self.neighbours.offer_service(home)
        self.world.control("faults", {"seed": seed, "calls": calls})

    # ---- requesters

    @rule(data=st.data(), count=st.integers(1, 2))
    def share(self, data: st.DataObject, count: int) -> None:
        home = self._home(data)
        self.neighbours.share(self._other(data, home), home, count)

    @precondition(lambda self: any(self.neighbours.shares()))
    @rule(data=st.data())
    def add_to_share(self, data: st.DataObject) -> None:
        ask = data.draw(st.sampled_from(list(self.neighbours.shares())))
        self.neighbours.add_to(ask)

    @precondition(lambda self: any(self.neighbours.shares()))
    @rule(data=st.data(), what=st.sampled_from(["takes a resource out", "puts a subnet in, or takes it out"]))
    def change_share(self, data: st.DataObject, what: str) -> None:
        ask = data.draw(st.sampled_from(list(self.neighbours.shares())))
        (self.neighbours.take_from if what == "takes a resource out" else self.neighbours.put_subnet)(ask)

    @precondition(lambda self: any(self.neighbours.shares()))
    @rule(data=st.data(), what=st.sampled_from(["takes the account off", "shares again", "deletes a resource"]))
    def change_sharing(self, data: st.DataObject, what: str) -> None:
        ask = data.draw(st.sampled_from(list(self.neighbours.shares())))
        match what:
            case "takes the account off":
                self.neighbours.take_off(ask)
            case "shares again":
                self.neighbours.share_again(ask)
            case _:
                self.neighbours.delete_resource(ask)

    @rule(data=st.data())
    def offer_service(self, data: st.DataObject) -> None:
        self.neighbours.offer_service(self._home(data))

    @rule(data=st.data())
    def offer_unmanaged_service(self, data: st.DataObject) -> None:
        home = self._home(data)
        self.neighbours.offer_unmanaged_service(home, self._other(data, home))

    @precondition(lambda self: self.neighbours.unmanaged)
    @rule(data=st.data(), accepted=st.booleans(), rejected=st.booleans())
    def manage(self, data: st.DataObject, accepted: bool, rejected: bool) -> None:
        unmanaged = data.draw(st.sampled_from(self.neighbours.unmanaged))
        if accepted:
            self.neighbours.accept_unmanaged(unmanaged)
        if rejected:
            self.neighbours.reject(unmanaged.home, unmanaged.requester.account_id)
        self.neighbours.manage(unmanaged)

    @precondition(lambda self: self.neighbours.services)
    @rule(data=st.data())
    def connect(self, data: st.DataObject) -> None:
        service = data.draw(st.sampled_from(self.neighbours.services))
        self.neighbours.connect(self._other(data, service[0]), service)

    @precondition(lambda self: self.neighbours.asks)
    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        self.neighbours.take_back(self._ask(data))

    @precondition(lambda self: any(self.neighbours.shares()))
    @rule(data=st.data())
    def accept_by_hand(self, data: st.DataObject) -> None:
        self.neighbours.accept_by_hand(data.draw(st.sampled_from(list(self.neighbours.shares()))))

    # ---- those who govern

    @precondition(lambda self: self.neighbours.asks)
    @rule(data=st.data())
    def permit(self, data: st.DataObject) -> None:
        ask = self._ask(data)
        self.neighbours.permit(ask.home, ask.requester.account_id)

    @rule(data=st.data())
    def permit_anyone(self, data: st.DataObject) -> None:
        home = self._home(data)
        self.neighbours.permit(home, self._other(data, home).account_id)

    @rule(data=st.data(), urgent=st.booleans())
    def forbid(self, data: st.DataObject, urgent: bool) -> None:
        home = self._home(data)
        self.neighbours.forbid(home, self._other(data, home).account_id, urgent=urgent)

    @precondition(lambda self: self.neighbours.asks)
    @rule(data=st.data(), urgent=st.booleans())
    def forbid_whoever_asked(self, data: st.DataObject, urgent: bool) -> None:
        ask = self._ask(data)
        self.neighbours.forbid(ask.home, ask.requester.account_id, urgent=urgent)

    @precondition(lambda self: any(home.forbids for home in self.neighbours.homes))
    @rule(data=st.data())
    def forbid_no_more(self, data: st.DataObject) -> None:
        forbidden = [(home, each) for home in self.neighbours.homes for each in home.forbids.values()]
        self.neighbours.forbid_no_more(*data.draw(st.sampled_from(forbidden)))

    @rule(data=st.data())
    def reject(self, data: st.DataObject) -> None:
        home = self._home(data)
        self.neighbours.reject(home, self._other(data, home).account_id)

    @precondition(lambda self: any(home.permits or home.forbids or home.rejects for home in self.neighbours.homes))
    @rule(data=st.data(), garbled=st.booleans())
    def change_policy(self, data: st.DataObject, garbled: bool) -> None:
        written = [
            (home, name) for home in self.neighbours.homes for name in (*home.permits, *home.forbids, *home.rejects)
        ]
        home, name = data.draw(st.sampled_from(written))
        (self.neighbours.garble if garbled else self.neighbours.delete_policy)(home, name)

    @rule(data=st.data())
    def register(self, data: st.DataObject) -> None:
        home = self._home(data)
        self.neighbours.register(home, self._other(data, home).account_id)

    @precondition(lambda self: any(home.registered for home in self.neighbours.homes))
    @rule(data=st.data())
    def unregister(self, data: st.DataObject) -> None:
        registered = [(home, each) for home in self.neighbours.homes for each in sorted(home.registered)]
        self.neighbours.unregister(*data.draw(st.sampled_from(registered)))

    @precondition(lambda self: any(self.neighbours.connections()))
    @rule(data=st.data())
    def reject_by_hand(self, data: st.DataObject) -> None:
        self.neighbours.reject_by_hand(data.draw(st.sampled_from(list(self.neighbours.connections()))))

    @precondition(lambda self: any(ask.in_effect for ask in self.neighbours.asks))
    @rule(data=st.data())
    def make_by_hand(self, data: st.DataObject) -> None:
        ask = data.draw(st.sampled_from([ask for ask in self.neighbours.asks if ask.in_effect]))
        self.neighbours.connect_by_hand(ask)
        self.neighbours.write_beside(ask)

    # What a share that is deleted has left is found after hours: the short profile leaves that to what is played.
    @precondition(lambda self: LONG > 0 and any(ask.was_live for ask in self.neighbours.asks))
    @rule(data=st.data(), taken_back=st.booleans())
    def lose_row(self, data: st.DataObject, taken_back: bool) -> None:
        ask = data.draw(st.sampled_from([ask for ask in self.neighbours.asks if ask.was_live]))
        if self.neighbours.lose(ask):
            self.has_lost_rows = True
            if taken_back:
                self.neighbours.take_back(ask)

    @precondition(lambda self: any(self.neighbours.shares()))
    @rule(data=st.data(), by_tag=st.booleans())
    def bind(self, data: st.DataObject, by_tag: bool) -> None:
        self.neighbours.bind(data.draw(st.sampled_from(list(self.neighbours.shares()))), by_tag=by_tag)

    @rule(data=st.data())
    def tag_vpc(self, data: st.DataObject) -> None:
        home = self._home(data)
        self.neighbours.tag_vpc(home, data.draw(st.sampled_from(home.vpcs)))

    @precondition(lambda self: any(home.bindings for home in self.neighbours.homes))
    @rule()
    def strip(self) -> None:
        for home in self.neighbours.homes:
            self.neighbours.strip(home)

    @precondition(lambda self: any(home.bindings for home in self.neighbours.homes))
    @rule(data=st.data(), what=st.sampled_from(["narrows", "garbles", "squats on", "moves", "removes"]))
    def change_binding(self, data: st.DataObject, what: str) -> None:
        written = [(home, name) for home in self.neighbours.homes for name in home.bindings]
        home, name = data.draw(st.sampled_from(written))
        match what:
            case "squats on":
                self.neighbours.squat(home, home.bindings[name])
            case "moves":
                self.neighbours.move_binding(home, name)
            case "removes":
                self.neighbours.unbind(home, name)
            case _:
                self.neighbours.change_binding(home, name, garbled=what == "garbles")

    # What is throttled is tried again in real time: the short profile leaves that to what is played.
    @precondition(lambda self: LONG > 0)
    @rule(data=st.data(), of_share=st.booleans())
    def forbid_while_throttled(self, data: st.DataObject, of_share: bool) -> None:
        """Somebody is let in while Accept is throttled, and minutes later, before it works again, is not any more."""
        home = self._home(data)
        requester = self._other(data, home)
        self._count_faults()
        self.neighbours.throttle(home)
        if of_share:
            self.neighbours.share(requester, home, 1)
        else:
            service = next(each for each in self.neighbours.services if each[0] is home)
            self.neighbours.connect(requester, service)
        self.neighbours.permit(home, requester.account_id)
        fast_forward(10.0)
        self.neighbours.forbid(home, requester.account_id)
        clock.advance(GRACE + LATE + 2.0)
        self.neighbours.break_no_more(home)

    @precondition(lambda self: any(self.neighbours.shares()))
    @rule(data=st.data())
    def share_alias(self, data: st.DataObject) -> None:
        self.neighbours.share_alias(data.draw(st.sampled_from(list(self.neighbours.shares()))))

    @precondition(lambda self: any(each.alias for home in self.neighbours.homes for each in home.bindings.values()))
    @rule(data=st.data())
    def rename_alias(self, data: st.DataObject) -> None:
        named = [(home, each) for home in self.neighbours.homes for each in home.bindings.values() if each.alias]
        self.neighbours.rename_alias(*data.draw(st.sampled_from(named)))

    # ---- those who are asked

    @precondition(lambda self: self.approvals is not None)
    @rule(data=st.data(), two=st.booleans())
    def ask_for_approval(self, data: st.DataObject, two: bool) -> None:
        requester = data.draw(st.sampled_from(self.neighbours.others))
        approvals = self._approvals()
        if two:
            approvals.require_two_people(requester.account_id)
        approvals.ask_for_approval(requester)

    @precondition(lambda self: self.approvals is not None and self.approvals.asked())
    @rule(data=st.data(), user=st.sampled_from([*APPROVERS, NOBODY]), approve=st.booleans())
    def click(self, data: st.DataObject, user: str, approve: bool) -> None:
        approvals = self._approvals()
        approvals.click(data.draw(st.sampled_from(approvals.asked())), user, approve=approve)

    @precondition(lambda self: self.approvals is not None and self.approvals.asked())
    @rule(data=st.data(), user=st.sampled_from(APPROVERS))
    def approve_and_leave(self, data: st.DataObject, user: str) -> None:
        approvals = self._approvals()
        approvals.click(data.draw(st.sampled_from(approvals.asked())), user, approve=True)
        approvals.change_list(user)

    @precondition(lambda self: self.approvals is not None)
    @rule(user=st.sampled_from(APPROVERS))
    def change_list(self, user: str) -> None:
        self._approvals().change_list(user)

    # ---- what befalls them

    @rule(calls=st.lists(_CALL_FAULTS, max_size=3), events=_EVENT_FAULTS, seed=st.integers(0, 999))
    def break_things(self, calls: list[dict[str, Any]], events: dict[str, Any], seed: int) -> None:
        self._count_faults()
        self.world.control("faults", {"seed": seed, "calls": calls, "events": events})

    @rule(events=st.booleans())
    def tell_invitees(self, events: bool) -> None:
        self.world.control("settings", {"ramEventsToInvitees": events})

    @rule(seconds=st.sampled_from([0.0, 5.0, 30.0, 2 * MINUTE, 20 * MINUTE]))
    def wait(self, seconds: float) -> None:
        fast_forward(seconds)

    @rule(seconds=st.sampled_from([90.0, HOUR, 13 * HOUR]))
    def jump(self, seconds: float) -> None:
        clock.advance(seconds)

    # The short profile has one week: it takes as long as all else that happens.
    @precondition(lambda self: any(ask.lapse for ask in self.neighbours.asks) and (LONG > 0 or not self.has_seen_days))
    @rule(days=st.sampled_from([3, 8]))
    def let_days_pass(self, days: int) -> None:
        self.has_seen_days = True
        let_days_pass((home.person for home in self._homes()), days * DAY)

    @precondition(lambda self: self.unsettled > MUCH)
    @rule()
    def settle(self) -> None:
        self._settle()

    def teardown(self) -> None:
        if not hasattr(self, "neighbours"):
            return
        try:
            self._settle()
        finally:
            self.world.control("faults", {})
            self.world.control("settings", {"ramEventsToInvitees": False})
            bring_to_rest(home.person for home in self._homes())

    @invariant()
    def count(self) -> None:
        _survived["steps"] += 1
        self.accepted.gather()
        self.unsettled += 1

    def _settle(self) -> None:
        self._count_faults()
        self.world.control("faults", {})
        fast_forward(FINDING if self.has_lost_rows else CONFIRMING)
        fast_forward(LONGEST, until=self._at_rest)
        fast_forward(SETTLING)
        wrong = judge(self.neighbours, self.accepted)
        if self.approvals is not None:
            wrong.extend(self.approvals.judge(self.accepted))
        assert wrong == [], "\n".join(wrong)
        denied = self.world.denied(*(home.person for home in self._homes()))
        assert [each for each in denied if each["operation"] not in DENIED_IF_GONE] == []
        _survived["times settled"] += 1
        self.unsettled, self.has_lost_rows = 0, False

    def _count_faults(self) -> None:
        for each in self.world.control("faults")["calls"]:
            _survived[f"calls struck by {each['fault']}"] += each["struck"]

    def _at_rest(self) -> bool:
        return at_rest(self.neighbours) and (self.approvals is None or self.approvals.at_rest())

    def _approvals(self) -> ApprovalAccount:
        assert self.approvals is not None
        return self.approvals

    def _homes(self) -> list[Home]:
        return [*self.neighbours.homes, *([self.approvals.home] if self.approvals else [])]

    def _home(self, data: st.DataObject) -> Home:
        return data.draw(st.sampled_from(self.neighbours.homes))

    def _other(self, data: st.DataObject, home: Home) -> Person:
        return data.draw(st.sampled_from([each for each in self.neighbours.people if each is not home.person]))

    def _ask(self, data: st.DataObject) -> Ask:
        return data.draw(st.sampled_from(self.neighbours.asks))


def _account() -> str:
    return f"54{next(_numbers):010}"


@pytest.mark.timeout(24 * 3600 if LONG else 1800)
def test_whatever_happens_it_comes_right_once_all_is_quiet(
    world: World, deployed: Callable[..., Person], capsys: pytest.CaptureFixture[str]
) -> None:
    Together.world, Together.deployed = world, staticmethod(deployed)
    run_state_machine_as_test(Together, settings=RUNS)
    counts = ", ".join(f"{number} {what}" for what, number in sorted(_survived.items()))
    with capsys.disabled():
        sys.stdout.write(f"\nneighbours: {counts}\n")
    assert _survived["times settled"]
