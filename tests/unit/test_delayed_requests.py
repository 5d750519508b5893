"""Delayed requests through sweeps, decisions and records: never let in before their time, and then let in."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawbridge.approval.decide_request import DecisionPorts, RequestDecision, decide_request
from drawbridge.configuration import InForce
from drawbridge.decision import Accept, AlreadyResolved, AskApprover, Delay, Hold
from drawbridge.decision.facts import EvaluationTime, Facts
from drawbridge.decision.in_force import decision_fingerprint
from drawbridge.decision.policies import Policy, parse_policy
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.workflow import ExecutionEnding
from drawbridge.hint import SHARES
from drawbridge.record import Outcome
from drawbridge.record.outcome import Decided, outcome_of
from drawbridge.record.record import record
from drawbridge.request import ExecutionInput, Request
from drawbridge.request.announced import WithdrawalCommand
from drawbridge.request.shares import InvitationStatus
from drawbridge.status import Status
from tests.builders import NOW, SHARE, content, invitation, share_facts
from tests.fakes.interruptions import CrashError
from tests.fakes.ledger import InMemoryLedger
from tests.fakes.question_slots import InMemoryQuestionSlots
from tests.unit.discovering import World

MINUTE = timedelta(minutes=1)
PERMIT = 'permit(principal, action == Action::"accept", resource is ResourceShare);'
POLICIES = {
    "now": PERMIT,
    "15m": f'@delay("15m") {PERMIT}',
    "1h": f'@delay("1h") {PERMIT}',
    "forbidden": f'@delay("15m") {PERMIT} @id("no") forbid(principal, action, resource);',
    "asked": 'permit(principal, action == Action::"askApprover", resource);',
}
COMMAND = WithdrawalCommand(by="arn:aws:iam::222222222222:user/ann", at=NOW)
DELAYS = {"now": timedelta(), "15m": 15 * MINUTE, "1h": 60 * MINUTE}


class Onboarding:
    """One invitation, swept and decided on as time passes; whoever runs may be killed."""

    def __init__(self, policy: str = "15m") -> None:
        self.now = NOW
        self.world = World()
        self.ledger = InMemoryLedger(self.world.interruptions, now=lambda: self.now)
        self.world.ledger = self.ledger
        self.world.shares.listed_invitations = [invitation(sent_at=NOW)]
        self.contents = 1
        self.policy = policy
        self.accepted_at: datetime | None = None
        self.permitted_since: datetime | None = None
        """Since the first decision, among those that came to be known, that has not been another one since."""
        self.seen = 0

    @property
    def row(self) -> LedgerRow:
        return self.ledger.kept[SHARE.request_id]

    @property
    def in_force(self) -> InForce[Policy]:
        policy = parse_policy("mine", POLICIES[self.policy])
        return InForce((policy,), (("mine", [*POLICIES].index(self.policy)),), ())

    def gather(self, request: Request, now: datetime) -> Facts | AlreadyResolved:
        arns = [f"{content().arn[:-1]}{number}" for number in range(self.contents)]
        return share_facts(deadline=NOW + 12 * 60 * MINUTE, contents=tuple(content(arn) for arn in arns))

    def wait(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    def sweep(self) -> None:
        self.world.fingerprints.policies = decision_fingerprint(self.in_force, share_facts().requester.consumer)
        self.world.sweeper().sweep(SHARES, self.now)

    def run(self, *, killed_after: int | None = None) -> None:
        """Have each execution that was started do its work, or be killed before a write, or before it ends."""
        for name, execution in [*self.world.state_machine.running.items()]:
            self.world.interruptions.writes_until_crash = 1_000 if killed_after is None else killed_after
            ended: ExecutionEnding | None = ExecutionEnding(status="SUCCEEDED")
            try:
                self._decide_and_do(execution)
            except CrashError:
                ended = ExecutionEnding(status="ABORTED")
            finally:
                self.world.interruptions.writes_until_crash = 1_000
            self.world.state_machine.end(name, ended)

    def _decide_and_do(self, execution: ExecutionInput) -> None:
        made = self.decided(execution)
        if isinstance(made.decision, Accept):
            self._check_is_time()
            self.accepted_at = self.accepted_at or self.now
            outcome = Outcome(status=Status.ACCEPTED, reasons=(), settled=True, delayed=None)
        else:
            assert isinstance(made.decision, Hold | AskApprover | Delay)
            outcome = outcome_of(Decided(made.decision, made.decision_fingerprint, made.decision_record))
        try:
            record(execution, outcome, self.ledger, self.world.bus)
        finally:
            if self.row.settled and self.row.attempt == execution.attempt:
                self._note_permitted()

    def decided(self, execution: ExecutionInput) -> RequestDecision:
        ports = DecisionPorts(
            gatherer=self,  # type: ignore[arg-type]  # it only gathers
            ledger=self.ledger,
            connected_earlier=lambda request_id, facts: frozenset(),
            policies=lambda: self.in_force,
            bindings=tuple,
            question_slots=InMemoryQuestionSlots,
            approvers=lambda: None,
            members=lambda approvers: frozenset(),
            prefix="drawbridge",
            asks_in_slack=False,
            approval_wait=timedelta(hours=1),
            open_questions=5,
        )
        return decide_request(execution, None, ports, lambda: EvaluationTime(self.now))

    def _check_is_time(self) -> None:
        assert self.policy in DELAYS, "nothing permits it"
        if DELAYS[self.policy]:
            assert self.permitted_since is not None, "it was not delayed"
            assert self.seen == self.contents, "it was delayed with other contents"
            assert self.now - self.permitted_since >= DELAYS[self.policy], "it is too early"

    def _note_permitted(self) -> None:
        """Note what became known: of a decision that was lost nobody knows."""
        if self.policy not in DELAYS:
            self.permitted_since = None
        elif self.permitted_since is None or self.seen != self.contents:
            self.permitted_since, self.seen = self.now, self.contents


@pytest.fixture
def onboarding() -> Onboarding:
    return Onboarding()


def test_what_is_delayed_is_pending_and_let_in_by_the_first_sweep_after_its_time(onboarding: Onboarding) -> None:
    onboarding.sweep()
    onboarding.run()

    waits = onboarding.row
    assert (waits.status, waits.settled, waits.followed) == (Status.PENDING, True, "yes")
    assert waits.delayed is not None
    assert waits.delayed.until == NOW + 15 * MINUTE
    assert waits.is_delayed
    for _ in range(14):
        onboarding.wait(1)
        onboarding.sweep()
        onboarding.run()
    assert (onboarding.row.attempt, onboarding.accepted_at) == (1, None)

    onboarding.wait(1)
    onboarding.sweep()
    onboarding.run()

    assert onboarding.accepted_at == NOW + 15 * MINUTE
    assert (onboarding.row.status, onboarding.row.attempt, onboarding.row.delayed) == (Status.ACCEPTED, 2, None)
    assert [each.code for each in onboarding.ledger.causes if each] == ["first-seen", "delay-over"]


def test_a_forbid_within_the_delay_is_told_at_once_and_the_delay_begins_anew_without_it(onboarding: Onboarding) -> None:
    onboarding.sweep()
    onboarding.run()
    onboarding.wait(14)
    onboarding.policy = "forbidden"
    onboarding.sweep()
    onboarding.run()
    held = onboarding.row
    onboarding.wait(5)
    onboarding.policy = "15m"
    onboarding.sweep()
    onboarding.run()

    assert (held.status, held.delayed) == (Status.HELD, None)
    assert onboarding.row.delayed is not None
    assert onboarding.row.delayed.since == NOW + 19 * MINUTE
    assert onboarding.accepted_at is None


@pytest.mark.parametrize(("policy", "until"), [("now", None), ("1h", NOW + 60 * MINUTE)])
def test_another_delay_counts_at_once_and_from_the_same_time(
    onboarding: Onboarding, policy: str, until: datetime | None
) -> None:
    onboarding.sweep()
    onboarding.run()
    onboarding.wait(5)
    onboarding.policy = policy
    onboarding.sweep()
    onboarding.run()

    assert (onboarding.row.delayed.until if onboarding.row.delayed else None) == until
    assert (onboarding.accepted_at == onboarding.now) is (until is None)


def test_what_was_put_into_the_share_meanwhile_is_delayed_anew(onboarding: Onboarding) -> None:
    onboarding.sweep()
    onboarding.run()
    onboarding.wait(15)
    onboarding.contents = 2
    onboarding.sweep()
    onboarding.run()

    assert onboarding.accepted_at is None
    assert onboarding.row.delayed is not None
    assert onboarding.row.delayed.since == onboarding.now


def test_what_is_withdrawn_by_the_other_side_while_it_waits_is_noticed(onboarding: Onboarding) -> None:
    onboarding.sweep()
    onboarding.run()
    onboarding.world.shares.listed_invitations = [invitation(InvitationStatus.REJECTED)]
    onboarding.wait(5)
    onboarding.sweep()

    assert (onboarding.row.attempt, onboarding.ledger.causes[-1].code) == (2, "not-listed")  # type: ignore[union-attr]


def test_what_an_operator_keeps_out_once_its_time_has_come_is_not_let_in_by_a_sweep_that_read_it_before(
    onboarding: Onboarding, monkeypatch: pytest.MonkeyPatch
) -> None:
    onboarding.sweep()
    onboarding.run()
    onboarding.wait(15)
    followed, kept_out = onboarding.ledger.followed, []

    def then_kept_out() -> list[LedgerRow]:
        read = followed()
        kept_out.append(onboarding.ledger.command_withdrawal(onboarding.row, COMMAND))
        return read

    with monkeypatch.context() as slow:
        slow.setattr(onboarding.ledger, "followed", then_kept_out)
        onboarding.sweep()
    onboarding.run()

    assert kept_out == [True]
    assert (onboarding.accepted_at, onboarding.row.attempt) == (None, 1)
    onboarding.sweep()
    assert (onboarding.row.status, onboarding.row.attempt) == (Status.WITHDRAWING, 2)


def test_what_an_operator_keeps_out_while_it_is_decided_on_is_held(onboarding: Onboarding) -> None:
    onboarding.sweep()
    onboarding.run()
    onboarding.wait(15)
    onboarding.sweep()
    assert onboarding.ledger.command_withdrawal(onboarding.row, COMMAND)

    onboarding.run()

    assert (onboarding.accepted_at, onboarding.row.status, onboarding.row.attempt) == (None, Status.HELD, 2)
    onboarding.sweep()
    assert (onboarding.row.status, onboarding.row.attempt) == (Status.WITHDRAWING, 3)


def test_an_attempt_that_fails_or_is_killed_when_it_is_time_is_made_good_without_waiting_anew(
    onboarding: Onboarding,
) -> None:
    onboarding.sweep()
    onboarding.run()
    onboarding.wait(15)
    onboarding.sweep()
    onboarding.run(killed_after=0)
    for _ in range(4):
        onboarding.wait(5)
        onboarding.sweep()
        onboarding.run()

    assert onboarding.row.status is Status.ACCEPTED
    assert onboarding.accepted_at is not None
    assert onboarding.accepted_at <= NOW + 35 * MINUTE


STEPS = st.one_of(
    st.tuples(st.just("wait"), st.integers(min_value=0, max_value=40)),
    st.tuples(st.just("policy"), st.sampled_from([*POLICIES])),
    st.tuples(st.just("contents"), st.integers(min_value=1, max_value=3)),
    st.tuples(st.just("sweep"), st.integers(min_value=0, max_value=6)),
    st.tuples(st.just("run"), st.integers(min_value=0, max_value=2)),
    st.tuples(st.just("work"), st.just(0)),
)


@settings(max_examples=60)
@given(st.lists(STEPS, max_size=25), st.sampled_from(["15m", "1h"]))
def test_whatever_changes_and_wherever_it_is_killed_nothing_is_let_in_before_its_time_and_all_is_in_the_end(
    steps: list[tuple[str, int | str]], policy_at_the_end: str
) -> None:
    onboarding = Onboarding("1h")
    for what, how in steps:
        match what, how:
            case "wait", int(minutes):
                onboarding.wait(minutes)
            case "policy", str(policy):
                onboarding.policy = policy
            case "contents", int(number):
                onboarding.contents = number
            case "sweep", int(writes):
                # Killed after some writes, or told twice.
                onboarding.world.interruptions.writes_until_crash = writes
                with contextlib.suppress(CrashError):
                    onboarding.sweep()
                onboarding.world.interruptions.writes_until_crash = 1_000
            case "run", int(writes):
                onboarding.run(killed_after=writes)
            case _:
                onboarding.sweep()
                onboarding.run()
        if onboarding.accepted_at is not None:
            return
    onboarding.policy = policy_at_the_end
    begun = onboarding.now
    # What was killed is tried again after a while, which grows with each failure in a row.
    while onboarding.accepted_at is None and onboarding.now < begun + timedelta(hours=11):
        onboarding.sweep()
        onboarding.run()
        onboarding.wait(5)

    assert onboarding.accepted_at is not None
    if onboarding.row.failures == 0 and not any(what in {"sweep", "run"} for what, _ in steps):
        # What else an invitation offers by now is only seen when it is decided on: after the longest delay that ran.
        assert onboarding.accepted_at <= begun + 60 * MINUTE + DELAYS[policy_at_the_end] + 10 * MINUTE
