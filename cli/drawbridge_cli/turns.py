"""Whose turn it is, and what they do: the commands that ``status`` tells people to run."""

import re
from enum import Enum, StrEnum

from msgspec import Struct

from drawbridge.record.entry import Entry
from drawbridge.request import OrphanRequest
from drawbridge.status import Status
from drawbridge_cli.command_lines import CommandLine


class WhoseTurn(StrEnum):
    """Whom a request waits for."""

    AWS = "aws"
    APPROVER = "approver"
    OTHER_SIDE = "other-side"
    OPERATOR = "operator"
    DRAWBRIDGE = "drawbridge"
    NOBODY = "nobody"


class Command(Enum):
    """What somebody runs next: its words, with a place for what it is about."""

    APPROVE = ("approve", "{request}")
    RETRY = ("retry", "{request}")
    EXPLAIN = ("policy", "explain", "{request}")
    WHY = ("why", "{request}")
    SHOW_BINDING = ("bindings", "show", "{binding}")
    LIST_BINDINGS = ("bindings", "list")
    LET_GO = ("withdraw", "--confirm")
    CHECK_SLACK = ("slack", "check")
    QUESTIONS = ("status", "--status", "WAITING_FOR_APPROVAL", "--account", "{account}")
    RESUME_CONSUMER = ("consumers", "resume", "{account}")
    CHALLENGE_CONSUMER = ("consumers", "challenge", "{account}")
    LOOK_ON = ("status", "--all", "--watch", "--account", "{account}")
    LOOK_ON_AT_ALL = ("status", "--all", "--watch")

    def of(self, **about: str) -> CommandLine:
        """Return the command about something."""
        return CommandLine(tuple(word.format(**about) for word in self.value))


class Advice(Struct, frozen=True):
    """Whose turn it is, what is to be done, and the command to begin with."""

    turn: WhoseTurn
    to_do: str
    command: Command = Command.EXPLAIN


_WITHOUT_ACCOUNT = {
    Command.LOOK_ON: Command.LOOK_ON_AT_ALL,
    Command.QUESTIONS: Command.LOOK_ON_AT_ALL,
    Command.RESUME_CONSUMER: Command.EXPLAIN,
    Command.CHALLENGE_CONSUMER: Command.EXPLAIN,
}
"""What is run instead where the row names no account."""

_BINDING = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_ACCOUNT = re.compile(r"[0-9]{12}")


def binding_in(source: str) -> str:
    """Return the binding that a reason comes from, or an association's name begins with; empty if that is none."""
    name = source.partition("/")[0]
    return name if _BINDING.fullmatch(name) else ""


def command_line(advice: Advice, entry: Entry, source: str = "") -> CommandLine:
    """Return the command of an advice; ``source`` is that of the reason for it.

    What others may have written gets into it only if it is what it should be: the line is pasted into a shell.
    """
    command, binding = advice.command, binding_in(source)
    if command is Command.RETRY and not _may_be_retried(entry):
        command = Command.LOOK_ON
    if command is Command.SHOW_BINDING and not binding:
        command = Command.LIST_BINDINGS
    if not _ACCOUNT.fullmatch(entry.account_id):
        command = _WITHOUT_ACCOUNT.get(command, command)
    return command.of(request=entry.request.request_id, binding=binding, account=entry.account_id)


def is_command(line: str, command: Command, request_id: str) -> bool:
    """Return whether a line is the command about a request."""
    return line == str(command.of(request=request_id))


def _may_be_retried(entry: Entry) -> bool:
    """Return whether to try it again is what is wanted: of an orphan it is nothing, and it calls a withdrawal off."""
    return entry.status is not Status.WITHDRAWING and not isinstance(entry.request, OrphanRequest)
