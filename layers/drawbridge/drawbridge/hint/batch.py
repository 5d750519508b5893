"""A batch of hints, as the queue hands it over: read one by one, so that a broken one stops no other."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from drawbridge.errors import DrawbridgeError, InvalidInputError
from drawbridge.hint import SweepScope
from drawbridge.hint.parse import parse_hint
from drawbridge.observability import Metric, count, logger
from drawbridge.parsing import UnreadableError, read_value


class DeadLetters(Protocol):
    """The place for hints that nobody can read."""

    def send(self, body: str, reason: str) -> None:
        """Keep the message together with the reason."""
        ...


class Batch(Struct, frozen=True):
    """The hints of a batch, and the messages that failed."""

    hints: dict[str, SweepScope]
    """Keyed by the ids of their messages."""
    failed: tuple[str, ...]
    """The ids of messages that could neither be read nor kept: the queue has to hand them over again."""


class HintMessage(Struct, frozen=True, rename="camel"):
    """A message of the queue."""

    message_id: str
    body: str


def read_batch(records: object, dead_letters: Callable[[], DeadLetters]) -> Batch:
    """Read the hints. One that can't be read goes to the dead letters with its reason, and stops no other."""
    hints: dict[str, SweepScope] = {}
    failed: list[str] = []
    for record in records if isinstance(records, list) else ():
        message = _message(record)
        try:
            hints[message.message_id] = parse_hint(message.body)
        except InvalidInputError as broken:
            logger.error("hint broken", extra={"message_id": message.message_id, "reason": str(broken)})
            count(Metric.HINTS_BROKEN)
            try:
                dead_letters().send(message.body, str(broken))
            except DrawbridgeError as error:
                logger.error("hint not kept", extra={"message_id": message.message_id, "reason": str(error)})
                failed += [message.message_id] if message.message_id else []
    return Batch(hints, tuple(failed))


def _message(record: object) -> HintMessage:
    """Read a record; one without a body or an id becomes its own body: it is no hint, and goes to the dead letters."""
    try:
        return read_value(record, HintMessage)
    except UnreadableError:
        message_id = record.get("messageId") if isinstance(record, dict) else None
        return HintMessage(message_id if isinstance(message_id, str) else "", repr(record))
