"""The message about an alarm that goes off, or ends."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from drawbridge.approval.block_kit import Row, header, ours, plain, rows, time, value
from drawbridge.approval.message import SlackMessage, escaped
from drawbridge.legible import legible

_LONGEST_NAME = 255
_LONGEST_TEXT = 1000
"""Of a description or a reason: CloudWatch's are 1,024 at most."""


class AlarmState(StrEnum):
    """The state of an alarm, as CloudWatch calls it."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class StateReached(Struct, frozen=True):
    value: AlarmState
    reason: str = ""
    timestamp: str = ""
    """ISO 8601, with an offset."""


class AlarmConfiguration(Struct, frozen=True):
    description: str = ""


class AlarmChange(Struct, frozen=True, rename="camel"):
    """An alarm's change of state: the detail of CloudWatch's event."""

    alarm_name: str
    state: StateReached
    configuration: AlarmConfiguration = AlarmConfiguration()
    """Its description says what it means, and names its section of the runbook."""


def alarm_message(change: AlarmChange) -> SlackMessage:
    """Return the message, which says what the alarm means and where to read what to do."""
    name = legible(change.alarm_name, _LONGEST_NAME)
    description = legible(change.configuration.description, _LONGEST_TEXT) or name
    word = "Alarm over" if _ended(change) else "Alarm"
    blocks = [header(f"{word}: {name}"), plain(description), *rows(_rows(change))]
    return SlackMessage(escaped(f"{word}: {description}"), blocks)


def _rows(change: AlarmChange) -> Iterator[Row]:
    if change.state.reason and not _ended(change):
        yield "What was measured", value(legible(change.state.reason, _LONGEST_TEXT))
    at = _time(change.state.timestamp)
    if at is not None:
        yield "Over since" if _ended(change) else "Since", ours(time(at))


def _ended(change: AlarmChange) -> bool:
    return change.state.value is not AlarmState.ALARM


def _time(timestamp: str) -> datetime | None:
    """Read CloudWatch's time; ``None`` where it can't be read."""
    try:
        at = datetime.fromisoformat(timestamp)
    except ValueError:
        return None
    return at if at.tzinfo else None
