"""Dead letters: why each is one, what to do, and how it is sent again where it came from."""

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec import Struct

from drawbridge.arns import Arn
from drawbridge.errors import InvalidInputError
from drawbridge.hint.parse import Envelope, parse_hint
from drawbridge.intake.registration.registration_event import REGISTERED, REMOVED, parse_registration_event
from drawbridge.parsing import UnreadableError, read_json
from drawbridge_cli.command_lines import command


class DeadLetterSource(StrEnum):
    """The stack's dead-letter queues, by their logical ids."""

    HINTS = "HintsDeadLetterQueue"
    EVENTS = "EventsDeadLetterQueue"


class DeadMessage(Struct, frozen=True, kw_only=True):
    """A message of a dead-letter queue, as SQS hands it out."""

    source: DeadLetterSource
    message_id: str
    receipt_handle: str
    body: str
    attributes: Mapping[str, str] = {}
    """The message's own: those of EventBridge, of Scheduler, or ``reason``."""
    sent_at: datetime | None = None
    """When it was first put on the queue that it was on first; ``None`` if SQS does not say."""


class SendHint(Struct, frozen=True, tag=True):
    """It is sent again by putting a hint on the queue of the hints."""

    body: str


class SendRegistration(Struct, frozen=True, tag=True):
    """It is sent again by putting it on the queue of what sign-up services tell."""

    body: str


class InvokeAgain(Struct, frozen=True, tag=True):
    """It is sent again by invoking a function of the stack, asynchronously."""

    function: str
    payload: str


class NotAgain(Struct, frozen=True, tag=True):
    """It can't be sent again, or would come back."""


Again = SendHint | SendRegistration | InvokeAgain | NotAgain


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A dead letter, explained."""

    message: DeadMessage
    what: str
    reason: str
    what_to_do: str
    again: Again


class Targets(Struct, frozen=True, kw_only=True):
    """Where dead letters may be sent again: nowhere but to what the stack has."""

    partition: str
    region: str
    account_id: str
    hints_queue: str
    """The queue's name."""
    registrations_queue: str = ""
    """The same; empty for a stack of a version that had none."""
    functions: frozenset[str]
    """The names of those that events invoke."""

    def is_hints_queue(self, arn: str) -> bool:
        return arn == self._queue(self.hints_queue)

    def is_registrations_queue(self, arn: str) -> bool:
        return bool(self.registrations_queue) and arn == self._queue(self.registrations_queue)

    def _queue(self, name: str) -> str:
        return f"arn:{self.partition}:sqs:{self.region}:{self.account_id}:{name}"

    def function(self, arn: str) -> str | None:
        """Return the name of the stack's function that the ARN names, of whatever version; ``None`` for others."""
        try:
            parsed = Arn.parse(arn)
        except InvalidInputError:
            return None
        if (parsed.service, parsed.account_id, parsed.region) != ("lambda", self.account_id, self.region):
            return None
        kind, _, rest = parsed.resource.partition(":")
        name = rest.partition(":")[0]
        return name if kind == "function" and name in self.functions else None


class _Titled(Struct, frozen=True):
    detail_type: str = msgspec.field(name="detail-type")


class _Context(Struct, frozen=True, rename="camel"):
    function_arn: str
    condition: str = ""


class FailedInvocation(Struct, frozen=True, rename="camel"):
    """Lambda's record of an asynchronous invocation that was given up."""

    request_context: _Context
    request_payload: msgspec.Raw
    response_payload: object = None

    @property
    def error(self) -> str:
        payload = self.response_payload
        if isinstance(payload, dict) and "errorMessage" in payload:
            return f"{payload.get('errorType', 'error')}: {payload['errorMessage']}"
        return self.request_context.condition


_SWEEP = json.dumps({"source": "drawbridge.schedule", "detail-type": "Sweep", "detail": {}})

_BY_CODE: Mapping[str, str] = {
    "NO_PERMISSIONS": "the target's policy, or the schedule's role, is not as the stack made it: deploy it again",
    "NO_RESOURCE": "the target is gone: deploy the stack again",
}


def explained(message: DeadMessage, targets: Targets, now: datetime) -> DeadLetter:
    """Return what a message is, why it is a dead letter, and how it is sent again."""
    attributes = message.attributes
    if "SCHEDULE_ARN" in attributes or "RULE_ARN" in attributes:
        return _undelivered(message, targets)
    if message.source is DeadLetterSource.HINTS:
        return _registration(message, targets, now) if _is_registration(message.body) else _hint(message)
    if _is_task(message.body):
        return DeadLetter(
            message=message,
            what="a task of the workflow that waited for its turn",
            reason=attributes.get("reason", "") or "the log of give_turns has it, as: task not answered",
            what_to_do="discard it: its task has failed, or is sent anew when its time is over, six hours at most",
            again=NotAgain(),
        )
    try:
        invocation = read_json(message.body, FailedInvocation)
    except UnreadableError:
        return DeadLetter(
            message=message,
            what="a message of unknown origin",
            reason="neither EventBridge, Scheduler nor Lambda says why",
            what_to_do="read it (--json); discard it once nobody needs it",
            again=NotAgain(),
        )
    return _failed(message, invocation, targets)


def _hint(message: DeadMessage) -> DeadLetter:
    reason = message.attributes.get("reason", "")
    try:
        parse_hint(message.body)
    except InvalidInputError as error:
        return DeadLetter(
            message=message,
            what="a hint that nobody can read",
            reason=reason or str(error),
            what_to_do="mend the rule or the program that sent it, then discard it: sent again, it would come back",
            again=NotAgain(),
        )
    if reason:
        return DeadLetter(
            message=message,
            what=f"a hint that could not be read then ({_title(message.body)})",
            reason=reason,
            what_to_do="send it again: it can be read now",
            again=SendHint(message.body),
        )
    return DeadLetter(
        message=message,
        what=f"a hint whose sweeps failed time and again ({_title(message.body)})",
        reason="the log of discover_requests has it, as: sweep failed",
        what_to_do=f"{command('sweep')} says what fails now; once that is mended, send it again or discard it: any "
        "sweep does as well",
        again=SendHint(message.body),
    )


class _Task(Struct, frozen=True):
    form: int
    token: str


def _is_task(body: str) -> bool:
    """Whether it says that it is a message of a queue of tasks."""
    try:
        return bool(read_json(body, _Task).token)
    except UnreadableError:
        return False


def _is_registration(body: str) -> bool:
    """Whether it says that it is what a sign-up service tells, however broken the rest of it is."""
    try:
        return read_json(body, _Titled).detail_type in {REGISTERED, REMOVED}
    except UnreadableError:
        return False


def _registration(message: DeadMessage, targets: Targets, now: datetime) -> DeadLetter:
    reason = message.attributes.get("reason", "")
    try:
        event = parse_registration_event(message.body, now)
    except InvalidInputError as error:
        return DeadLetter(
            message=message,
            what="an event of a sign-up service that nobody can read",
            reason=reason or str(error),
            what_to_do="have the service send it right, then discard this one: sent again, it would come back",
            again=NotAgain(),
        )
    again = SendRegistration(message.body) if targets.registrations_queue else NotAgain()
    if reason:
        return DeadLetter(
            message=message,
            what=f"{event.by}, about {event.account_id}, that could not be read then",
            reason=reason,
            what_to_do="send it again: it can be read now",
            again=again,
        )
    return DeadLetter(
        message=message,
        what=f"{event.by}, about {event.account_id}, that failed time and again",
        reason="the log of register_consumer has it, as: event failed",
        what_to_do="once that is mended, send it again; if something later is known of the account, it changes nothing",
        again=again,
    )


def _undelivered(message: DeadMessage, targets: Targets) -> DeadLetter:
    attributes = message.attributes
    target = attributes.get("TARGET_ARN", "")
    scheduled = "SCHEDULE_ARN" in attributes
    by = attributes.get("SCHEDULE_ARN") or attributes.get("RULE_ARN", "")
    code, words = attributes.get("ERROR_CODE", ""), attributes.get("ERROR_MESSAGE", "")
    exhausted = attributes.get("EXHAUSTED_RETRY_CONDITION", "")
    tried = f", after {attributes['RETRY_ATTEMPTS']} retries" if "RETRY_ATTEMPTS" in attributes else ""
    return DeadLetter(
        message=message,
        what=f"an event that the {'schedule' if scheduled else 'rule'} {by.rpartition('/')[2]} could not deliver to "
        f"{target.rpartition(':')[2] or 'its target'}",
        reason=": ".join(each for each in (code, words, exhausted) if each) + tried,
        what_to_do=_BY_CODE.get(code, "see to the reason; then send it again"),
        again=_to_target(message.body, target, targets, scheduled=scheduled),
    )


def _to_target(body: str, target: str, targets: Targets, *, scheduled: bool) -> Again:
    if targets.is_registrations_queue(target):
        return SendRegistration(body) if _is_registration(body) else NotAgain()
    if targets.is_hints_queue(target):
        if _is_hint(body):
            return SendHint(body)
        # What Scheduler puts in place of the message is not documented; what its schedules say is known.
        return SendHint(_SWEEP) if scheduled else NotAgain()
    function = targets.function(target)
    return NotAgain() if function is None or not _is_object(body) else InvokeAgain(function, body)


def _failed(message: DeadMessage, invocation: FailedInvocation, targets: Targets) -> DeadLetter:
    arn = invocation.request_context.function_arn
    function = targets.function(arn)
    return DeadLetter(
        message=message,
        what=f"an invocation of {function or arn} that failed",
        reason=invocation.error,
        what_to_do="see the function's log for the reason; once that is mended, send it again"
        if function
        else "it is of no function that events invoke; discard it once nobody needs it",
        again=NotAgain() if function is None else InvokeAgain(function, bytes(invocation.request_payload).decode()),
    )


def _is_hint(body: str) -> bool:
    try:
        parse_hint(body)
    except InvalidInputError:
        return False
    return True


def _is_object(body: str) -> bool:
    try:
        read_json(body, dict[str, object])
    except UnreadableError:
        return False
    return True


def _title(body: str) -> str:
    """Return the source and the detail-type of a hint that can be read."""
    envelope = read_json(body, Envelope)
    return f"{envelope.source}, {envelope.detail_type}"
