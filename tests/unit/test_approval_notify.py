"""Notices: the message says how it went, and people hear what became of their clicks."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.approval import Approved, Denied, Options, TimedOut
from drawbridge.approval.ask import ApprovalRecord
from drawbridge.approval.notify import Notice, notify
from drawbridge.request.status_reached import StatusReached
from drawbridge.status import Reason, Status
from tests.builders import SHARE, approval_record, question
from tests.fakes.approvals import InMemoryApprovals
from tests.fakes.messenger import InMemoryMessenger
from tests.unit.approvals import ending_of, has_buttons, texts

ID = SHARE.request_id
ASKED = question().asked
APPROVED = Approved(asked=ASKED, by=("U0ALICE",))
DENIED = Denied(asked=ASKED, by=("U0BOB",), reason="not ours")
LATE = TimedOut(asked=ASKED)
TWO = question(options=Options(two_person=True))


def notice(**changes: Any) -> Notice:
    return Notice(**({"request_id": ID, "user": "U0ALICE", "words": ""} | changes))


def reached(status: Status, *reasons: str, attempt: int = 1) -> StatusReached:
    given = [Reason("code", text) for text in reasons]
    return StatusReached(request_id=ID, status=status, attempt=attempt, reasons=given)


def last(slack: InMemoryMessenger) -> str:
    return ending_of(slack.updates[-1][1])


@pytest.mark.parametrize(
    ("there", "what", "text"),
    [
        (approval_record(approval=APPROVED), notice(), "Approved by U0ALICE."),
        (approval_record(approval=DENIED), notice(), "Denied by U0BOB: not ours."),
        (approval_record(approval=APPROVED), reached(Status.ACCEPTED), "Approved by U0ALICE. Now: accepted."),
        (approval_record(approval=APPROVED), reached(Status.ASSOCIATING), "Approved by U0ALICE. Now: accepted."),
        (approval_record(approval=APPROVED), reached(Status.AVAILABLE), "Approved by U0ALICE. Now: connected."),
        (
            approval_record(approval=APPROVED),
            reached(Status.FAILED),
            "Approved by U0ALICE. Now: failed; it is tried again.",
        ),
        (approval_record(approval=DENIED), reached(Status.REJECTED, "x"), "Denied by U0BOB: not ours. Now: rejected."),
        (approval_record(approval=DENIED), reached(Status.ACCEPTED), "Denied by U0BOB: not ours. Now: kept as it was."),
        (
            approval_record(approval=DENIED),
            reached(Status.AVAILABLE),
            "Denied by U0BOB: not ours. Now: kept as it was, connected.",
        ),
        (
            approval_record(approval=DENIED),
            reached(Status.AVAILABLE, attempt=2),
            "Denied by U0BOB: not ours. Now: connected.",
        ),
        (approval_record(approval=LATE), reached(Status.HELD), "Nobody answered in time. Now: held."),
        (approval_record(), reached(Status.EXPIRED, "It expired."), "Expired. It expired."),
        (
            approval_record(),
            reached(Status.WITHDRAWN, "Gone.", "2", "3", "4"),
            "Withdrawn by the other side. Gone.; 2; 3.",
        ),
        (approval_record(), reached(Status.REJECTED, "Elsewhere."), "Rejected. Elsewhere."),
        (approval_record(), reached(Status.ACCEPTED, "Elsewhere."), "Accepted. Elsewhere."),
        (approval_record(), reached(Status.HELD, "A policy forbids it."), "Held. A policy forbids it."),
    ],
)
def test_the_message_says_how_it_went_whichever_way_it_ended(there: ApprovalRecord, what: Any, text: str) -> None:
    kept, slack = InMemoryApprovals(there), InMemoryMessenger()

    notify(what, kept, slack)

    assert slack.updates[0][0] == there.posted
    assert last(slack) == text
    assert not has_buttons(slack.updates[0][1])


@pytest.mark.parametrize("status", [Status.PENDING, Status.WAITING_FOR_APPROVAL])
def test_what_is_under_way_changes_no_message(status: Status) -> None:
    slack = InMemoryMessenger()

    assert notify(reached(status), InMemoryApprovals(approval_record()), slack) == ""
    assert slack.updates == []


@pytest.mark.parametrize("what", [notice(), reached(Status.ACCEPTED)])
def test_the_same_is_said_once(what: Any) -> None:
    kept, slack = InMemoryApprovals(approval_record(approval=APPROVED)), InMemoryMessenger()

    for _ in range(3):
        notify(what, kept, slack)

    assert len(slack.updates) == 1


def test_a_late_notice_does_not_take_back_what_the_request_came_to() -> None:
    kept, slack = InMemoryApprovals(approval_record(approval=APPROVED)), InMemoryMessenger()
    notify(reached(Status.AVAILABLE), kept, slack)

    assert notify(notice(), kept, slack) == "Approved by U0ALICE. Now: connected."
    assert len(slack.updates) == 1


def test_a_late_notice_of_a_first_approval_does_not_bring_the_buttons_back() -> None:
    kept, slack = InMemoryApprovals(approval_record(question=TWO, approved_by=("U0ALICE",))), InMemoryMessenger()
    notify(reached(Status.WITHDRAWN), kept, slack)

    notify(notice(), kept, slack)

    assert [has_buttons(what) for _, what in slack.updates] == [False]


def test_a_first_approval_is_shown_with_the_buttons_and_the_second_without() -> None:
    kept, slack = InMemoryApprovals(approval_record(question=TWO, approved_by=("U0ALICE",))), InMemoryMessenger()
    notify(notice(), kept, slack)
    assert has_buttons(slack.updates[0][1])
    assert "Approved by: <@U0ALICE>\nStill needed: A second person has to approve too." in texts(slack.updates[0][1])

    both = Approved(asked=TWO.asked, by=("U0ALICE", "U0BOB"))
    text = kept.records[ID].message_text
    kept.records[ID] = approval_record(question=TWO, approved_by=both.by, approval=both, message_text=text)
    notify(notice(), kept, slack)

    assert not has_buttons(slack.updates[1][1])
    assert last(slack) == "Approved by U0ALICE and U0BOB."


def test_a_late_event_of_an_earlier_attempt_does_not_end_the_question_that_is_asked_now() -> None:
    kept, slack = InMemoryApprovals(approval_record(question=question(asking="2-1"))), InMemoryMessenger()

    notify(reached(Status.HELD, "Nobody answered.", attempt=1), kept, slack)

    assert slack.updates == []


def test_an_event_of_a_later_attempt_says_what_became_of_the_request_since() -> None:
    kept, slack = InMemoryApprovals(approval_record(approval=APPROVED)), InMemoryMessenger()

    notify(reached(Status.AVAILABLE, attempt=2), kept, slack)

    assert last(slack) == "Approved by U0ALICE. Now: connected."


@pytest.mark.parametrize("what", [notice(), notice(request_id=""), reached(Status.ACCEPTED)])
@pytest.mark.parametrize("there", [[], [approval_record(posted=None, approval=APPROVED)]])
def test_of_what_is_unknown_or_was_never_posted_nothing_is_said(there: list[ApprovalRecord], what: Any) -> None:
    slack = InMemoryMessenger()

    assert notify(what, InMemoryApprovals(*there), slack) == ""
    assert slack.updates == []


def test_a_person_hears_privately_what_became_of_their_click() -> None:
    slack = InMemoryMessenger()

    notify(notice(words="You can't decide on this.", channel="C0"), InMemoryApprovals(), slack)

    assert slack.private == [("C0", "U0ALICE", "You can't decide on this.")]


@pytest.mark.parametrize("what", [notice(words="x"), notice(channel="C0")])
def test_nobody_hears_what_there_is_no_place_or_no_word_for(what: Notice) -> None:
    slack = InMemoryMessenger()

    notify(what, InMemoryApprovals(), slack)

    assert slack.private == []


def test_the_message_is_changed_before_a_person_is_told_so_that_it_is_changed_whatever_becomes_of_that() -> None:
    class Unheard(InMemoryMessenger):
        def send_privately(self, channel: str, user_id: str, text: str) -> None:
            raise TimeoutError

    kept, slack = InMemoryApprovals(approval_record(approval=APPROVED)), Unheard()
    with pytest.raises(TimeoutError):
        notify(notice(words="x", channel="C0"), kept, slack)

    assert last(slack) == "Approved by U0ALICE."


EVENTS: list[Any] = [
    notice(),
    reached(Status.WAITING_FOR_APPROVAL),
    reached(Status.ACCEPTED),
    reached(Status.AVAILABLE),
]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_in_whatever_order_notices_come_the_buttons_do_not_come_back(order: tuple[int, ...]) -> None:
    kept, slack = InMemoryApprovals(approval_record(approval=APPROVED)), InMemoryMessenger()

    for number in (*order, *order):
        notify(EVENTS[number], kept, slack)

    assert not any(has_buttons(what) for _, what in slack.updates)
    assert "Now: " in last(slack)


@given(st.lists(st.sampled_from(EVENTS), min_size=1, max_size=8))
def test_what_is_returned_is_what_the_message_says_by_then(events: list[Any]) -> None:
    kept, slack = InMemoryApprovals(approval_record(approval=APPROVED)), InMemoryMessenger()

    for each in events:
        assert notify(each, kept, slack) == kept.records[ID].message_text


def test_that_it_is_let_in_later_ends_the_question_and_what_it_comes_to_then_is_said_too() -> None:
    slack, approvals = InMemoryMessenger(), InMemoryApprovals(approval_record())
    later = Reason("delayed", "It is permitted, and let in at noon.")
    waits = StatusReached(request_id=ID, status=Status.PENDING, attempt=1, reasons=[later])

    assert notify(waits, approvals, slack) == "Permitted, and let in later. It is permitted, and let in at noon."
    assert notify(reached(Status.ACCEPTED, "Noon.", attempt=2), approvals, slack) == "Accepted. Noon."
