"""Asking: kept before it is posted, posted once, and answered at once if there is an answer."""

from __future__ import annotations

from typing import Any

import pytest

from drawbridge.approval import Approval, Approved, Denied, Question, TimedOut
from drawbridge.approval.ask import ApprovalRecord, AskingPorts, Escalation, Posted, SilentMessenger, ask, remind
from drawbridge.errors import UpstreamError
from tests.builders import SHARE, approval_record, question
from tests.fakes.approvals import InMemoryApprovals
from tests.fakes.callback import InMemoryCallback
from tests.fakes.messenger import InMemoryMessenger
from tests.unit.approvals import ending_of, has_buttons, texts

ID = SHARE.request_id
NOWHERE = ("", "")


class Down(InMemoryMessenger):
    """Slack is not there."""

    def post(self, channel: str, what: Any, *, below: Posted | None = None) -> Posted:
        raise UpstreamError("Slack chat.postMessage: down")


def asked(
    kept: InMemoryApprovals,
    slack: InMemoryMessenger | SilentMessenger,
    task: InMemoryCallback,
    given: Question | None = None,
    *,
    waiting: str = "a token",
) -> None:
    ports = AskingPorts(channel="C0", approvals=kept, messenger=slack, callback=task)
    ask(given or question(), waiting, "https://link", ports)


def reminded(
    kept: InMemoryApprovals,
    slack: InMemoryMessenger | SilentMessenger,
    task: InMemoryCallback,
    escalation: tuple[str, str] = NOWHERE,
) -> None:
    ports = AskingPorts(channel="C0", approvals=kept, messenger=slack, callback=task)
    channel, group = escalation
    remind(question(), "later token", "https://link", ports, escalation=Escalation(channel=channel, group=group))


def kept_of(kept: InMemoryApprovals) -> Any:
    there = kept.approval_record(ID)
    assert there is not None
    return there


def test_a_question_is_kept_and_posted_with_its_buttons() -> None:
    kept, slack, task = InMemoryApprovals(), InMemoryMessenger(), InMemoryCallback()

    asked(kept, slack, task)

    there = kept_of(kept)
    assert (there.question, there.token, there.link) == (question(), "a token", "https://link")
    assert there.posted == Posted("C0", "1.5")
    ((channel, what, below),) = slack.posts
    assert (channel, below, has_buttons(what)) == ("C0", None, True)
    assert task.completed == []


def test_a_question_is_kept_before_it_is_posted() -> None:
    kept = InMemoryApprovals()

    with pytest.raises(UpstreamError):
        asked(kept, Down(), InMemoryCallback())

    assert kept_of(kept).token == "a token"


def test_what_slack_could_not_take_is_posted_when_it_is_asked_again() -> None:
    kept, slack = InMemoryApprovals(), InMemoryMessenger()
    with pytest.raises(UpstreamError):
        asked(kept, Down(), InMemoryCallback())

    asked(kept, slack, InMemoryCallback(), waiting="second token")

    assert len(slack.posts) == 1
    assert kept_of(kept).token == "second token"


def test_a_question_that_is_asked_again_with_another_token_is_posted_once() -> None:
    kept, slack = InMemoryApprovals(), InMemoryMessenger()

    for token in ("first", "second", "third"):
        asked(kept, slack, InMemoryCallback(), waiting=token)

    assert len(slack.posts) == 1
    assert slack.updates == []
    assert kept_of(kept).token == "third"


def test_trap_24_a_decision_that_came_before_the_task_waits_completes_it_at_once() -> None:
    approval = Approved(asked=question().asked, by=("U0ALICE",))
    kept, slack, task = (
        InMemoryApprovals(approval_record(approval=approval, token="old", posted=None)),
        InMemoryMessenger(),
        InMemoryCallback(),
    )

    asked(kept, slack, task, waiting="new")

    assert task.completed == [("new", approval)]
    assert (slack.posts, slack.updates) == ([], [])


CHANGED = question(asking="1-2", fingerprint="another", changed=("now: Share: billing",))
LATER = question(asking="2-1", fingerprint="another")
APPROVED = Approved(asked=question().asked, by=("U0ALICE",))
DENIED = Denied(asked=question().asked, by=("U0BOB",), reason="not <ours>")
LATE = TimedOut(asked=question().asked)


def earlier_message(before: ApprovalRecord, now: Question) -> str | None:
    """Return what the message of an earlier question ends with once another is asked; ``None`` if it is left alone."""
    kept, slack, task = InMemoryApprovals(before), InMemoryMessenger(), InMemoryCallback()
    asked(kept, slack, task, now)
    ((_, new, _),) = slack.posts
    assert has_buttons(new)
    assert task.completed == []
    assert kept_of(kept).approval is None
    if not slack.updates:
        return None
    ((posted, written),) = slack.updates
    assert posted == before.posted
    assert not has_buttons(written)
    return ending_of(written)


def test_trap_25_the_message_of_a_question_that_is_void_is_struck_and_a_new_one_is_posted() -> None:
    kept, slack = InMemoryApprovals(approval_record()), InMemoryMessenger()

    asked(kept, slack, InMemoryCallback(), CHANGED)

    ((_, new, _),) = slack.posts
    assert "now: Share: billing" in texts(new)
    assert earlier_message(approval_record(), CHANGED) == "Void. Something changed, and it is asked again below."


def test_a_question_that_was_open_when_its_attempt_broke_off_is_void() -> None:
    assert earlier_message(approval_record(), LATER) == "Void. It is asked again below."
    approved_once = approval_record(approved_by=("U0ALICE",), message_text="approved by U0ALICE")
    assert earlier_message(approved_once, LATER) == "Void. It is asked again below."


@pytest.mark.parametrize(
    ("approval", "ending"),
    [
        (APPROVED, "Approved by U0ALICE."),
        (DENIED, "Denied by U0BOB: not <ours>."),
        (LATE, "Nobody answered in time."),
    ],
    ids=lambda each: type(each).__name__,
)
def test_an_answer_that_came_to_nothing_is_said_to_be_one_and_kept(approval: Approval, ending: str) -> None:
    told = approval_record(approval=approval, message_text=ending)

    assert earlier_message(told, CHANGED) == f"{ending} Something changed, and it is asked again below."


@pytest.mark.parametrize("approval", [APPROVED, DENIED, LATE, None], ids=lambda each: type(each).__name__)
def test_a_question_that_ended_keeps_its_ending_when_a_later_attempt_asks(approval: Approval | None) -> None:
    """One that policies answered meanwhile shows it, and was answered by nobody."""
    ended = approval_record(approval=approval, message_text="Denied by U0BOB. Now: rejected.")

    assert earlier_message(ended, LATER) is None


def test_an_ending_that_the_message_does_not_show_yet_is_shown_when_a_later_attempt_asks() -> None:
    assert earlier_message(approval_record(approval=DENIED), LATER) == "Denied by U0BOB: not <ours>."


def test_a_void_question_that_was_never_posted_is_not_struck() -> None:
    kept, slack = InMemoryApprovals(approval_record(posted=None)), InMemoryMessenger()

    asked(kept, slack, InMemoryCallback(), question(asking="1-2"))

    assert (slack.updates, len(slack.posts)) == ([], 1)


def test_who_approved_already_is_told_where_it_is_posted_late() -> None:
    kept, slack = InMemoryApprovals(approval_record(posted=None, approved_by=("U0ALICE",))), InMemoryMessenger()

    asked(kept, slack, InMemoryCallback())

    assert "Approved by: <@U0ALICE>" in texts(slack.posts[0][1])


def test_quietly_nothing_is_posted_and_the_question_is_kept() -> None:
    kept = InMemoryApprovals(approval_record(question=question(asking="1-0")))

    asked(kept, SilentMessenger(), InMemoryCallback())

    assert kept_of(kept).question == question()
    assert kept_of(kept).posted is None


def test_a_reminder_stands_below_the_message() -> None:
    kept, slack = InMemoryApprovals(approval_record()), InMemoryMessenger()

    reminded(kept, slack, InMemoryCallback())

    ((channel, what, below),) = slack.posts
    assert (channel, below) == ("C0", approval_record().posted)
    assert what.text.startswith("Still undecided")
    assert kept_of(kept).token == "later token"


def test_a_reminder_calls_the_group_in_the_thread_where_there_is_no_other_channel() -> None:
    slack = InMemoryMessenger()

    reminded(InMemoryApprovals(approval_record()), slack, InMemoryCallback(), ("", "S0GROUP"))

    assert [(channel, what.text[:19]) for channel, what, _ in slack.posts] == [("C0", "<!subteam^S0GROUP> ")]


def test_a_reminder_goes_to_the_other_channel_too_and_calls_the_group_there() -> None:
    slack = InMemoryMessenger()

    reminded(InMemoryApprovals(approval_record()), slack, InMemoryCallback(), ("C0OTHER", "S0GROUP"))

    posted = [(channel, below, "S0GROUP" in what.text) for channel, what, below in slack.posts]
    assert posted == [("C0", approval_record().posted, False), ("C0OTHER", None, True)]


def test_who_reminds_of_what_was_not_posted_posts_it_first() -> None:
    kept, slack = InMemoryApprovals(approval_record(posted=None)), InMemoryMessenger()

    reminded(kept, slack, InMemoryCallback())

    assert [has_buttons(what) for _, what, _ in slack.posts] == [True, False]
    assert slack.posts[1][2] == Posted("C0", "1.5")


def test_nobody_is_reminded_of_what_is_decided() -> None:
    approval = Approved(asked=question().asked, by=("A",))
    slack, task = InMemoryMessenger(), InMemoryCallback()

    reminded(InMemoryApprovals(approval_record(approval=approval)), slack, task, ("C0OTHER", "S0GROUP"))

    assert slack.posts == []
    assert task.completed == [("later token", approval)]


def test_quietly_nobody_is_reminded() -> None:
    reminded(InMemoryApprovals(), SilentMessenger(), InMemoryCallback(), ("C0OTHER", "S0GROUP"))
