"""Registering and removing consumers as a sign-up service tells it, in whichever order and however often it arrives."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol, assert_never

from msgspec import Struct
from msgspec.structs import replace

from drawbridge.decision.facts import Consumer
from drawbridge.decision.registration import Registration
from drawbridge.errors import ConflictError, DrawbridgeError, ThrottledError
from drawbridge.intake.registration.off_boarding import (
    Entries,
    EntryRemoval,
    OffBoarding,
    RemovedConsumer,
    RemovedConsumers,
)
from drawbridge.intake.registration.registration_event import ConsumerRegistered, ConsumerRemoved, RegistrationEvent
from drawbridge.observability import logger
from drawbridge.request.announced import WithdrawalCommand
from drawbridge.request.fingerprints import fingerprint


class ConsumerEntries(Entries, Protocol):
    """The registry of consumers."""

    def registration(self, account_id: str) -> Registration | None:
        """Return an account's entry, read consistently."""
        ...

    def change(self, entry: Registration, *, after: Registration | None) -> bool:
        """Write what a sign-up service says of an account; ``False`` if its entry is not any longer as it was read.

        Its proof and its suspension stay as they are, and so does what is unsaid.
        """
        ...


class ConsumerRemovals(RemovedConsumers, Protocol):
    """What is kept of consumers that were removed."""

    def require_proof(self, account_id: str, removed_at: datetime) -> None:
        """Note that a proof was required of the entry, if that removal is the last."""
        ...


class Taken(StrEnum):
    """What became of an event, as the log tells it."""

    REGISTERED = "registered"
    UNCHANGED = "unchanged"
    """The entry says so already."""
    OUTDATED = "outdated"
    """Something later is known of the account."""
    REMOVED = "removed"
    REMOVED_BEFORE = "removed-before"
    BEING_REMOVED = "being-removed"
    """A removal of the account has begun: the entry is left to whoever finishes it."""


_TRIES = 10
"""Each is lost to somebody else who changes the same entry at the same instant."""


class SignUps:
    """What a sign-up service tells is done."""

    def __init__(
        self,
        registry: ConsumerEntries,
        removed: ConsumerRemovals,
        off_boarding: OffBoarding[Any],
        tell_to_sweep: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        self._registry = registry
        self._removed = removed
        self._off_boarding = off_boarding
        self._tell_to_sweep = tell_to_sweep
        self._now = now

    def take(self, event: RegistrationEvent) -> Taken:
        """Do what an event tells; delivered again, it finishes what was begun.

        Raises:
            ConflictError: something of a removed consumer goes on changing, and is not commanded to go yet.
            ThrottledError: the entry goes on changing.
        """
        match event:
            case ConsumerRegistered():
                return self._register(event)
            case ConsumerRemoved():
                return self._remove(event)
            case _:
                assert_never(event)

    def _register(self, event: ConsumerRegistered) -> Taken:
        taken = self._enter(event)
        removed = self._removal_since(event)
        if removed is not None:
            # The removal was under way while this was written, or had come first.
            return self._take_back(event, removed, is_written=taken is Taken.REGISTERED)
        if taken is not Taken.OUTDATED:
            # Also of an entry that is there: what wrote it may have been stopped before it told anybody.
            self._tell_to_sweep()
        return taken

    def _enter(self, event: ConsumerRegistered) -> Taken:
        for _ in range(_TRIES):
            before = self._registry.registration(event.account_id)
            # After the entry: who is removed meanwhile is noted before the entry goes.
            removed = self._removed.removed(event.account_id)
            if removed is not None and removed.removed_at >= event.at:
                return Taken.OUTDATED
            change = changed_entry(before, event.entry, removed)
            if isinstance(change, Taken):
                return change
            if self._registry.change(change, after=before):
                return Taken.REGISTERED
        raise ThrottledError(f"register {event.account_id}: others that change its entry are always faster")

    def _removal_since(self, event: ConsumerRegistered) -> RemovedConsumer | None:
        removed = self._removed.removed(event.account_id)
        return removed if removed is not None and removed.removed_at >= event.at else None

    def _take_back(self, event: ConsumerRegistered, removed: RemovedConsumer, *, is_written: bool) -> Taken:
        """Remove the entry if it is as of the event; others, whenever they were written, are not its.

        ``is_written`` says whether it was written just now. One that was there before is what an unfinished removal
        has yet to take, with all that goes with it; or it stays, if whoever began that was denied it or stopped.
        """
        if event.entry.consumer.proof_required:
            self._keep_proof_required(event, removed)
        entry = self._registry.registration(event.account_id)
        if entry is None or not _is_as_told(entry, event.entry):
            return Taken.OUTDATED
        if not is_written and not removed.is_finished:
            return Taken.BEING_REMOVED
        command = WithdrawalCommand(by=event.by, at=self._now(), name="")
        left = self._off_boarding.take_back(event.account_id, command, entered_at=event.at).changing
        if left:
            about = {"account_id": event.account_id, "left": len(left)}
            logger.warning("what was let in for an entry that is taken back goes on changing", extra=about)
        return Taken.OUTDATED

    def _keep_proof_required(self, event: ConsumerRegistered, removed: RemovedConsumer) -> None:
        """Require of who is registered again by an event, or will be, what was asked of it before it was removed."""
        self._removed.require_proof(event.account_id, removed.removed_at)
        for _ in range(_TRIES):
            before = self._registry.registration(event.account_id)
            if before is None or not _has_to_prove_too(before, event.at):
                return
            consumer = replace(before.consumer, proof_required=True)
            unsaid = frozenset(_SAID) - {"proof_required"}
            if self._registry.change(replace(before, consumer=consumer, unsaid=unsaid), after=before):
                self._tell_to_sweep()
                return
        raise ThrottledError(f"register {event.account_id}: others that change its entry are always faster")

    def _remove(self, event: ConsumerRemoved) -> Taken:
        before = self._removed.removed(event.account_id)
        if before is not None and before.is_finished and before.removed_at >= event.at:
            return Taken.REMOVED_BEFORE
        command = WithdrawalCommand(by=event.by, at=self._now(), name="")
        done = self._off_boarding.off_board(event.account_id, command, removed_at=event.at)
        if done.changing:
            raise ConflictError(f"{event.account_id}: {len(done.changing)} of its connections go on changing")
        return Taken.OUTDATED if done.entry is EntryRemoval.NEWER else Taken.REMOVED


def take_all(events: Mapping[str, RegistrationEvent], sign_ups: SignUps) -> list[str]:
    """Do what events tell, by the ids of their messages; return the ids of those that failed."""
    failed: list[str] = []
    for message_id, event in events.items():
        about = {"message_id": message_id, "account_id": event.account_id, "by": event.by}
        try:
            taken = sign_ups.take(event)
        except DrawbridgeError as error:
            logger.error("event failed", extra=about | {"reason": str(error)})
            failed.append(message_id)
        else:
            logger.info("event taken", extra=about | {"result": taken})
    return failed


def changed_entry(
    before: Registration | None, said: Registration, removed: RemovedConsumer | None = None
) -> Registration | Taken:
    """Return an account's entry as an event has it be; or what becomes of the event, where nothing is to be written.

    ``removed`` is what is kept of its last removal: who is registered again is suspended as before.
    """
    told = _told(said)
    if before is None:
        said = replace(said, event_fingerprint=_text(_Sayings(each=told), said.changed_at))
        return said if removed is None else _registered_again(said, removed)
    sayings = _sayings_of(before)
    at = said.changed_at or _NEVER
    if at < sayings.others:
        return Taken.OUTDATED
    # What the later one leaves unsaid, or the one that counts of a second, is as the others say it.
    taken = {name: saying for name, saying in told.items() if sayings.of(name) <= saying}
    is_asking = "proof_required" not in said.unsaid and (before.consumer.proof_required or said.consumer.proof_required)
    unsaid = frozenset(_SAID) - taken.keys() - ({"proof_required"} if is_asking else set())
    changed_at = max(at, before.changed_at or _NEVER)
    entry = replace(
        before,
        consumer=_merged(before, replace(said, unsaid=unsaid)),
        changed_at=changed_at,
        unsaid=unsaid,
        event_fingerprint=_text(replace(sayings, each={**sayings.each, **taken}), changed_at),
    )
    if replace(entry, unsaid=before.unsaid) == before:
        return Taken.OUTDATED if _ALWAYS_SAID in unsaid else Taken.UNCHANGED
    return entry


_NEVER = datetime.min.replace(tzinfo=UTC)


class _Sayings(Struct, frozen=True, kw_only=True):
    """Which event said what of an entry last: its time, and a text that tells it from others of the same second."""

    each: Mapping[str, tuple[datetime, str]]
    others: datetime = _NEVER
    """When a command said all that no event has said since: what is from before that says nothing."""

    def of(self, name: str) -> tuple[datetime, str]:
        return self.each.get(name, (self.others, ""))


def _told(said: Registration) -> Mapping[str, tuple[datetime, str]]:
    """Return what an event says, each with its time and a text that tells the event from all others.

    EventBridge tells whole seconds. Of the events of one second this says which counts, so that it is the same one in
    whichever order they come, and come again: of each thing the one with the greatest text among those that say it.
    """
    names = [name for name in _SAID if name not in said.unsaid]
    of_all = fingerprint({name: _comparable(getattr(said.consumer, name)) for name in names})
    # Whichever of them asks for a proof, it is required.
    return {name: (said.changed_at or _NEVER, of_all) for name in names if name != "proof_required"}


def _text(sayings: _Sayings, changed_at: datetime | None) -> str:
    """Return what is kept of them on an entry: times only where they are others than the entry's."""
    texts = {name: f"{name}={of_all}{_since(at, changed_at)}" for name, (at, of_all) in sayings.each.items()}
    if sayings.others > _NEVER:
        texts[_OTHERS] = f"{_OTHERS}={_since(sayings.others, changed_at)}"
    return " ".join(texts[name] for name in sorted(texts))


def _since(at: datetime, changed_at: datetime | None) -> str:
    return "" if at == changed_at else f"@{at.isoformat()}"


def _sayings_of(entry: Registration) -> _Sayings:
    """Return which events an entry is as of; a command that wrote it last comes before any event of its second."""
    changed_at = entry.changed_at or _NEVER
    if not entry.event_fingerprint:
        return _Sayings(each={}, others=changed_at)
    each: dict[str, tuple[datetime, str]] = {}
    for text in entry.event_fingerprint.split():
        name, _, saying = text.partition("=")
        of_all, _, at = saying.partition("@")
        each[name] = (_time(at) if at else changed_at, of_all)
    others, _ = each.pop(_OTHERS, (_NEVER, ""))
    return _Sayings(each=each, others=others)


def _time(text: str) -> datetime:
    """Read a time that we wrote; what somebody wrote by hand is earlier than any."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return _NEVER
    return time if time.tzinfo else _NEVER


def _is_as_told(entry: Registration, said: Registration) -> bool:
    """Return whether an entry is as of an event, and of no other one, nor of a command, of the same second."""
    return _sayings_of(entry).of(_ALWAYS_SAID) == _told(said)[_ALWAYS_SAID] and entry.changed_at == said.changed_at


def _has_to_prove_too(entry: Registration, at: datetime) -> bool:
    """Return whether a proof that was asked for at that time is to be required of an entry that requires none."""
    is_by_events = bool(entry.event_fingerprint) and _sayings_of(entry).others <= at
    return is_by_events and not entry.consumer.proof_required


def _comparable(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value


def _registered_again(said: Registration, removed: RemovedConsumer) -> Registration:
    proof_required = said.consumer.proof_required or removed.proof_required
    consumer = replace(said.consumer, suspended_at=removed.suspended_at, proof_required=proof_required)
    return replace(said, consumer=consumer, unsaid=said.unsaid - ({"proof_required"} if proof_required else set()))


def _merged(entry: Registration, said: Registration) -> Consumer:
    before = entry.consumer
    written = {*_SAID} - said.unsaid
    fields = {name: getattr(said.consumer, name) for name in written}
    # Who had to prove who they are has to: that is not for an event to take back.
    fields["proof_required"] = before.proof_required or said.consumer.proof_required
    unreadable = tuple(name for name in before.unreadable if name not in written)
    return replace(before, **fields, since=_earlier(entry, said), unreadable=unreadable)


def _earlier(entry: Registration, said: Registration) -> datetime | None:
    """Return since when an account is a consumer, where an event that comes late registered it earlier."""
    since = entry.consumer.since
    if since is None or entry.changed_at is None or since > entry.changed_at or not entry.event_fingerprint:
        # Of who wrote it by hand: it may lie ahead.
        return since
    return min(since, said.consumer.since or since)


_ALWAYS_SAID = "tier"
_SAID = (_ALWAYS_SAID, "services", "name", "notes", "principals", "proof_required")
_OTHERS = "others"
