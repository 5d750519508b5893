"""Whose turn it is, and what they do: the commands that ``status`` tells people to run."""

import re
from enum import StrEnum

from msgspec import Struct

from drawbridge.record.entry import Entry
from drawbridge.request import OrphanRequest
from drawbridge.status import Status


class Turn(StrEnum):
    """Whom a request waits for."""

    AWS = "aws"
    APPROVER = "approver"
    OTHER_SIDE = "other-side"
    OPERATOR = "operator"
    DRAWBRIDGE = "drawbridge"
    NOBODY = "nobody"


class Command(StrEnum):
    """What somebody runs next, with a place for what it is about."""

    APPROVE = "drawbridge approve {request}"
    RETRY = "drawbridge retry {request}"
    EXPLAIN = "drawbridge policy explain {request}"
    WHY = "drawbridge why {request}"
    SHOW_BINDING = "drawbridge bindings show {binding}"
    LIST_BINDINGS = "drawbridge bindings list"
    LET_GO = "drawbridge withdraw --confirm"
    CHECK_SLACK = "drawbridge slack check"
    QUESTIONS = "drawbridge status --status WAITING_FOR_APPROVAL --account {account}"
    LOOK_ON = "drawbridge status --all --watch --account {account}"
    LOOK_ON_AT_ALL = "drawbridge status --all --watch"


class Advice(Struct, frozen=True):
    """Whose turn it is, what is to be done, and the command to begin with."""

    turn: Turn
    to_do: str
    command: Command = Command.EXPLAIN


_BINDING = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_ACCOUNT = re.compile(r"[0-9]{12}")


def binding_in(source: str) -> str:
    """Return the binding that a reason comes from, or an association's name begins with; empty if that is none."""
    name = source.partition("/")[0]
    return name if _BINDING.fullmatch(name) else ""


def command_line(advice: Advice, entry: Entry, source: str = "") -> str:
    """Return the command of an advice as it can be copied; ``source`` is that of the reason for it.

    What others may have written gets into it only if it is what it should be: the line is pasted into a shell.
    """
    command, binding = advice.command, binding_in(source)
    if command is Command.RETRY and not _may_be_retried(entry):
        command = Command.LOOK_ON
    if command is Command.SHOW_BINDING and not binding:
        command = Command.LIST_BINDINGS
    if command in {Command.LOOK_ON, Command.QUESTIONS} and not _ACCOUNT.fullmatch(entry.account_id):
        command = Command.LOOK_ON_AT_ALL
    return command.format(request=entry.request.request_id, binding=binding, account=entry.account_id)


def is_command(line: str, command: Command, request_id: str) -> bool:
    """Return whether a line is the command about a request, with whatever options ``drawbridge`` was given."""
    return line.endswith(command.format(request=request_id).removeprefix("drawbridge"))


def _may_be_retried(entry: Entry) -> bool:
    """Return whether to try it again is what is wanted: of an orphan it is nothing, and it calls a withdrawal off."""
    return entry.status is not Status.WITHDRAWING and not isinstance(entry.request, OrphanRequest)
