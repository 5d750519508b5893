"""What a sign-up service's events change, in memory: the registry, what is kept of removals, connections, and hints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec.structs import replace

from drawbridge.decision.registration import Registration
from drawbridge.intake.off_boarding import EntryRemoval, OffBoarding, RemovedConsumer
from drawbridge.intake.register import SignUps
from drawbridge.request.announced import WithdrawalCommand
from tests.fakes.interruptions import Interruptions


class InMemoryRegistry:
    """Entries; ``aws.consumers_table.ConsumersTable`` keeps them in DynamoDB."""

    def __init__(self, interruptions: Interruptions | None = None) -> None:
        self.entries: dict[str, Registration] = {}
        self.before_write: Callable[[], None] = lambda: None
        """Called between what was read and what is written: for what somebody else does at that instant."""
        self._interruptions = interruptions or Interruptions()

    def registration(self, account_id: str) -> Registration | None:
        return self.entries.get(account_id)

    def change(self, entry: Registration, *, after: Registration | None) -> bool:
        self.before_write()
        self._interruptions.before_write()
        if self.entries.get(entry.account_id) != after:
            return False
        self.entries[entry.account_id] = replace(entry, unsaid=frozenset())
        return True

    def remove_as_of(self, account_id: str, at: datetime) -> EntryRemoval:
        self.before_write()
        self._interruptions.before_write()
        entry = self.entries.get(account_id)
        if entry is None:
            return EntryRemoval.NOT_THERE
        if entry.changed_at is not None and entry.changed_at > at:
            return EntryRemoval.NEWER
        del self.entries[account_id]
        return EntryRemoval.REMOVED


class InMemoryRemovedConsumers:
    """Removals; ``aws.removed_consumers.RemovedConsumerItems`` keeps them in DynamoDB."""

    def __init__(self, interruptions: Interruptions | None = None) -> None:
        self.kept: dict[str, RemovedConsumer] = {}
        self._interruptions = interruptions or Interruptions()

    def removed(self, account_id: str) -> RemovedConsumer | None:
        return self.kept.get(account_id)

    def note(self, account_id: str, removed_at: datetime) -> None:
        self._interruptions.before_write()
        if account_id not in self.kept or self.kept[account_id].removed_at < removed_at:
            self.kept[account_id] = RemovedConsumer(removed_at=removed_at)

    def finish(self, account_id: str, removed_at: datetime) -> None:
        self._interruptions.before_write()
        if self.kept[account_id].removed_at == removed_at:
            self.kept[account_id] = RemovedConsumer(removed_at=removed_at, is_finished=True)


class InMemoryConnections:
    """The connections of accounts, by their ids, and the commands to withdraw them."""

    def __init__(self, interruptions: Interruptions | None = None) -> None:
        self.open: list[str] = []
        self.commands: list[tuple[str, WithdrawalCommand]] = []
        self.changing: set[str] = set()
        """Those that somebody else changes at every instant."""
        self.looks = 0
        self._interruptions = interruptions or Interruptions()

    @property
    def commanded(self) -> list[str]:
        return [each for each, _ in self.commands]

    def going(self, account_id: str) -> Sequence[str]:
        self.looks += 1
        return [each for each in self.open if each not in self.commanded]

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
        self.registry = InMemoryRegistry(self.interruptions)
        self.removed = InMemoryRemovedConsumers(self.interruptions)
        self.connections = InMemoryConnections(self.interruptions)
        self.hints = 0
        self.off_boarding = OffBoarding(self.registry, self.removed, self.connections, self._tell)
        self.sign_ups = SignUps(self.registry, self.removed, self.off_boarding, self._tell, lambda: now)

    def _tell(self) -> None:
        self.interruptions.before_write()
        self.hints += 1
