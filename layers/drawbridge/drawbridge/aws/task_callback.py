"""Step Functions: completing tasks that wait, for an approval or for their turn in a queue."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError

from drawbridge.aws.errors import code_of, translated
from drawbridge.bounds import shortened

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

    from drawbridge.approval import Approval

_NOBODY_WAITS = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})
"""The task was completed, has timed out, or got another token when it was tried again; or it never had that one."""


_LONGEST_ERROR = 256
_LONGEST_CAUSE = 32_768
"""Characters (API reference, ``SendTaskFailure``)."""
_WORDS_BYTES = 30_000
"""Of what is told of a failure: its JSON, with everything escaped, fits."""


class TaskCallback:
    """Tasks of the workflow that wait for an answer."""

    def __init__(self, states: SFNClient) -> None:
        self._states = states

    def complete(self, token: str, approval: Approval) -> bool:
        """Complete the task; ``False`` if it does not wait any longer."""
        with translated("complete the task that waits for approval"):
            return self._succeed(token, {"approval": approval})

    def succeed(self, token: str, output: object) -> bool:
        """Complete a task with its output; ``False`` if it does not wait any longer."""
        with translated("complete the task that waits in a queue"):
            return self._succeed(token, output)

    def fail(self, token: str, error: str, words: str) -> bool:
        """Have a task fail, as a function of ours would: the cause has the form of Lambda's."""
        cause = json.dumps({"errorMessage": shortened(words, _WORDS_BYTES), "errorType": error})
        with translated("fail the task that waits in a queue"):
            return _waited_for(
                lambda: self._states.send_task_failure(
                    taskToken=token, error=error[:_LONGEST_ERROR], cause=cause[:_LONGEST_CAUSE]
                )
            )

    def _succeed(self, token: str, output: object) -> bool:
        text = msgspec.json.encode(output).decode()
        return _waited_for(lambda: self._states.send_task_success(taskToken=token, output=text))


def _waited_for(complete: Callable[[], object]) -> bool:
    """Call Step Functions; return whether the task waited for that."""
    try:
        complete()
    except ClientError as error:
        if code_of(error) in _NOBODY_WAITS:
            return False
        raise
    return True
