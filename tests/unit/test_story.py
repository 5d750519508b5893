"""The story of a request: what happened to it, in order, whatever of it is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from drawbridge.record import Outcome
from drawbridge.record.entry import Entry, HistoryEntry
from drawbridge.record.history import (
    CommandItem,
    HistoryItem,
    KeptHistory,
    MadeObjects,
    MarksItem,
    StatusItem,
    command_item,
    question_item,
    status_item,
)
from drawbridge.record.record import reasons_for_status
from drawbridge.request import Request
from drawbridge.status import Reason, Status
from drawbridge_cli.console_links import ConsoleLinks
from drawbridge_cli.request_status import Known, request_status
from drawbridge_cli.story import Story, story_of
from drawbridge_cli.why_screen import why_lines
from tests.builders import CONSUMER, NOW, PROVIDER, RESOURCE_ARN, SHARE, question
from tests.lives import LIVES

WORKFLOWS = "arn:aws:states:us-east-1:222222222222:stateMachine:drawbridge"
LINKS = ConsoleLinks(onboarding=f"{WORKFLOWS}-onboarding", withdrawal=f"{WORKFLOWS}-withdrawal")
CAUSE = Reason("first-seen", "AWS lists it.", source="the schedule")
WHY = Reason("policy", "a person decides", source="ask")
ENDPOINT = "vpce-0aaa0aaa0aaa0aaaa"


def at(seconds: float) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def entry(*history: HistoryEntry, request: Request = SHARE, **changes: Any) -> Entry:
    fields: dict[str, Any] = {
        "request": request,
        "request_id": request.request_id,
        "kind": "resource-share",
        "subject": request.subject,
        "account_id": PROVIDER,
        "status": Status.AVAILABLE,
        "attempt": 1,
        "settled": True,
        "updated_at": at(0),
        "history": history,
    }
    return Entry(**(fields | changes))


def item(seconds: float, status: Status, *reasons: Reason, attempt: int = 1, **happened: Any) -> HistoryItem:
    return HistoryItem(
        request_id=SHARE.request_id,
        attempt=attempt,
        name=f"{attempt:07d}/status/{status}",
        at=at(seconds),
        happened=StatusItem(status=status, settled=status is not Status.PENDING, reasons=reasons, **happened),
    )


def told(*items: HistoryItem, of: Entry | None = None, days: float = 0) -> Story:
    return story_of(of or entry(), KeptHistory(last=items), links=LINKS, now=NOW + timedelta(days=days))


def test_an_attempt_is_told_with_its_cause_and_the_link_to_its_execution() -> None:
    (event,) = told(item(0, Status.PENDING, CAUSE)).events

    assert (event.what, event.text, event.reasons) == ("attempt", "attempt 1 began", (CAUSE,))
    (link,) = event.links
    assert link.address == (
        "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/"
        f"arn:aws:states:us-east-1:222222222222:execution:drawbridge-onboarding:{SHARE.request_id}-1"
    )


def test_a_withdrawal_s_attempt_is_told_as_one_with_its_own_workflow() -> None:
    (event,) = told(item(0, Status.WITHDRAWING, WHY, attempt=2)).events

    assert event.text == "attempt 2, of the withdrawal, began"
    assert ":execution:drawbridge-withdrawal:" in event.links[0].address


def test_an_execution_that_step_functions_no_longer_has_is_not_linked() -> None:
    began = item(0, Status.PENDING, CAUSE)

    assert told(began, days=89.9).events[0].links
    assert told(began, days=90).events[0].links == ()


@pytest.mark.parametrize(
    ("partition", "region", "console"),
    [
        ("aws-cn", "cn-north-1", "https://cn-north-1.console.amazonaws.cn/"),
        ("aws-us-gov", "us-gov-west-1", "https://us-gov-west-1.console.amazonaws-us-gov.com/"),
    ],
)
def test_links_are_to_the_console_of_the_stack_s_partition(partition: str, region: str, console: str) -> None:
    workflow = f"arn:{partition}:states:{region}:222222222222:stateMachine:drawbridge-onboarding"
    links = ConsoleLinks(onboarding=workflow, withdrawal=workflow)
    made = item(0, Status.AVAILABLE, made=(MadeObjects(binding="b", resource_arn=RESOURCE_ARN, endpoint_id=ENDPOINT),))

    (event,) = story_of(entry(), KeptHistory(last=(made,)), links=links, now=NOW).events

    assert [link.address for link in event.links] == [
        f"{console}vpcconsole/home?region={region}#EndpointDetails:vpcEndpointId={ENDPOINT}"
    ]


def test_what_was_made_published_and_decided_is_told_with_its_ids() -> None:
    approved = Reason("approved", "U0ALICE approved.", source="U0ALICE")
    made = MadeObjects(binding="orders", resource_arn=RESOURCE_ARN, endpoint_id=ENDPOINT, associations=("snra-1",))

    (event,) = told(
        item(0, Status.AVAILABLE, WHY, decided_by=(WHY, approved), published=("/a",), taken_back=("/b",), made=(made,))
    ).events

    assert event.text == "AVAILABLE"
    assert event.reasons == (WHY, approved)
    assert event.details == (
        "published /a",
        "taken back /b",
        f"orders: {RESOURCE_ARN} by {ENDPOINT}, snra-1",
    )


def test_a_question_is_told_as_people_saw_it() -> None:
    asked = question(effects=("The share is accepted.",), changed=("Holds: another",))

    (event,) = told(question_item(asked, at(1))).events

    assert event.what == "question"
    assert event.text == f"people were asked, until {asked.asked.deadline:%Y-%m-%d %H:%M} UTC, and shown"
    assert event.details == (
        "changed: Holds: another",
        *(f"{line.label}: {line.text}" for line in asked.asked.lines),
        "on approval: The share is accepted.",
    )


def test_commands_and_marks_are_told_in_their_place() -> None:
    operator = "arn:aws:iam::222222222222:role/operator"
    marks = HistoryItem(
        request_id=SHARE.request_id,
        attempt=1,
        name="0000001/marks/x",
        at=at(2),
        happened=MarksItem(reasons=(Reason("announced", "Policies no longer permit it."), WHY)),
    )

    story = told(command_item(SHARE.request_id, 1, "withdraw", operator, at(3)), item(1, Status.AVAILABLE, WHY), marks)

    assert [(event.text, event.reasons) for event in story.events] == [
        ("AVAILABLE", (WHY,)),
        ("Policies no longer permit it.", (WHY,)),
        (f"drawbridge withdraw, by {operator}", ()),
    ]


def test_what_was_made_legible_when_it_was_recorded_is_not_escaped_again() -> None:
    recorded = reasons_for_status((Reason("gone", "AWS says that a\u202eb is gone."), Reason("policy", "\u202ec")))
    marks = HistoryItem(
        request_id=SHARE.request_id,
        attempt=1,
        name="0000001/marks/x",
        at=at(2),
        happened=MarksItem(reasons=recorded),
    )
    row = entry()
    status = request_status(row, NOW, expiring_within=timedelta(hours=1))

    lines = [text for text, _ in why_lines(Known(row, status), told(item(1, Status.AVAILABLE, WHY), marks), None, NOW)]

    (mark,) = (each for each in lines if "AWS says" in each)
    assert mark.endswith("AWS says that a⟨U+202E⟩b is gone.")
    assert lines[lines.index(mark) + 1].strip() == "⟨U+202E⟩c [policy]"


@pytest.mark.parametrize(
    ("command", "by", "text"),
    [
        (
            "consumers remove",
            "arn:aws:iam::222222222222:role/operator",
            "drawbridge consumers remove, by arn:aws:iam::222222222222:role/operator",
        ),
        (
            "",
            "the event Consumer Removed of com.example",
            "commanded to be withdrawn, by the event Consumer Removed of com.example",
        ),
        ("retry", "", "drawbridge retry, by somebody"),
    ],
)
def test_a_withdrawal_is_told_with_what_commanded_it(command: str, by: str, text: str) -> None:
    story = told(item(1, Status.AVAILABLE, WHY), command_item(SHARE.request_id, 1, command, by, at(3)))

    assert [event.text for event in story.events] == ["AVAILABLE", text]


def test_what_the_history_lacks_is_told_by_the_row() -> None:
    row = entry(
        HistoryEntry(status=Status.PENDING, attempt=1, at=at(0)),
        HistoryEntry(status=Status.HELD, attempt=1, at=at(1), reasons=(WHY,)),
        HistoryEntry(status=Status.PENDING, attempt=2, at=at(60)),
    )

    story = told(item(60, Status.PENDING, CAUSE, attempt=2), of=row)

    assert [(event.text, event.reasons) for event in story.events] == [
        ("attempt 1 began", ()),
        ("HELD", (WHY,)),
        ("attempt 2 began", (CAUSE,)),
    ]
    assert not story.has_earlier


def test_what_somebody_wrote_into_the_row_by_hand_is_passed_over() -> None:
    row = entry(
        HistoryEntry(status=Status.HELD, attempt=1, at="by hand"),
        HistoryEntry(status=Status.HELD, attempt=0, at=at(0)),
        HistoryEntry(status=Status.HELD, attempt=1, at="2026-07-01T10:00:00"),
    )

    assert told(of=row).events == ()


def test_that_something_happened_before_what_is_kept_is_told() -> None:
    assert told(item(0, Status.PENDING, CAUSE, attempt=7)).has_earlier
    # Its beginning has expired.
    assert told(item(0, Status.AVAILABLE, WHY)).has_earlier
    assert not told(item(0, Status.PENDING, CAUSE)).has_earlier
    assert not told().has_earlier


def test_what_happened_in_the_same_millisecond_is_told_as_attempts_go() -> None:
    marks = HistoryItem(
        request_id=SHARE.request_id,
        attempt=1,
        name="0000001/marks/x",
        at=at(0),
        happened=MarksItem(reasons=(Reason("gone", "It is gone."),)),
    )
    accepted = HistoryItem(
        request_id=SHARE.request_id,
        attempt=1,
        name="0000001/status/EXPIRED/x",
        at=at(0),
        happened=StatusItem(status=Status.ACCEPTED, settled=False),
    )
    held = item(0, Status.ACCEPTED, WHY)

    story = told(item(0, Status.PENDING, attempt=2), marks, held, accepted, item(0, Status.PENDING))

    assert [event.text for event in story.events] == [
        "attempt 1 began",
        "ACCEPTED",
        "ACCEPTED",
        "It is gone.",
        "attempt 2 began",
    ]
    assert [event.reasons for event in story.events[1:3]] == [(), (WHY,)]


def test_times_are_compared_and_not_their_texts() -> None:
    # 11:30 in UTC, and 10:59:59.
    later = replace(item(0, Status.HELD), at="2026-07-01T10:30:00.000-01:00")
    earlier = replace(item(0, Status.PENDING), at="2026-07-01T10:59:59+00:00")

    assert [event.text for event in told(later, earlier).events] == ["attempt 1 began", "HELD"]


def test_what_is_left_out_is_told_between_and_not_made_up_for_by_the_row() -> None:
    first, last = item(0, Status.PENDING, CAUSE), item(600, Status.FAILED, WHY, attempt=5)
    row = entry(
        *(HistoryEntry(status=Status.PENDING, attempt=attempt, at=at(attempt * 60)) for attempt in range(2, 5)),
        HistoryEntry(status=Status.PENDING, attempt=6, at=at(700)),
    )

    story = story_of(row, KeptHistory(first=(first,), left_out=1, last=(last,)), links=LINKS, now=NOW)
    some = story_of(row, KeptHistory(first=(first,), left_out=None, last=(last,)), links=LINKS, now=NOW)

    assert [event.text for event in story.events] == [
        "attempt 1 began",
        "… 1 item left out",
        "FAILED",
        "attempt 6 began",
    ]
    assert some.events[1].text == "… some items left out"
    assert not story.has_earlier


def test_attempts_on_both_sides_of_what_is_left_out_are_not_taken_for_alike() -> None:
    before, after = failing(1, 3), failing(90, 92)

    story = story_of(entry(), KeptHistory(first=tuple(before), left_out=2_000, last=tuple(after)), links=LINKS, now=NOW)

    assert [event.text for event in story.events if event.what in {"repeated", "left-out"}] == [
        "2 more attempts, up to attempt 3, went the same way",
        "… 2,000 items left out",
        "2 more attempts, up to attempt 92, went the same way",
    ]


def failing(first: int, last: int) -> list[HistoryItem]:
    again = Reason("failed-before", "The attempt before failed.")
    return [
        each
        for attempt in range(first, last + 1)
        for each in (
            item(attempt * 60, Status.PENDING, again, attempt=attempt),
            item(attempt * 60 + 1, Status.FAILED, WHY, attempt=attempt),
        )
    ]


def test_attempts_that_went_the_same_way_are_told_once_and_counted() -> None:
    story = told(*failing(2, 41), item(9000, Status.AVAILABLE, attempt=42))

    assert [event.text for event in story.events] == [
        "attempt 2 began",
        "FAILED",
        "39 more attempts, up to attempt 41, went the same way",
        "AVAILABLE",
    ]
    assert story.events[2].at == at(41 * 60 + 1)


def test_attempts_that_ended_otherwise_are_each_told() -> None:
    other = item(3 * 60 + 1, Status.FAILED, Reason("quota-reached", "no room"), attempt=3)
    kept = [each for each in failing(2, 4) if each.name != "0000003/status/FAILED"]

    story = told(*kept, other)

    assert [event.what for event in story.events] == ["attempt", "status"] * 3


def test_a_status_s_item_keeps_within_its_bounds() -> None:
    reasons = tuple(Reason("policy", "x" * 5000, source=str(number)) for number in range(100))
    outcome = Outcome(
        status=Status.HELD, reasons=reasons, settled=True, published=tuple(f"/{number:0>900}" for number in range(400))
    )

    kept = status_item(SHARE.request_id, 1, outcome, at(0))

    assert len(msgspec.json.encode(kept)) < 60_000


def test_items_are_named_alike_whenever_they_are_written() -> None:
    outcome = Outcome(status=Status.HELD, reasons=(WHY,), settled=True)

    assert (
        status_item(SHARE.request_id, 3, outcome, at(0)).name == status_item(SHARE.request_id, 3, outcome, at(9)).name
    )
    assert command_item("share-1", 3, "retry", "", at(0)).happened == CommandItem(command="retry", by="")
    assert CONSUMER not in status_item(SHARE.request_id, 3, outcome, at(0)).name


def test_a_story_that_is_what_somebody_is_to_look_at_does_not_send_them_to_itself() -> None:
    row = LIVES["share"]["stuck"]
    status = request_status(row, NOW, expiring_within=timedelta(hours=3))

    lines = [text for text, _ in why_lines(Known(row, status), told(of=row), None, NOW)]

    assert status.next == f"drawbridge why {row.request_id}"
    assert [line for line in lines if "which the story links to" in line] != []
    assert [line for line in lines if "drawbridge why" in line] == []


def test_that_it_is_let_in_later_is_told_after_the_attempt_that_found_so() -> None:
    later = Reason("delayed", "It is let in at noon.")
    waits = status_item(SHARE.request_id, 1, Outcome(status=Status.PENDING, reasons=(later,), settled=True), at(0))

    story = told(waits, item(0, Status.PENDING, CAUSE))

    assert [(event.what, event.text) for event in story.events] == [
        ("attempt", "attempt 1 began"),
        ("status", "PENDING"),
    ]
    assert story.events[1].reasons == (later,)
    assert (
        waits.name
        != status_item(SHARE.request_id, 1, Outcome(status=Status.PENDING, reasons=(), settled=False), "").name
    )
