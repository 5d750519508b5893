"""Having requests withdrawn by an operator's command, which is written to the ledger and carried out by a sweep."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from msgspec import Struct

from drawbridge.discovery.withdrawable import Withdrawable
from drawbridge.request.announced import WithdrawalCommand
from drawbridge_cli.command_lines import CommandLine
from drawbridge_cli.screen import accounting, complain
from drawbridge_cli.stack import Stack


class How(Struct, frozen=True, kw_only=True):
    """The way in which a command is to be carried out."""

    yes: bool
    dry_run: bool
    as_json: bool

    def result(self, *, done: bool) -> str:
        """Return for programs what became of a request."""
        if self.dry_run:
            return "would-be-commanded"
        return "commanded" if done else "changed-meanwhile"


def command_of_caller(stack: Stack, name: str = "withdraw") -> WithdrawalCommand:
    """Return the command of that name of whoever calls, given now."""
    return WithdrawalCommand(by=stack.caller(), at=datetime.now(UTC), name=name)


def command_all(
    stack: Stack, going: Collection[Withdrawable], command: WithdrawalCommand, *, finish: CommandLine
) -> list[Withdrawable]:
    """Command that all be withdrawn; return those that are: the others have changed meanwhile.

    ``finish`` is the command that does the rest if AWS fails in the middle.
    """
    done: list[Withdrawable] = []
    with accounting(lambda: f"{len(done)} of {len(going)} are commanded; {finish} does the rest") as show:
        for number, each in enumerate(going, 1):
            show(f"commanding {number} of {len(going)}")
            is_commanded = stack.ledger.command_withdrawal(each.row, command)
            done += [each] if is_commanded else []
    return done


def complain_of_changed(going: Iterable[Withdrawable], done: Collection[Withdrawable]) -> None:
    """Complain of what is not commanded, because it has changed meanwhile."""
    for each in going:
        if each not in done:
            complain(f"{each.row.request_id}: it has changed meanwhile; look again")


def tell_to_sweep(stack: Stack) -> None:
    """Have Drawbridge sweep at once, or say that it will notice by itself."""
    if not stack.sweep_now():
        complain("Drawbridge could not be told at once (sqs:SendMessage is denied); it will notice within its schedule")
