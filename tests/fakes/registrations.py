"""What a sign-up service's events change, in memory: the registry, what is kept of removals, connections, and hints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec.structs import replace

from drawbridge.decision.registration import Registration, as_of
from drawbridge.intake.registration.off_boarding import BeforeRemoval, EntryRemoval, OffBoarding, RemovedConsumer
from drawbridge.intake.registration.register import SignUps
from drawbridge.request.announced import WithdrawalCommand
from tests.fakes.interruptions import Interruptions


class InMemoryRegistry:
    """Entries; ``aws.consumers_table.ConsumersTable`` keeps them in DynamoDB."""

    def __init__(self, interruptions: Interruptions | None = None, *, now: datetime | None = None) -> None:
        self.entries: dict[str, Registration] = {}
        self._now = now
        self.before_write: Callable[[], None] = lambda: None
        """Called between what was read and what is written: for what somebody else does at that instant."""
        self._interruptions = interruptions or Interruptions()

    def registration(self, account_id: str) -> Registration | None:
        entry = self.entries.get(account_id)
        return entry if entry is None or self._now is None else as_of(entry, self._now)

    def change(self, entry: Registration, *, after: Registration | None) -> bool:
        self.before_write()
        self._interruptions.before_write()
        there = self.registration(entry.account_id)
        if there != after:
            return False
        if there is not None:
            stay = {name: getattr(there.consumer, name) for name in (*entry.unsaid, "suspended_at")}
            entry = replace(entry, consumer=replace(entry.consumer, **stay))
        self.entries[entry.account_id] = replace(entry, unsaid=frozenset())
        return True

    def remove_as_of(self, account_id: str, at: datetime, *, first: BeforeRemoval = lambda _: None) -> EntryRemoval:
        while True:
            entry = self.registration(account_id)
            if entry is not None and entry.changed_at is not None and entry.changed_at > at:
                return EntryRemoval.NEWER
            first(entry)
            self.before_write()
            self._interruptions.before_write()
            if self.registration(account_id) != entry:
                continue
            if entry is None:
                return EntryRemoval.NOT_THERE
            del self.entries[account_id]
            return EntryRemoval.REMOVED


class InMemoryRemovedConsumers:
    """Removals; ``aws.removed_consumers.RemovedConsumerItems`` keeps them in DynamoDB."""

    def __init__(self, interruptions: Interruptions | None = None) -> None:
        self.kept: dict[str, RemovedConsumer] = {}
        self.asked = 0
        """How many times all removals were listed."""
        self._interruptions = interruptions or Interruptions()

    def removed(self, account_id: str) -> RemovedConsumer | None:
        return self.kept.get(account_id)

    def commanded(self) -> dict[str, datetime]:
        self.asked += 1
        return {account_id: each.removed_at for account_id, each in self.kept.items()}

    def note(self, account_id: str, removed: RemovedConsumer) -> None:
        self._interruptions.before_write()
        before = self.kept.get(account_id)
        if (
            before is None
            or before.removed_at < removed.removed_at
            or (before.removed_at == removed.removed_at and not before.is_finished)
        ):
            self.kept[account_id] = removed

    def finish(self, account_id: str, removed_at: datetime) -> None:
        self._interruptions.before_write()
        if self.kept[account_id].removed_at == removed_at:
            self.kept[account_id] = replace(self.kept[account_id], is_finished=True)

    def require_proof(self, account_id: str, removed_at: datetime) -> None:
        self._interruptions.before_write()
        if self.kept[account_id].removed_at == removed_at:
            self.kept[account_id] = replace(self.kept[account_id], proof_required=True)


class InMemoryConnections:
    """The connections of accounts, by their ids, and the commands to withdraw them."""

    def __init__(self, interruptions: Interruptions | None = None) -> None:
        self.open: list[str] = []
        self.commands: list[tuple[str, WithdrawalCommand]] = []
        self.changing: set[str] = set()
        """Those that somebody else changes at every instant."""
        self.registered: set[str] = set()
        """Those that were let in for an entry of the registry."""
        self.looks = 0
        self._interruptions = interruptions or Interruptions()

    @property
    def commanded(self) -> list[str]:
        return [each for each, _ in self.commands]

    def going(self, account_id: str) -> Sequence[str]:
        self.looks += 1
        return [each for each in self.open if each not in self.commanded]

    def of_registered(self, going: Sequence[str]) -> Sequence[str]:
        return [each for each in going if each in self.registered]

    def command(self, going: Sequence[str], command: WithdrawalCommand) -> Sequence[str]:
        done = []
        for each in going:
            self._interruptions.before_write()
            if each not in self.changing:
                self.commands.append((each, command))
                done.append(each)
        return done


class Intake:
    """All of it, and the use cases on top."""

    def __init__(self, now: datetime) -> None:
        self.interruptions = Interruptions()
        self.registry = InMemoryRegistry(self.interruptions, now=now)
        self.removed = InMemoryRemovedConsumers(self.interruptions)
        self.connections = InMemoryConnections(self.interruptions)
        self.hints = 0
        self.off_boarding = OffBoarding(self.registry, self.removed, self.connections, self._tell)
        self.sign_ups = SignUps(self.registry, self.removed, self.off_boarding, self._tell, lambda: now)

    def _tell(self) -> None:
        self.interruptions.before_write()
        self.hints += 1
