"""The approvals: DynamoDB, one item a request, for the question that was asked of it last."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from drawbridge.approval import Approval, Approved, Denied, Question, TimedOut
from drawbridge.approval.answer import ApprovalAnswer
from drawbridge.approval.ask import ApprovalRecord, Pending, Posted
from drawbridge.aws.errors import translated
from drawbridge.aws.table_reads import items_of
from drawbridge.aws.table_writes import Write, apply_write
from drawbridge.errors import InvalidInputError, UpstreamError
from drawbridge.parsing import UnreadableError, read_json

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_KEPT_FOR = timedelta(days=90)
"""After a question's end; the ledger keeps what came of it."""


class ApprovalsTable:
    """The questions. Each write that matters is conditional: one decision, whoever else decides at the same time."""

    def __init__(self, table: Table, *, now: Callable[[], datetime]) -> None:
        self._table = table
        self._now = now

    def approval_record(self, request_id: str) -> ApprovalRecord | None:
        """Return how the question stands that was asked of a request last."""
        with translated(f"read the question of {request_id}", missing=UpstreamError):
            item = self._table.get_item(Key={"request_id": request_id}, ConsistentRead=True).get("Item")
        return None if item is None else _approval_record(item)

    def pending(self, request_ids: Collection[str]) -> Mapping[str, Pending]:
        """Return the questions that were asked of requests last, as a sweep needs them: a call for each hundred."""
        with translated("read the questions", missing=UpstreamError):
            items = [*items_of(self._table, request_ids, ("request_id", "token", "decision", "expires_at"))]
        return {item["request_id"]: _pending(item) for item in items}

    def open(self, question: Question, token: str, link: str) -> tuple[ApprovalRecord, ApprovalRecord | None]:
        """Keep a question with the task that waits; return how it stands, and the question that it takes over from.

        The same asking again keeps what there is of it, and only its task is another one.
        """
        asking = question.asked.asking
        waiting = Write(token=token, link=link)
        waiting.only_if(asking=asking)
        same = self._update(question.request_id, waiting)
        if same is not None:
            return _approval_record(same), None
        before = self.approval_record(question.request_id)
        item: dict[str, Any] = {
            "request_id": question.request_id,
            "asking": asking,
            "question": msgspec.json.encode(question).decode(),
            "token": token,
            "link": link,
            "expires_at": int((question.asked.deadline + _KEPT_FOR).timestamp()),
        }
        with translated(f"keep the question of {question.request_id}", missing=UpstreamError):
            self._table.put_item(Item=item)
        return _approval_record(item), before

    def note_posted(self, record: ApprovalRecord, posted: Posted) -> None:
        """Note where the message is, so that it can be changed."""
        write = Write(channel=posted.channel, ts=posted.ts)
        write.only_if(asking=record.question.asked.asking)
        self._update(record.question.request_id, write)

    def note_message_text(self, record: ApprovalRecord, text: str) -> None:
        """Note what the message says of how it went, so that it is said once."""
        write = Write(told=text)
        write.only_if(asking=record.question.asked.asking)
        self._update(record.question.request_id, write)

    def record(
        self, answer: ApprovalAnswer, by: str, *, needed: int, void: Collection[str] = ()
    ) -> ApprovalRecord | None:
        """Record an answer by one conditional write; return how the question stands then.

        ``void`` names those who approved and whose approval does not count any more. ``None`` if it was decided, or is
        another question, or somebody else, or the same person, approved meanwhile.
        """
        if not answer.approve:
            return self._decide(answer, Write(decision="denied", decided_by=[by], reason=answer.reason))
        if needed == 1:
            return self._decide(answer, Write(decision="approved", decided_by=[by], reason=answer.reason))
        if void:
            return self._instead(answer, by, {*void})
        # The second approval and the decision are one write: nothing is lost between them.
        return self._first(answer, by) or self._second(answer, by)

    def close(self, request_id: str, asking: str) -> Approval | None:
        """End the question without an answer, if there is none; return how it ended, ``None`` if it is not there."""
        write = Write(decision="timed-out", decided_by=[])
        write.only_if(asking=asking)
        write.only_if_missing("decision")
        self._update(request_id, write)
        record = self.approval_record(request_id)
        if record is None or record.question.asked.asking != asking:
            return None
        return record.approval

    def _first(self, answer: ApprovalAnswer, by: str) -> ApprovalRecord | None:
        """Record the first approval of two."""
        write = Write()
        write.add("approved_by", {by})
        write.only_if_missing("approved_by")
        return self._decide(answer, write)

    def _instead(self, answer: ApprovalAnswer, by: str, void: set[str]) -> ApprovalRecord | None:
        """Record an approval as the first one, in place of those that do not count any more."""
        write = Write(approved_by={by})
        write.add("void", void)
        write.only_if(approved_by=void)
        return self._decide(answer, write)

    def _second(self, answer: ApprovalAnswer, by: str) -> ApprovalRecord | None:
        """Record the second approval of two, of another person, and with it the decision."""
        write = Write(decision="approved", reason=answer.reason)
        write.add("approved_by", {by})
        write.only_if_there("approved_by")
        write.only_if_lacking("approved_by", by)
        return self._decide(answer, write)

    def _decide(self, answer: ApprovalAnswer, write: Write) -> ApprovalRecord | None:
        write.set(decided_at=self._now().isoformat(timespec="milliseconds"))
        write.only_if(asking=answer.asking)
        write.only_if_missing("decision")
        item = self._update(answer.request_id, write)
        return None if item is None else _approval_record(item)

    def _update(self, request_id: str, write: Write) -> dict[str, Any] | None:
        """Write, and return the item as it is then; ``None`` if the condition does not hold."""
        with translated(f"write the question of {request_id}", missing=UpstreamError):
            return apply_write(self._table, request_id, write)


def _pending(item: dict[str, Any]) -> Pending:
    try:
        deadline = datetime.fromtimestamp(int(item["expires_at"]), UTC) - _KEPT_FOR
    except (LookupError, TypeError, ValueError, ArithmeticError, OSError):
        # Somebody wrote it by hand: it is read by itself, which says what is wrong, and keeps no other back.
        return Pending(deadline=None, waits=True, decided=True)
    return Pending(deadline=deadline, waits=bool(item.get("token")), decided="decision" in item)


def _approval_record(item: dict[str, Any]) -> ApprovalRecord:
    """Read an item.

    Raises:
        InvalidInputError: somebody wrote it by hand, and it is no question.
    """
    try:
        return _approval_record_of(item)
    except (LookupError, TypeError, UnreadableError) as error:
        raise InvalidInputError(
            f"the question of {str(item.get('request_id'))[:200]!r} can't be read: {str(error)[:300]}; delete it"
        ) from error


def _approval_record_of(item: dict[str, Any]) -> ApprovalRecord:
    question = read_json(item["question"], Question)
    if question.request_id != item["request_id"]:
        raise UnreadableError(f"it is about {question.request_id}")
    return ApprovalRecord(
        question=question,
        token=item.get("token", ""),
        link=item.get("link", ""),
        posted=Posted(item["channel"], item["ts"]) if "ts" in item else None,
        approved_by=tuple(sorted(item.get("approved_by", ()))),
        void=tuple(sorted({*item.get("void", ())} - {*item.get("approved_by", ())})),
        approval=_approval(item, question),
        message_text=item.get("told", ""),
    )


def _approval(item: dict[str, Any], question: Question) -> Approval | None:
    asked, reason = question.asked, item.get("reason", "")
    by = tuple(item.get("decided_by", ())) or tuple(sorted(item.get("approved_by", ())))
    match item.get("decision"):
        case "approved":
            return Approved(asked=asked, by=by, reason=reason)
        case "denied":
            return Denied(asked=asked, by=by, reason=reason)
        case "timed-out":
            return TimedOut(asked=asked)
        case _:
            return None
