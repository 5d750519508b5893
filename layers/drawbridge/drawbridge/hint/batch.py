"""A batch of messages, as a queue hands it over: read one by one, so that a broken one stops no other."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from drawbridge.errors import DrawbridgeError, InvalidInputError
from drawbridge.observability import Metric, count, logger
from drawbridge.parsing import UnreadableError, read_value


class DeadLetters(Protocol):
    """The place for messages that nobody can read."""

    def send(self, body: str, reason: str) -> None:
        """Keep the message together with the reason."""
        ...


Message = TypeVar("Message")


class Batch(Struct, Generic[Message], frozen=True):
    """What the messages of a batch say, and those that failed."""

    messages: dict[str, Message]
    """Keyed by the ids of their messages."""
    failed: tuple[str, ...]
    """The ids of messages that could neither be read nor kept: the queue has to hand them over again."""


class QueueMessage(Struct, frozen=True, rename="camel"):
    """A message of the queue."""

    message_id: str
    body: str


def read_batch(
    records: object,
    parse: Callable[[str], Message],
    dead_letters: Callable[[], DeadLetters],
    *,
    what: str,
    broken: Metric,
) -> Batch[Message]:
    """Read the messages. One that can't be read goes to the dead letters with its reason, and stops no other.

    ``what`` names one for the log, and ``broken`` counts those that can't be read.
    """
    messages: dict[str, Message] = {}
    failed: list[str] = []
    for record in records if isinstance(records, list) else ():
        message = _message(record)
        try:
            messages[message.message_id] = parse(message.body)
        except InvalidInputError as unreadable:
            logger.error(f"{what} broken", extra={"message_id": message.message_id, "reason": str(unreadable)})
            count(broken)
            try:
                dead_letters().send(message.body, str(unreadable))
            except DrawbridgeError as error:
                logger.error(f"{what} not kept", extra={"message_id": message.message_id, "reason": str(error)})
                failed += [message.message_id] if message.message_id else []
    return Batch(messages, tuple(failed))


def _message(record: object) -> QueueMessage:
    """Read a record; one without a body or an id becomes its own body, and goes to the dead letters."""
    try:
        return read_value(record, QueueMessage)
    except UnreadableError:
        message_id = record.get("messageId") if isinstance(record, dict) else None
        return QueueMessage(message_id if isinstance(message_id, str) else "", repr(record))
