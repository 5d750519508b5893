from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.faults import REORDER_SECONDS, CallFault, EventFaults, Fate, Faults, InvalidFaultsError, Plan, parse

_OPERATION = "ec2:AcceptVpcEndpointConnections"

probabilities = st.floats(min_value=0, max_value=1)
call_faults = st.builds(
    CallFault,
    operation=st.sampled_from([_OPERATION, "ec2:*", "ssm:PutParameter"]),
    fault=st.sampled_from(["throttle", "error", "slow", "lost-answer"]),
    probability=probabilities,
    times=st.none() | st.integers(0, 5),
)
plans = st.builds(
    Plan,
    seed=st.none() | st.integers(),
    events=st.builds(
        EventFaults,
        drop=probabilities,
        duplicate=probabilities,
        delay=st.floats(min_value=0, max_value=1e6),
        reorder=st.booleans(),
    ),
    calls=st.lists(call_faults, max_size=4).map(tuple),
)


def test_nothing_is_in_force_at_first() -> None:
    faults = Faults()

    assert faults.fate() == Fate(copies=1, delay=0.0)
    assert faults.call_fault(_OPERATION) is None


def test_an_empty_plan_ends_all() -> None:
    faults = Faults()
    faults.replace(parse({"events": {"drop": 1.0}, "calls": [{"operation": _OPERATION, "fault": "throttle"}]}))

    faults.replace(parse({}))

    assert faults.fate() == Fate()
    assert faults.call_fault(_OPERATION) is None


@given(plan=plans)
def test_what_is_in_force_can_be_posted_again(plan: Plan) -> None:
    faults = Faults()
    faults.replace(plan)

    assert parse(faults.describe()) == plan


@given(plan=plans, events=st.integers(1, 30))
def test_an_event_arrives_not_at_all_once_or_twice_and_never_early(plan: Plan, events: int) -> None:
    faults = Faults()
    faults.replace(plan)

    fates = [faults.fate() for _ in range(events)]

    most = plan.events.delay + (REORDER_SECONDS if plan.events.reorder else 0)
    arriving = [fate for fate in fates if fate.copies]
    assert all(fate.copies in {0, 1, 2} for fate in fates)
    assert all(plan.events.delay <= fate.delay <= most for fate in arriving)


@given(plan=plans.filter(lambda plan: plan.seed is not None))
def test_a_seed_repeats_a_run(plan: Plan) -> None:
    def run() -> list[Any]:
        faults = Faults()
        faults.replace(plan)
        return [(faults.fate(), faults.call_fault(_OPERATION)) for _ in range(10)]

    assert run() == run()


@given(times=st.integers(0, 5), calls=st.integers(0, 10))
def test_a_fault_strikes_as_many_times_as_it_may_and_then_no_more(times: int, calls: int) -> None:
    faults = Faults()
    faults.replace(Plan(calls=(CallFault(_OPERATION, "throttle", times=times),)))

    struck = sum(faults.call_fault(_OPERATION) is not None for _ in range(calls))

    assert struck == min(times, calls)
    assert faults.calls[0].times == times - struck


def test_every_event_is_lost_with_drop_1() -> None:
    faults = Faults()
    faults.replace(parse({"events": {"drop": 1}}))

    assert {faults.fate().copies for _ in range(50)} == {0}


def test_every_event_comes_twice_with_duplicate_1() -> None:
    faults = Faults()
    faults.replace(parse({"events": {"duplicate": 1}}))

    assert {faults.fate().copies for _ in range(50)} == {2}


def test_reordered_events_are_held_back_by_different_times() -> None:
    faults = Faults()
    faults.replace(parse({"seed": 7, "events": {"reorder": True}}))

    delays = [faults.fate().delay for _ in range(10)]

    assert delays != sorted(delays)


def test_a_fault_strikes_its_own_operation_only() -> None:
    faults = Faults()
    faults.replace(parse({"calls": [{"operation": _OPERATION, "fault": "error"}]}))

    assert faults.call_fault("ec2:RejectVpcEndpointConnections") is None


def test_a_star_stands_for_all_operations_of_a_service() -> None:
    faults = Faults()
    faults.replace(parse({"calls": [{"operation": "ec2:*", "fault": "slow"}]}))

    struck = faults.call_fault(_OPERATION)

    assert struck is not None
    assert struck.fault == "slow"


@pytest.mark.parametrize(
    ("posted", "field"),
    [
        pytest.param([], "faults:", id="no object"),
        pytest.param({"event": {}}, "'event' is unknown", id="an unknown key"),
        pytest.param({"events": {"droped": 1}}, "'droped' is unknown", id="an unknown key of events"),
        pytest.param({"events": {"drop": 1.5}}, "events.drop:", id="a probability above 1"),
        pytest.param({"events": {"drop": True}}, "events.drop:", id="a probability that is true"),
        pytest.param(
            {"events": {"duplicate": float("nan")}}, "events.duplicate:", id="a probability that is no number"
        ),
        pytest.param({"events": {"delay": -1}}, "events.delay:", id="a delay below 0"),
        pytest.param({"events": {"reorder": 1}}, "events.reorder:", id="a flag that is a number"),
        pytest.param({"seed": "7"}, "seed:", id="a seed that is text"),
        pytest.param({"calls": {}}, "calls:", id="calls that are no list"),
        pytest.param({"calls": [{"fault": "error"}]}, "calls[0].operation:", id="no operation"),
        pytest.param({"calls": [{"operation": "Foo", "fault": "error"}]}, "calls[0].operation:", id="no service"),
        pytest.param({"calls": [{"operation": "a:B", "fault": "boom"}]}, "calls[0].fault:", id="an unknown fault"),
        pytest.param(
            {"calls": [{"operation": "a:B", "fault": "slow", "times": -1}]}, "calls[0].times:", id="times below 0"
        ),
        pytest.param(
            {"calls": [{"operation": "a:B", "fault": "slow", "after": 1}]}, "'after'", id="an unknown key of a call"
        ),
    ],
)
def test_a_plan_that_is_wrong_is_refused_with_the_name_of_the_field(posted: Any, field: str) -> None:
    with pytest.raises(InvalidFaultsError) as refusal:
        parse(posted)

    assert field in str(refusal.value)
