"""Registrations and removals at any moment: once all is quiet, whoever is registered and permitted is connected.

Nobody else is, or could find a service, at any time.
"""

import itertools
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from local_aws.testing.clock import fast_forward
from scenarios.people import Person
from tests.system.conftest import LONG, World, bring_to_rest
from tests.system.model.pace import DAY, let_days_pass
from tests.system.model.registration_judgement import Watch, judge
from tests.system.model.registrations import TIERS, Endpoint, Entry, Registrations, Service, role, root

MINUTE = 60.0
HOUR = 60 * MINUTE

SETTLING = 6 * MINUTE
"""A sweep of the schedule, and some."""

LONGEST = 8 * HOUR
"""What failed is tried again after at most six hours."""

MUCH = 8
"""Steps after which it is worth its time to let all settle."""

_OPERATIONS = (
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
    "ec2:AcceptVpcEndpointConnections",
    "ec2:CreateTags",
    "ec2:Describe*",
    "ec2:ModifyVpcEndpointServicePermissions",
    "ec2:RejectVpcEndpointConnections",
    "ram:AssociateResourceShare",
    "ram:DisassociateResourceShare",
    "ram:Get*",
    "sqs:SendMessage",
    "ssm:Get*",
    "states:StartExecution",
)
_LISTINGS = (
    "dynamodb:BatchGetItem",
    "dynamodb:Scan",
    "ec2:DescribeVpcEndpointConnections",
    "ec2:DescribeVpcEndpointServiceConfigurations",
    "ec2:DescribeVpcEndpointServicePermissions",
    "ram:GetResourceShareAssociations",
    "ram:GetResourceShares",
)
_FAULTS = st.sampled_from(["throttle", "error", "lost-answer", "kill-before", "kill-after", "timeout"])
_CALL_FAULTS = st.one_of(
    st.fixed_dictionaries(
        {
            "operation": st.sampled_from(_OPERATIONS),
            "fault": _FAULTS,
            # An event that can't be taken five times is left to people.
            "times": st.integers(1, 2),
            "skip": st.integers(0, 3),
            "role": st.just("drawbridge-*"),
        }
    ),
    st.fixed_dictionaries(
        {
            "operation": st.just("*:*"),
            "fault": _FAULTS,
            "probability": st.sampled_from([0.02, 0.1, 0.3]),
            "times": st.integers(1, 12),
            "role": st.sampled_from(["drawbridge-Discover*", "drawbridge-Decide*", "drawbridge-Accept*"]),
        }
    ),
    st.fixed_dictionaries(
        {
            "operation": st.sampled_from(_LISTINGS),
            "fault": st.sampled_from(["empty", "cut"]),
            "times": st.integers(1, 8),
            "role": st.just("drawbridge-Discover*"),
        }
    ),
)
_EVENT_FAULTS = st.fixed_dictionaries(
    {
        # Of an event that is dropped now and then, nobody would know whether it was.
        "drop": st.sampled_from([0.0, 0.0, 1.0]),
        "duplicate": st.sampled_from([0.0, 0.5, 1.0]),
        "delay": st.sampled_from([0.0, 45.0]),
        "reorder": st.booleans(),
    }
)
_numbers = itertools.count(1)
_survived: Counter[str] = Counter()


class Coming(RuleBasedStateMachine):
    """A provider with the stack, two consumers that come and go, and a stranger; each run has accounts of its own."""

    world: ClassVar[World]
    deployed: ClassVar[Callable[..., Person]]
    model: Registrations
    watch: Watch
    unsettled = 0
    has_seen_days = False

    @initialize(calls=st.lists(_CALL_FAULTS, max_size=2), seed=st.integers(0, 999))
    def begin(self, calls: list[dict[str, Any]], seed: int) -> None:
        _survived["runs"] += 1
        # The cap on what goes at once has tests of its own.
        home = type(self).deployed(_account(), LookEvery="rate(5 minutes)", WithdrawCap="1000000")
        consumers = [self.world.person(_account()) for _ in range(2)]
        self.model = Registrations(home, consumers, self.world.person(_account()))
        self.watch = Watch(self.model)
        # The first one is a consumer from the start.
        self.model.put(consumers[0], Entry(tier="gold"), by_command=True)
        service = self.model.services[1]
        fast_forward(2 * SETTLING, until=lambda: self.model.is_allowed(consumers[0], service))
        self._connect(consumers[0], service)
        self.world.control("faults", {"seed": seed, "calls": calls})

    # ---- those who keep the registry

    @rule(data=st.data(), tier=st.sampled_from(TIERS), by_command=st.booleans(), by_role=st.booleans())
    def put(self, data: st.DataObject, tier: str, by_command: bool, by_role: bool) -> None:
        person = self._consumer(data)
        principals = frozenset({role(person.account_id)}) if by_role else frozenset()
        entry = Entry(tier=tier, services=self._services(data), principals=principals)
        self.model.put(person, entry, by_command=by_command)

    @precondition(lambda self: self.model.entries)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        self.model.delete(self._registered(data))

    @precondition(lambda self: self.model.entries)
    @rule(data=st.data())
    def change_services(self, data: st.DataObject) -> None:
        self.model.change(self._registered(data), services=self._services(data))

    @precondition(lambda self: self.model.entries)
    @rule(data=st.data(), tier=st.sampled_from(TIERS))
    def change_tier(self, data: st.DataObject, tier: str) -> None:
        self.model.change(self._registered(data), tier=tier)

    @precondition(lambda self: self.model.entries)
    @rule(data=st.data(), suspended=st.booleans())
    def suspend(self, data: st.DataObject, suspended: bool) -> None:
        self.model.change(self._registered(data), suspended=suspended)

    @precondition(lambda self: self.model.entries)
    @rule(data=st.data(), required=st.booleans(), proved=st.booleans())
    def require_proof(self, data: st.DataObject, required: bool, proved: bool) -> None:
        self.model.change(self._registered(data), proof_required=required, proved=proved)

    @rule(data=st.data(), tier=st.sampled_from(TIERS))
    def tell_registered(self, data: st.DataObject, tier: str) -> None:
        self.model.tell_registered(self._consumer(data), tier, self._services(data))

    @rule(data=st.data())
    def tell_removed(self, data: st.DataObject) -> None:
        self.model.tell_removed(self._consumer(data))

    @precondition(lambda self: self.model.told)
    @rule(data=st.data())
    def tell_again(self, data: st.DataObject) -> None:
        told = [each for each in self.model.consumers if each.account_id in self.model.told]
        self.model.tell_again(data.draw(st.sampled_from(told)))

    # ---- those who govern

    @rule(data=st.data(), action=st.sampled_from(["accept", "offer"]))
    def forbid(self, data: st.DataObject, action: str) -> None:
        self.model.forbid(self._consumer(data), action)

    @precondition(lambda self: self.model.forbids)
    @rule(data=st.data())
    def forbid_no_more(self, data: st.DataObject) -> None:
        self.model.forbid_no_more(data.draw(st.sampled_from(sorted(self.model.forbids))))

    @rule(data=st.data(), managed=st.booleans(), tier=st.sampled_from(("", *TIERS)))
    def tag(self, data: st.DataObject, managed: bool, tier: str) -> None:
        self.model.tag(self._service(data), managed=managed, tier=tier)

    @rule(data=st.data(), whose=st.sampled_from(["consumer", "its role", "stranger"]))
    def allow_by_hand(self, data: st.DataObject, whose: str) -> None:
        account_id = (self.model.stranger if whose == "stranger" else self._consumer(data)).account_id
        principal = role(account_id) if whose == "its role" else root(account_id)
        self.model.allow_by_hand(self._service(data), principal)

    @rule(data=st.data())
    def disallow_by_hand(self, data: st.DataObject) -> None:
        person = data.draw(st.sampled_from([*self.model.consumers, self.model.stranger]))
        self.model.disallow_by_hand(self._service(data), root(person.account_id))

    # ---- consumers

    @rule(data=st.data())
    def look_for(self, data: st.DataObject) -> None:
        """Try to connect with a service, which may be found or not."""
        person = data.draw(st.sampled_from([*self.model.consumers, self.model.stranger]))
        self._connect(person, self._service(data))

    @precondition(lambda self: self.model.may_be_found())
    @rule(data=st.data())
    def connect(self, data: st.DataObject) -> None:
        self._connect(*data.draw(st.sampled_from(self.model.may_be_found())))

    @precondition(lambda self: self.model.may_be_found())
    @rule(data=st.data(), seconds=st.sampled_from([0.0, 30.0, SETTLING]))
    def connect_once_offered(self, data: st.DataObject, seconds: float) -> None:
        person, service = data.draw(st.sampled_from(self.model.may_be_found()))
        fast_forward(2 * SETTLING, until=lambda: self.model.is_allowed(person, service))
        self._connect(person, service)
        fast_forward(seconds)

    def _connect(self, person: Person, service: Service) -> None:
        found = self.model.connect(person, service)
        _survived["endpoints" if found else "services not found"] += 1

    @precondition(lambda self: any(not each.given_up for each in self.model.endpoints))
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        there: list[Endpoint] = [each for each in self.model.endpoints if not each.given_up]
        self.model.give_up(data.draw(st.sampled_from(there)))

    @precondition(lambda self: self._invited())
    @rule(data=st.data(), accept=st.booleans())
    def answer(self, data: st.DataObject, accept: bool) -> None:
        person = data.draw(st.sampled_from(self._invited()))
        fast_forward(2 * SETTLING, until=lambda: bool(self.model.pending(person)))
        answered = self.model.answer(person, accept=accept)
        _survived["invitations " + ("accepted" if accept else "rejected")] += answered

    # ---- what befalls them

    @rule(calls=st.lists(_CALL_FAULTS, max_size=2), events=_EVENT_FAULTS, seed=st.integers(0, 999))
    def break_things(self, calls: list[dict[str, Any]], events: dict[str, Any], seed: int) -> None:
        self._count_faults()
        self.model.await_events()
        self.world.control("faults", {"seed": seed, "calls": calls, "events": events})

    @rule(seconds=st.sampled_from([0.0, 5.0, 2 * MINUTE, 12 * MINUTE]))
    def wait(self, seconds: float) -> None:
        fast_forward(seconds)

    # The short profile has one week.
    @precondition(
        lambda self: any(each.lapse for each in self.model.endpoints) and (LONG > 0 or not self.has_seen_days)
    )
    @rule(days=st.sampled_from([3, 8]))
    def let_days_pass(self, days: int) -> None:
        self.has_seen_days = True
        self.model.await_events()
        let_days_pass([self.model.home], days * DAY)

    @precondition(lambda self: self.unsettled > MUCH)
    @rule()
    def settle(self) -> None:
        self._settle()

    def teardown(self) -> None:
        if not hasattr(self, "model"):
            return
        try:
            self._settle()
        finally:
            self.world.control("faults", {})
            bring_to_rest([self.model.home])

    @invariant()
    def nobody_else_is_let_in(self) -> None:
        _survived["steps"] += 1
        self.unsettled += 1
        if hasattr(self, "watch"):
            assert [*self.watch.wrong()] == []

    def _settle(self) -> None:
        self._count_faults()
        self.model.await_events()
        self.world.control("faults", {})
        fast_forward(3 * SETTLING)
        wrong: list[str] = []

        def right() -> bool:
            wrong[:] = judge(self.model)
            return not wrong

        fast_forward(LONGEST, until=right)
        assert wrong == [], "\n".join(wrong)
        assert [*self.watch.wrong()] == []
        assert self.world.denied(self.model.home) == []
        _survived["times settled"] += 1
        states = Counter(each.state for each in self.model.endpoints if not each.given_up)
        for state, count in states.items():
            _survived[f"endpoints {state} at rest"] += count
        self.unsettled = 0

    def _count_faults(self) -> None:
        for each in self.world.control("faults")["calls"]:
            _survived[f"calls struck by {each['fault']}"] += each["struck"]

    def _invited(self) -> list[Person]:
        return [each for each in self.model.consumers if self.model.is_offered_share(each)]

    def _consumer(self, data: st.DataObject) -> Person:
        return data.draw(st.sampled_from(self.model.consumers))

    def _registered(self, data: st.DataObject) -> Person:
        return data.draw(
            st.sampled_from([each for each in self.model.consumers if each.account_id in self.model.entries])
        )

    def _service(self, data: st.DataObject) -> Service:
        return data.draw(st.sampled_from(self.model.services))

    def _services(self, data: st.DataObject) -> frozenset[str]:
        ids = [each.service_id for each in self.model.services]
        return data.draw(st.sampled_from([frozenset(), frozenset({"*"}), *(frozenset({each}) for each in ids)]))


def _account() -> str:
    return f"57{next(_numbers):010}"


@pytest.mark.timeout(24 * 3600 if LONG else 900)
def test_whoever_comes_and_goes_only_the_registered_are_let_in_and_they_all_are(
    world: World, deployed: Callable[..., Person], capsys: pytest.CaptureFixture[str]
) -> None:
    Coming.world, Coming.deployed = world, staticmethod(deployed)
    run_state_machine_as_test(
        Coming,
        settings=settings(
            max_examples=LONG or 2,
            stateful_step_count=40 if LONG else 25,
            # The short profile plays the same runs each time, as a test of CI should; the long one looks for new ones.
            derandomize=not LONG,
            database=None,
            phases=[Phase.generate, Phase.shrink] if LONG else [Phase.generate],
            suppress_health_check=list(HealthCheck),
            print_blob=bool(LONG),
        ),
    )
    counts = ", ".join(f"{number} {what}" for what, number in sorted(_survived.items()))
    with capsys.disabled():
        sys.stdout.write(f"\nregistrations: {counts}\n")
    assert _survived["times settled"]
