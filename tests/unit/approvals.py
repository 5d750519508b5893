"""Approval records in memory, a task that waits, and a Slack that only remembers: for tests of approval."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec

from drawbridge.approval import Approval, Approved, Denied, Options, Question, Reconsider, TimedOut
from drawbridge.approval.answer import ApprovalAnswer
from drawbridge.approval.ask import ApprovalRecord, Pending, Posted
from drawbridge.approval.message import SlackMessage
from drawbridge.approval.question import question_of
from drawbridge.decision import AskApprover
from drawbridge.decision.facts import Facts
from drawbridge.status import Reason
from tests.builders import NOW, approval_record, execution_input, share_facts

WHY = Reason("policy", "a person decides", source="ask")
ASK = AskApprover((WHY,))
WAIT = timedelta(hours=4)
ALICE = ("U0ALICE",)


class ApprovalsInMemory:
    """The approval records. Each write is atomic, as a conditional write is."""

    def __init__(self, *records: ApprovalRecord) -> None:
        self._lock = threading.Lock()
        self.records = {each.question.request_id: each for each in records}
        self.decided: list[Approval] = []
        """Every decision that was ever written."""

    def approval_record(self, request_id: str) -> ApprovalRecord | None:
        return self.records.get(request_id)

    def pending(self, request_ids: Collection[str]) -> dict[str, Pending]:
        return {
            each: Pending(there.question.asked.deadline, bool(there.token), there.approval is not None)
            for each, there in self.records.items()
            if each in request_ids
        }

    def record(
        self, answer: ApprovalAnswer, by: str, *, needed: int, void: Collection[str] = ()
    ) -> ApprovalRecord | None:
        with self._lock:
            there = self.records.get(answer.request_id)
            if there is None or there.question.asked.asking != answer.asking or there.approval is not None:
                return None
            asked = there.question.asked
            if not answer.approve:
                return self._decide(there, Denied(asked=asked, by=(by,), reason=answer.reason))
            if void and {*void} != {*there.approved_by}:
                return None
            if void:
                return self._put(there, approved_by=(by,), void=tuple(sorted(void)))
            people = tuple(sorted({*there.approved_by, by}))
            if len(people) < needed:
                return None if by in there.approved_by else self._put(there, approved_by=people)
            there = self._put(there, approved_by=people)
            return self._decide(there, Approved(asked=asked, by=people, reason=answer.reason))

    def open(self, question: Question, token: str, link: str) -> tuple[ApprovalRecord, ApprovalRecord | None]:
        with self._lock:
            there = self.records.get(question.request_id)
            if there is not None and there.question.asked.asking == question.asked.asking:
                return self._put(there, token=token, link=link), None
            new = approval_record(question=question, token=token, link=link, posted=None)
            self.records[question.request_id] = new
            return new, there

    def note_posted(self, record: ApprovalRecord, posted: Posted) -> None:
        with self._lock:
            self._put(self.records[record.question.request_id], posted=posted)

    def note_message_text(self, record: ApprovalRecord, text: str) -> None:
        with self._lock:
            self._put(self.records[record.question.request_id], message_text=text)

    def close(self, request_id: str, asking: str) -> Approval | None:
        with self._lock:
            there = self.records.get(request_id)
            if there is None or there.question.asked.asking != asking:
                return None
            if there.approval is None:
                there = self._decide(there, TimedOut(asked=there.question.asked))
            return there.approval

    def _decide(self, there: ApprovalRecord, approval: Approval) -> ApprovalRecord:
        self.decided.append(approval)
        return self._put(there, approval=approval)

    def _put(self, there: ApprovalRecord, **changes: object) -> ApprovalRecord:
        new = msgspec.structs.replace(there, **changes)
        self.records[there.question.request_id] = new
        return new


@dataclass
class Task:
    """The task that waits. ``stopped`` is how many calls fail before they reach it."""

    waits: bool = True
    stopped: int = 0
    completed: list[tuple[str, Approval]] = field(default_factory=list)

    def complete(self, token: str, approval: Approval) -> bool:
        if self.stopped:
            self.stopped -= 1
            raise KilledError
        self.completed.append((token, approval))
        return self.waits


class KilledError(Exception):
    """The function was killed right here."""


@dataclass
class Slack:
    """Remembers what was posted, changed, and said privately."""

    posts: list[tuple[str, SlackMessage, Posted | None]] = field(default_factory=list)
    updates: list[tuple[Posted, SlackMessage]] = field(default_factory=list)
    private: list[tuple[str, str, str]] = field(default_factory=list)

    def post(self, channel: str, what: SlackMessage, *, below: Posted | None = None) -> Posted:
        self.posts.append((channel, what, below))
        return Posted(channel, f"{len(self.posts)}.5")

    def update(self, posted: Posted, what: SlackMessage) -> None:
        self.updates.append((posted, what))

    def send_privately(self, channel: str, user_id: str, text: str) -> None:
        self.private.append((channel, user_id, text))


def has_buttons(what: SlackMessage) -> bool:
    return any(block["type"] == "actions" for block in what.blocks)


def texts(what: SlackMessage) -> str:
    """Return all that the sections say."""
    return "\n".join(block["text"]["text"] for block in what.blocks if block["type"] == "section")


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
