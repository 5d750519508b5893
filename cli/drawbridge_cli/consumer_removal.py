"""Removing a consumer as an operator does: each step of the off-boarding is told as it is taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from drawbridge.decision.facts import Consumer
from drawbridge.decision.registration import Registration
from drawbridge.discovery.withdrawable import ConsumerConnections, Withdrawable, connections_of, of_registered
from drawbridge.errors import AccessDeniedError
from drawbridge.intake.registration.off_boarding import (
    BeforeRemoval,
    EntryRemoval,
    OffBoarded,
    OffBoarding,
    RemovedConsumer,
)
from drawbridge.request.announced import WithdrawalCommand
from drawbridge_cli.command_lines import CommandLine, command
from drawbridge_cli.commanding import command_all, command_of_caller, tell_to_sweep
from drawbridge_cli.screen import accounting, complain, say
from drawbridge_cli.stack import Stack
from drawbridge_cli.withdrawable_screen import show_withdrawable

if TYPE_CHECKING:
    from drawbridge.intake.registration.off_boarding import RemovedConsumers


def remove_consumer(
    stack: Stack, account: str, shown: ConsumerConnections, removed: RemovedConsumer | None, *, as_json: bool
) -> OffBoarded[Withdrawable]:
    """Remove an account's entry, and have go all that goes with it; ``shown`` is what was shown before.

    Of a removal that was broken off, what is left is done, unless the account was registered again since.
    """
    given = command_of_caller(stack, "consumers remove")
    off_boarding = OffBoarding(
        _Entries(stack, as_json=as_json) if removed is None else stack.consumers,
        _Removed(stack, account),
        _Connections(stack, shown, as_json=as_json),
        lambda: tell_to_sweep(stack),
    )
    return off_boarding.off_board(account, given, removed_at=given.at if removed is None else removed.removed_at)


def broken_off(stack: Stack, account: str) -> RemovedConsumer | None:
    """Return the removal of an account that took its entry, and not yet all that goes with it."""
    removed = _Removed(stack, account).removed(account)
    return None if removed is None or removed.is_finished or not removed.was_registered else removed


def finishing(account: str) -> CommandLine:
    """Return the command that does the rest, once the entry is gone."""
    return command("withdraw", "--consumer", account)


class _Entries:
    """The registry. Who gives a command has seen the entry: it goes, whenever it was changed."""

    def __init__(self, stack: Stack, *, as_json: bool) -> None:
        self._stack = stack
        self._as_json = as_json

    def remove_as_of(self, account_id: str, at: datetime, *, first: BeforeRemoval = lambda _: None) -> EntryRemoval:
        # Of what an operator removes nothing is kept: who is registered again begins anew.
        first(Registration(account_id=account_id, consumer=Consumer()))
        with accounting(lambda: _still_there(account_id)):
            is_removed = self._stack.consumers.remove(account_id)
        if not is_removed:
            complain(f"{account_id}: somebody else has removed it just now")
            return EntryRemoval.NOT_THERE
        if not self._as_json:
            say(f"removed  {account_id}", "good")
        return EntryRemoval.REMOVED


class _Removed:
    """What is kept of the removal, if the caller may write it: all else goes without, and what differs is told."""

    def __init__(self, stack: Stack, account: str) -> None:
        self._kept: RemovedConsumers | None = stack.removed_consumers
        self._account = account

    def removed(self, account_id: str) -> RemovedConsumer | None:
        try:
            return None if self._kept is None else self._kept.removed(account_id)
        except AccessDeniedError:
            # As the policy for operators was in earlier versions.
            return None

    def note(self, account_id: str, removed: RemovedConsumer) -> None:
        if self._kept is None:
            return
        with accounting(_nothing_commanded(self._account)):
            try:
                self._kept.note(account_id, removed)
            except AccessDeniedError:
                self._kept = None
                complain(
                    f"{account_id}: its removal is not on record (dynamodb:GetItem or PutItem is denied): an event of "
                    "a sign-up service that comes late may register it again, and as where an entry is just gone, what "
                    "it has associated of shares goes after WithdrawAfterHours, and WithdrawCap may hold it back"
                )

    def finish(self, account_id: str, removed_at: datetime) -> None:
        if self._kept is None:
            return
        try:
            self._kept.finish(account_id, removed_at)
        except AccessDeniedError:
            # An event that tells of the same removal looks again for what goes, and finds nothing.
            self._kept = None


class _Connections:
    """The connections of the account's endpoints; those that were not shown before are, as they are found."""

    def __init__(self, stack: Stack, shown: ConsumerConnections, *, as_json: bool) -> None:
        self._stack = stack
        self._known = {each.row.request_id for each in shown.going}
        self._as_json = as_json

    def going(self, account_id: str) -> Sequence[Withdrawable]:
        with accounting(_nothing_commanded(account_id)):
            going = connections_of(self._stack.ledger, account_id, self._stack.managed_services).going
        for each in going:
            if each.row.request_id not in self._known and not self._as_json:
                show_withdrawable(each)
        self._known |= {each.row.request_id for each in going}
        return going

    def of_registered(self, going: Sequence[Withdrawable]) -> Sequence[Withdrawable]:
        registered = of_registered(self._stack.ledger, [each.row for each in going])
        return [each for each in going if each.row.request_id in registered]

    def command(self, going: Sequence[Withdrawable], command: WithdrawalCommand) -> Sequence[Withdrawable]:
        if not going:
            return ()
        return command_all(self._stack, going, command, finish=finishing(going[0].row.account_id))


def _still_there(account_id: str) -> str:
    again = command("consumers", "remove", account_id)
    return f"{account_id} may be registered still, and keeps all that goes with its entry then; {again} removes it"


def _nothing_commanded(account_id: str) -> Callable[[], str]:
    return lambda: f"its connections are not commanded to be withdrawn yet; {finishing(account_id)} does that"
