"""Approvers who leave: an approval counts if whoever gave it may approve when it counts."""

from __future__ import annotations

import pytest

from drawbridge.approval import Approved, Denied, Options, Question
from drawbridge.approval.answer import AnswerResult, ApprovalAnswer, Reply, answer_of_person, reply_text
from drawbridge.approval.approvers import Approvers, Person, counts_no_more
from drawbridge.approval.notify import Notice, notify
from drawbridge.approval.settle import apply_approval, void_of
from drawbridge.decision import Accept
from tests.builders import NOW, PROVIDER, SHARE, approval_record, question
from tests.fakes.approvals import InMemoryApprovals
from tests.fakes.callback import InMemoryCallback
from tests.fakes.messenger import InMemoryMessenger
from tests.unit.approvals import ASK, answers, made, texts

ID = SHARE.request_id
TWO = question(options=Options(two_person=True))
ARN = "arn:aws:sts::111111111111:assumed-role/Operators/dave"
ALL = Approvers(team_id="T0TEAM", user_ids=("U0ALICE", "U0BOB", "U0CAROL"), user_group_ids=("S0GROUP",))
WITHOUT_ALICE = Approvers(team_id="T0TEAM", user_ids=("U0BOB", "U0CAROL"), user_group_ids=("S0GROUP",))
ALICE_SPEAKS = Approvers(team_id="T0TEAM", user_ids=("U0ALICE", "U0BOB"), speak_for={PROVIDER: ("U0ALICE",)})


def nobody(_: Approvers | None = None) -> frozenset[str]:
    return frozenset()


def clicks(
    kept: InMemoryApprovals,
    task: InMemoryCallback,
    who: str,
    approvers: Approvers,
    members: frozenset[str] = frozenset(),
) -> Reply:
    return answer_of_person(
        ApprovalAnswer(request_id=ID, asking="1-1", approve=True),
        Person(who, "T0TEAM"),
        approvers=approvers,
        members=lambda: members,
        decisions=kept,
        callback=task,
    )


@pytest.mark.parametrize("then", [WITHOUT_ALICE, ALICE_SPEAKS], ids=["taken off the list", "speaks for the account"])
def test_a_first_approval_of_who_may_not_approve_by_the_second_one_does_not_count(then: Approvers) -> None:
    kept, task = InMemoryApprovals(approval_record(question=TWO)), InMemoryCallback()
    clicks(kept, task, "U0ALICE", ALL)

    reply = clicks(kept, task, "U0BOB", then)

    assert reply.result is AnswerResult.SECOND_NEEDED
    assert (kept.decided, task.completed) == ([], [])
    assert "approval of <@U0ALICE> does not count any more" in reply_text(reply, then)
    assert kept.records[ID].approved_by == ("U0BOB",)
    assert clicks(kept, task, "U0CAROL", WITHOUT_ALICE).result is AnswerResult.RECORDED
    assert kept.decided == [Approved(asked=TWO.asked, by=("U0BOB", "U0CAROL"))]


def test_a_first_approval_of_who_left_the_user_group_does_not_count() -> None:
    kept, task = InMemoryApprovals(approval_record(question=TWO)), InMemoryCallback()
    clicks(kept, task, "U0EVE", ALL, frozenset({"U0EVE"}))

    assert clicks(kept, task, "U0BOB", ALL, frozenset({"U0ERIN"})).result is AnswerResult.SECOND_NEEDED
    assert kept.decided == []


def test_a_first_approval_of_who_is_an_approver_still_counts_with_the_second() -> None:
    kept, task = InMemoryApprovals(approval_record(question=TWO)), InMemoryCallback()
    clicks(kept, task, "U0EVE", ALL, frozenset({"U0EVE"}))

    assert clicks(kept, task, "U0BOB", ALL, frozenset({"U0EVE"})).result is AnswerResult.RECORDED


def test_a_denial_by_who_may_is_one_whoever_approved_before() -> None:
    kept, task = InMemoryApprovals(approval_record(question=TWO, approved_by=("U0ALICE",))), InMemoryCallback()
    denial = ApprovalAnswer(request_id=ID, asking="1-1", approve=False)

    reply = answer_of_person(
        denial, Person("U0BOB", "T0TEAM"), approvers=WITHOUT_ALICE, members=nobody, decisions=kept, callback=task
    )

    assert reply.result is AnswerResult.RECORDED
    assert kept.decided == [Denied(asked=TWO.asked, by=("U0BOB",))]


def test_of_two_who_take_the_place_of_one_at_the_same_instant_both_count() -> None:
    class Raced(InMemoryApprovals):
        """Somebody else is faster, once."""

        def record(self, answer: ApprovalAnswer, by: str, **how: object) -> object:  # type: ignore[override]  # passed on
            if by == "U0BOB" and self.records[ID].approved_by == ("U0ALICE",):
                super().record(answer, "U0CAROL", needed=2, void=("U0ALICE",))
                return None
            return super().record(answer, by, **how)  # type: ignore[arg-type]  # as it came

    kept, task = Raced(approval_record(question=TWO, approved_by=("U0ALICE",))), InMemoryCallback()

    assert clicks(kept, task, "U0BOB", WITHOUT_ALICE).result is AnswerResult.RECORDED
    assert kept.decided == [Approved(asked=TWO.asked, by=("U0BOB", "U0CAROL"))]


def test_the_message_says_whose_approval_does_not_count_any_more() -> None:
    kept, slack = InMemoryApprovals(approval_record(question=TWO, approved_by=("U0ALICE",))), InMemoryMessenger()
    notice = Notice(request_id=ID, user="U0BOB", words="")
    notify(notice, kept, slack)
    clicks(kept, InMemoryCallback(), "U0BOB", WITHOUT_ALICE)

    notify(notice, kept, slack)

    shown = texts(slack.updates[-1][1])
    assert len(slack.updates) == 2
    assert "No longer counts: <@U0ALICE>\nApproved by: <@U0BOB>\nStill needed: A second person" in shown


@pytest.mark.parametrize(
    ("by", "approvers", "members", "lost"),
    [
        (("U0ALICE",), ALL, frozenset[str](), ()),
        (("U0ALICE", "U0BOB"), WITHOUT_ALICE, frozenset(), ("U0ALICE",)),
        (("U0ALICE",), WITHOUT_ALICE, frozenset({"U0ALICE"}), ()),
        (("U0ALICE",), ALICE_SPEAKS, frozenset(), ("U0ALICE",)),
        (("U0ALICE", ARN), None, frozenset(), ("U0ALICE",)),
        ((ARN,), None, frozenset(), ()),
        (("somebody",), ALL, frozenset(), ("somebody",)),
    ],
)
def test_who_approved_counts_if_they_may_approve_now(
    by: tuple[str, ...], approvers: Approvers | None, members: frozenset[str], lost: tuple[str, ...]
) -> None:
    assert counts_no_more(by, question(), approvers, lambda _: members) == lost


def test_who_speaks_for_the_account_counts_where_the_policy_lets_them() -> None:
    asked = question(options=Options(self_approval=True))

    assert counts_no_more(("U0ALICE",), asked, ALICE_SPEAKS, nobody) == ()


@pytest.mark.parametrize("configured", [WITHOUT_ALICE, ALICE_SPEAKS, None])
def test_a_recorded_approval_of_who_may_not_approve_any_more_is_asked_for_again(configured: Approvers | None) -> None:
    approval = Approved(asked=made().asked, by=("U0ALICE",))
    void = void_of(approval, made(), lambda: configured, nobody)

    decision, again = apply_approval(ASK, made(), approval, NOW, void=void)

    assert decision == ASK
    assert again is not None
    assert again.asked.asking == "1-2"
    assert again.asked.fingerprint == made().asked.fingerprint
    assert "approval of U0ALICE does not count any more" in again.changed[0]


def test_a_recorded_approval_of_who_still_may_accepts() -> None:
    approval = Approved(asked=made().asked, by=("U0ALICE", ARN))
    void = void_of(approval, made(), lambda: ALL, nobody)

    assert isinstance(apply_approval(ASK, made(), approval, NOW, void=void)[0], Accept)


def unasked() -> Approvers:
    raise AssertionError("the approvers were asked for")


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("asked", [made(), None])
def test_the_approvers_are_only_asked_for_where_somebody_approved(number: int, asked: Question | None) -> None:
    assert void_of(answers(made())[number], asked, unasked, nobody) == ()
    assert void_of(Approved(asked=made().asked, by=(ARN,)), asked, unasked, nobody) == ()
    assert void_of(None, asked, unasked, nobody) == ()
