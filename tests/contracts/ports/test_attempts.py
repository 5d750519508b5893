"""What attempts work on, as ``AttemptPlans``, ``AttemptResults``, and the functions that keep it, rely on it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.acceptance.kept_answer import KeptAnswer
from drawbridge.association import Plan, PlannedAssociation
from drawbridge.aws.attempts_table import AttemptsTable
from drawbridge.bounds import size_of
from drawbridge.decision import Accept, DecidedOn, Reject
from drawbridge.decision.let_in import LetIn
from drawbridge.errors import UpstreamError
from drawbridge.record.outcome import Failure, Published, Refused, WorkflowError
from drawbridge.request import ExecutionInput
from drawbridge.status import Reason
from drawbridge.withdrawal import (
    NOTHING,
    Cause,
    EarlierAttachments,
    KeptWithdrawal,
    NamesRemoval,
    NotWithdrawn,
    PlannedRemoval,
    RemovalResult,
    StaysAfterAll,
    WithdrawalPlan,
    Withdrawn,
)
from tests.builders import NOW, desired, execution_input
from tests.contracts.conftest import NewAccount
from tests.contracts.ledger_rows import connection
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.attempts import InMemoryAttempts
from tests.unit.largest import LARGEST_SNAPSHOT, largest_publication, longest_removal

Attempts = InMemoryAttempts | AttemptsTable

WHY = Reason("no-vpc", "none fits", source="users")
THREE = Plan(
    associations=tuple(desired(resource_name=f"db-{n}") for n in range(3)),
    refused=(WHY,),
    observed_fingerprint="state",
    bindings_fingerprint="bindings",
)
TWO = msgspec.structs.replace(THREE, associations=THREE.associations[:2])

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def on_aws(new_account: NewAccount) -> Callable[[], Attempts]:
    table: Any = new_account().table("AttemptsTable")
    return lambda: AttemptsTable(table, now=lambda: NOW)


@pytest.fixture(params=IMPLEMENTATIONS)
def attempts(request: pytest.FixtureRequest, on_aws: Callable[[], Attempts]) -> Attempts:
    return either(request, InMemoryAttempts, on_aws)


@pytest.fixture
def request_() -> ExecutionInput:
    """An attempt that no other test uses."""
    return execution_input(attempt=next(_numbers))


def test_a_plan_is_read_as_it_was_kept_and_each_association_by_its_place(
    attempts: Attempts, request_: ExecutionInput
) -> None:
    places = attempts.keep_plan(request_, THREE, NOW)

    assert places == (0, 1, 2)
    assert (attempts.kept(request_).plan, attempts.kept(request_).results) == (THREE, {})
    assert attempts.planned(request_, 2) == PlannedAssociation(desired=THREE.associations[2], at=NOW)


def test_what_is_not_kept_is_an_error(attempts: Attempts, request_: ExecutionInput) -> None:
    with pytest.raises(UpstreamError, match="not kept"):
        attempts.kept(request_)
    with pytest.raises(UpstreamError, match="not kept"):
        attempts.planned(request_, 0)


def test_what_another_attempt_keeps_is_not_this_one_s(attempts: Attempts, request_: ExecutionInput) -> None:
    attempts.keep_plan(request_, TWO, NOW)
    another = execution_input(attempt=next(_numbers))

    attempts.keep_plan(another, THREE, NOW)
    attempts.keep_result(another, 0, Refused(WHY))

    assert (attempts.kept(request_).plan, attempts.kept(request_).results) == (TWO, {})


def test_a_plan_that_is_made_anew_replaces_the_old_one_with_all_that_came_of_it(
    attempts: Attempts, request_: ExecutionInput
) -> None:
    attempts.keep_plan(request_, THREE, NOW)
    attempts.keep_result(request_, 0, Refused(WHY))

    attempts.keep_plan(request_, TWO, NOW + timedelta(minutes=1))

    assert (attempts.kept(request_).plan, attempts.kept(request_).results) == (TWO, {})
    assert attempts.planned(request_, 1).at == NOW + timedelta(minutes=1)
    with pytest.raises(UpstreamError, match="not kept"):
        attempts.planned(request_, 2)


def test_an_association_that_is_decided_again_replaces_itself_and_no_other(
    attempts: Attempts, request_: ExecutionInput
) -> None:
    attempts.keep_plan(request_, TWO, NOW)
    later = PlannedAssociation(desired=desired(security_group_ids=("sg-1",)), at=NOW + timedelta(minutes=2))

    attempts.keep_planned(request_, 1, later)

    assert (attempts.planned(request_, 0).at, attempts.planned(request_, 1)) == (NOW, later)
    assert attempts.kept(request_).plan.associations == (TWO.associations[0], later.desired)


@pytest.mark.parametrize(
    "result",
    [
        Refused(WHY),
        Failure(name="", error=WorkflowError("ConflictError", "not ours")),
        Published(largest_publication(names=3)),
    ],
)
def test_what_came_of_an_association_is_kept(attempts: Attempts, request_: ExecutionInput, result: Any) -> None:
    attempts.keep_plan(request_, TWO, NOW)

    attempts.keep_result(request_, 1, Refused(Reason("before", "what was kept first")))
    attempts.keep_result(request_, 1, result)

    assert attempts.kept(request_).results == {1: result}


def test_an_association_that_is_refused_when_it_is_decided_again_has_the_reason_for_its_result(
    attempts: Attempts, request_: ExecutionInput
) -> None:
    attempts.keep_plan(request_, TWO, NOW)

    attempts.keep_refused(request_, 1, WHY)

    assert attempts.kept(request_).results == {1: Refused(WHY)}
    assert attempts.kept(request_).plan == TWO


def test_what_was_read_does_not_change_with_what_is_kept_later(attempts: Attempts, request_: ExecutionInput) -> None:
    attempts.keep_plan(request_, TWO, NOW)
    before = attempts.kept(request_)

    attempts.keep_result(request_, 0, Refused(WHY))

    assert before.results == {}


def test_of_a_result_as_much_is_kept_as_there_is_room_for(attempts: Attempts, request_: ExecutionInput) -> None:
    attempts.keep_plan(request_, TWO, NOW)

    attempts.keep_result(request_, 0, Failure(name="", error=WorkflowError("Error", "x" * 100_000)))

    result = attempts.kept(request_).results[0]
    assert isinstance(result, Failure)
    assert len(result.error.cause) < 50_000


def test_a_result_outside_the_plan_is_no_result_of_it(attempts: Attempts, request_: ExecutionInput) -> None:
    attempts.keep_plan(request_, TWO, NOW)

    attempts.keep_result(request_, 2, Refused(WHY))

    assert attempts.kept(request_).results == {}


WITHDRAWAL = WithdrawalPlan(
    removals=tuple(longest_removal(number, names=2) for number in range(3)),
    unconfirmed=(Reason("unconfirmed", "vpce-9: AWS has yet to confirm that"),),
    earlier=EarlierAttachments(staying=(LARGEST_SNAPSHOT,)),
    cut=("2 more are to be taken down, which the next attempt does.",),
)
FEWER = msgspec.structs.replace(
    WITHDRAWAL, removals=WITHDRAWAL.removals[1:], unconfirmed=(), earlier=EarlierAttachments(), cut=()
)
NAMES = NamesRemoval(names=WITHDRAWAL.removals[0].names, cause=Cause.CONNECTION_GONE, why="gone")


def test_a_withdrawal_is_read_as_it_was_kept_and_each_removal_by_its_place(
    attempts: Attempts, request_: ExecutionInput
) -> None:
    places = attempts.keep_withdrawal(request_, WITHDRAWAL, NOW)

    assert places == (0, 1, 2)
    assert attempts.kept_withdrawal(request_) == KeptWithdrawal(plan=WITHDRAWAL)
    assert attempts.planned_removal(request_, 2) == PlannedRemoval(removal=WITHDRAWAL.removals[2], at=NOW)


def test_an_attempt_of_which_no_withdrawal_is_kept_takes_nothing_down(
    attempts: Attempts, request_: ExecutionInput
) -> None:
    attempts.keep_plan(request_, TWO, NOW)

    assert attempts.kept_withdrawal(request_) == KeptWithdrawal(plan=NOTHING)
    with pytest.raises(UpstreamError, match="not kept"):
        attempts.planned_removal(request_, 0)


def test_a_withdrawal_that_is_planned_anew_replaces_the_old_one_with_all_that_came_of_it(
    attempts: Attempts, request_: ExecutionInput
) -> None:
    attempts.keep_withdrawal(request_, WITHDRAWAL, NOW)
    attempts.keep_removal_result(request_, 0, Withdrawn(what="vpce-1"))

    attempts.keep_withdrawal(request_, FEWER, NOW + timedelta(minutes=1))

    assert attempts.kept_withdrawal(request_) == KeptWithdrawal(plan=FEWER)
    assert attempts.planned_removal(request_, 1).at == NOW + timedelta(minutes=1)
    with pytest.raises(UpstreamError, match="not kept"):
        attempts.planned_removal(request_, 2)


def test_a_withdrawal_of_nothing_replaces_the_old_one_too(attempts: Attempts, request_: ExecutionInput) -> None:
    attempts.keep_withdrawal(request_, WITHDRAWAL, NOW)

    assert attempts.keep_withdrawal(request_, NOTHING, NOW) == ()

    assert attempts.kept_withdrawal(request_) == KeptWithdrawal(plan=NOTHING)


def test_plan_and_withdrawal_of_one_attempt_leave_each_other_as_they_are(
    attempts: Attempts, request_: ExecutionInput
) -> None:
    gone = Withdrawn(what="vpce-1", parameters=("/a/dns-name",))
    attempts.keep_withdrawal(request_, WITHDRAWAL, NOW)
    attempts.keep_removal_result(request_, 0, gone)
    attempts.keep_plan(request_, THREE, NOW)
    attempts.keep_result(request_, 1, Refused(WHY))

    attempts.keep_plan(request_, TWO, NOW)
    assert attempts.kept_withdrawal(request_) == KeptWithdrawal(plan=WITHDRAWAL, results={0: gone})
    attempts.keep_result(request_, 1, Refused(WHY))
    attempts.keep_withdrawal(request_, FEWER, NOW)
    assert (attempts.kept(request_).plan, attempts.kept(request_).results) == (TWO, {1: Refused(WHY)})


def test_what_another_attempt_takes_down_is_not_this_one_s(attempts: Attempts, request_: ExecutionInput) -> None:
    attempts.keep_withdrawal(request_, FEWER, NOW)
    another = execution_input(attempt=next(_numbers))

    attempts.keep_withdrawal(another, WITHDRAWAL, NOW)
    attempts.keep_removal_result(another, 0, Withdrawn(what="vpce-1"))

    assert attempts.kept_withdrawal(request_) == KeptWithdrawal(plan=FEWER)


def test_a_removal_that_is_decided_again_replaces_itself_and_no_other(
    attempts: Attempts, request_: ExecutionInput
) -> None:
    attempts.keep_withdrawal(request_, WITHDRAWAL, NOW)
    later = PlannedRemoval(removal=NAMES, at=NOW + timedelta(minutes=2))

    attempts.keep_planned_removal(request_, 1, later)

    assert (attempts.planned_removal(request_, 0).at, attempts.planned_removal(request_, 1)) == (NOW, later)
    first, _, third = WITHDRAWAL.removals
    assert attempts.kept_withdrawal(request_).plan.removals == (first, NAMES, third)


@pytest.mark.parametrize(
    "result",
    [
        Withdrawn(what="vpce-1", parameters=("/a/dns-name", "/a/connection")),
        StaysAfterAll(WHY),
        NotWithdrawn(what="vpce-1", error="ConflictError", text="it has associations"),
    ],
)
def test_what_came_of_a_removal_is_kept(attempts: Attempts, request_: ExecutionInput, result: RemovalResult) -> None:
    attempts.keep_withdrawal(request_, WITHDRAWAL, NOW)

    attempts.keep_removal_result(request_, 1, StaysAfterAll(Reason("before", "what was kept first")))
    attempts.keep_removal_result(request_, 1, result)

    assert attempts.kept_withdrawal(request_).results == {1: result}


def test_what_was_read_of_a_withdrawal_does_not_change_with_what_is_kept_later(
    attempts: Attempts, request_: ExecutionInput
) -> None:
    attempts.keep_withdrawal(request_, WITHDRAWAL, NOW)
    before = attempts.kept_withdrawal(request_)

    attempts.keep_removal_result(request_, 0, StaysAfterAll(WHY))

    assert before.results == {}


def test_a_result_of_a_removal_outside_the_plan_is_no_result_of_it(
    attempts: Attempts, request_: ExecutionInput
) -> None:
    attempts.keep_withdrawal(request_, FEWER, NOW)

    attempts.keep_removal_result(request_, 2, StaysAfterAll(WHY))

    assert attempts.kept_withdrawal(request_).results == {}


def test_of_a_removal_s_result_as_much_is_kept_as_there_is_room_for(
    attempts: Attempts, request_: ExecutionInput
) -> None:
    attempts.keep_withdrawal(request_, WITHDRAWAL, NOW)

    attempts.keep_removal_result(request_, 0, NotWithdrawn(what="vpce-1", error="Error", text="x" * 100_000))
    attempts.keep_removal_result(request_, 1, StaysAfterAll(Reason("code", "x" * 100_000)))
    attempts.keep_removal_result(
        request_, 2, Withdrawn(what="vpce-1", parameters=tuple(f"/{number:0100}" for number in range(2_000)))
    )

    results = attempts.kept_withdrawal(request_).results
    assert results.keys() == {0, 1, 2}
    assert all(size_of(each) < 100_000 for each in results.values())
    failed, stays, gone = (results[place] for place in range(3))
    assert isinstance(failed, NotWithdrawn)
    assert failed.text.startswith("xxx")
    assert isinstance(stays, StaysAfterAll)
    assert stays.because.text.startswith("xxx")
    assert isinstance(gone, Withdrawn)
    assert gone.parameters[0] == f"/{0:0100}"


def kept_answer(name: str, outcome: str = "accept") -> KeptAnswer:
    decision = Accept((WHY,)) if outcome == "accept" else Reject((WHY,))
    return KeptAnswer(
        decision=decision,
        on=DecidedOn(at=NOW, account_id=name),
        decision_fingerprint="policies",
        let_in=LetIn(at=NOW, because=(WHY,)),
    )


def test_answers_are_kept_read_replaced_and_forgotten_together(attempts: Attempts) -> None:
    executions = [execution_input(connection(next(_numbers))) for _ in range(30)]
    answers = [(each, kept_answer(each.request_id)) for each in executions]
    attempts.keep_answers(answers)
    attempts.keep_answers([(executions[1], kept_answer("other", "reject"))])
    attempts.forget_answers(executions[2:3])

    found = attempts.kept_answers([*executions, execution_input(connection(next(_numbers)))])

    names = {each.execution_name: answer for each, answer in answers}
    names[executions[1].execution_name] = kept_answer("other", "reject")
    del names[executions[2].execution_name]
    assert found == names
    assert attempts.kept_answers([]) == {}
