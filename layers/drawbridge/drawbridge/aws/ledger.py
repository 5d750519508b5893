"""The ledger: DynamoDB, one row a request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError

from drawbridge.aws.errors import code_of, translated
from drawbridge.aws.pages import pages
from drawbridge.errors import ThrottledError
from drawbridge.record.record import StatusChange
from drawbridge.request import EndpointConnectionRequest, Request, ResourceShareRequest, kind_of
from drawbridge.request.attention import Seen
from drawbridge.request.row import Row, is_followed
from drawbridge.status import Status

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

FOLLOWED_INDEX = "followed"
"""Holds the rows that carry the attribute of that name, which are few: those that AWS should still list."""

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
        with translated("read the rows that are followed"):
            return [_row(item) for page in pages(self._query, marker="LastEvaluatedKey") for item in page["Items"]]

    def claim(self, seen: Seen, attempt: int, *, after: Row | None) -> bool:
        """Enter an attempt; ``False`` if the row is not any longer as it was read, in ``after``."""
        moment = self._moment()
        if after is None:
            condition, read = "attribute_not_exists(request_id)", {}
        else:
            condition = "attempt = :before AND settled = :settled"
            read = {":before": after.attempt, ":settled": after.settled}
        values = {
            ":about": msgspec.to_builtins(seen.request),
            ":kind": kind_of(seen.request),
            ":subject": seen.request.subject,
            ":account": seen.account_id,
            ":status": Status.PENDING,
            ":attempt": attempt,
            ":no": False,
            ":yes": "yes",
            ":seen": seen.state,
            ":wanted": seen.wanted,
            ":permitted": seen.permitted,
            ":now": moment,
            ":none": [],
            ":entry": [{"status": Status.PENDING, "attempt": attempt, "at": moment}],
        }
        update = (
            "SET about = :about, kind = :kind, subject = :subject, account_id = :account, #status = :status, "
            "attempt = :attempt, settled = :no, seen = :seen, wanted = :wanted, permitted = :permitted, "
            "followed = :yes, updated_at = :now, reasons = :none, first_seen_at = if_not_exists(first_seen_at, :now), "
            "history = list_append(if_not_exists(history, :none), :entry)"
        )
        written = self._update(seen.request.request_id, update, condition, values | read)
        return written is not None

    def change_status(self, change: StatusChange, *, settled: bool, seen: str = "") -> StatusChange | None:
        """Take over a change of status; nothing, and ``None``, if a later attempt has the row.

        The history gets an entry only if the status is not the one that the attempt has reached already.
        """
        reasons = list(change.reasons)
        values: dict[str, Any] = {
            ":status": change.status,
            ":attempt": change.attempt,
            ":settled": settled,
            ":reasons": reasons,
            ":now": self._moment(),
        }
        sets = "SET #status = :status, settled = :settled, reasons = :reasons, updated_at = :now"
        if seen:
            sets, values = f"{sets}, seen = :seen", values | {":seen": seen}
        if is_followed(change.status, settled=settled):
            sets, values = f"{sets}, followed = :yes", values | {":yes": "yes"}
            removes = ""
        else:
            removes = " REMOVE followed"
        adds = ""
        if change.published:
            # What an earlier attempt published is published still.
            adds, values = " ADD published :published", values | {":published": set(change.published)}
        entry = {"status": change.status, "attempt": change.attempt, "at": values[":now"], "reasons": reasons}
        written = self._update(
            change.request_id,
            f"{sets}, history = list_append(history, :entry){removes}{adds}",
            "attempt = :attempt AND #status <> :status AND settled = :open",
            values | {":entry": [entry], ":open": False},
        )
        if written is None:
            written = self._update(
                change.request_id, sets + removes + adds, "attempt = :attempt AND #status = :status", values
            )
        if written is None:
            return None
        self._shorten_history(change.request_id, written)
        return msgspec.structs.replace(change, account_id=written["account_id"])

    def _shorten_history(self, request_id: str, item: dict[str, Any]) -> None:
        surplus = len(item["history"]) - _HISTORY_KEPT
        if surplus > 0:
            oldest = ", ".join(f"history[{place}]" for place in range(surplus))
            self._update(request_id, f"REMOVE {oldest}", "size(history) = :length", {":length": len(item["history"])})

    def _update(self, request_id: str, update: str, condition: str, values: dict[str, Any]) -> dict[str, Any] | None:
        """Write, and give the row as it is then; ``None`` if the condition does not hold."""
        names: Any = {"ExpressionAttributeNames": {"#status": "status"}} if "#status" in update + condition else {}
        with translated(f"write {request_id} to the ledger"):
            try:
                answer = self._table.update_item(
                    Key={"request_id": request_id},
                    UpdateExpression=update,
                    ConditionExpression=condition,
                    ExpressionAttributeValues=values,
                    ReturnValues="ALL_NEW",
                    **names,
                )
            except ClientError as error:
                if code_of(error) == "ConditionalCheckFailedException":
                    return None
                raise
        return answer["Attributes"]

    def _batch(self, ids: list[str]) -> Iterator[dict[str, Any]]:
        name = self._table.name
        keys: Any = {name: {"Keys": [{"request_id": each} for each in ids], "ConsistentRead": True}}
        with translated("read the ledger"):
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
            ExpressionAttributeValues={":yes": "yes"},
            **begin,
        )

    def _moment(self) -> str:
        return self._now().isoformat(timespec="milliseconds")


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


def _row(item: dict[str, Any]) -> Row:
    # DynamoDB gives every number as a Decimal.
    stored = msgspec.convert(item | {"attempt": int(item["attempt"])}, _Item)
    request: Request = stored.about
    return Row(
        request=request,
        account_id=stored.account_id,
        status=stored.status,
        attempt=stored.attempt,
        settled=stored.settled,
        seen=stored.seen,
        wanted=stored.wanted,
        permitted=stored.permitted,
        updated_at=stored.updated_at,
    )
