"""The records of what Drawbridge offers: DynamoDB, an item for each principal of a service, or of a share."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from drawbridge.aws.errors import translated
from drawbridge.aws.table_reads import queried, scanned
from drawbridge.aws.table_writes import delete_if, put_all
from drawbridge.errors import UpstreamError
from drawbridge.intake.offers import OfferRecord

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
            quota=quota if isinstance(quota := item.get("quota"), str) else "",
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
    item |= {"quota": record.quota} if record.quota else {}
    return item | ({"refused_at": record.refused_at.isoformat()} if record.refused_at else {})
