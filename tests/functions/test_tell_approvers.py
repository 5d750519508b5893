"""The door of ``tell_approvers``: what became of a click, or of a request, in; the message as it is by now out."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from drawbridge.errors import InvalidInputError, UpstreamError
from drawbridge.parsing import UnreadableError
from drawbridge.request.status_reached import StatusReached
from drawbridge.status import Reason, Status
from functions.tell_approvers import app
from tests.builders import approval_record
from tests.fakes.approvals import InMemoryApprovals
from tests.functions.invocations import CONTEXT, refuses
from tests.functions.notifying import ALARM, ANNOUNCED, CANCELLED, CLICKED, EVENT, ID, World
from tests.unit.announcing import ABOUT, mark, marked
from tests.unit.approvals import ending_of, has_buttons, outcome_of, texts


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(app, "approvals", lambda: world.kept)
    monkeypatch.setattr(app, "messenger", lambda: world.slack)
    monkeypatch.setattr(app, "ledger", lambda: world)
    monkeypatch.setattr(app, "announcements", lambda: world.announcements)
    monkeypatch.setattr(app, "slack_channel", lambda: "C0APPROVALS")
    monkeypatch.setattr(app, "about", lambda request_id: ABOUT if request_id in world.rows else None)
    return world


def message_text(world: World) -> str:
    ((_, what),) = world.slack.updates
    assert not has_buttons(what)
    return ending_of(what)


def test_a_click_changes_the_message_and_is_answered_privately(world: World) -> None:
    app.lambda_handler(CLICKED, CONTEXT)

    assert message_text(world) == "Approved by U0ALICE."
    assert world.slack.private == [("C0", "U0ALICE", "Too late.")]


def test_the_event_on_the_bus_changes_the_message(world: World) -> None:
    app.lambda_handler(EVENT, CONTEXT)

    assert message_text(world) == "Approved by U0ALICE. Now: accepted."
    assert world.slack.private == []


def test_what_lambda_and_the_bus_deliver_twice_is_said_once(world: World) -> None:
    for event in (EVENT, EVENT, CLICKED | {"notice": CLICKED["notice"] | {"words": ""}}, EVENT):
        app.lambda_handler(event, CONTEXT)

    assert message_text(world) == "Approved by U0ALICE. Now: accepted."


def test_a_request_that_nobody_was_asked_about_is_no_error(world: World) -> None:
    world.kept = InMemoryApprovals()

    app.lambda_handler(EVENT, CONTEXT)

    assert world.slack.updates == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("detail", ...),
        ("detail.requestId", ...),
        ("detail.requestId", ""),
        ("detail.requestId", 7),
        ("detail.requestId", "x" * 201),
        ("detail", "because"),
    ],
)
def test_a_broken_event_is_refused_by_its_field(path: str, value: object) -> None:
    refuses(app.lambda_handler, EVENT, path, value)


@pytest.mark.parametrize(("path", "value"), [("notice.user", ...), ("notice.words", 7), ("notice", "x")])
def test_a_broken_notice_is_refused_by_its_field(path: str, value: object) -> None:
    refuses(app.lambda_handler, CLICKED, path, value)


WRONG: list[dict[str, Any]] = [
    {"status": "REJECTED"},
    {"status": "LOST", "attempt": -1},
    {"attempt": 10**9},
    {"reasons": [{"code": "policy", "text": "There is nothing to do."}]},
    {"kind": 7, "subject": [], "accountId": None, "published": "x", "id": {}},
]


@pytest.mark.parametrize("detail", WRONG)
def test_an_event_says_which_request_to_read_and_nothing_else(world: World, detail: dict[str, Any]) -> None:
    world.kept = InMemoryApprovals(approval_record())
    world.rows[ID] = StatusReached(request_id=ID, status=Status.WAITING_FOR_APPROVAL, attempt=1)

    app.lambda_handler(EVENT | {"detail": EVENT["detail"] | detail}, CONTEXT)

    assert (world.slack.updates, world.slack.private) == ([], [])
    assert world.kept.records[ID].message_text == ""


def test_an_event_of_a_request_that_the_ledger_does_not_have_says_nothing(world: World) -> None:
    world.rows.clear()

    app.lambda_handler(EVENT, CONTEXT)

    assert world.slack.updates == []


def test_what_is_said_is_what_the_ledger_says_by_now(world: World) -> None:
    world.rows[ID] = StatusReached(request_id=ID, status=Status.AVAILABLE, attempt=1)

    app.lambda_handler(EVENT, CONTEXT)

    assert message_text(world) == "Approved by U0ALICE. Now: connected."


@pytest.mark.parametrize("event", [EVENT | CLICKED, CLICKED | {"source": "drawbridge"}, {"detail": CLICKED["notice"]}])
def test_no_event_can_have_words_of_its_own_said_to_anybody(world: World, event: dict[str, Any]) -> None:
    with contextlib.suppress(UnreadableError):
        app.lambda_handler(event, CONTEXT)

    assert world.slack.private == []


def announced(world: World) -> str:
    """Return what the one message of the announcement says by now in its last line."""
    ((channel, what, _),) = world.slack.posts
    assert channel == "C0APPROVALS"
    for posted, update in world.slack.updates:
        what = update if posted.ts == "1.5" else what
    return outcome_of(what)


def test_what_is_announced_to_be_withdrawn_is_posted_once_whatever_its_event_says(world: World) -> None:
    world.kept = InMemoryApprovals()
    world.rows[ID] = marked(mark())

    for event in (ANNOUNCED, ANNOUNCED, EVENT, ANNOUNCED | {"detail": {"requestId": ID, "associations": "<!channel>"}}):
        app.lambda_handler(event, CONTEXT)

    assert announced(world) == "Otherwise there is nothing to do."
    assert world.slack.updates == []


def test_an_announcement_that_was_called_off_says_so_in_whichever_order_its_events_come(world: World) -> None:
    world.rows[ID] = marked(mark())
    app.lambda_handler(ANNOUNCED, CONTEXT)
    world.rows[ID] = marked()

    for event in (CANCELLED, ANNOUNCED, CANCELLED):
        app.lambda_handler(event, CONTEXT)

    assert announced(world) == "Called off: permitted again."


def test_a_late_event_of_what_was_called_off_before_anybody_was_told_tells_nothing(world: World) -> None:
    world.rows[ID] = marked()

    for event in (CANCELLED, ANNOUNCED):
        app.lambda_handler(event, CONTEXT)

    assert world.slack.posts == []


def test_an_announcement_whose_row_is_gone_says_so(world: World) -> None:
    world.rows[ID] = marked(mark())
    app.lambda_handler(ANNOUNCED, CONTEXT)
    world.rows.clear()

    app.lambda_handler(ANNOUNCED, CONTEXT)

    assert announced(world) == "Over: the ledger has no such request any longer."


def test_an_event_announces_nothing_of_a_request_that_the_ledger_does_not_have(world: World) -> None:
    world.rows.clear()

    app.lambda_handler(ANNOUNCED, CONTEXT)

    assert world.slack.posts == []


def test_where_no_channel_is_configured_nothing_is_announced_and_no_record_is_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "slack_channel", str)
    monkeypatch.setattr(app, "announcements", lambda: pytest.fail("it is read"))
    world.rows[ID] = marked(mark())

    app.lambda_handler(ANNOUNCED, CONTEXT)

    assert world.slack.posts == []
    assert message_text(world) == "Approved by U0ALICE. Now: connected."


def test_a_row_that_can_not_be_read_is_an_error_and_tells_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(_: str) -> StatusReached:
        raise InvalidInputError("the row can't be read")

    monkeypatch.setattr(world, "status_reached", unreadable)

    with pytest.raises(InvalidInputError):
        app.lambda_handler(ANNOUNCED, CONTEXT)

    assert (world.slack.posts, world.slack.updates) == ([], [])


def test_a_question_that_can_not_be_told_keeps_no_announcement_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(_: str) -> None:
        raise InvalidInputError("the question can't be read")

    monkeypatch.setattr(world.kept, "approval_record", unreadable)
    world.rows[ID] = marked(mark())

    with pytest.raises(InvalidInputError):
        app.lambda_handler(ANNOUNCED, CONTEXT)

    assert announced(world) == "Otherwise there is nothing to do."


def test_while_slack_is_down_lambda_repeats_the_event_until_it_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> Any:
        raise UpstreamError("Slack is down")

    world.kept = InMemoryApprovals()
    world.rows[ID] = marked(mark())
    with monkeypatch.context() as patch:
        patch.setattr(world.slack, "post", down)
        for _ in range(2):
            with pytest.raises(UpstreamError):
                app.lambda_handler(ANNOUNCED, CONTEXT)

    app.lambda_handler(ANNOUNCED, CONTEXT)

    assert announced(world) == "Otherwise there is nothing to do."


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason("gone", "The other side took it back."), "Approved by U0ALICE. Now: withdrawn by the other side."),
        (Reason("no-longer-permitted", "No more."), "Approved by U0ALICE. Now: withdrawn."),
        (Reason("withdrawn-on-command", "On command."), "Approved by U0ALICE. Now: withdrawn."),
    ],
)
def test_the_question_says_who_withdrew_it(world: World, reason: Reason, text: str) -> None:
    world.rows[ID] = marked(status=Status.WITHDRAWN, reasons=(reason,))

    app.lambda_handler(EVENT, CONTEXT)

    assert message_text(world) == text


def alarm(**state: Any) -> dict[str, Any]:
    detail: dict[str, Any] = ALARM["detail"]
    return {**ALARM, "detail": detail | {"state": detail["state"] | state}}


def test_an_alarm_is_told_with_what_it_means_and_where_to_read_what_to_do(world: World) -> None:
    app.lambda_handler(ALARM, CONTEXT)

    ((channel, what, _),) = world.slack.posts
    assert channel == "C0APPROVALS"
    assert what.text.startswith("Alarm: An attempt that waits for nobody")
    assert texts(what).splitlines() == [
        ALARM["detail"]["configuration"]["description"],
        f"What was measured: {ALARM['detail']['state']['reason']}",
        "Since: <!date^1795263340^{date_short_pretty} at {time}|2026-11-21 12:15 UTC>",
    ]
    assert what.blocks[0]["text"]["text"] == "Alarm: StuckRequestsAlarm"


def test_the_end_of_an_alarm_is_told(world: World) -> None:
    app.lambda_handler(alarm(value="OK"), CONTEXT)

    ((_, what, _),) = world.slack.posts
    assert what.blocks[0]["text"]["text"] == "Alarm over: StuckRequestsAlarm"
    assert what.text.startswith("Alarm over: An attempt that waits for nobody")
    assert "Threshold" not in texts(what)


def test_what_an_alarm_is_called_mentions_nobody(world: World) -> None:
    named = ALARM["detail"] | {"alarmName": "<!channel>", "configuration": {"description": "<!here>\n@all \u202e"}}

    app.lambda_handler(ALARM | {"detail": named}, CONTEXT)

    ((_, what, _),) = world.slack.posts
    assert "<!" not in what.text
    assert what.blocks[0]["text"] == {"type": "plain_text", "text": "Alarm: <!channel>", "emoji": False}
    assert "\u202e" not in texts(what)


def test_an_alarm_is_told_nowhere_where_there_is_no_channel(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "slack_channel", lambda: "")

    app.lambda_handler(ALARM, CONTEXT)

    assert world.slack.posts == []


@pytest.mark.parametrize(
    ("path", "value"),
    [("detail", ...), ("detail.alarmName", ...), ("detail.state", ...), ("detail.state.value", "LOUD")],
)
def test_a_broken_alarm_is_refused_by_its_field(path: str, value: object) -> None:
    refuses(app.lambda_handler, ALARM, path, value)
