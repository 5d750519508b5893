"""The message about an alarm that goes off, or ends."""

from enum import StrEnum

from msgspec import Struct

from drawbridge.approval.block_kit import context, header, sections
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
    ended = change.state.value is not AlarmState.ALARM
    word = "Alarm over" if ended else "Alarm"
    lines = [description] if ended else [description, legible(change.state.reason, _LONGEST_TEXT)]
    blocks = [header(word), *sections(line for line in lines if line), context(f"`{escaped(name)}`")]
    return SlackMessage(escaped(f"{word}: {description}"), blocks)
