"""The door of ``tell_approvers``: what became of a click, or of a request, in; the message as it is by now out."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from drawbridge.approval.notify import StatusReached
from drawbridge.parsing import UnreadableError
from drawbridge.status import Status
from functions.tell_approvers import app
from tests.builders import approval_record
from tests.fakes.approvals import InMemoryApprovals
from tests.functions.invocations import CONTEXT, refuses
from tests.functions.notifying import CLICKED, EVENT, ID, World
from tests.unit.approvals import has_buttons, texts


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(app, "approvals", lambda: world.kept)
    monkeypatch.setattr(app, "messenger", lambda: world.slack)
    monkeypatch.setattr(app, "ledger", lambda: world)
    return world


def message_text(world: World) -> str:
    ((_, what),) = world.slack.updates
    assert not has_buttons(what)
    return texts(what).splitlines()[-1]


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
