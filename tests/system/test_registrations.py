"""Registrations and removals at any moment: once all is quiet, whoever is registered and permitted is connected.

Nobody else is, or could find a service, at any time.
"""

import itertools
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from local_aws.testing.clock import fast_forward
from scenarios.command_line import run
from scenarios.people import Person
from tests.system.conftest import LONG, World, bring_to_rest
from tests.system.model.pace import DAY, let_days_pass
from tests.system.model.registration_judgement import Watch, held_back, judge
from tests.system.model.registrations import TIERS, Endpoint, Entry, Registrations, Service, role, root
from tests.system.model.runs import RUNS
from tests.system.requests_in_ledger import reasons, row_of

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
    "dynamodb:TransactWriteItems",
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
    "vpc-lattice:DeleteResourceEndpointAssociation",
    "vpc-lattice:List*",
)
_LISTINGS = (
    "dynamodb:BatchGetItem",
    "dynamodb:Scan",
    "ec2:DescribeVpcEndpointConnections",
    "ec2:DescribeVpcEndpointServiceConfigurations",
    "ec2:DescribeVpcEndpointServicePermissions",
    "ram:GetResourceShareAssociations",
    "ram:GetResourceShares",
    "vpc-lattice:ListResourceEndpointAssociations",
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
_ACTS = (
    *("register", "unregister", "change", "connect") * 3,
    *(
        "move",
        "all_join",
        "tell_again",
        "forbid",
        "forbid",
        "tag",
        "allow_by_hand",
        "look_for",
        "give_up",
        "delay",
        "lose_entries",
    ),
    *("join", "join", "join", "answer", "answer", "associate"),
    *("break_things", "wait", "let_days_pass", "let_days_pass"),
)
"""What happens, as often as it is to."""

_STORY = (
    *("all_join", "lose_entries", "come_to_rest", "all_join", "change", "connect", "come_to_rest", "all_join", "move"),
    *("join", "forbid", "come_to_rest", "let_days_pass", "come_to_rest", "all_join", "unregister"),
)
"""What happens first in the first run of the short profile, for which all that is drawn is the first of its list."""

_NO_CAP = 1_000_000

_numbers = itertools.count(1)
_survived: Counter[str] = Counter()


class Coming(RuleBasedStateMachine):
    """A provider with the stack, two consumers that come and go, and a stranger; each run has accounts of its own."""

    world: ClassVar[World]
    deployed: ClassVar[Callable[..., Person]]
    model: Registrations
    watch: Watch
    acts: Iterator[str]
    """In the short profile, what happens: the first run that Hypothesis plays draws the first of each list."""
    cap: int
    """How many accounts may leave shares at once whom nobody has removed."""
    unsettled = 0
    has_seen_days = False

    @initialize(
        calls=st.lists(_CALL_FAULTS, max_size=2),
        seed=st.integers(0, 999),
        order=st.integers(1, 999),
        cap=st.sampled_from([1, _NO_CAP]),
        delay=st.sampled_from([15 * MINUTE, 0.0]),
    )
    def begin(self, calls: list[dict[str, Any]], seed: int, order: int, cap: int, delay: float) -> None:
        _survived["runs"] += 1
        self.acts, self.cap = itertools.chain(_STORY if order == 1 else (), _shuffled(order)), cap
        home = type(self).deployed(_account(), LookEvery="rate(5 minutes)", WithdrawCap=str(cap))
        consumers = [self.world.person(_account()) for _ in range(2)]
        self.model = Registrations(home, consumers, self.world.person(_account()))
        self.watch = Watch(self.model, cap=cap)
        self.model.delay(delay)
        # The first one is a consumer from the start.
        self.model.put(consumers[0], Entry(tier="gold"), by_command=True)
        service = self.model.services[1]
        fast_forward(2 * SETTLING, until=lambda: self.model.is_allowed(consumers[0], service))
        self._connect(consumers[0], service)
        fast_forward(2 * SETTLING, until=lambda: bool(self.model.pending(consumers[0])))
        self.model.answer(consumers[0], accept=True)
        fast_forward(MINUTE)
        self._associate(consumers[0], "gold")
        self.world.control("faults", {"seed": seed, "calls": calls})

    # One rule for all: Hypothesis leaves out some rules in each run, and a short run without connections shows little.
    @rule(data=st.data())
    def happens(self, data: st.DataObject) -> None:
        what = data.draw(st.sampled_from(_ACTS)) if LONG else next(self.acts)
        getattr(self, what)(data)
        if self.unsettled > MUCH:
            self._settle()

    def come_to_rest(self, data: st.DataObject) -> None:
        self._settle()

    # ---- those who keep the registry

    def register(self, data: st.DataObject) -> None:
        person, tier, services = self._consumer(data), data.draw(st.sampled_from(TIERS)), self._services(data)
        how = data.draw(st.sampled_from(["by command", "by hand", "by its role", "told", "told"]))
        if how == "told":
            self.model.tell_registered(person, tier, services)
            return
        principals = frozenset({role(person.account_id)}) if how == "by its role" else frozenset()
        entry = Entry(tier=tier, services=services, principals=principals)
        self.model.put(person, entry, by_command=how == "by command")

    def unregister(self, data: st.DataObject) -> None:
        """Remove an entry."""
        if self.model.entries:
            person = self._registered(data)
            (self.model.delete if data.draw(st.booleans()) else self.model.tell_removed)(person)

    def all_join(self, data: st.DataObject) -> None:
        """Register all for the first tier, with nothing against them, and have them join its share."""
        while self.model.forbids:
            self.model.forbid_no_more(next(iter(self.model.forbids)))
        for person in self.model.consumers:
            self.model.put(person, Entry(tier=TIERS[0]), by_command=True)
        for person in self.model.consumers:
            self._join(person, TIERS[0])

    def move(self, data: st.DataObject) -> None:
        """Change the tier of who is in a share."""
        entries = self.model.entries
        inside = [each for each in self.model.consumers if self._is_joined(each)]
        if inside:
            person = data.draw(st.sampled_from(inside))
            others = [tier for tier in TIERS if tier != entries[person.account_id].tier]
            self.model.change(person, tier=data.draw(st.sampled_from(others)))

    def _is_joined(self, person: Person) -> bool:
        entry = self.model.entries.get(person.account_id)
        return entry is not None and person.account_id in self.model.joined[entry.tier]

    def tell_again(self, data: st.DataObject) -> None:
        told = [each for each in self.model.consumers if each.account_id in self.model.told]
        if told:
            self.model.tell_again(data.draw(st.sampled_from(told)))

    def change(self, data: st.DataObject) -> None:
        if not self.model.entries:
            return
        person = self._registered(data)
        what = data.draw(st.sampled_from(["suspended", "all right", "services", "tier", "proof", "all right"]))
        match what:
            case "services":
                self.model.change(person, services=self._services(data))
            case "tier":
                self.model.change(person, tier=data.draw(st.sampled_from(TIERS)))
            case "suspended":
                self.model.change(person, suspended=True)
            case "proof":
                self.model.change(person, proof_required=True, proved=data.draw(st.booleans()))
            case _:
                self.model.change(person, suspended=False, proved=True)

    # ---- those who govern

    def forbid(self, data: st.DataObject) -> None:
        action = data.draw(st.sampled_from(["offer", "accept", "no more", "no more"]))
        if action != "no more":
            self.model.forbid(self._consumer(data), action, urgent=data.draw(st.sampled_from([False, False, True])))
        elif self.model.forbids:
            self.model.forbid_no_more(data.draw(st.sampled_from(sorted(self.model.forbids))))

    def tag(self, data: st.DataObject) -> None:
        managed, tier = data.draw(st.booleans()), data.draw(st.sampled_from(("", *TIERS)))
        self.model.tag(self._service(data), managed=managed, tier=tier)

    def delay(self, data: st.DataObject) -> None:
        self.model.delay(data.draw(st.sampled_from([15 * MINUTE, 40 * MINUTE, 0.0])))

    def lose_entries(self, data: st.DataObject) -> None:
        """Delete all entries by a slip; some are written anew."""
        entries = dict(self.model.entries)
        if entries and data.draw(st.sampled_from([True, False, False])):
            self.model.lose_entries()
            fast_forward(data.draw(st.sampled_from([SETTLING, 0.0])))
            for person in self.model.consumers:
                if person.account_id in entries and data.draw(st.booleans()):
                    self.model.put(person, entries[person.account_id], by_command=True)

    def allow_by_hand(self, data: st.DataObject) -> None:
        whose = data.draw(st.sampled_from(["consumer", "its role", "stranger"]))
        account_id = (self.model.stranger if whose == "stranger" else self._consumer(data)).account_id
        principal = role(account_id) if whose == "its role" else root(account_id)
        takes_away = data.draw(st.booleans())
        (self.model.disallow_by_hand if takes_away else self.model.allow_by_hand)(self._service(data), principal)

    # ---- consumers

    def look_for(self, data: st.DataObject) -> None:
        """Try to connect with a service, which may be found or not."""
        person = data.draw(st.sampled_from([*self.model.consumers, self.model.stranger]))
        self._connect(person, self._service(data))

    def connect(self, data: st.DataObject) -> None:
        """Connect with what is offered, is about to be, or was not long ago."""
        if not (found := self.model.may_be_found()):
            return
        person, service = data.draw(st.sampled_from(found))
        if data.draw(st.booleans()):
            fast_forward(2 * SETTLING, until=lambda: self.model.is_allowed(person, service))
        self._connect(person, service)
        fast_forward(data.draw(st.sampled_from([0.0, 30.0])))

    def _connect(self, person: Person, service: Service) -> None:
        found = self.model.connect(person, service)
        _survived["endpoints" if found else "services not found"] += 1

    def give_up(self, data: st.DataObject) -> None:
        there: list[Endpoint] = [each for each in self.model.endpoints if not each.given_up]
        if there:
            self.model.give_up(data.draw(st.sampled_from(there)))

    def answer(self, data: st.DataObject) -> None:
        """Accept or reject invitations to shares."""
        if not (invited := [each for each in self.model.consumers if self.model.is_offered_share(each)]):
            return
        person, accept = data.draw(st.sampled_from(invited)), data.draw(st.booleans())
        fast_forward(2 * SETTLING, until=lambda: bool(self.model.pending(person)))
        answered = self.model.answer(person, accept=accept)
        _survived["invitations " + ("accepted" if accept else "rejected")] += answered

    def join(self, data: st.DataObject) -> None:
        """Accept the invitation to a share, once it comes, and associate what is in the share."""
        invited = [
            (person, entry.tier)
            for person in self.model.consumers
            if (entry := self.model.entries.get(person.account_id)) is not None
            and self.model.in_share(person.account_id, entry, entry.tier)
            and person.account_id not in self.model.joined[entry.tier]
        ]
        if not invited:
            return
        self._join(*data.draw(st.sampled_from(invited)))

    def _join(self, person: Person, tier: str) -> None:
        if person.account_id not in self.model.joined[tier]:
            fast_forward(2 * SETTLING, until=lambda: bool(self.model.pending(person)))
            _survived["invitations accepted"] += self.model.answer(person, accept=True)
            fast_forward(MINUTE)
        self._associate(person, tier)

    def associate(self, data: st.DataObject) -> None:
        """Associate what a share holds that a consumer is in."""
        joined = [
            (each, tier)
            for tier in TIERS
            for each in self.model.consumers
            if each.account_id in self.model.joined[tier]
        ]
        if joined:
            self._associate(*data.draw(st.sampled_from(joined)))

    # ---- what befalls them

    def break_things(self, data: st.DataObject) -> None:
        self._count_faults()
        self.model.await_events()
        calls, events = data.draw(st.lists(_CALL_FAULTS, max_size=2)), data.draw(_EVENT_FAULTS)
        self.world.control("faults", {"seed": data.draw(st.integers(0, 999)), "calls": calls, "events": events})

    def wait(self, data: st.DataObject) -> None:
        fast_forward(data.draw(st.sampled_from([5.0, 2 * MINUTE, SETTLING])))

    def let_days_pass(self, data: st.DataObject) -> None:
        """Let days pass, if something is announced; the short profile has one week in each run."""
        is_announced = any(each.lapse for each in self.model.endpoints) or self.model.is_anybody_leaving()
        if is_announced and (LONG > 0 or not self.has_seen_days):
            self.has_seen_days = True
            self.model.await_events()
            let_days_pass([self.model.home], data.draw(st.sampled_from([8, 3])) * DAY)

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
        self._come_to_rest()
        if not (held := held_back(self.model)):
            return
        # What too many would lose at once goes once somebody has let it.
        _survived["accounts held back"] += len(held)
        self.model.let_go |= held
        run(self.model.home, "withdraw", "--confirm", "--yes")
        self._come_to_rest()

    def _come_to_rest(self) -> None:
        self._count_faults()
        self.model.await_events()
        self.world.control("faults", {})
        fast_forward(3 * SETTLING)
        wrong: list[str] = []

        def right() -> bool:
            # What was done before is to be judged by what was so before.
            assert [*self.watch.wrong()] == []
            wrong[:] = judge(self.model, cap=self.cap)
            return not wrong

        fast_forward(LONGEST, until=right)
        assert wrong == [], "\n".join(wrong)
        assert self.world.denied(self.model.home) == []
        _survived["times settled"] += 1
        states = Counter(each.state for each in self.model.endpoints if not each.given_up)
        for state, count in states.items():
            _survived[f"endpoints {state} at rest"] += count
        _survived["associations at rest"] += len(self.model.associations)
        self.unsettled = 0

    def _count_faults(self) -> None:
        for each in self.world.control("faults")["calls"]:
            _survived[f"calls struck by {each['fault']}"] += each["struck"]

    def _associate(self, person: Person, tier: str) -> None:
        found = self.model.associate(person, tier)
        _survived["associations" if found else "resources not found"] += 1

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


def _shuffled(number: int) -> Iterator[str]:
    chance = random.Random(number)  # noqa: S311 - the same each time
    while True:
        yield from chance.sample(_ACTS, len(_ACTS))


def _account() -> str:
    return f"57{next(_numbers):010}"


@pytest.mark.timeout(24 * 3600 if LONG else 900)
def test_whoever_comes_and_goes_only_the_registered_are_let_in_and_they_all_are(
    world: World, deployed: Callable[..., Person], capsys: pytest.CaptureFixture[str]
) -> None:
    Coming.world, Coming.deployed = world, staticmethod(deployed)
    # The story, and not much more: what happens in each step takes longer than in other models.
    steps = settings(RUNS, stateful_step_count=RUNS.stateful_step_count if LONG else len(_STORY) + 2)
    run_state_machine_as_test(Coming, settings=steps)
    counts = ", ".join(f"{number} {what}" for what, number in sorted(_survived.items()))
    with capsys.disabled():
        sys.stdout.write(f"\nregistrations: {counts}\n")
    assert _survived["times settled"]


def test_whoever_is_suspended_and_asks_before_that_is_swept_is_neither_let_in_nor_offered_anything(
    world: World, deployed: Callable[..., Person]
) -> None:
    home, consumer, *others = deployed(_account()), *(world.person(_account()) for _ in range(3))
    model = Registrations(home, [consumer, others[0]], others[1])
    model.put(consumer, Entry(tier="gold"), by_command=True)
    fast_forward(2 * SETTLING)
    assert judge(model, cap=_NO_CAP) == []

    model.change(consumer, suspended=True)
    assert model.connect(consumer, model.services[1])

    fast_forward(2 * SETTLING)
    assert judge(model, cap=_NO_CAP) == []
    # It is held when it is decided on: the gate before acceptance would keep it out too.
    (asked,) = model.endpoints
    row = row_of(home, asked.endpoint_id)
    assert row is not None
    assert (row["status"]["S"], reasons(row)) == ("HELD", ["consumer-suspended"])
