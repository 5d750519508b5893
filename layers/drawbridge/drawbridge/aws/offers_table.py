"""The records of what Drawbridge offers: DynamoDB, an item for each principal of a service, or of a share."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from drawbridge.aws.errors import translated
from drawbridge.aws.table_reads import queried, scanned
from drawbridge.aws.table_writes import Write, delete_each, put_each
from drawbridge.errors import UpstreamError
from drawbridge.intake.offering.leaving import Leaving, LeavingCause
from drawbridge.intake.offering.offers import OfferRecord
from drawbridge.intake.offering.share_notice import ShareNotice, ShareNoticeType
from drawbridge.parsing import UnreadableError, read_value
from drawbridge.request.announced import Announced
from drawbridge.status import Reason

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_MOST_COUNTED = 100

_ACCOUNT = re.compile(r"[0-9]{12}")
LEFT_OUT = "left-out"
"""Where the table has what there was no time for: no target is called so."""

_SWEEP = "sweep"

_TARGETS = ("vpce-svc-", "arn:")
"""How the ids of services and the ARNs of shares begin: other items are other people's."""


class OffersTable:
    """The records; one that somebody wrote by hand and that can't be read is told to ``on_broken``, and passed over."""

    def __init__(
        self, table: Table, *, on_broken: Callable[[str], None], wait: Callable[[float], None] = time.sleep
    ) -> None:
        self._table = table
        self._on_broken = on_broken
        self._wait = wait

    def of(self, target: str) -> dict[str, OfferRecord]:
        """Return what was added to a service or share, by principal."""
        with translated(f"read what {target} is offered to", missing=UpstreamError):
            items = [
                *queried(
                    self._table,
                    KeyConditionExpression="target = :target",
                    ExpressionAttributeValues={":target": target},
                    ConsistentRead=True,
                )
            ]
        records = (self._record(each) for each in items)
        return {each.principal: each for each in records if each is not None}

    def targets(self) -> frozenset[str]:
        """Return the services and shares that something was added to. The whole table is read."""
        with translated("read what is offered", missing=UpstreamError):
            targets = {str(each["target"]) for each in scanned(self._table)}
        return frozenset(each for each in targets if each.startswith(_TARGETS))

    def one(self, target: str, principal: str) -> OfferRecord | None:
        """Return what is on record of one principal of a service or share."""
        with translated(f"read what {target} is offered to", missing=UpstreamError):
            key = {"target": target, "principal": principal}
            item = self._table.get_item(Key=key, ConsistentRead=True).get("Item")
        return None if item is None else self._record(item)

    def left_out(self) -> dict[str, int]:
        """Return what the last sweep did not finish, each with how many in a row left it out; odd numbers are none."""
        with translated("read which offers were left out", missing=UpstreamError):
            (item,) = [
                *queried(
                    self._table,
                    KeyConditionExpression="target = :target AND principal = :sweep",
                    ExpressionAttributeValues={":target": LEFT_OUT, ":sweep": _SWEEP},
                    ConsistentRead=True,
                )
            ] or [{}]
        sweeps = item.get("sweeps")
        return {each: _count(number) for each, number in sweeps.items()} if isinstance(sweeps, dict) else {}

    def note_left_out(self, sweeps: Mapping[str, int]) -> None:
        """Keep what this sweep did not finish, in one item."""
        with translated("note which offers are left out", missing=UpstreamError):
            self._table.put_item(Item={"target": LEFT_OUT, "principal": _SWEEP, "sweeps": dict(sweeps)})

    def note(self, records: Collection[OfferRecord], *, after: Collection[OfferRecord]) -> list[OfferRecord]:
        """Write records that are as they were read, ``after``, or of which there was none; return those written."""
        read = {(each.target, each.principal): each for each in after}
        puts = [(_item(each), _as_read(read.get((each.target, each.principal)))) for each in records]
        with translated("write what is offered", missing=UpstreamError):
            is_put = put_each(self._table, puts, wait=self._wait)
        return [each for each, is_done in zip(records, is_put, strict=True) if is_done]

    def drop(self, records: Collection[OfferRecord]) -> None:
        """Delete records that are as they were read."""
        deletes = [({"target": each.target, "principal": each.principal}, _as_read(each)) for each in records]
        with translated("forget what was offered", missing=UpstreamError):
            delete_each(self._table, deletes, wait=self._wait)

    def _record(self, item: dict[str, Any]) -> OfferRecord | None:
        try:
            offered_at = _time(item["offered_at"])
            refused_at = _time(item["refused_at"]) if "refused_at" in item else None
            after_removal = _time(item["after_removal"]) if "after_removal" in item else None
            awaited_since = _time(item["awaited_since"]) if "awaited_since" in item else None
            leaving = _leaving(dict(item["leaving"])) if "leaving" in item else None
            notice = _notice(dict(item["notice"])) if "notice" in item else None
            is_readable = _ACCOUNT.fullmatch(item["account_id"]) is not None
        except (LookupError, TypeError, ValueError, UnreadableError):
            is_readable = False
        if not is_readable:
            of = f"{str(item['principal'])[:200]} at {str(item['target'])[:200]}"
            self._on_broken(
                f"the record of the offer to {of} can't be read: mend it in the table of the offers; or delete it, and "
                "take away by hand what it is of, which counts as somebody else's without it, and stays"
            )
            return None
        return OfferRecord(
            target=item["target"],
            principal=item["principal"],
            account_id=item["account_id"],
            offered_at=offered_at,
            is_confirmed=item.get("confirmed") is True,
            refused_at=refused_at,
            refusals=_count(item.get("refusals")),
            tier=tier if isinstance(tier := item.get("tier"), str) else "",
            quota=quota if isinstance(quota := item.get("quota"), str) else "",
            leaving=leaving,
            after_removal=after_removal,
            awaited_since=awaited_since,
            notice=notice,
            awaited_tier=tier if isinstance(tier := item.get("awaited_tier"), str) else "",
        )


def _count(number: object) -> int:
    """Read a number; whatever else somebody wrote there is none."""
    if not isinstance(number, Decimal) or not number.is_finite():
        return 0
    return max(0, int(min(number, Decimal(_MOST_COUNTED))))


def _as_read(record: OfferRecord | None) -> Write:
    """Return the condition that a record is as it was read; ``None`` is one that was not there."""
    write = Write()
    if record is None:
        write.only_if_missing("target")
        return write
    write.only_if(offered_at=record.offered_at.isoformat())
    # Whatever somebody wrote there that is not this is read as unconfirmed.
    (write.only_if if record.is_confirmed else write.only_if_not)(confirmed=True)
    if record.refused_at is None:
        write.only_if_missing("refused_at")
    else:
        write.only_if(refused_at=record.refused_at.isoformat())
    if record.leaving is None:
        write.only_if_missing("leaving")
    else:
        # What a later version wrote beside, it may have there.
        write.only_if_within("leaving", **dict.fromkeys(_OF_LEAVING) | _leaving_item(record.leaving))
    if record.notice is None:
        write.only_if_missing("notice")
    else:
        write.only_if(notice=_notice_item(record.notice))
    return write


def _item(record: OfferRecord) -> dict[str, Any]:
    item = {
        "target": record.target,
        "principal": record.principal,
        "account_id": record.account_id,
        "offered_at": record.offered_at.isoformat(),
        "confirmed": record.is_confirmed,
    }
    item |= {"tier": record.tier} if record.tier else {}
    item |= {"quota": record.quota} if record.quota else {}
    item |= {"leaving": _leaving_item(record.leaving)} if record.leaving is not None else {}
    item |= {"notice": _notice_item(record.notice)} if record.notice is not None else {}
    item |= {"refusals": record.refusals} if record.refusals else {}
    item |= {"after_removal": record.after_removal.isoformat()} if record.after_removal else {}
    item |= {"awaited_since": record.awaited_since.isoformat()} if record.awaited_since else {}
    item |= {"awaited_tier": record.awaited_tier} if record.awaited_tier else {}
    return item | ({"refused_at": record.refused_at.isoformat()} if record.refused_at else {})


def _leaving(item: dict[str, Any]) -> Leaving:
    """Read what was written of an account that leaves, without what only a later version knows.

    Raises:
        LookupError, TypeError, ValueError, UnreadableError: somebody else wrote it.
    """
    times = {name: _time(item[name]) for name in _TIMES if item.get(name) is not None}
    announced = Announced(
        since=times["since"],
        withdraw_after=times["withdraw_after"],
        forbidden=item.get("forbidden") is True,
        confirmed=item.get("confirmed") is True,
        reasons=read_value(item.get("reasons", ()), tuple[Reason, ...]),
    )
    leaving = Leaving(
        cause=LeavingCause(item["cause"]),
        announced=announced,
        taken_out_at=times.get("taken_out_at"),
        clear_since=times.get("clear_since"),
        is_capped=item.get("capped") is True,
    )
    if {name: item[name] for name in item.keys() & _OF_LEAVING} != _leaving_item(leaving):
        raise ValueError("it was written by somebody else")
    return leaving


def _notice(item: dict[str, Any]) -> ShareNotice:
    """Read what was written of what a consumer is told.

    Raises:
        LookupError, TypeError, ValueError: somebody else wrote it.
    """
    notice = ShareNotice(
        type=ShareNoticeType(item["type"]),
        since=_time(item["since"]),
        until=_time(item["until"]) if "until" in item else None,
        is_told=item["told"] is True,
    )
    if _notice_item(notice) != item:
        raise ValueError("it was written by somebody else")
    return notice


def _notice_item(notice: ShareNotice) -> dict[str, Any]:
    item = {"type": notice.type.value, "since": notice.since.isoformat(), "told": notice.is_told}
    return item | ({"until": notice.until.isoformat()} if notice.until is not None else {})


def _time(text: str) -> datetime:
    """Read a time as this writes it: one in another spelling, by hand, would never be as it was read.

    Raises:
        TypeError, ValueError: somebody else wrote it.
    """
    time = datetime.fromisoformat(text)
    if time.tzinfo is None or time.isoformat() != text:
        raise ValueError("it was written by somebody else")
    return time


_TIMES = ("since", "withdraw_after", "taken_out_at", "clear_since")
_OF_LEAVING = frozenset({"cause", "reasons", "forbidden", "confirmed", "capped", *_TIMES})


def _leaving_item(leaving: Leaving) -> dict[str, Any]:
    times = {
        "since": leaving.announced.since,
        "withdraw_after": leaving.announced.withdraw_after,
        "taken_out_at": leaving.taken_out_at,
        "clear_since": leaving.clear_since,
    }
    written = {name: time.isoformat() for name, time in times.items() if time is not None}
    reasons = [msgspec.to_builtins(each) for each in leaving.announced.reasons]
    flags = {
        "forbidden": leaving.announced.forbidden,
        "confirmed": leaving.announced.confirmed,
        "capped": leaving.is_capped,
    }
    return {"cause": leaving.cause.value, "reasons": reasons, **flags, **written}
