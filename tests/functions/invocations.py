"""Invocations as Lambda makes them, and steps as the workflow hands them over."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from drawbridge.parsing import UnreadableError

Json = dict[str, Any]
Handler = Callable[[Json, object], Any]

OF_ONE_REQUEST = {
    "accept_request",
    "associate_resource",
    "decide_request",
    "plan_associations",
    "plan_withdrawal",
    "receive_approval",
    "record_outcome",
    "request_approval",
    "tell_approvers",
    "tell_consumers",
    "withdraw_attachment",
}
"""The functions that work on one request at a time; the tests of each see to its log, in ``conftest``."""


@dataclass(frozen=True)
class Context:
    """The context that Lambda gives a handler."""

    function_name: str = "drawbridge-function"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:111111111111:function:drawbridge-function"
    aws_request_id: str = "11111111-2222-3333-4444-555555555555"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


CONTEXT = Context()


def step(**parts: Any) -> Json:
    """Write a step's input as the workflow does: as JSON."""
    written: Json = json.loads(msgspec.json.encode(parts))
    return written


def invoke(handler: Handler, event: Json) -> Any:
    """Return the handler's answer as Lambda passes it on: as JSON."""
    return json.loads(json.dumps(handler(event, CONTEXT)))


def with_field(written: Json, path: str, value: object) -> Json:
    """Return the input with the field at ``a.b.c`` replaced, or left out where the value is ``...``."""
    copy: Json = json.loads(json.dumps(written))
    *above, name = path.split(".")
    inner: Json = copy
    for each in above:
        inner = inner[each]
    if value is ...:
        del inner[name]
    else:
        inner[name] = value
    return copy


def refuses(handler: Handler, written: Json, path: str, value: object) -> None:
    """See that the input is refused, with the field named: in the path if it is wrong, by itself if it is missing."""
    above, _, name = path.rpartition(".")
    expected = f"missing required field `{name}`" if value is ... else f"`$.{path}`"
    if value is ... and above:
        expected += f" - at `$.{above}`"
    with pytest.raises((msgspec.ValidationError, UnreadableError), match=re.escape(expected)):
        invoke(handler, with_field(written, path, value))
