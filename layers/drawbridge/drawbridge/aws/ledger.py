"""The ledger: DynamoDB, one row a request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from drawbridge.aws.errors import translated
from drawbridge.aws.pages import pages
from drawbridge.aws.table_writes import Write, written
from drawbridge.bounds import fitting
from drawbridge.decision.grounds import AssociationGrounds, Grounds, read_grounds
from drawbridge.decision.let_in import LetIn, let_in_before, read_let_in
from drawbridge.errors import ThrottledError, UpstreamError
from drawbridge.record import Outcome
from drawbridge.record.entry import Entry
from drawbridge.record.outcome import PUBLISHED_BYTES
from drawbridge.record.record import StatusChange, few
from drawbridge.request import EndpointConnectionRequest, ResourceShareRequest, kind_of
from drawbridge.request.attention import Seen
from drawbridge.request.review import Review
from drawbridge.request.row import Row, is_followed
from drawbridge.status import Reason, Status

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_YES = "yes"
FOLLOWED_INDEX = "followed"
"""Holds the rows that carry the attribute of that name, which are few: those that AWS should still list."""

_OVER = frozenset({Status.REJECTED, Status.EXPIRED, Status.WITHDRAWN})
"""Nothing is let in any more."""

_HISTORY_KEPT = 100
"""Entries of a row's history; an item is 400 KB at most, and the bus has told of the earlier ones."""


class Ledger:
    """The rows. Every write is conditional on what was read, so that no writer takes back what another one wrote."""

    def __init__(self, table: Table, *, now: Callable[[], datetime]) -> None:
        self._table = table
        self._now = now

    def rows(self, request_ids: Collection[str]) -> Mapping[str, Row]:
        found: dict[str, Row] = {}
        ids = sorted(request_ids)
        for start in range(0, len(ids), 100):
            for item in self._batch(ids[start : start + 100]):
                row = _row(item)
                found[row.request_id] = row
        return found

    def followed(self) -> list[Row]:
        """Give the rows that AWS should still list: under way, or settled only for now."""
        with translated("read the rows that are followed", missing=UpstreamError):
            return [_row(item) for page in pages(self._query, marker="LastEvaluatedKey") for item in page["Items"]]

    def claim(self, seen: Seen, attempt: int, *, after: Row | None) -> bool:
        """Enter an attempt; ``False`` if the row is not any longer as it was read, in ``after``."""
        moment = self._moment()
        lost = after is not None and not after.settled
        write = Write(
            about=msgspec.to_builtins(seen.request),
            kind=kind_of(seen.request),
            subject=seen.request.subject,
            account_id=seen.account_id,
            status=Status.PENDING,
            attempt=attempt,
            settled=False,
            seen=seen.state,
            wanted=seen.wanted,
            permitted=seen.permitted,
            failures=(after.failures if after else 0) + lost,
            incomplete=False,
            drift=seen.drift,
            reviewed="",
            # What was found stays found until it is decided otherwise, and is told once.
            no_longer_permitted=bool(after and after.no_longer_permitted),
            followed=_YES,
            reasons=[],
            updated_at=moment,
        )
        write.set_once("first_seen_at", moment)
        write.append("history", {"status": Status.PENDING, "attempt": attempt, "at": moment})
        if after is None:
            write.only_if_new("request_id")
        else:
            if (let_in := _of_before(after)) is not None:
                write.set(let_in=_text(let_in))
            write.only_if(attempt=after.attempt, settled=after.settled)
        return self._update(seen.request.request_id, write) is not None

    def change_status(self, change: StatusChange, outcome: Outcome) -> StatusChange | None:
        """Take over a change of status; nothing, and ``None``, if a later attempt has the row.

        The history gets an entry, and a failure is counted, only if the status is not the one that the attempt has
        reached already. What an earlier attempt published is published still, and stays in the row.
        """
        moment = self._moment()
        reached = self._change(change, outcome, moment)
        entry = {"status": change.status, "attempt": change.attempt, "at": moment, "reasons": list(change.reasons)}
        reached.append("history", entry)
        if change.status is Status.FAILED:
            reached.add("failures", 1)
        elif outcome.settled:
            reached.set(failures=0)
        reached.only_if(attempt=change.attempt, settled=False)
        reached.only_if_not(status=change.status)
        written = self._update(change.request_id, reached)
        if written is None:
            repeated = self._change(change, outcome, moment)
            repeated.only_if(attempt=change.attempt, status=change.status)
            if outcome.settled and change.status is not Status.FAILED:
                repeated.set(failures=0)
            if not outcome.settled:
                # A late repetition must not open again what has settled since.
                repeated.only_if(settled=False)
            written = self._update(change.request_id, repeated)
        if written is None:
            return None
        self._shorten_history(change.request_id, written)
        self._shorten_published(change, written)
        if outcome.taken_back:
            # The same list can't be added to and taken from in one update.
            taken = Write()
            taken.delete("published", set(outcome.taken_back))
            taken.only_if(attempt=change.attempt)
            self._update(change.request_id, taken)
        return msgspec.structs.replace(change, account_id=written["account_id"])

    def note_seen(self, row: Row, seen: Seen) -> None:
        """Note what a request that waits was looked at with; nothing if it does not wait any more."""
        write = Write(seen=seen.state, permitted=seen.permitted)
        write.only_if(attempt=row.attempt, settled=False)
        self._update(row.request_id, write)

    def note_review(self, row: Row, review: Review, *, under: str) -> None:
        """Note what a review came to, under which configuration; nothing if the row has a later attempt by now."""
        told = {"at": self._moment(), "reasons": msgspec.to_builtins(few(review.reasons))}
        write = Write(reviewed=under, no_longer_permitted=not review.permitted, review=told)
        write.only_if(attempt=row.attempt, settled=True)
        self._update(row.request_id, write)

    @staticmethod
    def _change(change: StatusChange, outcome: Outcome, moment: str) -> Write:
        write = Write(
            status=change.status,
            settled=outcome.settled,
            reasons=list(change.reasons),
            incomplete=outcome.incomplete,
            updated_at=moment,
        )
        if is_followed(change.status, settled=outcome.settled):
            write.set(followed=_YES)
        else:
            write.remove("followed")
        if outcome.decided_by:
            write.set(decided_by=msgspec.to_builtins(outcome.decided_by))
        if outcome.grounds:
            write.set(grounds=_text(outcome.grounds))
        if outcome.association_grounds:
            write.set(association_grounds=_text(outcome.association_grounds))
        _note_let_in(write, change.status, outcome)
        if outcome.basis:
            write.set(**{name: value for name, value in msgspec.structs.asdict(outcome.basis).items() if value})
        if outcome.cut:
            write.set(cut=list(outcome.cut))
        else:
            write.remove("cut")
        if outcome.ways is not None:
            write.set(ways=msgspec.json.encode(outcome.ways).decode())
        if change.published:
            write.add("published", set(change.published))
        return write

    def let_in(self, request_id: str) -> LetIn | None:
        """Give what was let in of a request; ``None`` where nothing was, or it is not known."""
        with translated(f"read what was let in of {request_id}", missing=UpstreamError):
            item = self._table.get_item(
                Key={"request_id": request_id}, ConsistentRead=True, ProjectionExpression="let_in"
            ).get("Item", {})
        return read_let_in(str(item.get("let_in", "")))

    def entry(self, request_id: str) -> Entry | None:
        """Give all that the ledger knows of a request."""
        with translated(f"read {request_id}", missing=UpstreamError):
            item = self._table.get_item(Key={"request_id": request_id}, ConsistentRead=True).get("Item")
        return None if item is None else _entry(item)

    def entries(self) -> Iterator[Entry]:
        """Give all that the ledger knows, in no order."""
        with translated("read the ledger", missing=UpstreamError):
            for page in pages(self._scan, marker="LastEvaluatedKey"):
                for item in page["Items"]:
                    yield _entry(item)

    def _scan(self, **start: Any) -> Any:
        return self._table.scan(**({"ExclusiveStartKey": start["LastEvaluatedKey"]} if start else {}))

    def _shorten_history(self, request_id: str, item: dict[str, Any]) -> None:
        surplus = len(item["history"]) - _HISTORY_KEPT
        if surplus > 0:
            write = Write()
            write.remove_first("history", surplus)
            write.only_if_as_long("history", len(item["history"]))
            self._update(request_id, write)

    def _shorten_published(self, change: StatusChange, item: dict[str, Any]) -> None:
        """Leave out names of earlier attempts that there is no room for beside those of this one."""
        names: set[str] = set(item.get("published", ()))
        kept = fitting([*change.published, *sorted(names - set(change.published))], PUBLISHED_BYTES)
        surplus = names.difference(kept)
        if surplus:
            write = Write()
            write.delete("published", surplus)
            write.only_if(attempt=change.attempt)
            self._update(change.request_id, write)

    def _update(self, request_id: str, write: Write) -> dict[str, Any] | None:
        """Write, and give the row as it is then; ``None`` if the condition does not hold."""
        with translated(f"write {request_id} to the ledger", missing=UpstreamError):
            return written(self._table, request_id, write)

    def _batch(self, ids: list[str]) -> Iterator[dict[str, Any]]:
        name = self._table.name
        keys: Any = {name: {"Keys": [{"request_id": each} for each in ids], "ConsistentRead": True}}
        with translated("read the ledger", missing=UpstreamError):
            for _ in range(len(ids) + 1):
                answer = self._table.meta.client.batch_get_item(RequestItems=keys)
                yield from answer["Responses"].get(name, [])
                keys = answer.get("UnprocessedKeys")
                if not keys:
                    return
        raise ThrottledError("read the ledger: DynamoDB leaves keys unprocessed")

    def _query(self, **start: Any) -> Any:
        begin = {"ExclusiveStartKey": start["LastEvaluatedKey"]} if start else {}
        return self._table.query(
            IndexName=FOLLOWED_INDEX,
            KeyConditionExpression="followed = :yes",
            ExpressionAttributeValues={":yes": _YES},
            **begin,
        )

    def _moment(self) -> str:
        return self._now().isoformat(timespec="milliseconds")


def _text(kept: Grounds | AssociationGrounds | LetIn) -> str:
    """Give it as JSON: nobody asks DynamoDB for its parts."""
    return msgspec.json.encode(kept).decode()


def _note_let_in(write: Write, status: Status, outcome: Outcome) -> None:
    """Note what is let in from now on, and whether it is only kept."""
    if outcome.let_in is not None:
        write.set(let_in=_text(outcome.let_in))
    elif status in _OVER:
        write.remove("let_in")
    if outcome.kept is not None:
        write.set(kept=msgspec.to_builtins(few(outcome.kept)))
        if not outcome.kept:
            write.set(no_longer_permitted=False)


def _of_before(row: Row) -> LetIn | None:
    """Give what a version before let in, which kept only grounds: those of the next decision will replace them."""
    if row.let_in or row.status in _OVER:
        return None
    return let_in_before(read_grounds(row.grounds, Grounds), row.decided_by)


class _Item(msgspec.Struct):
    """A row as it is stored."""

    about: ResourceShareRequest | EndpointConnectionRequest
    account_id: str
    status: Status
    attempt: int
    settled: bool
    seen: str
    wanted: str
    permitted: str
    updated_at: str
    failures: int
    incomplete: bool
    grounds: str = ""
    association_grounds: str = ""
    matched: str = ""
    contents: str = ""
    ways: str = ""
    drift: str = ""
    reviewed: str = ""
    no_longer_permitted: bool = False
    let_in: str = ""
    kept: tuple[Reason, ...] = ()
    decided_by: tuple[Reason, ...] = ()


def _entry(item: dict[str, Any]) -> Entry:
    told = {
        **item,
        "grounds": read_grounds(item.get("grounds", ""), Grounds),
        "association_grounds": read_grounds(item.get("association_grounds", ""), AssociationGrounds),
        "let_in": read_let_in(item.get("let_in", "")),
        "published": sorted(item.get("published", ())),
        "attempt": int(item["attempt"]),
        "history": [each | {"attempt": int(each["attempt"])} for each in item.get("history", ())],
    }
    return msgspec.convert(told, Entry)


def _row(item: dict[str, Any]) -> Row:
    # DynamoDB gives every number as a Decimal.
    numbers = {name: int(item[name]) for name in ("attempt", "failures")}
    stored = msgspec.structs.asdict(msgspec.convert(item | numbers, _Item))
    return Row(request=stored.pop("about"), **stored)
