"""The approval records, in memory; ``aws.approvals_table.ApprovalsTable`` keeps them in DynamoDB."""

from __future__ import annotations

import threading
from collections.abc import Collection

import msgspec

from drawbridge.approval import Approval, Approved, Denied, Question, TimedOut
from drawbridge.approval.answer import ApprovalAnswer
from drawbridge.approval.ask import ApprovalRecord, Pending, Posted
from tests.builders import approval_record


class InMemoryApprovals:
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
            if needed == 1:
                return self._decide(there, Approved(asked=asked, by=(by,), reason=answer.reason))
            return self._replace(there, by, {*void}) if void else self._add(there, by, answer.reason)

    def _replace(self, there: ApprovalRecord, by: str, void: set[str]) -> ApprovalRecord | None:
        if void != {*there.approved_by}:
            return None
        return self._put(there, approved_by=(by,), void=tuple(sorted({*there.void, *void} - {by})))

    def _add(self, there: ApprovalRecord, by: str, reason: str) -> ApprovalRecord | None:
        if by in there.approved_by:
            return None
        people = tuple(sorted({*there.approved_by, by}))
        there = self._put(there, approved_by=people, void=tuple(each for each in there.void if each != by))
        if len(people) == 1:
            return there
        return self._decide(there, Approved(asked=there.question.asked, by=people, reason=reason))

    def open(self, question: Question, token: str, link: str) -> tuple[ApprovalRecord, ApprovalRecord | None]:
        with self._lock:
            there = self.records.get(question.request_id)
            if there is not None and there.question.asked.asking == question.asked.asking:
                return self._put(there, token=token, link=link), None
            new = approval_record(question=question, token=token, link=link, posted=None)
            self.records[question.request_id] = new
            return new, there

    def note_posted(self, record: ApprovalRecord, posted: Posted) -> None:
        self._note(record, posted=posted)

    def note_message_text(self, record: ApprovalRecord, text: str) -> None:
        self._note(record, message_text=text)

    def close(self, request_id: str, asking: str) -> Approval | None:
        with self._lock:
            there = self.records.get(request_id)
            if there is None or there.question.asked.asking != asking:
                return None
            if there.approval is None:
                there = self._decide(there, TimedOut(asked=there.question.asked))
            return there.approval

    def _note(self, record: ApprovalRecord, **changes: object) -> None:
        with self._lock:
            there = self.records.get(record.question.request_id)
            if there is not None and there.question.asked.asking == record.question.asked.asking:
                self._put(there, **changes)

    def _decide(self, there: ApprovalRecord, approval: Approval) -> ApprovalRecord:
        self.decided.append(approval)
        return self._put(there, approval=approval)

    def _put(self, there: ApprovalRecord, **changes: object) -> ApprovalRecord:
        new = msgspec.structs.replace(there, **changes)
        self.records[there.question.request_id] = new
        return new
