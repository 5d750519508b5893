"""Messages of the work queues: each has a task's token, and what the task is about. Hostile until it is parsed.

What one version sends another may read, after an update: a message says of which form it is (docs/decisions/0013).
"""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta, Struct

from drawbridge.errors import InvalidInputError, UpstreamError
from drawbridge.parsing import UnreadableError, read_json
from drawbridge.request import ExecutionInput

FORM = 1
"""Of the messages that this version sends and reads."""

Token = Annotated[str, Meta(min_length=1, max_length=2048)]
"""As long as Step Functions makes them (API reference, ``SendTaskSuccess``)."""
Moment = Annotated[datetime, Meta(tz=True)]

Input = TypeVar("Input")


class Looked(Struct, frozen=True):
    """How often a task was looked at without AWS being done, and since when."""

    since: Moment
    times: Annotated[int, Meta(ge=1)]


class _FormAndToken(Struct, frozen=True):
    form: int
    token: Token


class Message(Struct, Generic[Input], frozen=True):
    """What a state of the workflow sends."""

    token: Token
    since: Moment
    """When the state began."""
    input: Input
    deadline: Moment | None = None
    account: Annotated[str, Meta(pattern=r"^[0-9]{12}\Z")] | None = None
    """Whose request it is, where it is known."""
    execution: ExecutionInput | None = None
    looked: Looked | None = None


class Task(Struct, Generic[Input], frozen=True):
    """A task that waits, and the message that it came with."""

    message: Message[Input]
    message_id: str
    body: str

    @property
    def token(self) -> str:
        return self.message.token

    @property
    def input(self) -> Input:
        return self.message.input

    @property
    def account(self) -> str | None:
        return self.message.account

    @property
    def order(self) -> tuple[bool, datetime]:
        """What it is sorted by: deadlines first, the nearest before the others; then whoever waits longest."""
        return self.message.deadline is None, self.message.deadline or self.message.since


class UnreadableTaskError(InvalidInputError):
    """A message can't be read; with the token of its task, if at least that can be."""

    def __init__(self, words: str, token: str | None) -> None:
        super().__init__(words)
        self.token = token


class UnknownFormError(UpstreamError):
    """A message is of a form of another version: its task has to be sent anew."""

    def __init__(self, form: int, token: str) -> None:
        super().__init__(f"a message of form {form}, which this version does not read: it has to be sent anew")
        self.token = token


def parse(body: str, kind: type[Input]) -> Message[Input]:
    """Read a message.

    Raises:
        UnreadableTaskError: it is no JSON, or not what this version sends.
        UnknownFormError: another version sent it.
    """
    try:
        head = read_json(body, _FormAndToken)
    except UnreadableError as error:
        raise UnreadableTaskError(f"task: {error}; form and token are needed", None) from error
    if head.form != FORM:
        raise UnknownFormError(head.form, head.token)
    of_kind: Any = Message[kind]  # type: ignore[valid-type]  # the kind is known when it runs
    try:
        message: Message[Input] = read_json(body, of_kind)
    except UnreadableError as error:
        raise UnreadableTaskError(f"task: {error}", head.token) from error
    return message


def looked_at(body: str, looked: Looked | None) -> str:
    """Return the message as it is sent again: all that it has, and how often its task was looked at."""
    return _with(body, looked=looked)


def handed_on(body: str, to_do: object) -> str:
    """Return the message that is sent to another queue: of the same task, with something else to do."""
    return _with(body, looked=None, input=to_do)


def _with(body: str, **fields: object) -> str:
    return msgspec.json.encode(read_json(body, dict[str, Any]) | fields).decode()
