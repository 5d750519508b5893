"""The message about what is to be taken down: what, from when, why, and nothing of strangers in force."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drawbridge.approval.announcement_message import AnnouncedRequest, announcement_message, announcement_of
from drawbridge.approval.message import SlackMessage
from drawbridge.bounds import size_of
from drawbridge.request.announced import Announced
from drawbridge.status import Reason
from local_aws.testing import slack
from tests.builders import CONSUMER, NOW, PROVIDER, RESOURCE_ARN
from tests.unit.announcing import ABOUT, ABOUT_CONNECTION, WHY, later, mark, of_whole
from tests.unit.approvals import texts

MARK = "stranger"
MUCH = "<!channel> https://evil.example *x*\n" * 1000
HOSTILE = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["<!channel> <@U0ALICE>", "<https://evil.example|console>", "\u202eecivres", "a\nBecause:\n", MUCH]
    ),
).map(lambda text: MARK + text)
REASONS = st.lists(st.builds(Reason, st.just("policy"), HOSTILE, HOSTILE), max_size=40).map(tuple)
MARKS = st.lists(
    st.builds(lambda binding, arn, reasons: mark(binding, arn, reasons=reasons), HOSTILE, HOSTILE, REASONS),
    min_size=1,
    max_size=60,
)
ENDINGS = st.just("") | HOSTILE
WORST = [mark(MUCH + str(each), MUCH, reasons=(Reason("policy", MUCH, source=MUCH + str(each)),)) for each in range(60)]


def said(*marks: Announced, about: AnnouncedRequest = ABOUT, ending: str = "") -> SlackMessage:
    return announcement_message(announcement_of(about, marks), ending)


def hostile(name: str) -> AnnouncedRequest:
    return msgspec.structs.replace(ABOUT, subject=name, account_id=name, account_name=name, name=name)


def test_the_message_says_what_is_taken_down_from_when_why_and_what_keeps_it() -> None:
    what = said(mark())

    assert texts(what).splitlines() == [
        f"Account: {ABOUT.account_id}",
        f"Share: {ABOUT.subject}",
        "Taken down from: <!date^1795867200^{date_short_pretty} at {time}|2026-11-28 12:00 UTC>",
        "*What is taken down*",
        f"• {RESOURCE_ARN}, by binding orders",
        "*Why policies no longer permit it*",
        "• no-databases: No databases of this provider.",
        "*What keeps it*",
        "To keep it, change what forbids it before then, and this is called off by itself.",
        "Otherwise there is nothing to do.",
    ]
    assert what.blocks[0]["text"]["text"] == f"To be withdrawn: what account {ABOUT.account_id} shares"
    assert what.blocks[-1]["elements"][0]["text"] == f"`drawbridge why {ABOUT.request_id}`"
    assert what.text == f"Resource share of {ABOUT.account_id} is taken down from 2026-11-28 12:00 UTC"


def test_what_has_a_name_is_named_before_its_id() -> None:
    share = msgspec.structs.replace(ABOUT, account_name="prod” (1)", name="orders")
    service = msgspec.structs.replace(ABOUT_CONNECTION, account_name="Acme", name="payments", service_id="vpce-svc-1")

    ours, theirs = said(mark(), about=share), said(of_whole(), about=service)

    prod = "“prod⟨U+201D⟩ (1)”"
    assert ours.blocks[0]["text"]["text"] == f"To be withdrawn: what account {PROVIDER} ({prod}) shares as “orders”"
    assert f"Account: {prod} ({PROVIDER})\nShare: “orders” ({ABOUT.subject})\n" in texts(ours)
    account = f"account {CONSUMER} (“Acme”)"
    assert theirs.blocks[0]["text"]["text"] == f"To be withdrawn: the connection of {account} to “payments”"
    assert f"Endpoint: {service.subject}\nService: “payments” (vpce-svc-1)\n" in texts(theirs)


def test_where_nothing_permits_it_any_longer_a_policy_that_does_keeps_it() -> None:
    what = said(mark(forbidden=False, reasons=()))

    assert "• No policy permits it any longer." in texts(what).splitlines()
    assert "To keep it, have a policy permit it again before then" in texts(what)


@pytest.mark.parametrize(
    ("about", "words"),
    [(ABOUT, "• all that is connected of the share"), (ABOUT_CONNECTION, "• the connection")],
    ids=["share", "connection"],
)
def test_of_a_whole_request_the_message_names_what_it_is(about: AnnouncedRequest, words: str) -> None:
    lines = texts(said(of_whole(), about=about)).splitlines()

    assert lines[lines.index("*What is taken down*") + 1] == words
    assert lines[1] == f"{'Share' if about is ABOUT else 'Endpoint'}: {about.subject}"


def test_what_goes_later_says_so_and_the_message_says_when_the_first_of_it_goes() -> None:
    what = said(mark("late", withdraw_after=later(200)), mark("early", withdraw_after=later(2)))

    lines = texts(what).splitlines()
    assert lines[4:6] == [
        f"• {RESOURCE_ARN}, by binding early",
        f"• {RESOURCE_ARN}, by binding late, from 2026-11-29 20:00 UTC",
    ]
    assert "|2026-11-21 14:00 UTC>" in lines[2]


def test_the_marks_say_the_same_in_whatever_order_the_row_has_them() -> None:
    marks = [mark("b"), of_whole(), mark("a", withdraw_after=later(1))]

    assert announcement_of(ABOUT, marks) == announcement_of(ABOUT, marks[::-1])


def test_a_reason_that_many_associations_have_is_given_once() -> None:
    assert texts(said(*(mark(f"b{each}") for each in range(9)))).count(WHY.text) == 1


def test_of_very_many_associations_the_first_are_named_and_the_others_counted() -> None:
    what = said(*(mark(f"orders-{each:03}", withdraw_after=later(each)) for each in range(150)))

    named = texts(what).count("by binding orders-")
    assert 15 < named < 100
    rest = f"and {150 - named} more lines: drawbridge policy explain {ABOUT.request_id} tells all"
    assert rest in texts(what).splitlines()
    assert "by binding orders-000\n" in texts(what)
    slack.check_blocks(what.blocks)


def test_an_ending_takes_the_place_of_what_keeps_it() -> None:
    what = said(mark(), ending="Called off: permitted again.")

    assert texts(what).splitlines()[-1] == "Outcome: Called off: permitted again."
    assert what.blocks[0]["text"]["text"].startswith("Withdrawal: ")
    assert "To keep it" not in texts(what)
    assert RESOURCE_ARN in texts(what)
    assert "\nAnnounced for: <!date^" in texts(what)
    assert what.text.endswith(": Called off: permitted again.")


@given(MARKS, HOSTILE, ENDINGS)
@example(WORST, MUCH, MUCH)
def test_whatever_there_is_to_say_slack_takes_it_and_the_table_keeps_it(
    marks: list[Announced], subject: str, ending: str
) -> None:
    announcement = announcement_of(hostile(subject), marks)
    what = announcement_message(announcement, ending)

    slack.check_blocks(what.blocks)
    assert len(what.text) <= 3000
    assert size_of((announcement.what, announcement.why)) < 60_000


@given(MARKS, HOSTILE, ENDINGS)
@example(WORST, MUCH, MUCH)
def test_nothing_of_strangers_is_formatted_linked_or_mentioned(
    marks: list[Announced], subject: str, ending: str
) -> None:
    what = said(*marks, about=hostile(subject), ending=ending)

    elements: list[dict[str, Any]] = [text for block in what.blocks for text in slack.texts(block)]
    assert all(each["type"] == "plain_text" or MARK not in each["text"] for each in elements)
    shown = [slack.rendered(each, NOW) for each in elements]
    assert {(each.mentions, each.links) for each in shown} == {((), ())}
    assert not {"<", ">"} & set(what.text)


def test_the_id_of_a_request_mentions_nobody_and_links_nowhere() -> None:
    hostile_id = "share-a` <!channel> <@U0ALICE> <https://evil.example|x> https://evil.example `"
    what = said(mark(), about=msgspec.structs.replace(ABOUT, request_id=hostile_id))

    shown = [slack.rendered(text, NOW) for block in what.blocks for text in slack.texts(block)]
    assert "evil.example" in repr(what.blocks)
    assert {(each.mentions, each.links) for each in shown} == {((), ())}


@given(MARKS, HOSTILE)
@example(WORST, MUCH)
def test_no_line_of_ours_is_begun_by_a_stranger(marks: list[Announced], subject: str) -> None:
    what = said(*marks, about=hostile(subject))

    ours = re.compile(
        r"• |Share: |Account: |Taken down from: |\*(What is taken down|Why policies|What keeps it)\b"
        r"|and \d+ more lines: |To keep it, |Otherwise"
    )
    for line in texts(what).splitlines():
        assert ours.match(line), line
