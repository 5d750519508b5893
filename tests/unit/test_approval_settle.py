"""What an answer decides, and when it is an answer to another question."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.approval import Approved, Denied, Options, Question, Reconsider, TimedOut
from drawbridge.approval.question import MARGIN
from drawbridge.approval.settle import apply_approval
from drawbridge.decision import Accept, AlreadyResolved, AskApprover, Decision, Hold, Reject
from drawbridge.status import Reason, Status
from tests.builders import NOW, SHARE_ARN, share_facts
from tests.unit.approvals import ALICE, ASK, WAIT, WHY, answers, made


def test_what_is_to_be_asked_is_asked() -> None:
    question = made()

    assert apply_approval(ASK, question, None, NOW) == (ASK, question)


def test_where_there_is_no_way_to_ask_the_decision_stands() -> None:
    assert apply_approval(ASK, None, None, NOW) == (ASK, None)


def test_an_approval_of_the_same_question_accepts() -> None:
    approval = Approved(asked=made().asked, by=("U0ALICE", "U0BOB"), reason="fine")

    decision, question = apply_approval(ASK, made(), approval, NOW)

    reason = Reason("approved", "Approved by U0ALICE and U0BOB: fine", source="U0ALICE and U0BOB")
    assert (decision, question) == (Accept((reason, WHY)), None)


def test_a_denial_of_the_same_question_rejects_with_its_reason() -> None:
    decision, question = apply_approval(ASK, made(), Denied(asked=made().asked, by=ALICE, reason="not ours"), NOW)

    reason = Reason("denied", "Denied by U0ALICE: not ours", source="U0ALICE")
    assert (decision, question) == (Reject((reason, WHY)), None)


def test_a_question_that_nobody_answered_in_time_is_held() -> None:
    decision, question = apply_approval(ASK, made(), TimedOut(asked=made().asked), NOW + WAIT)

    assert isinstance(decision, Hold)
    assert [reason.code for reason in decision.because] == ["approval-timed-out", "policy"]
    assert question is None


@pytest.mark.parametrize("number", range(4))
def test_trap_25_an_answer_to_another_question_decides_nothing_and_it_is_asked_anew(number: int) -> None:
    before, now = made(), made(share_facts(share_name="billing"))

    decision, question = apply_approval(ASK, now, answers(before)[number], NOW)

    assert decision == ASK
    assert question is not None
    assert question.asked.asking == "1-2"
    assert question.asked.fingerprint == now.asked.fingerprint
    assert question.asked.deadline == now.asked.deadline
    assert question.changed == (f"no longer: Share: orders, {SHARE_ARN}", f"now: Share: billing, {SHARE_ARN}")


def test_trap_25_each_change_is_one_more_asking() -> None:
    question: Question | None = made()
    askings = []
    for name in ("b", "c", "d"):
        assert question is not None
        approval = Approved(asked=question.asked, by=ALICE)
        _, question = apply_approval(ASK, made(share_facts(share_name=name)), approval, NOW)
        askings.append(question.asked.asking if question else None)

    assert askings == ["1-2", "1-3", "1-4"]


def test_trap_25_a_change_of_what_is_not_shown_is_said_to_be_one() -> None:
    approval = Approved(asked=made().asked, by=ALICE)

    _, question = apply_approval(ASK, made(share_facts(share_tags={"a": "b"})), approval, NOW)

    assert question is not None
    assert question.changed == ("Not what is shown of it, but its details, or what the policies say of it.",)


def test_trap_25_whatever_changes_of_what_is_shown_is_named() -> None:
    before = made(effects=("Binding orders: into vpc-1.", "The share is accepted."))
    why = Reason("policy", "because of the hour", source="by-night")
    now = made(
        decision=AskApprover((why,)),
        effects=("Binding orders: into vpc-1.", "Binding billing: into vpc-2."),
        options=Options(two_person=True),
    )

    _, question = apply_approval(ASK, now, Reconsider(asked=before.asked), NOW)

    assert question is not None
    assert question.changed == (
        f"no longer: Asked because: {WHY.source}: {WHY.text}",
        "no longer: On approval: The share is accepted.",
        "now: Asked because: by-night: because of the hour",
        "now: On approval: Binding billing: into vpc-2.",
        "now: How: two people have to approve",
    )


def test_trap_25_of_what_an_earlier_version_asked_only_the_facts_are_compared() -> None:
    before = msgspec.structs.replace(made().asked, besides=())

    _, question = apply_approval(ASK, made(share_facts(share_name="billing")), Reconsider(asked=before), NOW)

    assert question is not None
    assert question.changed == (f"no longer: Share: orders, {SHARE_ARN}", f"now: Share: billing, {SHARE_ARN}")


@pytest.mark.parametrize(
    "decision",
    [Accept((WHY,)), Reject((WHY,)), Hold((WHY,)), AlreadyResolved(Status.EXPIRED, (WHY,))],
    ids=lambda each: type(each).__name__,
)
@pytest.mark.parametrize("number", range(4))
def test_a_policy_that_decides_by_itself_wins_over_every_answer(decision: Decision, number: int) -> None:
    assert apply_approval(decision, None, answers(made())[number], NOW) == (decision, None)
    assert apply_approval(decision, made(), answers(made())[number], NOW) == (decision, None)


def test_a_second_decision_without_an_answer_keeps_the_asking_and_gains_no_time() -> None:
    before, later = made(), NOW + timedelta(hours=1)

    decision, question = apply_approval(ASK, made(now=later), Reconsider(asked=before.asked), later)

    assert decision == ASK
    assert question is not None
    assert (question.asked.asking, question.asked.deadline) == ("1-1", before.asked.deadline)
    assert question.changed == ()


def test_a_second_decision_may_find_that_there_is_less_time() -> None:
    before = made(share_facts(deadline=None))

    _, question = apply_approval(
        ASK, made(share_facts(deadline=None), wait=timedelta(hours=1)), Reconsider(asked=before.asked), NOW
    )

    assert question is not None
    assert question.asked.deadline == NOW + timedelta(hours=1)


@pytest.mark.parametrize("left", [MARGIN, timedelta(minutes=1), -timedelta(hours=1)])
def test_trap_4_what_is_too_late_to_be_asked_is_held(left: timedelta) -> None:
    decision, question = apply_approval(ASK, made(share_facts(deadline=NOW + left)), None, NOW)

    assert isinstance(decision, Hold)
    assert [reason.code for reason in decision.because] == ["deadline-passed", "policy"]
    assert question is None


def test_an_approval_counts_although_there_is_no_time_to_ask_again() -> None:
    late = share_facts(deadline=NOW + MARGIN)

    decision, _ = apply_approval(ASK, made(late), Approved(asked=made(late).asked, by=ALICE), NOW)

    assert isinstance(decision, Accept)


@given(
    st.sampled_from(["", "billing", "payments"]),
    st.sampled_from(["", "billing", "payments"]),
    st.integers(0, 3),
    st.datetimes(datetime(2026, 11, 21), datetime(2026, 11, 23)).map(lambda at: at.replace(tzinfo=NOW.tzinfo)),  # noqa: DTZ001
)
def test_trap_25_nothing_is_accepted_but_what_was_approved(shown: str, found: str, number: int, now: datetime) -> None:
    before, after = made(share_facts(share_name=shown)), made(share_facts(share_name=found))
    answer = answers(before)[number]

    decision, question = apply_approval(ASK, after, answer, now)

    assert isinstance(decision, Accept) is (isinstance(answer, Approved) and shown == found)
    assert isinstance(decision, Reject) is (isinstance(answer, Denied) and shown == found)
    assert (question is None) is not isinstance(decision, AskApprover)
