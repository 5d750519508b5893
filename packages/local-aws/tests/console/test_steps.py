"""The states that an execution entered, as its history has them."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.console.steps import Step, steps_of
from local_aws.testing.workflows import FunctionError
from local_aws.workflows.execution import Execution, executions
from local_aws_tests.waiting import ended, until
from local_aws_tests.workflow_runs import functions_called, invoke, passing, start


def _execution(arn: str) -> Execution:
    found = executions.get(arn)
    assert found is not None
    return found


def _seen(steps: list[Step]) -> list[tuple[str, str]]:
    return [(each.state, each.outcome) for each in steps]


def test_states_that_were_left_are_done_and_the_one_it_is_in_is_not(sfn: Any) -> None:
    states = {"First": {"Type": "Pass", "Next": "Later"}, "Later": {"Type": "Wait", "Seconds": 90_000, "End": True}}
    arn = start(sfn, states)
    until(lambda: len(steps_of(_execution(arn))) == 2)

    first, later = steps_of(_execution(arn))

    assert _seen([first, later]) == [("First", "done"), ("Later", "now")]
    assert first.seconds is not None
    assert (later.left, later.seconds) == (None, None)
    sfn.stop_execution(executionArn=arn)
    assert _seen(steps_of(_execution(arn))) == [("First", "done"), ("Later", "failed")]


INNER = {"StartAt": "Inner", "States": {"Inner": {"Type": "Pass", "Next": "Last"}, "Last": passing(1)}}
OTHER = {"StartAt": "Other", "States": {"Other": {"Type": "Pass", "Next": "Final"}, "Final": passing(1)}}


@pytest.mark.parametrize(
    "each",
    [
        pytest.param({"Type": "Map", "Items": [1, 2], "ItemProcessor": INNER}, id="a Map"),
        pytest.param({"Type": "Parallel", "Branches": [INNER, OTHER]}, id="a Parallel"),
    ],
)
def test_the_states_of_each_branch_are_told_from_those_around_them(sfn: Any, each: dict[str, Any]) -> None:
    each = {**each, "Next": "After"}
    arn = start(sfn, {"Each": each, "After": {"Type": "Succeed"}})
    ended(sfn, arn)

    steps = steps_of(_execution(arn))

    assert len(steps) == 6
    assert {outcome for _, outcome in _seen(steps)} == {"done"}
    outer, after = steps[0], steps[-1]
    assert (outer.state, after.state) == ("Each", "After")
    # It was left after all that is in it.
    assert outer.left is not None
    assert all(step.left is not None and step.left <= outer.left for step in steps[1:-1])


def test_a_task_that_was_tried_again_says_how_often_it_was_called(sfn: Any) -> None:
    tries: list[int] = []

    def fail_once(event: Any) -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise FunctionError({"errorType": "Once"})
        return event

    with functions_called() as functions:
        functions["once"] = fail_once
        retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1}]
        arn = start(sfn, {"Try": invoke("once", Retry=retry)})
        assert ended(sfn, arn)["status"] == "SUCCEEDED"

    (step,) = steps_of(_execution(arn))
    assert (step.calls, step.outcome) == (2, "done")


def test_the_state_in_which_it_failed_is_failed(sfn: Any) -> None:
    arn = start(sfn, {"First": {"Type": "Pass", "Next": "No"}, "No": {"Type": "Fail", "Error": "No"}})
    ended(sfn, arn)

    assert _seen(steps_of(_execution(arn))) == [("First", "done"), ("No", "failed")]
