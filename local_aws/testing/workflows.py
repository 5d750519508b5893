"""Step Functions: what its API does not tell of executions, tasks and definitions."""

from __future__ import annotations

from typing import Any

from local_aws import workflows
from local_aws.workflows import definition_rules, tokens
from local_aws.workflows.execution import executions
from local_aws.workflows.expression_functions import FUNCTIONS

EXPRESSION_FUNCTIONS = frozenset(FUNCTIONS)
"""The functions that Step Functions adds to JSONata's."""


def transitions(execution_arn: str) -> int:
    """Return an execution's state transitions as AWS bills them: states entered, and retries.

    Raises:
        KeyError: there is no such execution.
    """
    return workflows.transitions(execution_arn)


def time_out(execution_arn: str) -> None:
    """End an execution as AWS does when its ``TimeoutSeconds`` are over, without the time in between.

    Raises:
        KeyError: there is no such execution.
    """
    execution = executions.get(execution_arn)
    if execution is None:
        raise KeyError(execution_arn)
    execution._time_out()  # noqa: SLF001 - its own clock calls it, and nobody else but here


def issue_token(account_id: str, state_machine_arn: str) -> str:
    """Return the token of a task that waits, as one of the state machine's would; whatever answers it goes nowhere."""
    return tokens.issue(account_id, state_machine_arn, lambda _: None).token


def definition_problems(definition: dict[str, Any]) -> list[str]:
    """List all that is wrong with a state machine's definition, in AWS's words where they are known."""
    return definition_rules.problems(definition)
