from typing import Any

import pytest

from bench.table import Line, missed


def line(**changed: Any) -> Line:
    as_aimed: dict[str, Any] = {
        "what": "connections",
        "way": "drawbridge",
        "items": 100,
        "names": 100,
        "published": 100,
        "available": 100,
        "seconds": 80.0,
        "limit": 70.0,
        "limit_by": "ssm:PutParameter",
        "by_itself": 5.0,
        "calls": {"ssm:PutParameter": 200, "dynamodb:GetItem": 1200},
        "throttled": {},
        "transitions": 600,
        "invocations": 100,
        "executions": 100,
        "cost": {"Lambda": 0.1},
        "real_seconds": 10.0,
    }
    return Line(**(as_aimed | changed))


def test_a_line_as_it_is_aimed_at_misses_nothing() -> None:
    assert missed([line(), line(items=1000, seconds=87.5, calls={"ssm:PutParameter": 14_000})]) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"items": 1000, "seconds": 88.0, "calls": {}}, "1000 connections: 1.26 times the limit, instead of 1.25"),
        ({"calls": {"ssm:PutParameter": 1500}}, "100 connections: 15.0 calls each, instead of fewer than 15"),
        ({"throttled": {"ssm:PutParameter": 1}}, "100 connections: 1 throttled calls of our own, instead of none"),
        ({"seconds": None, "published": 99}, "100 connections: 99 of 100 names published, 100 of them available"),
        ({"stopped": True, "seconds": None}, "100 connections: was stopped"),
        ({"faults": True, "struck": 5, "mistaken": 1}, "100 connections, with faults: 1 accepted by mistake, 0 twice"),
        (
            {"faults": True, "struck": 5, "accepted_twice": 2},
            "100 connections, with faults: 0 accepted by mistake, 2 twice",
        ),
        ({"faults": True}, "100 connections, with faults: no fault struck"),
    ],
)
def test_an_aim_that_is_missed_is_said(changed: dict[str, Any], told: str) -> None:
    assert missed([line(**changed)]) == [told]


def test_calls_that_grow_with_the_size_of_a_burst_are_said() -> None:
    (told,) = missed([line(), line(items=1000, calls={"ssm:PutParameter": 14_800})])

    assert told == "calls grow: 14.0 each at 100, 14.8 at 1000"


def test_what_others_called_too_is_not_held_against_us() -> None:
    made = line(throttled={"ssm:PutParameter": 3, "ec2:CreateVpcEndpoint": 2}, others=["ssm:PutParameter"])

    assert made.ours == 2


def test_faults_and_other_ways_are_not_held_to_the_aims() -> None:
    throttled = {"ssm:PutParameter": 50}

    assert (
        missed(
            [line(faults=True, struck=5, throttled=throttled, calls={}), line(way="one call each", throttled=throttled)]
        )
        == []
    )
