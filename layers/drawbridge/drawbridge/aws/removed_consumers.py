"""What is kept of consumers that were removed: items of the table of the offers, under a target that no service has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from drawbridge.aws.errors import code_of, translated
from drawbridge.aws.table_reads import queried
from drawbridge.decision.registration import CLOCKS_AHEAD
from drawbridge.errors import UpstreamError
from drawbridge.intake.registration.off_boarding import RemovedConsumer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

TARGET = "removed-consumers"

_UNLESS_LATER = "attribute_not_exists(removed_at) OR removed_at < :at OR (removed_at = :at AND is_finished = :no)"

_KEPT_FOR = timedelta(days=30)
"""No event comes later: EventBridge delivers for a day, and dead letters are kept for two weeks."""


class RemovedConsumerItems:
    """The last removal of each account.

    One that somebody wrote by hand, and that does not say when it was, counts as none and is told to ``on_broken``.
    """

    def __init__(self, offers: Table, *, now: Callable[[], datetime], on_broken: Callable[[str], None]) -> None:
        self._table = offers
        self._now = now
        self._on_broken = on_broken

    def removed(self, account_id: str) -> RemovedConsumer | None:
        """Return what is kept of an account's last removal, read consistently."""
        item = self._item(account_id)
        removed_at = self._removed_at(item)
        if removed_at is None:
            if item:
                self._on_broken(f"when {account_id} was removed can't be read: its next removal overwrites it")
            return None
        suspended_at = item.get("suspended_at")
        return RemovedConsumer(
            removed_at=removed_at,
            is_finished=item.get("is_finished") is True,
            was_registered=item.get("was_registered", True) is True,
            # What somebody wrote there by hand counts against the account, as it does on an entry.
            suspended_at=None if suspended_at is None else _parsed(suspended_at) or removed_at,
            proof_required=item.get("proof_required", False) is not False,
        )

    def commanded(self) -> dict[str, datetime]:
        """Return when the last removal of each account was, by whosever clock, read consistently."""
        with translated("read who was removed", missing=UpstreamError):
            removals = {
                str(each["principal"]): _parsed(each.get("removed_at"))
                for each in queried(
                    self._table,
                    KeyConditionExpression="target = :target",
                    ExpressionAttributeValues={":target": TARGET},
                    ConsistentRead=True,
                )
            }
        return {account_id: at for account_id, at in removals.items() if at is not None}

    def note(self, account_id: str, removed: RemovedConsumer) -> None:
        """Keep that an account was removed; of two removals the later is kept, and one that is finished stays so."""
        now = self._now()
        written: dict[str, Any] = {
            "removed_at": _text(removed.removed_at),
            "is_finished": removed.is_finished,
            "was_registered": removed.was_registered,
            "proof_required": removed.proof_required,
            "expires_at": int((now + _KEPT_FOR).timestamp()),
        }
        if removed.suspended_at is not None:
            written["suspended_at"] = _text(removed.suspended_at)
        condition, values = _UNLESS_LATER, {":at": written["removed_at"], ":no": False}
        item = self._item(account_id)
        if "removed_at" in item and self._removed_at(item) is None:
            # It compares with no time: as later than all of them, or as of another type.
            condition, values = "removed_at = :unreadable", {":unreadable": item["removed_at"]}
        with translated(f"note that {account_id} is removed", missing=UpstreamError), _if_it_holds():
            self._table.put_item(
                Item=_key(account_id) | written, ConditionExpression=condition, ExpressionAttributeValues=values
            )

    def finish(self, account_id: str, removed_at: datetime) -> None:
        """Note that all that goes with the entry is commanded to go, if that removal is the last."""
        with translated(f"note that {account_id} is off-boarded", missing=UpstreamError):
            self._set("is_finished", account_id, removed_at)

    def require_proof(self, account_id: str, removed_at: datetime) -> None:
        """Note that a proof was required of the entry, if that removal is the last."""
        with translated(f"note that {account_id} has to prove who it is", missing=UpstreamError):
            self._set("proof_required", account_id, removed_at)

    def _set(self, name: str, account_id: str, removed_at: datetime) -> None:
        with _if_it_holds():
            self._table.update_item(
                Key=_key(account_id),
                UpdateExpression=f"SET {name} = :yes",
                ConditionExpression="removed_at = :at",
                ExpressionAttributeValues={":yes": True, ":at": _text(removed_at)},
            )

    def _item(self, account_id: str) -> dict[str, Any]:
        with translated(f"read whether {account_id} was removed", missing=UpstreamError):
            item: Any = self._table.get_item(Key=_key(account_id), ConsistentRead=True).get("Item", {})
        return dict(item)

    def _removed_at(self, item: dict[str, Any]) -> datetime | None:
        """Return when an account was removed; ``None`` also where a clock that is far ahead wrote it."""
        removed_at = _parsed(item.get("removed_at"))
        return removed_at if removed_at is not None and removed_at <= self._now() + CLOCKS_AHEAD else None


@contextmanager
def _if_it_holds() -> Iterator[None]:
    """Write nothing where the condition does not hold."""
    try:
        yield
    except ClientError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise


def _key(account_id: str) -> dict[str, Any]:
    return {"target": TARGET, "principal": account_id}


def _text(time: datetime) -> str:
    """Return a time such that texts are in the order of their times."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def _parsed(text: Any) -> datetime | None:
    """Read a time that we wrote; what somebody wrote by hand is none."""
    try:
        time = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return time if time.tzinfo else None
