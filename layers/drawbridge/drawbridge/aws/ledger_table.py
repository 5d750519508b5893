"""The ledger: DynamoDB, one row a request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import UNSET

from drawbridge.association.coverage import AttachedPlace
from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.aws.errors import translated
from drawbridge.aws.ledger_items import (
    COMPARED,
    DECISION_RECORDS,
    SHOWN,
    entry_of,
    let_in_earlier,
    read_attribute,
    row_of,
)
from drawbridge.aws.ledger_writes import (
    NOTHING_LET_IN,
    YES,
    change_of_status,
    deadline_text,
    inputs_text,
    replace_announced,
    replace_marks,
    set_capped,
    text_of,
)
from drawbridge.aws.table_reads import items_of, only, queried, scanned
from drawbridge.aws.table_writes import TooLargeError, Write, apply_write
from drawbridge.bounds import fitting
from drawbridge.decision import Delayed
from drawbridge.decision.facts import AwareDatetime
from drawbridge.decision.let_in import LetIn
from drawbridge.decision.recorded import RecordedRequest
from drawbridge.discovery.ledger_row import LedgerRow, is_failure
from drawbridge.discovery.next_action import RETRY_FINGERPRINT
from drawbridge.discovery.observed_request import ObservedRequest
from drawbridge.discovery.review import Review
from drawbridge.errors import InvalidInputError, UpstreamError
from drawbridge.publication import AttachmentSnapshot
from drawbridge.record import Outcome
from drawbridge.record.bounds import surplus
from drawbridge.record.entry import Entry
from drawbridge.record.history import (
    History,
    NoHistory,
    absence_items,
    announcement_items,
    command_item,
    status_item,
)
from drawbridge.record.outcome import PUBLISHED_BYTES
from drawbridge.record.record import StatusChange, reasons_for_history, reasons_for_status
from drawbridge.request import OrphanRequest, kind_of
from drawbridge.request.absence import Absence
from drawbridge.request.announced import Announced, WithdrawalCommand
from drawbridge.request.status_reached import StatusReached
from drawbridge.status import Reason, Status
from drawbridge.withdrawal import ConnectedRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

Read = TypeVar("Read", LedgerRow, Entry)

FOLLOWED_INDEX = "followed"
"""Holds the rows that carry the attribute of that name, which are few: those that AWS should still list."""

NO_HISTORY = NoHistory()

_HISTORY_KEPT = 100
"""Entries of a row's history, if they fit; the bus has announced the earlier ones."""

_RECORDED = ("request_id", "let_in", "delayed", "commanded", "deadline")

BrokenRow = Callable[[str], None]
"""Called for each row that can't be read, with its id and why."""


class LedgerTable:
    """The rows. Every write is conditional on what was read, so that no writer takes back what another one wrote.

    A row that can't be read, because somebody wrote it by hand, is passed over where many are read: its request stays
    as it is until the row is mended or deleted.
    """

    def __init__(
        self,
        table: Table,
        *,
        now: Callable[[], datetime],
        on_broken: BrokenRow = lambda _: None,
        history: History = NO_HISTORY,
    ) -> None:
        self._table = table
        self._now = now
        self._on_broken = on_broken
        self._history = history
        self._available: dict[str, dict[str, Any]] = {}

    def rows(self, request_ids: Collection[str]) -> Mapping[str, LedgerRow]:
        """Return the rows of requests, as far as a sweep compares them: without what their decisions rested on."""
        with translated("read the ledger", missing=UpstreamError):
            rows = self._readable(items_of(self._table, request_ids, COMPARED), row_of)
            return {row.request_id: row for row in rows}

    def with_decision_records(self, rows: Collection[LedgerRow]) -> dict[str, LedgerRow]:
        """Return rows with what their decisions rested on, for reviews; a call for each hundred.

        A row that is not there any longer has none.
        """
        by_id = {row.request_id: row for row in rows}
        with translated("read decision records", missing=UpstreamError):
            found = {
                item["request_id"]: item for item in items_of(self._table, by_id, ("request_id", *DECISION_RECORDS))
            }
        return {name: _with_records(row, found.get(name, {})) for name, row in by_id.items()}

    def _with_decision_records(self, row: LedgerRow) -> LedgerRow:
        return self.with_decision_records([row])[row.request_id]

    def followed(self) -> list[LedgerRow]:
        """Return the rows that AWS should still list: under way, or settled only for now."""
        with translated("read the rows that are followed", missing=UpstreamError):
            return list(self._readable(self._followed(COMPARED), row_of))

    def claim(
        self,
        observed: ObservedRequest,
        attempt: int,
        *,
        after: LedgerRow | None,
        absent: tuple[Absence, ...] | None = None,
    ) -> bool:
        """Enter an attempt; ``False`` if the row is not any longer as it was read, in ``after``.

        So it is, too, if its withdrawal was commanded since. ``absent`` replaces the row's marks, if they are as they
        were read.
        """
        now = self._timestamp()
        lost = after is not None and not after.settled
        write = Write(
            about=msgspec.to_builtins(observed.request),
            kind=kind_of(observed.request),
            subject=observed.request.subject,
            account_id=observed.account_id,
            status=Status.PENDING,
            attempt=attempt,
            settled=False,
            seen=observed.observed_fingerprint,
            wanted=observed.bindings_fingerprint,
            permitted=observed.decision_fingerprint,
            failures=(after.failures if after else 0) + lost,
            incomplete=False,
            drift=observed.drift_fingerprint,
            **({"inputs": inputs_text(observed.inputs)} if observed.inputs is not None else {}),
            reviewed="",
            awaits_turn=False,
            followed=YES,
            reasons=[],
            updated_at=now,
        )
        if isinstance(observed.request, OrphanRequest):
            # A command was for what there was then, and this is found anew.
            write.remove("commanded")
        if observed.deadline is not None:
            write.set(deadline=deadline_text(observed.deadline))
        elif not observed.is_gone:
            # That of an invitation that is not listed any longer says whether it expired.
            write.remove("deadline")
        write.set_once("first_seen_at", now)
        # What a review found stays until it is decided otherwise, and is announced once.
        write.set_once("no_longer_permitted", False)
        write.append("history", {"status": Status.PENDING, "attempt": attempt, "at": now})
        if after is None:
            write.only_if_new("request_id")
        else:
            if after.let_in is UNSET and after.status.is_over:
                write.set(let_in=NOTHING_LET_IN)
            elif after.let_in is UNSET and (before := let_in_earlier(self._with_decision_records(after))) is not None:
                write.set(let_in=text_of(before))
            write.only_if(attempt=after.attempt, settled=after.settled)
            if after.commanded is None and not isinstance(observed.request, OrphanRequest):
                write.only_if_missing("commanded")
            if absent is not None:
                replace_marks(write, after, absent, capped=False)
        if self._update(observed.request.request_id, write) is None:
            return False
        because = () if observed.cause is None else (observed.cause,)
        entered = Outcome(status=Status.PENDING, reasons=because, settled=False)
        self._history.add(status_item(observed.request.request_id, attempt, entered, now))
        return True

    def claim_withdrawal(self, row: LedgerRow, absent: tuple[Absence, ...], reasons: tuple[Reason, ...]) -> bool:
        """Enter the next attempt, of the withdrawal; ``False`` if the row and its marks are not as they were read."""
        now = self._timestamp()
        attempt = row.attempt + 1
        write = Write(
            status=Status.WITHDRAWING,
            attempt=attempt,
            settled=False,
            failures=row.failures + (not row.settled),
            awaits_turn=False,
            followed=YES,
            reasons=msgspec.to_builtins(reasons_for_status(reasons)),
            updated_at=now,
        )
        because = msgspec.to_builtins(reasons_for_history(reasons))
        entry = {"status": Status.WITHDRAWING, "attempt": attempt, "at": now, "reasons": list(because)}
        write.append("history", entry)
        write.only_if(attempt=row.attempt, settled=row.settled)
        replace_marks(write, row, absent, capped=False)
        if self._update(row.request_id, write) is None:
            return False
        entered = Outcome(status=Status.WITHDRAWING, reasons=reasons, settled=False)
        self._history.add(status_item(row.request_id, attempt, entered, now))
        return True

    def change_status(self, change: StatusChange, outcome: Outcome) -> StatusChange | None:
        """Write a change of status; nothing, and ``None``, if a later attempt has the row.

        The history gets an entry, and a failure is counted, only if the status is not the one that the attempt has
        reached already. What an earlier attempt published is published still, and stays in the row.
        """
        now = self._timestamp()
        reached = change_of_status(change, outcome, now)
        reasons = msgspec.to_builtins(reasons_for_history(outcome.reasons))
        entry = {"status": change.status, "attempt": change.attempt, "at": now, "reasons": list(reasons)}
        reached.append("history", entry)
        failed = is_failure(change.status, settled=outcome.settled)
        if failed:
            reached.add("failures", 1)
        elif outcome.settled:
            reached.set(failures=0)
        reached.only_if(attempt=change.attempt, settled=False)
        # A withdrawal has its status from the beginning, and keeps it if it fails; so has what is delayed.
        if change.status is not Status.PENDING and (change.status is not Status.WITHDRAWING or not failed):
            reached.only_if_not(status=change.status)
        written = self._update(change.request_id, reached)
        if written is None:
            repeated = change_of_status(change, outcome, now)
            repeated.only_if(attempt=change.attempt, status=change.status)
            if outcome.settled and not failed:
                repeated.set(failures=0)
            if not outcome.settled:
                # A late repetition must not open again what has settled since.
                repeated.only_if(settled=False)
            written = self._update(change.request_id, repeated)
        if written is None:
            return None
        self._history.add(status_item(change.request_id, change.attempt, outcome, now))
        self._shorten_history(change.request_id, written)
        self._shorten_published(change, written)
        if outcome.taken_back:
            # The same list can't be added to and taken from in one update.
            taken = Write()
            taken.delete("published", set(outcome.taken_back))
            taken.only_if(attempt=change.attempt)
            self._update(change.request_id, taken)
        if change.status is Status.AVAILABLE:
            self._available[change.id] = written
        return msgspec.structs.replace(change, account_id=written["account_id"])

    def note_observed(self, row: LedgerRow, observed: ObservedRequest) -> None:
        """Note what a request that waits was last compared with; nothing if it does not wait any more."""
        write = Write(
            seen=observed.observed_fingerprint,
            permitted=observed.decision_fingerprint,
            wanted=observed.bindings_fingerprint,
        )
        write.only_if(attempt=row.attempt, settled=False)
        self._update(row.request_id, write)

    def note_deadline(self, row: LedgerRow, deadline: datetime | None) -> None:
        """Note when the invitation expires, ``None`` if there is none; nothing if the row is not as it was read."""
        write = Write()
        if deadline is None:
            write.remove("deadline")
        else:
            write.set(deadline=deadline_text(deadline))
        write.only_if(attempt=row.attempt, status=row.status)
        self._update(row.request_id, write)

    def note_drift_healed(self, row: LedgerRow) -> None:
        """Note that what an attempt was made for is as it was left; nothing if the row has a later attempt by now."""
        self._note(row, Write(drift=""))

    def note_inputs(self, row: LedgerRow, inputs: PlanInputs) -> None:
        """Note what was found, for the next sweep to compare with; nothing if the row has a later attempt by now."""
        self._note(row, Write(inputs=inputs_text(inputs)))

    def note_followed(self, row: LedgerRow) -> None:
        """Have the row in the index of those that are followed; nothing if it has a later attempt by now."""
        self._note(row, Write(followed=YES))

    def note_absent(self, row: LedgerRow, absent: tuple[Absence, ...], *, capped: bool) -> bool:
        """Note what of it is gone; ``False`` if the row and its marks are not any longer as they were read."""
        write = Write()
        write.only_if(attempt=row.attempt, settled=row.settled)
        replace_marks(write, row, absent, capped=capped)
        if self._update(row.request_id, write) is None:
            return False
        at = self._timestamp()
        for item in absence_items(row.request_id, row.attempt, row.absent, absent, capped=capped, at=at):
            self._history.add(item)
        return True

    def note_announced(self, row: LedgerRow, announced: tuple[Announced, ...], *, capped: bool) -> bool:
        """Note what of it is announced; ``False`` if the row and what was announced are not any longer as read."""
        write = Write()
        write.only_if(attempt=row.attempt, settled=True)
        replace_announced(write, row, announced)
        set_capped(write, capped=capped)
        return self._write_announced(row, write, announced, capped=capped)

    def note_announcement_sent(self, row: LedgerRow, fingerprint: str) -> None:
        """Note which marks were put on the bus; nothing if the row has a later attempt by now."""
        self._note(row, Write(announcement_sent=fingerprint))

    def note_tagged(self, row: LedgerRow, tagged: Mapping[str, str]) -> None:
        """Note what carries the tag that says when it is taken down; nothing if the row has a later attempt by now."""
        self._note(row, Write(tagged=dict(tagged)))

    def command_withdrawal(self, row: LedgerRow, command: WithdrawalCommand) -> bool:
        """Note a command; ``False`` if the row is not any longer as it was read."""
        write = Write(commanded=text_of(command))
        write.only_if(attempt=row.attempt, settled=row.settled)
        return self._write_command(row, write, command.name, command.by)

    def retry(self, row: LedgerRow, *, by: str) -> bool:
        """Have the next sweep start an attempt, and end what was commanded; ``False`` if it is not as it was read.

        ``by`` is the ARN of who commanded it.
        """
        write = Write(seen=RETRY_FINGERPRINT)
        write.remove("commanded")
        write.only_if(attempt=row.attempt, settled=True)
        return self._write_command(row, write, "retry", by)

    def _write_command(self, row: LedgerRow, write: Write, command: str, by: str) -> bool:
        if self._update(row.request_id, write) is None:
            return False
        self._history.add(command_item(row.request_id, row.attempt, command, by, self._timestamp()))
        return True

    def _write_announced(self, row: LedgerRow, write: Write, announced: tuple[Announced, ...], *, capped: bool) -> bool:
        if self._update(row.request_id, write) is None:
            return False
        at = self._timestamp()
        for item in announcement_items(row.request_id, row.attempt, row.announced, announced, capped=capped, at=at):
            self._history.add(item)
        return True

    def _note(self, row: LedgerRow, write: Write) -> None:
        write.only_if(attempt=row.attempt, settled=True)
        self._update(row.request_id, write)

    def note_review(
        self, row: LedgerRow, review: Review, announced: tuple[Announced, ...], *, policies_fingerprint: str
    ) -> bool:
        """Note what a review came to, under which configuration, and what is announced by it.

        ``False`` if the row has a later attempt by now, or what is announced is not as it was read.
        """
        projection = {"at": self._timestamp(), "reasons": msgspec.to_builtins(reasons_for_status(review.reasons))}
        write = Write(reviewed=policies_fingerprint, no_longer_permitted=not review.permitted, review=projection)
        write.only_if(attempt=row.attempt, settled=True)
        replace_announced(write, row, announced)
        return self._write_announced(row, write, announced, capped=False)

    def note_reviewed(self, row: LedgerRow, *, policies_fingerprint: str) -> None:
        """Note under which configuration what was withdrawn was compared; nothing if it has a later attempt by now."""
        self._note(row, Write(reviewed=policies_fingerprint))

    def let_in(self, request_id: str) -> LetIn | None:
        """Return what was let in of a request; ``None`` where nothing was, or it is not known."""
        kept: LetIn | None = self._read_one("let_in", request_id, "what was let in of it")
        return kept

    def delayed(self, request_id: str) -> Delayed | None:
        """Return since when a request is permitted that is let in later; ``None`` if it is not, or not known."""
        kept: Delayed | None = self._read_one("delayed", request_id, "since when it is delayed")
        return kept

    def _read_one(self, name: str, request_id: str, what: str) -> Any:
        """Read one of the attributes that hold JSON, consistently."""
        return read_attribute(name, str(self._attribute(name, request_id, what) or ""))

    def _attribute(self, name: str, request_id: str, what: str) -> Any:
        with translated(f"read {what}: {request_id}", missing=UpstreamError):
            answer = self._table.get_item(
                Key={"request_id": request_id}, ConsistentRead=True, ProjectionExpression=name
            )
        return answer.get("Item", {}).get(name)

    def is_commanded(self, request_id: str) -> bool:
        """Return whether an operator commanded that the request is withdrawn."""
        return bool(self._attribute("commanded", request_id, "what was commanded of it"))

    def deadline(self, request_id: str) -> datetime | None:
        """Return when the invitation expires that was listed last; ``None`` where there was none to answer."""
        return _deadline(self._attribute("deadline", request_id, "its deadline"))

    def recorded(self, request_ids: Collection[str]) -> Mapping[str, RecordedRequest]:
        """Return what decisions on requests rest on, as far as it is in rows, read consistently."""
        with translated("read what was decided earlier", missing=UpstreamError):
            found = items_of(self._table, request_ids, _RECORDED)
            return {str(item["request_id"]): _recorded(item) for item in found}

    def commanded(self, request_ids: Collection[str]) -> frozenset[str]:
        """Return those of the requests whose withdrawal an operator commanded, read consistently."""
        with translated("read what was commanded", missing=UpstreamError):
            found = items_of(self._table, request_ids, ("request_id", "commanded"))
            return frozenset(str(item["request_id"]) for item in found if item.get("commanded"))

    def connected(self, request_id: str) -> ConnectedRecord:
        """Return what was made and published for a request; an empty record if there is no row."""
        projection = only(("account_id", "ways", "published", "let_in", "absent", "announced", "commanded"))
        with translated(f"read what was made for {request_id}", missing=UpstreamError):
            item: Any = self._table.get_item(Key={"request_id": request_id}, ConsistentRead=True, **projection).get(
                "Item", {}
            )
        let_in: LetIn | None = read_attribute("let_in", str(item.get("let_in", "")))
        return ConnectedRecord(
            account_id=str(item.get("account_id", "")),
            attachments=read_attribute("ways", str(item.get("ways", ""))),
            published=tuple(sorted(map(str, item.get("published", ())))),
            let_in=(let_in.arns if let_in else None) or (),
            absent=read_attribute("absent", str(item.get("absent", ""))),
            announced=read_attribute("announced", str(item.get("announced", ""))),
            commanded=read_attribute("commanded", str(item.get("commanded", ""))),
        )

    def attached(self, request_id: str) -> frozenset[AttachedPlace]:
        """Return where something was attached when the last attempt ended."""
        return frozenset(
            AttachedPlace(name=each.name, resource_arn=each.resource_arn, made=each.made)
            for each in self.connected(request_id).attachments
        )

    def attachments_of_others(self, request_id: str) -> Iterator[AttachmentSnapshot]:
        """Yield how the attachments of all other requests that are followed were left; nobody asks for orphans."""
        return (each for row in self._others(request_id) for each in row.attachments or ())

    def resources_of_others(self, request_id: str) -> frozenset[str] | None:
        """Return the ARNs of what all other requests that are followed let in, or have attached.

        ``None`` if that is not known: of one it was too much to be kept.
        """
        arns: set[str] = set()
        for row in self._others(request_id):
            arns |= {each.resource_arn for each in row.attachments or ()}
            if isinstance(row.let_in, LetIn):
                if row.let_in.arns is None:
                    return None
                arns |= {*row.let_in.arns}
        return frozenset(arns)

    def _others(self, request_id: str) -> Iterator[LedgerRow]:
        rows = (row for row in self.followed() if row.request_id != request_id)
        return (row for row in rows if not isinstance(row.request, OrphanRequest))

    def entry(self, request_id: str) -> Entry | None:
        """Return all that the ledger knows of a request.

        Raises:
            InvalidInputError: its row can't be read.
        """
        with translated(f"read {request_id}", missing=UpstreamError):
            item = self._table.get_item(Key={"request_id": request_id}, ConsistentRead=True).get("Item")
        return None if item is None else entry_of(item)

    def entry_with(self, change: StatusChange) -> Entry | None:
        """Return the row with a change that was just written to it; it is not read again if what is there now is.

        Raises:
            InvalidInputError: somebody wrote it by hand.
        """
        written = self._available.pop(change.id, None)
        return self.entry(change.request_id) if written is None else entry_of(written)

    def status_reached(self, request_id: str) -> StatusReached | None:
        """Return the status that a request has by now, and why; ``None`` if it has no row."""
        with translated(f"read {request_id}", missing=UpstreamError):
            projection = only(("request_id", "status", "attempt", "reasons", "announced"))
            item: Any = self._table.get_item(Key={"request_id": request_id}, ConsistentRead=True, **projection).get(
                "Item"
            )
        if item is None:
            return None
        announced = read_attribute("announced", str(item.get("announced", "")))
        return msgspec.convert(item | {"attempt": int(item["attempt"]), "announced": announced}, StatusReached)

    def followed_entries(self) -> Iterator[Entry]:
        """Yield what the ledger knows of requests that AWS should still list, without their decision records."""
        with translated("read the rows that are followed", missing=UpstreamError):
            yield from self._readable(self._followed(SHOWN), entry_of)

    def entries(self) -> Iterator[Entry]:
        """Yield all that the ledger knows, in no order."""
        with translated("read the ledger", missing=UpstreamError):
            yield from self._readable(scanned(self._table), entry_of)

    def _readable(self, items: Iterable[dict[str, Any]], read: Callable[[dict[str, Any]], Read]) -> Iterator[Read]:
        """Yield what can be read, and report the rest."""
        for item in items:
            try:
                yield read(item)
            except InvalidInputError as broken:
                self._on_broken(str(broken))

    def _shorten_history(self, request_id: str, item: dict[str, Any]) -> None:
        first = surplus(item["history"], most=_HISTORY_KEPT)
        if first > 0:
            write = Write()
            write.remove_first("history", first)
            write.add("history_left_out", first)
            write.only_if_as_long("history", len(item["history"]))
            self._update(request_id, write)

    def _shorten_published(self, change: StatusChange, item: dict[str, Any]) -> None:
        """Leave out names of earlier attempts that there is no room for besides those of this one."""
        names: set[str] = set(item.get("published", ()))
        kept = fitting([*change.published, *sorted(names - set(change.published))], PUBLISHED_BYTES)
        surplus = names.difference(kept)
        if surplus:
            write = Write()
            write.delete("published", surplus)
            write.only_if(attempt=change.attempt)
            self._update(change.request_id, write)

    def _update(self, request_id: str, write: Write) -> dict[str, Any] | None:
        """Write, and return the row as it is then; ``None`` if the condition does not hold."""
        with translated(f"write {request_id} to the ledger", missing=UpstreamError):
            try:
                return apply_write(self._table, request_id, write)
            except TooLargeError:
                self._make_room(request_id)
            return apply_write(self._table, request_id, write)

    def _make_room(self, request_id: str) -> None:
        """Cut the history of a row that a version wrote which did not bound it by bytes."""
        item: Any = self._table.get_item(Key={"request_id": request_id}, **only(("history",))).get("Item", {})
        entries = item.get("history", [])
        first = surplus(entries, most=_HISTORY_KEPT)
        write = Write()
        write.remove_first("history", first)
        write.add("history_left_out", first)
        write.only_if_as_long("history", len(entries))
        if first:
            apply_write(self._table, request_id, write)

    def _followed(self, attributes: Collection[str]) -> Iterator[dict[str, Any]]:
        asked = only(attributes)
        return queried(
            self._table,
            IndexName=FOLLOWED_INDEX,
            KeyConditionExpression="#followed = :yes",
            ExpressionAttributeValues={":yes": YES},
            ProjectionExpression=asked["ProjectionExpression"],
            ExpressionAttributeNames=asked["ExpressionAttributeNames"] | {"#followed": "followed"},
        )

    def _timestamp(self) -> str:
        return self._now().isoformat(timespec="milliseconds")


def _recorded(item: Mapping[str, Any]) -> RecordedRequest:
    return RecordedRequest(
        let_in=read_attribute("let_in", str(item.get("let_in") or "")),
        delayed=read_attribute("delayed", str(item.get("delayed") or "")),
        commanded=bool(item.get("commanded")),
        deadline=_deadline(item.get("deadline")),
    )


def _deadline(written: object) -> datetime | None:
    try:
        return msgspec.convert(written, AwareDatetime | None)
    except msgspec.ValidationError:
        # Somebody wrote it by hand.
        return None


def _with_records(row: LedgerRow, item: Mapping[str, Any]) -> LedgerRow:
    # What somebody wrote there by hand is no decision record.
    own, of_associations = (
        read_attribute(name, text) if isinstance(text := item.get(name), str) else None for name in DECISION_RECORDS
    )
    return msgspec.structs.replace(row, decision_record=own, association_decision_record=of_associations)
