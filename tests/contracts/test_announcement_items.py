"""The records of announcements, as DynamoDB keeps them, and the message that the local Slack has of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from drawbridge.approval.announcement import AnnouncementRecord, AnnouncingPorts, announce
from drawbridge.approval.announcement_message import announcement_of
from drawbridge.approval.ask import Posted
from drawbridge.aws.announcement_items import AnnouncementItems
from drawbridge.aws.approvals_table import ApprovalsTable
from drawbridge.errors import AccessDeniedError, InvalidInputError, ThrottledError, UpstreamError
from drawbridge.slack.messenger import SlackMessenger
from local_aws.testing import slack
from tests.builders import NOW
from tests.contracts.accounts import new_account_id, refusing
from tests.contracts.conftest import NewAccount
from tests.unit.announcing import ABOUT, ID, WEEK, mark, marked

MANY = [mark(f"{'orders' * 20}-{each}") for each in range(150)]
WANTED = AnnouncementRecord(announcement=announcement_of(ABOUT, MANY), newest_since=NOW)
KEY = {"request_id": f"announcement/{ID}"}


@pytest.fixture
def table(new_account: NewAccount) -> Any:
    return new_account().table("ApprovalsTable")


@pytest.fixture
def items(table: Any) -> AnnouncementItems:
    return AnnouncementItems(table, now=lambda: NOW)


@pytest.mark.parametrize(("now", "until"), [(NOW, NOW + WEEK), (NOW + 2 * WEEK, NOW + 2 * WEEK)])
def test_a_record_is_kept_for_a_while_after_it_was_to_be_taken_down_and_after_it_was_changed(
    table: Any, now: Any, until: Any
) -> None:
    AnnouncementItems(table, now=lambda: now).claim(WANTED, None)

    item = table.get_item(Key=KEY)["Item"]
    assert item["expires_at"] == int((until + timedelta(days=90)).timestamp())
    assert len(str(item)) < 10_000


def test_a_record_is_no_question_and_stands_in_no_question_s_way(table: Any, items: AnnouncementItems) -> None:
    items.claim(WANTED, None)
    approvals = ApprovalsTable(table, now=lambda: NOW)

    assert approvals.approval_record(ID) is None
    assert approvals.pending([ID]) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"announcement": "{"},
        {"announcement": {"a": 1}},
        {"newest_since": "yesterday"},
        {"newest_since": 7},
        {"revision": "x"},
        {"ts": "1.5"},
        {"claimed_until": ""},
    ],
)
def test_a_record_that_somebody_wrote_by_hand_is_reported_by_its_request(
    table: Any, items: AnnouncementItems, changes: dict[str, Any]
) -> None:
    items.claim(WANTED, None)
    table.put_item(Item=table.get_item(Key=KEY)["Item"] | changes)

    with pytest.raises(InvalidInputError, match=f"announcement of '{ID}' can't be read.*delete it"):
        items.announcement(ID)


def test_a_record_about_another_request_is_none(table: Any, items: AnnouncementItems) -> None:
    items.claim(WANTED, None)
    table.put_item(Item=table.get_item(Key=KEY)["Item"] | {"request_id": "announcement/share-other"})

    with pytest.raises(InvalidInputError, match=f"it is about {ID}"):
        items.announcement("share-other")


@pytest.mark.parametrize(
    ("operation", "act"),
    [
        ("get_item", lambda items: items.announcement(ID)),
        ("update_item", lambda items: items.claim(WANTED, None)),
        ("update_item", lambda items: items.note_shown(WANTED, Posted("C0", "1.5"))),
        ("update_item", lambda items: items.give_back(WANTED)),
    ],
)
@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ProvisionedThroughputExceededException", ThrottledError),
        ("AccessDeniedException", AccessDeniedError),
        ("ResourceNotFoundException", UpstreamError),
    ],
)
def test_a_refused_call_is_an_error_of_ours_and_no_answer(
    table: Any,
    items: AnnouncementItems,
    operation: str,
    act: Callable[[AnnouncementItems], Any],
    code: str,
    error: type[Exception],
) -> None:
    with refusing(table.meta.client, operation, code), pytest.raises(error):
        act(items)


@pytest.fixture
def app(table: Any) -> slack.App:
    return slack.workspace.install(new_account_id())


@pytest.fixture
def ports(items: AnnouncementItems, app: slack.App) -> AnnouncingPorts:
    return AnnouncingPorts(
        channel=slack.APPROVALS,
        announcements=items,
        messenger=SlackMessenger(lambda: app.bot_token, slack.api_url()),
        about=lambda _: ABOUT,
        now=lambda: NOW,
    )


def test_slack_has_one_message_of_an_announcement_which_says_what_came_of_it(
    ports: AnnouncingPorts, items: AnnouncementItems, app: slack.App
) -> None:
    for row in (marked(mark()), marked(*MANY), marked(*MANY), marked(), marked()):
        announce(row, items.announcement(ID), ports)

    (message,) = slack.workspace.messages(app.account_id)
    assert message.text.endswith("Called off: permitted again.")


def test_a_message_that_is_not_there_any_more_is_neither_posted_again_nor_an_error(
    ports: AnnouncingPorts, items: AnnouncementItems, app: slack.App
) -> None:
    announce(marked(mark()), items.announcement(ID), ports)
    record = items.announcement(ID)
    assert record is not None
    claimed = items.claim(record, record)
    assert claimed is not None
    # As if the message had been another one, which somebody deleted.
    items.note_shown(claimed, Posted(slack.APPROVALS, "1000000000.000001"))

    for row in (marked(*MANY), marked(*MANY), marked()):
        announce(row, items.announcement(ID), ports)

    assert len(slack.workspace.messages(app.account_id)) == 1
    ended = items.announcement(ID)
    assert ended is not None
    assert ended.is_over
