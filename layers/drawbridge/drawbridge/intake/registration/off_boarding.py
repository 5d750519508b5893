"""Off-boarding: a consumer is out. The door is shut first; then what is connected goes, and what is offered."""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from drawbridge.decision.registration import Registration
from drawbridge.request.announced import WithdrawalCommand


class EntryRemoval(StrEnum):
    """What became of a consumer's entry."""

    REMOVED = "removed"
    NOT_THERE = "not-there"
    NEWER = "newer"
    """It was changed since then, and stays."""


BeforeRemoval = Callable[[Registration | None], None]


class Entries(Protocol):
    """The registry, as far as entries are removed from it."""

    def remove_as_of(self, account_id: str, at: datetime, *, first: BeforeRemoval = ...) -> EntryRemoval:
        """Remove an account's entry, unless it was changed after that; one that does not say when goes.

        ``first`` is called with the entry that is to go, or without any, and again if that is no longer so after it.
        """
        ...


class RemovedConsumer(Struct, frozen=True, kw_only=True):
    """What is kept of a consumer that was removed, for as long as an event about it may be late."""

    removed_at: datetime
    is_finished: bool = False
    """Whether all that goes with its entry was commanded to go."""
    was_registered: bool = True
    """Whether it had an entry; otherwise nothing goes but what was let in for one."""
    suspended_at: datetime | None = None
    proof_required: bool = False
    """Of the entry that an event removed: an event that registers the account again takes both over."""


class RemovedConsumers(Protocol):
    """What is kept of consumers that were removed."""

    def removed(self, account_id: str) -> RemovedConsumer | None:
        """Return what is kept of an account's last removal."""
        ...

    def note(self, account_id: str, removed: RemovedConsumer) -> None:
        """Keep that an account was removed; of two removals the later is kept, and one that is finished stays so."""
        ...

    def finish(self, account_id: str, removed_at: datetime) -> None:
        """Note that all that goes with the entry is commanded to go, if that removal is the last."""
        ...


Row = TypeVar("Row")
"""A request of the ledger."""


class Connections(Protocol[Row]):
    """What the ledger has of one account's endpoints."""

    def going(self, account_id: str) -> Sequence[Row]:
        """Return what is connected or under way, and not commanded to be withdrawn yet."""
        ...

    def of_registered(self, going: Sequence[Row]) -> Sequence[Row]:
        """Return those of them that were decided on as connections of a registered consumer."""
        ...

    def command(self, going: Sequence[Row], command: WithdrawalCommand) -> Sequence[Row]:
        """Command that all be withdrawn; return those that are: the others have changed meanwhile."""
        ...


class OffBoarded(Struct, Generic[Row], frozen=True, kw_only=True):
    """What an off-boarding came to."""

    entry: EntryRemoval
    commanded: tuple[Row, ...] = ()
    changing: tuple[Row, ...] = ()
    """What was changed by others in every look, and is not commanded to go."""


_LOOKS = 3
"""What settles, or begins, between a look and its command is found by the next look, unless that was the last."""


class OffBoarding(Generic[Row]):
    """The removal of consumers, by a command or an event.

    Stopped at any line it can be begun again, and does what was left: only the last one says that it is finished.
    """

    def __init__(
        self,
        entries: Entries,
        removed: RemovedConsumers,
        connections: Connections[Row],
        tell_to_sweep: Callable[[], None],
    ) -> None:
        self._entries = entries
        self._removed = removed
        self._connections = connections
        self._tell_to_sweep = tell_to_sweep

    def off_board(self, account_id: str, command: WithdrawalCommand, *, removed_at: datetime) -> OffBoarded[Row]:
        """Remove an account's entry, unless it was changed after that, and have all go that goes with it.

        What goes on changing is left, and the removal is not finished. Of an account that has no entry, and no removal
        that was broken off, only what was let in for an entry goes: the rest policies permit whoever is registered.
        """
        noted = RemovedConsumer(removed_at=removed_at)

        def note(entry: Registration | None) -> None:
            # Before the entry goes: an event from before that comes late has to find the one or the other.
            nonlocal noted
            noted = _removed(entry, self._removed.removed(account_id) if entry is None else None, removed_at)
            self._removed.note(account_id, noted)

        # Whatever asks from now on is decided on without the entry.
        entry = self._entries.remove_as_of(account_id, removed_at, first=note)
        if entry is EntryRemoval.NEWER:
            return OffBoarded(entry=entry)
        commanded, changing = self._withdraw(account_id, command, is_all=noted.was_registered)
        self._tell_to_sweep()
        if not changing:
            self._removed.finish(account_id, removed_at)
        return OffBoarded(entry=entry, commanded=commanded, changing=changing)

    def take_back(self, account_id: str, command: WithdrawalCommand, *, entered_at: datetime) -> OffBoarded[Row]:
        """Remove an entry that was written though its account was removed, and have go what was let in for it."""
        entry = self._entries.remove_as_of(account_id, entered_at)
        commanded, changing = self._withdraw(account_id, command, is_all=False)
        self._tell_to_sweep()
        return OffBoarded(entry=entry, commanded=commanded, changing=changing)

    def _withdraw(
        self, account_id: str, command: WithdrawalCommand, *, is_all: bool
    ) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
        """Command that what is connected or under way by now be withdrawn; return what is, and what is not."""
        commanded: list[Row] = []
        changing: list[Row] = []
        for _ in range(_LOOKS):
            going = self._connections.going(account_id)
            if not is_all:
                going = self._connections.of_registered(going)
            if not going:
                return tuple(commanded), ()
            done = self._connections.command(going, command)
            commanded += done
            changing = [each for each in going if each not in done]
        return tuple(commanded), tuple(changing)


def _removed(entry: Registration | None, before: RemovedConsumer | None, removed_at: datetime) -> RemovedConsumer:
    """Return what is to be kept of a removal; without an entry, what was kept of the removal that took it."""
    if entry is not None:
        consumer = entry.consumer
        return RemovedConsumer(
            removed_at=removed_at,
            # Since when may be unreadable.
            suspended_at=consumer.suspended_at or (removed_at if consumer.is_suspended else None),
            proof_required=consumer.proof_required,
        )
    if before is None:
        return RemovedConsumer(removed_at=removed_at, was_registered=False)
    was_registered = before.was_registered and not before.is_finished
    return replace(before, removed_at=removed_at, is_finished=False, was_registered=was_registered)
