"""Questions and their answers, as tests of approval ask and read them."""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from drawbridge.approval import Approval, Approved, Denied, Options, Question, Reconsider, TimedOut
from drawbridge.approval.message import SlackMessage
from drawbridge.approval.question import question_of
from drawbridge.decision import AskApprover
from drawbridge.decision.facts import Facts
from drawbridge.status import Reason
from tests.builders import NOW, execution_input, share_facts

WHY = Reason("policy", "a person decides", source="ask")
ASK = AskApprover((WHY,))
WAIT = timedelta(hours=4)
ALICE = ("U0ALICE",)


def has_buttons(what: SlackMessage) -> bool:
    return any(block["type"] == "actions" for block in what.blocks)


def ending_of(what: SlackMessage) -> str:
    """Return how the message says that its question ended, in words; empty as long as it is open."""
    return html.unescape(what.text).partition("? ")[2]


def outcome_of(what: SlackMessage) -> str:
    """Return the last thing that the message says."""
    return texts(what).splitlines()[-1].removeprefix("Outcome: ")


def texts(what: SlackMessage) -> str:
    """Return all that the sections say, each label with the value beside it in one line."""
    return "\n".join(line for block in what.blocks if block["type"] == "section" for line in _lines(block))


def _lines(block: dict[str, Any]) -> Iterator[str]:
    if "text" in block:
        yield block["text"]["text"]
    said = [each["text"] for each in block.get("fields", ())]
    yield from (f"{label.strip('*')}: {value}" for label, value in zip(said[::2], said[1::2], strict=True))


def made(facts: Facts | None = None, **changes: Any) -> Question:
    """Make a question of facts."""
    fields: dict[str, Any] = {
        "decision": ASK,
        "effects": ["The share is accepted."],
        "options": Options(),
        "now": NOW,
        "wait": WAIT,
    } | changes
    request = fields.pop("request", execution_input())
    decision, effects = fields.pop("decision"), fields.pop("effects")
    return question_of(request, facts or share_facts(), decision, effects, **fields)


def answers(to: Question) -> list[Approval]:
    """Return every way in which a question can end."""
    return [
        Approved(asked=to.asked, by=ALICE),
        Denied(asked=to.asked, by=ALICE, reason="not ours"),
        TimedOut(asked=to.asked),
        Reconsider(asked=to.asked),
    ]
