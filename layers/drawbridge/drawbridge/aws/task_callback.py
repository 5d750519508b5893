"""Step Functions: completing the task that waits for an approval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError

from drawbridge.approval import Approval
from drawbridge.aws.errors import code_of, translated

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_NOBODY_WAITS = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})
"""The task was completed, has timed out, or got another token when it was tried again; or it never had that one."""


class TaskCallback:
    """Tasks of the workflow that wait for an answer."""

    def __init__(self, states: SFNClient) -> None:
        self._states = states

    def complete(self, token: str, approval: Approval) -> bool:
        """Complete the task; ``False`` if it does not wait any longer."""
        with translated("complete the task that waits for approval"):
            try:
                self._states.send_task_success(
                    taskToken=token, output=msgspec.json.encode({"approval": approval}).decode()
                )
            except ClientError as error:
                if code_of(error) in _NOBODY_WAITS:
                    return False
                raise
        return True
