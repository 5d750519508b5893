"""Step Functions' events of each status of an execution on the default bus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local_aws.testing.workflows import is_waiting
from local_aws.time.clock import clock
from local_aws.workflows import status_changes
from local_aws_tests.waiting import ended, until
from local_aws_tests.workflow_runs import Json, client_of, passing, served, start

WAIT: Json = {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}}
LARGE: Json = {"Large": passing("{% $join($map([1..70000], function($n) {'abcd'})) %}")}


@pytest.fixture(scope="module")
def sfn() -> Iterator[Any]:
    with served() as port:
        yield client_of(port, "stepfunctions")


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[Json]:
    """Return the list of events on the bus, in order."""
    events: list[Json] = []
    monkeypatch.setattr(status_changes, "announce", lambda *_, **event: events.append(event))
    return events


def stopped(sfn: Any, arn: str) -> None:
    sfn.stop_execution(executionArn=arn, error="Stop", cause="it hung")


def timed_out(sfn: Any, arn: str) -> None:
    until(lambda: is_waiting(arn))
    clock.advance(61)


def left_alone(sfn: Any, arn: str) -> None:
    ended(sfn, arn)


@pytest.mark.parametrize(
    ("states", "end", "status", "error", "cause"),
    [
        (WAIT, stopped, "ABORTED", "Stop", "it hung"),
        (WAIT, timed_out, "TIMED_OUT", None, None),
        (LARGE, left_alone, "FAILED", "States.DataLimitExceeded", "exceeding the maximum number of bytes"),
        ({"Only": {"Type": "Fail", "Error": "No", "Cause": "not so"}}, left_alone, "FAILED", "No", "not so"),
        ({"Only": {"Type": "Pass", "End": True}}, left_alone, "SUCCEEDED", None, None),
    ],
    ids=["stopped", "out of time", "too large", "failed", "succeeded"],
)
def test_the_bus_gets_an_event_of_how_an_execution_ended(
    sfn: Any,
    events: list[Json],
    states: Json,
    end: Callable[[Any, str], None],
    status: str,
    error: str | None,
    cause: str | None,
) -> None:
    arn = start(sfn, states, TimeoutSeconds=60)
    end(sfn, arn)
    until(lambda: len(events) == 2)

    details = [event["detail"] for event in events]
    assert [each["status"] for each in details] == ["RUNNING", status]
    assert all(event["resources"] == [arn] and event["source"] == "aws.states" for event in events)
    assert details[1]["name"] == arn.rpartition(":")[2]
    assert (details[1]["error"], details[1]["stopDate"] is not None) == (error, True)
    assert (details[1]["cause"] is None) if cause is None else (cause in details[1]["cause"])
    described = sfn.describe_execution(executionArn=arn)
    assert (described["status"], described.get("error")) == (status, error)
