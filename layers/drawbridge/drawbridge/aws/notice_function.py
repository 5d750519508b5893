"""Lambda: having another function do something later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drawbridge.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class NoticeFunction:
    """The function that notifies people of what became of their clicks."""

    def __init__(self, functions: LambdaClient, name: str) -> None:
        self._functions = functions
        self._name = name

    def send(self, notice: bytes) -> None:
        """Hand a notice over; Lambda queues and retries it, and sets aside what keeps failing."""
        with translated(f"invoke {self._name}"):
            self._functions.invoke(FunctionName=self._name, InvocationType="Event", Payload=notice)
