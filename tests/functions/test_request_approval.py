"""The door of ``request_approval``: a question and a task that waits in, the message out."""

from __future__ import annotations

import pytest

from drawbridge.approval import Approved
from drawbridge.approval.approvers import Approvers
from drawbridge.bootstrap import request_approval as wiring
from drawbridge.environment import Environment
from drawbridge.record.history import QuestionItem
from functions.request_approval import app
from tests.builders import SHARE, approval_record, question
from tests.fakes.approvals import InMemoryApprovals
from tests.fakes.callback import InMemoryCallback
from tests.fakes.history import InMemoryHistory
from tests.fakes.messenger import InMemoryMessenger
from tests.functions.invocations import invoke, refuses, step
from tests.unit.approvals import has_buttons

EXECUTION = "arn:aws:states:eu-west-1:111111111111:execution:onboarding:share-1"
ASKING = step(do="ask", question=question(), token="a token", execution=EXECUTION)
CLOSING = step(do="close", question=question())
ID = SHARE.request_id


class World:
    """The questions, the task and Slack."""

    def __init__(self) -> None:
        self.kept, self.slack, self.task = InMemoryApprovals(), InMemoryMessenger(), InMemoryCallback()
        self.approvers: Approvers | None = None
        self.history = InMemoryHistory()


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    environment = Environment({"AWS_REGION": "eu-west-1", "SLACK_CHANNEL": "C0APPROVALS"})
    monkeypatch.setattr(wiring, "environment", lambda: environment)
    monkeypatch.setattr(wiring, "approvals", lambda: world.kept)
    monkeypatch.setattr(app, "approvals", lambda: world.kept)
    monkeypatch.setattr(app, "history", lambda: world.history)
    monkeypatch.setattr(wiring, "callback", lambda: world.task)
    monkeypatch.setattr(wiring, "messenger", lambda: world.slack)
    monkeypatch.setattr(wiring, "approvers", lambda: world.approvers)
    return world


def test_a_question_is_asked_in_the_channel_with_a_link_to_its_execution(world: World) -> None:
    assert invoke(app.lambda_handler, ASKING) == {}

    ((channel, what, _),) = world.slack.posts
    assert (channel, has_buttons(what)) == ("C0APPROVALS", True)
    assert world.kept.records[ID].token == "a token"
    assert world.kept.records[ID].link == (
        f"https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/{EXECUTION}"
    )


def test_what_people_are_shown_is_kept_in_the_history_once(world: World) -> None:
    invoke(app.lambda_handler, ASKING)
    invoke(app.lambda_handler, ASKING)
    invoke(app.lambda_handler, step(do="ask", question=question(), token="t", execution=EXECUTION, how="remind"))

    (item,) = world.history.items
    assert (item.request_id, item.attempt) == (ID, question().asked.attempt)
    assert item.happened == QuestionItem(
        asking=question().asked.asking,
        deadline=question().asked.deadline,
        lines=question().asked.lines,
        why=question().why,
        effects=question().effects,
    )


@pytest.mark.parametrize(
    ("arn", "console"),
    [
        ("arn:aws-cn:states:cn-north-1:111111111111:execution:o:1", "https://cn-north-1.console.amazonaws.cn/"),
        (
            "arn:aws-us-gov:states:us-gov-west-1:111111111111:execution:o:1",
            "https://us-gov-west-1.console.amazonaws-us-gov.com/",
        ),
    ],
)
def test_the_link_is_to_the_console_of_the_execution_s_partition(world: World, arn: str, console: str) -> None:
    invoke(app.lambda_handler, ASKING | {"execution": arn})

    assert world.kept.records[ID].link.startswith(console)
    assert world.kept.records[ID].link.endswith(f"/{arn}")


def test_the_token_is_not_in_the_message_and_not_in_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    invoke(app.lambda_handler, ASKING)

    assert "a token" not in f"{world.slack.posts}{caplog.text}"


def test_nothing_is_asked_of_slack_where_it_is_not_to_be_had(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def not_to_be_had() -> None:
        raise AssertionError("Slack was asked")

    monkeypatch.setattr(wiring, "messenger", not_to_be_had)

    invoke(app.lambda_handler, ASKING | {"how": "quiet"})

    assert world.kept.records[ID].posted is None


@pytest.mark.parametrize(
    ("approvers", "channels"),
    [
        (None, ["C0APPROVALS"]),
        (Approvers(team_id="T0TEAM"), ["C0APPROVALS"]),
        (Approvers(team_id="T0TEAM", escalation_channel="C0OTHER"), ["C0APPROVALS", "C0OTHER"]),
    ],
)
def test_a_reminder_goes_where_the_approvers_say(
    world: World, approvers: Approvers | None, channels: list[str]
) -> None:
    world.approvers = approvers
    invoke(app.lambda_handler, ASKING)

    invoke(app.lambda_handler, ASKING | {"how": "remind", "token": "later token"})

    assert [channel for channel, _, _ in world.slack.posts[1:]] == channels
    assert world.kept.records[ID].token == "later token"


def test_who_is_to_be_called_is_asked_for_by_reminders_only(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise AssertionError("the approvers were read")

    monkeypatch.setattr(wiring, "approvers", broken)

    invoke(app.lambda_handler, ASKING)

    assert len(world.slack.posts) == 1


def test_what_is_answered_already_completes_the_task(world: World) -> None:
    approval = Approved(asked=question().asked, by=("U0ALICE",))
    world.kept = InMemoryApprovals(approval_record(approval=approval))

    invoke(app.lambda_handler, ASKING)

    assert world.task.completed == [("a token", approval)]
    assert world.slack.posts == []


def test_a_question_whose_time_is_over_ended_without_an_answer(world: World) -> None:
    world.kept = InMemoryApprovals(approval_record())

    answer = invoke(app.lambda_handler, CLOSING)

    assert answer["approval"]["outcome"] == "timed-out"
    assert answer["approval"]["asked"]["asking"] == "1-1"


def test_an_answer_at_the_last_moment_stands(world: World) -> None:
    world.kept = InMemoryApprovals(
        approval_record(approval=Approved(asked=question().asked, by=("U0ALICE",), reason="fine"))
    )

    answer = invoke(app.lambda_handler, CLOSING)

    shown = {name: answer["approval"][name] for name in ("outcome", "by", "reason")}
    assert shown == {"outcome": "approved", "by": ["U0ALICE"], "reason": "fine"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("do", ...),
        ("do", "wish"),
        ("question", ...),
        ("question.requestId", ...),
        ("question.asked.asking", 7),
        ("question.asked.deadline", "soon"),
        ("question.options.sensitive", "yes"),
        ("question.effects", "all"),
        ("token", ...),
        ("token", ""),
        ("token", "x" * 2049),
        ("execution", ...),
        ("how", "loudly"),
    ],
)
def test_a_broken_step_is_refused_by_its_field(path: str, value: object) -> None:
    refuses(app.lambda_handler, ASKING | {"how": "ask"}, path, value)


def test_a_broken_closing_is_refused_by_its_field() -> None:
    refuses(app.lambda_handler, CLOSING, "question", ...)
