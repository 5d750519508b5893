"""The stack's dead-letter queues: receiving what is in them, sending it again, and deleting it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from drawbridge.aws.errors import translated
from drawbridge.bounds import in_parts
from drawbridge.errors import DrawbridgeError, UpstreamError
from drawbridge_cli.dead_letters import (
    DeadLetterSource,
    DeadMessage,
    InvokeAgain,
    SendHint,
    SendRegistration,
    Targets,
)
from drawbridge_cli.screen import Show, complain
from drawbridge_cli.stack import Stack

WAIT_SECONDS = 1
"""Only a request that waits asks all of SQS's servers."""

_AT_ONCE = 10
_HIDDEN_SECONDS = 30
_HIDDEN_SECONDS_TO_DECIDE = 600
"""While somebody reads what would be sent or discarded, and answers."""


class TakenLetters(Struct, frozen=True):
    """Messages that were received, and about how many more there are."""

    messages: tuple[DeadMessage, ...]
    more: int


_INVOKED_BY_EVENTS = ("RelayNotificationFunction", "TellApproversFunction", "TellConsumersFunction")
"""The functions that an event can have failed to invoke: no message has any other invoked, as the workflow's functions
do what their input says was decided."""


class DeadLetterQueues:
    """The dead-letter queues of a stack."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._sqs: Any = stack.client("sqs")
        self._urls = {each: stack.resource(each) for each in DeadLetterSource}
        self._deleted: set[str] = set()

    @property
    def targets(self) -> Targets:
        place = self._stack.place
        functions = {self._stack.resource(each) for each in _INVOKED_BY_EVENTS}
        return Targets(
            partition=place.partition,
            region=place.region,
            account_id=place.account_id,
            hints_queue=self._stack.resource("HintsQueue").rpartition("/")[2],
            registrations_queue=self._registrations_queue.rpartition("/")[2],
            functions=frozenset(functions),
        )

    def count(self, source: DeadLetterSource) -> int:
        """Return about how many messages are in a queue, hidden ones as well."""
        wanted: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        with translated(f"count what is in {source}", missing=UpstreamError):
            found = self._sqs.get_queue_attributes(QueueUrl=self._urls[source], AttributeNames=wanted)["Attributes"]
        return sum(int(found.get(name, 0)) for name in wanted)

    @contextmanager
    def received(self, most: int, *, to_decide: bool, show: Show) -> Iterator[TakenLetters]:
        """Receive up to ``most`` messages, which others don't see meanwhile; what is left in the end is seen again.

        However it ends: by Ctrl-C too, and while they are received.
        """
        found: dict[str, DeadMessage] = {}
        hidden = _HIDDEN_SECONDS_TO_DECIDE if to_decide else _HIDDEN_SECONDS
        try:
            for source in DeadLetterSource:
                self._receive(source, most, hidden, found, show)
            there = sum(self.count(source) for source in DeadLetterSource)
            yield TakenLetters(tuple(found.values()), max(0, there - len(found)))
        finally:
            self._release(found.values(), hidden)

    def _receive(
        self, source: DeadLetterSource, most: int, hidden: int, found: dict[str, DeadMessage], show: Show
    ) -> None:
        """Receive from a queue until there are ``most`` found, or no more in it; each is added at once."""
        while len(found) < most:
            show(f"{len(found)} dead letters received")
            with translated(f"receive from {source}", missing=UpstreamError):
                answer = self._sqs.receive_message(
                    QueueUrl=self._urls[source],
                    MaxNumberOfMessages=min(_AT_ONCE, most - len(found)),
                    VisibilityTimeout=hidden,
                    MessageAttributeNames=["All"],
                    MessageSystemAttributeNames=["SentTimestamp"],
                    WaitTimeSeconds=WAIT_SECONDS,
                )
            received = [_message(source, each) for each in answer.get("Messages", ())]
            if not received:
                break
            found |= {each.message_id: each for each in received}

    def _release(self, messages: Iterable[DeadMessage], hidden: int) -> None:
        """Have messages be seen again at once, but for those that were deleted; complain of what stays hidden."""
        left = [each for each in messages if each.message_id not in self._deleted]
        stay: list[str] = []
        not_asked = len(left)
        try:
            for part in _parts(left):
                stay += self._not_released(part)
                not_asked -= len(part)
        finally:
            stay += ["interrupted"] * not_asked
            if stay:
                complain(f"{len(stay)} dead letters stay hidden from everybody for up to {hidden} s: {stay[0]}")

    def _not_released(self, messages: Sequence[DeadMessage]) -> list[str]:
        """Have messages of one queue be seen again; return why, for each that stays hidden."""
        source = messages[0].source
        entries = [
            {"Id": str(place), "ReceiptHandle": each.receipt_handle, "VisibilityTimeout": 0}
            for place, each in enumerate(messages)
        ]
        try:
            with translated(f"release what is in {source}"):
                answer = self._sqs.change_message_visibility_batch(QueueUrl=self._urls[source], Entries=entries)
        except DrawbridgeError as error:
            return [str(error)] * len(messages)
        return [f"{each.get('Code')}: {each.get('Message', '')}" for each in answer.get("Failed", ())]

    @property
    def _registrations_queue(self) -> str:
        """The address of the queue; empty for a stack of a version that had none."""
        queue = self._stack.resources.get("RegistrationsQueue")
        return "" if queue is None else queue.physical_id

    def send(self, again: SendHint | SendRegistration | InvokeAgain) -> None:
        """Send it again where it came from."""
        if isinstance(again, SendRegistration):
            with translated("send an event of a sign-up service again", missing=UpstreamError):
                self._sqs.send_message(QueueUrl=self._registrations_queue, MessageBody=again.body)
            return
        if isinstance(again, SendHint):
            with translated("send a hint again", missing=UpstreamError):
                self._sqs.send_message(QueueUrl=self._stack.resource("HintsQueue"), MessageBody=again.body)
            return
        with translated(f"invoke {again.function} again", missing=UpstreamError):
            self._stack.client("lambda").invoke(
                FunctionName=again.function, InvocationType="Event", Payload=again.payload.encode()
            )

    def delete(self, message: DeadMessage) -> None:
        with translated(f"delete {message.message_id}", missing=UpstreamError):
            self._sqs.delete_message(QueueUrl=self._urls[message.source], ReceiptHandle=message.receipt_handle)
        self._deleted.add(message.message_id)


def _parts(messages: list[DeadMessage]) -> Iterator[Sequence[DeadMessage]]:
    """Yield them in parts of one queue, each small enough for one request."""
    for source in DeadLetterSource:
        of_source = [each for each in messages if each.source is source]
        yield from in_parts(of_source, _AT_ONCE)


def _message(source: DeadLetterSource, each: Any) -> DeadMessage:
    sent = str(each.get("Attributes", {}).get("SentTimestamp", ""))
    attributes = {
        name: value["StringValue"]
        for name, value in each.get("MessageAttributes", {}).items()
        if isinstance(value.get("StringValue"), str)
    }
    return DeadMessage(
        source=source,
        message_id=each["MessageId"],
        receipt_handle=each["ReceiptHandle"],
        body=each.get("Body", ""),
        attributes=attributes,
        sent_at=datetime.fromtimestamp(int(sent) / 1000, UTC) if sent.isdecimal() else None,
    )
