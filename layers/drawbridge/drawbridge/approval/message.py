"""The message in Slack, in Block Kit, within Slack's limits whatever the names.

Whatever strangers chose is made legible, and stands in ``plain_text``, in which Slack makes no mention, no link and no
format of anything. The text for notifications is escaped.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import assert_never

from msgspec import Struct

from drawbridge.approval import (
    HOLDS,
    IF_DENIED,
    LIVE,
    MORE,
    NEW,
    Approval,
    Approved,
    Denied,
    Line,
    Question,
    Reconsider,
    TimedOut,
)
from drawbridge.approval.block_kit import (
    Block,
    Row,
    beginning,
    context,
    header,
    listing,
    literal,
    mention_of,
    one_line,
    ours,
    people,
    plain,
    rows,
    time,
    value,
    within,
)
from drawbridge.approval.outcomes import LONGEST_REASON
from drawbridge.legible import legible
from drawbridge.status import Reason

APPROVE = "approve"
DENY = "deny"
DENIAL = "denial"
"""The modal that asks for the reason of a denial."""
REASON = "reason"

_ABOUT = 2500
"""Characters of who asks for what; all text of a message's blocks together has to stay below 13,200."""
_MOST_ROWS = 14
_PART = 1000
"""Characters of each list: what changed, what a share holds, why it is asked, what would happen."""
_LONGEST_TEXT = 3000
_LONGEST_CONFIRMED = 300
_LONGEST_ASKED = 500
_LONGEST_NOW = 300
_MOST_NAMED = 3
"""Of people; no question takes more than two answers."""
_LET_IN_BY = re.compile(r" by ([UW][A-Z0-9]{2,20}(?: and [UW][A-Z0-9]{2,20})?)[;.]")
"""In a line of ours, in which nothing is of strangers: who approved in Slack what is live."""
_LISTED = frozenset({HOLDS, NEW, MORE, IF_DENIED})
"""The labels of the lines that stand in lists of their own, or elsewhere."""


class SlackMessage(Struct, frozen=True):
    """A message, as Slack takes it."""

    text: str
    """For notifications, where blocks are not shown."""
    blocks: list[Block]


class MessageEnding(Struct, frozen=True):
    """The outcome that replaces the buttons."""

    text: str
    """All of it, in words."""
    approval: Approval | None = None
    """How the question ended; ``None`` if nobody's answer ended it."""
    now: str = ""
    """What the request came to since."""


def value_of(request_id: str, asking: str) -> str:
    """Return the value of a button, which names the question. The task's token stays on our side."""
    return f"{request_id}/{asking}"


def message(
    question: Question,
    *,
    link: str,
    approved_by: tuple[str, ...] = (),
    void: tuple[str, ...] = (),
    ending: MessageEnding | None = None,
) -> SlackMessage:
    """Return the message, with buttons as long as there is something to decide, then with the outcome."""
    asks, told_by = _asks(question), f"drawbridge policy explain {question.request_id}"
    blocks = [header(asks)]
    if question.changed:
        blocks.append({"type": "section", "text": ours(_ASKED_AGAIN)})
        blocks += listing("What changed", within(_PART, map(legible, question.changed), told_by=told_by))
        blocks += rows(_limited(people("No longer counts", question.void)))
    blocks += rows(_about(question, told_by))
    for title, label in (("What is new", NEW), ("What the share holds", HOLDS)):
        blocks += listing(title, beginning(_PART, _listed(question, label), told_by=told_by))
    blocks += listing("Why a person is asked", within(_PART, map(sourced, question.why), told_by=told_by))
    blocks += listing("On Approve", within(_PART, map(legible, question.effects), told_by=told_by))
    blocks += listing("On Deny", [_on_denial(question)])
    blocks += rows(_standing(question, approved_by, void, is_open=ending is None))
    blocks += [_buttons(question)] if ending is None else rows(_ended(ending))
    request_id = escaped(question.request_id)
    blocks.append(context(f"`drawbridge why {request_id}`  ·  <{link}|execution>"))
    text = f"{asks} {one_line(ending.text)}" if ending else asks
    return SlackMessage(escaped(text)[:_LONGEST_TEXT], blocks)


def reminder(question: Question, group: str = "") -> SlackMessage:
    """Return the reminder, which may mention a user group by its id."""
    called = f"<!subteam^{group}> " if group else ""
    until = f"Answer by {time(question.asked.deadline)}"
    told = context(f"{until}  ·  `drawbridge why {escaped(question.request_id)}`")
    asks = _asks(question)
    blocks = [{"type": "section", "text": ours(f"{called}*Still undecided*")}, plain(asks), told]
    return SlackMessage(f"{called}Still undecided: {escaped(asks)} {until}.", blocks)


def denial_form(request_id: str, asking: str, channel: str, ts: str) -> Block:
    """Return the modal; its metadata says where it was opened, since its submission does not."""
    return {
        "type": "modal",
        "callback_id": DENIAL,
        "private_metadata": value_of(request_id, asking) + f"/{channel}/{ts}",
        "title": {"type": "plain_text", "text": "Deny the request"},
        "submit": {"type": "plain_text", "text": "Deny"},
        "close": {"type": "plain_text", "text": "Back"},
        "blocks": [
            {
                "type": "input",
                "block_id": REASON,
                "label": {"type": "plain_text", "text": "Why?"},
                "element": {
                    "type": "plain_text_input",
                    "action_id": REASON,
                    "multiline": True,
                    "max_length": 500,
                },
            }
        ],
    }


def no_longer_counting(void: Iterable[str], shown: Callable[[str], str] = str) -> str:
    """Return the sentence that says whose approval does not count any more."""
    return f"The approval of {' and '.join(map(shown, void))} does not count any more: they may not approve this now"


def escaped(text: str) -> str:
    """Escape what Slack's mrkdwn would turn into a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def sourced(reason: Reason) -> str:
    """Return a reason with the policy or binding that it comes from, legible."""
    return f"{legible(reason.source)}: {legible(reason.text)}" if reason.source else legible(reason.text)


_UNANSWERED = "Without an answer it is held, and asked about again later."
_ASKED_AGAIN = "*Asked again, because something changed.* Answers to what was asked before do not count."


def mentioned(text: str) -> str:
    """Return a person of Slack as a mention, and whatever else escaped."""
    return mention_of(text) or escaped(text)


def _asks(question: Question) -> str:
    return one_line(question.asks)[:_LONGEST_ASKED]


def _about(question: Question, told_by: str) -> Iterator[Row]:
    """Yield who asks for what. Questions of earlier versions have it in their lines only."""
    earlier = (Line(each.label, legible(each.text)) for each in question.asked.lines if each.label not in _LISTED)
    lines = question.about or tuple(earlier)
    room, shown = _ABOUT, 0
    for line in lines[:_MOST_ROWS]:
        row = (line.label, value(line.text))
        room -= len(row[0]) + len(row[1]["text"])
        if room < 0:
            break
        shown += 1
        yield row
        if line.label == LIVE and (by := _LET_IN_BY.search(line.text)):
            yield from _limited(people("Let in by", by[1].split(" and ")))
    if shown < len(lines):
        yield MORE, value(f"{len(lines) - shown} more lines: {told_by} tells all")


def _listed(question: Question, label: str) -> Iterator[str]:
    """Yield the lines of a label; the last of all lines may say how many were cut."""
    labels = {label, MORE} if label == HOLDS else {label}
    return (legible(line.text) for line in question.asked.lines if line.label in labels)


def _on_denial(question: Question) -> str:
    of_live = next((line.text for line in question.asked.lines if line.label == IF_DENIED), "")
    return legible(question.on_denial or of_live or "The request is rejected.")


def _standing(
    question: Question, approved_by: tuple[str, ...], void: tuple[str, ...], *, is_open: bool
) -> Iterator[Row]:
    """Yield until when it can be answered, how many have to approve, and whose approvals there are."""
    if is_open:
        yield "Answer by", ours(f"{time(question.asked.deadline)}. {_UNANSWERED}")
    if question.options.two_person:
        yield "Approvals", literal("Two people have to approve.")
    yield from _limited(people("No longer counts", void))
    yield from _limited(people("Approved by", approved_by))
    if approved_by:
        yield "Still needed", literal("A second person has to approve too.")


def _ended(ending: MessageEnding) -> Iterator[Row]:
    """Yield who decided how, and what the request came to since."""
    match ending.approval:
        case Approved(by=by, reason=reason) | Denied(by=by, reason=reason):
            yield from _limited(people("Approved by" if isinstance(ending.approval, Approved) else "Denied by", by))
            if reason:
                yield "Reason", value(legible(reason, LONGEST_REASON))
        case TimedOut() | Reconsider() | None:
            yield "Outcome", value(ending.text)
            return
        case _:
            assert_never(ending.approval)
    if ending.now:
        yield "Now", value(ending.now[:_LONGEST_NOW])


def _limited(of_people: Iterable[Row]) -> list[Row]:
    return list(of_people)[:_MOST_NAMED]


def _buttons(question: Question) -> Block:
    value = value_of(question.request_id, question.asked.asking)
    approve = _button(APPROVE, "Approve", "primary", value)
    if question.options.sensitive:
        approve["confirm"] = {
            "title": {"type": "plain_text", "text": "This is sensitive"},
            "text": literal(_asks(question)[:_LONGEST_CONFIRMED]),
            "confirm": {"type": "plain_text", "text": "Approve"},
            "deny": {"type": "plain_text", "text": "Back"},
            "style": "danger",
        }
    return {"type": "actions", "block_id": "decision", "elements": [approve, _button(DENY, "Deny", "danger", value)]}


def _button(action: str, text: str, style: str, value: str) -> Block:
    label = {"type": "plain_text", "text": text}
    return {"type": "button", "action_id": action, "style": style, "text": label, "value": value}
