"""The registry of consumers: DynamoDB, one item an account, written by people and services by hand too."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from msgspec import Struct

from drawbridge.aws.errors import code_of, translated
from drawbridge.aws.table_reads import items_of, scanned
from drawbridge.aws.table_writes import AT_ONCE, Write, update_each
from drawbridge.bounds import in_parts
from drawbridge.decision.facts import Consumer
from drawbridge.decision.registration import Registration, as_of, is_principal_of
from drawbridge.errors import ThrottledError, UpstreamError
from drawbridge.intake.registration.off_boarding import BeforeRemoval, EntryRemoval

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_KEY = "account_id"

_TRIES = 8
"""Each is lost to somebody else who changes the entry that is to be removed at the same instant."""

_NOT_SUSPENDED = "attribute_not_exists(#suspended) OR attribute_type(#suspended, :null) OR #suspended = :empty"


def _now() -> datetime:
    return datetime.now(UTC)


class Registered(Struct, frozen=True, kw_only=True):
    """What became of entries that were written together."""

    written: tuple[str, ...]
    """Account ids."""
    there_already: tuple[str, ...] = ()
    """Those that were left as they are."""


class ConsumersTable:
    """What the registry knows of accounts."""

    def __init__(
        self, table: Table, *, wait: Callable[[float], None] = time.sleep, now: Callable[[], datetime] = _now
    ) -> None:
        self._table = table
        self._wait = wait
        self._now = now

    def consumer(self, account_id: str) -> Consumer | None:
        """Return what is registered."""
        entry = self.registration(account_id)
        return None if entry is None else entry.consumer

    def registration(self, account_id: str) -> Registration | None:
        """Return the entry of an account, read consistently; ``None`` if it has none."""
        with translated(f"look {account_id} up in the registry", missing=UpstreamError):
            item = self._table.get_item(Key={_KEY: account_id}, ConsistentRead=True).get("Item")
        return None if item is None else self._read(item)

    def all(self, *, consistently: bool = False) -> Iterator[Registration]:
        """Yield all entries, in no order."""
        with translated("read the registry", missing=UpstreamError):
            for item in scanned(self._table, consistently=consistently):
                yield self._read(item)

    def entries(self, account_ids: Collection[str]) -> dict[str, Registration]:
        """Return the entries of accounts as they are now, by account; a call for each hundred."""
        with translated("read entries of the registry", missing=UpstreamError):
            found = items_of(self._table, account_ids, (_KEY, *_FIELDS, *_BESIDE, "event_fingerprint"), key=_KEY)
            return {item[_KEY]: self._read(item) for item in found}

    def consumers(self, account_ids: Collection[str]) -> dict[str, Consumer]:
        """Return what is registered of accounts, read as ``entries`` reads it."""
        return {account_id: entry.consumer for account_id, entry in self.entries(account_ids).items()}

    def add(self, entry: Registration, *, replace: bool) -> bool:
        """Write an entry; ``False`` if the account has one, which is only overwritten to ``replace`` it.

        Whether the account is suspended, and what it has proved, stays as it is.
        """
        with translated(f"register {entry.account_id}", missing=UpstreamError):
            return self._update(entry.account_id, _entry(entry, replace=replace).parameters())

    def add_all(self, entries: Sequence[Registration], *, replace: bool) -> Iterator[Registered]:
        """Write entries as ``add`` does, a hundred at once: all of a hundred are written, or none; yield what was.

        An entry that is there is never overwritten unless to ``replace`` it: each write is made on that condition,
        and whoever is registered by somebody else meanwhile is left alone.

        Raises:
            ThrottledError: DynamoDB goes on refusing to write a hundred of them; those that were yielded are written.
        """
        for hundred in in_parts(entries, AT_ONCE):
            with translated(f"register {len(hundred)} accounts", missing=UpstreamError):
                yield self._add_hundred({each.account_id: each for each in hundred}, replace=replace)

    def suspend(self, account_id: str, at: datetime) -> bool:
        """Suspend an account; ``False`` if it is suspended already, or has no entry."""
        with translated(f"suspend {account_id}", missing=UpstreamError):
            times = {":at": at.isoformat(timespec="seconds")}
            return self._update(account_id, _suspension("SET #suspended = :at", _NOT_SUSPENDED, times))

    def resume(self, account_id: str) -> bool:
        """End an account's suspension; ``False`` if it is not suspended, or has no entry."""
        with translated(f"resume {account_id}", missing=UpstreamError):
            return self._update(account_id, _suspension("REMOVE #suspended", f"NOT ({_NOT_SUSPENDED})", {}))

    def remove(self, account_id: str) -> bool:
        """Remove an account's entry; ``False`` if it has none."""
        with translated(f"remove {account_id} from the registry", missing=UpstreamError):
            removed = self._table.delete_item(Key={_KEY: account_id}, ReturnValues="ALL_OLD")
        return "Attributes" in removed

    def remove_as_of(self, account_id: str, at: datetime, *, first: BeforeRemoval = lambda _: None) -> EntryRemoval:
        """Remove an account's entry, unless it was changed after that; one that does not say when goes.

        ``first`` is called with the entry that is to go, or without any, and again if that is no longer so after it.
        """
        with translated(f"remove {account_id} from the registry", missing=UpstreamError):
            for _ in range(_TRIES):
                item = self._item(account_id)
                entry = None if item is None else self._read(item)
                if entry is not None and entry.changed_at is not None and entry.changed_at > at:
                    return EntryRemoval.NEWER
                first(entry)
                if item is None:
                    if self._item(account_id) is None:
                        return EntryRemoval.NOT_THERE
                elif self._delete_unchanged(account_id, item):
                    return EntryRemoval.REMOVED
        raise ThrottledError(f"remove {account_id} from the registry: others that change its entry are always faster")

    def _delete_unchanged(self, account_id: str, item: Mapping[str, Any]) -> bool:
        """Delete an entry; ``False`` if what is kept of it was changed since it was read."""
        names = ("changed_at", "suspended_at", "proof_required")
        values = {f":{name}": item[name] for name in names if name in item}
        condition: dict[str, Any] = {
            "ConditionExpression": " AND ".join(
                f"{name} = :{name}" if name in item else f"attribute_not_exists({name})" for name in names
            )
        }
        if values:
            condition["ExpressionAttributeValues"] = values
        try:
            self._table.delete_item(Key={_KEY: account_id}, **condition)
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def change(self, entry: Registration, *, after: Registration | None) -> bool:
        """Write what a sign-up service says of an account; ``False`` if its entry is not any longer as it was read.

        Its proof and its suspension stay as they are, and so does what is unsaid.
        """
        write = _entry(entry, replace=True)
        with translated(f"register {entry.account_id}", missing=UpstreamError):
            item = self._table.get_item(Key={_KEY: entry.account_id}, ConsistentRead=True).get("Item")
            if (None if item is None else self._read(item)) != after:
                return False
            if item is None:
                write.only_if_new(_KEY)
                if (suspended_at := entry.consumer.suspended_at) is not None:
                    # Of an entry that was removed; one that is there keeps its own.
                    write.set(suspended_at=suspended_at.isoformat(timespec="seconds"))
            else:
                write.only_if_there(_KEY)
                for name in ("changed_at", "event_fingerprint"):
                    if name in item:
                        write.only_if(**{name: item[name]})
                    else:
                        write.only_if_missing(name)
            return self._update(entry.account_id, write.parameters())

    def _item(self, account_id: str) -> Mapping[str, Any] | None:
        return self._table.get_item(Key={_KEY: account_id}, ConsistentRead=True).get("Item")

    def _read(self, item: Mapping[str, Any]) -> Registration:
        return as_of(_registration(item), self._now())

    def _update(self, account_id: str, parameters: Mapping[str, Any]) -> bool:
        """Update an item, and return whether the condition held."""
        try:
            self._table.update_item(Key={_KEY: account_id}, **parameters)
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def _add_hundred(self, entries: dict[str, Registration], *, replace: bool) -> Registered:
        found = () if replace else items_of(self._table, entries, (_KEY,), key=_KEY)
        there = {item[_KEY] for item in found}
        new = [entry for account_id, entry in entries.items() if account_id not in there]
        updates = [({_KEY: each.account_id}, _entry(each, replace=replace)) for each in new]
        is_written = update_each(self._table, updates, wait=self._wait)
        written = tuple(each.account_id for each, is_done in zip(new, is_written, strict=True) if is_done)
        return Registered(
            written=written,
            there_already=tuple(account_id for account_id in entries if account_id not in written),
        )


def _entry(entry: Registration, *, replace: bool) -> Write:
    """Return the write of an entry, which leaves alone what nothing was said of."""
    consumer = entry.consumer
    write = Write(tier=consumer.tier)
    write.set(**{name: getattr(consumer, name) for name in ("name", "notes") if name not in entry.unsaid})
    if entry.event_fingerprint:
        write.set(event_fingerprint=entry.event_fingerprint)
    elif replace:
        write.remove("event_fingerprint")
    times = {"since": consumer.since, "changed_at": entry.changed_at}
    write.set(**{name: time.isoformat(timespec="seconds") for name, time in times.items() if time is not None})
    for name, texts in (("services", consumer.services), ("principals", consumer.principals)):
        # DynamoDB has no empty sets.
        if texts:
            write.set(**{name: {*texts}})
        elif name not in entry.unsaid:
            write.remove(name)
    if "proof_required" not in entry.unsaid:
        write.set(proof_required=consumer.proof_required)
    if not replace:
        write.only_if_new(_KEY)
    return write


def _suspension(update: str, condition: str, times: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters of an update of an entry that is there.

    It leaves alone when the entry was changed, which events are compared with: what a sign-up service told before still
    counts.
    """
    return {
        "UpdateExpression": update,
        "ConditionExpression": f"attribute_exists(#key) AND ({condition})",
        "ExpressionAttributeNames": {"#key": _KEY, "#suspended": "suspended_at"},
        "ExpressionAttributeValues": {**times, ":null": "NULL", ":empty": ""},
    }


def _registration(item: Mapping[str, Any]) -> Registration:
    given = _given(item, _BESIDE)
    texts: dict[str, Any] = {name: value for name in ("proved_by", "challenge") if _is_text(value := given.get(name))}
    changed_at = _parsed_time(given.get("changed_at"))
    read = {*texts, *(() if changed_at is None else ("changed_at",))}
    return Registration(
        account_id=item["account_id"],
        consumer=_consumer(item),
        changed_at=changed_at,
        **texts,
        event_fingerprint=str(item.get("event_fingerprint", "")),
        unreadable=tuple(sorted(given.keys() - read)),
    )


def _consumer(item: Mapping[str, Any]) -> Consumer:
    """Read an item as people write them; what a field of another form means is unknown, and counts against it."""
    given = _given(item, _FIELDS)
    read: dict[str, Any] = {name: value for name in _TEXTS if _is_text(value := given.get(name))}
    read |= {name: time for name in _TIMES if (time := _parsed_time(given.get(name))) is not None}
    services, odd = _texts_in(given.get("services", ()))
    principals, unlike = _texts_in(given.get("principals", ()))
    theirs = frozenset(each for each in principals if is_principal_of(each, item["account_id"]))
    unlike = unlike or principals != theirs
    proof_required = _truth(given.get("proof_required", False))
    unreadable = given.keys() - read.keys() - {"services", "principals", "proof_required"}
    unreadable |= {name for name, is_odd in (("services", odd), ("principals", unlike)) if is_odd}
    unreadable |= {"proof_required"} if proof_required is None else set()
    return Consumer(
        **read,
        services=services,
        principals=theirs,
        proof_required=proof_required is not False,
        unreadable=tuple(sorted(unreadable)),
    )


_TEXTS = ("tier", "name", "notes")
_TIMES = ("since", "suspended_at", "proved_at")
_FIELDS = (*_TEXTS, *_TIMES, "services", "principals", "proof_required")
_BESIDE = ("changed_at", "proved_by", "challenge")
"""What an entry has besides, and no policy goes by."""


def _given(item: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: value for name in names if (value := item.get(name)) not in (None, "")}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _truth(value: Any) -> bool | None:
    """Read a boolean, or its name; ``None`` for what is neither."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _parsed_time(value: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(value)
        # Near the first and the last year another time zone is another century, or none; Cedar reads four digits.
        in_utc = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
    return in_utc if 1000 <= in_utc.year < 9999 else None  # noqa: PLR2004 - as many digits as Cedar reads


def _texts_in(value: Any) -> tuple[frozenset[str], bool]:
    """Read a string (with commas between), a list or a set of texts; return too whether something in it is no text."""
    if isinstance(value, str):
        return frozenset(part.strip() for part in value.split(",") if part.strip()), False
    if not isinstance(value, list | set | tuple):
        return frozenset(), True
    texts = frozenset(each for each in value if isinstance(each, str))
    return texts, not all(isinstance(each, str) for each in value)
