"""Executions that ended without recording it: Step Functions is asked how, and nothing is decided on an event."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from drawbridge.discovery.endings import EndingRecorder, outcome_of_ending
from drawbridge.discovery.workflow import ExecutionEnding, Workflows
from drawbridge.hint import CONNECTIONS, SweepScope
from drawbridge.status import Reason, Status
from tests.builders import CONNECTION, NOW, SHARE, execution_input, row
from tests.fakes.interruptions import CrashError
from tests.fakes.ledger import InMemoryLedger
from tests.fakes.state_machine import InMemoryStateMachine
from tests.fakes.status_bus import InMemoryStatusBus
from tests.unit.discovering import World, connection

NAME = f"{CONNECTION.request_id}-1"
ENDED = SweepScope(executions=frozenset({NAME}))


@pytest.fixture
def world() -> World:
    """A request whose execution ended, as Step Functions knows."""
    world = World()
    world.services.listed_connections = [connection()]
    world.sweeper().sweep(CONNECTIONS, NOW)
    world.state_machine.end(NAME, ExecutionEnding(status="FAILED"))
    return world


def status_of(world: World) -> tuple[Status, bool, int]:
    there = world.ledger.kept[CONNECTION.request_id]
    return there.status, there.settled, there.attempt


def test_an_execution_that_is_said_to_have_ended_is_recorded_at_once(world: World) -> None:
    result = world.sweeper().sweep(ENDED, NOW)

    assert status_of(world) == (Status.FAILED, True, 1)
    assert (result.observed, result.started, result.failures) == (0, (), ())


def test_by_the_schedule_alone_it_is_recorded_and_another_attempt_waits_as_after_any_failure(world: World) -> None:
    def started_after(after: int) -> tuple[str, ...]:
        return world.sweeper().sweep(CONNECTIONS, NOW + timedelta(seconds=after)).started

    assert started_after(59) == ()
    assert status_of(world) == (Status.PENDING, False, 1)
    assert started_after(60) == ()
    assert status_of(world) == (Status.FAILED, True, 1)
    assert started_after(61) == (f"{CONNECTION.request_id}-2",)


def test_an_event_that_is_not_so_changes_nothing(world: World) -> None:
    world.state_machine.ended[NAME] = None

    assert world.sweeper().sweep(ENDED, NOW).failures == ()
    assert status_of(world) == (Status.PENDING, False, 1)


@pytest.mark.parametrize(
    "name", [f"{CONNECTION.request_id}-2", f"{SHARE.request_id}-1", CONNECTION.request_id, "-", "nothing"]
)
def test_an_event_of_an_execution_that_nobody_waits_for_asks_for_nothing(world: World, name: str) -> None:
    world.interruptions.failing = {"ending"}

    assert world.sweeper().sweep(SweepScope(executions=frozenset({name})), NOW).failures == ()
    assert status_of(world) == (Status.PENDING, False, 1)


def test_what_has_settled_is_not_asked_for(world: World) -> None:
    world.sweeper().sweep(ENDED, NOW)
    world.interruptions.failing = {"ending"}

    assert world.sweeper().sweep(ENDED, NOW).failures == ()


def test_an_end_that_cannot_be_recorded_now_has_the_sweep_repeated(world: World) -> None:
    world.interruptions.failing = {"ending"}
    assert [str(each) for each in world.sweeper().sweep(ENDED, NOW).failures] == ["ending"]

    world.interruptions.failing = set()
    world.sweeper().sweep(ENDED, NOW)

    assert status_of(world) == (Status.FAILED, True, 1)


@pytest.mark.parametrize(
    ("ending", "code", "text"),
    [
        (ExecutionEnding(status="ABORTED"), "execution-aborted", "The execution x-1 was stopped by somebody."),
        (
            ExecutionEnding(status="ABORTED", error="Stop", cause="it hung"),
            "Stop",
            "The execution x-1 was stopped by somebody: it hung",
        ),
        (ExecutionEnding(status="TIMED_OUT"), "execution-timed-out", "The execution x-1 ran out of time."),
        (
            ExecutionEnding(status="FAILED", error="States.DataLimitExceeded", cause="too large"),
            "States.DataLimitExceeded",
            "The execution x-1 failed: too large",
        ),
        (
            ExecutionEnding(
                status="FAILED", error="AccessDeniedError", cause='{"errorMessage": "no", "errorType": "x"}'
            ),
            "AccessDeniedError",
            "The execution x-1 failed: no",
        ),
        (ExecutionEnding(status="SUCCEEDED"), "execution-unrecorded", "The execution x-1 ended without recording how."),
        (ExecutionEnding(status="MELTED"), "execution-failed", "The execution x-1 failed."),
    ],
)
def test_each_end_is_reported_in_step_functions_words(ending: ExecutionEnding, code: str, text: str) -> None:
    outcome = outcome_of_ending(ending, "x-1")

    assert (outcome.status, outcome.settled) == (Status.FAILED, True)
    assert outcome.reasons == (Reason(code, text),)


def test_of_a_long_cause_the_beginning_is_kept() -> None:
    (reason,) = outcome_of_ending(ExecutionEnding(status="FAILED", error="E", cause="\u0000" * 32_768), "x-1").reasons

    assert 300 < len(reason.text) < 2_000


class Recorded:
    """Step Functions, the ledger and the bus, and an attempt that is under way."""

    def __init__(
        self, ending: ExecutionEnding | None, *, attempt: int = 1, status: Status = Status.ASSOCIATING
    ) -> None:
        self.row = row(status, settled=False, attempt=attempt)
        self.state_machine, self.withdrawals = InMemoryStateMachine(), InMemoryStateMachine()
        self.ledger, self.bus = InMemoryLedger(), InMemoryStatusBus()
        machine = self.withdrawals if status is Status.WITHDRAWING else self.state_machine
        machine.ended[f"{self.row.request_id}-{attempt}"] = ending
        self.ledger.kept[self.row.request_id] = self.row

    def record(self) -> bool:
        workflows = Workflows(self.state_machine, self.withdrawals)
        return EndingRecorder(workflows, self.ledger, self.bus).record(self.row)


def test_an_end_is_written_and_announced() -> None:
    world = Recorded(ExecutionEnding(status="ABORTED"), attempt=3)

    assert world.record()

    assert world.state_machine.asked == [f"{CONNECTION.request_id}-3"]
    ((change, _),) = world.ledger.written
    of_row = msgspec.structs.replace(change, account_id=world.row.account_id)
    assert (change.status, change.attempt, world.bus.announced) == (Status.FAILED, 3, [of_row])


def test_a_withdrawal_that_ended_without_a_word_is_one_still_and_counts_as_failed() -> None:
    world = Recorded(ExecutionEnding(status="TIMED_OUT"), attempt=3, status=Status.WITHDRAWING)

    assert world.record()
    assert world.record()

    kept = world.ledger.kept[CONNECTION.request_id]
    assert (kept.status, kept.settled, kept.failures) == (Status.WITHDRAWING, True, 1)
    assert world.bus.announced[0].reasons[0]["code"] == "execution-timed-out"
    assert world.state_machine.asked == []


def test_of_an_execution_that_runs_nothing_is_written() -> None:
    world = Recorded(None)

    assert not world.record()
    assert world.ledger.written == []


def test_what_the_execution_recorded_meanwhile_stands() -> None:
    world = Recorded(ExecutionEnding(status="SUCCEEDED"))
    world.ledger.kept[world.row.request_id] = row(Status.AVAILABLE)

    assert world.record()
    assert world.bus.announced == []


def test_after_a_ledger_was_lost_the_first_attempt_is_one_whose_name_no_earlier_execution_has(world: World) -> None:
    world.withdrawals.ended[f"{CONNECTION.request_id}-2"] = ExecutionEnding(status="SUCCEEDED")
    world.state_machine.ended[f"{CONNECTION.request_id}-3"] = ExecutionEnding(status="SUCCEEDED")
    world.ledger = InMemoryLedger()

    result = world.sweeper().sweep(CONNECTIONS, NOW)

    assert result.started == (f"{CONNECTION.request_id}-4",)
    assert status_of(world) == (Status.PENDING, False, 4)
    assert world.announced[-2:] == [(CONNECTION.request_id, 1), (CONNECTION.request_id, 4)]
    assert world.sweeper().sweep(CONNECTIONS, NOW).started == ()


@pytest.mark.parametrize("writes", [1, 2])
def test_names_that_are_taken_are_passed_over_by_a_later_attempt_too(world: World, writes: int) -> None:
    """The first broke off when it was entered, or the numbers of an earlier ledger have a gap."""
    for number in (1, 2, 3, 4, 6):
        world.state_machine.ended[f"{CONNECTION.request_id}-{number}"] = ExecutionEnding(status="SUCCEEDED")
    world.ledger = InMemoryLedger(world.interruptions)
    world.interruptions.writes_until_crash = writes
    with pytest.raises(CrashError):
        world.sweeper().sweep(CONNECTIONS, NOW)
    world.interruptions.writes_until_crash = 1_000

    started = [
        one
        for minutes in range(1, 6)
        for one in world.sweeper().sweep(CONNECTIONS, NOW + timedelta(minutes=minutes)).started
    ]

    assert started == [f"{CONNECTION.request_id}-5"]
    assert status_of(world) == (Status.PENDING, False, 5)


def test_no_sweep_passes_over_more_names_than_there_is_time_for(world: World) -> None:
    for number in range(1, 250):
        world.state_machine.ended[f"{CONNECTION.request_id}-{number}"] = ExecutionEnding(status="SUCCEEDED")
    world.ledger = InMemoryLedger()

    assert world.sweeper().sweep(CONNECTIONS, NOW).started == (f"{CONNECTION.request_id}-101",)
    started = [
        one
        for minutes in range(1, 30)
        for one in world.sweeper().sweep(CONNECTIONS, NOW + timedelta(minutes=minutes)).started
    ]
    assert started[-1] == f"{CONNECTION.request_id}-250"


def test_an_execution_of_an_earlier_ledger_that_waits_still_goes_on_as_the_attempt(world: World) -> None:
    world.state_machine.running[f"{CONNECTION.request_id}-2"] = msgspec.structs.replace(
        world.state_machine.running.get(NAME) or execution_input(request=CONNECTION), attempt=2
    )
    world.ledger = InMemoryLedger()

    result = world.sweeper().sweep(CONNECTIONS, NOW)

    assert result.started == (f"{CONNECTION.request_id}-2",)
    assert status_of(world) == (Status.PENDING, False, 2)
