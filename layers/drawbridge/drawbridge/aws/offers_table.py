"""The records of what Drawbridge offers: DynamoDB, an item for each principal of a service, or of a share."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from drawbridge.aws.errors import translated
from drawbridge.aws.table_reads import queried, scanned
from drawbridge.aws.table_writes import delete_if, put_all, put_if
from drawbridge.errors import UpstreamError
from drawbridge.intake.leaving import Leaving, LeavingCause
from drawbridge.intake.offers import OfferRecord
from drawbridge.request.announced import Announced

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_ACCOUNT = re.compile(r"[0-9]{12}")
_TARGETS = ("vpce-svc-", "arn:")
"""How the ids of services and the ARNs of shares begin: other items are other people's."""


class OffersTable:
    """The records; one that somebody wrote by hand and that can't be read is told to ``on_broken``, and passed over."""

    def __init__(self, table: Table, *, on_broken: Callable[[str], None]) -> None:
        self._table = table
        self._on_broken = on_broken

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

    def note(self, records: Collection[OfferRecord]) -> None:
        """Write records; a call for each 25."""
        if not records:
            return
        with translated("write what is offered", missing=UpstreamError):
            put_all(self._table, (_item(each) for each in records))

    def change(self, before: OfferRecord, record: OfferRecord) -> bool:
        """Write what became of an account that leaves; ``False`` if its record is not as it was read any longer."""
        with translated(f"note how {record.account_id} leaves {record.target}", missing=UpstreamError):
            read = _item(before)
            return put_if(self._table, _item(record), offered_at=read["offered_at"], leaving=read.get("leaving"))

    def drop(self, records: Collection[OfferRecord]) -> None:
        """Delete records that are as they were read; a call for each, since DynamoDB has no conditions on many."""
        for each in records:
            with translated(f"forget what {each.target} was offered to", missing=UpstreamError):
                delete_if(
                    self._table,
                    {"target": each.target, "principal": each.principal},
                    offered_at=each.offered_at.isoformat(),
                )

    def _record(self, item: dict[str, Any]) -> OfferRecord | None:
        try:
            offered_at = datetime.fromisoformat(item["offered_at"])
            # One without a time zone was written by hand, and could not be compared.
            refused_at = datetime.fromisoformat(item["refused_at"]) if "refused_at" in item else None
            leaving = _leaving(item["leaving"]) if "leaving" in item else None
            times = [offered_at, *([refused_at] if refused_at else [])]
            is_readable = all(each.tzinfo for each in times) and _ACCOUNT.fullmatch(item["account_id"]) is not None
        except (LookupError, TypeError, ValueError):
            is_readable = False
        if not is_readable:
            of = f"{str(item['principal'])[:200]} at {str(item['target'])[:200]}"
            self._on_broken(f"the record of the offer to {of} can't be read; delete it from the table of the offers")
            return None
        return OfferRecord(
            target=item["target"],
            principal=item["principal"],
            account_id=item["account_id"],
            offered_at=offered_at,
            is_confirmed=item.get("confirmed") is True,
            refused_at=refused_at,
            tier=tier if isinstance(tier := item.get("tier"), str) else "",
            leaving=leaving,
        )


def _item(record: OfferRecord) -> dict[str, Any]:
    item = {
        "target": record.target,
        "principal": record.principal,
        "account_id": record.account_id,
        "offered_at": record.offered_at.isoformat(),
        "confirmed": record.is_confirmed,
    }
    item |= {"tier": record.tier} if record.tier else {}
    item |= {"leaving": _leaving_item(record.leaving)} if record.leaving is not None else {}
    return item | ({"refused_at": record.refused_at.isoformat()} if record.refused_at else {})


def _leaving(item: dict[str, Any]) -> Leaving:
    """Read what was written of an account that leaves.

    Raises:
        LookupError, TypeError, ValueError: somebody else wrote it.
    """
    times = {name: datetime.fromisoformat(item[name]) for name in _TIMES if item.get(name) is not None}
    if any(each.tzinfo is None for each in times.values()):
        raise ValueError("a time without a time zone")
    return Leaving(
        cause=LeavingCause(item["cause"]),
        announced=Announced(since=times["since"], withdraw_after=times["withdraw_after"], forbidden=False),
        taken_out_at=times.get("taken_out_at"),
        clear_since=times.get("clear_since"),
    )


_TIMES = ("since", "withdraw_after", "taken_out_at", "clear_since")


def _leaving_item(leaving: Leaving) -> dict[str, Any]:
    times = {
        "since": leaving.announced.since,
        "withdraw_after": leaving.announced.withdraw_after,
        "taken_out_at": leaving.taken_out_at,
        "clear_since": leaving.clear_since,
    }
    written = {name: time.isoformat() for name, time in times.items() if time is not None}
    return {"cause": leaving.cause.value, **written}
