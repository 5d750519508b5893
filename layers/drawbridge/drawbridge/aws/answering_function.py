"""Lambda: having the function that answers connections answer some, and waiting for what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from drawbridge import errors
from drawbridge.acceptance import Acceptance, DecideAgain
from drawbridge.acceptance.answered import AnswerFailed, AnswersGiven, AnswersWanted
from drawbridge.aws.errors import translated
from drawbridge.errors import DrawbridgeError, ThrottledError, UpstreamError
from drawbridge.parsing import UnreadableError, read_json
from drawbridge.request import ExecutionInput

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class AnsweringFunction:
    """The function, by its alias: the newest version, as the one that invokes it is."""

    def __init__(self, functions: LambdaClient, name: str) -> None:
        self._functions = functions
        self._name = name

    def answer(
        self, executions: Sequence[ExecutionInput], *, may_answer: bool
    ) -> list[Acceptance | DecideAgain | DrawbridgeError]:
        """Have connections answered as is kept of them; return what became of each, in their order.

        Raises:
            ThrottledError: Lambda has no room for it now.
            UpstreamError: it was killed, or failed for a reason that nobody foresaw.
        """
        wanted = AnswersWanted(answer=tuple(executions), may_answer=may_answer)
        with translated(f"invoke {self._name}", missing=UpstreamError):
            invoked = self._functions.invoke(
                FunctionName=self._name, InvocationType="RequestResponse", Payload=msgspec.json.encode(wanted)
            )
            text = invoked["Payload"].read().decode()
        if "FunctionError" in invoked:
            raise UpstreamError(f"{self._name} failed: {text[:500]}")
        try:
            given = read_json(text, AnswersGiven).answers
        except UnreadableError as error:
            raise UpstreamError(f"{self._name} answered otherwise than expected: {error}") from error
        if len(given) != len(executions):
            raise UpstreamError(f"{self._name} answered {len(given)} of {len(executions)}")
        return [_error(each) if isinstance(each, AnswerFailed) else each for each in given]


_ERRORS = {
    each.__name__: each
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, DrawbridgeError) and each is not DrawbridgeError
}


def _error(failed: AnswerFailed) -> DrawbridgeError:
    kind = _ERRORS.get(failed.error, UpstreamError)
    return kind(failed.words, failed.after) if issubclass(kind, ThrottledError) else kind(failed.words)
