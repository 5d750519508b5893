"""The message in Slack, in Block Kit, within Slack's limits whatever the names.

Whatever strangers chose is made legible, and stands in ``plain_text``, in which Slack makes no mention, no link and no
format of anything. The text for notifications is escaped.
"""

import re
from collections.abc import Iterable, Iterator
from functools import partial

from msgspec import Struct

from drawbridge.approval import Question
from drawbridge.approval.block_kit import Block, context, header, one_line, plain, sections, within
from drawbridge.legible import legible
from drawbridge.status import Reason

APPROVE = "approve"
DENY = "deny"
DENIAL = "denial"
"""The modal that asks for the reason of a denial."""
REASON = "reason"

_FACTS = 3000
"""Characters of the facts; all text of a message's blocks together has to stay below 13,200."""
_PART = 1200
"""Characters of each other part: what changed, why it is asked, what would happen."""
_ENDING = 1500
_LONGEST_TEXT = 3000
_USER = re.compile("[UW][A-Z0-9]{2,20}")
_MOST_NAMED = 10
_within = partial(within, told_by="drawbridge policy explain")


class SlackMessage(Struct, frozen=True):
    """A message, as Slack takes it."""

    text: str
    """For notifications, where blocks are not shown."""
    blocks: list[Block]


class MessageEnding(Struct, frozen=True):
    """The outcome that replaces the buttons, and who decided it."""

    text: str
    by: tuple[str, ...] = ()


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
    subject = f"{question.title} of {question.account_id}"
    blocks = [header(f"{question.title} request")]
    blocks += sections(_question_text(question))
    until = int(question.asked.deadline.timestamp())
    fallback = f"{question.asked.deadline:%Y-%m-%d %H:%M} UTC"
    by = f"Decide by <!date^{until}^{{date_short_pretty}} at {{time}}|{fallback}>"
    blocks.append(context(f"{by}  ·  `{escaped(question.request_id)}`  ·  <{link}|execution>"))
    if void:
        blocks.append(plain(f"{no_longer_counting(void)}."))
        blocks += _named(void)
    if approved_by:
        blocks.append(plain(f"Approved by {', '.join(approved_by)}. A second person has to approve too."))
        blocks += _named(approved_by)
    if ending is None:
        blocks.append(_buttons(question))
    else:
        blocks.append(plain(one_line(ending.text)[:_ENDING]))
        blocks += _named(ending.by)
    text = f"{subject}: {one_line(ending.text)}" if ending else f"{subject} needs a decision"
    return SlackMessage(escaped(text)[:_LONGEST_TEXT], blocks)


def reminder(question: Question, group: str = "") -> SlackMessage:
    """Return the reminder, which may mention a user group by its id."""
    until = int(question.asked.deadline.timestamp())
    called = f"<!subteam^{group}> " if group else ""
    fallback = f"{question.asked.deadline:%Y-%m-%d %H:%M} UTC"
    text = (
        f"{called}Still undecided: {escaped(question.title)} of {escaped(question.account_id)}. "
        f"It ends at <!date^{until}^{{date_short_pretty}} {{time}}|{fallback}>."
    )
    return SlackMessage(text, [{"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}])


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


def no_longer_counting(void: Iterable[str]) -> str:
    """Return the sentence that says whose approval does not count any more."""
    return f"The approval of {' and '.join(void)} does not count any more: they may not approve this now"


def escaped(text: str) -> str:
    """Escape what Slack's mrkdwn would turn into a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _question_text(question: Question) -> Iterator[str]:
    if question.changed:
        yield "ASKED AGAIN, because something changed. Answers to what was asked before do not count."
        yield from _within(_PART, (f"  {legible(each)}" for each in question.changed))
    yield from _within(_FACTS, (f"{legible(line.label)}: {legible(line.text)}" for line in question.asked.lines))
    yield "Asked because:"
    yield from _within(_PART, (f"  {sourced(reason)}" for reason in question.why))
    yield "On approval:"
    yield from _within(_PART, (f"  {legible(effect)}" for effect in question.effects))
    if question.options.two_person:
        yield "Two people have to approve."


def sourced(reason: Reason) -> str:
    """Return a reason with the policy or binding that it comes from, legible."""
    return f"{legible(reason.source)}: {legible(reason.text)}" if reason.source else legible(reason.text)


def _named(people: Iterable[str]) -> list[Block]:
    """Have Slack show the names of its users; a change of a message notifies nobody."""
    users = [f"<@{each}>" for each in people if _USER.fullmatch(each)]
    return [context(" and ".join(users[:_MOST_NAMED]))] if users else []


def _buttons(question: Question) -> Block:
    value = value_of(question.request_id, question.asked.asking)
    approve = _button(APPROVE, "Approve", "primary", value)
    if question.options.sensitive:
        approve["confirm"] = {
            "title": {"type": "plain_text", "text": "This is sensitive"},
            "text": {"type": "plain_text", "text": f"Let account {question.account_id} in, as shown?"},
            "confirm": {"type": "plain_text", "text": "Approve"},
            "deny": {"type": "plain_text", "text": "Back"},
            "style": "danger",
        }
    return {"type": "actions", "block_id": "decision", "elements": [approve, _button(DENY, "Deny", "danger", value)]}


def _button(action: str, text: str, style: str, value: str) -> Block:
    label = {"type": "plain_text", "text": text}
    return {"type": "button", "action_id": action, "style": style, "text": label, "value": value}
