"""Approval records, as the ports of approval promise them: one decision, whoever else decides at the same time."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from drawbridge.approval import Approval, Approved, Denied, Options, Question, TimedOut
from drawbridge.approval.answer import AnswerResult, take
from drawbridge.approval.ask import ApprovalRecord, Pending, Posted
from drawbridge.aws.approvals_table import ApprovalsTable
from tests.builders import NOW, approval_record, question
from tests.contracts.approval_records import TWO, Approvals, Asking, answer, asking, record_of
from tests.contracts.conftest import NewAccount
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.approvals import InMemoryApprovals
from tests.fakes.callback import InMemoryCallback
from tests.fakes.interruptions import CrashError


@pytest.fixture(scope="module")
def on_aws(new_account: NewAccount) -> Callable[[], Approvals]:
    table: Any = new_account().table("ApprovalsTable")
    return lambda: ApprovalsTable(table, now=lambda: NOW)


@pytest.fixture(params=IMPLEMENTATIONS)
def approvals(request: pytest.FixtureRequest, on_aws: Callable[[], Approvals]) -> Approvals:
    return either(request, InMemoryApprovals, on_aws)


@pytest.fixture
def asked(approvals: Approvals) -> Asking:
    return asking(approvals)


def test_what_was_never_asked_is_not_there(approvals: Approvals) -> None:
    assert approvals.approval_record("share-none") is None


def test_the_first_asking_takes_over_from_none(approvals: Approvals) -> None:
    kept = question(request_id=f"share-{uuid.uuid4()}")

    assert approvals.open(kept, "token", "link") == (
        approval_record(question=kept, token="token", link="link", posted=None),
        None,
    )


def test_the_same_asking_again_keeps_what_there_is_and_takes_the_new_task(approvals: Approvals, asked: Asking) -> None:
    kept = asked(options=TWO)
    approvals.note_posted(record_of(approvals, kept), Posted("C0", "1.5"))
    approvals.note_message_text(record_of(approvals, kept), "approved by 1")
    approvals.record(answer(kept), "U0ALICE", needed=2)

    now, before = approvals.open(kept, "later token", "https://other")

    assert before is None
    assert now == record_of(approvals, kept)
    assert now == ApprovalRecord(
        question=kept,
        token="later token",
        link="https://other",
        posted=Posted("C0", "1.5"),
        approved_by=("U0ALICE",),
        message_text="approved by 1",
    )


def test_trap_25_another_asking_starts_with_nothing_and_returns_what_it_takes_over_from(
    approvals: Approvals, asked: Asking
) -> None:
    kept = asked()
    approvals.note_posted(record_of(approvals, kept), Posted("C0", "1.5"))
    approvals.record(answer(kept), "U0ALICE", needed=1)
    was = record_of(approvals, kept)
    other = question(request_id=kept.request_id, asking="1-2", fingerprint="another")

    now, before = approvals.open(other, "token", "link")

    assert before == was
    assert now == record_of(approvals, kept) == approval_record(question=other, token="token", link="link", posted=None)


def test_trap_25_what_belongs_to_an_earlier_asking_changes_nothing_of_the_later(
    approvals: Approvals, asked: Asking
) -> None:
    first = asked()
    was = record_of(approvals, first)
    approvals.open(question(request_id=first.request_id, asking="1-2"), "token", "link")
    now = record_of(approvals, first)

    approvals.note_posted(was, Posted("C0", "1.5"))
    approvals.note_message_text(was, "Approved.")

    assert approvals.record(answer(first), "U0ALICE", needed=1) is None
    assert approvals.record(answer(first), "U0ALICE", needed=2) is None
    assert approvals.record(answer(first, approve=False), "U0ALICE", needed=1) is None
    assert approvals.close(first.request_id, first.asked.asking) is None
    assert record_of(approvals, first) == now


@pytest.mark.parametrize("approve", [True, False])
@pytest.mark.parametrize("needed", [1, 2])
def test_an_answer_to_a_question_that_is_not_there_makes_none(approvals: Approvals, approve: bool, needed: int) -> None:
    late_answer = answer(question(request_id=f"share-{uuid.uuid4()}"), approve=approve)

    assert approvals.record(late_answer, "U0ALICE", needed=needed) is None
    assert approvals.approval_record(late_answer.request_id) is None


@pytest.mark.parametrize("approve", [True, False])
def test_a_decision_is_recorded_once(approvals: Approvals, asked: Asking, approve: bool) -> None:
    kept = asked()

    first = approvals.record(answer(kept, approve=approve, reason="why"), "U0ALICE", needed=1)
    others = [approvals.record(answer(kept, approve=each), "U0BOB", needed=1) for each in (True, False)]

    decided: Approval = (Approved if approve else Denied)(asked=kept.asked, by=("U0ALICE",), reason="why")
    assert first == record_of(approvals, kept)
    assert first is not None
    assert first.approval == decided
    assert others == [None, None]


def test_two_approvals_are_a_decision_where_they_are_of_two_people(approvals: Approvals, asked: Asking) -> None:
    kept = asked(options=TWO)

    first = approvals.record(answer(kept), "U0BOB", needed=2)
    again = approvals.record(answer(kept), "U0BOB", needed=2)
    second = approvals.record(answer(kept, reason="fine"), "U0ALICE", needed=2)

    assert first is not None
    assert second is not None
    assert (first.approval, first.approved_by, again) == (None, ("U0BOB",), None)
    assert second.approval == Approved(asked=kept.asked, by=("U0ALICE", "U0BOB"), reason="fine")
    assert second == record_of(approvals, kept)


def test_an_approval_takes_the_place_of_one_that_does_not_count_any_more(approvals: Approvals, asked: Asking) -> None:
    kept = asked(options=TWO)
    approvals.record(answer(kept), "U0ALICE", needed=2)

    other = approvals.record(answer(kept), "U0BOB", needed=2, void=("U0ALICE",))
    late = approvals.record(answer(kept), "U0CAROL", needed=2, void=("U0ALICE",))
    third = approvals.record(answer(kept), "U0CAROL", needed=2)

    assert other is not None
    assert third is not None
    assert (other.approval, other.approved_by, other.void, late) == (None, ("U0BOB",), ("U0ALICE",), None)
    assert third.approval == Approved(asked=kept.asked, by=("U0BOB", "U0CAROL"))


@pytest.mark.parametrize("by", ["U0ALICE", "U0BOB"])
def test_a_denial_ends_what_one_of_two_approved(approvals: Approvals, asked: Asking, by: str) -> None:
    kept = asked(options=TWO)
    approvals.record(answer(kept), "U0ALICE", needed=2)

    approvals.record(answer(kept, approve=False), by, needed=2)

    assert record_of(approvals, kept).approval == Denied(asked=kept.asked, by=(by,))
    assert approvals.record(answer(kept), "U0CAROL", needed=2) is None


def test_a_question_whose_time_is_over_is_answered_by_nobody(approvals: Approvals, asked: Asking) -> None:
    kept = asked()

    ended = [approvals.close(kept.request_id, "1-1") for _ in range(2)]

    assert ended == [TimedOut(asked=kept.asked)] * 2
    assert approvals.record(answer(kept), "U0ALICE", needed=1) is None
    assert record_of(approvals, kept).approval == TimedOut(asked=kept.asked)


def test_an_answer_at_the_last_moment_stands(approvals: Approvals, asked: Asking) -> None:
    kept = asked()
    approvals.record(answer(kept), "U0ALICE", needed=1)

    assert approvals.close(kept.request_id, "1-1") == Approved(asked=kept.asked, by=("U0ALICE",))


def test_closing_what_was_never_asked_makes_nothing(approvals: Approvals) -> None:
    assert approvals.close("share-never", "1-1") is None
    assert approvals.approval_record("share-never") is None


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Do everything at the same instant; return what came of each."""
    together = threading.Barrier(len(actions))

    def act(action: Callable[[], Any]) -> Any:
        together.wait()
        return action()

    with ThreadPoolExecutor(len(actions)) as people:
        return list(people.map(act, actions))


@pytest.mark.parametrize("options", [Options(), TWO], ids=["one", "two"])
def test_trap_24_many_answers_at_the_same_instant_are_one_decision(
    approvals: Approvals, asked: Asking, options: Options
) -> None:
    for _ in range(100):
        kept, task = asked(options=options), InMemoryCallback()
        there = record_of(approvals, kept)

        def click(
            number: int, kept: Question = kept, there: ApprovalRecord = there, task: InMemoryCallback = task
        ) -> AnswerResult:
            return take(answer(kept, approve=number % 2 == 0), f"U{number}", there, approvals, task).result

        results = at_once(*(lambda number=number: click(number) for number in range(4)))

        decided = record_of(approvals, kept).approval
        assert results.count(AnswerResult.RECORDED) == 1
        assert set(results) <= {AnswerResult.RECORDED, AnswerResult.DECIDED_ALREADY, AnswerResult.SECOND_NEEDED}
        assert results.count(AnswerResult.SECOND_NEEDED) <= 1
        assert {approval for _, approval in task.completed} == {decided}
        if isinstance(decided, Approved):
            assert len(set(decided.by)) == (2 if options.two_person else 1)


def test_two_people_who_approve_at_the_same_instant_are_the_two_that_it_needs(
    approvals: Approvals, asked: Asking
) -> None:
    for _ in range(25):
        kept, task = asked(options=TWO), InMemoryCallback()
        there = record_of(approvals, kept)

        def click(
            by: str, kept: Question = kept, there: ApprovalRecord = there, task: InMemoryCallback = task
        ) -> AnswerResult:
            return take(answer(kept), by, there, approvals, task).result

        results = at_once(lambda: click("U0ALICE"), lambda: click("U0BOB"), lambda: click("U0ALICE"))

        assert results.count(AnswerResult.RECORDED) == 1
        assert record_of(approvals, kept).approval == Approved(asked=kept.asked, by=("U0ALICE", "U0BOB"))


def test_one_person_s_many_clicks_at_the_same_instant_are_one_approval(approvals: Approvals, asked: Asking) -> None:
    kept = asked(options=TWO)
    there = record_of(approvals, kept)

    results = at_once(*([lambda: take(answer(kept), "U0ALICE", there, approvals, InMemoryCallback()).result] * 8))

    assert sorted(results) == sorted([AnswerResult.SECOND_NEEDED, *[AnswerResult.AGAIN] * 7])
    assert record_of(approvals, kept).approval is None


def test_trap_24_the_end_and_an_answer_at_the_same_instant_agree_on_how_it_ended(
    approvals: Approvals, asked: Asking
) -> None:
    for _ in range(25):
        kept, task = asked(), InMemoryCallback()
        there = record_of(approvals, kept)

        def click(kept: Question = kept, there: ApprovalRecord = there, task: InMemoryCallback = task) -> AnswerResult:
            return take(answer(kept), "U0ALICE", there, approvals, task).result

        def end(kept: Question = kept) -> Approval | None:
            return approvals.close(kept.request_id, "1-1")

        result, ended = at_once(click, end)

        assert ended == record_of(approvals, kept).approval
        assert isinstance(ended, Approved) is (result is AnswerResult.RECORDED)
        assert {approval for _, approval in task.completed} == {ended}


def test_trap_24_a_decision_that_did_not_reach_the_task_reaches_it_with_the_next_click(
    approvals: Approvals, asked: Asking
) -> None:
    kept, task = asked(), InMemoryCallback(stopped=1)
    with pytest.raises(CrashError):
        take(answer(kept), "U0ALICE", record_of(approvals, kept), approvals, task)

    again = take(answer(kept, approve=False), "U0BOB", record_of(approvals, kept), approvals, task)

    assert again.result is AnswerResult.DECIDED_ALREADY
    assert task.completed == [("a token", Approved(asked=kept.asked, by=("U0ALICE",)))]


def test_a_decision_while_the_task_changes_reaches_one_of_the_two(approvals: Approvals, asked: Asking) -> None:
    """Of the answer and the task, the second to be written sees the first."""
    for _ in range(25):
        kept, task = asked(), InMemoryCallback()
        there = record_of(approvals, kept)

        def click(kept: Question = kept, there: ApprovalRecord = there, task: InMemoryCallback = task) -> Any:
            return take(answer(kept), "U0ALICE", there, approvals, task)

        def wait_anew(kept: Question = kept) -> ApprovalRecord:
            return approvals.open(kept, "later token", "link")[0]

        _, now = at_once(click, wait_anew)

        assert now.approval is not None or [token for token, _ in task.completed] == ["later token"]


def test_one_approval_that_suffices_is_the_decision_and_none_of_two(approvals: Approvals, asked: Asking) -> None:
    kept = asked()

    approvals.record(answer(kept), "U0ALICE", needed=1, void=("U0BOB",))

    now = record_of(approvals, kept)
    assert now.approval == Approved(asked=kept.asked, by=("U0ALICE",))
    assert (now.approved_by, now.void) == ((), ())


def test_those_whose_approval_does_not_count_any_more_are_all_named(approvals: Approvals, asked: Asking) -> None:
    kept = asked(options=TWO)
    approvals.record(answer(kept), "U0ALICE", needed=2)
    approvals.record(answer(kept), "U0BOB", needed=2, void=("U0ALICE",))

    third = approvals.record(answer(kept), "U0CAROL", needed=2, void=("U0BOB",))

    assert third is not None
    assert (third.approved_by, third.void) == (("U0CAROL",), ("U0ALICE", "U0BOB"))


def test_who_approves_after_all_is_no_more_among_those_who_do_not_count(approvals: Approvals, asked: Asking) -> None:
    kept = asked(options=TWO)
    approvals.record(answer(kept), "U0ALICE", needed=2)
    approvals.record(answer(kept), "U0BOB", needed=2, void=("U0ALICE",))

    again = approvals.record(answer(kept), "U0ALICE", needed=2)

    assert again is not None
    assert (again.approval, again.void) == (Approved(asked=kept.asked, by=("U0ALICE", "U0BOB")), ())


def test_of_what_nobody_approved_no_approval_is_taken_the_place_of(approvals: Approvals, asked: Asking) -> None:
    kept = asked(options=TWO)

    assert approvals.record(answer(kept), "U0BOB", needed=2, void=("U0ALICE",)) is None
    assert record_of(approvals, kept).approved_by == ()


def test_the_questions_of_requests_are_pending_until_they_are_decided(approvals: Approvals, asked: Asking) -> None:
    open_, decided = asked(), asked()
    approvals.record(answer(decided), "U0ALICE", needed=1)

    found = approvals.pending([open_.request_id, decided.request_id, "share-never"])

    deadline = open_.asked.deadline
    assert found == {
        open_.request_id: Pending(deadline, waits=True, decided=False),
        decided.request_id: Pending(deadline, waits=True, decided=True),
    }


def test_a_question_without_a_task_does_not_wait(approvals: Approvals) -> None:
    kept = question(request_id=f"share-{uuid.uuid4()}")
    approvals.open(kept, "", "link")

    assert not approvals.pending([kept.request_id])[kept.request_id].waits


def test_what_is_noted_of_a_message_stays_with_its_question(approvals: Approvals, asked: Asking) -> None:
    kept = asked()

    approvals.note_posted(record_of(approvals, kept), Posted("C0", "1.5"))
    approvals.note_message_text(record_of(approvals, kept), "approved by 1")

    now = record_of(approvals, kept)
    assert (now.posted, now.message_text) == (Posted("C0", "1.5"), "approved by 1")
