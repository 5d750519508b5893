"""Answers: one decision of a question, whoever else answers, and who may answer at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from drawbridge.approval import Approved, Denied, Options, Question, Reconsider, TimedOut
from drawbridge.approval.answer import (
    AnswerResult,
    ApprovalAnswer,
    Reply,
    answer_of_person,
    reply_text,
    take,
)
from drawbridge.approval.approvers import Approvers, Person
from drawbridge.approval.ask import ApprovalRecord, close
from drawbridge.approval.outcomes import outcome_text
from drawbridge.discovery.waiting import WaitingRequests, WaitState
from drawbridge.status import Status
from tests.builders import NOW, PROVIDER, SHARE, approval_record, question, row
from tests.fakes.approvals import InMemoryApprovals
from tests.fakes.callback import InMemoryCallback
from tests.fakes.interruptions import CrashError

ID = SHARE.request_id
APPROVERS = Approvers(
    team_id="T0TEAM",
    user_ids=("U0ALICE", "U0BOB"),
    user_group_ids=("S0GROUP",),
    speak_for={PROVIDER: ("U0BOB", "U0CAROL")},
)
TWO = question(options=Options(two_person=True))


def answer(*, approve: bool = True, **changes: Any) -> ApprovalAnswer:
    fields: dict[str, Any] = {"request_id": ID, "asking": "1-1", "approve": approve} | changes
    return ApprovalAnswer(**fields)


def answered(kept: InMemoryApprovals, task: InMemoryCallback, by: str, given: ApprovalAnswer | None = None) -> Reply:
    there = kept.approval_record(ID)
    assert there is not None
    return take(given or answer(), by, there, kept, task)


def nobody_else() -> frozenset[str]:
    return frozenset()


def clicked(
    who: str = "U0ALICE",
    team: str = "T0TEAM",
    *,
    given: ApprovalAnswer | None = None,
    asked: Question | None = None,
    members: Callable[[], frozenset[str]] = nobody_else,
) -> tuple[AnswerResult, InMemoryApprovals, InMemoryCallback]:
    kept, task = InMemoryApprovals(approval_record(question=asked or question())), InMemoryCallback()
    person = Person(who, team)
    reply = answer_of_person(
        given or answer(), person, approvers=APPROVERS, members=members, decisions=kept, callback=task
    )
    return reply.result, kept, task


def test_an_approval_is_recorded_then_completes_the_task() -> None:
    result, kept, task = clicked()

    approval = Approved(asked=question().asked, by=("U0ALICE",))
    assert result is AnswerResult.RECORDED
    assert kept.decided == [approval]
    assert task.completed == [("a token", approval)]


def test_a_denial_is_recorded_with_its_reason() -> None:
    result, kept, task = clicked(given=answer(approve=False, reason="not ours"))

    denial = Denied(asked=question().asked, by=("U0ALICE",), reason="not ours")
    assert (result, kept.decided, task.completed) == (AnswerResult.RECORDED, [denial], [("a token", denial)])


def nobody_asks() -> frozenset[str]:
    raise AssertionError("the members of the groups were asked for")


def test_the_groups_are_not_looked_up_for_who_is_on_the_list() -> None:
    assert clicked(members=nobody_asks)[0] is AnswerResult.RECORDED


@pytest.mark.parametrize(
    ("who", "team", "result"),
    [
        ("U0DAVE", "T0TEAM", AnswerResult.RECORDED),
        ("U0DAVE", "T0OTHER", AnswerResult.NOT_ALLOWED),
        ("U0ALICE", "T0OTHER", AnswerResult.NOT_ALLOWED),
        ("U0ALICE", "", AnswerResult.NOT_ALLOWED),
        ("U0MALLORY", "T0TEAM", AnswerResult.NOT_ALLOWED),
        ("", "T0TEAM", AnswerResult.NOT_ALLOWED),
    ],
)
@pytest.mark.parametrize("approve", [True, False])
def test_only_approvers_of_the_team_decide(who: str, team: str, result: AnswerResult, approve: bool) -> None:
    outcome, kept, task = clicked(who, team, given=answer(approve=approve), members=lambda: frozenset({"U0DAVE"}))

    assert outcome is result
    assert len(kept.decided) == len(task.completed) == (result is AnswerResult.RECORDED)


def test_who_speaks_for_the_account_does_not_approve_its_request_but_may_deny_it() -> None:
    assert clicked("U0BOB")[0] is AnswerResult.OWN_REQUEST
    assert clicked("U0BOB", given=answer(approve=False))[0] is AnswerResult.RECORDED


def test_a_policy_may_let_people_approve_their_own_request() -> None:
    assert clicked("U0BOB", asked=question(options=Options(self_approval=True)))[0] is AnswerResult.RECORDED


def test_a_member_of_a_group_may_speak_for_the_account_too() -> None:
    assert clicked("U0CAROL", members=lambda: frozenset({"U0CAROL"}))[0] is AnswerResult.OWN_REQUEST


def test_who_speaks_for_another_account_approves() -> None:
    assert clicked("U0BOB", asked=question(account_id="333333333333"))[0] is AnswerResult.RECORDED


def test_a_question_that_is_not_there_is_reported_to_approvers_only() -> None:
    assert clicked(given=answer(request_id="share-other"))[0] is AnswerResult.UNKNOWN
    assert clicked("U0MALLORY", given=answer(request_id="share-other"))[0] is AnswerResult.NOT_ALLOWED


def test_trap_25_an_answer_to_a_question_that_is_not_asked_any_more_decides_nothing() -> None:
    result, kept, task = clicked(given=answer(asking="1-0"))

    assert (result, kept.decided, task.completed) == (AnswerResult.OUTDATED, [], [])


def test_a_second_click_changes_nothing_and_completes_with_what_was_decided() -> None:
    kept, task = InMemoryApprovals(approval_record()), InMemoryCallback()

    results = [answered(kept, task, by, answer(approve=by != "B")).result for by in ("A", "A", "B")]

    assert results == [AnswerResult.RECORDED, AnswerResult.DECIDED_ALREADY, AnswerResult.DECIDED_ALREADY]
    assert len(kept.decided) == 1
    assert {approval for _, approval in task.completed} == set(kept.decided)


def test_a_task_that_does_not_wait_any_more_is_no_error() -> None:
    kept, task = InMemoryApprovals(approval_record()), InMemoryCallback(waits=False)

    assert answered(kept, task, "A").result is AnswerResult.RECORDED


def test_two_different_people_have_to_approve_where_the_policy_says_so() -> None:
    kept, task = InMemoryApprovals(approval_record(question=TWO)), InMemoryCallback()

    results = [answered(kept, task, by).result for by in ("A", "A", "B")]

    assert results == [AnswerResult.SECOND_NEEDED, AnswerResult.AGAIN, AnswerResult.RECORDED]
    assert kept.decided == [Approved(asked=TWO.asked, by=("A", "B"))]
    assert task.completed == [("a token", kept.decided[0])]


@pytest.mark.parametrize("by", ["A", "B"])
def test_one_person_s_denial_ends_what_needs_two_approvals(by: str) -> None:
    kept, task = InMemoryApprovals(approval_record(question=TWO)), InMemoryCallback()
    answered(kept, task, "A")

    assert answered(kept, task, by, answer(approve=False)).result is AnswerResult.RECORDED
    assert kept.decided == [Denied(asked=TWO.asked, by=(by,))]


def test_trap_24_a_decision_that_did_not_reach_the_task_reaches_it_with_the_next_click() -> None:
    kept, task = InMemoryApprovals(approval_record()), InMemoryCallback(stopped=1)
    with pytest.raises(CrashError):
        answered(kept, task, "A")

    again = answered(kept, task, "B", answer(approve=False))

    assert again.result is AnswerResult.DECIDED_ALREADY
    assert task.completed == [("a token", Approved(asked=question().asked, by=("A",)))]


def swept(kept: InMemoryApprovals, task: InMemoryCallback, *, reconsider: bool, now: datetime = NOW) -> WaitState:
    waiting = WaitingRequests(kept, task)
    waiting.load([ID])
    return waiting.resume_if_answered(row(Status.WAITING_FOR_APPROVAL, request=SHARE), now, reconsider=reconsider)


@pytest.mark.parametrize("approval", [None, Approved(asked=question().asked, by=("U0ALICE",))])
def test_a_task_that_was_not_resumed_is_not_said_to_be(approval: Approved | None) -> None:
    assert (
        swept(InMemoryApprovals(approval_record(approval=approval)), InMemoryCallback(waits=False), reconsider=True)
        is WaitState.UNKNOWN
    )


def test_what_waits_longer_than_its_question_may_not_wait_at_all() -> None:
    late = question().asked.deadline + timedelta(minutes=5)

    assert (
        swept(InMemoryApprovals(approval_record()), InMemoryCallback(), reconsider=False, now=late) is WaitState.UNKNOWN
    )
    assert (
        swept(
            InMemoryApprovals(approval_record()), InMemoryCallback(), reconsider=False, now=late - timedelta(seconds=1)
        )
        is WaitState.WAITING
    )


def test_trap_24_a_decision_that_did_not_reach_the_task_reaches_it_with_the_next_sweep() -> None:
    kept, task = InMemoryApprovals(approval_record()), InMemoryCallback(stopped=1)
    with pytest.raises(CrashError):
        answered(kept, task, "A")

    assert swept(kept, task, reconsider=True) is WaitState.RESUMED

    assert task.completed == [("a token", Approved(asked=question().asked, by=("A",)))]


@pytest.mark.parametrize("reconsider", [True, False])
def test_a_sweep_has_what_nobody_answered_reconsidered_if_something_changed(reconsider: bool) -> None:
    kept, task = InMemoryApprovals(approval_record()), InMemoryCallback()

    assert swept(kept, task, reconsider=reconsider) is (WaitState.RESUMED if reconsider else WaitState.WAITING)

    assert task.completed == ([("a token", Reconsider(asked=question().asked))] if reconsider else [])
    assert kept.decided == []


@pytest.mark.parametrize("there", [[], [approval_record(token="")]])
def test_a_sweep_of_what_nobody_waits_for_does_nothing(there: list[ApprovalRecord]) -> None:
    task = InMemoryCallback()

    assert swept(InMemoryApprovals(*there), task, reconsider=True) is WaitState.UNKNOWN

    assert task.completed == []


def test_what_ends_at_the_last_moment_ended_as_whoever_was_first_has_it() -> None:
    kept, task = InMemoryApprovals(approval_record()), InMemoryCallback()
    answered(kept, task, "A")
    assert close(question(), kept) == kept.decided[0]

    kept, task = InMemoryApprovals(approval_record()), InMemoryCallback()
    assert close(question(), kept) == TimedOut(asked=question().asked)
    assert answered(kept, task, "A").result is AnswerResult.DECIDED_ALREADY
    assert kept.decided == [TimedOut(asked=question().asked)]


def test_a_question_that_nobody_kept_ended_without_an_answer() -> None:
    assert close(question(), InMemoryApprovals()) == TimedOut(asked=question().asked)


@pytest.mark.parametrize("asked", [question(), TWO], ids=["one", "two"])
def test_trap_24_many_answers_at_the_same_instant_are_one_decision(asked: Question) -> None:
    for _ in range(25):
        kept, task, together = (
            InMemoryApprovals(approval_record(question=asked)),
            InMemoryCallback(),
            threading.Barrier(16),
        )

        def click(
            number: int,
            kept: InMemoryApprovals = kept,
            task: InMemoryCallback = task,
            together: threading.Barrier = together,
        ) -> AnswerResult:
            there = kept.approval_record(ID)
            assert there is not None
            together.wait()
            return take(answer(approve=number % 2 == 0), f"U{number}", there, kept, task).result

        with ThreadPoolExecutor(16) as people:
            results = list(people.map(click, range(16)))

        assert results.count(AnswerResult.RECORDED) == 1
        assert len(kept.decided) == 1
        assert {approval for _, approval in task.completed} == set(kept.decided)
        assert set(results) <= {AnswerResult.RECORDED, AnswerResult.DECIDED_ALREADY, AnswerResult.SECOND_NEEDED}


@pytest.mark.parametrize("result", list(AnswerResult))
def test_every_result_is_said_in_words(result: AnswerResult) -> None:
    assert reply_text(Reply(result, approval_record()), APPROVERS)
    assert reply_text(Reply(result), None)


def test_who_is_not_allowed_is_told_who_is() -> None:
    words = reply_text(Reply(AnswerResult.NOT_ALLOWED), APPROVERS)

    assert words == "You can't decide on this. Who can: <@U0ALICE>, <@U0BOB>, <!subteam^S0GROUP>."
    assert "nobody is configured" in reply_text(Reply(AnswerResult.NOT_ALLOWED), Approvers(team_id="T0TEAM"))
    assert "No approvers are configured" in reply_text(Reply(AnswerResult.NOT_ALLOWED), None)


def test_a_reason_calls_nobody_when_it_is_shown_to_others() -> None:
    denied = Denied(asked=question().asked, by=("U0ALICE",), reason="<!channel> & <https://evil.example|x>")

    words = reply_text(Reply(AnswerResult.DECIDED_ALREADY, approval_record(approval=denied)), APPROVERS)

    assert "denied by <@U0ALICE>: &lt;!channel&gt; &amp; &lt;https://evil.example|x&gt;" in words


@pytest.mark.parametrize(
    ("approval", "words"),
    [
        (Approved(asked=question().asked, by=("A", "B")), "approved by A and B."),
        (Approved(asked=question().asked, by=("A",), reason="fine"), "approved by A: fine"),
        (Denied(asked=question().asked, by=("A",)), "denied by A."),
        (TimedOut(asked=question().asked), "nobody answered in time."),
        (None, "it is over."),
    ],
)
def test_how_a_question_ended_is_said(approval: Any, words: str) -> None:
    assert outcome_text(approval) == words
