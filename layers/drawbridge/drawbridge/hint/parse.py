"""Parsing messages of the hints queue into what to sweep."""

import re
from typing import Any

import msgspec
from msgspec import Struct

from drawbridge.errors import InvalidInputError
from drawbridge.hint import (
    CONNECTIONS,
    EVERYTHING,
    ORPHANS,
    SERVICES,
    SHARES,
    HintSource,
    SweepScope,
    notification,
)
from drawbridge.parsing import UnreadableError, read_json


class Envelope(Struct, frozen=True):
    """The fields of an EventBridge envelope that say what to sweep; the schedule's messages have the same form."""

    source: str
    detail_type: str = msgspec.field(name="detail-type")
    detail: dict[str, Any] = {}


LOOK_FOR_ORPHANS = "Look for Orphans"
"""The detail-type of what the schedule, or a command, sends to have orphans looked for."""

_OF_INTAKE = {each.name.lower(): each for each in (HintSource.SIGN_UP, HintSource.PROOF)}
"""Who asks for a sweep as commands do."""

_COMMAND = re.compile(r"[A-Za-z0-9-]{1,64}")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")


def parse_hint(body: str) -> SweepScope:
    """Return what the message says is to be swept.

    An event that we did not subscribe to is refused too: else a rule that is too broad would go unnoticed.

    Raises:
        InvalidInputError: the body is no JSON, no envelope, or of a source that we did not subscribe to.
    """
    try:
        envelope = read_json(body, Envelope)
    except UnreadableError as error:
        raise InvalidInputError(f"hint: {error}; an EventBridge envelope is needed") from error
    match envelope.source, envelope.detail_type:
        case ("drawbridge.schedule" | "drawbridge.command") as source, detail_type:
            asked_by = _scheduled if source == "drawbridge.schedule" else _commanded
            return asked_by(envelope.detail, orphans=detail_type == LOOK_FOR_ORPHANS)
        case ("aws.ram", "Resource Sharing State Change") | ("aws.vpc-lattice", _):
            return _told(SHARES, HintSource.RAM if envelope.source == "aws.ram" else HintSource.LATTICE)
        case "drawbridge", notification.CONNECTION_NOTIFICATION:
            return _told(CONNECTIONS, HintSource.NOTIFICATION)
        case "aws.ec2", "AWS API Call via CloudTrail":
            return _told(SERVICES, HintSource.CLOUDTRAIL)
        case "aws.ssm", "Parameter Store Change":
            return _told(EVERYTHING, HintSource.CONFIGURATION)
        case "aws.states", "Step Functions Execution Status Change":
            return SweepScope(executions=_executions(envelope.detail))
        case source, detail_type:
            raise InvalidInputError(
                f"hint: nobody looks for source {source[:100]!r}, detail-type {detail_type[:100]!r}; mend its rule"
            )


def _told(scope: SweepScope, by: HintSource) -> SweepScope:
    return msgspec.structs.replace(scope, told_by=frozenset({by}))


def _scheduled(detail: dict[str, Any], *, orphans: bool) -> SweepScope:
    return _told(ORPHANS if orphans else EVERYTHING, HintSource.SCHEDULE)


def _commanded(detail: dict[str, Any], *, orphans: bool) -> SweepScope:
    """Return the scope of a command, which wants all else beside the orphans; most don't wait, and have no id.

    What happened to a consumer asks in the same way: a version of before takes it for a command, and no dead letter.
    """
    command = detail.get("command")
    waiting = {command} if isinstance(command, str) and _COMMAND.fullmatch(command) else ()
    scope = msgspec.structs.replace(EVERYTHING, orphans=orphans, commands=frozenset(waiting))
    return _told(scope, _OF_INTAKE.get(str(detail.get("by")), HintSource.COMMAND))


def _executions(detail: dict[str, Any]) -> frozenset[str]:
    """Return the name of an execution, if it can be one of discovery's: people may start others."""
    name = detail.get("name")
    if not isinstance(name, str):
        raise InvalidInputError("hint: detail.name is needed, the name of an execution")
    return frozenset({name} if _NAME.fullmatch(name) else ())
