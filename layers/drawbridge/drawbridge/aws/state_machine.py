"""Step Functions: starting executions, and asking how they ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError

from drawbridge.aws.errors import code_of, translated
from drawbridge.discovery.workflow import ExecutionEnding
from drawbridge.request import ExecutionInput

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class StateMachine:
    """One workflow's executions: of onboarding, or of withdrawal."""

    def __init__(self, states: SFNClient, state_machine_arn: str) -> None:
        self._states = states
        self._arn = state_machine_arn

    def start(self, execution: ExecutionInput) -> bool:
        """Start the execution, or find it running with this input; ``False`` if there is another one of that name.

        While an execution runs, Step Functions answers a second start of its name and input as if it were the first.
        It refuses the name where the input differs, and for 90 days after the execution's end.
        """
        with translated(f"start {execution.execution_name}"):
            try:
                self._states.start_execution(
                    stateMachineArn=self._arn,
                    name=execution.execution_name,
                    input=msgspec.json.encode(execution).decode(),
                )
            except ClientError as error:
                if code_of(error) == "ExecutionAlreadyExists":
                    return False
                raise
        return True

    def ending(self, execution: ExecutionInput) -> ExecutionEnding | None:
        """Return how the execution ended; ``None`` if it runs, will be redriven, or Step Functions knows of none.

        Step Functions' answer may be some seconds old: one that has just ended may be reported as running.
        """
        # arn:aws:states:us-east-1:111111111111:stateMachine:name
        arn = f"{self._arn.replace(':stateMachine:', ':execution:')}:{execution.execution_name}"
        with translated(f"ask for {execution.execution_name}"):
            try:
                answer = self._states.describe_execution(executionArn=arn)
            except ClientError as error:
                if code_of(error) == "ExecutionDoesNotExist":
                    return None
                raise
        if answer["status"] in _GOES_ON:
            return None
        return ExecutionEnding(status=answer["status"], error=answer.get("error", ""), cause=answer.get("cause", ""))


_GOES_ON = frozenset({"RUNNING", "PENDING_REDRIVE"})
