"""The message: within Slack's limits and with nothing of strangers in force, whatever they chose."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drawbridge.approval import Approved, Denied, Line, Options, Question, TimedOut
from drawbridge.approval.block_kit import within
from drawbridge.approval.message import (
    APPROVE,
    DENIAL,
    DENY,
    MessageEnding,
    SlackMessage,
    denial_form,
    escaped,
    message,
    reminder,
    value_of,
)
from drawbridge.status import Reason
from local_aws.testing import slack
from tests.builders import NOW, SHARE, question
from tests.unit.approvals import has_buttons, texts

LINK = "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/arn:aws:states:x"
MARK = "stranger"

HOSTILE = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "<!channel> <!here> <!subteam^S1>",
            "<@U0ALICE>",
            "<https://evil.example|your console>",
            "https://evil.example",
            "*bold* _italic_ ~gone~ `code` ```block```",
            "&lt;!channel&gt; &amp;lt;",
            "first\nOrganization: o-ours / ou-ours",
            "first\r\nConsumer: gold\rmore\u2028more\u2029more\x0bmore\x0cmore\x85more",
            "x" * 10_000,
            "😀" * 3000,
            "\u202eecivres\u202c \u0627\u0644\u0639",
            ":tada: @channel #general",
            "",
        ]
    ),
    st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=10), st.integers(1, 2000)),
).map(lambda text: MARK + text)
LINES = st.builds(Line, st.sampled_from(["Account", "Share", "Holds", "New", "Live", "If denied"]), HOSTILE)
LABELS = st.sampled_from(["Account", "Share", "Account* <!here>"])
REASONS = st.builds(Reason, st.just("policy"), HOSTILE, HOSTILE)
OPTIONS = st.builds(Options, sensitive=st.booleans(), two_person=st.booleans(), self_approval=st.booleans())


APPROVED_BY = st.lists(st.sampled_from(["U0ALICE", "arn:aws:sts::111111111111:assumed-role/r/x"]), max_size=2).map(
    tuple
)
ANSWERS = st.sampled_from([Approved, Denied]).flatmap(
    lambda kind: st.builds(kind, asked=st.just(question().asked), by=APPROVED_BY, reason=st.just("") | HOSTILE)
)
ENDINGS = st.none() | st.builds(MessageEnding, HOSTILE, st.none() | ANSWERS, now=st.just("") | HOSTILE)


def many(of: Any) -> Any:
    return st.lists(of, max_size=60).map(tuple)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    return question(
        lines=draw(many(LINES)),
        why=draw(many(REASONS)),
        effects=draw(many(HOSTILE)),
        options=draw(OPTIONS),
        changed=draw(st.just(()) | many(HOSTILE)),
        void=draw(APPROVED_BY),
        sentence=draw(st.just("") | HOSTILE),
        about=draw(st.just(()) | many(st.builds(Line, LABELS, HOSTILE))),
        on_denial=draw(st.just("") | HOSTILE),
    )


MUCH = "<!channel>\n" * 1000
WORST = question(
    lines=(Line("New", MUCH), Line("Holds", MUCH)) * 60,
    about=(Line("Account", MUCH),) * 60,
    sentence=MUCH,
    on_denial=MUCH,
    void=("arn:aws:sts::" + "x" * 5000,) * 60,
    why=(Reason("policy", MUCH, source=MUCH),) * 60,
    effects=(MUCH,) * 60,
    options=Options(sensitive=True, two_person=True),
    changed=(MUCH,) * 60,
)


DENIED = Denied(asked=question().asked, by=("U" * 200,) * 60, reason=MUCH)
BADLY = MessageEnding(MUCH, DENIED, MUCH)


def written(**changes: Any) -> SlackMessage:
    return message(question(**changes), link=LINK)


def rendered(block: dict[str, Any]) -> list[slack.Rendered]:
    return [slack.rendered(text, NOW) for text in slack.texts(block)]


def elements_of(what: SlackMessage) -> list[dict[str, Any]]:
    return [text for block in what.blocks for text in slack.texts(block)]


@given(questions(), APPROVED_BY, ENDINGS)
@example(WORST, ("U" * 200, "W" * 200), BADLY)
@example(WORST, ("U" * 200,) * 60, None)
def test_whatever_there_is_to_say_slack_takes_it(
    asked: Question, by: tuple[str, ...], ending: MessageEnding | None
) -> None:
    what = message(asked, link=LINK, approved_by=by, ending=ending)

    slack.check_blocks(what.blocks)
    assert len(what.text) <= 3000


@given(questions(), ENDINGS)
@example(WORST, BADLY)
def test_nothing_of_strangers_is_formatted_linked_or_mentioned(asked: Question, ending: MessageEnding | None) -> None:
    what = message(asked, link=LINK, ending=ending)

    for each in elements_of(what):
        assert each["type"] == "plain_text" or MARK not in each["text"]
    for block in what.blocks:
        people = {shown.mentions for shown in rendered(block)} - {()}
        assert people <= {("@U0ALICE",)}
        assert all(shown.links in {(), (LINK,)} for shown in rendered(block))
    assert not {"<", ">"} & set(what.text)


@given(questions())
@example(WORST)
def test_no_line_of_ours_is_begun_by_a_stranger(asked: Question) -> None:
    what = message(asked, link=LINK)

    titles = "(What (changed|is new|the share holds)|Why a person is asked|On (Approve|Deny)|Asked again)"
    labels = "(Account|Share|Live|More|No longer counts|Let in by|and|Answer by|Approvals)"
    ours = re.compile(rf"• |\*{titles}|{labels}: |Account\* <!here>: ")
    for line in texts(what).splitlines():
        assert ours.match(line), line


@given(questions())
@example(WORST)
def test_that_two_people_have_to_approve_is_said_however_much_else_there_is(asked: Question) -> None:
    assert ("Two people have to approve" in texts(message(asked, link=LINK))) is asked.options.two_person


@given(questions())
@example(WORST)
def test_what_would_happen_is_begun_however_much_else_there_is(asked: Question) -> None:
    shown = texts(message(asked, link=LINK))

    assert bool(asked.effects) is ("*On Approve*\n• " in shown)
    assert "*On Deny*\n• " in shown


@given(questions(), APPROVED_BY, ENDINGS)
@example(WORST, ("U" * 200, "W" * 200), BADLY)
@example(WORST, ("U" * 200,) * 60, None)
def test_there_are_buttons_as_long_as_there_is_something_to_decide(
    asked: Question, by: tuple[str, ...], ending: MessageEnding | None
) -> None:
    assert has_buttons(message(asked, link=LINK, approved_by=by, ending=ending)) is (ending is None)


@given(st.text())
@example("&lt;!channel&gt;")
def test_what_is_escaped_means_nothing_to_slack_and_reads_as_it_was(text: str) -> None:
    shown = escaped(text)

    assert not {"<", ">"} & set(shown)
    assert shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text


def test_the_facts_the_reasons_and_the_effects_are_shown() -> None:
    about = (Line("Account", "“prod” (111111111111)"), Line("Share", "“orders”"))
    why = (Reason("policy", "a person decides", source="ask"), Reason("x", "no source"))
    what = written(sentence="Accept it?", about=about, why=why, on_denial="It is rejected.")

    assert what.blocks[0]["text"]["text"] == "Accept it?"
    assert texts(what).splitlines()[:-1] == [
        "Account: “prod” (111111111111)",
        "Share: “orders”",
        "*Why a person is asked*",
        "• ask: a person decides",
        "• no source",
        "*On Approve*",
        "• The share is accepted.",
        "*On Deny*",
        "• It is rejected.",
    ]
    assert what.text == "Accept it?"


def test_a_question_of_an_earlier_version_is_shown_by_its_lines() -> None:
    what = written(lines=(Line("Account", "111111111111"), Line("Holds", "a: b"), Line("If denied", "It stays.")))

    assert what.blocks[0]["text"]["text"] == "Let in the resource share of account 111111111111?"
    lines = texts(what).splitlines()
    assert lines[:3] == ["Account: 111111111111", "*What the share holds*", "• a: b"]
    assert lines[lines.index("*On Deny*") + 1] == "• It stays."


def test_the_deadline_is_in_the_reader_s_time_zone_and_the_request_is_named_below_with_its_execution() -> None:
    what = written()

    until = int(NOW.timestamp()) + 4 * 3600
    assert f"Answer by: <!date^{until}^{{date_short_pretty}} at {{time}}|2026-11-21 16:00 UTC>. Without" in texts(what)
    (context,) = [block for block in what.blocks if block["type"] == "context"]
    assert context["elements"][0]["text"] == f"`drawbridge why {SHARE.request_id}`  ·  <{LINK}|execution>"


def test_a_label_that_is_not_ours_is_no_markup() -> None:
    what = written(about=(Line("*Account* <!here>", "x"),))

    assert {"type": "plain_text", "text": "*Account* <!here>", "emoji": False} in elements_of(what)


def buttons(what: SlackMessage) -> dict[str, Any]:
    (actions,) = [block for block in what.blocks if block["type"] == "actions"]
    return {each["action_id"]: each for each in actions["elements"]}


def test_the_buttons_carry_which_question_they_answer_and_no_token() -> None:
    shown = buttons(written(asking="2-3"))

    assert set(shown) == {APPROVE, DENY}
    assert {each["value"] for each in shown.values()} == {f"{SHARE.request_id}/2-3"}


@pytest.mark.parametrize("sensitive", [True, False])
def test_only_what_is_sensitive_is_to_be_confirmed(sensitive: bool) -> None:
    shown = buttons(written(options=Options(sensitive=sensitive)))

    assert ("confirm" in shown[APPROVE]) is sensitive
    assert "confirm" not in shown[DENY]


def test_what_is_asked_again_says_what_changed_first() -> None:
    lines = texts(written(changed=("no longer: Share: orders", "now: Share: billing"))).splitlines()

    assert lines[:4] == [
        "*Asked again, because something changed.* Answers to what was asked before do not count.",
        "*What changed*",
        "• no longer: Share: orders",
        "• now: Share: billing",
    ]


def test_what_was_not_asked_before_does_not_say_so() -> None:
    assert "Asked again" not in texts(written())


def test_the_first_approval_of_two_is_shown_and_the_buttons_stay() -> None:
    what = message(question(options=Options(two_person=True)), link=LINK, approved_by=("U0ALICE",))

    assert "Approved by: <@U0ALICE>\nStill needed: A second person has to approve too." in texts(what)
    assert has_buttons(what)


def test_of_many_who_approved_or_whose_approval_is_void_slack_is_told_the_first_three() -> None:
    people = tuple(f"U0ALICE{number:02}" for number in range(12))

    for what in (message(question(), link=LINK, approved_by=people), message(question(), link=LINK, void=people)):
        assert re.findall(r"<@(U0ALICE\d\d)>", repr(what.blocks)) == [*people[:3]]


def test_how_it_ended_takes_the_place_of_the_buttons() -> None:
    denied = Denied(asked=question().asked, by=("U0ALICE",), reason="not ours")
    what = message(question(), link=LINK, ending=MessageEnding("Denied: not ours. Now: held.", denied, "Held."))
    nobody = message(question(), link=LINK, ending=MessageEnding("Nobody answered.", TimedOut(asked=denied.asked)))

    assert texts(what).splitlines()[-3:] == ["Denied by: <@U0ALICE>", "Reason: not ours", "Now: Held."]
    assert texts(nobody).splitlines()[-1] == "Outcome: Nobody answered."
    assert what.text == "Let in the resource share of account 111111111111? Denied: not ours. Now: held."
    for each in (what, nobody):
        assert not has_buttons(each)
        assert "Answer by" not in texts(each)


def test_what_it_came_to_since_has_a_sentence_s_room() -> None:
    approved = Approved(asked=question().asked, by=("U0ALICE",))

    def shown(now: str) -> str:
        what = message(question(), link=LINK, ending=MessageEnding("Approved.", approved, now))
        return texts(what).splitlines()[-1]

    assert shown("x" * 300) == f"Now: {'x' * 300}"
    assert shown("x" * 301) == f"Now: {'x' * 300}"


def test_of_many_lines_about_who_asks_the_first_fourteen_are_shown_and_the_others_counted() -> None:
    def shown(number: int) -> list[str]:
        what = written(about=tuple(Line("Account", str(each)) for each in range(number)))
        lines = texts(what).splitlines()
        return lines[: lines.index("*Why a person is asked*")]

    fourteen = [f"Account: {each}" for each in range(14)]
    told_by = f"drawbridge policy explain {SHARE.request_id} tells all"
    assert shown(14) == fourteen
    assert shown(20) == [*fourteen, f"More: 6 more lines: {told_by}"]


def test_of_what_is_live_both_are_mentioned_who_let_it_in() -> None:
    live = "The share was let in 2026-11-21 12:00 UTC by U0ALICE and U0BOB; what is connected of it stays connected."

    lines = texts(written(about=(Line("Live", live), Line("Account", live)))).splitlines()

    assert lines[:5] == [
        f"Live: {live}",
        "Let in by: <@U0ALICE>",
        "and: <@U0BOB>",
        f"Account: {live}",
        "*Why a person is asked*",
    ]


def test_slack_is_given_no_text_that_is_empty_and_no_label_that_is_too_long() -> None:
    what = written(about=(Line("Account", ""), Line("x" * 2200, "1")))

    slack.check_blocks(what.blocks)
    assert "Account: -" in texts(what)


@pytest.mark.parametrize(
    ("most", "shown"),
    [(8, ["abc", "def"]), (7, ["abc", "and 1 more lines: x tells all"]), (0, ["and 2 more lines: x tells all"])],
)
def test_each_line_that_fits_with_its_end_is_kept(most: int, shown: list[str]) -> None:
    assert [*within(most, ["abc", "def"], told_by="x")] == shown


HOSTILE_ID = "share-a` <!channel> <@U0ALICE> <https://evil.example|x> https://evil.example #approvals `"


@pytest.mark.parametrize(
    "what",
    [
        message(question(request_id=HOSTILE_ID), link=LINK),
        message(question(request_id=HOSTILE_ID), link=LINK, ending=MessageEnding("Held.")),
        reminder(question(request_id=HOSTILE_ID)),
    ],
    ids=["open", "ended", "reminder"],
)
def test_the_id_of_a_request_mentions_nobody_and_links_nowhere(what: SlackMessage) -> None:
    shown = [each for block in what.blocks for each in rendered(block)]

    assert "evil.example" in repr(what.blocks)
    assert {mention for each in shown for mention in each.mentions} == set()
    assert {link for each in shown for link in each.links} <= {LINK}


def test_a_large_share_is_shown_as_far_as_it_fits_and_says_what_tells_the_rest() -> None:
    what = written(
        lines=tuple(Line("Holds", f"vpc-lattice:{'x' * 380}-{number}") for number in range(500)),
        about=(Line("Resources", "500"), *(Line("Share tags", "x" * 390),) * 30),
    )

    told_by = f"drawbridge policy explain {SHARE.request_id} tells all"
    assert f"• and more, for which there is no room here: {told_by}" in texts(what)
    assert f"More: 24 more lines: {told_by}" in texts(what)
    assert "Resources: 500\n" in texts(what)


def test_lines_for_which_the_workflow_had_no_room_are_counted_below_what_the_share_holds() -> None:
    lines = (Line("New", "c: d"), Line("Holds", "a: b"), Line("More", "7 more lines, for which there is no room here"))

    shown = texts(written(lines=lines))
    assert "*What is new*\n• c: d\n*What the share holds*\n• a: b\n• 7 more lines, for which there is no room" in shown


def test_a_reminder_calls_a_group_by_its_id_and_nobody_otherwise() -> None:
    calling, quiet = reminder(question(), "S0NETADMINS"), reminder(question())

    assert calling.text.startswith("<!subteam^S0NETADMINS> Still undecided: Let in the resource share")
    assert "<!date^" in quiet.text
    assert "<!subteam" not in quiet.text
    for what in (calling, quiet):
        slack.check_blocks(what.blocks)


@given(HOSTILE, HOSTILE, st.just("") | HOSTILE)
@example("", "", "<!channel>")
def test_a_reminder_has_nothing_of_strangers_in_force(title: str, account_id: str, sentence: str) -> None:
    reminded = reminder(question(title=title[:500], account_id=account_id[:500], sentence=sentence))

    slack.check_blocks(reminded.blocks)
    shown = [each for block in reminded.blocks for each in rendered(block)]
    assert {(each.mentions, each.links) for each in shown} == {((), ())}
    assert set(re.findall("<[^>]*", reminded.text)) == set(re.findall("<!date[^>]*", reminded.text))


def test_the_form_of_a_denial_is_one_that_slack_takes_and_carries_where_it_was_opened() -> None:
    form = denial_form(SHARE.request_id, "1-1", "C0APPROVALS", "1.5")

    slack.check_view(form)
    assert form["callback_id"] == DENIAL
    assert form["private_metadata"] == f"{value_of(SHARE.request_id, '1-1')}/C0APPROVALS/1.5"


def test_who_decided_is_shown_by_the_name_that_slack_has_for_them() -> None:
    def approved(*by: str) -> SlackMessage:
        answer = Approved(asked=question().asked, by=by)
        return message(question(), link=LINK, ending=MessageEnding("Approved.", answer))

    of_slack, by_iam = approved("U0ALICE", "U0BOB"), approved("arn:aws:sts::1:assumed-role/<!channel>/x")

    assert [shown.mentions for block in of_slack.blocks for shown in rendered(block) if shown.mentions] == [
        ("@U0ALICE",),
        ("@U0BOB",),
    ]
    assert "Approved by: arn:aws:sts::1:assumed-role/<!channel>/x" in texts(by_iam)
    assert not [shown.mentions for block in by_iam.blocks for shown in rendered(block) if shown.mentions]


FORGING = "orders\u202e\u200b\nAccount: ours" + " " * 60 + "Organization: ours ⟨U+202E⟩ [red] e\u0301"


def test_whatever_strangers_wrote_is_shown_in_one_visible_line_of_its_own() -> None:
    reason = Reason("policy", FORGING, source=FORGING)
    asked = question(lines=(Line("Share", FORGING),), why=(reason,), effects=(FORGING,), changed=(FORGING,))
    denied = Denied(asked=asked.asked, by=("U0ALICE",), reason=FORGING)

    written = texts(message(asked, link="https://link", ending=MessageEnding(f"Held. {FORGING}")))
    of_denial = texts(message(asked, link="https://link", ending=MessageEnding("Denied.", denied)))

    shown = "orders⟨U+202E⟩⟨U+200B⟩⟨U+000A⟩Account: ours⟨60 spaces⟩Organization: ours ⟨U+27E8⟩U+202E⟩ [red] e⟨U+0301⟩"
    assert f"Share: {shown}\n" in f"{written}\n"
    assert written.count(shown) == 5
    assert of_denial.endswith(f"\nReason: {shown}")
    assert all(line.isprintable() and "   " not in line for line in written.splitlines())
    assert not any(line.startswith(("Account", "Organization")) for line in written.splitlines())
